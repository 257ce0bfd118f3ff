//! One answer, as a transport gives it.

use std::fmt;
use std::time::Duration;

use super::retry_after;

/// What a server answered.
///
/// ```
/// use convert_core::Response;
///
/// let response = Response::new(429).header("Retry-After", "30").body("slow down");
/// assert_eq!(response.status(), 429);
/// assert_eq!(response.header_value("retry-after"), Some("30"));
/// ```
#[derive(Clone, Default)]
pub struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The headers that the SDK reads. A transport may leave out all others.
    pub const HEADERS: [&'static str; 3] = ["retry-after", "etag", "location"];

    /// An answer with this status, no headers and no body.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// Adds a header. Of two with one name the first counts.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status says success: any from 200 to 299.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header's value; the name's case does not count.
    #[must_use]
    pub fn header_value(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body.
    #[must_use]
    pub fn body_bytes(&self) -> &[u8] {
        &self.body
    }

    /// How long the server asks to wait before the next try. `unix_time` is the present, for a server that names a date.
    pub(crate) fn retry_after(&self, unix_time: Duration) -> Option<Duration> {
        retry_after::parse(self.header_value("retry-after")?, unix_time)
    }
}

/// The status and the body's length: a body may hold what is not for logs.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_names_have_no_case_and_the_first_counts() {
        let response = Response::new(200).header("ETag", "a").header("etag", "b");
        assert_eq!(response.header_value("ETAG"), Some("a"));
        assert_eq!(response.header_value("location"), None);
    }

    #[test]
    fn success_is_any_2xx() {
        let successes: Vec<u16> = (0..1000).filter(|status| Response::new(*status).is_success()).collect();
        assert_eq!(successes, (200..300).collect::<Vec<u16>>());
    }

    #[test]
    fn debug_shows_neither_body_nor_header_values() {
        let response = Response::new(302).header("location", "https://h/config/key?debug_token=t").body("visitor-1");
        let shown = format!("{response:?}");
        assert!(!shown.contains("debug_token") && !shown.contains("visitor-1"), "{shown}");
    }
}
