//! The server's side: in a process of its own.

use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use convert_core::{Context, Core, Stats};
use serde::{Deserialize, Serialize};

use crate::say;

pub(crate) const ENDPOINT: &str = "LOAD_TRACK_ENDPOINT";
pub(crate) const WORKERS: &str = "LOAD_WORKERS";
pub(crate) const QUEUE_FULL: &str = "queue full";
/// How many events the core's queue holds. These are small, so that its bound in bytes is never met first.
pub(crate) const QUEUE_LIMIT: u64 = 100_000;

/// How many workers this process is told to have.
pub(crate) fn workers() -> Option<usize> {
    std::env::var(WORKERS).ok()?.parse().ok()
}

const CONFIG: &str = r#"{
  "account_id": "1", "project": {"id": "2"},
  "experiences": [{"id": "10", "key": "everybody", "variations": [
    {"id": "11", "key": "a", "traffic_allocation": 50}, {"id": "12", "key": "b", "traffic_allocation": 50}
  ]}],
  "goals": [{"id": "20", "key": "done", "rules": null}]
}"#;

/// What the server's process has beside its web framework.
#[derive(Debug)]
pub struct Server {
    core: Core,
    /// The requests that reached a handler.
    entered: Mutex<Vec<u64>>,
}

/// Where the server takes a request.
#[must_use]
pub fn path(id: u64) -> String {
    format!("/work/{id}")
}

/// Whether a handler should take its time, 20 ms, so that there are always requests under way.
#[must_use]
pub fn is_slow(id: u64) -> bool {
    id % 16 == 0
}

impl Server {
    pub(crate) fn from_env() -> Option<Result<Self, Box<dyn Error>>> {
        let endpoint = std::env::var(ENDPOINT).ok()?;
        // Short, so that a collector that hangs is given up within the run.
        let core = Core::builder().config_json(CONFIG).track_endpoint(endpoint).request_timeout(Duration::from_secs(1));
        let core = core.batch_size(200).build();
        Some(core.map(|core| Self { core, entered: Mutex::default() }).map_err(Into::into))
    }

    /// The core, for the middleware and the lifespan.
    #[must_use]
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// Says where the server listens, such as `127.0.0.1:49152`. To be called once it does.
    pub fn listens_at(&self, address: impl std::fmt::Display) {
        say(&address.to_string());
    }

    /// A request has reached its handler: to be called first.
    pub fn enter(&self, id: u64) {
        self.entered.lock().unwrap_or_else(PoisonError::into_inner).push(id);
    }

    /// What the handler of a request does with the visitor's context, and answers with.
    pub fn handle(&self, visitor: &Context) -> String {
        let decision = visitor.run_experience("everybody");
        let outcome = visitor.track_conversion("done");
        format!("{} {}", decision.map_or("-", |_| "decided"), if outcome.is_queued() { "queued" } else { "refused" })
    }

    pub(crate) fn report(&self) -> Result<(), Box<dyn Error>> {
        let entered = std::mem::take(&mut *self.entered.lock().unwrap_or_else(PoisonError::into_inner));
        say(&serde_json::to_string(&ServerReport::new(entered, &self.core.stats()))?);
        Ok(())
    }
}

/// The last thing that the server's process says.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct ServerReport {
    pub(crate) entered: Vec<u64>,
    pub(crate) accepted: u64,
    pub(crate) delivered: u64,
    pub(crate) pending: u64,
    /// By reason.
    pub(crate) dropped: Vec<(String, u64)>,
    pub(crate) ambiguous: u64,
    pub(crate) requests: u64,
}

impl ServerReport {
    fn new(entered: Vec<u64>, stats: &Stats) -> Self {
        let dropped = [
            (QUEUE_FULL, stats.dropped.queue_full),
            ("rejected", stats.dropped.rejected),
            ("too large", stats.dropped.too_large),
            ("ambiguous", stats.dropped.ambiguous),
            ("closed", stats.dropped.closed),
        ];
        Self {
            entered,
            accepted: stats.accepted.total(),
            delivered: stats.delivered.total(),
            pending: stats.pending.total(),
            dropped: dropped.map(|(reason, counts)| (reason.to_owned(), counts.total())).into(),
            ambiguous: stats.ambiguous.total(),
            requests: stats.requests,
        }
    }

    pub(crate) fn dropped_in_all(&self) -> u64 {
        self.dropped.iter().map(|(_, count)| count).sum()
    }

    pub(crate) fn dropped_by(&self, reason: &str) -> u64 {
        self.dropped.iter().filter(|(named, _)| named == reason).map(|(_, count)| count).sum()
    }
}
