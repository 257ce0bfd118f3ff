//! Deciding experiences.

use crate::config::Experience;
use crate::events::Event;
use crate::redact::VisitorId;
use crate::tracking::{EventKind, TrackingEvent};

use super::bucketing::bucket_value;
use super::call::{Call, Effects};
use super::qualify::qualify;
use super::reason::{DecisionSource, Reason};

/// A decided experience, as indexes into the config that decided it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decided {
    pub(crate) experience: u32,
    pub(crate) variation: u32,
    /// The visitor's bucket, where it was computed and some variation takes it.
    pub(crate) bucket_value: Option<u32>,
    pub(crate) source: DecisionSource,
}

/// Decides the experience with this key.
///
/// Inlined into the calls, with what it is made of: a decision that comes back through memory takes half as long again.
#[inline(always)]
pub(crate) fn decide_by_key(call: &Call<'_>, effects: &mut Effects, key: &str) -> Result<Decided, Reason> {
    if let Some(decided) = preview_of(call, |experience| experience.key() == key) {
        return Ok(decided);
    }
    let index = call.config.experiences.position_by_key(key).ok_or(Reason::ExperienceNotFound)?;
    let experience = call.config.experiences.at(index).ok_or(Reason::ExperienceNotFound)?;
    let decided = decide(call, effects, index, experience)?;
    announce(call, effects, decided, None);
    Ok(decided)
}

/// Decides every experience, in config order; the previewed one in its place, or last where the config lacks it.
pub(crate) fn decide_all(call: &Call<'_>, effects: &mut Effects) -> Vec<Decided> {
    let previewed = preview_of(call, |_| true);
    let previewed_id = call.preview.as_ref().and_then(|preview| preview.experience()).map(Experience::id);
    let mut in_place = false;
    let mut decisions = Vec::new();
    for (index, experience) in (0_u32..).zip(call.config.experiences()) {
        if Some(experience.id()) == previewed_id {
            in_place = true;
            decisions.extend(previewed);
        } else if let Ok(decided) = decide(call, effects, index, experience) {
            announce(call, effects, decided, None);
            decisions.push(decided);
        }
    }
    if !in_place {
        decisions.extend(previewed);
    }
    decisions
}

/// Decides one experience of the live config, or answers with the preview of it.
pub(crate) fn decide_or_preview(
    call: &Call<'_>,
    effects: &mut Effects,
    index: u32,
    experience: &Experience,
) -> Result<Decided, Reason> {
    match preview_of(call, |previewed| previewed.id() == experience.id()) {
        Some(decided) => Ok(decided),
        None => decide(call, effects, index, experience),
    }
}

pub(super) fn preview_of(call: &Call<'_>, is_asked: impl FnOnce(&Experience) -> bool) -> Option<Decided> {
    let preview = call.preview.as_ref()?;
    let source = DecisionSource::Preview;
    is_asked(preview.experience()?).then_some(Decided {
        experience: preview.experience,
        variation: preview.variation,
        bucket_value: None,
        source,
    })
}

#[inline(always)]
fn decide(call: &Call<'_>, effects: &mut Effects, index: u32, experience: &Experience) -> Result<Decided, Reason> {
    qualify(call, effects, experience)?;
    let decided = choose(call, index, experience)?;
    record(call, effects, experience, decided);
    Ok(decided)
}

/// The variation: forced, else read back, else by the hash.
#[inline(always)]
fn choose(call: &Call<'_>, index: u32, experience: &Experience) -> Result<Decided, Reason> {
    let forced = call.force.variation_ids.iter().find_map(|id| experience.variation_position(id));
    let stored = call.state.variation_id(experience.id()).and_then(|id| experience.variation_position(id));
    if let Some(variation) = stored.filter(|stored| forced.is_none_or(|forced| forced == *stored)) {
        let source = DecisionSource::Stored;
        return Ok(Decided { experience: index, variation, bucket_value: None, source });
    }
    let value = bucket_value(experience.id(), call.visitor, &call.settings.bucketing);
    let bucketed = experience.layout.select(value);
    let (variation, source) = match forced {
        Some(variation) => (variation, DecisionSource::Forced),
        None => (bucketed.ok_or(Reason::OutsideTraffic)?, DecisionSource::Bucketed),
    };
    Ok(Decided { experience: index, variation, bucket_value: bucketed.map(|_| value), source })
}

/// What follows from a decision: it is stored and tracked, each unless the call says otherwise.
#[inline(always)]
fn record(call: &Call<'_>, effects: &mut Effects, experience: &Experience, decided: Decided) {
    let is_own = match decided.source {
        DecisionSource::Bucketed => true,
        DecisionSource::Forced => call.force.persist,
        DecisionSource::Stored | DecisionSource::Preview => false,
    };
    if is_own && (call.storage || call.tracking) && call.preview.is_none() {
        keep_and_track(call, effects, experience, decided.variation);
    }
}

fn keep_and_track(call: &Call<'_>, effects: &mut Effects, experience: &Experience, variation: u32) {
    let Some(variation) = experience.variation_at(variation) else { return };
    if call.storage {
        effects.want().change.bucketing.push((experience.id().into(), variation.id().into()));
    }
    if call.tracking {
        effects.want().events.push(TrackingEvent {
            visitor: call.visitor.clone(),
            segments: call.segments.cloned(),
            kind: EventKind::Bucketing { experience_id: experience.id().into(), variation_id: variation.id().into() },
        });
    }
}

/// Tells of a decision, or of a feature that it delivers. A previewing context tells nothing.
#[inline]
pub(crate) fn announce(call: &Call<'_>, effects: &mut Effects, decided: Decided, feature_key: Option<&str>) {
    if call.observed && call.preview.is_none() {
        tell(call, effects, decided, feature_key);
    }
}

fn tell(call: &Call<'_>, effects: &mut Effects, decided: Decided, feature_key: Option<&str>) {
    let Some(experience) = call.config.experiences.at(decided.experience) else { return };
    let Some(variation) = experience.variation_at(decided.variation) else { return };
    effects.want().lifecycle.push(Event::Bucketing {
        visitor_id: VisitorId::new(call.visitor),
        experience_key: experience.key().to_owned(),
        variation_key: variation.key().to_owned(),
        feature_key: feature_key.map(str::to_owned),
        is_new: decided.source != DecisionSource::Stored,
    });
}
