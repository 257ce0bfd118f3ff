//! How long to wait after a failure.

use std::time::Duration;

/// The first failure's ceiling; each further one doubles it.
const BASE: Duration = Duration::from_secs(1);
/// The highest ceiling.
const CEILING: Duration = Duration::from_secs(30);
/// An unlucky draw must not make a hot loop.
const FLOOR: Duration = Duration::from_millis(250);
/// How far a `Retry-After` is obeyed.
const RETRY_AFTER_LIMIT: Duration = Duration::from_secs(300);

/// Exponential backoff with full jitter.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The delay after one more failure in a row. `draw` is a fraction from 0 to 1.
    pub(crate) fn next_delay(&mut self, draw: f64, retry_after: Option<Duration>) -> Duration {
        let doublings = self.failures.min(5);
        self.failures = self.failures.saturating_add(1);
        let ceiling = BASE.saturating_mul(1 << doublings).min(CEILING);
        let draw = if draw.is_finite() { draw.clamp(0.0, 1.0) } else { 1.0 };
        let drawn = ceiling.mul_f64(draw).max(FLOOR);
        drawn.max(retry_after.unwrap_or_default().min(RETRY_AFTER_LIMIT))
    }

    /// Starts over after an answer that was no failure.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_up_to_thirty_seconds_and_starts_over() {
        let mut backoff = Backoff::default();
        let delays: Vec<u64> = (0..8).map(|_| backoff.next_delay(1.0, None).as_secs()).collect();
        assert_eq!(delays, [1, 2, 4, 8, 16, 30, 30, 30]);
        backoff.reset();
        assert_eq!(backoff.next_delay(0.5, None), Duration::from_millis(500));
    }

    #[test]
    fn an_unlucky_draw_still_waits() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.next_delay(0.0, None), FLOOR);
        assert_eq!(backoff.next_delay(f64::NAN, None), Duration::from_secs(2));
    }

    #[test]
    fn retry_after_raises_the_delay_up_to_five_minutes() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.next_delay(1.0, Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(backoff.next_delay(1.0, Some(Duration::ZERO)), Duration::from_secs(2));
        assert_eq!(backoff.next_delay(1.0, Some(Duration::from_secs(86_400))), Duration::from_secs(300));
    }
}
