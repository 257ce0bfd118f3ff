//! Convert experimentation SDK for Rust: A/B experiences, feature flags and conversion tracking.
#![allow(dead_code, unused_imports)]
#![cfg_attr(not(feature = "exit-hook"), forbid(unsafe_code))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod attributes;
mod clock;
mod completion;
mod config;
mod context;
mod core;
mod eval;
mod events;
mod js;
mod json;
mod redact;
mod rules;
mod tracking;
mod transport;
mod visitor;
mod worker;

#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use attributes::{AttributeError, AttributeValue, Attributes};
pub use clock::{Clock, Jitter, SystemClock};
pub use config::{
    Audience, Change, ConfigError, ConfigWarning, Entity, EntityKind, Experience, FeatureDeclaration, FetchError, Goal,
    Location, ProjectConfig, Segment, Variable, VariableDeclaration, VariableKind, VariableValue, Variation,
};
pub use context::{
    CallOptions, Context, ContextOptions, ConversionOptions, ConversionOutcome, Decision, Explanation, Feature,
    FeatureDelivery, FeatureExplanation, FeatureReason, FeatureStatus, GoalDataKey, GoalReason, OwnedDecision, Preview,
    PreviewOutcome, SegmentError, VariableError,
};
pub use core::{BuildError, ContextError, Core, CoreBuilder};
pub use eval::{BucketingOptions, DecisionSource, Reason};
pub use events::{Event, Subscription};
pub use rules::{Lookup, RuleData, RuleItem};
pub use tracking::{DropReason, Dropped, EventCounts, EventType, FlushError, FlushReport, ReleaseReason, Stats};
#[cfg(feature = "reqwest")]
pub use transport::ReqwestTransport;
pub use transport::{
    AsyncTransport, BoxFuture, EndpointError, RedirectError, Request, RequestKind, Response, Transport, TransportError,
    TransportErrorKind,
};
pub use visitor::{
    DataStore, GoalMark, JsonStore, KeyValue, MemoryStore, StateChange, StateKey, StoreError, VisitorState,
};
pub use worker::{AmbiguousPolicy, Worker};
