//! Pure evaluation: no clock, no I/O, no locks.
//!
//! A [`Call`] holds everything that is looked at; what is to be stored, sent and told comes back as [`Effects`].

pub(crate) mod bucketing;
mod call;
pub(crate) mod cast;
mod conversion;
mod experience;
mod feature;
mod mismatch;
mod murmur3;
mod qualify;
mod reason;
mod segments;

pub use bucketing::BucketingOptions;
pub(crate) use call::{Call, Effects, EvalSettings, Force, Previewed, Wanted};
pub(crate) use conversion::{Conversion, Refused, conversion_events, find_goal, goal_mark};
pub(crate) use experience::{Decided, decide_all, decide_by_key};
pub(crate) use feature::{Delivered, deliver, deliver_all};
pub use mismatch::Mismatch;
pub(crate) use mismatch::mismatches;
pub use reason::{DecisionSource, Reason};
pub(crate) use segments::{match_custom_segments, report_segments, split_report_segments, with_custom_segments};
