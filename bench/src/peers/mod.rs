//! The same work in other SDKs: flags with one rule on one text attribute, and two variants of half the users each.

pub mod configcat;
pub mod eppo;
pub mod growthbook;
pub mod launchdarkly;
pub mod unleash;

/// An SDK with so many flags loaded.
pub trait Peer: Sized {
    const NAME: &'static str;

    /// The config, as text.
    fn config(flags: usize) -> String;

    fn load(config: &str) -> Self;

    /// The length of the variant's name: 0 for none.
    fn decide(&self, key: &str) -> usize;
}
