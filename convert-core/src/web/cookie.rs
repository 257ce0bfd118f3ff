//! The cookie that keeps a visitor's id.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use memchr::memchr_iter;

use super::{is_visitor_id, percent};

/// The cookie that keeps a visitor's id between requests.
///
/// By default it is the cookie of the official JavaScript SDK: `convert_visitor_id`, for a year, with `Path=/`,
/// `SameSite=Lax`, `Secure` and `HttpOnly`.
///
/// ```
/// use convert_core::web::{SameSite, VisitorCookie};
///
/// # fn main() -> Result<(), convert_core::web::CookieError> {
/// let cookie = VisitorCookie::new().name("shop_visitor")?.domain("shop.example")?.same_site(SameSite::Strict);
/// assert_eq!(
///     cookie.set_cookie("v-1"),
///     "shop_visitor=v-1; Max-Age=31536000; Domain=shop.example; Path=/; SameSite=Strict; Secure; HttpOnly"
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct VisitorCookie {
    name: Cow<'static, str>,
    path: Cow<'static, str>,
    domain: Option<String>,
    max_age: Option<Duration>,
    same_site: SameSite,
    secure: bool,
    http_only: bool,
}

/// Which requests from other sites carry the cookie. Closed: these are all that browsers know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// None.
    Strict,
    /// Those that follow a link.
    Lax,
    /// All; browsers then insist on `Secure`.
    None,
}

/// Why a cookie cannot be set so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookieError {
    /// The name is no HTTP token.
    Name,
    /// The path does not start with a slash, or has a character that no cookie can carry.
    Path,
    /// The domain is empty, or has a character that no cookie can carry.
    Domain,
    /// It is kept for less than a second: browsers drop it at once, and each request is a new visitor.
    MaxAge,
    /// It is not `Secure`, and browsers drop such a cookie where it has `SameSite=None`, or a name that begins with
    /// `__Secure-` or `__Host-`.
    NotSecure,
    /// Its name begins with `__Host-`, and browsers take such cookies only with the path `/` and no domain.
    HostPrefix,
}

impl fmt::Display for CookieError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "the cookie's name must be an HTTP token, such as `convert_visitor_id`",
            Self::Path => "the cookie's path must start with `/` and have neither `;` nor control characters",
            Self::Domain => "the cookie's domain must be a host name, such as `example.com`",
            Self::MaxAge => "the cookie must be kept for a second at least, or until the browser is closed",
            Self::NotSecure => {
                "the cookie must be `Secure`, as it has `SameSite=None` or a name that begins with `__Secure-` or `__Host-`: \
                 browsers drop it otherwise"
            }
            Self::HostPrefix => "the cookie's name begins with `__Host-`: its path must be `/`, and it can have no domain",
        })
    }
}

impl std::error::Error for CookieError {}

impl Default for VisitorCookie {
    fn default() -> Self {
        Self::new()
    }
}

impl VisitorCookie {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

    /// The cookie as the official JavaScript SDK sets it.
    pub const fn new() -> Self {
        Self {
            name: Cow::Borrowed("convert_visitor_id"),
            path: Cow::Borrowed("/"),
            domain: None,
            max_age: Some(Self::YEAR),
            same_site: SameSite::Lax,
            secure: true,
            http_only: true,
        }
    }

    /// Its name; `convert_visitor_id` by default.
    ///
    /// # Errors
    /// [`CookieError::Name`] where it is no HTTP token.
    pub fn name(mut self, name: impl Into<String>) -> Result<Self, CookieError> {
        let name = name.into();
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(CookieError::Name);
        }
        self.name = name.into();
        Ok(self)
    }

    /// The paths that it is sent to; `/` by default.
    ///
    /// # Errors
    /// [`CookieError::Path`] where no cookie can carry it.
    pub fn path(mut self, path: impl Into<String>) -> Result<Self, CookieError> {
        let path = path.into();
        if !path.starts_with('/') || !path.bytes().all(is_attribute) {
            return Err(CookieError::Path);
        }
        self.path = path.into();
        Ok(self)
    }

    /// The domain whose hosts it is sent to. Without one, only the host that sets it.
    ///
    /// # Errors
    /// [`CookieError::Domain`] where no cookie can carry it.
    pub fn domain(mut self, domain: impl Into<String>) -> Result<Self, CookieError> {
        let domain = domain.into();
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        if domain.is_empty() || !domain.bytes().all(is_host) {
            return Err(CookieError::Domain);
        }
        self.domain = Some(domain);
        Ok(self)
    }

    /// How long browsers keep it, in whole seconds; a year by default. With `None`, until the browser is closed.
    pub fn max_age(mut self, max_age: impl Into<Option<Duration>>) -> Self {
        self.max_age = max_age.into();
        self
    }

    /// Which requests from other sites carry it; [`SameSite::Lax`] by default.
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Whether it is sent over TLS only; true by default. Browsers drop a `Secure` cookie that comes over plain HTTP.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Whether it is kept from the page's scripts; true by default.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// Whether browsers would keep it, as it is now: what each setting alone cannot tell. A middleware that is given one that
    /// they would not keep warns of it.
    ///
    /// # Errors
    /// [`CookieError`] says why they would drop it.
    pub fn check(&self) -> Result<(), CookieError> {
        let begins_with = |prefix: &str| {
            self.name.get(..prefix.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(prefix))
        };
        if self.max_age.is_some_and(|age| age.as_secs() == 0) {
            return Err(CookieError::MaxAge);
        }
        let must_be_secure = self.same_site == SameSite::None || begins_with("__Secure-") || begins_with("__Host-");
        if must_be_secure && !self.secure {
            return Err(CookieError::NotSecure);
        }
        if begins_with("__Host-") && (self.domain.is_some() || self.path != "/") {
            return Err(CookieError::HostPrefix);
        }
        Ok(())
    }

    /// Whether both have the same name, and so the same value in a request.
    #[must_use]
    pub fn has_name_of(&self, other: &Self) -> bool {
        self.name == other.name
    }

    /// The value of the `Set-Cookie` header that keeps this id.
    #[must_use]
    pub fn set_cookie(&self, visitor_id: &str) -> String {
        let mut header = String::with_capacity(self.name.len() + visitor_id.len() + 96);
        header.push_str(&self.name);
        header.push('=');
        percent::encode_into(&mut header, visitor_id);
        if let Some(max_age) = self.max_age {
            header.push_str("; Max-Age=");
            header.push_str(&max_age.as_secs().to_string());
        }
        if let Some(domain) = &self.domain {
            header.push_str("; Domain=");
            header.push_str(domain);
        }
        header.push_str("; Path=");
        header.push_str(&self.path);
        header.push_str(match self.same_site {
            SameSite::Strict => "; SameSite=Strict",
            SameSite::Lax => "; SameSite=Lax",
            SameSite::None => "; SameSite=None",
        });
        header.push_str(if self.secure { "; Secure" } else { "" });
        header.push_str(if self.http_only { "; HttpOnly" } else { "" });
        header
    }

    /// Whether this value of a `Set-Cookie` header sets this cookie: an app that sets it itself is not overruled.
    #[must_use]
    pub fn is_set_by(&self, set_cookie: &[u8]) -> bool {
        let rest = set_cookie.trim_ascii_start().strip_prefix(self.name.as_bytes());
        rest.is_some_and(|rest| rest.trim_ascii_start().starts_with(b"="))
    }

    /// The visitor id in the values of a request's `Cookie` headers: HTTP/2 may split one header into several. The first
    /// that is a [usable id](super::is_visitor_id) counts.
    pub fn find<'a, H: AsRef<[u8]> + ?Sized + 'a>(
        &self,
        headers: impl IntoIterator<Item = &'a H>,
    ) -> Option<Cow<'a, str>> {
        headers.into_iter().find_map(|header| self.find_in(header.as_ref()))
    }

    fn find_in<'a>(&self, header: &'a [u8]) -> Option<Cow<'a, str>> {
        let mut start = 0;
        memchr_iter(b';', header).chain([header.len()]).find_map(|end| {
            let pair = header.get(start..end)?;
            start = end + 1;
            visitor_id(self.value_in(pair)?)
        })
    }

    fn value_in<'a>(&self, pair: &'a [u8]) -> Option<&'a [u8]> {
        let rest = pair.trim_ascii_start().strip_prefix(self.name.as_bytes())?;
        let value = rest.strip_prefix(b"=")?.trim_ascii_end();
        // A value in double quotes is the same value.
        Some(value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value))
    }
}

/// The id in a cookie's value, where it can be used.
fn visitor_id(value: &[u8]) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(value).ok()?;
    if is_visitor_id(text) {
        return Some(Cow::Borrowed(text));
    }
    percent::decode(text).filter(|decoded| is_visitor_id(decoded))
}

/// A character of an HTTP token.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A character of a cookie attribute's value.
fn is_attribute(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e) && byte != b';'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn find(headers: &[&str]) -> Option<String> {
        VisitorCookie::new().find(headers.iter().copied()).map(Cow::into_owned)
    }

    #[test]
    fn the_default_is_the_javascript_sdks_cookie() {
        assert_eq!(
            VisitorCookie::new().set_cookie("0b5b2bd0-8a4c-4c6f-9d5e-111111111111"),
            "convert_visitor_id=0b5b2bd0-8a4c-4c6f-9d5e-111111111111; Max-Age=31536000; Path=/; SameSite=Lax; Secure; \
             HttpOnly"
        );
    }

    #[test]
    fn every_attribute_can_be_set() {
        let cookie = VisitorCookie::new().name("v").unwrap().path("/shop").unwrap().domain("a.example").unwrap();
        let cookie = cookie.max_age(Duration::from_secs(60)).same_site(SameSite::None).http_only(false);
        assert_eq!(cookie.set_cookie("x"), "v=x; Max-Age=60; Domain=a.example; Path=/shop; SameSite=None; Secure");
        let session = VisitorCookie::new().max_age(None).secure(false).http_only(false);
        assert_eq!(session.set_cookie("x"), "convert_visitor_id=x; Path=/; SameSite=Lax");
    }

    #[test]
    fn what_no_cookie_can_carry_is_refused() {
        for name in ["", "a b", "a=b", "a;b", "a\n", "é"] {
            assert_eq!(VisitorCookie::new().name(name), Err(CookieError::Name), "{name:?}");
        }
        for path in ["", "shop", "/a;b", "/a\r\nSet-Cookie: x=y"] {
            assert_eq!(VisitorCookie::new().path(path), Err(CookieError::Path), "{path:?}");
        }
        for domain in ["", "a b", "a;b", "a\n"] {
            assert_eq!(VisitorCookie::new().domain(domain), Err(CookieError::Domain), "{domain:?}");
        }
    }

    #[test]
    fn what_browsers_would_drop_is_told() {
        let (new, second) = (VisitorCookie::new, Duration::from_secs(1));
        let host = |name: &str| new().name(name).unwrap();
        for kept in [
            new(),
            new().max_age(second),
            new().max_age(None).secure(false),
            new().same_site(SameSite::None),
            host("__Host-visitor"),
            host("__Secure-visitor").path("/shop").unwrap().domain("shop.example").unwrap(),
        ] {
            assert_eq!(kept.check(), Ok(()), "{kept:?}");
        }
        for (dropped, error) in [
            (new().max_age(Duration::ZERO), CookieError::MaxAge),
            (new().max_age(second - Duration::from_nanos(1)), CookieError::MaxAge),
            (new().same_site(SameSite::None).secure(false), CookieError::NotSecure),
            (host("__Secure-visitor").secure(false), CookieError::NotSecure),
            (host("__host-visitor").secure(false), CookieError::NotSecure),
            (host("__Host-visitor").path("/shop").unwrap(), CookieError::HostPrefix),
            (host("__Host-visitor").domain("shop.example").unwrap(), CookieError::HostPrefix),
        ] {
            assert_eq!(dropped.check(), Err(error), "{dropped:?}");
        }
    }

    #[test]
    fn the_cookie_is_found_among_others_and_in_split_headers() {
        assert_eq!(find(&["convert_visitor_id=a"]).as_deref(), Some("a"));
        assert_eq!(find(&["x=1; convert_visitor_id=a; y=2"]).as_deref(), Some("a"));
        assert_eq!(find(&["x=1;convert_visitor_id=a;"]).as_deref(), Some("a"));
        assert_eq!(find(&["x=1", "y=2", "convert_visitor_id=a"]).as_deref(), Some("a"));
        assert_eq!(find(&["convert_visitor_id=\"a\""]).as_deref(), Some("a"));
        assert_eq!(find(&["convert_visitor_id=a%40b.example"]).as_deref(), Some("a@b.example"));
        for other in ["", "convert_visitor", "convert_visitor_id", "convert_visitor_idx=a", "x=convert_visitor_id=a"] {
            assert_eq!(find(&[other]), None, "{other:?}");
        }
    }

    #[test]
    fn an_unusable_id_does_not_hide_a_usable_one() {
        assert_eq!(find(&["convert_visitor_id=; convert_visitor_id=a b; convert_visitor_id=c"]).as_deref(), Some("c"));
        let long = format!("convert_visitor_id={}", "a".repeat(500));
        assert_eq!(find(&[&long]), None);
        assert_eq!(find(&[&long, "convert_visitor_id=b"]).as_deref(), Some("b"));
        assert_eq!(VisitorCookie::new().find([&b"convert_visitor_id=\xff\xfe"[..]]), None);
    }

    #[test]
    fn a_cookie_that_the_app_sets_is_seen() {
        let cookie = VisitorCookie::new();
        assert!(cookie.is_set_by(b"convert_visitor_id=a; Path=/"));
        assert!(cookie.is_set_by(b" convert_visitor_id =a"));
        assert!(!cookie.is_set_by(b"convert_visitor_idx=a"));
        assert!(!cookie.is_set_by(b"session=convert_visitor_id=a"));
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_a_panic(header in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = VisitorCookie::new().find([header.as_slice()]);
        }

        #[test]
        fn an_id_that_was_set_is_found_again(id in "[a-zA-Z0-9._~:@|+/=-]{1,64}", before in "[a-z]{1,8}=[a-z]{0,8}") {
            let cookie = VisitorCookie::new();
            let set = cookie.set_cookie(&id);
            let pair = set.split(';').next().unwrap();
            prop_assert_eq!(find(&[&format!("{before}; {pair}")]), Some(id));
        }
    }
}
