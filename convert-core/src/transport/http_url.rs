//! As much of URLs as security decisions need: scheme, host, port, origins, and resolving a redirect's target.
//!
//! Stricter than a browser: what clients are known to read differently (back-slashes, white space, credentials, escaped
//! hosts) is refused instead of guessed at.

use std::net::{Ipv4Addr, Ipv6Addr};

/// What is wrong with a text that should be a URL. `Display` continues a sentence: "the URL ...".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UrlProblem {
    NotHttp,
    Credentials,
    Host,
    Port,
    Character,
}

impl UrlProblem {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::NotHttp => "does not start with https:// or http://",
            Self::Credentials => "holds a user name or password",
            Self::Host => "has no usable host name",
            Self::Port => "has an invalid port",
            Self::Character => "holds white space, control characters, back-slashes or non-ASCII characters",
        }
    }
}

/// An absolute `http` or `https` URL in its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HttpUrl<'a> {
    secure: bool,
    /// Host and port as written.
    authority: &'a str,
    host: &'a str,
    port: u16,
    /// Empty, or starting with a slash.
    path: &'a str,
    /// Without the question mark.
    query: Option<&'a str>,
}

impl<'a> HttpUrl<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, UrlProblem> {
        check_characters(text)?;
        let (secure, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            _ => return Err(UrlProblem::NotHttp),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (path, query) = match tail.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (tail, None),
        };
        if authority.contains('@') {
            return Err(UrlProblem::Credentials);
        }
        let (host, port) = split_port(authority)?;
        if !is_host(host) {
            return Err(UrlProblem::Host);
        }
        let port = match port {
            Some(digits) => digits.parse().ok().filter(|port| *port != 0).ok_or(UrlProblem::Port)?,
            None if secure => 443,
            None => 80,
        };
        Ok(Self { secure, authority, host, port, path, query })
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.secure
    }

    pub(crate) fn query(&self) -> Option<&'a str> {
        self.query
    }

    pub(crate) fn path(&self) -> &'a str {
        self.path
    }

    /// Whether the host is this machine by its very name; no name is looked up.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost")
            || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
            || host.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
    }

    pub(crate) fn is_same_origin(&self, other: &HttpUrl<'_>) -> bool {
        self.secure == other.secure && self.port == other.port && self.host.eq_ignore_ascii_case(other.host)
    }

    /// The URL that `reference` (of a `Location` header) names, seen from this one. A fragment is left out.
    pub(crate) fn join(&self, reference: &str) -> Result<String, UrlProblem> {
        let reference = reference.trim_matches(' ');
        check_characters(reference)?;
        let reference = reference.split('#').next().unwrap_or_default();
        let scheme = if self.secure { "https" } else { "http" };
        let target = if has_scheme(reference) {
            reference.to_owned()
        } else if reference.starts_with("//") {
            format!("{scheme}:{reference}")
        } else if reference.starts_with('/') {
            format!("{scheme}://{}{reference}", self.authority)
        } else if reference.is_empty() {
            let query = self.query.map(|query| format!("?{query}")).unwrap_or_default();
            format!("{scheme}://{}{}{query}", self.authority, self.path)
        } else if reference.starts_with('?') {
            format!("{scheme}://{}{}{reference}", self.authority, self.path)
        } else {
            let folder = self.path.rfind('/').map_or("/", |at| self.path.split_at(at + 1).0);
            format!("{scheme}://{}{folder}{reference}", self.authority)
        };
        HttpUrl::parse(&target)?;
        Ok(target)
    }

    /// The URL with another query.
    pub(crate) fn with_query(&self, query: &str) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{scheme}://{}{}{mark}{query}", self.authority, self.path)
    }
}

/// The host, and port where it has one, for messages.
pub(crate) fn host_of(url: &str) -> &str {
    HttpUrl::parse(url).map_or("", |url| url.authority)
}

fn check_characters(text: &str) -> Result<(), UrlProblem> {
    let fine = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'"' | b'<' | b'>'));
    if fine { Ok(()) } else { Err(UrlProblem::Character) }
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), UrlProblem> {
    let port_at = match authority.rfind(']') {
        Some(end) => authority.get(end + 1..).unwrap_or_default().find(':').map(|at| end + 1 + at),
        None => authority.find(':'),
    };
    let Some(at) = port_at else { return Ok((authority, None)) };
    let (host, port) = authority.split_at(at);
    let port = port.strip_prefix(':').unwrap_or_default();
    if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(UrlProblem::Port);
    }
    Ok((host, Some(port)))
}

fn is_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[') {
        return inner.strip_suffix(']').is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok());
    }
    !host.is_empty()
        && !host.starts_with('.')
        && !host.contains("..")
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

fn has_scheme(reference: &str) -> bool {
    let end = reference.find([':', '/', '?']);
    end.is_some_and(|end| {
        let scheme = reference.split_at(end).0;
        reference.get(end..=end) == Some(":")
            && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    })
}

/// A text as a query value: all but letters, digits and `-_.!~*'()` as escaped UTF-8, like JavaScript's encoder.
pub(crate) fn encode_component(text: &str) -> String {
    use std::fmt::Write as _;

    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A query value read back, leniently: `+` is a space, and a broken escape stands for itself.
pub(crate) fn decode_component(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let escaped = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = escaped
            .filter(|digits| *first == b'%' && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) => {
                out.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None if *first == b'+' => out.push(b' '),
            None => out.push(*first),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let url = HttpUrl::parse("HTTPS://Cdn.Example.com/api/v1?x=1#y").unwrap();
        assert!(url.is_secure());
        assert_eq!((url.host, url.port, url.path, url.query), ("Cdn.Example.com", 443, "/api/v1", Some("x=1")));
        let url = HttpUrl::parse("http://[::1]:8080").unwrap();
        assert_eq!((url.host, url.port, url.path, url.query), ("[::1]", 8080, "", None));
        let url = HttpUrl::parse("http://a?q").unwrap();
        assert_eq!((url.path, url.query), ("", Some("q")));
    }

    #[test]
    fn what_clients_read_differently_is_refused() {
        let cases = [
            ("ftp://h", UrlProblem::NotHttp),
            ("h/x", UrlProblem::NotHttp),
            ("https:/h", UrlProblem::NotHttp),
            ("", UrlProblem::NotHttp),
            ("https://", UrlProblem::Host),
            ("https:///x", UrlProblem::Host),
            ("https://u@h/", UrlProblem::Credentials),
            ("https://127.0.0.1@evil.test/", UrlProblem::Credentials),
            ("https://h:0/", UrlProblem::Port),
            ("https://h:/", UrlProblem::Port),
            ("https://h:65536/", UrlProblem::Port),
            ("https://h:8o/", UrlProblem::Port),
            ("https://h::80/", UrlProblem::Port),
            ("https://[::1/", UrlProblem::Port),
            ("https://[::1]x/", UrlProblem::Host),
            ("https://::1/", UrlProblem::Port),
            ("https://h%41/", UrlProblem::Host),
            ("https://a..b/", UrlProblem::Host),
            ("https://h\\@evil.test/", UrlProblem::Character),
            ("https://h/a b", UrlProblem::Character),
            ("https://h/\n", UrlProblem::Character),
            ("https://hé/", UrlProblem::Character),
        ];
        for (text, problem) in cases {
            assert_eq!(HttpUrl::parse(text), Err(problem), "{text}");
        }
    }

    #[test]
    fn loopback_is_known_by_name_only() {
        for host in ["localhost", "LOCALHOST:1", "127.0.0.1", "127.9.9.9:80", "[::1]", "[0:0:0:0:0:0:0:1]:9"] {
            assert!(HttpUrl::parse(&format!("http://{host}/")).unwrap().is_loopback(), "{host}");
        }
        for host in
            ["localhost.evil.test", "127.0.0.1.evil.test", "127.1", "2130706433", "[::2]", "0.0.0.0", "evil.test"]
        {
            assert!(!HttpUrl::parse(&format!("http://{host}/")).unwrap().is_loopback(), "{host}");
        }
    }

    #[test]
    fn origins_are_scheme_host_and_port() {
        let origin = |text| HttpUrl::parse(text).unwrap();
        let base = origin("https://a.test/x");
        assert!(base.is_same_origin(&origin("https://A.TEST:443/y?z")));
        for other in ["http://a.test/x", "https://a.test:444/x", "https://b.test/x", "https://x.a.test/"] {
            assert!(!base.is_same_origin(&origin(other)), "{other}");
        }
    }

    #[test]
    fn references_are_resolved() {
        let base = HttpUrl::parse("https://a.test:1/p/q/r?s=t").unwrap();
        let cases = [
            ("https://b.test/x", "https://b.test/x"),
            ("//b.test/x", "https://b.test/x"),
            ("/x?y#z", "https://a.test:1/x?y"),
            ("x", "https://a.test:1/p/q/x"),
            ("x?a:b", "https://a.test:1/p/q/x?a:b"),
            ("?y", "https://a.test:1/p/q/r?y"),
            ("", "https://a.test:1/p/q/r?s=t"),
            (" /x ", "https://a.test:1/x"),
        ];
        for (reference, target) in cases {
            assert_eq!(base.join(reference).as_deref(), Ok(target), "{reference}");
        }
        assert_eq!(HttpUrl::parse("https://a.test").unwrap().join("x").as_deref(), Ok("https://a.test/x"));
        for bad in ["ftp://b.test/", "javascript:alert(1)", "//u@b.test/", "/a\r\nb", "https:/b.test"] {
            assert!(base.join(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*", reference in ".*") {
            let _ = HttpUrl::parse(&text);
            let base = HttpUrl::parse("https://a.test/b").unwrap();
            if let Ok(target) = base.join(&reference) {
                prop_assert!(HttpUrl::parse(&target).is_ok());
            }
        }

        #[test]
        fn encoding_is_undone_by_decoding(text in ".*") {
            let encoded = encode_component(&text);
            prop_assert!(encoded.is_ascii() && !encoded.contains([' ', '&', '?', '#', '+', '=']));
            prop_assert_eq!(decode_component(&encoded), text);
        }

        #[test]
        fn any_text_is_decoded(text in ".*") {
            let _ = decode_component(&text);
        }
    }
}
