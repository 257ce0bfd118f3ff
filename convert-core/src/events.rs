//! Lifecycle events: what an app can observe of the SDK.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::completion::lock;
use crate::config::FetchError;
use crate::redact::VisitorId;
use crate::tracking::{DeliveryError, DropReason, ReleaseReason};
use crate::visitor::StoreError;

/// Something that happened in the SDK (behaviour of the official SDKs' event manager, typed).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A config is installed for the first time. A handler that subscribes later gets it at once.
    #[non_exhaustive]
    Ready {},
    /// A newer config was installed.
    #[non_exhaustive]
    ConfigUpdated {},
    /// A config fetch failed; the config in use stays.
    #[non_exhaustive]
    ConfigFetchFailed {
        /// What went wrong.
        error: FetchError,
        /// When the next attempt starts, if one is planned.
        retry_in: Option<Duration>,
    },
    /// A visitor got a variation, freshly or read back.
    #[non_exhaustive]
    Bucketing {
        /// The visitor's id.
        visitor_id: VisitorId,
        /// The experience's key.
        experience_key: String,
        /// The variation's key.
        variation_key: String,
        /// The feature's key, where a feature call asked.
        feature_key: Option<String>,
        /// Whether the decision was made now; false where it was read back from the visitor's state.
        is_new: bool,
    },
    /// A conversion was queued.
    #[non_exhaustive]
    Conversion {
        /// The visitor's id.
        visitor_id: VisitorId,
        /// The goal's key.
        goal_key: String,
    },
    /// A visitor entered a location.
    #[non_exhaustive]
    LocationActivated {
        /// The visitor's id.
        visitor_id: VisitorId,
        /// The location's id.
        location_id: String,
        /// The location's key.
        location_key: String,
        /// The location's name.
        location_name: String,
    },
    /// A visitor left a location.
    #[non_exhaustive]
    LocationDeactivated {
        /// The visitor's id.
        visitor_id: VisitorId,
        /// The location's id.
        location_id: String,
        /// The location's key.
        location_key: String,
        /// The location's name.
        location_name: String,
    },
    /// A tracking request ended.
    #[non_exhaustive]
    QueueReleased {
        /// What released the batch.
        reason: ReleaseReason,
        /// Visitors in the request.
        visitors: usize,
        /// Events in the request.
        events: usize,
        /// The status answered, or what went wrong.
        result: Result<u16, DeliveryError>,
    },
    /// Events were given up: those that no earlier event of this kind told of. A full queue tells when it begins to drop and
    /// when it has room again; events that come after the close are told of at once and then at most every 30 seconds.
    #[non_exhaustive]
    EventsDropped {
        /// Why.
        reason: DropReason,
        /// Bucketing events among them.
        bucketing: u64,
        /// Conversion events among them.
        conversions: u64,
    },
    /// The visitor store failed; the call went on without it.
    #[non_exhaustive]
    StoreFailed {
        /// What went wrong.
        error: Arc<StoreError>,
    },
}

pub(crate) type Handler = Arc<dyn Fn(&Event) + Send + Sync>;

struct Entry {
    id: u64,
    handler: Handler,
}

/// The subscribers of one core.
pub(crate) struct EventBus {
    handlers: ArcSwap<Vec<Arc<Entry>>>,
    /// Whether there is a handler, to see at the cost of one load.
    observed: AtomicBool,
    /// Held while the list changes, so that `observed` says what the list does.
    changing: Mutex<()>,
    next_id: AtomicU64,
}

impl fmt::Debug for EventBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBus").field("handlers", &self.handlers.load().len()).finish_non_exhaustive()
    }
}

impl EventBus {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            handlers: ArcSwap::from_pointee(Vec::new()),
            observed: AtomicBool::new(false),
            changing: Mutex::new(()),
            next_id: AtomicU64::new(0),
        })
    }

    /// Whether anybody may listen: lets a hot path skip making an event.
    #[inline]
    pub(crate) fn is_observed(&self) -> bool {
        self.observed.load(Ordering::Relaxed)
    }

    /// Tells every handler, in order of subscription. A handler that panics is logged and the others still run.
    #[inline]
    pub(crate) fn emit(&self, event: impl FnOnce() -> Event) {
        if self.is_observed() {
            self.emit_to_all(&event());
        }
    }

    #[cold]
    fn emit_to_all(&self, event: &Event) {
        self.handlers().tell(event);
    }

    /// The handlers at this moment.
    pub(crate) fn handlers(&self) -> Handlers {
        Handlers(self.handlers.load_full())
    }

    pub(crate) fn call(handler: &(dyn Fn(&Event) + Send + Sync), event: &Event) {
        if catch_unwind(AssertUnwindSafe(|| handler(event))).is_err() {
            tracing::error!(target: "convert", "an event handler panicked; the panic was contained");
        }
    }

    pub(crate) fn subscribe(self: &Arc<Self>, handler: Handler) -> Subscription {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let entry = Arc::new(Entry { id, handler });
        self.change(|list| list.push(entry));
        Subscription { bus: Arc::downgrade(self), id }
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Arc<Entry>>)) {
        let before = {
            let _changing = lock(&self.changing);
            let mut list = Vec::clone(&self.handlers.load());
            change(&mut list);
            self.observed.store(!list.is_empty(), Ordering::Relaxed);
            self.handlers.swap(Arc::new(list))
        };
        // Not under the lock: a handler that goes may hold subscriptions of its own.
        drop(before);
    }
}

/// Who listened at some moment.
pub(crate) struct Handlers(Arc<Vec<Arc<Entry>>>);

impl Handlers {
    pub(crate) fn tell(&self, event: &Event) {
        for entry in self.0.iter() {
            EventBus::call(&*entry.handler, event);
        }
    }
}

/// A handler's place among the subscribers. Dropping it unsubscribes; [`forever`](Self::forever) keeps the handler.
#[must_use = "dropping a subscription unsubscribes the handler"]
pub struct Subscription {
    bus: Weak<EventBus>,
    id: u64,
}

impl Subscription {
    /// Keeps the handler for the life of the core.
    pub fn forever(mut self) {
        self.bus = Weak::new();
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(bus) = self.bus.upgrade() {
            bus.change(|list| list.retain(|entry| entry.id != self.id));
        }
    }
}
