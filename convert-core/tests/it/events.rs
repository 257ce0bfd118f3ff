//! Lifecycle events and their handlers.

use std::sync::{Arc, Mutex};

use convert_core::{CallOptions, Event};

use crate::fixtures::{recorded, sent};

/// A handler that notes the events it gets, each as a short text.
fn notebook() -> (Arc<Mutex<Vec<String>>>, impl Fn(&Event) + Send + Sync + 'static) {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&notes);
    (notes, move |event: &Event| written.lock().unwrap().push(short(event)))
}

fn short(event: &Event) -> String {
    match event {
        Event::Ready { .. } => "ready".to_owned(),
        Event::Bucketing { experience_key, feature_key, is_new, .. } => {
            let feature = feature_key.as_deref().map(|key| format!(" for {key}")).unwrap_or_default();
            format!("bucketing {experience_key}{feature}{}", if *is_new { "" } else { " again" })
        }
        Event::Conversion { goal_key, .. } => format!("conversion {goal_key}"),
        Event::LocationActivated { location_key, .. } => format!("in {location_key}"),
        Event::LocationDeactivated { location_key, .. } => format!("out {location_key}"),
        Event::QueueReleased { events, result, .. } => format!("released {events}: {result:?}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn handlers_see_what_happens_until_they_unsubscribe() {
    let (core, transport) = recorded(|builder| builder);
    let (notes, handler) = notebook();
    let subscription = core.on(handler);
    let context = core.create_context("v1").unwrap();
    let _ = context.run_experience("open");
    let _ = context.run_experience("open");
    let _ = context.run_feature("banner");
    let _ = context.run_feature("dark");
    let shop = |path: &str| CallOptions::new().location([("path", path)]);
    let _ = context.run_experience_with("shop", &shop("/shop"));
    let _ = context.run_experience_with("shop", &shop("/shop"));
    let _ = context.run_experience_with("shop", &shop("/blog"));
    let _ = context.run_experience_with("shop", &shop("/shop"));
    context.track_conversion("signup");
    context.track_conversion("signup");
    sent(&core, &transport);
    drop(subscription);
    context.track_conversion("purchase");
    assert_eq!(
        *notes.lock().unwrap(),
        [
            "ready",
            "bucketing open",
            "bucketing open again",
            "bucketing rollout for banner",
            "in shop",
            "bucketing shop",
            "bucketing shop again",
            "out shop",
            "in shop",
            "bucketing shop again",
            "conversion signup",
            "released 4: Ok(200)",
        ]
    );
}

#[test]
fn a_panicking_handler_harms_nobody() {
    let (core, _) = recorded(|builder| builder);
    let _broken = core.on(|_| panic!("a handler's own fault"));
    let (notes, handler) = notebook();
    let _subscription = core.on(handler);
    assert!(core.create_context("v1").unwrap().run_experience("open").is_some());
    assert_eq!(*notes.lock().unwrap(), ["ready", "bucketing open"]);
}

#[test]
fn a_handler_may_call_the_core() {
    let (core, transport) = recorded(|builder| builder);
    let inner = core.clone();
    let _subscription = core.on(move |event| {
        if matches!(event, Event::Bucketing { experience_key, .. } if experience_key == "open") {
            inner.create_context("v2").unwrap().track_conversion("signup");
        }
    });
    let _ = core.create_context("v1").unwrap().run_experience("open");
    assert_eq!(sent(&core, &transport).len(), 1);
    assert_eq!(core.stats().delivered.total(), 2);
}

#[test]
fn an_event_that_is_logged_whole_shows_no_visitor_id() {
    let (core, _) = recorded(|builder| builder);
    let (seen, written) = (Arc::new(Mutex::new(String::new())), Arc::new(Mutex::new(String::new())));
    let (logged, shown) = (Arc::clone(&seen), Arc::clone(&written));
    let _subscription = core.on(move |event| {
        logged.lock().unwrap().push_str(&format!("{event:?}"));
        if let Event::Bucketing { visitor_id, .. } = event {
            shown.lock().unwrap().push_str(visitor_id.as_str());
        }
    });
    let _ = core.create_context("jane@example.com").unwrap().run_experience("open");
    assert!(!seen.lock().unwrap().contains("jane"));
    assert_eq!(*written.lock().unwrap(), "jane@example.com");
}

#[test]
fn a_handler_may_subscribe_and_ask_for_readiness() {
    let (core, _) = recorded(|builder| builder);
    let inner = core.clone();
    let answers = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&answers);
    let _subscription = core.on(move |event| {
        if matches!(event, Event::Ready { .. }) {
            inner.on(|_| {}).forever();
            noted.lock().unwrap().push(inner.wait_ready(std::time::Duration::ZERO));
        }
    });
    assert_eq!(*answers.lock().unwrap(), [true]);
}
