//! What is remembered of a visitor, and where.

mod applied;
#[cfg(feature = "async")]
mod async_store;
mod json_store;
mod key;
mod memory;
#[cfg(feature = "async")]
mod offloaded;
mod small;
mod state;
mod store;
#[cfg(feature = "async")]
mod time_limit;

pub use applied::Applied;
#[cfg(feature = "async")]
pub use async_store::AsyncDataStore;
#[cfg(feature = "async")]
pub(crate) use async_store::AsyncStore;
pub use json_store::{JsonStore, KeyValue};
pub(crate) use key::ProjectScope;
pub use key::StateKey;
pub(crate) use memory::DEFAULT_VISITORS;
pub use memory::MemoryStore;
#[cfg(feature = "async")]
pub use offloaded::Offloaded;
pub(crate) use small::OneOrMany;
pub(crate) use state::{CUSTOM_SEGMENTS, is_report_segment};
pub use state::{GoalMark, StateChange, VisitorState};
pub use store::{DataStore, StoreError};
