//! The bundled store: the visitors used last, in memory.

use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lru::LruCache;

use crate::clock::{Clock, SystemClock};

use super::applied::Applied;
use super::key::StateKey;
use super::state::{GoalMark, StateChange, VisitorState};
use super::store::{DataStore, StoreError};

/// Visitors kept by default.
pub(crate) const DEFAULT_VISITORS: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();

/// Versions are kept for groups of visitors: a change in one makes contexts of the whole group load again.
const GROUPS: usize = 1024;

/// A [`DataStore`] in memory: keeps the visitors used last (10,000 by default), each for an optional time after its
/// last change.
///
/// A visitor is used when its state is read or changed. A context that is held reads it once, and again after a change: its
/// later calls do not count, so a visitor who only repeats decisions may be evicted while its context is in use.
///
/// A visitor takes about 250 bytes with one decision and one goal. What is evicted is decided anew: the same
/// variation as before, as long as the config stays.
pub struct MemoryStore {
    visitors: Mutex<LruCache<StateKey, Entry, BuildHasherDefault<KeyHasher>>>,
    time_to_live: Option<Duration>,
    clock: Arc<dyn Clock>,
    versions: Box<[AtomicU64]>,
}

struct Entry {
    state: VisitorState,
    changed: Duration,
}

impl MemoryStore {
    /// A store of 10,000 visitors without a time limit.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(DEFAULT_VISITORS)
    }

    /// A store of at most `visitors`.
    #[must_use]
    pub fn with_capacity(visitors: NonZeroUsize) -> Self {
        // Grown as needed: a cache made with its capacity reserves all of it at once.
        let mut cache = LruCache::unbounded_with_hasher(BuildHasherDefault::default());
        cache.resize(visitors);
        Self {
            visitors: Mutex::new(cache),
            time_to_live: None,
            clock: Arc::new(SystemClock::new()),
            versions: (0..GROUPS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Forgets a visitor this long after the last change of its state.
    #[must_use]
    pub fn time_to_live(mut self, time_to_live: Duration) -> Self {
        self.time_to_live = Some(time_to_live);
        self
    }

    /// Takes the time from `clock`.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Puts a visitor's state in place of whatever is kept of the visitor.
    pub fn insert(&self, key: &StateKey, state: VisitorState) {
        self.change(key, |kept| *kept = state);
    }

    /// The number of visitors kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether no visitor is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<StateKey, Entry, BuildHasherDefault<KeyHasher>>> {
        // Nothing that runs under the lock can panic half-way through a change.
        self.visitors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asked before the lock is taken: a clock may be the app's, and call the SDK.
    fn now(&self) -> Duration {
        if self.time_to_live.is_some() { self.clock.now() } else { Duration::ZERO }
    }

    fn is_fresh(&self, entry: &Entry, now: Duration) -> bool {
        self.time_to_live.is_none_or(|time_to_live| now.saturating_sub(entry.changed) < time_to_live)
    }

    fn version_of(&self, key: &StateKey) -> Option<&AtomicU64> {
        self.versions.get(key.visitor_hash() as usize % GROUPS)
    }

    fn change<T>(&self, key: &StateKey, change: impl FnOnce(&mut VisitorState) -> T) -> T {
        let now = self.now();
        let mut visitors = self.lock();
        let result = match visitors.get_mut(key) {
            Some(entry) => {
                if !self.is_fresh(entry, now) {
                    entry.state = VisitorState::new();
                }
                entry.changed = now;
                change(&mut entry.state)
            }
            None => {
                let mut state = VisitorState::new();
                let result = change(&mut state);
                if let Some((evicted, _)) = visitors.push(key.clone(), Entry { state, changed: now }) {
                    self.bump(&evicted);
                }
                result
            }
        };
        self.bump(key);
        result
    }

    fn bump(&self, key: &StateKey) {
        if let Some(version) = self.version_of(key) {
            version.fetch_add(1, Ordering::Release);
        }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("visitors", &self.len()).finish_non_exhaustive()
    }
}

impl DataStore for MemoryStore {
    fn load(&self, key: &StateKey) -> Result<Option<VisitorState>, StoreError> {
        let now = self.now();
        let mut visitors = self.lock();
        Ok(visitors.get(key).filter(|entry| self.is_fresh(entry, now)).map(|entry| entry.state.clone()))
    }

    fn apply(&self, key: &StateKey, change: &StateChange) -> Result<Applied, StoreError> {
        Ok(self.change(key, |state| state.apply(change)))
    }

    fn mark_goal(&self, key: &StateKey, mark: &GoalMark) -> Result<bool, StoreError> {
        let now = self.now();
        let known = self
            .lock()
            .get(key)
            .is_some_and(|entry| self.is_fresh(entry, now) && entry.state.has_goal(mark.goal_key()));
        // Repeated conversions are common, and change nothing.
        Ok(!known && self.change(key, |state| state.mark_goal(mark)))
    }

    fn version(&self, key: &StateKey) -> Option<u64> {
        // With a time limit a state changes without a call.
        if self.time_to_live.is_some() {
            return None;
        }
        Some(self.version_of(key)?.load(Ordering::Acquire))
    }
}

/// A key brings its hash along.
#[derive(Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
