//! What the calls of a context do, between loading the visitor's state and committing the effects.
//!
//! Both surfaces go through these functions: a synchronous and an asynchronous context differ only in how they load
//! and commit.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::attributes::Attributes;
use crate::config::{Experience, Goal};
use crate::eval::{
    Call, Conversion, Decided, Delivered, Effects, Force, Reason, Refused, conversion_events, decide_all,
    decide_by_key, deliver, deliver_all, find_goal, goal_mark, match_custom_segments, mismatches,
    split_report_segments, with_custom_segments,
};
use crate::events::Event;
use crate::redact::VisitorId;
use crate::rules::{Provider, RuleDataError};
use crate::visitor::{GoalMark, OneOrMany};

use super::conversion::{ConversionOptions, ConversionOutcome, invalid_goal_data};
use super::decision::Decision;
use super::explain::{Explanation, FeatureExplanation, FeatureReason, GoalExplanation, GoalReason};
use super::feature::Feature;
use super::options::CallOptions;
use super::segments::SegmentError;
use super::view::{Setting, View};

/// Decides one experience. The effects are the caller's: they are large, and mostly empty.
#[inline(always)]
pub(super) fn run_experience(
    view: &View,
    setting: Setting<'_>,
    key: &str,
    options: &CallOptions,
    effects: &mut Effects,
) -> Result<Decided, Reason> {
    let attributes = view.merged(&options.attributes);
    let config = view.config().ok_or(Reason::SdkNotReady)?;
    let call = view.call(config, setting, &attributes, options);
    start(view, setting, effects);
    decide_by_key(&call, effects, key)
}

/// Decides every experience.
pub(super) fn run_experiences(
    view: &Arc<View>,
    setting: Setting<'_>,
    options: &CallOptions,
) -> (Vec<Decision>, Effects) {
    let attributes = view.merged(&options.attributes);
    let Some(config) = view.config() else { return Default::default() };
    let call = view.call(config, setting, &attributes, options);
    let mut effects = starting_effects(view, setting);
    let decided = decide_all(&call, &mut effects);
    (decided.into_iter().map(|decided| Decision::new(Arc::clone(view), decided)).collect(), effects)
}

/// Decides one feature.
pub(super) fn run_feature(
    view: &Arc<View>,
    setting: Setting<'_>,
    key: &str,
    options: &CallOptions,
) -> (Feature, Effects) {
    let attributes = view.merged(&options.attributes);
    let Some(call) = feature_call(view, setting, &attributes, options) else {
        return (Feature::unknown(view, key), Effects::default());
    };
    let position = call.config.features.position_by_key(key);
    let Some((position, declaration)) = position.and_then(|at| Some((at, call.config.features.at(at)?))) else {
        return (Feature::unknown(view, key), starting_effects(view, setting));
    };
    let mut effects = starting_effects(view, setting);
    let deliveries = deliver(&call, &mut effects, declaration, &options.experience_keys, |_, _, _| {});
    (Feature::declared(view, position, options.type_casting, deliveries), effects)
}

/// Decides every feature: those delivered in order of first delivery, then the declared ones that are not.
pub(super) fn run_features(view: &Arc<View>, setting: Setting<'_>, options: &CallOptions) -> (Vec<Feature>, Effects) {
    let attributes = view.merged(&options.attributes);
    let Some(call) = feature_call(view, setting, &attributes, options) else { return Default::default() };
    let mut effects = starting_effects(view, setting);
    let mut by_id: Vec<(&str, OneOrMany<Delivered>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for delivered in deliver_all(&call, &mut effects, &options.experience_keys) {
        let Some(id) = delivered.feature_id(&call) else { continue };
        match places.get(id).and_then(|place| by_id.get_mut(*place)) {
            Some((_, deliveries)) => deliveries.push(delivered),
            None => {
                places.insert(id, by_id.len());
                by_id.push((id, OneOrMany::One(delivered)));
            }
        }
    }
    let declarations = &call.config.features;
    let positions = (0_u32..).zip(declarations.as_slice());
    let disabled: Vec<_> = positions
        .filter(|(_, declared)| !places.contains_key(declared.id()))
        .map(|(position, _)| Feature::declared(view, position, options.type_casting, OneOrMany::default()))
        .collect();
    let delivered = by_id.into_iter().map(|(id, deliveries)| match declarations.position_by_id(id) {
        Some(position) => Feature::declared(view, position, options.type_casting, deliveries),
        None => Feature::undeclared(view, id, deliveries),
    });
    (delivered.chain(disabled).collect(), effects)
}

/// A forced variation does not reach feature calls.
fn feature_call<'a>(
    view: &'a View,
    setting: Setting<'a>,
    attributes: &'a Attributes,
    options: &'a CallOptions,
) -> Option<Call<'a>> {
    Some(Call { force: Force::NONE, ..view.call(view.config()?, setting, attributes, options) })
}

/// The effects that every decision, conversion and segment call starts with: report segments that came with the
/// context's attributes are stored now, and what the store failed to take before. A previewing context leaves no trace.
fn starting_effects(view: &View, setting: Setting<'_>) -> Effects {
    let mut effects = Effects::default();
    start(view, setting, &mut effects);
    effects
}

#[inline]
fn start(view: &View, setting: Setting<'_>, effects: &mut Effects) {
    if view.has_to_store && setting.storage && view.preview.is_none() {
        store_what_waits(view, effects);
    }
}

#[cold]
fn store_what_waits(view: &View, effects: &mut Effects) {
    let change = &mut effects.want().change;
    if let Some(unstored) = &view.unstored {
        change.extend(&unstored.change);
    }
    if !view.pending().is_empty() {
        change.segments.push(view.pending().clone());
    }
}

/// A conversion that is ready to be marked and queued.
pub(super) struct PlannedConversion<'a> {
    view: &'a View,
    setting: Setting<'a>,
    call: Call<'a>,
    goal: &'a Goal,
    conversion: Conversion<'a>,
    mark: GoalMark,
}

/// Whether a goal converts. Nothing is marked yet.
pub(super) fn plan_conversion<'a>(
    view: &'a View,
    setting: Setting<'a>,
    goal_key: &str,
    options: &'a ConversionOptions,
) -> Result<PlannedConversion<'a>, ConversionOutcome> {
    let config = view.config().ok_or(ConversionOutcome::SdkNotReady)?;
    let call = view.call(config, setting, view.attributes(), CallOptions::told_nothing());
    // A mark without its event would keep the goal from ever being counted.
    if view.preview.is_some() || !setting.tracking || setting.is_closed {
        return Err(ConversionOutcome::Suppressed);
    }
    if let Some(key) = options.goal_data.as_deref().and_then(invalid_goal_data) {
        return Err(ConversionOutcome::InvalidGoalData { key: key.to_string() });
    }
    let rule_data = options.rule_data.as_ref().map(Provider::source);
    let goal = find_goal(&call, goal_key, rule_data).map_err(|refused| match refused {
        Refused::GoalNotFound => ConversionOutcome::GoalNotFound,
        Refused::RuleNotMatched => ConversionOutcome::RuleNotMatched,
        Refused::RuleError(error) => ConversionOutcome::RuleError(error),
    })?;
    let conversion = Conversion { goal_data: options.goal_data.as_ref(), force_multiple: options.force_multiple };
    Ok(PlannedConversion { view, setting, call, goal, conversion, mark: goal_mark(&call, goal) })
}

impl PlannedConversion<'_> {
    pub(super) fn mark(&self) -> &GoalMark {
        &self.mark
    }

    /// What becomes of the conversion, once it is known whether it is the visitor's first. The context's report
    /// segments are stored either way.
    pub(super) fn decide(&self, is_first: bool) -> (ConversionOutcome, Effects) {
        let mut effects = starting_effects(self.view, self.setting);
        let events = conversion_events(&self.call, self.goal, &self.conversion, is_first);
        if events.is_empty() {
            return (ConversionOutcome::Deduplicated, effects);
        }
        let outcome = ConversionOutcome::Queued { events: events.as_slice().len() };
        let wanted = effects.want();
        wanted.events = events;
        if self.setting.observed {
            wanted.lifecycle.push(Event::Conversion {
                visitor_id: VisitorId::new(self.setting.visitor),
                goal_key: self.goal.key().to_owned(),
            });
        }
        (outcome, effects)
    }
}

/// Merges report segments over the stored ones; other keys are ignored.
pub(super) fn set_default_segments(view: &View, setting: Setting<'_>, segments: Attributes) -> Effects {
    let (report, _) = split_report_segments(segments);
    let mut effects = starting_effects(view, setting);
    if setting.storage && view.preview.is_none() && view.subject.is_some() && !report.is_empty() {
        effects.want().change.segments.push(report);
    }
    effects
}

/// Puts the visitor into those of the custom segments whose rules match.
pub(super) fn run_custom_segments(
    view: &View,
    setting: Setting<'_>,
    keys: &[&str],
    rule_data: &Attributes,
) -> (Result<Vec<String>, SegmentError>, Effects) {
    let attributes = view.merged(rule_data);
    let Some(config) = view.config() else { return (Err(SegmentError::SdkNotReady), Effects::default()) };
    let call = view.call(config, setting, &attributes, CallOptions::told_nothing());
    let mut effects = starting_effects(view, setting);
    let matched = match_custom_segments(&call, keys);
    if !matched.is_empty() && setting.storage && view.preview.is_none() {
        let list = with_custom_segments(view.segments().map(Arc::as_ref), &matched);
        effects.want().change.segments.push(list);
    }
    (Ok(matched.into_iter().map(String::from).collect()), effects)
}

/// Why an experience is decided as it is, without any effect.
pub(super) fn explain_experience(
    view: &Arc<View>,
    setting: Setting<'_>,
    key: &str,
    options: &CallOptions,
) -> Explanation {
    let quiet = Setting { observed: false, ..setting };
    let mut effects = Effects::default();
    let decided = run_experience(view, quiet, key, options, &mut effects);
    let attributes = view.merged(&options.attributes);
    let experience = view.config().and_then(|config| Some((config, config.experience(key)?)));
    let mismatches = match (decided, experience) {
        (Err(reason), Some((config, experience))) => {
            mismatches(&view.call(config, quiet, &attributes, options), &effects, experience, reason)
        }
        _ => Vec::new(),
    };
    Explanation::new(key, decided.map(|decided| Decision::new(Arc::clone(view), decided)), mismatches)
}

/// Why a feature is enabled or disabled, without any effect.
pub(super) fn explain_feature(
    view: &Arc<View>,
    setting: Setting<'_>,
    key: &str,
    options: &CallOptions,
) -> FeatureExplanation {
    let quiet = Setting { observed: false, ..setting };
    let explanation = |reason, experiences| FeatureExplanation { feature_key: key.to_owned(), reason, experiences };
    let Some(config) = view.config() else {
        return explanation(FeatureReason::SdkNotReady, Vec::new());
    };
    let Some(declaration) = config.features.by_key(key) else {
        return explanation(FeatureReason::FeatureNotFound, Vec::new());
    };
    let attributes = view.merged(&options.attributes);
    let Some(call) = feature_call(view, quiet, &attributes, options) else {
        return explanation(FeatureReason::SdkNotReady, Vec::new());
    };
    let mut experiences = Vec::new();
    let explain = |effects: &Effects, experience: &Experience, outcome: &Result<Decided, Reason>| {
        let mismatches = outcome.err().map(|reason| mismatches(&call, effects, experience, reason)).unwrap_or_default();
        let decision = outcome.map(|decided| Decision::new(Arc::clone(view), decided));
        experiences.push(Explanation::new(experience.key(), decision, mismatches));
    };
    let delivered = deliver(&call, &mut Effects::default(), declaration, &options.experience_keys, explain);
    let reason = if delivered.is_empty() { FeatureReason::NotInSelectedVariations } else { FeatureReason::Resolved };
    explanation(reason, experiences)
}

/// What a conversion of a goal would find, without any effect.
pub(super) fn explain_goal(
    view: &View,
    setting: Setting<'_>,
    goal_key: &str,
    options: &ConversionOptions,
) -> GoalExplanation {
    let reason = match plan_conversion(view, Setting { observed: false, ..setting }, goal_key, options) {
        Ok(planned) => match planned.decide(!view.state.has_reached(&planned.mark)).0 {
            ConversionOutcome::Deduplicated => GoalReason::AlreadyReached,
            _ => GoalReason::Resolved,
        },
        Err(ConversionOutcome::GoalNotFound) => GoalReason::GoalNotFound,
        Err(ConversionOutcome::RuleNotMatched) => GoalReason::RuleNotMatched,
        Err(ConversionOutcome::RuleError(RuleDataError::NeedMoreData)) => GoalReason::RuleNeedMoreData,
        Err(ConversionOutcome::RuleError(RuleDataError::NoData)) => GoalReason::RuleNoData,
        Err(ConversionOutcome::InvalidGoalData { .. }) => GoalReason::InvalidGoalData,
        Err(ConversionOutcome::SdkNotReady) => GoalReason::SdkNotReady,
        // A wrong key is to be seen where nothing is tracked, too.
        Err(_) if view.config().is_some_and(|config| config.goal(goal_key).is_none()) => GoalReason::GoalNotFound,
        Err(_) => GoalReason::Suppressed,
    };
    GoalExplanation { goal_key: goal_key.to_owned(), reason }
}
