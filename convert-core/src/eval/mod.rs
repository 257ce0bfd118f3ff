//! Pure evaluation: no clock, no I/O, no locks.

pub(crate) mod bucketing;
pub(crate) mod cast;

pub use bucketing::BucketingOptions;
