//! Features: which decided variations deliver them.

use crate::config::{Change, Experience, FeatureDeclaration, Variation};
use crate::text::Text;
use crate::visitor::OneOrMany;

use super::call::{Call, Effects};
use super::experience::{Decided, announce, decide_or_preview, preview_of};
use super::reason::{DecisionSource, Reason};

/// A feature delivered by a change of a decided variation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delivered {
    pub(crate) decided: Decided,
    /// The change's position in the variation.
    pub(crate) change: u32,
}

impl Delivered {
    /// The id of the feature delivered.
    pub(crate) fn feature_id<'a>(&self, call: &Call<'a>) -> Option<&'a str> {
        find(call, &self.decided)?.1.changes().get(self.change as usize)?.feature_id()
    }
}

/// Decides the experiences that can carry `feature`, and finds what they deliver of it.
///
/// `explain` gets the outcome of each of them, with the effects of those up to it.
pub(crate) fn deliver<'a>(
    call: &Call<'a>,
    effects: &mut Effects,
    feature: &FeatureDeclaration,
    experience_keys: &[Text],
    explain: impl FnMut(&Effects, &'a Experience, &Result<Decided, Reason>),
) -> OneOrMany<Delivered> {
    let is_asked = |change: &Change| change.feature_id() == Some(feature.id());
    let delivered = collect(call, effects, feature.carriers().iter().copied(), experience_keys, is_asked, explain);
    for delivery in delivered.iter() {
        announce(call, effects, delivery.decided, Some(feature.key()));
    }
    delivered
}

/// Decides every experience that can carry some feature, and finds all that they deliver.
pub(crate) fn deliver_all(call: &Call<'_>, effects: &mut Effects, experience_keys: &[Text]) -> OneOrMany<Delivered> {
    let is_asked = |change: &Change| change.feature_id().is_some();
    let carriers = call.config.feature_carriers().iter().copied();
    let delivered = collect(call, effects, carriers, experience_keys, is_asked, |_, _, _| {});
    for delivery in delivered.iter() {
        let declaration = delivery.feature_id(call).and_then(|id| call.config.features.by_id(id));
        announce(call, effects, delivery.decided, declaration.map(FeatureDeclaration::key));
    }
    delivered
}

fn collect<'a>(
    call: &Call<'a>,
    effects: &mut Effects,
    carriers: impl Iterator<Item = u32>,
    experience_keys: &[Text],
    is_asked: impl Fn(&Change) -> bool,
    mut explain: impl FnMut(&Effects, &'a Experience, &Result<Decided, Reason>),
) -> OneOrMany<Delivered> {
    let is_selected = |experience: &Experience| {
        experience_keys.is_empty() || experience_keys.iter().any(|key| key == experience.key())
    };
    let mut delivered = OneOrMany::default();
    let mut preview_seen = false;
    for index in carriers {
        let Some(experience) = call.config.experiences.at(index).filter(|found| is_selected(found)) else { continue };
        let outcome = decide_or_preview(call, effects, index, experience);
        explain(effects, experience, &outcome);
        if let Ok(decided) = outcome {
            preview_seen |= decided.source == DecisionSource::Preview;
            take(call, &mut delivered, decided, &is_asked);
        }
    }
    // The previewed variation may carry what the live config's do not.
    if !preview_seen {
        if let Some(decided) = preview_of(call, is_selected) {
            if let Some(experience) = call.preview.and_then(|preview| preview.config.experiences.at(preview.experience))
            {
                explain(effects, experience, &Ok(decided));
            }
            take(call, &mut delivered, decided, &is_asked);
        }
    }
    delivered
}

fn take(call: &Call<'_>, delivered: &mut OneOrMany<Delivered>, decided: Decided, is_asked: impl Fn(&Change) -> bool) {
    let Some((_, variation)) = find(call, &decided) else { return };
    for (change, _) in (0_u32..).zip(variation.changes()).filter(|(_, change)| is_asked(change)) {
        delivered.push(Delivered { decided, change });
    }
}

fn find<'a>(call: &Call<'a>, decided: &Decided) -> Option<(&'a Experience, &'a Variation)> {
    let config = match decided.source {
        DecisionSource::Preview => call.preview?.config,
        _ => call.config,
    };
    let experience = config.experiences.at(decided.experience)?;
    Some((experience, experience.variation_at(decided.variation)?))
}
