//! Time that a test moves by hand.

use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::time::Duration;

use crate::clock::Clock;
use crate::completion::lock;

/// 2024-01-01T00:00:00Z, so that dates in tests are readable.
const START: Duration = Duration::from_secs(1_704_067_200);

/// A [`Clock`] that stands still until a test moves it. Clones show the same time.
///
/// Whatever waits for a deadline on it, the SDK's thread included, is woken by each move and looks again.
///
/// ```
/// use std::time::Duration;
/// use convert_core::{Clock, testing::ManualClock};
///
/// let clock = ManualClock::new();
/// clock.advance(Duration::from_secs(600));
/// assert_eq!(clock.now(), Duration::from_secs(600));
/// ```
#[derive(Clone, Debug, Default)]
pub struct ManualClock {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    now: Duration,
    unix_origin: Duration,
    waiting: Vec<Waker>,
}

impl Default for State {
    fn default() -> Self {
        Self { now: Duration::ZERO, unix_origin: START, waiting: Vec::new() }
    }
}

impl ManualClock {
    /// A clock at zero; its Unix time starts at 2024-01-01T00:00:00Z.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves both times forward by `step` and wakes whatever waits.
    pub fn advance(&self, step: Duration) {
        let waiting = {
            let mut state = lock(&self.state);
            state.now = state.now.saturating_add(step);
            std::mem::take(&mut state.waiting)
        };
        for waker in waiting {
            waker.wake();
        }
    }

    /// Sets the Unix time, as an operator or a time service would, without moving [`now`](Clock::now).
    pub fn set_unix_time(&self, time: Duration) {
        let mut state = lock(&self.state);
        state.unix_origin = time.saturating_sub(state.now);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Duration {
        lock(&self.state).now
    }

    fn unix_time(&self) -> Duration {
        let state = lock(&self.state);
        state.unix_origin.saturating_add(state.now)
    }

    fn real_time_until(&self, deadline: Duration) -> Option<Duration> {
        (deadline <= self.now()).then_some(Duration::ZERO)
    }

    fn on_advance(&self, waker: &Waker) {
        let mut state = lock(&self.state);
        if !state.waiting.iter().any(|known| known.will_wake(waker)) {
            state.waiting.push(waker.clone());
        }
    }
}
