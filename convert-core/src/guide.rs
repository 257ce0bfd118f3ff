//! Guides: how to use this SDK, and what to expect of it.
//!
//! The same pages are in the repository, in `convert-core/docs`. Every program on them is compiled and run with the tests;
//! [getting started](getting_started) says what they need to run elsewhere.

/// A page from a file of `docs`. Links between pages lead to files there and to modules here: the first definition of a link
/// counts.
macro_rules! page {
    ($(#[$summary:meta])* $name:ident, $file:literal) => {
        $(#[$summary])*
        #[doc = ""]
        #[doc = include_str!("../docs/links.txt")]
        #[doc = ""]
        #[doc = include_str!(concat!("../docs/", $file))]
        pub mod $name {}
    };
}

page!(
    /// From nothing to a decided page and a counted purchase.
    getting_started,
    "getting-started.md"
);
page!(
    /// What can be decided and tracked: experiences, features, conversions, attributes, segments, previews.
    deciding,
    "deciding.md"
);
page!(
    /// Who a visitor is, what is kept of one, consent, and caches.
    visitors,
    "visitors.md"
);
page!(
    /// When events leave, what happens when it fails, and what must happen before a process ends.
    delivery,
    "delivery.md"
);
page!(
    /// Tests of an app without a network.
    testing,
    "testing.md"
);
page!(
    /// The config that the SDK decides over: how to have one without an account, its members, its rules.
    config_by_hand,
    "config-by-hand.md"
);
page!(
    /// Stores, transports and event handlers of one's own, and the choice of TLS.
    extending,
    "extending.md"
);
page!(
    /// What this SDK does otherwise than the official ones, and why.
    differences,
    "differences.md"
);
page!(
    /// Names of the JavaScript and Python SDKs, and this one's.
    migrating,
    "migrating.md"
);
page!(
    /// Symptoms, causes, and how to ask the SDK.
    troubleshooting,
    "troubleshooting.md"
);
page!(
    /// Convert's words and those of other flag SDKs.
    glossary,
    "glossary.md"
);
page!(
    /// What a version number promises, and what is supported for how long.
    stability,
    "stability.md"
);
