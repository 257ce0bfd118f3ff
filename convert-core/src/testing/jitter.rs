//! Chance that is none.

use crate::clock::Jitter;

/// A [`Jitter`] that always draws the same fraction, so that a test knows each delay.
#[derive(Clone, Copy, Debug)]
pub struct FixedJitter {
    fraction: f64,
}

impl FixedJitter {
    /// Draws `fraction` each time; values outside 0 to 1 are brought to the nearer end, NaN to 0.
    #[must_use]
    pub fn new(fraction: f64) -> Self {
        Self { fraction: if fraction.is_nan() { 0.0 } else { fraction.clamp(0.0, 1.0) } }
    }
}

impl Jitter for FixedJitter {
    fn fraction(&self) -> f64 {
        self.fraction
    }
}
