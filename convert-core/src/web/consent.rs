//! What browsers say of being followed.

/// Whether the values of a request's `DNT` headers ask not to be tracked.
#[must_use]
pub fn do_not_track<'a, H: AsRef<[u8]> + ?Sized + 'a>(values: impl IntoIterator<Item = &'a H>) -> bool {
    is_one(values)
}

/// Whether the values of a request's `Sec-GPC` headers are the Global Privacy Control signal.
#[must_use]
pub fn global_privacy_control<'a, H: AsRef<[u8]> + ?Sized + 'a>(values: impl IntoIterator<Item = &'a H>) -> bool {
    is_one(values)
}

fn is_one<'a, H: AsRef<[u8]> + ?Sized + 'a>(values: impl IntoIterator<Item = &'a H>) -> bool {
    values.into_iter().any(|value| value.as_ref().trim_ascii() == b"1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_value_1_is_a_signal() {
        assert!(do_not_track(["1"]));
        assert!(global_privacy_control(["0", " 1 "]));
        for value in ["", "0", "null", "11", "yes"] {
            assert!(!do_not_track([value]), "{value:?}");
        }
        assert!(!global_privacy_control::<str>([]));
    }
}
