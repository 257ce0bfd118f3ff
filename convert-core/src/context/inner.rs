//! What both kinds of context share: the visitor, the view, and how a view is renewed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwapOption, Guard};
use smol_str::SmolStr;

use crate::attributes::{AttributeError, Attributes};
use crate::config::ProjectConfig;
use crate::core::{Shared, Snapshot};
use crate::eval::Effects;
use crate::rules::Provider;
use crate::visitor::{GoalMark, StateChange, StateKey, StoreError, VisitorState};

use super::options::ContextOptions;
use super::preview::{ActivePreview, Preview, PreviewOutcome};
use super::view::{OwnAttributes, Setting, View};

/// `S` is where the visitor's state is kept; only the loading and the committing know what it is.
#[derive(Debug)]
pub(super) struct Inner<S> {
    pub(super) shared: Arc<Shared>,
    pub(super) store: S,
    visitor: Arc<str>,
    location: Option<Provider>,
    force_variations: Vec<SmolStr>,
    tracking: bool,
    storage: bool,
    pinned: bool,
    /// `None` until the first call, and wherever the next call must make a new one.
    view: ArcSwapOption<View>,
    /// What a new view is made from. Locked while one is made, so that no change is lost; never during evaluation.
    own: Mutex<Own>,
}

#[derive(Debug)]
struct Own {
    /// `None` where there are none.
    attributes: Option<Arc<OwnAttributes>>,
    preview: Option<ActivePreview>,
    /// The config that a pinned context saw first.
    pinned: Option<Arc<Snapshot>>,
}

/// The config and the key that the next view will see.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) key: StateKey,
}

impl<S> Inner<S> {
    pub(super) fn new(shared: Arc<Shared>, store: S, visitor: Arc<str>, options: ContextOptions) -> Self {
        let ContextOptions { attributes, location, force_variations, preview, tracking, storage, pinned } = options;
        let preview = preview.and_then(|preview| find_preview(&shared, &preview).ok());
        let own = Own { attributes: OwnAttributes::new(attributes), preview, pinned: None };
        Self {
            shared,
            store,
            visitor,
            location,
            force_variations,
            tracking,
            storage,
            pinned,
            view: ArcSwapOption::empty(),
            own: Mutex::new(own),
        }
    }

    pub(super) fn visitor_id(&self) -> &str {
        &self.visitor
    }

    pub(super) fn setting(&self) -> Setting<'_> {
        Setting {
            visitor: &self.visitor,
            settings: &self.shared.settings,
            location: self.location.as_ref(),
            force_variations: &self.force_variations,
            tracking: self.tracking && self.shared.delivery.is_tracking_enabled(),
            storage: self.storage,
            observed: self.shared.bus.is_observed(),
        }
    }

    /// The view, if it is still true: same config, same stored state. `version` is the store's.
    #[inline]
    pub(super) fn current_view(&self, version: impl FnOnce(&S, &StateKey) -> Option<u64>) -> Option<Arc<View>> {
        let view = Guard::into_inner(self.view.load())?;
        let fresh = match &view.subject {
            Some(subject) => {
                (self.pinned || subject.snapshot.epoch == self.shared.epoch())
                    && view.version.is_some()
                    && view.version == version(&self.store, &subject.key)
            }
            None => self.shared.epoch() == 0,
        };
        fresh.then_some(view)
    }

    /// What the next view will see; `None` while no config is loaded.
    pub(super) fn next_subject(&self) -> Option<Subject> {
        let snapshot = self.next_snapshot()?;
        let key = StateKey::in_scope(Arc::clone(&snapshot.scope), Arc::clone(&self.visitor));
        Some(Subject { snapshot, key })
    }

    /// The config that the next call sees.
    pub(super) fn config(&self) -> Option<Arc<ProjectConfig>> {
        Some(Arc::clone(&self.next_snapshot()?.config))
    }

    fn next_snapshot(&self) -> Option<Arc<Snapshot>> {
        if !self.pinned {
            return self.shared.snapshot();
        }
        let mut own = self.own();
        if own.pinned.is_none() {
            own.pinned = self.shared.snapshot();
        }
        own.pinned.clone()
    }

    /// A new view while no config is loaded.
    pub(super) fn install_empty(&self) -> Arc<View> {
        self.install(None, VisitorState::new(), None)
    }

    /// A new view, of what the store answered.
    ///
    /// `version` was asked before the load: a change in between makes the next call load again.
    pub(super) fn install_loaded(
        &self,
        subject: Subject,
        loaded: Result<Option<VisitorState>, StoreError>,
        version: Option<u64>,
    ) -> Arc<View> {
        match loaded {
            Ok(state) => self.install(Some(subject), state.unwrap_or_default(), version),
            Err(error) => {
                self.shared.store_failed(&error);
                // What was seen last is the best there is; the next call tries again.
                self.install(Some(subject), self.last_state(), None)
            }
        }
    }

    fn install(&self, subject: Option<Subject>, state: VisitorState, version: Option<u64>) -> Arc<View> {
        let own = self.own();
        let view = Arc::new(View::new(subject, state, version, own.attributes.clone(), own.preview.clone()));
        self.view.store(Some(Arc::clone(&view)));
        view
    }

    /// The state that was seen last, for when the store fails.
    fn last_state(&self) -> VisitorState {
        self.view.load().as_ref().map(|view| view.state.clone()).unwrap_or_default()
    }

    /// Takes note of what the store answered to a change.
    pub(super) fn stored(&self, view: &View, change: &StateChange, answer: Result<(), StoreError>) {
        match answer {
            Ok(()) if change.segments().is_some() => self.settle(view),
            Ok(()) => {}
            Err(error) => self.shared.store_failed(&error),
        }
    }

    /// Whether a goal counts as reached for the first time, by what the store answered. One that fails leaves what was
    /// loaded, so that no first conversion is lost.
    pub(super) fn marked(&self, view: &View, mark: &GoalMark, answer: Result<bool, StoreError>) -> bool {
        answer.unwrap_or_else(|error| {
            self.shared.store_failed(&error);
            !view.state.has_reached(mark)
        })
    }

    /// Notes that the report segments of `view` are stored.
    fn settle(&self, view: &View) {
        self.change_own(|own| {
            let is_same = match (&own.attributes, &view.own) {
                (Some(now), Some(then)) => Arc::ptr_eq(now, then),
                _ => false,
            };
            // Attributes that came in meanwhile wait for the next call; merging a segment twice changes nothing.
            if is_same {
                own.attributes = own.attributes.take().and_then(|attributes| attributes.stored());
            }
        });
    }

    /// Merges attributes over the context's.
    pub(super) fn set_attributes(&self, attributes: Attributes) -> Result<(), AttributeError> {
        attributes.check_depth()?;
        self.change_own(|own| {
            own.attributes = match own.attributes.take() {
                Some(known) => Some(Arc::new(known.merged(attributes))),
                None => OwnAttributes::new(attributes),
            };
        });
        Ok(())
    }

    /// Sets or clears the preview. Whatever was previewed before is not any more.
    pub(super) fn set_preview(&self, preview: Option<&Preview>) -> PreviewOutcome {
        let found = preview.map(|preview| find_preview(&self.shared, preview)).transpose();
        let outcome = found.as_ref().err().copied().unwrap_or(PreviewOutcome::Active);
        self.change_own(|own| own.preview = found.unwrap_or_default());
        outcome
    }

    fn change_own(&self, change: impl FnOnce(&mut Own)) {
        let mut own = self.own();
        change(&mut own);
        self.view.store(None);
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        // Nothing that runs under the lock can panic half-way through a change.
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues and tells what a call left to be done, its state change aside.
    pub(super) fn release(&self, effects: Effects) {
        for event in effects.events {
            self.shared.delivery.track(event);
        }
        for event in effects.lifecycle {
            self.shared.bus.emit(|| event);
        }
    }
}

fn find_preview(shared: &Shared, preview: &Preview) -> Result<ActivePreview, PreviewOutcome> {
    let snapshot = shared.snapshot().ok_or(PreviewOutcome::SdkNotReady)?;
    ActivePreview::find(&snapshot.config, preview)
}

/// The change that must be stored, and its key.
pub(super) fn change_to_store<'a>(view: &'a View, effects: &'a Effects) -> Option<(&'a StateKey, &'a StateChange)> {
    if effects.change.is_empty() { None } else { Some((&view.subject.as_ref()?.key, &effects.change)) }
}
