//! What the tests share.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use convert_core::testing::{ManualClock, RecordingTransport};
use convert_core::{
    Applied, AsyncDataStore, BoxFuture, CallOptions, CoreBuilder, DataStore, GoalMark, MemoryStore, RequestKind,
    StateChange, StateKey, StoreError, VisitorState,
};
use serde_json::Value;

pub(crate) const SHOP: &str = include_str!("../../examples/shop.json");

pub(crate) const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A core of the shop, with its time and its network in the test's hands.
pub(crate) fn shop() -> (CoreBuilder, RecordingTransport, ManualClock) {
    let (transport, clock) = (RecordingTransport::new(), ManualClock::new());
    let builder = convert_core::Core::builder()
        .config_json(SHOP)
        .async_transport(transport.clone())
        .clock(clock.clone())
        .batch_size(1000);
    (builder, transport, clock)
}

pub(crate) fn pricing() -> CallOptions {
    CallOptions::new().location([("path", "/pricing")])
}

/// The sent events, as `visitor kind id`.
pub(crate) fn sent(transport: &RecordingTransport) -> Vec<String> {
    let mut events = Vec::new();
    for body in transport.bodies(RequestKind::Tracking) {
        let body: Value = serde_json::from_str(&body).unwrap();
        for visitor in body["visitors"].as_array().unwrap() {
            for event in visitor["events"].as_array().unwrap() {
                let id = event["data"].get("goalId").unwrap_or(&event["data"]["experienceId"]);
                let (kind, id) = (event["eventType"].as_str().unwrap(), id.as_str().unwrap());
                events.push(format!("{} {kind} {id}", visitor["visitorId"].as_str().unwrap()));
            }
        }
    }
    events
}

/// Polls once, with a waker that wakes nobody.
pub(crate) fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Which call of a store waits until it is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    Open,
    Load,
    Apply,
    Mark,
}

/// A store in memory whose calls can be made to wait for ever, before they have any effect.
#[derive(Clone, Debug)]
pub(crate) struct GatedStore {
    pub(crate) memory: Arc<MemoryStore>,
    gate: Arc<Mutex<Gate>>,
}

impl GatedStore {
    pub(crate) fn new() -> Self {
        Self { memory: Arc::new(MemoryStore::new()), gate: Arc::new(Mutex::new(Gate::Open)) }
    }

    pub(crate) fn close(&self, gate: Gate) {
        *self.gate.lock().unwrap() = gate;
    }

    pub(crate) fn state(&self, visitor: &str) -> VisitorState {
        self.memory.load(&StateKey::new("100123", "200456", visitor)).unwrap().unwrap_or_default()
    }

    async fn pass(&self, gate: Gate) {
        if *self.gate.lock().unwrap() == gate {
            std::future::pending::<()>().await;
        }
    }
}

impl AsyncDataStore for GatedStore {
    fn load<'a>(&'a self, key: &'a StateKey) -> BoxFuture<'a, Result<Option<VisitorState>, StoreError>> {
        Box::pin(async move {
            self.pass(Gate::Load).await;
            self.memory.load(key)
        })
    }

    fn apply<'a>(&'a self, key: &'a StateKey, change: &'a StateChange) -> BoxFuture<'a, Result<Applied, StoreError>> {
        Box::pin(async move {
            self.pass(Gate::Apply).await;
            self.memory.apply(key, change)
        })
    }

    fn mark_goal<'a>(&'a self, key: &'a StateKey, mark: &'a GoalMark) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            self.pass(Gate::Mark).await;
            self.memory.mark_goal(key, mark)
        })
    }
}
