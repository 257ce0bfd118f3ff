//! What must never be shown: secrets, and visitor ids in clear.

use std::fmt;

/// A text that `Debug` never shows.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Secret(Box<str>);

impl Secret {
    pub(crate) fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the wire.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A stable pseudonym of a visitor id for logs: 16 hexadecimal digits.
///
/// It lets lines about one visitor be told together. It is no anonymisation: whoever can guess an id can compute it.
pub(crate) struct VisitorRef<'a>(pub(crate) &'a str);

impl fmt::Display for VisitorRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.0.as_bytes();
        let hash = murmur3::murmur3_x64_128(&mut bytes, 0).unwrap_or_default();
        write!(f, "{:016x}", hash as u64)
    }
}
