use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::bench::{Bench, assert_adds_up, config, event, poll_once, seconds};
use crate::events::{Event, EventBus};
use crate::testing::{Answer, ManualClock, RecordingTransport};
use crate::tracking::{Delivery, DropReason, FlushReport, ReleaseReason};
use crate::transport::{RequestKind, Response};
use crate::warned::warnings;
use crate::worker::AmbiguousPolicy;

const TRACKING: RequestKind = RequestKind::Tracking;

#[test]
fn close_delivers_ends_and_refuses_what_comes_later() {
    let mut bench = Bench::new();
    bench.track(0..7);
    let mut closing = bench.delivery.start_close(seconds(5));
    assert!(bench.turn(), "the thread ends");
    assert_eq!(poll_once(&mut closing), Some(FlushReport { delivered: 7, dropped: 0, pending: 0 }));
    bench.track(7..10);
    let stats = bench.stats();
    assert_eq!((stats.accepted.total(), stats.delivered.total(), stats.dropped.closed.total()), (10, 7, 3));
    // Once more, and a flush, find nothing to do.
    assert_eq!(bench.delivery.close(seconds(5)), FlushReport::default());
    assert_eq!(bench.delivery.flush(seconds(5)), Ok(FlushReport::default()));
}

#[test]
fn what_comes_after_the_close_is_told_of_once_per_burst() {
    let late = |n| (DropReason::Closed, n, 0);
    let mut bench = Bench::new();
    bench.delivery.close(seconds(5));
    bench.turn();
    let track = |bench: &mut Bench, times| warnings(|| (0..times).for_each(|_| bench.delivery.track(event(0))));
    assert_eq!((track(&mut bench, 1), bench.told_drops()), (1, vec![late(1)]), "the first at once");
    assert_eq!((track(&mut bench, 1_000), bench.told_drops().len()), (0, 1), "the burst makes no noise");
    bench.clock.advance(seconds(30));
    assert_eq!((track(&mut bench, 5), bench.told_drops()), (1, vec![late(1), late(1_001)]), "the next one tells");
    assert_eq!(bench.stats().dropped.closed.total(), 1_006);
    // The last handle tells of the rest.
    let (told, bus) = (Arc::<std::sync::Mutex<u64>>::default(), Arc::clone(&bench.bus));
    let seen = Arc::clone(&told);
    bus.subscribe(Arc::new(move |event| {
        if let Event::EventsDropped { bucketing, .. } = event {
            *seen.lock().unwrap() += bucketing;
        }
    }))
    .forever();
    assert_eq!(warnings(|| drop(bench)), 1);
    assert_eq!(*told.lock().unwrap(), 4);
}

#[test]
fn a_delivery_is_closed_from_the_call_on() {
    let mut bench = Bench::new();
    assert!(!bench.delivery.is_closed());
    bench.transport.otherwise(TRACKING, Answer::Hang);
    bench.track(0..7);
    drop(bench.delivery.start_close(seconds(5)));
    assert!(bench.delivery.is_closed(), "from the call on");
    bench.clock.advance(seconds(5));
    assert!(bench.turn());
    assert!(bench.delivery.is_closed());
}

#[test]
fn close_tries_again_and_delivers_what_its_first_attempt_does_not() {
    let mut bench = Bench::new();
    bench.transport.script(TRACKING, [Answer::status(503)]);
    bench.track(0..7);
    let mut closing = bench.delivery.start_close(seconds(60));
    assert!(!bench.turn(), "the thread goes on");
    assert_eq!(poll_once(&mut closing), None);
    // The first pause after a failure is at most a second.
    bench.clock.advance(seconds(1));
    assert!(bench.turn());
    assert_eq!(poll_once(&mut closing), Some(FlushReport { delivered: 7, dropped: 0, pending: 0 }));
    assert_eq!(bench.released(), [(ReleaseReason::Shutdown, false), (ReleaseReason::Shutdown, true)]);
}

#[test]
fn close_drops_what_is_not_delivered_by_its_deadline() {
    let mut bench = Bench::new();
    bench.transport.otherwise(TRACKING, Answer::status(503));
    bench.track(0..7);
    let mut closing = bench.delivery.start_close(seconds(60));
    let mut turns = 0;
    while !bench.turn() {
        bench.clock.advance(seconds(1));
        turns += 1;
        assert!(turns <= 60);
    }
    assert_eq!(poll_once(&mut closing), Some(FlushReport { delivered: 0, dropped: 7, pending: 0 }));
    assert_eq!(bench.stats().dropped.closed.total(), 7);
    assert_eq!(bench.told_drops(), [(DropReason::Closed, 4, 3)]);
    let released = bench.released();
    assert!(released.len() > 1 && released.iter().all(|release| *release == (ReleaseReason::Shutdown, false)));
}

#[test]
fn close_does_not_wait_for_an_attempt_after_its_deadline() {
    let mut bench = Bench::new();
    bench.transport.otherwise(TRACKING, Answer::Respond(Response::new(503).header("retry-after", "60")));
    bench.track(0..7);
    let mut closing = bench.delivery.start_close(seconds(5));
    assert!(bench.turn(), "the thread ends");
    assert_eq!(poll_once(&mut closing), Some(FlushReport { delivered: 0, dropped: 7, pending: 0 }));
}

/// A close of five seconds on an endpoint that fails: tries at 0, 1 and 3 seconds, and the next would be at 7.
fn failing_close(bench: &mut Bench) -> impl Future<Output = FlushReport> + Unpin + use<> {
    bench.transport.script(TRACKING, [Answer::status(503), Answer::status(503), Answer::status(503)]);
    bench.track(0..7);
    let closing = bench.delivery.start_close(seconds(5));
    bench.turn();
    bench.advance(seconds(1));
    bench.advance(seconds(2));
    assert_eq!(bench.sent().len(), 3);
    assert_eq!(bench.next_look(), Some(seconds(4)), "a second before the deadline");
    closing
}

#[test]
fn close_makes_a_last_try_where_the_next_would_come_too_late() {
    let mut bench = Bench::new();
    let mut closing = failing_close(&mut bench);
    bench.advance(seconds(1) - Duration::from_nanos(1));
    assert_eq!((bench.sent().len(), poll_once(&mut closing)), (3, None));
    bench.clock.advance(Duration::from_nanos(1));
    assert!(bench.turn());
    assert_eq!(poll_once(&mut closing), Some(FlushReport { delivered: 7, dropped: 0, pending: 0 }));
    assert_eq!(bench.sent().len(), 4);
}

#[test]
fn close_ends_when_its_last_try_fails() {
    let mut bench = Bench::new();
    let mut closing = failing_close(&mut bench);
    bench.transport.otherwise(TRACKING, Answer::status(503));
    bench.clock.advance(seconds(1));
    assert!(bench.turn(), "at four seconds, not at five");
    assert_eq!(poll_once(&mut closing), Some(FlushReport { delivered: 0, dropped: 7, pending: 0 }));
    assert_eq!(bench.sent().len(), 4);
}

#[test]
fn the_last_try_of_close_has_until_the_deadline() {
    let mut bench = Bench::new();
    let mut closing = failing_close(&mut bench);
    bench.transport.otherwise(TRACKING, Answer::Hang);
    bench.advance(seconds(1));
    assert_eq!((bench.sent().len(), bench.next_look()), (4, Some(seconds(5))));
    assert_eq!(poll_once(&mut closing), None);
    bench.clock.advance(seconds(1));
    assert!(bench.turn());
    assert_eq!(poll_once(&mut closing), Some(FlushReport { delivered: 0, dropped: 7, pending: 0 }));
    assert_eq!(bench.stats().ambiguous.total(), 7);
}

#[test]
fn close_makes_no_last_try_without_time_for_it_nor_of_events_that_are_given_up() {
    for (timeout, pause) in [(Duration::from_millis(250), None), (Duration::from_millis(251), Some(250))] {
        let mut bench = Bench::new();
        bench.transport.script(TRACKING, [Answer::status(503)]);
        bench.track(0..7);
        let mut closing = bench.delivery.start_close(timeout);
        bench.turn();
        assert_eq!(poll_once(&mut closing).is_some(), pause.is_none(), "{timeout:?}");
        if let Some(pause) = pause {
            assert_eq!(bench.next_look(), Some(Duration::from_millis(pause)));
        }
    }
    let mut bench = Bench::with(|config| config.ambiguous = AmbiguousPolicy::Drop);
    bench.transport.script(TRACKING, [Answer::Reset]);
    bench.track(0..7);
    let mut closing = bench.delivery.start_close(Duration::from_millis(800));
    assert!(bench.turn());
    assert_eq!(poll_once(&mut closing), Some(FlushReport { delivered: 0, dropped: 7, pending: 0 }));
    assert_eq!(bench.sent().len(), 1);
}

#[test]
fn the_last_try_of_close_comes_no_sooner_than_the_endpoint_asks() {
    let mut bench = Bench::new();
    let asks = |seconds: &str| Answer::Respond(Response::new(503).header("retry-after", seconds));
    bench.transport.script(TRACKING, [Answer::status(503), Answer::status(503), Answer::status(503), asks("16")]);
    bench.track(0..7);
    let mut closing = bench.delivery.start_close(seconds(24));
    bench.turn();
    // At 0, 1, 3 and 7; the endpoint asks for 16 more, and is asked at 23, which is early enough.
    for step in [1, 2, 4] {
        bench.advance(seconds(step));
    }
    assert_eq!(bench.next_look(), Some(seconds(23)));
    bench.transport.script(TRACKING, [asks("2")]);
    bench.clock.advance(seconds(16));
    assert!(bench.turn(), "it asks for longer than there is");
    assert_eq!(poll_once(&mut closing), Some(FlushReport { delivered: 0, dropped: 7, pending: 0 }));
}

#[test]
fn close_ends_exactly_at_its_deadline() {
    let mut bench = Bench::new();
    bench.transport.otherwise(TRACKING, Answer::Hang);
    bench.track(0..7);
    let mut closing = bench.delivery.start_close(seconds(3));
    bench.turn();
    bench.advance(seconds(3) - Duration::from_nanos(1));
    assert_eq!(poll_once(&mut closing), None);
    assert!(!bench.turn());
    bench.clock.advance(Duration::from_nanos(1));
    assert!(bench.turn());
    assert_eq!(poll_once(&mut closing), Some(FlushReport { delivered: 0, dropped: 7, pending: 0 }));
    let stats = bench.stats();
    assert_eq!((stats.dropped.closed.total(), stats.ambiguous.total()), (7, 7));
    assert_eq!(bench.transport.abandoned(), 1);
}

#[test]
fn close_takes_the_flushes_under_way_along() {
    let mut bench = Bench::new();
    bench.transport.otherwise(TRACKING, Answer::Hang);
    bench.track(0..7);
    let mut flush = bench.flush(seconds(60));
    let mut first = bench.delivery.start_close(seconds(3));
    let mut second = bench.delivery.start_close(seconds(30));
    bench.turn();
    bench.clock.advance(seconds(3));
    assert!(bench.turn());
    let report = FlushReport { delivered: 0, dropped: 7, pending: 0 };
    assert_eq!(poll_once(&mut flush), Some(Ok(report)));
    assert_eq!(poll_once(&mut first), Some(report));
    assert_eq!(poll_once(&mut second), Some(report));
}

#[test]
fn close_without_a_thread_starts_none() {
    let delivery = Delivery::new(config(RecordingTransport::new(), ManualClock::new()), EventBus::new());
    assert_eq!(delivery.close(seconds(5)), FlushReport::default());
    assert!(!delivery.shared().has_thread());
    delivery.track(event(0));
    assert_eq!(delivery.stats().dropped.closed.total(), 1);
}

#[test]
fn the_thread_starts_at_the_first_need() {
    let transport = RecordingTransport::new();
    let delivery = Delivery::new(config(transport.clone(), ManualClock::new()), EventBus::new());
    delivery.set_project("100", "200").unwrap();
    (0..9).for_each(|n| delivery.track(event(n)));
    assert_eq!(delivery.stats().pending.total(), 9);
    assert!(!delivery.shared().has_thread());
    delivery.track(event(9));
    assert!(delivery.shared().has_thread());
    assert!(transport.wait_for(TRACKING, 1, seconds(60)));
}

#[test]
fn a_drop_without_close_warns_and_counts() {
    let told: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let warned = warnings(|| {
        let bus = EventBus::new();
        let seen = Arc::clone(&told);
        bus.subscribe(Arc::new(move |event| seen.lock().unwrap().push(format!("{event:?}")))).forever();
        let delivery = Delivery::new(config(RecordingTransport::new(), ManualClock::new()), bus);
        (0..9).for_each(|n| delivery.track(event(n)));
        let shared = Arc::clone(delivery.shared());
        drop(delivery);
        let stats = shared.queue.stats();
        assert_adds_up(&stats);
        assert_eq!(stats.dropped.closed.total(), 9);
    });
    assert!(warned >= 1);
    let told = told.lock().unwrap();
    assert!(told[0].contains("Closed") && told[0].contains("bucketing: 5"), "{told:?}");
}

#[test]
fn a_drop_after_delivery_is_silent() {
    assert_eq!(
        warnings(|| {
            let mut bench = Bench::new();
            bench.track(0..10);
            assert_eq!(bench.stats().delivered.total(), 10);
            drop(bench);
        }),
        0
    );
}

#[test]
fn a_drop_during_a_request_ends_it() {
    let mut bench = Bench::new();
    bench.transport.otherwise(TRACKING, Answer::Hang);
    bench.track(0..10);
    let shared = Arc::clone(bench.delivery.shared());
    let transport = bench.transport.clone();
    drop(bench);
    let stats = shared.queue.stats();
    assert_adds_up(&stats);
    assert_eq!((stats.dropped.closed.total(), stats.ambiguous.total()), (10, 10));
    assert_eq!(transport.abandoned(), 1);
}

#[test]
fn a_handler_that_panics_disturbs_nothing() {
    let mut bench = Bench::new();
    bench.bus.subscribe(Arc::new(|_| panic!("handler"))).forever();
    bench.track(0..10);
    bench.track(10..20);
    assert_eq!(bench.stats().delivered.total(), 20);
    assert_eq!(bench.released().len(), 2);
}

#[test]
fn what_a_full_request_leaves_behind_is_still_due() {
    let mut bench = Bench::with(|config| config.auto_flush_interval = Some(seconds(60)));
    bench.transport.script(TRACKING, [Answer::Hang]);
    bench.track(0..900);
    // The first request took 500; the second takes 500 of what is there then, and leaves too little for a batch.
    bench.track(900..1_005);
    bench.transport.release(TRACKING, &Answer::status(200));
    bench.turn();
    assert_eq!((bench.stats().delivered.total(), bench.stats().pending.total()), (1_000, 5));
    bench.advance(seconds(60));
    assert_eq!(bench.stats().pending.total(), 0);
    assert_adds_up(&bench.stats());
}
