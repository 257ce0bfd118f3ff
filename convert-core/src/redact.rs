//! What must never be shown: secrets, queries and keys in URLs, and visitor ids in clear.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

const REDACTED: &str = "[redacted]";

/// A text that `Debug` never shows. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Secret(Arc<str>);

impl Secret {
    pub(crate) fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the wire.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// The id of a visitor in an event. `Debug` shows a pseudonym, since events are often logged whole;
/// [`as_str`](Self::as_str) and `Display` give the id itself.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VisitorId(Arc<str>);

impl VisitorId {
    pub(crate) fn new(id: &Arc<str>) -> Self {
        Self(Arc::clone(id))
    }

    /// The id itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VisitorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for VisitorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VisitorId({})", VisitorRef(&self.0))
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

/// An SDK key as logs may show it: the ends of a long key, nothing of a short one.
pub(crate) struct MaskedKey<'a>(pub(crate) &'a str);

impl fmt::Display for MaskedKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.0.chars().count();
        if length <= 8 {
            return f.write_str("****");
        }
        let head: String = self.0.chars().take(4).collect();
        let tail: String = self.0.chars().skip(length - 4).collect();
        write!(f, "{head}****_{tail}")
    }
}

/// A URL as logs may show it: without credentials, query and fragment, and without the key after `/config/` or `/track/`.
pub(crate) fn safe_url(url: &str) -> String {
    let (scheme, rest) = match url.find("://") {
        Some(at) => url.split_at(at + 3),
        None => ("", url),
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let key = ["/config/", "/track/"].iter().filter_map(|route| path.find(route).map(|at| at + route.len())).min();
    match key {
        Some(at) if at < path.len() => {
            format!("{scheme}{host}{}{REDACTED}", path.split_at(at).0)
        }
        _ => format!("{scheme}{host}{path}"),
    }
}

/// A text of foreign origin (an error's message) with its URLs made safe, and bearer and debug tokens taken out.
pub(crate) fn scrub(text: &str) -> Cow<'_, str> {
    if !["://", "/config/", "/track/", "debug_token"].iter().any(|mark| text.contains(mark)) && !mentions_bearer(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut after_bearer = false;
    for piece in text.split_inclusive(ends_word) {
        let word = piece.trim_end_matches(ends_word);
        if word.is_empty() {
            out.push_str(piece);
            continue;
        }
        if after_bearer {
            out.push_str(REDACTED);
        } else if word.contains("://") || word.contains("/config/") || word.contains("/track/") {
            out.push_str(&safe_url(word));
        } else if word.contains("debug_token") {
            out.push_str(REDACTED);
        } else {
            out.push_str(word);
        }
        after_bearer = mentions_bearer(word);
        out.push_str(piece.get(word.len()..).unwrap_or_default());
    }
    Cow::Owned(out)
}

fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '<' | '>' | '`')
}

fn mentions_bearer(text: &str) -> bool {
    text.contains("Bearer") || text.contains("bearer")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "[redacted]");
    }

    #[test]
    fn keys_show_their_ends_only() {
        assert_eq!(MaskedKey("10035569/10034190").to_string(), "1003****_4190");
        assert_eq!(MaskedKey("12345678").to_string(), "****");
        assert_eq!(MaskedKey("").to_string(), "****");
        assert_eq!(MaskedKey("ключключк").to_string(), "ключ****_лючк");
    }

    #[test]
    fn urls_lose_credentials_query_and_key() {
        let cases = [
            (
                "https://cdn.example.com/api/v1/config/100/200?debug_token=t",
                "https://cdn.example.com/api/v1/config/[redacted]",
            ),
            ("https://9.metrics.example.com/v1/track/100/200", "https://9.metrics.example.com/v1/track/[redacted]"),
            ("http://user:pass@host:1/other?x=1#y", "http://host:1/other"),
            ("https://host?debug_token=1", "https://host"),
            ("https://host/config/", "https://host/config/"),
            ("https://host/config/base/v1/config/key", "https://host/config/[redacted]"),
            ("/api/v1/config/key?x", "/api/v1/config/[redacted]"),
            ("", ""),
        ];
        for (url, shown) in cases {
            assert_eq!(safe_url(url), shown);
        }
    }

    #[test]
    fn foreign_texts_are_scrubbed() {
        let cases = [
            (
                "error sending request for url (https://h/config/k?debug_token=a'b)c) after 3 s",
                "error sending request for url (https://h/config/[redacted] after 3 s",
            ),
            ("header \"Authorization: Bearer s3cret\" refused", "header \"Authorization: Bearer [redacted]\" refused"),
            ("bad query debug_token=abc", "bad query [redacted]"),
            ("connection refused (os error 111)", "connection refused (os error 111)"),
        ];
        for (text, shown) in cases {
            assert_eq!(scrub(text), shown);
        }
    }

    proptest! {
        #[test]
        fn no_secret_survives_in_a_url(secret in "[A-Za-z0-9.~'()!*-]{6,20}", prefix in ".{0,20}", suffix in " .{0,20}") {
            let text = format!("{prefix} https://u:{secret}@h.test/v1/config/{secret}/{secret}?debug_token={secret}{suffix}");
            prop_assume!(!prefix.contains(&secret) && !suffix.contains(&secret));
            prop_assert!(!scrub(&text).contains(&secret));
        }

        #[test]
        fn any_text_is_scrubbed_without_panic(text in ".*") {
            let _ = scrub(&text);
            let _ = safe_url(&text);
            let _ = MaskedKey(&text).to_string();
        }
    }
}
