use std::time::Duration;

use super::bench::{Bench, full_queue, poll_once, seconds};
use crate::testing::Answer;
use crate::tracking::{DropReason, FlushError, FlushReport, ReleaseReason};
use crate::transport::{RequestKind, Response};
use crate::worker::AmbiguousPolicy;

const TRACKING: RequestKind = RequestKind::Tracking;

#[test]
fn every_reason_sends_the_same_body() {
    let size = {
        let mut bench = Bench::with(|config| config.batch_size = 4);
        bench.track(0..4);
        bench
    };
    let explicit = {
        let mut bench = Bench::new();
        bench.track(0..4);
        drop(bench.flush(seconds(5)));
        bench
    };
    let timeout = {
        let mut bench = Bench::with(|config| config.auto_flush_interval = Some(seconds(30)));
        bench.track(0..4);
        bench.advance(seconds(30));
        bench
    };
    let exit = {
        let mut bench = Bench::new();
        bench.track(0..4);
        drop(bench.delivery.start_flush(ReleaseReason::Exit, seconds(5)));
        bench.turn();
        bench
    };
    let shutdown = {
        let mut bench = Bench::new();
        bench.track(0..4);
        drop(bench.delivery.start_close(seconds(5)));
        bench.turn();
        bench
    };
    let expected = size.transport.bodies(TRACKING);
    assert_eq!(expected.len(), 1);
    assert!(!expected[0].is_empty());
    for (bench, reason) in [
        (size, ReleaseReason::Size),
        (explicit, ReleaseReason::Explicit),
        (timeout, ReleaseReason::Timeout),
        (exit, ReleaseReason::Exit),
        (shutdown, ReleaseReason::Shutdown),
    ] {
        assert_eq!(bench.released(), [(reason, true)]);
        assert_eq!(bench.transport.bodies(TRACKING), expected, "{reason:?}");
        assert_eq!(bench.sent(), [[0, 1, 2, 3]]);
        assert_eq!(bench.stats().delivered.total(), 4);
    }
}

#[test]
fn nothing_is_sent_before_the_batch_size() {
    let mut bench = Bench::new();
    bench.track(0..9);
    assert!(bench.sent().is_empty());
    bench.track([9]);
    assert_eq!(bench.sent(), [Vec::from_iter(0..10)]);
}

#[test]
fn the_periodic_release_counts_from_the_first_event_to_the_millisecond() {
    let mut bench = Bench::with(|config| config.auto_flush_interval = Some(seconds(30)));
    bench.advance(seconds(100));
    bench.track([0]);
    bench.advance(seconds(10));
    bench.track([1]);
    bench.advance(seconds(20) - Duration::from_millis(1));
    assert!(bench.sent().is_empty());
    bench.advance(Duration::from_millis(1));
    assert_eq!(bench.sent(), [[0, 1]]);
    bench.track([2]);
    bench.advance(seconds(30));
    assert_eq!(bench.sent(), [vec![0, 1], vec![2]]);
}

#[test]
fn events_queued_during_a_request_wait_for_its_end() {
    let mut bench = Bench::new();
    bench.transport.script(TRACKING, [Answer::Hang]);
    bench.track(0..30);
    bench.track(30..60);
    assert_eq!(bench.sent().len(), 1);
    assert_eq!(bench.stats().pending.total(), 60);
    bench.transport.release(TRACKING, &Answer::status(202));
    bench.turn();
    assert_eq!(bench.sent().concat(), Vec::from_iter(0..60));
    assert_eq!(bench.stats().delivered.total(), 60);
}

#[test]
fn a_flush_drains_everything_in_requests_of_five_hundred() {
    let mut bench = Bench::with(|config| config.batch_size = 100_000);
    bench.track(0..1_201);
    let mut flush = bench.flush(seconds(5));
    assert_eq!(poll_once(&mut flush), Some(Ok(FlushReport { delivered: 1_201, dropped: 0, pending: 0 })));
    assert_eq!(bench.sent().iter().map(Vec::len).collect::<Vec<_>>(), [500, 500, 201]);
    assert_eq!(bench.sent().concat(), Vec::from_iter(0..1_201));
}

#[test]
fn requests_stay_under_half_a_megabyte_and_larger_events_go_alone() {
    let mut bench = Bench::with(|config| config.batch_size = 100_000);
    let mut events: Vec<_> = (0..20).map(super::bench::event).collect();
    for (n, event) in events.iter_mut().enumerate() {
        let length = if n == 10 { 600_000 } else { 100_000 };
        event.visitor = format!("{n}{}", "x".repeat(length)).into();
    }
    events.into_iter().for_each(|event| bench.delivery.track(event));
    drop(bench.flush(seconds(5)));
    let bodies = bench.transport.bodies(TRACKING);
    assert_eq!(bench.sent().concat(), Vec::from_iter(0..20));
    assert_eq!(bodies.iter().filter(|body| body.len() > 500_000).count(), 1);
    assert!(bench.sent().contains(&vec![10]));
}

#[test]
fn an_event_of_a_megabyte_is_delivered_alone_and_whole() {
    let mut bench = Bench::new();
    let mut large = super::bench::event(1);
    // Each character takes two bytes on the wire.
    large.visitor = "\"".repeat(1 << 20).into();
    bench.delivery.track(large.clone());
    let mut flush = bench.flush(seconds(5));
    assert_eq!(poll_once(&mut flush), Some(Ok(FlushReport { delivered: 1, dropped: 0, pending: 0 })));
    let bodies = bench.transport.bodies(TRACKING);
    assert_eq!(bodies.len(), 1);
    assert!(bodies[0].len() > 2 << 20, "{} bytes", bodies[0].len());
    let body: serde_json::Value = serde_json::from_str(&bodies[0]).unwrap();
    assert_eq!(body["visitors"][0]["visitorId"], *large.visitor);
}

#[test]
fn a_flush_with_nothing_queued_is_done_at_once() {
    let mut bench = Bench::new();
    assert_eq!(poll_once(&mut bench.flush(seconds(5))), Some(Ok(FlushReport::default())));
    assert!(bench.sent().is_empty());
}

#[test]
fn a_flush_ends_exactly_at_its_deadline_and_loses_nothing() {
    let mut bench = Bench::new();
    bench.transport.script(TRACKING, [Answer::Hang]);
    bench.track(0..3);
    let mut flush = bench.flush(seconds(5));
    bench.advance(seconds(5) - Duration::from_nanos(1));
    assert_eq!(poll_once(&mut flush), None);
    bench.advance(Duration::from_nanos(1));
    let report = FlushReport { delivered: 0, dropped: 0, pending: 3 };
    assert_eq!(poll_once(&mut flush), Some(Err(FlushError::TimedOut { report })));
    bench.transport.release(TRACKING, &Answer::status(200));
    bench.turn();
    assert_eq!(bench.stats().delivered.total(), 3);
}

#[test]
fn a_dropped_flush_goes_on() {
    let mut bench = Bench::new();
    bench.transport.script(TRACKING, [Answer::Hang]);
    bench.track(0..3);
    drop(bench.flush(seconds(5)));
    bench.transport.release(TRACKING, &Answer::status(200));
    bench.turn();
    assert_eq!(bench.stats().delivered.total(), 3);
}

#[test]
fn a_flush_tries_once_at_once_during_backoff() {
    let mut bench = Bench::new();
    bench.transport.otherwise(TRACKING, Answer::status(503));
    bench.track(0..10);
    assert_eq!(bench.sent().len(), 1);
    bench.track(10..50);
    assert_eq!(bench.sent().len(), 1, "held back");
    let mut flush = bench.flush(seconds(5));
    assert_eq!(bench.sent().len(), 2);
    let Some(Err(FlushError::Failed { report, source })) = poll_once(&mut flush) else { panic!("not failed") };
    assert_eq!(report, FlushReport { delivered: 0, dropped: 0, pending: 50 });
    assert_eq!(source.status(), Some(503));
    bench.transport.otherwise(TRACKING, Answer::status(200));
    let mut flush = bench.flush(seconds(5));
    assert_eq!(poll_once(&mut flush), Some(Ok(FlushReport { delivered: 50, dropped: 0, pending: 0 })));
    assert_eq!(bench.stats().requests, 3);
}

#[test]
fn refused_events_are_dropped_counted_and_told() {
    for status in [400, 401, 403, 404, 422] {
        let mut bench = Bench::new();
        bench.transport.script(TRACKING, [Answer::status(status)]);
        bench.track(0..10);
        let stats = bench.stats();
        assert_eq!((stats.dropped.rejected.total(), stats.pending.total()), (10, 0), "{status}");
        assert_eq!(bench.told_drops(), [(DropReason::Rejected, 5, 5)]);
        assert_eq!(bench.released(), [(ReleaseReason::Size, false)]);
    }
}

#[test]
fn a_redirect_is_a_failure_that_is_retried() {
    for status in [301, 302, 307, 308] {
        let mut bench = Bench::new();
        bench.transport.script(TRACKING, [Answer::status(status), Answer::status(status)]);
        bench.track(0..10);
        bench.track(10..12);
        let stats = bench.stats();
        assert_eq!((stats.delivered.total(), stats.dropped.total(), stats.pending.total()), (0, 0, 12), "{status}");
        assert_eq!(bench.sent().len(), 1, "held back");
        let mut flush = bench.flush(seconds(5));
        let Some(Err(FlushError::Failed { report, source })) = poll_once(&mut flush) else { panic!("not failed") };
        assert_eq!(report.pending, 12);
        assert!(source.status() == Some(status) && source.to_string().contains("redirect"), "{source}");
        bench.advance(seconds(30));
        assert_eq!(bench.sent().last(), Some(&Vec::from_iter(0..12)), "from the front, in order");
        let stats = bench.stats();
        assert_eq!((stats.delivered.total(), stats.ambiguous.total()), (12, 0), "{status}");
        assert!(bench.told_drops().is_empty());
    }
}

#[test]
fn retry_after_is_obeyed_to_the_second_in_both_forms() {
    // The manual clock starts at 2024-01-01T00:00:00Z.
    for (value, wait) in [("90", 90), ("Mon, 01 Jan 2024 00:02:00 GMT", 120), ("86400", 300), ("soon", 1)] {
        let mut bench = Bench::new();
        let asked = Response::new(429).header("Retry-After", value);
        bench.transport.script(TRACKING, [Answer::Respond(asked)]);
        bench.track(0..10);
        bench.track(10..100);
        bench.advance(seconds(wait) - Duration::from_millis(1));
        assert_eq!(bench.sent().len(), 1, "{value}");
        bench.advance(Duration::from_millis(1));
        assert_eq!(bench.sent()[1..], [Vec::from_iter(0..100)], "{value}");
    }
}

#[test]
fn a_batch_too_large_is_split_without_loss_or_disorder() {
    let mut bench = Bench::new();
    bench.transport.script(TRACKING, [Answer::status(413), Answer::status(413)]);
    bench.track(0..10);
    assert_eq!(bench.sent().iter().map(Vec::len).collect::<Vec<_>>(), [10, 5, 2, 2, 2, 2, 2]);
    assert_eq!(bench.sent()[2..].concat(), Vec::from_iter(0..10));
    assert_eq!(bench.stats().delivered.total(), 10);
    // The size is remembered.
    bench.track(10..20);
    assert_eq!(bench.sent()[7..].iter().map(Vec::len).collect::<Vec<_>>(), [2; 5]);
}

#[test]
fn one_event_too_large_goes_alone_and_is_dropped() {
    let mut bench = Bench::new();
    bench.transport.script(TRACKING, [413, 413, 413, 413].map(Answer::status));
    bench.track(0..10);
    let lengths: Vec<_> = bench.sent().iter().map(Vec::len).collect();
    assert_eq!(lengths, [10, 5, 2, 1, 1, 2, 4, 2]);
    let stats = bench.stats();
    assert_eq!((stats.delivered.total(), stats.dropped.too_large.total()), (9, 1));
    assert_eq!(bench.told_drops(), [(DropReason::TooLarge, 1, 0)]);
}

#[test]
fn a_request_without_an_answer_is_ambiguous_and_the_policy_decides() {
    for (answer, ambiguous) in
        [(Answer::Reset, 10), (Answer::Panic, 10), (Answer::Unreachable, 0), (Answer::status(500), 0)]
    {
        let mut bench = Bench::new();
        bench.transport.script(TRACKING, [answer.clone()]);
        bench.track(0..10);
        assert_eq!(bench.stats().ambiguous.total(), ambiguous, "{answer:?}");
        bench.advance(seconds(1));
        let stats = bench.stats();
        assert_eq!((stats.delivered.total(), stats.ambiguous.total()), (10, ambiguous), "{answer:?}");

        let mut bench = Bench::with(|config| config.ambiguous = AmbiguousPolicy::Drop);
        bench.transport.script(TRACKING, [answer.clone()]);
        bench.track(0..10);
        bench.advance(seconds(1));
        let stats = bench.stats();
        assert_eq!(stats.dropped.ambiguous.total(), ambiguous, "{answer:?}");
        assert_eq!(stats.delivered.total(), 10 - ambiguous, "{answer:?}");
    }
}

#[test]
fn a_hang_ends_at_the_request_timeout_and_is_ambiguous() {
    let mut bench = Bench::new();
    bench.transport.script(TRACKING, [Answer::Hang]);
    bench.track(0..10);
    assert_eq!(bench.next_look(), Some(seconds(10)));
    bench.advance(seconds(10) - Duration::from_nanos(1));
    assert_eq!((bench.transport.abandoned(), bench.stats().ambiguous.total()), (0, 0));
    bench.advance(Duration::from_nanos(1));
    assert_eq!((bench.transport.abandoned(), bench.stats().ambiguous.total()), (1, 10));
    bench.advance(seconds(1));
    assert_eq!(bench.stats().delivered.total(), 10);
}

#[test]
fn an_event_larger_than_the_queue_is_dropped_and_told() {
    let mut bench = Bench::with(|config| config.limits.bytes = 10_000);
    let mut large = super::bench::event(1);
    large.visitor = "x".repeat(20_000).into();
    bench.delivery.track(large);
    bench.turn();
    assert_eq!(bench.stats().dropped.too_large.conversions, 1);
    assert_eq!(bench.told_drops(), [(DropReason::TooLarge, 0, 1)]);
}

#[test]
fn requests_go_to_the_project_with_the_right_headers() {
    let mut bench = Bench::with(|config| config.limits = full_queue(10));
    bench.track(0..10);
    let requests = bench.transport.requests(TRACKING);
    assert_eq!(requests[0].method(), "POST");
    assert_eq!(requests[0].url(), "https://200.metrics.convertexperiments.com/v1/track/100/200");
    assert!(
        requests[0]
            .headers()
            .any(|(name, value)| name.eq_ignore_ascii_case("user-agent") && value == "ConvertAgent/1.0")
    );
}
