//! How long to wait after a failure.

use std::time::Duration;

/// The first failure's ceiling; each further one doubles it.
const BASE: Duration = Duration::from_secs(1);
/// The highest ceiling.
const CEILING: Duration = Duration::from_secs(30);
/// An unlucky draw must not make a hot loop.
const FLOOR: Duration = Duration::from_millis(250);
/// At the highest ceiling, two pauses in a row are at least this long together: a short draw is made up for by the next. So
/// an outage of ten minutes gets fewer than sixty requests, however the draws fall.
const PAIR: Duration = Duration::from_secs(24);
/// How far a `Retry-After` is obeyed.
const RETRY_AFTER_LIMIT: Duration = Duration::from_secs(300);

/// Exponential backoff with full jitter.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
    /// The pause before.
    last: Duration,
}

impl Backoff {
    /// The delay after one more failure in a row. `draw` is a fraction from 0 to 1.
    pub(crate) fn next_delay(&mut self, draw: f64, retry_after: Option<Duration>) -> Duration {
        let doublings = self.failures.min(5);
        self.failures = self.failures.saturating_add(1);
        let ceiling = BASE.saturating_mul(1 << doublings).min(CEILING);
        let draw = if draw.is_finite() { draw.clamp(0.0, 1.0) } else { 1.0 };
        let least = if ceiling == CEILING { PAIR.saturating_sub(self.last).max(FLOOR) } else { FLOOR };
        let drawn = ceiling.mul_f64(draw).max(least);
        self.last = drawn.max(retry_after.unwrap_or_default().min(RETRY_AFTER_LIMIT));
        self.last
    }

    /// Starts over after an answer that was no failure.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The times of the requests of an outage: each fails at once.
    fn requests(draws: impl IntoIterator<Item = f64>) -> Vec<Duration> {
        let mut backoff = Backoff::default();
        let mut now = Duration::ZERO;
        let retries = draws.into_iter().map(|draw| {
            now += backoff.next_delay(draw, None);
            now
        });
        std::iter::once(Duration::ZERO).chain(retries).collect()
    }

    fn most_in_ten_minutes(requests: &[Duration]) -> usize {
        let within = |start: &Duration| requests.iter().filter(|at| (*start..*start + 600 * BASE).contains(at)).count();
        requests.iter().map(within).max().unwrap_or_default()
    }

    #[test]
    fn ten_minutes_never_see_more_than_sixty_requests() {
        let unlucky = requests([0.0; 200]);
        assert_eq!(most_in_ten_minutes(&unlucky), 54, "six in 1.25 seconds, then 24 pairs of 24 seconds");
        assert_eq!(most_in_ten_minutes(&requests([1.0; 200])), 24, "six in 31 seconds, then one every 30");
    }

    proptest! {
        #[test]
        fn no_draws_make_more(draws in prop::collection::vec(0.0..=1.0, 200)) {
            prop_assert!(most_in_ten_minutes(&requests(draws)) <= 60);
        }

        #[test]
        fn few_draws_are_made_up_for(draws in prop::collection::vec(prop_oneof![Just(0.0), Just(1.0), Just(0.8)], 200)) {
            prop_assert!(most_in_ten_minutes(&requests(draws)) <= 60);
        }
    }

    #[test]
    fn a_long_pause_leaves_the_next_one_to_its_draw() {
        let mut backoff = Backoff::default();
        let long: Vec<u64> = (0..6).map(|_| backoff.next_delay(1.0, None).as_secs()).collect();
        assert_eq!(long.last(), Some(&30));
        assert_eq!(backoff.next_delay(0.1, None), Duration::from_secs(3), "after 30 seconds");
        assert_eq!(backoff.next_delay(0.1, None), Duration::from_secs(21), "24 with the one before");
        assert_eq!(backoff.next_delay(0.5, None), Duration::from_secs(15));
    }

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
