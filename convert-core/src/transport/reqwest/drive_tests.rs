//! The transport as the host of the SDK's thread.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::clock::{RandomJitter, SystemClock};
use crate::events::EventBus;
use crate::testing::{Collector, Fault, ManualClock, Route};
use crate::tracking::{Delivery, EventKind, FlushError, TrackingEvent};
use crate::transport::{EndpointOptions, Endpoints};
use crate::worker::{AmbiguousPolicy, DeliveryConfig};

/// Only reached where something is broken.
const LONG: Duration = Duration::from_secs(30);

fn delivery(collector: &Collector, change: impl FnOnce(&mut DeliveryConfig)) -> Delivery {
    let options = EndpointOptions {
        sdk_key: Some("100/200".to_owned()),
        config_endpoint: Some(collector.config_endpoint()),
        track_endpoint: Some(collector.track_endpoint()),
        ..EndpointOptions::default()
    };
    let mut config = DeliveryConfig {
        transport: Arc::new(ReqwestTransport::new()),
        clock: Arc::new(SystemClock::new()),
        jitter: Arc::new(RandomJitter),
        endpoints: Arc::new(Endpoints::new(options).unwrap()),
        batch_size: DeliveryConfig::BATCH_SIZE,
        auto_flush_interval: None,
        limits: DeliveryConfig::LIMITS,
        ambiguous: AmbiguousPolicy::Retry,
        enrich_data: true,
        source: "rust-sdk".into(),
    };
    change(&mut config);
    let delivery = Delivery::new(config, EventBus::new());
    delivery.set_project("100", "200").unwrap();
    delivery
}

fn event(visitor: usize) -> TrackingEvent {
    TrackingEvent {
        visitor: visitor.to_string().into(),
        segments: None,
        kind: EventKind::Bucketing { experience_id: "1".into(), variation_id: "2".into() },
    }
}

#[test]
fn events_are_delivered_from_a_thread_without_a_runtime() {
    let collector = Collector::start().unwrap();
    let delivery = delivery(&collector, |_| {});
    (0..25).for_each(|visitor| delivery.track(event(visitor)));
    delivery.flush(LONG).unwrap();
    assert_eq!(collector.event_count(), 25);
    assert_eq!(collector.connection_count(), 1);
    delivery.close(LONG);
    assert!(collector.wait_for_close(LONG), "the runtime's connections end with it");
}

/// The server accepts connections and never takes part in the handshake; the request's own deadline never comes.
#[cfg(any(feature = "reqwest-rustls", feature = "reqwest-native-tls"))]
#[test]
fn a_connection_that_never_comes_about_is_not_ambiguous() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let collector = Collector::start().unwrap();
    let transport = Arc::new(ReqwestTransport::new());
    let delivery = delivery(&collector, |config| {
        let options = EndpointOptions {
            sdk_key: Some("100/200".to_owned()),
            track_endpoint: Some(format!("https://{}/v1", listener.local_addr().unwrap())),
            request_timeout: Some(Duration::from_millis(20)),
            ..EndpointOptions::default()
        };
        config.endpoints = Arc::new(Endpoints::new(options).unwrap());
        config.clock = Arc::new(ManualClock::new());
        config.transport = Arc::clone(&transport) as _;
    });
    delivery.track(event(1));
    let error = delivery.flush(LONG).unwrap_err();
    assert!(matches!(error, FlushError::Failed { .. }), "{error:?}");
    assert_eq!(transport.clients.connect_timeout(), Duration::from_millis(10));
    let stats = delivery.stats();
    assert_eq!((stats.ambiguous.total(), stats.pending.total()), (0, 1));
}

/// The worker sleeps until a time of its own, with nobody to wake it.
#[test]
fn a_timer_of_the_worker_wakes_it() {
    let collector = Collector::start().unwrap();
    let delivery = delivery(&collector, |config| config.auto_flush_interval = Some(Duration::from_millis(5)));
    for count in 1..=3 {
        delivery.track(event(count));
        assert!(collector.wait_for_events(count, LONG));
    }
    delivery.close(LONG);
}

#[test]
fn it_works_from_within_a_runtime_of_the_app_and_may_be_dropped_there() {
    let collector = Collector::start().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let delivery = delivery(&collector, |config| config.batch_size = 1);
        delivery.track(event(1));
        assert!(collector.wait_for_events(1, LONG));
        collector.fail_always(Route::Track, Fault::Hang);
        delivery.track(event(2));
        assert!(collector.wait_for_requests(2, LONG));
        drop(delivery);
    });
    drop(runtime);
    collector.recover();
    assert!(collector.wait_for_close(LONG));
    assert_eq!(collector.requests().len(), 2, "the request under way was given up");
}

#[test]
fn a_config_and_a_batch_are_fetched_and_sent_side_by_side() {
    let collector = Collector::start().unwrap();
    collector.serve_config("{}");
    collector.fail_once(Route::Track, Fault::Hold);
    let delivery = delivery(&collector, |config| config.batch_size = 1);
    delivery.track(event(1));
    assert!(collector.wait_for_requests(1, LONG));
    let endpoints = &delivery.shared().config.endpoints;
    let answer = delivery.background().fetch(endpoints.config_request(None).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = runtime.block_on(answer);
    assert!(format!("{answer:?}").contains("status: 200"), "{answer:?}");
    assert_eq!(collector.event_count(), 0, "the batch is still under way");
    collector.recover();
    assert!(collector.wait_for_events(1, LONG));
    delivery.close(LONG);
}
