//! The served project config, compiled once at load.
//!
//! The data flows from top to bottom: `document` splits the text into entities, `reader` parses them one by one and
//! decides what is skipped, one file per kind of entity compiles its own, `layout` turns weights into ranges, and
//! `project` owns the result.

mod document;
mod entity;
mod error;
mod experience;
mod extra;
mod feature;
mod fetch;
mod fetch_error;
mod goal;
mod identity;
mod index;
mod layout;
mod places;
mod project;
mod reader;
mod targeting;
mod variable;
mod variation;
mod warnings;

#[cfg(test)]
mod tests;

pub use entity::{Entity, EntityKind};
pub use error::ConfigError;
pub use experience::Experience;
pub(crate) use experience::{AudienceMode, LocationGate};
pub use feature::{FeatureDeclaration, VariableDeclaration, VariableKind};
pub(crate) use fetch::{ConfigTag, Fetch, FetchPolicy, FetchStep, Fetched, TextHash};
pub use fetch_error::FetchError;
pub use goal::Goal;
pub use project::ProjectConfig;
pub use targeting::{Audience, Location, Segment};
pub use variable::{Variable, VariableValue};
pub use variation::{Change, Variation};
pub use warnings::ConfigWarning;
pub(crate) use warnings::Warnings;
