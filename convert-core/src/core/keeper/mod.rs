//! Keeps the config: fetches the first one, fetches it again from time to time and when asked to, and saves it.
//!
//! One task on the SDK's thread does all of it, so no two fetches overlap: who asks while one is under way gets its
//! outcome. The task ends where there is nothing left to do, and starts anew at the next need.

mod fetcher;
mod loading;
mod refresh;
mod refresh_config;
mod saved;
mod saving;
mod startup;
mod status;
mod task;

pub(crate) use fetcher::{Failed, Fetcher};
pub(crate) use loading::Loading;
pub use refresh::{Refresh, RefreshError, Refreshed};
pub use refresh_config::RefreshConfig;
pub(crate) use saved::{Saved, SavedConfig};
pub(super) use startup::Startup;
pub use status::{ConfigOrigin, ConfigStatus};
