//! An endpoint that is down for ten minutes, at twenty events a second, and then back.

use convert_core::testing::{Fault, Route};

use crate::kit::{PATIENCE, Shop, names, seconds};

const MINUTES: u32 = 10;
const EVENTS: u32 = MINUTES * 60 * 20;

/// Moves through the outage second by second. `fail` and `repair` begin and end it.
pub(crate) fn survives(shop: &Shop, fail: impl FnOnce(), repair: impl FnOnce()) {
    fail();
    for second in 0..MINUTES * 60 {
        shop.buy(second * 20..(second + 1) * 20);
        shop.clock.advance(seconds(1));
        shop.settle();
    }
    let stats = shop.stats();
    assert_eq!((stats.pending.total(), stats.dropped.total()), (u64::from(EVENTS), 0));
    assert!((20..=60).contains(&stats.requests), "{} requests in ten minutes", stats.requests);

    repair();
    // No retry is due later than this.
    shop.clock.advance(seconds(30));
    assert!(shop.collector.wait_for_events(EVENTS as usize, PATIENCE));
    assert_eq!(shop.arrived(), names(0..EVENTS), "each once, in order");
    shop.core.flush(PATIENCE).unwrap();
    let stats = shop.stats();
    assert_eq!((stats.delivered.total(), stats.dropped.total()), (u64::from(EVENTS), 0));
    assert!(shop.collector.requests().iter().all(|request| request.body().len() <= 500_000));
}

fn survives_fault(fault: Fault) -> u64 {
    let shop = Shop::new();
    survives(&shop, || shop.collector.fail_always(Route::Track, fault), || shop.collector.recover());
    shop.stats().ambiguous.total()
}

#[test]
fn ten_minutes_of_503_cost_no_event() {
    assert_eq!(survives_fault(Fault::Status(503)), 0);
}

#[test]
fn ten_minutes_of_resets_in_the_middle_of_the_body_cost_no_event() {
    // One request's worth of events was sent over and over, and may have arrived for all that is known.
    assert_eq!(survives_fault(Fault::ResetMidBody), 500);
}

#[test]
fn ten_minutes_of_answers_that_are_not_http_cost_no_event() {
    assert_eq!(survives_fault(Fault::Garbage), 500);
}

#[test]
fn ten_minutes_without_an_answer_cost_no_event() {
    let shop = Shop::new();
    shop.collector.fail_always(Route::Track, Fault::Hang);
    for second in 0..MINUTES * 60 {
        shop.buy(second * 20..(second + 1) * 20);
        shop.clock.advance(seconds(1));
        // A request may be under way: it ends at its timeout.
        for _ in 0..2 {
            shop.core.refresh_now().wait(PATIENCE).unwrap();
        }
    }
    let stats = shop.stats();
    assert_eq!((stats.pending.total(), stats.dropped.total()), (u64::from(EVENTS), 0));
    assert!((10..=60).contains(&stats.requests), "{} requests in ten minutes", stats.requests);
    shop.collector.recover();
    // One that hangs still is dropped with its connection, and may fail the flush.
    while shop.core.flush(PATIENCE).is_err() {}
    assert_eq!(shop.arrived(), names(0..EVENTS), "each once, in order");
}
