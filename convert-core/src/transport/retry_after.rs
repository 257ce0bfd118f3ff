//! The `Retry-After` header: seconds, or an HTTP date.

use std::time::Duration;

/// How long to wait, counted from `unix_time` (the present) where the header names a date. A date in the past is no wait.
pub(crate) fn parse(value: &str, unix_time: Duration) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit is a wait for ever, which the caller caps.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = http_date(value)?;
    Some(Duration::from_secs(date).saturating_sub(unix_time))
}

/// Seconds since the epoch of `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that servers may send today.
fn http_date(text: &str) -> Option<u64> {
    let (_weekday, rest) = text.split_once(", ")?;
    let mut fields = rest.split(' ');
    let day = digits(fields.next()?, 2)?;
    let month = month(fields.next()?)?;
    let year = digits(fields.next()?, 4)?;
    let mut time = fields.next()?.split(':');
    let (hour, minute, second) = (digits(time.next()?, 2)?, digits(time.next()?, 2)?, digits(time.next()?, 2)?);
    let ended = time.next().is_none() && fields.next() == Some("GMT") && fields.next().is_none();
    let plausible = (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60 && year >= 1970;
    if !(ended && plausible) {
        return None;
    }
    Some(days_since_epoch(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

fn digits(text: &str, width: usize) -> Option<u64> {
    (text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// The month's number, January being 1.
fn month(name: &str) -> Option<u64> {
    const NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    NAMES.iter().zip(1..).find(|(month, _)| **month == name).map(|(_, number)| number)
}

/// Days of the Gregorian calendar from 1 January 1970, for years from 1970 on.
fn days_since_epoch(year: u64, month: u64, day: u64) -> u64 {
    // Years are counted from March, so that the leap day is the last day of a year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days_before_month = (153 * month + 2) / 5;
    year * 365 + year / 4 - year / 100 + year / 400 + days_before_month + day - 719_469
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(value: &str, unix_time: u64) -> Option<u64> {
        parse(value, Duration::from_secs(unix_time)).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_are_read() {
        assert_eq!(seconds("0", 0), Some(0));
        assert_eq!(seconds(" 120 ", 99), Some(120));
        assert_eq!(seconds("99999999999999999999999", 0), Some(u64::MAX));
    }

    #[test]
    fn dates_are_read() {
        // The example of RFC 9110 is 784111777 seconds after the epoch.
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_700), Some(77));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_778), Some(0));
        assert_eq!(seconds("Thu, 01 Jan 1970 00:00:00 GMT", 0), Some(0));
        // 2000-02-29 is day 11016 after the epoch, 2000-03-01 the next one.
        assert_eq!(seconds("Tue, 29 Feb 2000 00:00:00 GMT", 0), Some(11_016 * 86_400));
        assert_eq!(seconds("Wed, 01 Mar 2000 00:00:00 GMT", 0), Some(11_017 * 86_400));
    }

    #[test]
    fn anything_else_is_no_answer() {
        let others = [
            "",
            "-1",
            "1.5",
            "soon",
            "1s",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:49:37:00 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT x",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT",
        ];
        for value in others {
            assert_eq!(seconds(value, 0), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(value in ".*", now: u64) {
            let _ = parse(&value, Duration::from_secs(now));
        }

        #[test]
        fn days_run_on(year in 1970u64..9999, month in 1u64..=12) {
            let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            let length = days_since_epoch(next.0, next.1, 1) - days_since_epoch(year, month, 1);
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let expected = match month { 4 | 6 | 9 | 11 => 30, 2 if leap => 29, 2 => 28, _ => 31 };
            prop_assert_eq!(length, expected);
        }
    }
}
