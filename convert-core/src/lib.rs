//! Convert experimentation SDK: A/B experiences, feature flags and conversion tracking, decided in process.
//!
//! ```
//! use std::time::Duration;
//! use convert_core::{CallOptions, ConversionOptions, Core};
//!
//! # #[cfg(not(feature = "reqwest"))]
//! # fn main() {}
//! # #[cfg(feature = "reqwest")]
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // With an account: Core::from_sdk_key("100123/200456")?
//!     let core = Core::builder().config_file("examples/shop.json").tracking(false).build()?;
//!     let visitor = core.create_context("visitor-1")?;
//!     let page = visitor.run_experience_with("pricing-page", &CallOptions::new().location([("path", "/pricing")]));
//!     println!("show the page as {}", page.as_ref().map_or("usual", |decision| decision.variation_key()));
//!     visitor.track_conversion_with("purchase", &ConversionOptions::new().revenue(49.9));
//!     println!("{}", core.close(Duration::from_secs(5))); // delivers what is queued, and says what became of it
//!     Ok(())
//! }
//! ```
//!
//! The file is [shop.json](https://github.com/convertcom/rust-sdk/blob/main/convert-core/examples/shop.json), a small project to
//! begin with.
//!
//! # How it works
//!
//! A [`Core`] holds one project: its config, its visitors' state, and the queue of tracking events. Make one when the
//! app starts. A [`Context`] is one visitor's view of it: it decides experiences and features, and tracks conversions.
//! Decisions are made in process, from the config; none of them waits for the network. Events are delivered in batches
//! by one thread of the SDK's own, which starts when there is something to do.
//!
//! | to | call |
//! |---|---|
//! | decide an A/B test | [`Context::run_experience`] |
//! | decide a feature flag, with its variables | [`Context::run_feature`] |
//! | count a goal, with revenue | [`Context::track_conversion`], [`Context::track_conversion_with`] |
//! | see why there is no variation | [`Context::explain_experience`] |
//! | send what is queued | [`Core::flush`], and [`Core::close`] at the end |
//! | see what became of every event | [`Core::stats`] |
//! | observe | [`Core::on`] |
//! | call it from asynchronous code, on any executor | `AsyncCore`, `AsyncContext` (feature `async`) |
//! | have the config fetched again | [`CoreBuilder::refresh`], [`Core::refresh_now`] |
//! | keep state elsewhere | [`DataStore`], [`JsonStore`] |
//! | use an HTTP client of one's own | [`Transport`], [`AsyncTransport`] |
//!
//! Convert's words and those of other flag SDKs: an *experience* is a flag or an experiment, a *variation* a variant, a
//! *visitor id* the targeting key, and an *attribute* part of the evaluation context.
//!
//! # Cargo features
//!
//! | feature | |
//! |---|---|
//! | `reqwest-rustls` (default) | HTTP over reqwest and rustls, with an explicit crypto provider: the app's own choice is not touched |
//! | `reqwest-native-tls` | HTTP over reqwest and the operating system's TLS |
//! | `reqwest` | HTTP over reqwest without TLS, or over a client of the app's |
//! | `async` | `AsyncCore` and `AsyncContext`: the same calls as futures, on any executor |
//! | `exit-hook` | `Core::register_exit_flush`: what is left is flushed when the process exits (Unix) |
//! | `shutdown-signal` | `shutdown_signal`: a future that ends at SIGTERM or Ctrl-C, on tokio |
//! | `web` | what the web crates share: cookies, visitor ids, preview links, consent headers |
//! | `lifespan` | what the web crates share of a server's life, on tokio: its shutdown signal, drain deadline and last delivery |
//! | `testing` | the test kit, [`testing`](https://docs.rs/convert-core/latest/convert_core/testing/) |
//!
//! With none of them the core needs a [`Transport`] of the app's.
//!
//! # Guides
//!
//! | page | |
//! |---|---|
//! | [Getting started](guide::getting_started) | from nothing to a decided page and a counted purchase |
//! | [Experiences, features, conversions, segments](guide::deciding) | what can be decided and tracked |
//! | [Visitors](guide::visitors) | identity, consent, caches |
//! | [Delivery and shutdown](guide::delivery) | when events leave, and what must happen at the end |
//! | [Testing your app](guide::testing) | without a network |
//! | [A config by hand](guide::config_by_hand) | members, rules, and where to have one |
//! | [Extending](guide::extending) | stores, transports, event handlers, TLS |
//! | [Differences](guide::differences) | from the official SDKs, on purpose |
//! | [Moving from JavaScript or Python](guide::migrating) | names side by side |
//! | [Troubleshooting](guide::troubleshooting) | by symptom |
//! | [Glossary](guide::glossary) | the words of other flag SDKs |
//! | [Stability](guide::stability) | versions, Rust, frameworks |

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(feature = "exit-hook"), forbid(unsafe_code))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod attributes;
mod chain;
mod clock;
mod completion;
mod config;
mod context;
mod core;
mod deadline;
mod eval;
mod events;
#[cfg(feature = "exit-hook")]
mod exit;
mod js;
mod json;
mod off_thread;
mod redact;
mod rules;
#[cfg(feature = "shutdown-signal")]
mod signal;
mod sync;
mod text;
mod tracking;
mod transport;
#[cfg(test)]
mod vectors;
mod visitor;
#[cfg(test)]
mod warned;
mod worker;

// The programs of the guides need these features; the pages themselves are always there.
#[cfg(any(not(doctest), all(feature = "async", feature = "reqwest", feature = "testing")))]
pub mod guide;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(feature = "web")]
pub mod web;

#[cfg(doctest)]
mod readme {
    #[doc = include_str!("../README.md")]
    struct Package;
}

pub use attributes::{AttributeError, AttributeValue, Attributes};
pub use clock::{Clock, Jitter, SystemClock};
pub use config::{
    Audience, Change, ConfigError, ConfigWarning, Entity, EntityKind, Experience, FeatureDeclaration, FetchError, Goal,
    Location, ProjectConfig, Segment, Variable, VariableDeclaration, VariableKind, VariableValue, Variation,
};
#[cfg(feature = "async")]
pub use context::AsyncContext;
pub use context::{
    CallOptions, Context, ContextOptions, ConversionOptions, ConversionOutcome, Decision, Explanation, Feature,
    FeatureDelivery, FeatureExplanation, FeatureReason, FeatureStatus, GoalDataKey, GoalExplanation, GoalReason,
    OwnedDecision, Preview, PreviewOutcome, SegmentError, VariableError,
};
#[cfg(feature = "async")]
pub use core::AsyncCore;
pub use core::{
    BuildError, ConfigOrigin, ConfigStatus, ContextError, Core, CoreBuilder, Refresh, RefreshConfig, RefreshError,
    Refreshed,
};
pub use eval::{BucketingOptions, DecisionSource, Mismatch, Reason};
pub use events::{Event, Subscription};
pub use redact::VisitorId;
pub use rules::{Lookup, RuleData, RuleDataError, RuleItem, RuleMismatch};
#[cfg(feature = "shutdown-signal")]
pub use signal::shutdown_signal;
pub use text::Text;
pub use tracking::{
    DeliveryError, DropReason, Dropped, EventCounts, EventType, FlushError, FlushReport, ReleaseReason, Stats,
};
#[cfg(feature = "reqwest")]
pub use transport::ReqwestTransport;
pub use transport::{
    AsyncTransport, BoxFuture, EndpointError, RedirectError, Request, RequestKind, Response, Transport, TransportError,
    TransportErrorKind,
};
pub use visitor::{
    Applied, DataStore, GoalMark, JsonStore, KeyValue, MemoryStore, StateChange, StateKey, StoreError, VisitorState,
};
#[cfg(feature = "async")]
pub use visitor::{AsyncDataStore, Offloaded};
pub use worker::{AmbiguousPolicy, Worker};
