//! How often the config is fetched again.

use std::time::Duration;

/// How often the config is fetched again, for [`CoreBuilder::refresh`](crate::CoreBuilder::refresh).
///
/// The time from one fetch to the next is the interval plus a random part of the jitter, so that many processes do not ask
/// at once. After a failure the interval is multiplied by the backoff factor, and again after each further one, up to the
/// ceiling; a server's `Retry-After` is waited for. The config in use stays meanwhile.
///
/// ```
/// use std::time::Duration;
/// use convert_core::RefreshConfig;
///
/// let hourly = RefreshConfig::new().interval(Duration::from_secs(3600)).max_interval(Duration::from_secs(6 * 3600));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct RefreshConfig {
    interval: Duration,
    jitter: Duration,
    backoff_factor: f64,
    max_interval: Duration,
}

impl Default for RefreshConfig {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(300),
            jitter: Duration::from_secs(30),
            backoff_factor: 2.0,
            max_interval: Duration::from_secs(600),
        }
    }
}

impl RefreshConfig {
    /// Every 300 seconds plus up to 30; after failures twice as long each time, up to 600 seconds.
    pub fn new() -> Self {
        Self::default()
    }

    /// The time from one fetch to the next; above 0. An interval above the ceiling needs a higher
    /// [`max_interval`](Self::max_interval).
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// The most that is added at random; 0 is none.
    pub fn jitter(mut self, jitter: Duration) -> Self {
        self.jitter = jitter;
        self
    }

    /// What each failure in a row multiplies the interval by; 1 or more.
    pub fn backoff_factor(mut self, factor: f64) -> Self {
        self.backoff_factor = factor;
        self
    }

    /// The ceiling of the interval after failures; the interval or more.
    pub fn max_interval(mut self, ceiling: Duration) -> Self {
        self.max_interval = ceiling;
        self
    }

    /// The first setting that is out of its range, and what it must be.
    pub(crate) fn check(&self) -> Option<(&'static str, &'static str)> {
        if self.interval.is_zero() {
            Some(("refresh interval", "above 0"))
        } else if !(self.backoff_factor.is_finite() && self.backoff_factor >= 1.0) {
            Some(("refresh backoff_factor", "a number of 1 or more"))
        } else if self.max_interval < self.interval {
            Some(("refresh max_interval", "the interval or more"))
        } else {
            None
        }
    }

    /// The longest time from one fetch to the next, but for the jitter.
    pub(super) fn slowest(&self) -> Duration {
        self.max_interval
    }

    /// The time to the next fetch after so many failures in a row; `chance` is a number from 0 to 1.
    pub(super) fn delay(&self, failures: u32, chance: f64) -> Duration {
        let ceiling = self.max_interval.as_secs_f64();
        let exponent = i32::try_from(failures).unwrap_or(i32::MAX);
        let grown = self.interval.as_secs_f64() * self.backoff_factor.powi(exponent);
        let delay = if failures == 0 {
            self.interval
        } else if grown < ceiling {
            Duration::try_from_secs_f64(grown).unwrap_or(self.max_interval)
        } else {
            self.max_interval
        };
        let jitter = Duration::try_from_secs_f64(self.jitter.as_secs_f64() * chance).unwrap_or(self.jitter);
        delay.saturating_add(jitter.min(self.jitter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn failures_multiply_the_interval_up_to_the_ceiling() {
        let config = RefreshConfig::new().interval(seconds(60));
        let delays: Vec<u64> = (0..7).map(|failures| config.delay(failures, 0.0).as_secs()).collect();
        assert_eq!(delays, [60, 120, 240, 480, 600, 600, 600]);
        assert_eq!(config.delay(u32::MAX, 0.0), seconds(600));
        assert_eq!(RefreshConfig::new().delay(1, 0.0), seconds(600));
    }

    #[test]
    fn the_jitter_is_added_to_any_delay() {
        let config = RefreshConfig::new();
        assert_eq!(config.delay(0, 0.5), seconds(315));
        assert_eq!(config.delay(9, 1.0), seconds(630));
        assert_eq!(config.clone().jitter(Duration::ZERO).delay(0, 0.9), seconds(300));
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let wrong = |config: RefreshConfig| config.check().unwrap().0;
        assert_eq!(wrong(RefreshConfig::new().interval(Duration::ZERO)), "refresh interval");
        assert_eq!(wrong(RefreshConfig::new().interval(seconds(601))), "refresh max_interval");
        for factor in [0.99, 0.0, -2.0, f64::NAN, f64::INFINITY] {
            assert_eq!(wrong(RefreshConfig::new().backoff_factor(factor)), "refresh backoff_factor");
        }
        let sound = RefreshConfig::new().interval(seconds(600)).backoff_factor(1.0).jitter(Duration::MAX);
        assert_eq!(sound.check(), None);
        assert_eq!(sound.delay(3, 1.0), Duration::MAX);
    }
}
