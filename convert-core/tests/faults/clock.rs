//! A clock that jumps: a machine that slept, and a time service that corrects.

use convert_core::testing::{Fault, Route};
use convert_core::{Clock, FlushError};

use crate::kit::{PATIENCE, Shop, names, seconds};

const MONTH: u64 = 30 * 24 * 60 * 60;

#[test]
fn a_jump_during_the_backoff_ends_it() {
    let shop = Shop::new();
    shop.collector.fail_once(Route::Track, Fault::RetryAfter { status: 503, value: "300".to_owned() });
    shop.buy(0..10);
    shop.wait_for_ended(1);
    shop.settle();
    assert_eq!(shop.stats().requests, 1, "held back");
    shop.clock.advance(seconds(MONTH));
    assert!(shop.collector.wait_for_events(10, PATIENCE));
    assert_eq!(shop.stats().ambiguous.total(), 0);
}

/// The request runs into its timeout, though its answer may be about to come: it counts as ambiguous, and is sent again.
#[test]
fn a_jump_during_a_request_costs_no_event() {
    let shop = Shop::new();
    shop.collector.fail_once(Route::Track, Fault::Hang);
    shop.buy(0..10);
    assert!(shop.collector.wait_for_requests(2, PATIENCE), "the config's, and this one");
    shop.clock.advance(seconds(MONTH));
    shop.wait_for_ended(1);
    assert_eq!((shop.stats().pending.total(), shop.stats().ambiguous.total()), (10, 10));
    shop.clock.advance(seconds(MONTH));
    assert!(shop.collector.wait_for_events(10, PATIENCE));
    assert_eq!(shop.arrived(), names(0..10));
}

#[test]
fn a_jump_over_a_deadline_ends_the_wait_there() {
    let shop = Shop::new();
    shop.collector.fail_always(Route::Track, Fault::Hang);
    shop.buy(0..1);
    let flushing = std::thread::spawn({
        let core = shop.core.clone();
        move || core.flush(seconds(5))
    });
    assert!(shop.collector.wait_for_requests(2, PATIENCE));
    shop.clock.advance(seconds(MONTH));
    // By the flush's own deadline, or by the request's, which has passed too.
    let error = flushing.join().unwrap().unwrap_err();
    assert!(matches!(error, FlushError::TimedOut { .. } | FlushError::Failed { .. }), "{error}");
    assert_eq!(shop.stats().pending.total(), 1);
}

/// A process that is frozen while it flushes, as a function's is at its time limit: at the thaw the flush's deadline has
/// passed, and the request's. The answer may have come meanwhile.
#[test]
fn a_flush_whose_deadline_passes_while_frozen_loses_nothing() {
    for fault in [Fault::Hang, Fault::Hold] {
        let shop = Shop::new();
        let is_answered = matches!(fault, Fault::Hold);
        shop.collector.fail_once(Route::Track, fault);
        shop.buy(0..1);
        let flushing = std::thread::spawn({
            let core = shop.core.clone();
            move || core.flush(seconds(2))
        });
        assert!(shop.collector.wait_for_requests(2, PATIENCE));
        if is_answered {
            shop.collector.recover();
            assert!(shop.collector.wait_for_events(1, PATIENCE));
        }
        shop.clock.advance(seconds(MONTH));
        let frozen = flushing.join().unwrap();
        assert!(is_answered || frozen.is_err(), "nothing was answered: {frozen:?}");

        // The next invocation. Its flush waits for no backoff.
        shop.buy(1..2);
        shop.core.flush(seconds(2)).unwrap();
        let stats = shop.stats();
        assert_eq!((stats.delivered.total(), stats.pending.total()), (2, 0));
        let mut arrived = shop.arrived();
        assert_eq!(arrived.len() as u64, 2 + if is_answered { stats.ambiguous.total() } else { 0 }, "{arrived:?}");
        arrived.dedup();
        assert_eq!(arrived, names(0..2));
    }
}

/// A date is far away by a clock that is wrong; no wait is longer than five minutes.
#[test]
fn a_wrong_date_holds_deliveries_back_for_five_minutes_at_most() {
    for wrong in [seconds(0), seconds(4_000_000_000)] {
        let shop = Shop::new();
        let date = "Mon, 01 Jan 2024 00:01:00 GMT".to_owned();
        shop.collector.fail_once(Route::Track, Fault::RetryAfter { status: 503, value: date });
        shop.clock.set_unix_time(wrong);
        shop.buy(0..10);
        shop.wait_for_ended(1);
        // A correction meanwhile changes nothing: the wait is by the clock that never goes back.
        shop.clock.set_unix_time(seconds(1_704_067_200));
        // The date has passed by the one, and by the other is 54 years away.
        let wait = if wrong > shop.clock.unix_time() { seconds(1) } else { seconds(300) };
        shop.clock.advance(wait - seconds(1) / 1_000);
        shop.settle();
        assert_eq!(shop.stats().requests, 1);
        shop.clock.advance(seconds(1) / 1_000);
        assert!(shop.collector.wait_for_events(10, PATIENCE));
    }
}
