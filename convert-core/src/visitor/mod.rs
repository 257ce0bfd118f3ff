//! What is remembered of a visitor, and where.

mod json_store;
mod key;
mod memory;
mod small;
mod state;
mod store;

pub use json_store::{JsonStore, KeyValue};
pub(crate) use key::ProjectScope;
pub use key::StateKey;
pub(crate) use memory::DEFAULT_VISITORS;
pub use memory::MemoryStore;
pub(crate) use small::OneOrMany;
pub(crate) use state::{CUSTOM_SEGMENTS, is_report_segment};
pub use state::{GoalMark, StateChange, VisitorState};
pub use store::{DataStore, StoreError};
