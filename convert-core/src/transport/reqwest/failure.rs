//! What a failure of reqwest says about the request.

use std::error::Error;
use std::io;

use crate::transport::{TransportError, TransportErrorKind};

/// Sorts a failure. What is not known to have happened before the request left counts as ambiguous.
pub(super) fn failure_of(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    // A cancelled request was still waiting for its connection when that closed. An incomplete message is something else:
    // there the request had been written, in part or whole, before the connection closed.
    let surely_not_sent = error.is_builder() || error.is_connect() || chain(&error).any(is_cancelled);
    let kind = if error.is_dns() {
        TransportErrorKind::Dns
    } else if chain(&error).any(is_tls) {
        TransportErrorKind::Tls
    } else if error.is_timeout() {
        TransportErrorKind::Timeout
    } else if error.is_connect() {
        TransportErrorKind::Connect
    } else if error.is_builder() {
        TransportErrorKind::Other
    } else if chain(&error).any(is_parse) {
        TransportErrorKind::Protocol
    } else {
        TransportErrorKind::Io
    };
    if surely_not_sent { TransportError::not_sent(error) } else { TransportError::ambiguous(error) }.with_kind(kind)
}

/// The error and its causes. An `io::Error` hides the error it wraps from `source`, so that is looked up too.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn Error + 'static) = *error;
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped as _),
            None => error.source(),
        }
    })
}

fn is_cancelled(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled)
}

fn is_parse(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse)
}

#[cfg(feature = "reqwest-rustls")]
fn is_tls(error: &(dyn Error + 'static)) -> bool {
    error.is::<rustls::Error>()
}

/// The operating system's TLS errors are of no type that can be told from here; they count as failed connections.
#[cfg(not(feature = "reqwest-rustls"))]
fn is_tls(_error: &(dyn Error + 'static)) -> bool {
    false
}
