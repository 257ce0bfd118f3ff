use std::sync::Arc;
use std::time::Duration;

use super::bench::{Bench, full_queue, poll_once, seconds};
use crate::clock::RandomJitter;
use crate::testing::{Answer, FixedJitter};
use crate::tracking::{DropReason, FlushReport};
use crate::transport::RequestKind;
use crate::warned::warnings;
use crate::worker::DeliveryConfig;

const TRACKING: RequestKind = RequestKind::Tracking;

/// Ten minutes of an endpoint that is down, at twenty events a second.
fn ten_minutes_down(adjust: impl FnOnce(&mut DeliveryConfig)) -> Bench {
    let mut bench = Bench::with(adjust);
    bench.transport.otherwise(TRACKING, Answer::status(503));
    for n in 0..12_000 {
        bench.track([n]);
        bench.advance(Duration::from_millis(50));
    }
    bench
}

#[test]
fn ten_minutes_of_503_cost_few_requests_and_no_event() {
    for fraction in [0.5, 0.9, 1.0] {
        let mut bench = ten_minutes_down(|config| config.jitter = Arc::new(FixedJitter::new(fraction)));
        let requests = bench.stats().requests;
        assert!((20..=60).contains(&requests), "{requests} requests with {fraction}");
        assert_eq!(bench.stats().pending.total(), 12_000);
        assert!(bench.transport.bodies(TRACKING).iter().all(|body| body.len() <= 500_000));

        bench.transport.otherwise(TRACKING, Answer::status(200));
        bench.advance(seconds(30));
        let stats = bench.stats();
        assert_eq!((stats.delivered.total(), stats.pending.total(), stats.dropped.total()), (12_000, 0, 0));
        let delivered = bench.sent()[usize::try_from(requests).unwrap()..].concat();
        assert_eq!(delivered, Vec::from_iter(0..12_000), "each once, in order");
    }
}

#[test]
fn ten_minutes_of_503_with_random_jitter_lose_nothing() {
    let mut bench = ten_minutes_down(|config| config.jitter = Arc::new(RandomJitter));
    // Full jitter averages 45 requests; an unlucky run stays far below this.
    assert!(bench.stats().requests < 100, "{}", bench.stats().requests);
    bench.transport.otherwise(TRACKING, Answer::status(200));
    bench.advance(seconds(30));
    assert_eq!(bench.stats().delivered.total(), 12_000);
}

#[test]
fn a_burst_on_a_full_queue_keeps_the_newest_and_counts_the_rest() {
    let warned = warnings(|| {
        let mut bench = Bench::new();
        bench.transport.script(TRACKING, [Answer::Hang]);
        bench.track(0..10);
        bench.track(10..200_000);
        let stats = bench.stats();
        assert_eq!(stats.accepted.total(), 200_000);
        assert_eq!(stats.pending.total(), 100_000);
        assert_eq!((stats.dropped.queue_full.bucketing, stats.dropped.queue_full.conversions), (50_000, 50_000));
        let so_far = (DropReason::QueueFull, 50_000, 50_000);
        assert_eq!(bench.told_drops(), [so_far], "told of while it lasts");
        bench.track(200_000..200_010);
        assert_eq!(bench.told_drops(), [so_far], "and once");

        bench.transport.release(TRACKING, &Answer::status(200));
        bench.turn();
        let stats = bench.stats();
        assert_eq!((stats.delivered.total(), stats.pending.total()), (100_000, 0));
        assert_eq!(bench.told_drops(), [so_far, (DropReason::QueueFull, 5, 5)], "the rest, now that it is over");
        let sent = bench.sent();
        assert_eq!(sent[0], Vec::from_iter(0..10), "what is in flight is not dropped");
        assert_eq!(sent[1..].concat(), Vec::from_iter(100_020..200_010));
    });
    assert_eq!(warned, 1);
}

#[test]
fn a_second_episode_of_a_full_queue_is_told_anew() {
    let mut bench = Bench::with(|config| config.limits = full_queue(100));
    for round in 1..=2 {
        bench.transport.script(TRACKING, [Answer::Hang]);
        bench.track(0..10);
        bench.track(10..150);
        bench.transport.release(TRACKING, &Answer::status(200));
        bench.turn();
        assert_eq!(bench.told_drops(), vec![(DropReason::QueueFull, 25, 25); round]);
    }
}

#[test]
fn the_first_eviction_is_told_of_at_once() {
    let mut bench = Bench::with(|config| config.limits = full_queue(20));
    bench.transport.otherwise(TRACKING, Answer::status(503));
    let warned = warnings(|| {
        bench.track(0..20);
        assert_eq!(bench.stats().dropped.total(), 0);
    });
    assert_eq!(warned, 1, "of the answer only");
    let warned = warnings(|| bench.track([20]));
    assert_eq!((warned, bench.told_drops()), (1, vec![(DropReason::QueueFull, 1, 0)]));
    // The endpoint stays away: no further word of the queue until the end.
    assert_eq!(warnings(|| bench.track(21..25)), 0);
    bench.transport.otherwise(TRACKING, Answer::status(200));
    assert_eq!(warnings(|| bench.advance(seconds(60))), 0);
    assert_eq!(bench.told_drops(), [(DropReason::QueueFull, 1, 0), (DropReason::QueueFull, 2, 2)]);
    assert_eq!((bench.stats().delivered.total(), bench.stats().dropped.queue_full.total()), (20, 5));
}

#[test]
fn a_queue_too_small_for_a_batch_loses_nothing_at_a_healthy_endpoint() {
    let by_number = |config: &mut DeliveryConfig| config.limits.events = 8;
    let by_size = |config: &mut DeliveryConfig| config.limits.bytes = 2_000;
    for limit in [&by_number as &dyn Fn(&mut DeliveryConfig), &by_size] {
        let mut bench = Bench::with(|config| {
            config.batch_size = 1_000;
            limit(config);
        });
        for n in 0..100 {
            bench.track([n]);
        }
        drop(bench.flush(seconds(5)));
        assert_eq!((bench.stats().delivered.total(), bench.stats().dropped.total()), (100, 0));
        assert!((10..=30).contains(&bench.stats().requests), "{} requests", bench.stats().requests);
    }
}

#[test]
fn a_burst_within_the_bound_loses_nothing_at_a_slow_endpoint() {
    let mut bench = Bench::new();
    bench.transport.otherwise(TRACKING, Answer::Hang);
    bench.track(0..60_000);
    while bench.stats().pending.total() > 0 {
        bench.advance(Duration::from_millis(100));
        bench.transport.release(TRACKING, &Answer::status(200));
        bench.turn();
    }
    assert_eq!((bench.stats().delivered.total(), bench.stats().requests), (60_000, 120));
    assert_eq!(bench.sent().concat(), Vec::from_iter(0..60_000));
}

#[test]
fn latency_on_a_healthy_endpoint_loses_nothing() {
    let mut bench = Bench::new();
    bench.transport.otherwise(TRACKING, Answer::Hang);
    // A hundred events a second, a hundred milliseconds for each answer.
    for n in 0..3_000 {
        bench.track([n]);
        if n % 10 == 9 {
            bench.transport.release(TRACKING, &Answer::status(200));
        }
        bench.advance(Duration::from_millis(10));
    }
    bench.transport.otherwise(TRACKING, Answer::status(200));
    bench.transport.release(TRACKING, &Answer::status(200));
    let mut flush = bench.flush(seconds(5));
    assert!(poll_once(&mut flush).unwrap().is_ok());
    assert_eq!(bench.stats().delivered.total(), 3_000);
    assert_eq!(bench.sent().concat(), Vec::from_iter(0..3_000));
}

#[test]
fn a_clock_that_jumps_costs_no_event() {
    let mut bench = Bench::new();
    bench.transport.script(TRACKING, [Answer::Unreachable, Answer::Hang]);
    bench.track(0..10);
    // Frozen during the backoff, and once more during a request.
    bench.clock.set_unix_time(seconds(5));
    bench.advance(seconds(86_400));
    assert_eq!(bench.sent().len(), 2);
    bench.advance(seconds(86_400));
    bench.advance(seconds(2));
    assert_eq!(bench.stats().delivered.total(), 10);
}

#[test]
fn an_endpoint_that_flaps_gets_each_event_once() {
    let mut bench = Bench::new();
    let statuses = [429, 202, 503, 408, 200, 500, 200];
    bench.transport.script(TRACKING, statuses.map(Answer::status));
    bench.track(0..100);
    for _ in 0..100 {
        bench.advance(seconds(1));
    }
    let mut flush = bench.flush(seconds(5));
    assert_eq!(poll_once(&mut flush), Some(Ok(FlushReport { delivered: 0, dropped: 0, pending: 0 })));
    assert_eq!(bench.stats().delivered.total(), 100);
    assert_eq!(bench.stats().ambiguous.total(), 0);
}

#[test]
fn a_lost_worker_loses_no_event() {
    let mut bench = Bench::new();
    bench.transport.script(TRACKING, [Answer::Hang]);
    bench.track(0..10);
    let mut flush = bench.flush(seconds(60));
    bench.lose_worker();
    let report = poll_once(&mut flush).unwrap().unwrap_err().report();
    assert_eq!(report, FlushReport { delivered: 0, dropped: 0, pending: 10 });
    assert_eq!((bench.stats().pending.total(), bench.stats().ambiguous.total()), (10, 10));
    // The next need starts a thread.
    assert_eq!(bench.delivery.flush(seconds(60)).unwrap().delivered, 10);
}
