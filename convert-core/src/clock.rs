//! Time and chance, injected: what the SDK waits for and how it spreads its retries.

use std::fmt;
use std::task::Waker;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where the SDK takes its time from. [`SystemClock`] is the real one; the test kit's manual clock is the other.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Time since an arbitrary origin. Never goes back.
    fn now(&self) -> Duration;

    /// Time since the Unix epoch, for dates that a server sends.
    fn unix_time(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    /// How long to sleep in real time until `deadline`: `None` is "until woken", for a clock that is moved by hand.
    fn real_time_until(&self, deadline: Duration) -> Option<Duration> {
        Some(deadline.saturating_sub(self.now()))
    }

    /// Asks to be woken at the next move of a clock that is moved by hand. The real clock wakes nobody.
    ///
    /// Whoever waits asks anew before each look at the clock, so that no move falls between the look and the wait.
    fn on_advance(&self, waker: &Waker) {
        let _ = waker;
    }
}

/// The operating system's monotonic clock.
#[derive(Clone, Debug)]
pub struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    /// A clock whose origin is now.
    #[must_use]
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }
}

/// Where the SDK takes its randomness from: retries and refreshes are spread so that many processes do not act at once.
pub trait Jitter: fmt::Debug + Send + Sync + 'static {
    /// A number from 0 (inclusive) to 1 (exclusive).
    fn fraction(&self) -> f64;
}

/// A pseudo-random [`Jitter`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RandomJitter;

impl Jitter for RandomJitter {
    fn fraction(&self) -> f64 {
        fastrand::f64()
    }
}
