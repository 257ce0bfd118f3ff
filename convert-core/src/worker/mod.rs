//! The SDK's one background thread: what it works on, and how a transport may host it.

use std::task::{Context, Poll};
use std::time::Duration;

/// The SDK's background work: delivery, config fetches, preview fetches.
///
/// An [`AsyncTransport`](crate::AsyncTransport) gets it in [`drive`](crate::AsyncTransport::drive), on a thread that is
/// its to use until the work ends. A transport that needs no runtime calls [`run`](Self::run); one that does polls the
/// worker inside it: [`poll`](Self::poll) whenever its waker is woken or [`wake_in`](Self::wake_in) has passed.
#[derive(Debug)]
pub struct Worker {
    _private: (),
}

impl Worker {
    /// Works on this thread until the core is closed or dropped.
    pub fn run(self) {}

    /// Does what can be done now. Ready when the work has ended and the thread may go.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let _ = cx;
        Poll::Ready(())
    }

    /// The longest time, in real time, after which [`poll`](Self::poll) is due even if nothing woke its waker; `None`
    /// is "not before the waker is woken". Valid until the next poll.
    #[must_use]
    pub fn wake_in(&self) -> Option<Duration> {
        None
    }
}
