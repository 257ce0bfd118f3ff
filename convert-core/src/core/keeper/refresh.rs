//! A refresh that was asked for.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::clock::Clock;
use crate::completion::{Completion, block_until};
use crate::config::FetchError;
use crate::worker::is_inside;

/// What a refresh brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refreshed {
    /// A config was fetched, and is in use.
    Updated,
    /// The config in use is still the present one.
    Unchanged,
}

/// Why a refresh brought nothing. The config in use stays.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RefreshError {
    /// The core was made from a config, without an SDK key to fetch another with.
    NoSdkKey,
    /// The fetch failed.
    Fetch(FetchError),
    /// The time to wait was up, or [`Refresh::wait`] was called in an event handler on the SDK's own thread. The fetch goes
    /// on.
    TimedOut,
    /// The core is closed.
    Closed,
}

impl fmt::Display for RefreshError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSdkKey => "there is no SDK key to fetch a config with; give the builder one",
            Self::Fetch(_) => "the config could not be fetched; the one in use stays",
            Self::TimedOut => "the config was not fetched in time; the fetch goes on",
            Self::Closed => "the core is closed; the config in use stays",
        })
    }
}

impl Error for RefreshError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Fetch(source) => Some(source),
            Self::NoSdkKey | Self::TimedOut | Self::Closed => None,
        }
    }
}

/// A refresh under way: await it, [`wait`](Self::wait) for it, or let it go on by itself.
///
/// Made by [`Core::refresh_now`](crate::Core::refresh_now). It works on any executor.
pub struct Refresh {
    clock: Arc<dyn Clock>,
    /// `None` where nothing can be fetched.
    outcome: Option<Completion<Result<Refreshed, FetchError>>>,
}

impl Refresh {
    pub(super) fn new(clock: Arc<dyn Clock>, outcome: Completion<Result<Refreshed, FetchError>>) -> Self {
        Self { clock, outcome: Some(outcome) }
    }

    pub(super) fn impossible(clock: Arc<dyn Clock>) -> Self {
        Self { clock, outcome: None }
    }

    /// Blocks until the fetch has ended, for at most `timeout`.
    ///
    /// # Errors
    /// [`RefreshError`] where the config in use stays, or stays for now.
    pub fn wait(mut self, timeout: Duration) -> Result<Refreshed, RefreshError> {
        let clock = Arc::clone(&self.clock);
        // There, waiting for the SDK's thread would be for ever.
        let timeout = if is_inside() { Duration::ZERO } else { timeout };
        let deadline = clock.now().saturating_add(timeout);
        let waited = block_until(clock.as_ref(), deadline, |cx| Pin::new(&mut self).poll(cx));
        waited.unwrap_or(Err(RefreshError::TimedOut))
    }
}

impl Future for Refresh {
    type Output = Result<Refreshed, RefreshError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(outcome) = &mut self.outcome else { return Poll::Ready(Err(RefreshError::NoSdkKey)) };
        match Pin::new(outcome).poll(cx) {
            Poll::Ready(Some(outcome)) => Poll::Ready(outcome.map_err(RefreshError::Fetch)),
            Poll::Ready(None) => Poll::Ready(Err(RefreshError::Closed)),
            // There, waiting for the SDK's thread would be for ever.
            Poll::Pending if is_inside() => Poll::Ready(Err(RefreshError::TimedOut)),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl fmt::Debug for Refresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refresh").finish_non_exhaustive()
    }
}
