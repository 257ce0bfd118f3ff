//! Short text.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;

/// Text that is cheap to keep and to clone: an id, a key, an attribute's name or value. Read it as the `&str` that it derefs to.
///
/// Up to 23 bytes are held in place, and longer text is shared: a clone allocates nothing. Whatever takes one takes a `&str` or
/// a `String` as well, which are made into it.
///
/// ```
/// use convert_core::{AttributeValue, Text};
///
/// let AttributeValue::Text(plan) = AttributeValue::from("gold") else { unreachable!() };
/// assert_eq!(plan, "gold");
/// assert!(plan.starts_with('g'));
/// assert_eq!(String::from(Text::from("gold")), "gold");
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(SmolStr);

impl Text {
    /// A copy of the text.
    #[inline]
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(SmolStr::new(text))
    }

    /// Text that is there for as long as the program, however long it is: nothing is copied.
    #[inline]
    pub const fn from_static(text: &'static str) -> Self {
        Self(SmolStr::new_static(text))
    }

    /// What is displayed, written without a buffer in between where it is short.
    #[cfg(any(feature = "web", test))]
    pub(crate) fn written(text: impl fmt::Display) -> Self {
        Self(smol_str::ToSmolStr::to_smolstr(&text))
    }

    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl Deref for Text {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    #[inline]
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Text {
    #[inline]
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), formatter)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), formatter)
    }
}

impl From<&str> for Text {
    #[inline]
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<&String> for Text {
    #[inline]
    fn from(text: &String) -> Self {
        Self::new(text)
    }
}

impl From<&Text> for Text {
    #[inline]
    fn from(text: &Text) -> Self {
        text.clone()
    }
}

impl From<String> for Text {
    #[inline]
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<Box<str>> for Text {
    #[inline]
    fn from(text: Box<str>) -> Self {
        Self(text.into())
    }
}

impl From<Arc<str>> for Text {
    #[inline]
    fn from(text: Arc<str>) -> Self {
        Self(text.into())
    }
}

impl From<Cow<'_, str>> for Text {
    #[inline]
    fn from(text: Cow<'_, str>) -> Self {
        Self(text.into())
    }
}

impl From<Text> for String {
    #[inline]
    fn from(text: Text) -> Self {
        text.0.into()
    }
}

impl From<Text> for Arc<str> {
    #[inline]
    fn from(text: Text) -> Self {
        text.0.into()
    }
}

impl PartialEq<str> for Text {
    #[inline]
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    #[inline]
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Text {
    #[inline]
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<Text> for str {
    #[inline]
    fn eq(&self, other: &Text) -> bool {
        self == other.as_str()
    }
}

impl PartialEq<Text> for &str {
    #[inline]
    fn eq(&self, other: &Text) -> bool {
        *self == other.as_str()
    }
}

impl PartialEq<Text> for String {
    #[inline]
    fn eq(&self, other: &Text) -> bool {
        self == other.as_str()
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        SmolStr::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const SHORT: &str = "checkout";
    const LONG: &str = "a text that has no room in the place of a text";

    #[test]
    fn every_kind_of_text_makes_it_and_it_makes_them() {
        for text in [SHORT, LONG, ""] {
            let expected = Text::new(text);
            let made: [Text; 8] = [
                text.into(),
                (&text.to_owned()).into(),
                text.to_owned().into(),
                Box::<str>::from(text).into(),
                Arc::<str>::from(text).into(),
                Cow::Borrowed(text).into(),
                (&expected).into(),
                Text::written(format_args!("{text}")),
            ];
            assert!(made.iter().all(|made| *made == expected && made.as_str() == text), "{text}");
            assert_eq!(String::from(expected.clone()), text);
            assert_eq!(Arc::<str>::from(expected), Arc::from(text));
        }
    }

    #[test]
    fn it_compares_and_hashes_as_its_text() {
        let text = Text::from_static(LONG);
        let owned = LONG.to_owned();
        assert!(text == *LONG && text == LONG && text == owned);
        assert!(*LONG == text && LONG == text && owned == text);
        assert!(Text::new("a") < Text::new("b"));
        assert_eq!(HashMap::from([(text.clone(), 1)]).get(LONG), Some(&1), "hashed as the `str` that it borrows as");
        assert_eq!((format!("{text}"), format!("{text:?}")), (owned, format!("{LONG:?}")));
        assert_eq!(format!("{:>4}", Text::new("a")), "   a");
    }

    #[test]
    fn it_is_a_text_in_json() {
        let text = Text::new("caf\u{e9} \"x\"");
        let json = serde_json::to_string(&text).unwrap();
        assert_eq!(json, "\"caf\u{e9} \\\"x\\\"\"");
        assert_eq!(serde_json::from_str::<Text>(&json).unwrap(), text);
        assert!(serde_json::from_str::<Text>("1").is_err());
    }
}
