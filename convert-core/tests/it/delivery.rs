//! Delivery to a server that misbehaves: every event is acknowledged exactly once, or counted as dropped.

use std::sync::{Mutex, mpsc};
use std::time::Duration;

use convert_core::testing::{Answer, Collector, Fault, ManualClock, RecordingTransport, Route};
use convert_core::{
    AmbiguousPolicy, ConversionOptions, ConversionOutcome, Core, CoreBuilder, FlushError, Request, RequestKind,
    Response, Stats, Transport, TransportError,
};

use crate::fixtures::{PATIENCE, collected, recorded};

/// Tracks one conversion for each of `visitors`.
fn track(core: &Core, visitors: std::ops::Range<u32>) {
    for visitor in visitors {
        assert!(core.create_context(format!("v{visitor}")).unwrap().track_conversion("signup").is_queued());
    }
}

/// The visitors whose conversion was accepted, in order of arrival.
fn accepted(collector: &Collector) -> Vec<String> {
    collector.events().iter().map(|event| event.visitor_id().to_owned()).collect()
}

fn visitors(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|visitor| format!("v{visitor}")).collect()
}

fn adds_up(stats: &Stats) -> bool {
    stats.accepted.total() == stats.delivered.total() + stats.pending.total() + stats.dropped.total()
}

/// Meets one fault, recovers, and delivers everything exactly once and in order.
fn survives(fault: Fault, ambiguous: u64, set: impl FnOnce(CoreBuilder) -> CoreBuilder) {
    let (core, collector) = collected(|builder| set(builder.batch_size(1_000)));
    collector.fail_always(Route::Track, fault.clone());
    track(&core, 0..25);
    match core.flush(PATIENCE) {
        Err(FlushError::Failed { report, .. }) => assert_eq!(report.pending, 25, "{fault:?}"),
        other => panic!("{fault:?}: {other:?}"),
    }
    assert!(accepted(&collector).is_empty(), "{fault:?}");
    track(&core, 25..40);
    collector.recover();
    core.flush(PATIENCE).unwrap();
    assert_eq!(accepted(&collector), visitors(0..40), "{fault:?}");
    let stats = core.stats();
    assert!(adds_up(&stats), "{stats:?}");
    assert_eq!((stats.delivered.total(), stats.dropped.total()), (40, 0), "{fault:?}");
    assert_eq!(stats.ambiguous.total(), ambiguous, "{fault:?}");
}

#[test]
fn failing_statuses_lose_nothing() {
    for status in [500, 502, 503, 504, 408, 429, 301, 302, 307] {
        survives(Fault::Status(status), 0, |builder| builder);
    }
    // A redirect is not followed: the events would go where nobody meant them to go.
    survives(Fault::Redirect { status: 308, location: "/elsewhere".to_owned() }, 0, |builder| builder);
    survives(Fault::RetryAfter { status: 429, value: "7".to_owned() }, 0, |builder| builder);
    survives(Fault::RetryAfter { status: 503, value: "soon, I hope".to_owned() }, 0, |builder| builder);
}

#[test]
fn requests_without_an_answer_are_sent_again_and_counted() {
    survives(Fault::Garbage, 25, |builder| builder);
    survives(Fault::ResetAfterBody, 25, |builder| builder);
    survives(Fault::Hang, 25, |builder| builder.request_timeout(Duration::from_millis(200)));
}

#[test]
fn a_lost_answer_is_the_only_way_to_arrive_twice() {
    let (core, collector) = collected(|builder| builder.batch_size(1_000));
    collector.fail_once(Route::Track, Fault::LostAnswer);
    track(&core, 0..3);
    assert!(core.flush(PATIENCE).is_err());
    core.flush(PATIENCE).unwrap();
    assert_eq!(accepted(&collector), [visitors(0..3), visitors(0..3)].concat());
    assert_eq!(core.stats().ambiguous.total(), 3);
}

#[test]
fn the_app_may_prefer_losing_to_repeating() {
    let (core, collector) = collected(|builder| builder.batch_size(1_000).ambiguous_policy(AmbiguousPolicy::Drop));
    collector.fail_once(Route::Track, Fault::LostAnswer);
    track(&core, 0..3);
    let _ = core.flush(PATIENCE);
    core.flush(PATIENCE).unwrap();
    assert_eq!(accepted(&collector), visitors(0..3));
    let stats = core.stats();
    assert_eq!((stats.dropped.ambiguous.total(), stats.delivered.total()), (3, 0));
    assert!(adds_up(&stats));
}

#[test]
fn any_success_is_a_success() {
    for fault in
        [Fault::Status(202), Fault::Status(204), Fault::CutAnswer, Fault::Oversized { bytes: 1 << 20, announced: true }]
    {
        let (core, collector) = collected(|builder| builder.batch_size(1_000));
        collector.fail_once(Route::Track, fault.clone());
        track(&core, 0..3);
        core.flush(PATIENCE).unwrap();
        assert_eq!(accepted(&collector), visitors(0..3), "{fault:?}");
        assert_eq!(core.stats().delivered.total(), 3, "{fault:?}");
    }
}

#[test]
fn a_refused_request_is_dropped_and_counted() {
    for status in [400, 401, 403, 404, 410] {
        let (core, collector) = collected(|builder| builder.batch_size(1_000));
        collector.fail_once(Route::Track, Fault::Status(status));
        track(&core, 0..3);
        let report = core.flush(PATIENCE).unwrap();
        assert_eq!((report.dropped, report.delivered), (3, 0), "{status}");
        let stats = core.stats();
        assert_eq!(stats.dropped.rejected.total(), 3, "{status}");
        assert!(adds_up(&stats));
    }
}

#[test]
fn a_request_too_large_is_split() {
    let (core, collector) = collected(|builder| builder.batch_size(1_000));
    collector.fail_once(Route::Track, Fault::Status(413));
    collector.fail_once(Route::Track, Fault::Status(413));
    track(&core, 0..40);
    core.flush(PATIENCE).unwrap();
    assert_eq!(accepted(&collector), visitors(0..40));
}

#[test]
fn events_that_are_too_large_alone_are_dropped_and_counted() {
    let (core, collector) = collected(|builder| builder.batch_size(1_000));
    collector.fail_always(Route::Track, Fault::Status(413));
    track(&core, 0..3);
    let report = core.flush(PATIENCE).unwrap();
    assert_eq!(report.dropped, 3);
    assert_eq!(core.stats().dropped.too_large.total(), 3);
}

#[test]
fn a_full_batch_is_released_by_itself_and_the_rest_by_close() {
    let (core, collector) = collected(|builder| builder.batch_size(10));
    track(&core, 0..10);
    assert!(collector.wait_for_events(10, PATIENCE));
    track(&core, 10..15);
    let report = core.close(PATIENCE);
    assert_eq!((report.dropped, report.pending), (0, 0));
    assert_eq!(accepted(&collector), visitors(0..15));
    // The event of a decision that comes after the close counts as dropped. Neither the decision nor a conversion is kept
    // as if it had been tracked: another process that shares the store would never announce it.
    let late = core.create_context("late").unwrap();
    assert!(late.run_experience("open").is_some());
    assert_eq!(late.track_conversion("signup"), ConversionOutcome::Suppressed);
    assert!(late.visitor_state().is_empty());
    let stats = core.stats();
    assert!(adds_up(&stats), "{stats:?}");
    assert_eq!((stats.delivered.total(), stats.dropped.closed.total(), stats.accepted.total()), (15, 1, 16));
}

#[test]
fn a_closed_core_counts_what_it_cannot_deliver() {
    let (core, collector) = collected(|builder| builder.batch_size(1_000));
    collector.fail_always(Route::Track, Fault::Status(503));
    track(&core, 0..5);
    let report = core.close(Duration::from_millis(200));
    assert_eq!((report.delivered, report.pending, report.dropped), (0, 0, 5));
    let stats = core.stats();
    assert!(adds_up(&stats), "{stats:?}");
    assert_eq!(stats.dropped.closed.total(), 5);
}

#[test]
fn tracking_requests_look_as_the_endpoint_expects() {
    let (core, collector) = collected(|builder| builder.sdk_key_secret("hush"));
    track(&core, 0..1);
    core.flush(PATIENCE).unwrap();
    let requests = collector.requests();
    let request = requests.last().unwrap();
    assert_eq!((request.method(), request.path()), ("POST", "/v1/track/100/200"));
    assert_eq!(request.header("user-agent"), Some("ConvertAgent/1.0"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("authorization"), Some("Bearer hush"));
    let body = request.json().unwrap();
    assert_eq!(body["source"], "rust-sdk");
    assert_eq!(body["enrichData"], true);
    assert_eq!((&body["accountId"], &body["projectId"]), (&"100".into(), &"200".into()));
}

/// Keeps its thread until the other end of the channel is gone.
struct Stuck(Mutex<mpsc::Receiver<()>>);

impl Transport for Stuck {
    fn send(&self, _: &Request) -> Result<Response, TransportError> {
        let _ = self.0.lock().unwrap().recv();
        Err(TransportError::not_sent("the test is over"))
    }
}

/// Queues 100,000 events while the first batch is under way for ever; the queue takes 60,000.
fn queues_what_it_can(set: impl FnOnce(CoreBuilder) -> CoreBuilder) {
    let limited =
        |builder: CoreBuilder| builder.clock(ManualClock::new()).batch_size(10).queue_limits(60_000, usize::MAX);
    let (core, _) = recorded(|builder| set(limited(builder)));
    let context = core.create_context("v1").unwrap();
    assert!(matches!(context.track_conversion("signup"), ConversionOutcome::Queued { events: 1, .. }));
    let again = ConversionOptions::new().force_multiple(true).revenue(9.5);
    for _ in 1..100_000 {
        assert!(matches!(context.track_conversion_with("signup", &again), ConversionOutcome::Queued { events: 1, .. }));
    }
    let stats = core.stats();
    assert!(adds_up(&stats), "{stats:?}");
    assert_eq!((stats.accepted.total(), stats.delivered.total()), (100_000, 0));
    assert_eq!((stats.pending.total(), stats.dropped.queue_full.total()), (60_000, 40_000));
    assert_eq!(stats.dropped.total(), 40_000);
}

#[test]
fn tracking_calls_do_not_wait_for_a_transport_that_never_returns() {
    let (_until_the_end, stuck) = mpsc::channel();
    queues_what_it_can(|builder| builder.transport(Stuck(Mutex::new(stuck))));
    let hanging = RecordingTransport::new();
    hanging.otherwise(RequestKind::Tracking, Answer::Hang);
    queues_what_it_can(|builder| builder.async_transport(hanging));
}
