//! The synchronous context.

use std::fmt;
use std::sync::Arc;

use crate::attributes::{AttributeError, Attributes};
use crate::config::ProjectConfig;
use crate::core::Shared;
use crate::eval::Effects;
use crate::visitor::{DataStore, GoalMark, VisitorState};

use super::conversion::{ConversionOptions, ConversionOutcome};
use super::decision::Decision;
use super::explain::{Explanation, FeatureExplanation, GoalExplanation};
use super::feature::{Feature, VariableError};
use super::inner::{Inner, change_to_store};
use super::operations;
use super::options::{CallOptions, ContextOptions};
use super::preview::{ActivePreview, Preview, PreviewOutcome, Sought};
use super::segments::SegmentError;
use super::view::View;

/// One visitor's view of a project: decides experiences and features, tracks conversions.
///
/// Made by [`Core::create_context`](crate::Core::create_context). A cheap handle: clones share everything, and every
/// method takes `&self`. Nothing here waits for the network; the bundled store never blocks.
#[derive(Clone)]
pub struct Context {
    pub(super) inner: Arc<Inner<Arc<dyn DataStore>>>,
}

impl Context {
    pub(crate) fn new(
        shared: Arc<Shared>,
        store: Arc<dyn DataStore>,
        visitor: Arc<str>,
        options: ContextOptions,
    ) -> Self {
        Self { inner: Arc::new(Inner::new(shared, store, visitor, options)) }
    }

    /// The visitor's id.
    #[must_use]
    pub fn visitor_id(&self) -> &str {
        self.inner.visitor_id()
    }

    /// Decides an experience: the variation that the visitor gets, or `None`. The decision is stored and tracked.
    ///
    /// [`explain_experience`](Self::explain_experience) tells why it is `None`.
    #[must_use = "the decision says what to show; to track a goal use `track_conversion`"]
    pub fn run_experience(&self, key: &str) -> Option<Decision> {
        self.run_experience_with(key, CallOptions::told_nothing())
    }

    /// [`run_experience`](Self::run_experience) with options.
    #[must_use = "the decision says what to show; to track a goal use `track_conversion`"]
    pub fn run_experience_with(&self, key: &str, options: &CallOptions) -> Option<Decision> {
        let view = self.view();
        let mut effects = Effects::default();
        let decided = operations::run_experience(&view, self.inner.setting(), key, options, &mut effects);
        self.commit(&view, &mut effects);
        Some(Decision::new(view, decided.ok()?))
    }

    /// Decides every experience of the project, in config order; those without a variation are left out.
    #[must_use = "the decisions say what to show"]
    pub fn run_experiences(&self) -> Vec<Decision> {
        self.run_experiences_with(CallOptions::told_nothing())
    }

    /// [`run_experiences`](Self::run_experiences) with options.
    #[must_use = "the decisions say what to show"]
    pub fn run_experiences_with(&self, options: &CallOptions) -> Vec<Decision> {
        let view = self.view();
        let (decisions, mut effects) = operations::run_experiences(&view, self.inner.setting(), options);
        self.commit(&view, &mut effects);
        decisions
    }

    /// Decides a feature: enabled with its variables, or disabled.
    ///
    /// Only the experiences that can carry the feature are decided, and each of these decisions is stored and tracked.
    #[must_use = "the feature says what to show"]
    pub fn run_feature(&self, key: &str) -> Feature {
        self.run_feature_with(key, CallOptions::told_nothing())
    }

    /// [`run_feature`](Self::run_feature) with options.
    #[must_use = "the feature says what to show"]
    pub fn run_feature_with(&self, key: &str, options: &CallOptions) -> Feature {
        let view = self.view();
        let (feature, mut effects) = operations::run_feature(&view, self.inner.setting(), key, options);
        self.commit(&view, &mut effects);
        feature
    }

    /// Decides every feature: those the visitor gets, then the declared ones that the visitor does not get.
    #[must_use = "the features say what to show"]
    pub fn run_features(&self) -> Vec<Feature> {
        self.run_features_with(CallOptions::told_nothing())
    }

    /// [`run_features`](Self::run_features) with options.
    #[must_use = "the features say what to show"]
    pub fn run_features_with(&self, options: &CallOptions) -> Vec<Feature> {
        let view = self.view();
        let (features, mut effects) = operations::run_features(&view, self.inner.setting(), options);
        self.commit(&view, &mut effects);
        features
    }

    /// Whether the visitor gets a feature; the same as [`run_feature`](Self::run_feature)`(key).is_enabled()`.
    #[must_use = "the answer says what to show"]
    pub fn is_feature_enabled(&self, key: &str) -> bool {
        self.run_feature(key).is_enabled()
    }

    /// [`is_feature_enabled`](Self::is_feature_enabled) with options.
    #[must_use = "the answer says what to show"]
    pub fn is_feature_enabled_with(&self, key: &str, options: &CallOptions) -> bool {
        self.run_feature_with(key, options).is_enabled()
    }

    /// A boolean variable of a feature. Calls with options go through [`run_feature_with`](Self::run_feature_with).
    ///
    /// # Errors
    /// [`VariableError`] where the feature is disabled, has no such variable, or it is no boolean.
    pub fn bool_variable(&self, feature: &str, variable: &str) -> Result<bool, VariableError> {
        self.run_feature(feature).bool(variable)
    }

    /// An integer variable of a feature.
    ///
    /// # Errors
    /// [`VariableError`] where the feature is disabled, has no such variable, or it is no integer.
    pub fn i64_variable(&self, feature: &str, variable: &str) -> Result<i64, VariableError> {
        self.run_feature(feature).i64(variable)
    }

    /// A numeric variable of a feature.
    ///
    /// # Errors
    /// [`VariableError`] where the feature is disabled, has no such variable, or it is no number.
    pub fn f64_variable(&self, feature: &str, variable: &str) -> Result<f64, VariableError> {
        self.run_feature(feature).f64(variable)
    }

    /// A text variable of a feature.
    ///
    /// # Errors
    /// [`VariableError`] where the feature is disabled, has no such variable, or it is no text.
    pub fn string_variable(&self, feature: &str, variable: &str) -> Result<String, VariableError> {
        self.run_feature(feature).str(variable).map(str::to_owned)
    }

    /// A variable of a feature, of any type, as JSON.
    ///
    /// # Errors
    /// [`VariableError`] where the feature is disabled, has no such variable, or it could not be cast.
    pub fn json_variable(&self, feature: &str, variable: &str) -> Result<serde_json::Value, VariableError> {
        self.run_feature(feature).json(variable)
    }

    /// Tracks that the visitor reached a goal. A visitor's repeated conversions count once.
    pub fn track_conversion(&self, goal_key: &str) -> ConversionOutcome {
        self.track_conversion_with(goal_key, &ConversionOptions::new())
    }

    /// [`track_conversion`](Self::track_conversion) with goal data, rule data, or repeated transactions.
    ///
    /// The first conversion with goal data makes two events, as in the official SDKs: the conversion, and the
    /// transaction with its data.
    pub fn track_conversion_with(&self, goal_key: &str, options: &ConversionOptions) -> ConversionOutcome {
        let view = self.view();
        let planned = match operations::plan_conversion(&view, self.inner.setting(), goal_key, options) {
            Ok(planned) => planned,
            Err(outcome) => return outcome,
        };
        let is_first = self.mark(&view, planned.mark());
        let (outcome, mut effects) = planned.decide(is_first);
        self.commit(&view, &mut effects);
        outcome
    }

    /// Merges what is known of the visitor over what was known. Lists unite, nested maps merge, all else is replaced.
    ///
    /// Report segments among the attributes are stored with the next decision, conversion or segment call.
    ///
    /// # Errors
    /// [`AttributeError`] where an attribute nests too deep; none is taken then.
    pub fn set_attributes(&self, attributes: impl Into<Attributes>) -> Result<(), AttributeError> {
        self.inner.set_attributes(attributes.into())
    }

    /// Merges report segments (`country`, `browser`, `devices`, `source`, `campaign`, `visitorType`,
    /// `customSegments`) over the visitor's stored ones; other keys are ignored.
    pub fn set_default_segments(&self, segments: impl Into<Attributes>) {
        let view = self.view();
        let mut effects =
            operations::set_default_segments(&view, self.inner.setting(), segments.into().without_too_deep());
        self.commit(&view, &mut effects);
    }

    /// Puts the visitor into those of these custom segments whose rules match the visitor's attributes. Answers with
    /// the ids of the segments that are new.
    ///
    /// # Errors
    /// [`SegmentError`] while no config is loaded.
    pub fn run_custom_segments(&self, keys: &[&str]) -> Result<Vec<String>, SegmentError> {
        self.run_custom_segments_with(keys, Attributes::new())
    }

    /// [`run_custom_segments`](Self::run_custom_segments) with data for the rules, merged over the attributes.
    ///
    /// # Errors
    /// [`SegmentError`] while no config is loaded.
    pub fn run_custom_segments_with(
        &self,
        keys: &[&str],
        rule_data: impl Into<Attributes>,
    ) -> Result<Vec<String>, SegmentError> {
        let view = self.view();
        let (matched, mut effects) =
            operations::run_custom_segments(&view, self.inner.setting(), keys, &rule_data.into().without_too_deep());
        self.commit(&view, &mut effects);
        matched
    }

    /// Shows one variation on this context, and leaves no trace of the visit from now on. The last call wins; one that
    /// finds nothing clears the preview.
    ///
    /// An experience that the config in use does not have, as a draft, is fetched with the SDK key: **this call then
    /// blocks**, for at most [`request_timeout`](crate::CoreBuilder::request_timeout). In asynchronous code await
    /// [`Core::load_preview`](crate::Core::load_preview) first; what was fetched is at hand for 60 seconds. In an event
    /// handler on the SDK's own thread nothing is waited for, and the outcome is
    /// [`Unavailable`](PreviewOutcome::Unavailable).
    pub fn set_preview(&self, preview: &Preview) -> PreviewOutcome {
        let (number, sought) = self.inner.seek_preview(preview);
        let found = match sought {
            Sought::Known(found) => found,
            Sought::UnderWay(fetch) => ActivePreview::fetched(self.inner.shared.wait_for_preview(fetch), preview),
        };
        self.inner.set_preview(number, found)
    }

    /// Ends the preview.
    pub fn clear_preview(&self) {
        self.inner.clear_preview();
    }

    /// Why [`run_experience`](Self::run_experience) answers as it does, with the names of the audiences and attributes that
    /// keep the visitor out. Stores, tracks and tells nothing. Providers of rule data may be asked twice.
    #[must_use]
    pub fn explain_experience(&self, key: &str) -> Explanation {
        self.explain_experience_with(key, CallOptions::told_nothing())
    }

    /// [`explain_experience`](Self::explain_experience) with options.
    #[must_use]
    pub fn explain_experience_with(&self, key: &str, options: &CallOptions) -> Explanation {
        operations::explain_experience(&self.view(), self.inner.setting(), key, options)
    }

    /// Why [`run_feature`](Self::run_feature) answers as it does. Stores, tracks and tells nothing.
    #[must_use]
    pub fn explain_feature(&self, key: &str) -> FeatureExplanation {
        self.explain_feature_with(key, CallOptions::told_nothing())
    }

    /// [`explain_feature`](Self::explain_feature) with options.
    #[must_use]
    pub fn explain_feature_with(&self, key: &str, options: &CallOptions) -> FeatureExplanation {
        operations::explain_feature(&self.view(), self.inner.setting(), key, options)
    }

    /// What [`track_conversion`](Self::track_conversion) would find. Stores, tracks and tells nothing.
    #[must_use]
    pub fn explain_goal(&self, goal_key: &str) -> GoalExplanation {
        self.explain_goal_with(goal_key, &ConversionOptions::new())
    }

    /// [`explain_goal`](Self::explain_goal) with options.
    #[must_use]
    pub fn explain_goal_with(&self, goal_key: &str, options: &ConversionOptions) -> GoalExplanation {
        operations::explain_goal(&self.view(), self.inner.setting(), goal_key, options)
    }

    /// The config that this context sees, for looking up its entities; `None` while none is loaded.
    #[must_use]
    pub fn config(&self) -> Option<Arc<ProjectConfig>> {
        self.inner.config()
    }

    /// What is stored of the visitor.
    #[must_use]
    pub fn visitor_state(&self) -> VisitorState {
        self.view().state.clone()
    }

    /// The visitor's report segments: the stored ones, and those that came with the context's attributes.
    #[must_use]
    pub fn segments(&self) -> Attributes {
        self.view().segments().map(|segments| Attributes::clone(segments)).unwrap_or_default()
    }

    /// The view for one call, loaded anew where the config or the state has changed.
    #[inline]
    fn view(&self) -> Arc<View> {
        self.inner.current_view(|store, key| store.version(key)).unwrap_or_else(|| self.reload())
    }

    #[cold]
    fn reload(&self) -> Arc<View> {
        let Some(renewal) = self.inner.start_renewal() else { return self.inner.install_empty() };
        let version = self.inner.store.version(&renewal.subject.key);
        let loaded = self.inner.store.load(&renewal.subject.key);
        self.inner.install_loaded(renewal, loaded, version)
    }

    /// Does what is to be done, and leaves nothing of it.
    #[inline]
    fn commit(&self, view: &View, effects: &mut Effects) {
        if effects.wanted().is_some() {
            self.store_and_release(view, std::mem::take(effects));
        }
    }

    fn store_and_release(&self, view: &View, mut effects: Effects) {
        if let Some((key, change)) = change_to_store(view, &effects) {
            let applied = self.inner.stored(view, change, self.inner.store.apply(key, change));
            effects.leave_out_known(&applied);
        }
        self.inner.release(effects);
    }

    fn mark(&self, view: &View, mark: &GoalMark) -> bool {
        let Some(subject) = view.subject.as_ref().filter(|_| self.inner.has_storage()) else {
            return self.inner.mark_unstored(view, mark);
        };
        self.inner.marked(view, mark, self.inner.store.mark_goal(&subject.key, mark))
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let visitor = crate::redact::VisitorRef(self.visitor_id()).to_string();
        f.debug_struct("Context").field("visitor", &visitor).finish_non_exhaustive()
    }
}
