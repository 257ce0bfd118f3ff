//! The bucket value of a visitor in an experience.

use std::num::NonZeroU32;

use super::murmur3::murmur3_32;

const DEFAULT_SEED: u32 = 9999;
const DEFAULT_MAX_TRAFFIC: u32 = 10_000;

/// How visitors are hashed into buckets. The defaults are those of every official SDK.
///
/// Change them only to match another SDK of the same project that was changed in the same way: a different hash moves
/// every visitor who has no stored decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct BucketingOptions {
    pub(crate) seed: u32,
    pub(crate) max_traffic: NonZeroU32,
    pub(crate) exclude_experience_id: bool,
}

impl Default for BucketingOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl BucketingOptions {
    /// Seed 9999, 10,000 buckets, experience id hashed.
    pub const fn new() -> Self {
        // A `NonZeroU32` constant without a fallible step: 10,000 is not zero.
        let max_traffic = match NonZeroU32::new(DEFAULT_MAX_TRAFFIC) {
            Some(max_traffic) => max_traffic,
            None => NonZeroU32::MIN,
        };
        Self { seed: DEFAULT_SEED, max_traffic, exclude_experience_id: false }
    }

    /// The hash's seed (`bucketing.hash_seed` of the JavaScript SDK, where 0 means the default too).
    pub const fn seed(mut self, seed: u32) -> Self {
        self.seed = if seed == 0 { DEFAULT_SEED } else { seed };
        self
    }

    /// The number of buckets (`bucketing.max_traffic` of the JavaScript SDK).
    ///
    /// Experiences of config version 12 and above place their arms on a scale of 10,000 whatever this is; leave it at
    /// its default where a project has such.
    pub const fn max_traffic(mut self, buckets: NonZeroU32) -> Self {
        self.max_traffic = buckets;
        self
    }

    pub(crate) fn has_default_scale(&self) -> bool {
        self.max_traffic.get() == DEFAULT_MAX_TRAFFIC
    }

    /// Whether to hash the visitor id alone (`bucketing.excludeExperienceIdHash` of the JavaScript SDK): a visitor then
    /// has the same bucket value in every experience.
    pub const fn exclude_experience_id(mut self, exclude: bool) -> Self {
        self.exclude_experience_id = exclude;
        self
    }
}

/// `trunc(murmur3_x86_32(experience id ++ visitor id, seed) / 2^32 × max_traffic)`, in doubles and in this order.
#[inline]
pub(crate) fn bucket_value(experience_id: &str, visitor_id: &str, options: &BucketingOptions) -> u32 {
    let prefix = if options.exclude_experience_id { "" } else { experience_id };
    let hash = murmur3_32(prefix.as_bytes(), visitor_id.as_bytes(), options.seed);
    (f64::from(hash) / 4_294_967_296.0 * f64::from(options.max_traffic.get())) as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(experience_id: &str, visitor_id: &str) -> u32 {
        bucket_value(experience_id, visitor_id, &BucketingOptions::new())
    }

    #[test]
    fn values_are_those_of_the_official_sdk() {
        // From the shared vectors and the scenarios of documented differences.
        for (experience, visitor, value) in [("301", "visitor-0", 1448), ("301", "visitor-11", 38), ("10", "u1", 8666)]
        {
            assert_eq!(plain(experience, visitor), value);
        }
    }

    #[test]
    fn options_change_the_hash() {
        let options = BucketingOptions::new();
        assert_eq!(bucket_value("10", "u1", &options.seed(0)), 8666);
        assert_ne!(bucket_value("10", "u1", &options.seed(1)), 8666);
        // The same hash, half the scale: trunc(x / 2) of the untruncated value, so half of the truncated one here.
        let half = options.max_traffic(NonZeroU32::new(5000).unwrap());
        assert_eq!(bucket_value("10", "u1", &half), 4333);
        let alone = options.exclude_experience_id(true);
        assert_eq!(bucket_value("10", "u1", &alone), plain("", "u1"));
        assert_eq!(bucket_value("20", "u1", &alone), plain("", "u1"));
    }

    proptest! {
        #[test]
        fn two_texts_hash_as_one(experience in ".{0,9}", visitor in ".{0,40}", seed in 1_u32.., max in 1_u32..) {
            let joined = format!("{experience}{visitor}");
            let hash = murmur3::murmur3_32(&mut joined.as_bytes(), seed).unwrap();
            let expected = (f64::from(hash) / 4_294_967_296.0 * f64::from(max)).trunc() as u32;
            let options = BucketingOptions::new().seed(seed).max_traffic(NonZeroU32::new(max).unwrap());
            prop_assert_eq!(bucket_value(&experience, &visitor, &options), expected);
            prop_assert!(expected < max);
        }
    }
}
