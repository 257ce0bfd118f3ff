//! A store over plain `get` and `set` of JSON texts.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::applied::Applied;
use super::key::StateKey;
use super::state::{GoalMark, StateChange, VisitorState};
use super::store::{DataStore, StoreError};

const STRIPES: usize = 64;

/// A plain key-value store of texts, as the official SDKs take it.
pub trait KeyValue: fmt::Debug + Send + Sync + 'static {
    /// The text under `key`.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    fn get(&self, key: &str) -> Result<Option<String>, StoreError>;

    /// Puts `value` under `key`.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be written.
    fn set(&self, key: &str, value: &str) -> Result<(), StoreError>;
}

/// A [`DataStore`] over a [`KeyValue`]: each change reads, changes and writes the visitor's JSON.
///
/// **Atomic in this process only.** Two processes that change the same visitor at the same moment may lose one of the
/// changes, or count a goal twice. A store that has compare-and-set or scripts should implement [`DataStore`] itself.
///
/// A text that is no visitor state (cut short, or somebody else's) is a [`StoreError`] and stays as it is, unless
/// [`replace_unreadable`](Self::replace_unreadable) says otherwise. An empty text, `null` and `[]` count as no state.
#[derive(Debug)]
pub struct JsonStore<S> {
    store: S,
    replace_unreadable: bool,
    stripes: Box<[Mutex<()>]>,
    hasher: RandomState,
}

impl<S: KeyValue> JsonStore<S> {
    /// Keeps visitors' state in `store`.
    pub fn new(store: S) -> Self {
        let stripes = (0..STRIPES).map(|_| Mutex::new(())).collect();
        Self { store, replace_unreadable: false, stripes, hasher: RandomState::new() }
    }

    /// Whether a text that is no visitor state counts as none, with a warning, and is replaced at the visitor's next
    /// change. What it held of the visitor's decisions and goals is lost then. The default is false.
    #[must_use]
    pub fn replace_unreadable(mut self, replace: bool) -> Self {
        self.replace_unreadable = replace;
        self
    }

    fn lock(&self, key: &str) -> Option<MutexGuard<'_, ()>> {
        let stripe = self.stripes.get(self.hasher.hash_one(key) as usize % STRIPES)?;
        Some(stripe.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn read(&self, key: &str) -> Result<Option<VisitorState>, StoreError> {
        let Some(text) = self.store.get(key)? else { return Ok(None) };
        // What other SDKs and stores write of nothing.
        if matches!(text.trim(), "" | "null" | "[]") {
            return Ok(None);
        }
        match serde_json::from_str(&text) {
            Ok(state) => Ok(Some(state)),
            Err(error) if self.replace_unreadable => {
                let at = unreadable(&error);
                tracing::warn!(target: "convert", "a visitor's state cannot be read and counts as none: {at}");
                Ok(None)
            }
            Err(error) => Err(StoreError::new(unreadable(&error))),
        }
    }

    fn change<T>(&self, key: &StateKey, change: impl FnOnce(&mut VisitorState) -> T) -> Result<T, StoreError> {
        let key = key.to_string();
        let _guard = self.lock(&key);
        let known = self.read(&key)?.unwrap_or_default();
        let mut state = known.clone();
        let result = change(&mut state);
        if state != known {
            self.store.set(&key, &serde_json::to_string(&state).map_err(StoreError::new)?)?;
        }
        Ok(result)
    }
}

impl<S: KeyValue> DataStore for JsonStore<S> {
    fn load(&self, key: &StateKey) -> Result<Option<VisitorState>, StoreError> {
        self.read(&key.to_string())
    }

    fn apply(&self, key: &StateKey, change: &StateChange) -> Result<Applied, StoreError> {
        self.change(key, |state| state.apply(change))
    }

    fn mark_goal(&self, key: &StateKey, mark: &GoalMark) -> Result<bool, StoreError> {
        self.change(key, |state| state.mark_goal(mark))
    }
}

/// Not the parser's own words: they quote the text, which is a visitor's.
fn unreadable(error: &serde_json::Error) -> String {
    format!(
        "what is stored under the visitor's key is no visitor state (line {}, column {})",
        error.line(),
        error.column()
    )
}
