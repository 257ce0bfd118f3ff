//! What both kinds of context share: the visitor, the view, and how a view is renewed.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::attributes::{AttributeError, Attributes};
use crate::config::ProjectConfig;
use crate::core::{Shared, Snapshot};
use crate::eval::{Effects, Wanted};
use crate::rules::Provider;
use crate::text::Text;
use crate::visitor::{Applied, GoalMark, OneOrMany, StateChange, StateKey, StoreError, VisitorState};
#[cfg(feature = "web")]
use crate::visitor::{AsyncStore, DataStore};

use super::options::ContextOptions;
use super::preview::{self, ActivePreview, Preview, PreviewOutcome, Sought};
use super::view::{OwnAttributes, Setting, View};

/// `S` is where the visitor's state is kept; only the loading and the committing know what it is.
#[derive(Debug)]
pub(super) struct Inner<S> {
    pub(super) shared: Arc<Shared>,
    pub(super) store: S,
    visitor: Arc<str>,
    location: Option<Provider>,
    force_variations: Vec<Text>,
    tracking: bool,
    storage: bool,
    pinned: bool,
    /// Locked while a view is copied or made, so that no change is lost; never during evaluation. A context may live as
    /// long as one request: a cell that every thread of the process takes part in, as `arc_swap` has, costs more to fill and
    /// to drop.
    own: RwLock<Own>,
}

/// The view, and what a new one is made from.
#[derive(Debug)]
struct Own {
    /// `None` until the first call.
    view: Option<Arc<View>>,
    /// `None` where there are none.
    attributes: Option<Arc<OwnAttributes>>,
    preview: Option<ActivePreview>,
    /// A preview that was not at hand when the context was made, as before the first config.
    wanted_preview: Option<Preview>,
    /// `None` as long as the store takes everything.
    unstored: Option<Arc<Unstored>>,
    /// What the store has taken since the state was loaded; of use only when it cannot be loaded again.
    taken: VisitorState,
    /// Counts what the store has taken.
    changes_taken: u64,
    /// Counts the calls that set or clear the preview.
    previews_asked: u64,
    /// The config that a pinned context saw first.
    pinned: Option<Arc<Snapshot>>,
}

/// What this context did that the store does not have.
#[derive(Clone, Debug, Default)]
pub(super) struct Unstored {
    /// What the store failed to take, to be stored with the next change.
    pub(super) change: StateChange,
    /// The goals that the context marked by itself: the store failed, or the context may not write to it.
    marked: VisitorState,
}

impl Own {
    fn unstored(&mut self) -> &mut Unstored {
        Arc::make_mut(self.unstored.get_or_insert_default())
    }

    fn has_marked(&self, mark: &GoalMark) -> bool {
        self.unstored.as_ref().is_some_and(|unstored| unstored.marked.has_reached(mark))
    }

    fn view_of(
        &self,
        subject: Option<Subject>,
        state: VisitorState,
        version: Option<u64>,
        attributes: Option<Arc<OwnAttributes>>,
    ) -> View {
        let unstored = self.unstored.clone().filter(|unstored| !unstored.change.is_empty());
        View::new(subject, state, version, attributes, self.preview.clone(), unstored)
    }
}

/// The config and the key that the next view will see.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) key: StateKey,
}

/// A view about to be made: what it is made from, taken before the visitor's state is loaded, so that report segments
/// which are stored meanwhile are seen once at least.
pub(super) struct Renewal {
    pub(super) subject: Subject,
    attributes: Option<Arc<OwnAttributes>>,
    changes_taken: u64,
}

impl<S> Inner<S> {
    pub(super) fn new(shared: Arc<Shared>, store: S, visitor: Arc<str>, options: ContextOptions) -> Self {
        let ContextOptions { attributes, location, force_variations, preview, tracking, storage, pinned } = options;
        let preview = preview.map(|wanted| match shared.snapshot() {
            Some(snapshot) => ActivePreview::at_hand(&shared, &snapshot, &wanted).map_err(|_| wanted),
            None => Err(wanted),
        });
        let (preview, wanted_preview) = match preview {
            Some(Ok(found)) => (Some(found), None),
            Some(Err(wanted)) => (None, Some(wanted)),
            None => (None, None),
        };
        let own = Own {
            view: None,
            attributes,
            preview,
            wanted_preview,
            previews_asked: 0,
            unstored: None,
            taken: VisitorState::new(),
            changes_taken: 0,
            pinned: None,
        };
        Self { shared, store, visitor, location, force_variations, tracking, storage, pinned, own: RwLock::new(own) }
    }

    pub(super) fn visitor_id(&self) -> &str {
        &self.visitor
    }

    #[inline]
    pub(super) fn setting(&self) -> Setting<'_> {
        let is_closed = self.shared.delivery.is_closed();
        Setting {
            visitor: &self.visitor,
            settings: &self.shared.settings,
            location: self.location.as_ref(),
            force_variations: &self.force_variations,
            tracking: self.tracking && self.shared.delivery.is_tracking_enabled(),
            is_closed,
            // Whoever reads a stored decision back does not announce it, and this core no longer can.
            storage: self.storage && !is_closed,
            observed: self.shared.bus.is_observed(),
        }
    }

    /// The view, if it is still true: same config, same stored state. `version` is the store's.
    #[inline]
    pub(super) fn current_view(&self, version: impl FnOnce(&S, &StateKey) -> Option<u64>) -> Option<Arc<View>> {
        let view = self.own().view.clone()?;
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

    /// Starts a new view; `None` while no config is loaded.
    pub(super) fn start_renewal(&self) -> Option<Renewal> {
        let mut own = self.own_mut();
        let snapshot = self.next_snapshot(&mut own)?;
        let (attributes, taken) = (own.attributes.clone(), own.changes_taken);
        let wanted = own.wanted_preview.clone().map(|wanted| (own.previews_asked, wanted));
        drop(own);
        if let Some((number, wanted)) = wanted {
            self.show_wanted(number, &wanted, &snapshot);
        }
        let key = StateKey::in_scope(Arc::clone(&snapshot.scope), Arc::clone(&self.visitor));
        Some(Renewal { subject: Subject { snapshot, key }, attributes, changes_taken: taken })
    }

    /// Shows the preview that was not at hand before, unless another was asked for meanwhile.
    fn show_wanted(&self, number: u64, wanted: &Preview, snapshot: &Arc<Snapshot>) {
        let found = ActivePreview::at_hand(&self.shared, snapshot, wanted);
        let outcome = preview::outcome(&found);
        if outcome == PreviewOutcome::ExperienceNotFound {
            // A draft, it may be. This call does not wait; who comes next finds it.
            self.shared.previews.fetch_ahead(&wanted.experience_id);
        }
        let mut own = self.own_mut();
        if own.previews_asked != number || own.wanted_preview.take().is_none() {
            return;
        }
        let is_shown = found.is_ok();
        own.preview = found.ok();
        drop(own);
        if !is_shown {
            // Whoever sends links chooses what they name: nothing to warn of.
            tracing::debug!(target: "convert", "the preview is not shown: {outcome}");
        }
    }

    /// The config that the next call sees.
    pub(super) fn config(&self) -> Option<Arc<ProjectConfig>> {
        let snapshot = if self.pinned { self.next_snapshot(&mut self.own_mut()) } else { self.shared.snapshot() };
        Some(Arc::clone(&snapshot?.config))
    }

    fn next_snapshot(&self, own: &mut Own) -> Option<Arc<Snapshot>> {
        if !self.pinned {
            return self.shared.snapshot();
        }
        if own.pinned.is_none() {
            own.pinned = self.shared.snapshot();
        }
        own.pinned.clone()
    }

    /// A new view while no config is loaded.
    pub(super) fn install_empty(&self) -> Arc<View> {
        let own = self.own_mut();
        let view = own.view_of(None, VisitorState::new(), None, own.attributes.clone());
        keep(own, view)
    }

    /// A new view, of what the store answered.
    ///
    /// `version` was asked before the load: a change in between makes the next call load again.
    pub(super) fn install_loaded(
        &self,
        renewal: Renewal,
        loaded: Result<Option<VisitorState>, StoreError>,
        version: Option<u64>,
    ) -> Arc<View> {
        let Renewal { subject, attributes, changes_taken } = renewal;
        let is_loaded = loaded.is_ok();
        let (mut state, version) = match loaded {
            Ok(state) => (state.unwrap_or_default(), version),
            Err(error) => {
                self.shared.store_failed(error);
                // What was seen last is the best there is; the next call tries again.
                (self.last_state(), None)
            }
        };
        let mut own = self.own_mut();
        if !is_loaded {
            state.overlay(&own.taken);
        } else if own.changes_taken == changes_taken {
            // What the store took since it was asked may not be in its answer.
            own.taken = VisitorState::new();
        }
        if let Some(unstored) = &own.unstored {
            state.apply(&unstored.change);
            state.overlay(&unstored.marked);
        }
        // Attributes that came in meanwhile are for the next call.
        let is_newest = match (&own.attributes, &attributes) {
            (Some(now), Some(then)) => Arc::ptr_eq(now, then),
            (None, None) => true,
            _ => false,
        };
        let version = version.filter(|_| is_newest);
        let view = own.view_of(Some(subject), state, version, attributes);
        keep(own, view)
    }

    /// The state that was seen last, for when the store fails.
    fn last_state(&self) -> VisitorState {
        self.own().view.as_ref().map(|view| view.state.clone()).unwrap_or_default()
    }

    /// Takes note of what the store answered to a change. While it fails, every decision counts as new.
    pub(super) fn stored(&self, view: &View, change: &StateChange, answer: Result<Applied, StoreError>) -> Applied {
        match answer {
            Ok(applied) => {
                let mut own = self.own_mut();
                own.taken.take_in(change, |_| {});
                own.changes_taken = own.changes_taken.wrapping_add(1);
                drop(own);
                if !change.segments.is_empty() || view.unstored.is_some() {
                    self.settle(view, change);
                }
                applied
            }
            Err(error) => {
                self.shared.store_failed(error);
                // The context's segments wait in its attributes for the next call; all else waits here.
                let unstored = StateChange { segments: OneOrMany::Empty, ..change.clone() };
                self.change_own(|own| own.unstored().change.extend(&unstored));
                Applied::all_new()
            }
        }
    }

    /// Whether a goal counts as reached for the first time, by what the store answered. While it fails, this context
    /// remembers by itself, and still knows when the store is back.
    pub(super) fn marked(&self, view: &View, mark: &GoalMark, answer: Result<bool, StoreError>) -> bool {
        match answer {
            Ok(is_first) => is_first && !self.own().has_marked(mark),
            Err(error) => {
                self.shared.store_failed(error);
                self.mark_unstored(view, mark)
            }
        }
    }

    /// Marks a goal in this context only; whether it is reached for the first time.
    pub(super) fn mark_unstored(&self, view: &View, mark: &GoalMark) -> bool {
        let mut is_first = false;
        self.change_own(|own| is_first = own.unstored().marked.mark_goal(mark));
        is_first && !view.state.has_reached(mark)
    }

    /// Whether calls may write to the store.
    pub(super) fn has_storage(&self) -> bool {
        self.storage
    }

    /// Notes that the report segments of `view`, and what the store failed to take before, are stored with `change`.
    fn settle(&self, view: &View, change: &StateChange) {
        self.change_own(|own| {
            if let Some(unstored) = &mut own.unstored {
                Arc::make_mut(unstored).change.remove(change);
            }
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

    /// Starts to set a preview: its number, and what is found at once.
    pub(super) fn seek_preview(&self, preview: &Preview) -> (u64, Sought) {
        let (number, snapshot) = {
            let mut own = self.own_mut();
            own.previews_asked = own.previews_asked.wrapping_add(1);
            (own.previews_asked, self.next_snapshot(&mut own))
        };
        (number, ActivePreview::seek(&self.shared, snapshot, preview))
    }

    /// Sets what was found, or clears the preview where that is nothing. Until then the one before stays; a later call
    /// has the last word.
    pub(super) fn set_preview(&self, number: u64, found: Result<ActivePreview, PreviewOutcome>) -> PreviewOutcome {
        let outcome = preview::outcome(&found);
        self.change_own(|own| {
            if own.previews_asked == number {
                own.preview = found.ok();
                own.wanted_preview = None;
            }
        });
        outcome
    }

    pub(super) fn clear_preview(&self) {
        self.change_own(|own| {
            own.previews_asked = own.previews_asked.wrapping_add(1);
            own.preview = None;
            own.wanted_preview = None;
        });
    }

    fn change_own(&self, change: impl FnOnce(&mut Own)) {
        let mut own = self.own_mut();
        change(&mut own);
        // The state is kept for the case that it cannot be loaded again; everything else is made anew.
        if let Some(view) = &own.view {
            let (subject, state) = (view.subject.clone(), view.state.clone());
            let view = own.view_of(subject, state, None, own.attributes.clone());
            keep(own, view);
        }
    }

    // Nothing that runs under the lock can panic half-way through a change.

    #[inline]
    fn own(&self) -> RwLockReadGuard<'_, Own> {
        self.own.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn own_mut(&self) -> RwLockWriteGuard<'_, Own> {
        self.own.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues and tells what a call left to be done, its state change aside.
    pub(super) fn release(&self, effects: Effects) {
        let Some(Wanted { events, lifecycle, change: _ }) = effects.into_wanted() else { return };
        for event in events {
            self.shared.delivery.track(event);
        }
        for event in lifecycle {
            self.shared.bus.emit(|| event);
        }
    }
}

#[cfg(feature = "web")]
impl Inner<Arc<dyn DataStore>> {
    /// The same visitor for asynchronous code, told what this one was told.
    pub(super) fn asynchronous(&self) -> Inner<AsyncStore> {
        let own = self.own();
        let own = Own {
            view: None,
            attributes: own.attributes.clone(),
            preview: own.preview.clone(),
            wanted_preview: own.wanted_preview.clone(),
            unstored: own.unstored.clone(),
            taken: VisitorState::new(),
            changes_taken: 0,
            previews_asked: 0,
            pinned: own.pinned.clone(),
        };
        Inner {
            shared: Arc::clone(&self.shared),
            store: AsyncStore::Inline(Arc::clone(&self.store)),
            visitor: Arc::clone(&self.visitor),
            location: self.location.clone(),
            force_variations: self.force_variations.clone(),
            own: RwLock::new(own),
            tracking: self.tracking,
            storage: self.storage,
            pinned: self.pinned,
        }
    }
}

/// Puts a view in place of the one before, which may be the last to hold an old config: it is let go without the lock.
fn keep(mut own: RwLockWriteGuard<'_, Own>, view: View) -> Arc<View> {
    let view = Arc::new(view);
    let before = own.view.replace(Arc::clone(&view));
    drop(own);
    drop(before);
    view
}

/// The change that must be stored, and its key.
pub(super) fn change_to_store<'a>(view: &'a View, effects: &'a Effects) -> Option<(&'a StateKey, &'a StateChange)> {
    let change = effects.wanted().map(|wanted| &wanted.change).filter(|change| !change.is_empty())?;
    Some((&view.subject.as_ref()?.key, change))
}
