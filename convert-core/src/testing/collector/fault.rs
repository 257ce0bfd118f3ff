//! What can be made to go wrong.

use std::time::Duration;

/// Which requests a fault is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Route {
    /// Requests for a config: GET of a path with `/config/` in it.
    Config,
    /// Tracking requests: POST to a path with `/track/` in it.
    Track,
}

/// What goes wrong with a request. Unless it says otherwise, the events of the request are not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// An answer with this status. One from 200 to 299 accepts the events.
    Status(u16),
    /// An answer with this status and a `Retry-After` header.
    RetryAfter {
        /// The status, such as 429 or 503.
        status: u16,
        /// The header's value: seconds, or a date.
        value: String,
    },
    /// An answer that sends the client elsewhere.
    Redirect {
        /// The status, such as 302 or 308.
        status: u16,
        /// The `Location` header's value.
        location: String,
    },
    /// No answer. The connection is dropped at [`recover`](super::Collector::recover).
    Hang,
    /// No answer until [`recover`](super::Collector::recover), and then the ordinary one.
    Hold,
    /// The connection is dropped with the body unread.
    ResetBeforeBody,
    /// The connection is dropped with half of the body read.
    ResetMidBody,
    /// The connection is dropped with the whole request read.
    ResetAfterBody,
    /// The events are accepted, and the connection is dropped before the answer.
    LostAnswer,
    /// The ordinary answer, cut off in the middle of its body. The events are accepted.
    CutAnswer,
    /// The ordinary answer up to the middle of its body, and nothing more until
    /// [`recover`](super::Collector::recover). The events are accepted.
    StallAnswer,
    /// The ordinary answer, and then the connection is closed without a word, as idle ones are.
    CloseAfter,
    /// An answer that is not HTTP.
    Garbage,
    /// A success with a body of so many bytes. The events are accepted.
    Oversized {
        /// Length of the body.
        bytes: usize,
        /// Whether a `Content-Length` header says so beforehand.
        announced: bool,
    },
    /// The ordinary answer, after a pause.
    Slow(Duration),
}
