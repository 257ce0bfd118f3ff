//! Visitor stores: the bundled one, one over texts, and one that fails.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use convert_core::testing::ManualClock;
use convert_core::{
    DataStore, DecisionSource, GoalMark, JsonStore, KeyValue, MemoryStore, Reason, StateChange, StateKey, StoreError,
    VisitorState,
};
use serde_json::{Value, json};

use crate::fixtures::{recorded, sent, told};

fn source(reason: Reason) -> Option<DecisionSource> {
    match reason {
        Reason::Resolved(source) => Some(source),
        _ => None,
    }
}

#[test]
fn the_bundled_store_forgets_the_visitor_used_least_recently() {
    let (core, _) = recorded(|builder| builder.visitor_limit(NonZeroUsize::new(2).unwrap()));
    let decide = |visitor: &str| core.create_context(visitor).unwrap().run_experience("open").unwrap().source();
    assert_eq!([decide("a"), decide("b")], [DecisionSource::Bucketed; 2]);
    assert_eq!(decide("a"), DecisionSource::Stored);
    // The third puts `b` out, which was used longest ago.
    assert_eq!(decide("c"), DecisionSource::Bucketed);
    assert_eq!(decide("a"), DecisionSource::Stored);
    assert_eq!(decide("b"), DecisionSource::Bucketed);
}

#[test]
fn the_bundled_store_forgets_after_its_time_to_live() {
    let clock = ManualClock::new();
    let (core, _) = recorded(|builder| builder.clock(clock.clone()).visitor_time_to_live(Duration::from_secs(60)));
    let context = core.create_context("v1").unwrap();
    let _ = context.run_experience("open");
    clock.advance(Duration::from_secs(59));
    assert_eq!(source(context.explain_experience("open").reason), Some(DecisionSource::Stored));
    clock.advance(Duration::from_secs(1));
    assert_eq!(source(context.explain_experience("open").reason), Some(DecisionSource::Bucketed));
    assert!(context.visitor_state().is_empty());
}

#[derive(Clone, Debug, Default)]
struct Texts(Arc<Mutex<HashMap<String, String>>>);

impl KeyValue for Texts {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    fn set(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.0.lock().unwrap().insert(key.to_owned(), value.to_owned());
        Ok(())
    }
}

#[test]
fn a_store_is_shared_with_the_other_sdks() {
    let texts = Texts::default();
    let stored = json!({
        "bucketing": {"10": "102", "77": 7},
        "goals": {"signup": true},
        "segments": {"country": "US", "weather": "sunny"},
        "locations": ["shop"],
        "theirs": {"kept": [1, 2.5]},
    });
    texts.set("100-200-v1", &stored.to_string()).unwrap();
    let (core, transport) = recorded(|builder| builder.data_store(JsonStore::new(texts.clone())));
    let context = core.create_context("v1").unwrap();
    assert_eq!(context.run_experience("open").unwrap().variation_id(), "102");
    assert!(!context.track_conversion("signup").is_queued());
    assert!(context.track_conversion("purchase").is_queued());
    let written: Value = serde_json::from_str(&texts.get("100-200-v1").unwrap().unwrap()).unwrap();
    assert_eq!(
        written,
        json!({
            "bucketing": {"10": "102", "77": "7"},
            "goals": {"signup": true, "purchase": true},
            "segments": {"country": "US", "weather": "sunny"},
            "locations": ["shop"],
            "theirs": {"kept": [1, 2.5]},
        })
    );
    let bodies = sent(&core, &transport);
    assert_eq!(told(&bodies), ["v1 conversion 902"]);
    // An own store means that the backend must not add what it knows; and only report segments are sent.
    assert_eq!(bodies[0]["enrichData"], json!(false));
    assert_eq!(bodies[0]["visitors"][0]["segments"], json!({"country": "US"}));
}

#[test]
fn a_mark_under_the_goals_id_counts() {
    let texts = Texts::default();
    texts.set("100-200-v1", r#"{"goals": {"901": true}}"#).unwrap();
    let (core, _) = recorded(|builder| builder.data_store(JsonStore::new(texts)));
    assert!(!core.create_context("v1").unwrap().track_conversion("signup").is_queued());
}

#[test]
fn what_is_no_state_counts_as_none() {
    for text in ["", "null", "[]", "{", "{\"bucketing\": 5, \"goals\": [], \"segments\": \"x\", \"locations\": {}}"] {
        let texts = Texts::default();
        texts.set("100-200-v1", text).unwrap();
        let (core, _) = recorded(|builder| builder.data_store(JsonStore::new(texts)));
        let context = core.create_context("v1").unwrap();
        assert!(context.visitor_state().is_empty(), "{text}");
        assert!(context.run_experience("open").is_some(), "{text}");
    }
}

#[derive(Debug)]
struct Broken;

impl DataStore for Broken {
    fn load(&self, _: &StateKey) -> Result<Option<VisitorState>, StoreError> {
        Err(StoreError::new("out of order"))
    }

    fn apply(&self, _: &StateKey, _: &StateChange) -> Result<(), StoreError> {
        Err(StoreError::new("out of order"))
    }

    fn mark_goal(&self, _: &StateKey, _: &GoalMark) -> Result<bool, StoreError> {
        Err(StoreError::new("out of order"))
    }
}

#[test]
fn a_failing_store_fails_no_decision_and_loses_no_conversion() {
    let (core, transport) = recorded(|builder| builder.data_store(Broken));
    let failures = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&failures);
    let _subscription = core.on(move |event| {
        if matches!(event, convert_core::Event::StoreFailed { .. }) {
            *counted.lock().unwrap() += 1;
        }
    });
    let context = core.create_context("v1").unwrap();
    let decision = context.run_experience("open").unwrap();
    assert!(context.track_conversion("signup").is_queued());
    let expected = [format!("v1 bucketing 10>{}", decision.variation_id()), "v1 conversion 901".to_owned()];
    assert_eq!(told(&sent(&core, &transport)), expected);
    assert!(*failures.lock().unwrap() >= 3);
}

#[test]
fn a_full_memory_store_stays_at_its_limit() {
    let store = Arc::new(MemoryStore::with_capacity(NonZeroUsize::new(100).unwrap()));
    let (core, _) = recorded(|builder| builder.data_store(Arc::clone(&store)));
    for visitor in 0..1_000 {
        let _ = core.create_context(format!("v{visitor}")).unwrap().run_experience("open");
    }
    assert_eq!(store.len(), 100);
}
