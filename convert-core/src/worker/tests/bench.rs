use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use crate::clock::Clock;
use crate::events::{Event, EventBus};
use crate::testing::{FixedJitter, ManualClock, RecordingTransport};
use crate::tracking::{Delivery, DropReason, EventKind, Limits, ReleaseReason, Stats, TrackingEvent};
use crate::transport::{AsyncTransport, EndpointOptions, Endpoints, RequestKind};
use crate::worker::{AmbiguousPolicy, DeliveryConfig, Worker};
use serde_json::Value;

pub(super) fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

pub(super) fn config(transport: impl AsyncTransport, clock: impl Clock) -> DeliveryConfig {
    let options = EndpointOptions { sdk_key: Some("100/200".to_owned()), ..EndpointOptions::default() };
    DeliveryConfig {
        transport: Arc::new(transport),
        clock: Arc::new(clock),
        jitter: Arc::new(FixedJitter::new(1.0)),
        endpoints: Arc::new(Endpoints::new(options).unwrap()),
        batch_size: DeliveryConfig::BATCH_SIZE,
        auto_flush_interval: None,
        limits: DeliveryConfig::LIMITS,
        ambiguous: AmbiguousPolicy::Retry,
        enrich_data: true,
        source: "rust-sdk".into(),
    }
}

/// Odd numbers are conversions.
pub(super) fn event(n: u64) -> TrackingEvent {
    let kind = if n % 2 == 1 {
        EventKind::Conversion { goal_id: n.to_string().into(), transaction: None, bucketing: None }
    } else {
        EventKind::Bucketing { experience_id: "1".into(), variation_id: n.to_string().into() }
    };
    TrackingEvent { visitor: format!("visitor-{}", n / 2).into(), segments: None, kind }
}

/// The numbers of the events in a body, in order.
pub(super) fn numbers(body: &str) -> Vec<u64> {
    let body: Value = serde_json::from_str(body).unwrap();
    let visitors = body["visitors"].as_array().unwrap();
    let events = visitors.iter().flat_map(|visitor| visitor["events"].as_array().unwrap());
    let ids = events.map(|event| {
        let data = &event["data"];
        data.get("goalId").unwrap_or(&data["variationId"]).as_str().unwrap().parse().unwrap()
    });
    ids.collect()
}

/// The counters add up, for each kind.
#[track_caller]
pub(super) fn assert_adds_up(stats: &Stats) {
    let dropped = [DropReason::QueueFull, DropReason::Rejected, DropReason::TooLarge]
        .into_iter()
        .chain([DropReason::Ambiguous, DropReason::Closed])
        .map(|reason| stats.dropped.by(reason));
    let (bucketing, conversions) =
        dropped.fold((0, 0), |sum, counts| (sum.0 + counts.bucketing, sum.1 + counts.conversions));
    let (accepted, delivered, pending) = (stats.accepted, stats.delivered, stats.pending);
    assert_eq!(accepted.bucketing, delivered.bucketing + pending.bucketing + bucketing, "{stats:?}");
    assert_eq!(accepted.conversions, delivered.conversions + pending.conversions + conversions, "{stats:?}");
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A delivery whose worker the test polls.
pub(super) struct Bench {
    pub(super) clock: ManualClock,
    pub(super) transport: RecordingTransport,
    pub(super) delivery: Delivery,
    pub(super) bus: Arc<EventBus>,
    events: Arc<Mutex<Vec<Event>>>,
    worker: Option<Worker>,
    woken: Arc<Woken>,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(adjust: impl FnOnce(&mut DeliveryConfig)) -> Self {
        let (clock, transport) = (ManualClock::new(), RecordingTransport::new());
        let mut config = config(transport.clone(), clock.clone());
        adjust(&mut config);
        let bus = EventBus::new();
        let events: Arc<Mutex<Vec<Event>>> = Arc::default();
        let seen = Arc::clone(&events);
        bus.subscribe(Arc::new(move |event| seen.lock().unwrap().push(event.clone()))).forever();
        let delivery = Delivery::new(config, Arc::clone(&bus));
        delivery.set_project("100", "200").unwrap();
        let worker = Some(delivery.shared().worker_by_hand());
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        Self { clock, transport, delivery, bus, events, worker, woken }
    }

    /// Polls the worker as long as it is woken. Whether it has ended.
    pub(super) fn turn(&mut self) -> bool {
        let waker = Waker::from(Arc::clone(&self.woken));
        while self.woken.0.swap(false, Ordering::SeqCst) {
            let Some(worker) = &mut self.worker else { return true };
            if worker.poll(&mut Context::from_waker(&waker)).is_ready() {
                self.worker = None;
            }
        }
        self.worker.is_none()
    }

    /// Drops the worker as a transport does that leaves `drive`.
    pub(super) fn lose_worker(&mut self) {
        self.worker = None;
    }

    pub(super) fn next_look(&self) -> Option<Duration> {
        self.delivery.shared().agenda.next()
    }

    pub(super) fn track(&mut self, events: impl IntoIterator<Item = u64>) {
        for n in events {
            self.delivery.track(event(n));
        }
        self.turn();
    }

    pub(super) fn advance(&mut self, step: Duration) {
        self.clock.advance(step);
        self.turn();
    }

    /// Starts a flush and turns.
    pub(super) fn flush(&mut self, timeout: Duration) -> crate::tracking::Flushing {
        let flushing = self.delivery.start_flush(ReleaseReason::Explicit, timeout);
        self.turn();
        flushing
    }

    /// The numbers of the events in each request so far.
    pub(super) fn sent(&self) -> Vec<Vec<u64>> {
        self.transport.bodies(RequestKind::Tracking).iter().map(|body| numbers(body)).collect()
    }

    pub(super) fn stats(&self) -> Stats {
        let stats = self.delivery.stats();
        assert_adds_up(&stats);
        stats
    }

    /// The reasons of the requests that ended so far, and whether they succeeded.
    pub(super) fn released(&self) -> Vec<(ReleaseReason, bool)> {
        let events = self.events.lock().unwrap();
        let released = events.iter().filter_map(|event| match event {
            Event::QueueReleased { reason, result, .. } => Some((*reason, result.is_ok())),
            _ => None,
        });
        released.collect()
    }

    /// The drops told of so far.
    pub(super) fn told_drops(&self) -> Vec<(DropReason, u64, u64)> {
        let events = self.events.lock().unwrap();
        let dropped = events.iter().filter_map(|event| match event {
            Event::EventsDropped { reason, bucketing, conversions } => Some((*reason, *bucketing, *conversions)),
            _ => None,
        });
        dropped.collect()
    }
}

/// Polls a future once.
pub(super) fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

pub(super) fn full_queue(events: usize) -> Limits {
    Limits { events, ..DeliveryConfig::LIMITS }
}
