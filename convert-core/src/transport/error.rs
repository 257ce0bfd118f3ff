//! Why a request got no answer.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::redact::scrub;

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The host name could not be resolved.
    Dns,
    /// No connection to the server came about.
    Connect,
    /// The TLS handshake failed, or TLS is not available.
    Tls,
    /// The answer took too long.
    Timeout,
    /// The connection broke.
    Io,
    /// What came back is not HTTP.
    Protocol,
    /// The answer is longer than the request allows.
    TooLarge,
    /// The transport has no room for the request now.
    Busy,
    /// Anything else.
    Other,
}

/// Why a request got no answer, and whether the server may have seen it all the same.
///
/// `Display`, `Debug` and the sources show neither queries nor SDK keys nor bearer tokens: the messages of the causes are
/// kept as text, with these taken out.
#[derive(Clone, PartialEq, Eq)]
pub struct TransportError {
    kind: TransportErrorKind,
    surely_not_sent: bool,
    source: Option<Arc<Cause>>,
}

impl TransportError {
    /// No byte of the request's body reached the server: the events in it can be sent again without becoming double.
    pub fn not_sent(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(TransportErrorKind::Connect, true).with_source(source)
    }

    /// The server may have read the request, but its answer is lost.
    pub fn ambiguous(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(TransportErrorKind::Io, false).with_source(source)
    }

    /// Says what kind of failure it was; the default is [`Connect`](TransportErrorKind::Connect) or
    /// [`Io`](TransportErrorKind::Io).
    #[must_use]
    pub fn with_kind(mut self, kind: TransportErrorKind) -> Self {
        self.kind = kind;
        self
    }

    pub(crate) fn new(kind: TransportErrorKind, surely_not_sent: bool) -> Self {
        Self { kind, surely_not_sent, source: None }
    }

    /// The request's deadline passed before the answer was there.
    pub(crate) fn timeout() -> Self {
        Self::new(TransportErrorKind::Timeout, false)
    }

    fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::new(Cause::of(&*source.into())));
        self
    }

    /// What kind of failure it was.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether no byte of the request's body can have reached the server.
    #[must_use]
    pub fn surely_not_sent(&self) -> bool {
        self.surely_not_sent
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            TransportErrorKind::Dns => {
                "the server's name could not be resolved: check the endpoint and the DNS settings"
            }
            TransportErrorKind::Connect => "no connection to the server: check the endpoint, the network and the proxy",
            TransportErrorKind::Tls => "the TLS connection failed: check the system's clock and root certificates",
            TransportErrorKind::Timeout => "the server did not answer in time",
            TransportErrorKind::Io => "the connection broke before the answer was there",
            TransportErrorKind::Protocol => "the answer is not HTTP: check that the endpoint is the right one",
            TransportErrorKind::TooLarge => "the answer is longer than allowed",
            TransportErrorKind::Busy => "the transport has no room for the request now",
            TransportErrorKind::Other => "the request failed",
        })?;
        if self.surely_not_sent { f.write_str(" (the request was not sent)") } else { Ok(()) }
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("kind", &self.kind)
            .field("surely_not_sent", &self.surely_not_sent)
            .field("source", &self.source)
            .finish()
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|cause| cause as _)
    }
}

/// One message of a chain of causes, scrubbed. HTTP clients put URLs into their messages, and reporters print the chain.
#[derive(PartialEq, Eq)]
struct Cause {
    text: String,
    source: Option<Box<Cause>>,
}

impl Cause {
    /// Chains are short; the bound is for one that has no end.
    const LONGEST: usize = 16;

    fn of(error: &(dyn Error + 'static)) -> Self {
        let mut texts = Vec::new();
        let mut next = Some(error);
        while let Some(error) = next.filter(|_| texts.len() < Self::LONGEST) {
            texts.push(scrub(&error.to_string()).into_owned());
            next = error.source();
        }
        let mut chain = Self { text: texts.pop().unwrap_or_default(), source: None };
        while let Some(text) = texts.pop() {
            chain = Self { text, source: Some(Box::new(chain)) };
        }
        chain
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{:?}: {source:?}", self.text),
            None => write!(f, "{:?}", self.text),
        }
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|cause| cause as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constructors_say_whether_the_request_left() {
        let error = TransportError::not_sent("refused");
        assert!(error.surely_not_sent());
        assert_eq!(error.kind(), TransportErrorKind::Connect);
        let error = TransportError::ambiguous("reset").with_kind(TransportErrorKind::Protocol);
        assert!(!error.surely_not_sent());
        assert_eq!(error.kind(), TransportErrorKind::Protocol);
    }

    #[test]
    fn the_causes_are_kept_without_secrets() {
        #[derive(Debug)]
        struct Outer(std::io::Error);
        impl fmt::Display for Outer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("error for url (https://h.test/config/100/200?debug_token=tok)")
            }
        }
        impl Error for Outer {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }

        let error = TransportError::ambiguous(Outer(std::io::Error::other("peer is gone")));
        let first = error.source().unwrap();
        assert_eq!(first.to_string(), "error for url (https://h.test/config/[redacted]");
        let second = first.source().unwrap();
        assert_eq!(second.to_string(), "peer is gone");
        assert!(second.source().is_none());
        assert!(!format!("{error:?} {error}").contains("tok)"), "{error:?}");
    }
}
