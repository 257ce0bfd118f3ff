//! Redirects of config requests, followed by the SDK itself so that secrets stay where they belong.

use std::fmt;

use super::http_url::{HttpUrl, decode_component};
use super::{Request, Response};
use crate::redact::Secret;

/// Why a redirect was not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectError {
    /// More redirects than any sound server makes.
    TooMany,
    /// From HTTPS to plain HTTP.
    Insecure,
    /// The target is no URL that a request can go to.
    InvalidTarget,
    /// The target, on another server, holds the debug token.
    DebugTokenLeak,
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooMany => "the server redirects in a circle: check the config endpoint",
            Self::Insecure => "the server redirects from HTTPS to plain HTTP: check the config endpoint",
            Self::InvalidTarget => "the server redirects to an invalid URL: check the config endpoint",
            Self::DebugTokenLeak => "the server redirects the debug token to another server: check the config endpoint",
        })
    }
}

impl std::error::Error for RedirectError {}

/// The request that a redirecting answer asks for; `None` where the answer is no redirect.
///
/// The secret stays with the request's own origin, and a chain that left it does not get it back.
pub(crate) fn redirected(
    request: &Request,
    response: &Response,
    debug_token: Option<&Secret>,
) -> Option<Result<Request, RedirectError>> {
    if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.header_value("location")?;
    Some(follow(request, location, debug_token))
}

fn follow(request: &Request, location: &str, debug_token: Option<&Secret>) -> Result<Request, RedirectError> {
    let from = HttpUrl::parse(&request.url).map_err(|_| RedirectError::InvalidTarget)?;
    let target = from.join(location).map_err(|_| RedirectError::InvalidTarget)?;
    let to = HttpUrl::parse(&target).map_err(|_| RedirectError::InvalidTarget)?;
    if from.is_secure() && !to.is_secure() {
        return Err(RedirectError::Insecure);
    }
    if from.is_same_origin(&to) {
        return Ok(Request { url: target.into(), ..request.clone() });
    }
    let target = without_debug_token(&to, debug_token)?;
    Ok(Request { url: target.into(), authorization: None, ..request.clone() })
}

/// The URL without the debug token's parameter. A token that the server put elsewhere cannot be taken out.
fn without_debug_token(url: &HttpUrl<'_>, debug_token: Option<&Secret>) -> Result<String, RedirectError> {
    let mut pairs: Vec<&str> = url.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).collect();
    pairs.retain(|pair| decode_component(pair.split('=').next().unwrap_or_default()) != "debug_token");
    let query = pairs.join("&");
    if let Some(token) = debug_token.map(Secret::expose).filter(|token| !token.is_empty()) {
        // Encoded twice is how a server would carry the old URL in a parameter of the new one.
        let mut text = format!("{}?{query}", url.path());
        for _ in 0..4 {
            if text.contains(token) {
                return Err(RedirectError::DebugTokenLeak);
            }
            text = decode_component(&text);
        }
    }
    Ok(url.with_query(&query))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::transport::RequestKind;

    const URL: &str = "https://a.test/v1/config/100/200?environment=e&debug_token=t%20k";

    fn request() -> Request {
        let mut request = Request::get(RequestKind::Config, URL, Duration::from_secs(10), 1024);
        request.authorization = Some(Secret::new("Bearer s3cret"));
        request.if_none_match = Some("\"e\"".into());
        request
    }

    fn to(location: &str) -> Result<Request, RedirectError> {
        let response = Response::new(302).header("Location", location);
        redirected(&request(), &response, Some(&Secret::new("t k"))).unwrap()
    }

    #[test]
    fn only_redirects_with_a_target_are_redirects() {
        for status in [200, 300, 304, 305, 404] {
            let response = Response::new(status).header("location", "/x");
            assert!(redirected(&request(), &response, None).is_none(), "{status}");
        }
        assert!(redirected(&request(), &Response::new(302), None).is_none());
        for status in [301, 302, 303, 307, 308] {
            let response = Response::new(status).header("location", "/x");
            assert!(redirected(&request(), &response, None).is_some(), "{status}");
        }
    }

    #[test]
    fn the_same_origin_keeps_secret_and_token() {
        let next = to("/v2/config/100/200?debug_token=t%20k").unwrap();
        assert_eq!(next.url(), "https://a.test/v2/config/100/200?debug_token=t%20k");
        assert_eq!(next.authorization, Some(Secret::new("Bearer s3cret")));
        assert_eq!(next.if_none_match.as_deref(), Some("\"e\""));
        assert_eq!(to("https://A.test:443/x").unwrap().authorization, Some(Secret::new("Bearer s3cret")));
    }

    #[test]
    fn another_origin_gets_neither_secret_nor_token() {
        let cases = [
            ("https://b.test/c?debug_token=t%20k&environment=e", "https://b.test/c?environment=e"),
            ("https://b.test/c?environment=e&debug%5Ftoken=x", "https://b.test/c?environment=e"),
            ("//b.test/c?debug_token=t+k", "https://b.test/c"),
            ("https://a.test:8443/c?a=1", "https://a.test:8443/c?a=1"),
        ];
        for (location, url) in cases {
            let next = to(location).unwrap();
            assert_eq!(next.url(), url);
            assert_eq!(next.authorization, None, "{location}");
        }
    }

    #[test]
    fn a_token_in_another_place_is_refused() {
        for location in [
            "https://b.test/t%20k/c",
            "https://b.test/c?token=t%20k",
            "https://b.test/c?token=t+k",
            "https://b.test/c?next=https%3A%2F%2Fa.test%2F%3Fdebug_token%3Dt%2520k",
        ] {
            assert_eq!(to(location).unwrap_err(), RedirectError::DebugTokenLeak, "{location}");
        }
    }

    #[test]
    fn a_chain_that_left_does_not_get_the_secret_back() {
        let away = to("https://b.test/x").unwrap();
        let back = redirected(&away, &Response::new(307).header("location", URL), None).unwrap().unwrap();
        assert_eq!(back.authorization, None);
    }

    #[test]
    fn downgrades_and_strange_targets_are_refused() {
        assert_eq!(to("http://a.test/x").unwrap_err(), RedirectError::Insecure);
        assert_eq!(to("http://127.0.0.1/x").unwrap_err(), RedirectError::Insecure);
        for location in ["ftp://a.test/", "https://u:p@a.test/", "https://", "/a\u{7f}b"] {
            assert_eq!(to(location).unwrap_err(), RedirectError::InvalidTarget, "{location}");
        }
    }
}
