//! Deliveries, config fetches and preview fetches wait for none of the others; and the real clock, once.

use std::time::{Duration, Instant};

use convert_core::testing::{Fault, Route};
use convert_core::{FlushError, Preview, PreviewOutcome, Refreshed};
use futures_executor::block_on;

use crate::kit::{PATIENCE, Shop, builder, collector, names, seconds};

/// Not in the config in use, so it is fetched; the server does not know it either.
fn draft(n: u32) -> Preview {
    Preview::new(format!("9{n}"), "1")
}

#[test]
fn a_refresh_and_a_preview_are_fetched_while_a_delivery_hangs() {
    let shop = Shop::new();
    shop.collector.fail_always(Route::Track, Fault::Hang);
    shop.buy(0..10);
    assert!(shop.collector.wait_for_requests(2, PATIENCE), "the config's, and the one that hangs");
    assert_eq!(shop.core.refresh_now().wait(PATIENCE).unwrap(), Refreshed::Unchanged);
    let context = shop.core.create_context("ada").unwrap();
    assert_eq!(context.set_preview(&draft(1)), PreviewOutcome::ExperienceNotFound);
    assert_eq!(block_on(shop.core.load_preview(&draft(2))), PreviewOutcome::ExperienceNotFound);
    assert_eq!(shop.collector.requests().len(), 5);
    assert_eq!((shop.stats().requests, shop.stats().pending.total()), (1, 10), "it hangs still");
    shop.clock.advance(seconds(10));
    shop.wait_for_ended(1);
    shop.collector.recover();
    shop.clock.advance(seconds(1));
    assert!(shop.collector.wait_for_events(10, PATIENCE));
}

#[test]
fn events_are_delivered_while_a_refresh_and_a_preview_hang() {
    let shop = Shop::new();
    shop.collector.fail_always(Route::Config, Fault::Hang);
    let (refreshing, loading) = (shop.core.refresh_now(), shop.core.load_preview(&draft(1)));
    assert!(shop.collector.wait_for_requests(3, PATIENCE));
    shop.buy(0..25);
    assert_eq!(shop.core.flush(PATIENCE).unwrap().pending, 0);
    assert_eq!(shop.arrived(), names(0..25));
    // What is asked for a second time joins in, and ends with the first.
    let (also_refreshing, also_loading) = (shop.core.refresh_now(), shop.core.load_preview(&draft(1)));
    shop.clock.advance(seconds(10));
    assert!(refreshing.wait(PATIENCE).is_err() && also_refreshing.wait(PATIENCE).is_err());
    assert_eq!(block_on(loading), PreviewOutcome::Unavailable);
    assert_eq!(block_on(also_loading), PreviewOutcome::Unavailable);
    assert_eq!(shop.core.config_status().failures, 1);
    assert_eq!(shop.collector.requests().iter().filter(|request| request.method() == "GET").count(), 3);
}

#[test]
fn close_ends_all_three_at_once() {
    let shop = Shop::new();
    shop.collector.fail_always(Route::Config, Fault::Hang);
    shop.collector.fail_always(Route::Track, Fault::Hang);
    let (refreshing, loading) = (shop.core.refresh_now(), shop.core.load_preview(&draft(1)));
    shop.buy(0..10);
    assert!(shop.collector.wait_for_requests(4, PATIENCE));
    let closing = std::thread::spawn({
        let core = shop.core.clone();
        move || core.close(seconds(3))
    });
    while !closing.is_finished() {
        shop.clock.advance(seconds(1));
        std::thread::yield_now();
    }
    let report = closing.join().unwrap();
    assert_eq!((report.delivered, report.pending, report.dropped), (0, 0, 10));
    assert!(refreshing.wait(PATIENCE).is_err());
    assert_eq!(block_on(loading), PreviewOutcome::Unavailable);
    assert_eq!((shop.stats().dropped.closed.total(), shop.stats().ambiguous.total()), (10, 10));
}

/// All other deadlines are tested on a clock that the test moves.
#[test]
fn on_the_real_clock_waits_end_too() {
    let collector = collector();
    collector.fail_always(Route::Track, Fault::Hang);
    let core = builder(&collector).build().unwrap();
    assert!(core.create_context("ada").unwrap().track_conversion("purchase").is_queued());
    let wait = Duration::from_millis(50);
    let started = Instant::now();
    assert!(matches!(core.flush(wait), Err(FlushError::TimedOut { .. })));
    assert!((wait..PATIENCE).contains(&started.elapsed()));
    let started = Instant::now();
    assert_eq!(core.close(wait).dropped, 1);
    assert!((wait..PATIENCE).contains(&started.elapsed()));
}
