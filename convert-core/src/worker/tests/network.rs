//! The bundled transport over a real socket, to a collector that misbehaves once.

use std::sync::Arc;

use super::bench::{assert_adds_up, config, event, seconds};
use crate::events::EventBus;
use crate::testing::{Collector, Fault, ManualClock, Route};
use crate::tracking::{Delivery, FlushReport};
use crate::transport::{EndpointOptions, Endpoints, ReqwestTransport};

fn delivery(collector: &Collector, clock: &ManualClock) -> Delivery {
    let mut config = config(ReqwestTransport::new(), clock.clone());
    let options = EndpointOptions {
        sdk_key: Some("100/200".to_owned()),
        track_endpoint: Some(collector.track_endpoint()),
        ..EndpointOptions::default()
    };
    config.endpoints = Arc::new(Endpoints::new(options).unwrap());
    let delivery = Delivery::new(config, EventBus::new());
    delivery.set_project("100", "200").unwrap();
    delivery
}

#[test]
fn each_fault_costs_a_second_attempt_and_no_event() {
    for (fault, ambiguous) in [
        (Fault::Status(408), 0),
        (Fault::Status(429), 0),
        (Fault::Status(500), 0),
        (Fault::RetryAfter { status: 503, value: "60".to_owned() }, 0),
        (Fault::ResetAfterBody, 7),
        (Fault::LostAnswer, 7),
        (Fault::Garbage, 7),
    ] {
        let (collector, clock) = (Collector::start().unwrap(), ManualClock::new());
        let delivery = delivery(&collector, &clock);
        collector.fail_once(Route::Track, fault.clone());
        (0..7).for_each(|n| delivery.track(event(n)));
        assert!(delivery.flush(seconds(60)).is_err(), "{fault:?}");
        let report = delivery.flush(seconds(60)).unwrap();
        assert_eq!(report, FlushReport { delivered: 7, dropped: 0, pending: 0 }, "{fault:?}");
        let stats = delivery.stats();
        assert_adds_up(&stats);
        assert_eq!((stats.ambiguous.total(), stats.requests), (ambiguous, 2), "{fault:?}");
        // Only what is ambiguous may have arrived twice.
        let twice = usize::from(matches!(fault, Fault::LostAnswer));
        assert_eq!(collector.event_count(), 7 + 7 * twice, "{fault:?}");
        delivery.close(seconds(60));
    }
}

#[test]
fn any_success_is_one_attempt() {
    for fault in [Fault::Status(202), Fault::Status(204), Fault::CutAnswer, Fault::CloseAfter] {
        let (collector, clock) = (Collector::start().unwrap(), ManualClock::new());
        let delivery = delivery(&collector, &clock);
        collector.fail_once(Route::Track, fault.clone());
        (0..7).for_each(|n| delivery.track(event(n)));
        assert_eq!(delivery.close(seconds(60)).delivered, 7, "{fault:?}");
        assert_eq!((delivery.stats().requests, collector.event_count()), (1, 7), "{fault:?}");
    }
}

#[test]
fn a_hang_ends_at_the_injected_deadline() {
    let (collector, clock) = (Collector::start().unwrap(), ManualClock::new());
    let delivery = delivery(&collector, &clock);
    collector.fail_once(Route::Track, Fault::Hang);
    (0..10).for_each(|n| delivery.track(event(n)));
    assert!(collector.wait_for_requests(1, seconds(60)));
    clock.advance(Endpoints::REQUEST_TIMEOUT);
    assert_eq!(delivery.flush(seconds(60)).unwrap().delivered, 10);
    assert_eq!((delivery.stats().ambiguous.total(), collector.event_count()), (10, 10));
}
