//! Visitor stores: the bundled one, one over texts, and one that fails.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use convert_core::testing::{ManualClock, check_data_store, check_unknown_members};
use convert_core::{
    Applied, CallOptions, ContextOptions, ConversionOutcome, DataStore, DecisionSource, Event, GoalMark, JsonStore,
    KeyValue, MemoryStore, Preview, Reason, StateChange, StateKey, StoreError, VisitorState,
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
fn what_is_not_there_or_odd_counts_as_none() {
    for text in ["", "null", "[]", "{\"bucketing\": 5, \"goals\": [], \"segments\": \"x\", \"locations\": {}}"] {
        let texts = Texts::default();
        texts.set("100-200-v1", text).unwrap();
        let (core, _) = recorded(|builder| builder.data_store(JsonStore::new(texts)));
        let context = core.create_context("v1").unwrap();
        assert!(context.visitor_state().is_empty(), "{text}");
        assert!(context.run_experience("open").is_some(), "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_reported_and_stays_unless_told_otherwise() {
    // Cut short, and not of ours.
    for text in [r#"{"bucketing":{"1":"#, "\"secret\"", "[1]", "a:1:{}"] {
        let texts = Texts::default();
        texts.set("100-200-v1", text).unwrap();
        let (core, _) = recorded(|builder| builder.data_store(JsonStore::new(texts.clone())));
        let failures = Arc::new(Mutex::new(Vec::new()));
        core.on({
            let failures = Arc::clone(&failures);
            move |event| {
                if let convert_core::Event::StoreFailed { error, .. } = event {
                    failures.lock().unwrap().push(error.to_string());
                }
            }
        })
        .forever();
        let context = core.create_context("v1").unwrap();
        assert!(context.run_experience("open").is_some(), "{text}");
        assert!(context.track_conversion("signup").is_queued(), "{text}");
        let failures = failures.lock().unwrap();
        assert!(failures.iter().all(|error| error.contains("no visitor state") && !error.contains("secret")));
        assert!(!failures.is_empty(), "{text}");
        assert_eq!(texts.get("100-200-v1").unwrap().as_deref(), Some(text));

        let replacing = JsonStore::new(texts.clone()).replace_unreadable(true);
        let (core, _) = recorded(|builder| builder.data_store(replacing));
        assert!(core.create_context("v1").unwrap().track_conversion("signup").is_queued(), "{text}");
        assert_eq!(texts.get("100-200-v1").unwrap().as_deref(), Some(r#"{"goals":{"signup":true}}"#));
    }
}

#[derive(Debug)]
struct Broken;

impl DataStore for Broken {
    fn load(&self, _: &StateKey) -> Result<Option<VisitorState>, StoreError> {
        Err(StoreError::new("out of order"))
    }

    fn apply(&self, _: &StateKey, _: &StateChange) -> Result<Applied, StoreError> {
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

/// A store over the bundled one that fails when told to.
#[derive(Clone, Debug, Default)]
struct Moody {
    store: Arc<MemoryStore>,
    is_down: Arc<AtomicBool>,
}

impl Moody {
    fn answer<T>(&self, work: impl FnOnce(&MemoryStore) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if self.is_down.load(Ordering::Relaxed) { Err(StoreError::new("out of order")) } else { work(&self.store) }
    }
}

impl DataStore for Moody {
    fn load(&self, key: &StateKey) -> Result<Option<VisitorState>, StoreError> {
        self.answer(|store| store.load(key))
    }

    fn apply(&self, key: &StateKey, change: &StateChange) -> Result<Applied, StoreError> {
        self.answer(|store| store.apply(key, change))
    }

    fn mark_goal(&self, key: &StateKey, mark: &GoalMark) -> Result<bool, StoreError> {
        self.answer(|store| store.mark_goal(key, mark))
    }
}

#[test]
fn while_the_store_is_down_a_context_counts_once() {
    let store = Moody::default();
    let (core, transport) = recorded(|builder| builder.data_store(store.clone()));
    let context = core.create_context("v1").unwrap();
    store.is_down.store(true, Ordering::Relaxed);
    let first = context.run_experience("open").unwrap().variation_id().to_owned();
    for _ in 0..5 {
        assert_eq!(context.run_experience("open").unwrap().source(), DecisionSource::Stored);
    }
    assert!(context.track_conversion("signup").is_queued());
    assert!(!context.track_conversion("signup").is_queued());
    assert_eq!(told(&sent(&core, &transport)), [format!("v1 bucketing 10>{first}"), "v1 conversion 901".to_owned()]);
}

#[test]
fn what_the_store_failed_to_take_is_stored_when_it_is_back() {
    let store = Moody::default();
    let (core, transport) = recorded(|builder| builder.data_store(store.clone()));
    let context = core.create_context("v1").unwrap();
    store.is_down.store(true, Ordering::Relaxed);
    let first = context.run_experience("open").unwrap().variation_id().to_owned();
    let shop = CallOptions::new().location([("path", "/shop")]);
    assert!(context.run_experience_with("shop", &shop).is_some());
    store.is_down.store(false, Ordering::Relaxed);
    let key = StateKey::new("100", "200", "v1");
    let stored = || store.store.load(&key).unwrap().unwrap_or_default();

    // Neither looking nor previewing leaves a trace.
    let _ = context.explain_experience("open");
    context.set_preview(&Preview::new("20", "201"));
    let _ = context.run_experience("open");
    context.clear_preview();
    assert!(stored().is_empty());

    assert_eq!(context.run_experience("open").unwrap().source(), DecisionSource::Stored);
    assert_eq!(stored().variation_id("10"), Some(first.as_str()));
    assert!(stored().variation_id("30").is_some());
    assert!(stored().locations().eq(["shop"]));
    let version = store.store.version(&key);
    let _ = context.run_experience("open");
    assert_eq!(store.store.version(&key), version, "it is stored once");
    assert_eq!(told(&sent(&core, &transport)).len(), 2);
}

#[test]
fn a_visitor_who_stays_in_a_location_enters_it_once_while_the_store_is_down() {
    let store = Moody::default();
    let (core, _) = recorded(|builder| builder.data_store(store.clone()));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let _subscription = core.on(move |event| match event {
        Event::LocationActivated { .. } => noted.lock().unwrap().push("in"),
        Event::LocationDeactivated { .. } => noted.lock().unwrap().push("out"),
        _ => {}
    });
    let context = core.create_context("v1").unwrap();
    store.is_down.store(true, Ordering::Relaxed);
    let visit = |path: &str| context.run_experience_with("shop", &CallOptions::new().location([("path", path)]));
    for path in ["/shop", "/shop", "/", "/", "/shop"] {
        let _ = visit(path);
    }
    assert_eq!(*seen.lock().unwrap(), ["in", "out", "in"]);
}

#[test]
fn what_was_seen_last_serves_while_the_store_is_down() {
    let store = Moody::default();
    let (core, _) = recorded(|builder| builder.data_store(store.clone()));
    let context = core.create_context("v1").unwrap();
    let _ = context.run_experience("open");
    store.is_down.store(true, Ordering::Relaxed);
    context.set_attributes([("plan", "gold")]).unwrap();
    assert_eq!(context.run_experience("open").unwrap().source(), DecisionSource::Stored);
    assert!(context.run_experience("members").is_some());
}

#[test]
fn a_context_without_storage_writes_nothing_and_still_counts_once() {
    let store = Arc::new(MemoryStore::new());
    let (core, transport) = recorded(|builder| builder.data_store(Arc::clone(&store)));
    let options = ContextOptions::new().attributes([("country", "US")]).storage(false);
    let context = core.create_context_with("v1", options).unwrap();
    let _ = context.run_experience("open");
    assert!(context.track_conversion("signup").is_queued());
    assert!(!context.track_conversion("signup").is_queued());
    context.set_default_segments([("country", "DE")]);
    assert!(store.is_empty());
    assert_eq!(told(&sent(&core, &transport)).len(), 2);
}

/// A store in which another thread acts between a call's work and its answer, once.
#[derive(Debug, Default)]
struct Interrupted {
    store: MemoryStore,
    load: Interruption,
    mark: Interruption,
}

#[derive(Default)]
struct Interruption(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl Interruption {
    fn set(&self, act: impl FnOnce() + Send + 'static) {
        *self.0.lock().unwrap() = Some(Box::new(act));
    }

    fn happens(&self) {
        let act = self.0.lock().unwrap().take();
        if let Some(act) = act {
            act();
        }
    }
}

impl std::fmt::Debug for Interruption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Interruption")
    }
}

impl DataStore for Interrupted {
    fn load(&self, key: &StateKey) -> Result<Option<VisitorState>, StoreError> {
        let loaded = self.store.load(key);
        self.load.happens();
        loaded
    }

    fn apply(&self, key: &StateKey, change: &StateChange) -> Result<Applied, StoreError> {
        self.store.apply(key, change)
    }

    fn mark_goal(&self, key: &StateKey, mark: &GoalMark) -> Result<bool, StoreError> {
        let marked = self.store.mark_goal(key, mark);
        self.mark.happens();
        marked
    }
}

#[test]
fn segments_that_are_stored_during_a_load_are_seen() {
    let store = Arc::new(Interrupted::default());
    let (core, _) = recorded(|builder| builder.data_store(Arc::clone(&store)));
    let options = ContextOptions::new().attributes([("country", "US")]);
    let context = core.create_context_with("v1", options).unwrap();
    let clone = context.clone();
    store.load.set(move || {
        // Stores the pending segment while the other call holds a state without it.
        let _ = clone.run_experience("open");
    });
    assert_eq!(context.segments().get("country"), Some(&"US".into()));
    assert_eq!(context.segments().get("country"), Some(&"US".into()));
}

#[test]
fn two_first_calls_at_once_announce_one_decision() {
    let store = Arc::new(Interrupted::default());
    let (core, transport) = recorded(|builder| builder.data_store(Arc::clone(&store)));
    let (context, other) = (core.create_context("v1").unwrap(), core.create_context("v1").unwrap());
    // Decides and stores while the first call holds a state without the decision.
    store.load.set(move || assert!(other.run_experience("open").unwrap().is_new()));
    let decisions = context.run_experiences();
    assert_eq!(decisions.iter().map(convert_core::Decision::experience_key).collect::<Vec<_>>(), ["open", "rollout"]);
    assert!(decisions.iter().all(convert_core::Decision::is_new));
    let variation = decisions[0].variation_id();
    assert_eq!(
        told(&sent(&core, &transport)),
        [format!("v1 bucketing 10>{variation}"), "v1 bucketing 40>401".to_owned()]
    );
}

#[test]
fn a_state_tells_which_decisions_it_had() {
    for more in [0, 100] {
        let change = (0..more).fold(StateChange::new(), |change, n| change.decision(&format!("e{n}"), "1"));
        let change = change.decision("same", "1").decision("other", "2");
        let mut state = VisitorState::new();
        state.apply(&StateChange::new().decision("same", "1").decision("other", "1"));
        let applied = state.apply(&change);
        assert!(!applied.is_new("same"), "the same variation was there");
        assert!(applied.is_new("other"), "it was another variation");
        assert!(more == 0 || applied.is_new("e7"));
        assert_eq!(state.variation_id("other"), Some("2"));
        assert!(["same", "other"].iter().all(|experience| !state.apply(&change).is_new(experience)));
    }
}

#[test]
fn a_conversion_under_way_when_tracking_is_switched_off_is_queued() {
    let store = Arc::new(Interrupted::default());
    let (core, transport) = recorded(|builder| builder.data_store(Arc::clone(&store)));
    let switched = core.clone();
    // The goal is marked by then: without its event it would never count.
    store.mark.set(move || switched.set_tracking_enabled(false));
    let context = core.create_context("v1").unwrap();
    assert!(matches!(context.track_conversion("signup"), ConversionOutcome::Queued { events: 1, .. }));
    assert_eq!(context.track_conversion("purchase"), ConversionOutcome::Suppressed);
    assert_eq!(told(&sent(&core, &transport)), ["v1 conversion 901"]);
}

#[test]
fn a_time_to_live_without_end_is_none() {
    let (core, _) = recorded(|builder| builder.visitor_time_to_live(Duration::MAX));
    let context = core.create_context("v1").unwrap();
    let _ = context.run_experience("open");
    assert_eq!(context.run_experience("open").unwrap().source(), DecisionSource::Stored);
}

#[test]
fn a_visitor_of_a_large_project_keeps_every_decision() {
    let experiences: Vec<Value> = (0..300)
        .map(|n| json!({"id": format!("{n}"), "key": format!("e{n}"), "variations": [{"id": format!("v{n}"), "key": "a"}]}))
        .collect();
    let config = json!({"account_id": "1", "project": {"id": "2"}, "experiences": experiences});
    let (core, _) = recorded(|builder| builder.config_data(&config));
    let context = core.create_context("v1").unwrap();
    let _ = context.run_experience("e150");
    let _ = context.run_experience("e7");
    assert_eq!(context.run_experiences().len(), 300);
    assert!(context.run_experiences().iter().all(|decision| decision.source() == DecisionSource::Stored));
    let state = context.visitor_state();
    assert!((0..300).all(|n| state.variation_id(&n.to_string()) == Some(format!("v{n}").as_str())));
    // Through JSON and back, nothing is lost either.
    let text = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<VisitorState>(&text).unwrap(), state);
}

#[test]
fn the_stores_of_this_crate_keep_the_promises() {
    check_data_store(&MemoryStore::new()).unwrap();
    check_data_store(&JsonStore::new(Texts::default())).unwrap();
    let texts = Texts::default();
    let store = JsonStore::new(texts.clone());
    check_unknown_members(&store, |key, text| texts.set(&key.to_string(), text).unwrap()).unwrap();
}

/// A store with one fault.
#[derive(Debug)]
struct Faulty {
    memory: MemoryStore,
    fault: &'static str,
    first_thread: ThreadId,
}

impl DataStore for Faulty {
    fn load(&self, key: &StateKey) -> Result<Option<VisitorState>, StoreError> {
        self.memory.load(key)
    }

    fn apply(&self, key: &StateKey, change: &StateChange) -> Result<Applied, StoreError> {
        if self.fault == "calls all new" {
            return self.memory.apply(key, change).map(|_| Applied::all_new());
        }
        if self.fault != "keeps locations" {
            return self.memory.apply(key, change);
        }
        let mut without = StateChange::new();
        for (experience, variation) in change.decisions() {
            without = without.decision(experience, variation);
        }
        for (name, value) in change.segments().flat_map(convert_core::Attributes::iter) {
            without = without.segment(name, value.clone());
        }
        let known = self.memory.load(key)?.unwrap_or_default();
        let fresh = change.locations().into_iter().flatten().map(AsRef::as_ref);
        self.memory.apply(key, &without.in_locations(known.locations().chain(fresh)))
    }

    fn mark_goal(&self, key: &StateKey, mark: &GoalMark) -> Result<bool, StoreError> {
        // As if each thread had looked before the others wrote.
        let looked_early = self.fault == "looks before it marks" && thread::current().id() != self.first_thread;
        Ok(self.memory.mark_goal(key, mark)? || looked_early)
    }
}

#[test]
fn a_store_that_breaks_a_promise_is_found_out() {
    for (fault, promise) in [
        ("looks before it marks", "one is new"),
        ("keeps locations", "locations replace"),
        ("calls all new", "unless the same one"),
    ] {
        let store = Faulty { memory: MemoryStore::new(), fault, first_thread: thread::current().id() };
        let broken = check_data_store(&store).unwrap_err();
        assert!(broken.to_string().contains(promise), "{fault}: {broken}");
    }
}
