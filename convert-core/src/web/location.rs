//! Where a request says that the visitor is.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use super::percent;
use crate::attributes::Attributes;
use crate::context::Preview;
use crate::text::Text;

/// The URL of a request, as the visitor sees it.
///
/// ```
/// use convert_core::web::RequestUrl;
///
/// let url = RequestUrl::new("https", "shop.example", "/pricing", Some("plan=pro&url=x"));
/// let location = url.location();
/// assert_eq!(location.get("url"), Some(&"https://shop.example/pricing?plan=pro&url=x".into()));
/// assert_eq!(location.get("path"), Some(&"/pricing".into()));
/// assert_eq!(location.get("host"), Some(&"shop.example".into()));
/// assert_eq!(location.get("plan"), Some(&"pro".into()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestUrl<'a> {
    scheme: &'a str,
    host: &'a str,
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> RequestUrl<'a> {
    /// How many query parameters become location attributes; further ones are ignored.
    pub const MAX_PARAMETERS: usize = 64;

    /// A URL in parts: scheme, host with its port, path, and the query without its question mark.
    #[must_use]
    pub const fn new(scheme: &'a str, host: &'a str, path: &'a str, query: Option<&'a str>) -> Self {
        Self { scheme, host, path, query }
    }

    pub(super) fn query(&self) -> Option<&'a str> {
        self.query
    }

    /// The location attributes of a request: its query parameters, and `url`, `path` and `host`, which no parameter
    /// overrides. Of a parameter that comes twice the last value counts. Credentials before the host are left out.
    #[must_use]
    pub fn location(&self) -> Attributes {
        // Here and not before, since most requests never ask for it.
        let host = self.host.rsplit_once('@').map_or(self.host, |(_, host)| host);
        let url = match self.query {
            Some(query) => Text::written(format_args!("{}://{host}{}?{query}", self.scheme, self.path)),
            None => Text::written(format_args!("{}://{host}{}", self.scheme, self.path)),
        };
        let parameters = pairs(self.query.unwrap_or_default()).take(Self::MAX_PARAMETERS);
        let parameters = parameters.map(|(name, value)| (Text::from(name), Text::from(value)));
        let own = [("path", Text::new(self.path)), ("host", Text::new(host)), ("url", url)];
        parameters.chain(own.map(|(name, value)| (Text::from_static(name), value))).collect()
    }
}

/// A copy of a request's URL, and the location attributes once they are asked for.
#[derive(Clone)]
pub(crate) struct KeptUrl {
    /// Scheme, host, path and query, so that keeping them takes one allocation.
    text: Box<str>,
    lengths: [usize; 3],
    has_query: bool,
    location: OnceLock<Attributes>,
}

impl KeptUrl {
    pub(crate) fn new(url: RequestUrl<'_>) -> Self {
        let RequestUrl { scheme, host, path, query } = url;
        let query_text = query.unwrap_or_default();
        let mut text = String::with_capacity(scheme.len() + host.len() + path.len() + query_text.len());
        text.extend([scheme, host, path, query_text]);
        Self {
            text: text.into(),
            lengths: [scheme, host, path].map(str::len),
            has_query: query.is_some(),
            location: OnceLock::new(),
        }
    }

    pub(crate) fn location(&self) -> &Attributes {
        self.location.get_or_init(|| self.url().location())
    }

    fn url(&self) -> RequestUrl<'_> {
        let [scheme, host, path] = self.lengths;
        let (scheme, rest) = self.text.split_at(scheme);
        let (host, rest) = rest.split_at(host);
        let (path, rest) = rest.split_at(path);
        RequestUrl { scheme, host, path, query: self.has_query.then_some(rest) }
    }
}

/// Without the URL: what its query says may be secret.
impl fmt::Debug for KeptUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptUrl").finish_non_exhaustive()
    }
}

/// The scheme that a visitor used, `http` or `https`: the first in `X-Forwarded-Proto`, else the one of the request's own
/// URI, else `https` where the server's own connection is encrypted.
///
/// The header goes first because the URI of an HTTP/2 request tells how the last proxy asks, and not the visitor.
///
/// ```
/// use convert_core::web::request_scheme;
///
/// assert_eq!(request_scheme(Some("http"), Some("https, http"), false), "https");
/// ```
#[must_use]
pub fn request_scheme(uri: Option<&str>, forwarded: Option<&str>, is_encrypted: bool) -> &'static str {
    // A chain of proxies appends: the first is what the visitor used.
    let forwarded = forwarded.and_then(|forwarded| forwarded.split(',').next()).map(str::trim);
    match forwarded.filter(|scheme| !scheme.is_empty()).or(uri) {
        Some(scheme) if scheme.eq_ignore_ascii_case("https") => "https",
        Some(_) => "http",
        None if is_encrypted => "https",
        None => "http",
    }
}

/// The preview that a request's query asks for: `convert_preview={experience id}.{variation id}`.
///
/// ```
/// use convert_core::web::preview_of;
///
/// let preview = preview_of("utm_source=mail&convert_preview=100300001.1003000011");
/// assert_eq!(preview.map(|preview| preview.variation_id().to_owned()).as_deref(), Some("1003000011"));
/// ```
#[must_use]
pub fn preview_of(query: &str) -> Option<Preview> {
    pairs(query).find(|(name, _)| name == "convert_preview").and_then(|(_, value)| Preview::parse(&value))
}

/// The variations, by id, that a request's query forces: each `convert_force={experience id}.{variation id}` is one.
///
/// ```
/// use convert_core::web::forced_variations_of;
///
/// let forced = forced_variations_of("convert_force=1.10&convert_force=2.21");
/// assert_eq!(forced, ["10", "21"]);
/// ```
#[must_use]
pub fn forced_variations_of(query: &str) -> Vec<String> {
    let forced = pairs(query).filter(|(name, _)| name == "convert_force").take(RequestUrl::MAX_PARAMETERS);
    forced.filter_map(|(_, value)| Some(Preview::parse(&value)?.variation_id().to_owned())).collect()
}

/// The parameters of a query, decoded.
fn pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent::decode_query(name), percent::decode_query(value))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn location(query: Option<&str>) -> Attributes {
        RequestUrl::new("http", "localhost:3000", "/a b", query).location()
    }

    #[test]
    fn parameters_are_decoded_and_the_last_of_two_counts() {
        let attributes = location(Some("a=1&b=x+y%21&a=2&&c&=d"));
        assert_eq!(attributes.get("a"), Some(&"2".into()));
        assert_eq!(attributes.get("b"), Some(&"x y!".into()));
        assert_eq!(attributes.get("c"), Some(&"".into()));
        assert_eq!(attributes.get(""), Some(&"d".into()));
    }

    #[test]
    fn no_parameter_overrides_the_url() {
        let attributes = location(Some("path=/admin&host=evil.example&url=x"));
        assert_eq!(attributes.get("path"), Some(&"/a b".into()));
        assert_eq!(attributes.get("host"), Some(&"localhost:3000".into()));
        let url = "http://localhost:3000/a b?path=/admin&host=evil.example&url=x";
        assert_eq!(attributes.get("url"), Some(&url.into()));
        assert_eq!(attributes.len(), 3);
        assert_eq!(location(None).get("url"), Some(&"http://localhost:3000/a b".into()));
    }

    #[test]
    fn the_proxys_scheme_goes_before_the_uris_and_that_before_the_connections() {
        for (uri, forwarded, is_encrypted, scheme) in [
            (Some("http"), Some("https"), false, "https"),
            (Some("https"), Some("http"), true, "http"),
            (Some("https"), Some(" ,http"), false, "https"),
            (Some("http"), None, true, "http"),
            (Some("HTTPS"), None, false, "https"),
            (None, Some(" https , http"), false, "https"),
            (None, Some("http, https"), true, "http"),
            (None, Some("gopher"), true, "http"),
            (None, None, true, "https"),
            (None, None, false, "http"),
        ] {
            assert_eq!(request_scheme(uri, forwarded, is_encrypted), scheme, "{uri:?} {forwarded:?} {is_encrypted}");
        }
    }

    #[test]
    fn credentials_are_no_part_of_the_location() {
        let url = RequestUrl::new("http", "user:p@ss@shop.example:8080", "/a@b", None);
        for location in [url.location(), KeptUrl::new(url).location().clone()] {
            assert_eq!(location.get("host"), Some(&"shop.example:8080".into()));
            assert_eq!(location.get("url"), Some(&"http://shop.example:8080/a@b".into()));
        }
    }

    #[test]
    fn the_number_of_parameters_is_bounded() {
        let query: Vec<String> = (0..1000).map(|number| format!("p{number}=x")).collect();
        assert_eq!(location(Some(&query.join("&"))).len(), RequestUrl::MAX_PARAMETERS + 3);
    }

    #[test]
    fn only_a_well_formed_link_previews() {
        assert!(preview_of("convert_preview=1.2").is_some());
        assert!(preview_of("x=y&convert%5Fpreview=1%2E2").is_some());
        for query in ["", "preview=1.2", "convert_preview=1", "convert_preview=a.b", "convert_preview=1.2.3"] {
            assert_eq!(preview_of(query), None, "{query:?}");
        }
        assert_eq!(preview_of("convert_preview=x&convert_preview=1.2"), None, "the first one counts");
        assert!(forced_variations_of("convert_force=x&force=1.2").is_empty());
    }

    proptest! {
        #[test]
        fn any_query_is_read_without_a_panic(query in ".{0,200}") {
            let _ = (location(Some(&query)), preview_of(&query), forced_variations_of(&query));
        }
    }
}
