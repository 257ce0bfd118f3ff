//! What an evaluation looks at, and what it leaves to be done.

use std::collections::HashSet;
use std::sync::Arc;

use crate::attributes::{AttributeValue, Attributes};
use crate::config::{Experience, ProjectConfig};
use crate::events::Event;
use crate::rules::{ExclusionLookup, Provider, RuleInput, RuleSource};
use crate::text::Text;
use crate::tracking::{EventKind, TrackingEvent};
use crate::visitor::{Applied, CUSTOM_SEGMENTS, OneOrMany, StateChange, VisitorState};

use super::bucketing::BucketingOptions;

/// What holds for every evaluation of one core.
#[derive(Clone, Debug)]
pub(crate) struct EvalSettings {
    pub(crate) environment: Option<Text>,
    pub(crate) bucketing: BucketingOptions,
    pub(crate) keys_case_sensitive: bool,
}

/// Everything one call looks at. Nothing in it changes while it runs.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) config: &'a ProjectConfig,
    pub(crate) settings: &'a EvalSettings,
    pub(crate) visitor: &'a Arc<str>,
    pub(crate) state: &'a VisitorState,
    /// The visitor's report segments: the stored ones and those that wait to be stored.
    pub(crate) segments: Option<&'a Arc<Attributes>>,
    /// The visitor's effective attributes: stored segments, the context's, the call's; later ones win.
    pub(crate) attributes: &'a Attributes,
    /// Where the visitor is: a provider, for it may cost something to look.
    pub(crate) location: Option<&'a Provider>,
    pub(crate) ignore_location: bool,
    pub(crate) environment: Option<&'a str>,
    pub(crate) tracking: bool,
    pub(crate) storage: bool,
    pub(crate) force: Force<'a>,
    pub(crate) preview: Option<Previewed<'a>>,
    /// Whether somebody listens to lifecycle events.
    pub(crate) observed: bool,
}

/// The variations that the call asks for, in experiences that have one of them.
#[derive(Clone, Copy)]
pub(crate) struct Force<'a> {
    pub(crate) variation_ids: &'a [Text],
    /// Store and track it like a decision of the SDK's own.
    pub(crate) persist: bool,
}

impl Force<'_> {
    pub(crate) const NONE: Self = Self { variation_ids: &[], persist: false };
}

/// The variation that a context previews. Its config is the live one, or one fetched for the experience alone.
#[derive(Clone, Copy)]
pub(crate) struct Previewed<'a> {
    pub(crate) config: &'a ProjectConfig,
    pub(crate) experience: u32,
    pub(crate) variation: u32,
}

/// What a call wants done once it is evaluated: mostly nothing, which costs nothing to make, to ask and to drop.
#[derive(Debug, Default)]
pub(crate) struct Effects(Option<Wanted>);

/// What there is to do.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) change: StateChange,
    pub(crate) events: OneOrMany<TrackingEvent>,
    pub(crate) lifecycle: Vec<Event>,
}

impl Effects {
    /// What is wanted so far.
    #[inline]
    pub(crate) fn wanted(&self) -> Option<&Wanted> {
        self.0.as_ref()
    }

    /// To want more.
    pub(crate) fn want(&mut self) -> &mut Wanted {
        self.0.get_or_insert_default()
    }

    /// Leaves out the bucketing events of decisions that another call stored first, and announced.
    pub(crate) fn leave_out_known(&mut self, applied: &Applied) {
        let Some(wanted) = self.0.as_mut().filter(|_| applied.known_experiences().len() > 0) else { return };
        let known: HashSet<&str> = applied.known_experiences().collect();
        let is_announced = |event: &TrackingEvent| match &event.kind {
            EventKind::Bucketing { experience_id, .. } => known.contains(experience_id.as_str()),
            EventKind::Conversion { .. } => false,
        };
        let events = std::mem::take(&mut wanted.events).into_iter();
        wanted.events = events.filter(|event| !is_announced(event)).collect();
    }

    pub(crate) fn into_wanted(self) -> Option<Wanted> {
        self.0
    }
}

impl Previewed<'_> {
    pub(crate) fn experience(&self) -> Option<&Experience> {
        self.config.experiences.at(self.experience)
    }
}

impl<'a> Call<'a> {
    pub(crate) fn input(&self, data: RuleSource<'a>, exclusion: Option<&'a dyn ExclusionLookup>) -> RuleInput<'a> {
        RuleInput { data, exclusion, keys_case_sensitive: self.settings.keys_case_sensitive }
    }

    /// Whether a decision is stored for an experience, those of this call included.
    pub(crate) fn is_stored(&self, effects: &Effects, experience_id: &str) -> bool {
        self.state.variation_id(experience_id).is_some()
            || effects.wanted().is_some_and(|wanted| wanted.change.bucketing.iter().any(|(id, _)| id == experience_id))
    }

    /// Whether the visitor was put in a custom segment.
    pub(crate) fn is_in_segment(&self, segment_id: &str) -> bool {
        custom_segments(self.segments.map(Arc::as_ref))
            .iter()
            .any(|id| matches!(id, AttributeValue::Text(text) if text == segment_id))
    }
}

/// The list of custom segments; anything but a list counts as empty.
pub(crate) fn custom_segments(segments: Option<&Attributes>) -> &[AttributeValue] {
    match segments.and_then(|segments| segments.get(CUSTOM_SEGMENTS)) {
        Some(AttributeValue::List(list)) => list,
        _ => &[],
    }
}
