//! What a context is told once, for the calls that do not say it themselves.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use convert_core::testing::RecordingTransport;
use convert_core::{Attributes, CallOptions, Context, ContextOptions, Core, DecisionSource, Reason};

const SHOP: &str = include_str!("../examples/shop.json");

fn core() -> Core {
    Core::builder().config_json(SHOP).async_transport(RecordingTransport::new()).build().unwrap()
}

fn context(core: &Core, options: ContextOptions) -> Context {
    core.create_context_with("visitor-1", options).unwrap()
}

fn path(path: &str) -> [(&str, &str); 1] {
    [("path", path)]
}

fn reason(context: &Context, options: &CallOptions) -> Reason {
    context.explain_experience_with("pricing-page", options).reason
}

#[test]
fn the_contexts_location_counts_where_a_call_gives_none() {
    let core = core();
    let defaults = CallOptions::new();
    let nowhere = context(&core, ContextOptions::new());
    assert_eq!(reason(&nowhere, &defaults), Reason::LocationPropertiesMissing);

    let pricing = context(&core, ContextOptions::new().location(path("/pricing")));
    assert!(pricing.run_experience("pricing-page").is_some());
    assert_eq!(pricing.run_experiences().len(), 1, "the other experience is for members");

    let elsewhere = CallOptions::new().location(path("/about"));
    assert_eq!(reason(&pricing, &elsewhere), Reason::LocationMismatch);
    let given_but_empty = CallOptions::new().location(Attributes::new());
    assert_eq!(reason(&pricing, &given_but_empty), Reason::LocationMismatch);
}

#[test]
fn a_location_can_wait_until_it_is_needed() {
    let core = core();
    let made = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&made);
    let options = ContextOptions::new().location_from(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        path("/pricing").into()
    });
    let context = context(&core, options);
    let _ = context.run_experience("free-shipping");
    assert_eq!(made.load(Ordering::Relaxed), 0, "that experience is not limited to locations");
    assert!(context.run_experience("pricing-page").is_some());
    assert!(context.run_experience("pricing-page").is_some());
    assert_eq!(made.load(Ordering::Relaxed), 1);
}

#[test]
fn forced_variations_of_the_context_leave_no_trace() {
    let core = core();
    let options = ContextOptions::new().location(path("/pricing"));
    let usual = context(&core, options.clone()).explain_experience("pricing-page");
    let usual = usual.decision.unwrap().variation_id().to_owned();
    let other = if usual == "1003000010" { "1003000011" } else { "1003000010" };

    let forced = context(&core, options.clone().force_variations(["1", other]));
    let decision = forced.run_experience("pricing-page").unwrap();
    assert_eq!((decision.variation_id(), decision.source()), (other, DecisionSource::Forced));
    assert_eq!(core.stats().accepted.total(), 0);
    assert_eq!(forced.visitor_state().variation_id("100300001"), None);

    // A call's own choice counts, with what it says of persistence.
    let own = CallOptions::new().force_variation(usual.as_str()).persist_forced(true);
    assert_eq!(forced.run_experience_with("pricing-page", &own).unwrap().variation_id(), usual);
    assert_eq!(core.stats().accepted.total(), 1);
}
