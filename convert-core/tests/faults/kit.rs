//! A shop whose server fails as it is told, on a clock moved by hand.

use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use convert_core::testing::{Collector, FixedJitter, ManualClock};
use convert_core::{Core, CoreBuilder, Event, Stats};

/// Long enough for a machine under load; no test waits for it to pass.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

const SHOP: &str = include_str!("../../examples/shop.json");

pub(crate) fn collector() -> Collector {
    let collector = Collector::start().unwrap();
    collector.serve_config(SHOP);
    collector
}

/// A core that fetches from a collector, and sends to it.
pub(crate) fn builder(collector: &Collector) -> CoreBuilder {
    Core::builder()
        .sdk_key("100123/200456")
        .config_endpoint(collector.config_endpoint())
        .track_endpoint(collector.track_endpoint())
        .jitter(FixedJitter::new(1.0))
}

pub(crate) struct Shop {
    pub(crate) core: Core,
    pub(crate) collector: Collector,
    pub(crate) clock: ManualClock,
    /// How many tracking requests have ended.
    ended: Arc<(Mutex<u64>, Condvar)>,
}

impl Shop {
    pub(crate) fn new() -> Self {
        Self::with(|builder, _| builder)
    }

    pub(crate) fn with(set: impl FnOnce(CoreBuilder, &Collector) -> CoreBuilder) -> Self {
        let (collector, clock) = (collector(), ManualClock::new());
        let core = set(builder(&collector).clock(clock.clone()), &collector).build().unwrap();
        let ended: Arc<(Mutex<u64>, Condvar)> = Arc::default();
        let told = Arc::clone(&ended);
        core.on(move |event| {
            if let Event::QueueReleased { .. } = event {
                *told.0.lock().unwrap() += 1;
                told.1.notify_all();
            }
        })
        .forever();
        Self { core, collector, clock, ended }
    }

    /// One event for each visitor.
    pub(crate) fn buy(&self, visitors: Range<u32>) {
        for visitor in visitors {
            assert!(self.core.create_context(name(visitor)).unwrap().track_conversion("purchase").is_queued());
        }
    }

    /// The counters, which add up.
    #[track_caller]
    pub(crate) fn stats(&self) -> Stats {
        let stats = self.core.stats();
        let settled = stats.delivered.total() + stats.pending.total() + stats.dropped.total();
        assert_eq!(stats.accepted.total(), settled, "{stats:?}");
        stats
    }

    /// Waits until so many tracking requests have ended.
    #[track_caller]
    pub(crate) fn wait_for_ended(&self, requests: u64) {
        let ended = self.ended.0.lock().unwrap();
        let (ended, _) = self.ended.1.wait_timeout_while(ended, PATIENCE, |ended| *ended < requests).unwrap();
        assert!(*ended >= requests, "{ended} of {requests}");
    }

    /// Returns once the SDK's thread has looked at the present time, and the request that it may have sent then has ended.
    #[track_caller]
    pub(crate) fn settle(&self) {
        // A round that answers the first one may have begun before; the second one's answer is a later round's.
        for _ in 0..2 {
            self.core.refresh_now().wait(PATIENCE).unwrap();
        }
        self.wait_for_ended(self.core.stats().requests);
    }

    /// The visitors whose events were accepted, in order of arrival.
    pub(crate) fn arrived(&self) -> Vec<String> {
        self.collector.events().iter().map(|event| event.visitor_id().to_owned()).collect()
    }
}

fn name(visitor: u32) -> String {
    format!("v{visitor}")
}

pub(crate) fn names(visitors: Range<u32>) -> Vec<String> {
    visitors.map(name).collect()
}
