//! What a store promises, checked.

use std::fmt;
use std::thread;

use crate::attributes::{AttributeValue, Attributes};
use crate::visitor::{DataStore, GoalMark, StateChange, StateKey, StoreError, VisitorState};

/// Calls at the same time, to see whether a change is atomic.
const THREADS: usize = 8;
/// Rounds of them: one alone may go well by chance.
const ROUNDS: usize = 50;

/// Checks what [`DataStore`] promises: that changes merge in order, that locations are replaced, that a goal or
/// a decision is new once though many come with it at the same moment, and that no visitor sees another's state.
///
/// It changes the visitors of an account named `convert-check`, so give it a store that has none of them, an empty one
/// at best. A store whose promises hold between processes needs a test of its own for that.
///
/// ```
/// use convert_core::MemoryStore;
/// use convert_core::testing::check_data_store;
///
/// check_data_store(&MemoryStore::new())?;
/// # Ok::<(), convert_core::testing::BrokenPromise>(())
/// ```
///
/// # Errors
/// [`BrokenPromise`] says which promise the store does not keep.
pub fn check_data_store(store: &impl DataStore) -> Result<(), BrokenPromise> {
    nothing_is_known_at_first(store)?;
    changes_merge_in_order(store)?;
    goals_count_once(store)?;
    marks_are_atomic(store)?;
    decisions_are_new_once(store)?;
    changes_are_atomic(store)
}

/// Checks that members of a visitor's state that the SDK does not know outlive a change, for a store that is shared with
/// services in other languages. `put` is to store a JSON text under a key, as such a service would.
///
/// # Errors
/// [`BrokenPromise`] where they do not, or the store fails.
pub fn check_unknown_members(store: &impl DataStore, put: impl FnOnce(&StateKey, &str)) -> Result<(), BrokenPromise> {
    let key = key("shared");
    let text = r#"{"bucketing":{"1":"11"},"of-another-service":{"a":[1,null]}}"#;
    put(&key, text);
    store.apply(&key, &StateChange::new().decision("2", "21"))?;
    store.mark_goal(&key, &GoalMark::new("goal", None))?;
    let expected = r#"{"bucketing":{"1":"11","2":"21"},"goals":{"goal":true},"of-another-service":{"a":[1,null]}}"#;
    let expected: VisitorState = serde_json::from_str(expected).map_err(StoreError::new)?;
    is_kept(state(store, &key)? == expected, "members that the SDK does not know outlive a change")
}

fn nothing_is_known_at_first(store: &impl DataStore) -> Result<(), BrokenPromise> {
    is_kept(store.load(&key("merged"))?.is_none(), "of a visitor who is new, nothing is known")
}

fn changes_merge_in_order(store: &impl DataStore) -> Result<(), BrokenPromise> {
    let key = key("merged");
    let list =
        |items: &[&str]| AttributeValue::from(items.iter().map(|item| (*item).into()).collect::<Vec<AttributeValue>>());
    let changes = [
        StateChange::new().decision("1", "11").decision("2", "21").segment("country", "US").in_locations(["a", "b"]),
        StateChange::new().decision("2", "22").segment("customSegments", list(&["x"])).in_locations(["c"]),
        StateChange::new()
            .decision("1", "11")
            .segment("customSegments", list(&["y"]))
            .segment("customSegments", list(&["z"])),
    ];
    let mut expected = VisitorState::new();
    for change in &changes {
        let (applied, wanted) = (store.apply(&key, change)?, expected.apply(change));
        let is_told = change.decisions().all(|(id, _)| applied.is_new(id) == wanted.is_new(id));
        is_kept(is_told, "a decision is new unless the same one was there")?;
    }
    let stored = state(store, &key)?;
    is_kept(stored.decisions().eq(expected.decisions()), "a decision stays until a later one takes its place")?;
    let segments = |state: &VisitorState| state.segments().map(Attributes::to_owned);
    is_kept(segments(&stored) == segments(&expected), "segments merge one after the other, lists included")?;
    is_kept(stored.locations().eq(["c"]), "locations replace the stored ones, and stay where a change has none")?;
    store.apply(&key, &StateChange::new().in_locations([]))?;
    is_kept(state(store, &key)?.locations().len() == 0, "an empty list of locations replaces the stored ones too")?;
    is_kept(store.load(&self::key("other"))?.is_none(), "a visitor does not see the state of another")
}

fn goals_count_once(store: &impl DataStore) -> Result<(), BrokenPromise> {
    let key = key("goals");
    let mark = |goal: &str, id: Option<&str>| GoalMark::new(goal, id.map(Into::into));
    is_kept(store.mark_goal(&key, &mark("goal", None))?, "the first mark of a goal is new")?;
    is_kept(!store.mark_goal(&key, &mark("goal", None))?, "the second mark of a goal is not new")?;
    is_kept(store.mark_goal(&key, &mark("other", None))?, "another goal's first mark is new")?;
    is_kept(!store.mark_goal(&key, &mark("third", Some("goal")))?, "a mark under the goal's id counts")?;
    is_kept(state(store, &key)?.has_goal("third"), "a goal that is known by its id is marked under its key too")
}

fn marks_are_atomic(store: &impl DataStore) -> Result<(), BrokenPromise> {
    for round in 0..ROUNDS {
        let (key, mark) = (key(&format!("marks-{round}")), GoalMark::new("goal", None));
        let new = at_once(|_| store.mark_goal(&key, &mark))?;
        is_kept(new.into_iter().filter(|new| *new).count() == 1, "of marks at the same moment, one is new")?;
    }
    Ok(())
}

fn decisions_are_new_once(store: &impl DataStore) -> Result<(), BrokenPromise> {
    for round in 0..ROUNDS {
        let (key, change) = (key(&format!("decisions-{round}")), StateChange::new().decision("1", "11"));
        let new = at_once(|_| Ok(store.apply(&key, &change)?.is_new("1")))?;
        is_kept(new.into_iter().filter(|new| *new).count() == 1, "of decisions at the same moment, one is new")?;
    }
    Ok(())
}

fn changes_are_atomic(store: &impl DataStore) -> Result<(), BrokenPromise> {
    for round in 0..ROUNDS {
        let key = key(&format!("changes-{round}"));
        at_once(|thread| {
            store.apply(&key, &StateChange::new().decision(&thread.to_string(), "1"))?;
            store.mark_goal(&key, &GoalMark::new(format!("goal-{thread}"), None))
        })?;
        let state = state(store, &key)?;
        let is_whole = state.decisions().len() == THREADS && state.goals().len() == THREADS;
        is_kept(is_whole, "of changes at the same moment, none is lost")?;
    }
    Ok(())
}

/// The answers of as many threads.
fn at_once<T: Send>(call: impl Fn(usize) -> Result<T, StoreError> + Sync) -> Result<Vec<T>, BrokenPromise> {
    let call = &call;
    let answers: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || call(thread))).collect();
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    let panicked = |_| BrokenPromise { promise: "it does not panic", source: None };
    answers.into_iter().map(|answer| Ok(answer.map_err(panicked)??)).collect()
}

fn key(visitor: &str) -> StateKey {
    StateKey::new("convert-check", "1", visitor)
}

fn state(store: &impl DataStore, key: &StateKey) -> Result<VisitorState, BrokenPromise> {
    Ok(store.load(key)?.unwrap_or_default())
}

fn is_kept(kept: bool, promise: &'static str) -> Result<(), BrokenPromise> {
    if kept { Ok(()) } else { Err(BrokenPromise { promise, source: None }) }
}

/// What a store promises and does not keep; see [`check_data_store`].
#[derive(Debug)]
pub struct BrokenPromise {
    promise: &'static str,
    source: Option<StoreError>,
}

impl BrokenPromise {
    /// What should hold.
    #[must_use]
    pub fn promise(&self) -> &str {
        self.promise
    }
}

impl From<StoreError> for BrokenPromise {
    fn from(source: StoreError) -> Self {
        Self { promise: "it answers while the check runs", source: Some(source) }
    }
}

impl fmt::Display for BrokenPromise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store does not keep a promise of `DataStore`: {}", self.promise)
    }
}

impl std::error::Error for BrokenPromise {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
