//! One request, as a transport gets it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::redact::{Secret, safe_url};

/// The metrics endpoint answers 200 and discards what comes from an agent that it takes for a bot; this one passes.
const USER_AGENT: &str = "ConvertAgent/1.0";

/// The most of an answer to a tracking request that is read: its status is what counts.
const TRACKING_RESPONSE_BYTES: usize = 64 * 1024;

/// What a request is for. Requests of one kind never overlap; different kinds run side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestKind {
    /// The project config.
    Config,
    /// One experience's config, for a preview.
    Preview,
    /// A batch of tracking events.
    Tracking,
}

/// A body that clones and transports share: it is written once and never copied.
#[derive(Clone)]
pub(crate) struct Body(Arc<Vec<u8>>);

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// One HTTP request. Cheap to clone; `Debug` shows neither secrets nor the SDK key nor the query.
#[derive(Clone)]
pub struct Request {
    pub(crate) kind: RequestKind,
    pub(crate) url: Arc<str>,
    /// The whole value of the `Authorization` header.
    pub(crate) authorization: Option<Secret>,
    pub(crate) if_none_match: Option<Arc<str>>,
    /// The body to POST; a request without one is a GET.
    pub(crate) body: Option<Body>,
    pub(crate) timeout: Duration,
    pub(crate) max_response_bytes: usize,
}

impl Request {
    pub(crate) fn get(
        kind: RequestKind,
        url: impl Into<Arc<str>>,
        timeout: Duration,
        max_response_bytes: usize,
    ) -> Self {
        Self {
            kind,
            url: url.into(),
            authorization: None,
            if_none_match: None,
            body: None,
            timeout,
            max_response_bytes,
        }
    }

    pub(crate) fn tracking(url: impl Into<Arc<str>>, body: impl Into<Vec<u8>>, timeout: Duration) -> Self {
        let body = Some(Body(Arc::new(body.into())));
        Self { body, ..Self::get(RequestKind::Tracking, url, timeout, TRACKING_RESPONSE_BYTES) }
    }

    /// What the request is for.
    #[must_use]
    pub fn kind(&self) -> RequestKind {
        self.kind
    }

    /// The HTTP method: `POST` where there is a body, else `GET`.
    #[must_use]
    pub fn method(&self) -> &'static str {
        if self.body.is_some() { "POST" } else { "GET" }
    }

    /// The whole URL. It may hold the SDK key and a debug token, so keep it out of logs.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The headers to send, and no others that say who is asking: the metrics endpoint discards what comes from other
    /// user agents. `Authorization` is secret. `Host` and `Content-Length` are the client's to add.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            Some(("Content-Type", "application/json")),
            Some(("User-Agent", USER_AGENT)),
            self.authorization.as_ref().map(|value| ("Authorization", value.expose())),
            self.if_none_match.as_deref().map(|tag| ("If-None-Match", tag)),
        ]
        .into_iter()
        .flatten()
    }

    /// The body to send, already JSON.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_ref().map(Body::as_ref)
    }

    /// How long the whole exchange may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The most bytes of the answer's body that may be read. A longer answer is an error of the kind
    /// [`TooLarge`](crate::TransportErrorKind::TooLarge), except to a tracking request: there its status is the answer.
    #[must_use]
    pub fn max_response_bytes(&self) -> usize {
        self.max_response_bytes
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("kind", &self.kind)
            .field("method", &self.method())
            .field("url", &safe_url(&self.url))
            .field("authorization", &self.authorization)
            .field("if_none_match", &self.if_none_match)
            .field("body_bytes", &self.body().map(<[u8]>::len))
            .field("timeout", &self.timeout)
            .field("max_response_bytes", &self.max_response_bytes)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config_request() -> Request {
        let mut request = Request::get(
            RequestKind::Config,
            "https://cdn.test/api/v1/config/10035569/10034190?debug_token=tok",
            Duration::from_secs(10),
            1024,
        );
        request.authorization = Some(Secret::new("Bearer s3cret"));
        request.if_none_match = Some("\"abc\"".into());
        request
    }

    #[test]
    fn a_get_has_the_headers_of_the_official_sdks() {
        let request = config_request();
        assert_eq!(request.method(), "GET");
        assert_eq!(
            request.headers().collect::<Vec<_>>(),
            [
                ("Content-Type", "application/json"),
                ("User-Agent", "ConvertAgent/1.0"),
                ("Authorization", "Bearer s3cret"),
                ("If-None-Match", "\"abc\""),
            ]
        );
    }

    #[test]
    fn a_tracking_request_is_a_post() {
        let request = Request::tracking("https://m.test/v1/track/k", *b"{}", Duration::from_secs(10));
        assert_eq!((request.method(), request.body()), ("POST", Some(&b"{}"[..])));
        assert_eq!(request.max_response_bytes(), 64 * 1024);
        assert_eq!(request.headers().count(), 2);
    }

    #[test]
    fn the_body_is_shared_and_not_copied() {
        let body = b"{}".to_vec();
        let written = body.as_ptr();
        let request = Request::tracking("https://m.test/v1/track/k", body, Duration::from_secs(10));
        for request in [request.clone(), request] {
            assert_eq!(request.body().unwrap().as_ptr(), written);
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", config_request());
        for secret in ["s3cret", "tok", "10035569", "10034190"] {
            assert!(!shown.contains(&format!("{secret}\"")) && !shown.contains(&format!("/{secret}")), "{shown}");
        }
        assert!(shown.contains("https://cdn.test/api/v1/config/[redacted]"), "{shown}");
    }
}
