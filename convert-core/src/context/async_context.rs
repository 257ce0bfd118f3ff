//! The asynchronous context.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::attributes::{AttributeError, Attributes};
use crate::config::ProjectConfig;
use crate::core::Shared;
use crate::eval::Effects;
use crate::visitor::{AsyncStore, VisitorState};

use super::conversion::{ConversionOptions, ConversionOutcome};
use super::decision::Decision;
use super::explain::{Explanation, FeatureExplanation, GoalExplanation};
use super::feature::{Feature, VariableError};
use super::inner::{Inner, change_to_store};
use super::operations::{self, PlannedConversion};
use super::options::{CallOptions, ContextOptions};
use super::preview::{ActivePreview, Preview, PreviewOutcome, Sought};
use super::segments::SegmentError;
use super::view::View;

/// One visitor's view of a project, for asynchronous code: [`Context`](crate::Context) with `async` where the visitor
/// store is read or written.
///
/// Made by [`AsyncCore::create_context`](crate::AsyncCore::create_context). A cheap handle: clones share everything,
/// and every method takes `&self`. With the bundled store no call ever waits.
///
/// # Dropped futures
///
/// A future may be dropped at any time, as when a client hangs up or a timeout passes. Every call loads the visitor's
/// state, decides without waiting, has the store take the change, and then queues its events, in this order:
///
/// * Dropped before the decision, a call has done nothing.
/// * Dropped while the store takes the change, the decision stands: its events are queued there and then. The store has
///   taken the change whole or not at all, as after a crash of the process. If it has not, the visitor is decided anew at
///   the next call, which gives the same variation and a second event that says the same.
/// * Dropped while the store marks a goal, the conversion counts if the goal was not marked when the call began.
///
/// So no event is lost, and no state is half-written.
#[derive(Clone)]
pub struct AsyncContext {
    inner: Arc<Inner<AsyncStore>>,
}

impl AsyncContext {
    pub(crate) fn new(shared: Arc<Shared>, store: AsyncStore, visitor: Arc<str>, options: ContextOptions) -> Self {
        Self { inner: Arc::new(Inner::new(shared, store, visitor, options)) }
    }

    /// A context like a synchronous one, of the same visitor.
    #[cfg(feature = "web")]
    pub(crate) fn beside(other: &super::Context) -> Self {
        Self { inner: Arc::new(other.inner.asynchronous()) }
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
    pub async fn run_experience(&self, key: &str) -> Option<Decision> {
        self.run_experience_with(key, CallOptions::told_nothing()).await
    }

    /// [`run_experience`](Self::run_experience) with options.
    #[must_use = "the decision says what to show; to track a goal use `track_conversion`"]
    pub async fn run_experience_with(&self, key: &str, options: &CallOptions) -> Option<Decision> {
        let view = self.view().await;
        let mut effects = Effects::default();
        let decided = operations::run_experience(&view, self.inner.setting(), key, options, &mut effects);
        self.commit(&view, &mut effects).await;
        Some(Decision::new(view, decided.ok()?))
    }

    /// Decides every experience of the project, in config order; those without a variation are left out.
    #[must_use = "the decisions say what to show"]
    pub async fn run_experiences(&self) -> Vec<Decision> {
        self.run_experiences_with(CallOptions::told_nothing()).await
    }

    /// [`run_experiences`](Self::run_experiences) with options.
    #[must_use = "the decisions say what to show"]
    pub async fn run_experiences_with(&self, options: &CallOptions) -> Vec<Decision> {
        let view = self.view().await;
        let (decisions, mut effects) = operations::run_experiences(&view, self.inner.setting(), options);
        self.commit(&view, &mut effects).await;
        decisions
    }

    /// Decides a feature: enabled with its variables, or disabled.
    ///
    /// Only the experiences that can carry the feature are decided, and each of these decisions is stored and tracked.
    #[must_use = "the feature says what to show"]
    pub async fn run_feature(&self, key: &str) -> Feature {
        self.run_feature_with(key, CallOptions::told_nothing()).await
    }

    /// [`run_feature`](Self::run_feature) with options.
    #[must_use = "the feature says what to show"]
    pub async fn run_feature_with(&self, key: &str, options: &CallOptions) -> Feature {
        let view = self.view().await;
        let (feature, mut effects) = operations::run_feature(&view, self.inner.setting(), key, options);
        self.commit(&view, &mut effects).await;
        feature
    }

    /// Decides every feature: those the visitor gets, then the declared ones that the visitor does not get.
    #[must_use = "the features say what to show"]
    pub async fn run_features(&self) -> Vec<Feature> {
        self.run_features_with(CallOptions::told_nothing()).await
    }

    /// [`run_features`](Self::run_features) with options.
    #[must_use = "the features say what to show"]
    pub async fn run_features_with(&self, options: &CallOptions) -> Vec<Feature> {
        let view = self.view().await;
        let (features, mut effects) = operations::run_features(&view, self.inner.setting(), options);
        self.commit(&view, &mut effects).await;
        features
    }

    /// Whether the visitor gets a feature; the same as `run_feature(key).await.is_enabled()`.
    #[must_use = "the answer says what to show"]
    pub async fn is_feature_enabled(&self, key: &str) -> bool {
        self.run_feature(key).await.is_enabled()
    }

    /// [`is_feature_enabled`](Self::is_feature_enabled) with options.
    #[must_use = "the answer says what to show"]
    pub async fn is_feature_enabled_with(&self, key: &str, options: &CallOptions) -> bool {
        self.run_feature_with(key, options).await.is_enabled()
    }

    /// A boolean variable of a feature.
    ///
    /// # Errors
    /// [`VariableError`] where the feature is disabled, has no such variable, or it is no boolean.
    pub async fn bool_variable(&self, feature: &str, variable: &str) -> Result<bool, VariableError> {
        self.run_feature(feature).await.bool(variable)
    }

    /// An integer variable of a feature.
    ///
    /// # Errors
    /// [`VariableError`] where the feature is disabled, has no such variable, or it is no integer.
    pub async fn i64_variable(&self, feature: &str, variable: &str) -> Result<i64, VariableError> {
        self.run_feature(feature).await.i64(variable)
    }

    /// A numeric variable of a feature.
    ///
    /// # Errors
    /// [`VariableError`] where the feature is disabled, has no such variable, or it is no number.
    pub async fn f64_variable(&self, feature: &str, variable: &str) -> Result<f64, VariableError> {
        self.run_feature(feature).await.f64(variable)
    }

    /// A text variable of a feature.
    ///
    /// # Errors
    /// [`VariableError`] where the feature is disabled, has no such variable, or it is no text.
    pub async fn string_variable(&self, feature: &str, variable: &str) -> Result<String, VariableError> {
        self.run_feature(feature).await.str(variable).map(str::to_owned)
    }

    /// A variable of a feature, of any type, as JSON.
    ///
    /// # Errors
    /// [`VariableError`] where the feature is disabled, has no such variable, or it could not be cast.
    pub async fn json_variable(&self, feature: &str, variable: &str) -> Result<serde_json::Value, VariableError> {
        self.run_feature(feature).await.json(variable)
    }

    /// Tracks that the visitor reached a goal. A visitor's repeated conversions count once.
    pub async fn track_conversion(&self, goal_key: &str) -> ConversionOutcome {
        self.track_conversion_with(goal_key, &ConversionOptions::new()).await
    }

    /// [`track_conversion`](Self::track_conversion) with goal data, rule data, or repeated transactions.
    ///
    /// The first conversion with goal data makes two events, as in the official SDKs: the conversion, and the
    /// transaction with its data.
    pub async fn track_conversion_with(&self, goal_key: &str, options: &ConversionOptions) -> ConversionOutcome {
        let view = self.view().await;
        let planned = match operations::plan_conversion(&view, self.inner.setting(), goal_key, options) {
            Ok(planned) => planned,
            Err(outcome) => return outcome,
        };
        let (outcome, mut effects) = self.mark(&view, planned).await;
        self.commit(&view, &mut effects).await;
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
    pub fn set_default_segments(&self, segments: impl Into<Attributes>) -> impl Future<Output = ()> + Send {
        let segments = segments.into().without_too_deep();
        async move {
            let view = self.view().await;
            let mut effects = operations::set_default_segments(&view, self.inner.setting(), segments);
            self.commit(&view, &mut effects).await;
        }
    }

    /// Puts the visitor into those of these custom segments whose rules match the visitor's attributes. Answers with
    /// the ids of the segments that are new.
    ///
    /// # Errors
    /// [`SegmentError`] while no config is loaded.
    pub async fn run_custom_segments(&self, keys: &[&str]) -> Result<Vec<String>, SegmentError> {
        self.run_custom_segments_with(keys, Attributes::new()).await
    }

    /// [`run_custom_segments`](Self::run_custom_segments) with data for the rules, merged over the attributes.
    ///
    /// # Errors
    /// [`SegmentError`] while no config is loaded.
    pub fn run_custom_segments_with(
        &self,
        keys: &[&str],
        rule_data: impl Into<Attributes>,
    ) -> impl Future<Output = Result<Vec<String>, SegmentError>> + Send {
        let rule_data = rule_data.into().without_too_deep();
        async move {
            let view = self.view().await;
            let setting = self.inner.setting();
            let (matched, mut effects) = operations::run_custom_segments(&view, setting, keys, &rule_data);
            self.commit(&view, &mut effects).await;
            matched
        }
    }

    /// Shows one variation on this context, and leaves no trace of the visit from now on. The last call wins; one that
    /// finds nothing clears the preview.
    ///
    /// An experience that the config in use does not have, as a draft, is fetched with the SDK key, for at most
    /// [`request_timeout`](crate::CoreBuilder::request_timeout), and kept at hand for 60 seconds. Until the outcome is
    /// known, or if it is not awaited, the preview from before stays.
    pub async fn set_preview(&self, preview: &Preview) -> PreviewOutcome {
        let (number, sought) = self.inner.seek_preview(preview);
        let found = match sought {
            Sought::Known(found) => found,
            Sought::UnderWay(fetch) => ActivePreview::fetched(self.inner.shared.preview_fetched(fetch).await, preview),
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
    pub async fn explain_experience(&self, key: &str) -> Explanation {
        self.explain_experience_with(key, CallOptions::told_nothing()).await
    }

    /// [`explain_experience`](Self::explain_experience) with options.
    #[must_use]
    pub async fn explain_experience_with(&self, key: &str, options: &CallOptions) -> Explanation {
        let view = self.view().await;
        operations::explain_experience(&view, self.inner.setting(), key, options)
    }

    /// Why [`run_feature`](Self::run_feature) answers as it does. Stores, tracks and tells nothing.
    #[must_use]
    pub async fn explain_feature(&self, key: &str) -> FeatureExplanation {
        self.explain_feature_with(key, CallOptions::told_nothing()).await
    }

    /// [`explain_feature`](Self::explain_feature) with options.
    #[must_use]
    pub async fn explain_feature_with(&self, key: &str, options: &CallOptions) -> FeatureExplanation {
        let view = self.view().await;
        operations::explain_feature(&view, self.inner.setting(), key, options)
    }

    /// What [`track_conversion`](Self::track_conversion) would find. Stores, tracks and tells nothing.
    #[must_use]
    pub async fn explain_goal(&self, goal_key: &str) -> GoalExplanation {
        self.explain_goal_with(goal_key, &ConversionOptions::new()).await
    }

    /// [`explain_goal`](Self::explain_goal) with options.
    #[must_use]
    pub async fn explain_goal_with(&self, goal_key: &str, options: &ConversionOptions) -> GoalExplanation {
        let view = self.view().await;
        operations::explain_goal(&view, self.inner.setting(), goal_key, options)
    }

    /// The config that this context sees, for looking up its entities; `None` while none is loaded.
    #[must_use]
    pub fn config(&self) -> Option<Arc<ProjectConfig>> {
        self.inner.config()
    }

    /// What is stored of the visitor.
    #[must_use]
    pub async fn visitor_state(&self) -> VisitorState {
        self.view().await.state.clone()
    }

    /// The visitor's report segments: the stored ones, and those that came with the context's attributes.
    #[must_use]
    pub async fn segments(&self) -> Attributes {
        self.view().await.segments().map(|segments| Attributes::clone(segments)).unwrap_or_default()
    }

    /// The view for one call, loaded anew where the config or the state has changed.
    #[inline]
    async fn view(&self) -> Arc<View> {
        match self.inner.current_view(|store, key| store.version(key)) {
            Some(view) => view,
            None => self.reload().await,
        }
    }

    async fn reload(&self) -> Arc<View> {
        let Some(renewal) = self.inner.start_renewal() else { return self.inner.install_empty() };
        let version = self.inner.store.version(&renewal.subject.key);
        let loaded = self.inner.store.load(&renewal.subject.key).await;
        self.inner.install_loaded(renewal, loaded, version)
    }

    /// Does what is to be done, and leaves nothing of it.
    async fn commit(&self, view: &View, effects: &mut Effects) {
        if effects.wanted().is_none() {
            return;
        }
        let mut released = Released { inner: &self.inner, effects: std::mem::take(effects) };
        if let Some((key, change)) = change_to_store(view, &released.effects) {
            let answer = self.inner.store.apply(key, change).await;
            let applied = self.inner.stored(view, change, answer);
            released.effects.leave_out_known(&applied);
        }
    }

    async fn mark(&self, view: &View, planned: PlannedConversion<'_>) -> (ConversionOutcome, Effects) {
        let Some(subject) = view.subject.as_ref().filter(|_| self.inner.has_storage()) else {
            let is_first = self.inner.mark_unstored(view, planned.mark());
            return planned.decide(is_first);
        };
        let mut marking = Marking { inner: &self.inner, view, planned, answered: false };
        let answer = self.inner.store.mark_goal(&subject.key, marking.planned.mark()).await;
        marking.answered = true;
        let is_first = self.inner.marked(view, marking.planned.mark(), answer);
        marking.planned.decide(is_first)
    }
}

impl fmt::Debug for AsyncContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let visitor = crate::redact::VisitorRef(self.visitor_id()).to_string();
        f.debug_struct("AsyncContext").field("visitor", &visitor).finish_non_exhaustive()
    }
}

/// Effects that are released when the store has answered, or nobody waits for its answer any more.
struct Released<'a> {
    inner: &'a Inner<AsyncStore>,
    effects: Effects,
}

impl Drop for Released<'_> {
    fn drop(&mut self) {
        self.inner.release(std::mem::take(&mut self.effects));
    }
}

/// A conversion whose goal is being marked. If nobody waits for the answer any more, what was loaded decides, and the
/// context remembers it by itself, as while the store fails.
struct Marking<'a> {
    inner: &'a Inner<AsyncStore>,
    view: &'a View,
    planned: PlannedConversion<'a>,
    answered: bool,
}

impl Drop for Marking<'_> {
    fn drop(&mut self) {
        if !self.answered {
            let is_first = self.inner.mark_unstored(self.view, self.planned.mark());
            self.inner.release(self.planned.decide(is_first).1);
        }
    }
}
