//! Futures that are dropped half-way: no event is lost, no state half-written.

use std::pin::pin;
use std::sync::{Arc, Mutex};

use convert_core::testing::RecordingTransport;
use convert_core::{AsyncContext, AsyncCore, ContextOptions, Event};
use futures_executor::block_on;

use crate::kit::{Gate, GatedStore, poll_once, pricing, seconds, sent, shop};

fn open(store: &GatedStore) -> (AsyncCore, AsyncContext, RecordingTransport) {
    let (builder, transport, _) = shop();
    let core = block_on(builder.async_data_store(store.clone()).build_async()).unwrap();
    let options = ContextOptions::new().attributes([("country", "NL")]);
    let context = core.create_context_with("ada", options).unwrap();
    (core, context, transport)
}

/// Polls a decision up to the closed gate, and drops it there.
fn give_up_deciding(context: &AsyncContext) {
    let options = pricing();
    let decision = pin!(context.run_experience_with("pricing-page", &options));
    assert!(poll_once(decision).is_pending());
}

fn give_up_converting(context: &AsyncContext) {
    let conversion = pin!(context.track_conversion("purchase"));
    assert!(poll_once(conversion).is_pending());
}

#[test]
fn before_the_first_poll_and_before_the_decision_nothing_happens() {
    let store = GatedStore::new();
    let (core, context, _) = open(&store);
    drop(context.run_experience("pricing-page"));
    drop(context.track_conversion("purchase"));
    store.close(Gate::Load);
    give_up_deciding(&context);
    give_up_converting(&context);
    assert_eq!(core.stats().accepted.total(), 0);
    assert!(store.state("ada").is_empty());
}

#[test]
fn a_decision_given_up_while_it_is_stored_is_tracked_and_told() {
    let store = GatedStore::new();
    let (core, context, transport) = open(&store);
    let told = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&told);
    core.on(move |event| {
        if let Event::Bucketing { experience_key, .. } = event {
            seen.lock().unwrap().push(experience_key.clone());
        }
    })
    .forever();
    store.close(Gate::Apply);
    give_up_deciding(&context);
    assert_eq!(core.stats().pending.bucketing, 1);
    assert!(store.state("ada").is_empty(), "the store took all of it or nothing");
    assert_eq!(*told.lock().unwrap(), ["pricing-page"]);

    // The next call decides the same, and stores what the first one could not: the context's segments as well.
    store.close(Gate::Open);
    let decision = block_on(context.run_experience_with("pricing-page", &pricing())).unwrap();
    assert!(decision.is_new());
    let state = store.state("ada");
    assert_eq!(state.variation_id("100300001"), Some(decision.variation_id()));
    assert_eq!(state.segments().unwrap().get("country"), Some(&"NL".into()));
    block_on(core.close(seconds(5)));
    assert_eq!(sent(&transport), ["ada bucketing 100300001", "ada bucketing 100300001"]);
}

#[test]
fn a_first_conversion_given_up_while_it_is_marked_counts() {
    let store = GatedStore::new();
    let (core, context, transport) = open(&store);
    store.close(Gate::Mark);
    give_up_converting(&context);
    assert_eq!(core.stats().pending.conversions, 1);
    block_on(core.close(seconds(5)));
    assert_eq!(sent(&transport), ["ada conversion 100400001"]);
}

#[test]
fn a_repeated_conversion_given_up_while_it_is_marked_does_not_count() {
    let store = GatedStore::new();
    let (core, context, transport) = open(&store);
    assert!(block_on(context.track_conversion("purchase")).is_queued());
    store.close(Gate::Mark);
    give_up_converting(&context);
    block_on(core.close(seconds(5)));
    assert_eq!(sent(&transport), ["ada conversion 100400001"]);
}

/// The conversion is marked, its events wait for the context's segments to be stored.
#[test]
fn a_conversion_given_up_after_it_was_marked_is_tracked_once() {
    let store = GatedStore::new();
    let (core, context, transport) = open(&store);
    store.close(Gate::Apply);
    give_up_converting(&context);
    assert!(store.state("ada").has_goal("purchase"));
    store.close(Gate::Open);
    assert!(!block_on(context.track_conversion("purchase")).is_queued());
    block_on(core.close(seconds(5)));
    assert_eq!(sent(&transport), ["ada conversion 100400001"]);
}

#[test]
fn a_flush_and_a_close_that_are_given_up_go_on() {
    let (core, context, transport) = open(&GatedStore::new());
    assert!(block_on(context.track_conversion("purchase")).is_queued());
    assert!(poll_once(pin!(core.flush(seconds(5)))).is_pending() || core.stats().delivered.total() == 1);
    assert!(transport.wait_for(convert_core::RequestKind::Tracking, 1, seconds(60)));
    drop(core.close(seconds(5)));
    assert!(block_on(context.track_conversion("purchase")) == convert_core::ConversionOutcome::Deduplicated);
    let _ = poll_once(pin!(core.close(seconds(5))));
    block_on(core.close(seconds(5)));
    assert_eq!(core.stats().delivered.total(), 1);
}
