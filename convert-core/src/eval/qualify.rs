//! The gates that an experience puts before a visitor, in the reference's order.

use crate::config::{Audience, AudienceMode, Experience, Location, LocationGate};
use crate::events::Event;
use crate::redact::VisitorId;
use crate::rules::{ExclusionLookup, Provider, RuleDataError, RuleOutcome, RuleSource, RuleTree};
use crate::text::Text;

use super::call::{Call, Effects};
use super::reason::Reason;

/// Whether the visitor qualifies for `experience`.
pub(crate) fn qualify(call: &Call<'_>, effects: &mut Effects, experience: &Experience) -> Result<(), Reason> {
    if experience.is_archived {
        return Err(Reason::Archived);
    }
    if !environment_matches(call, experience) {
        return Err(Reason::EnvironmentMismatch);
    }
    location_gate(call, effects, experience)?;
    audience_gate(call, effects, experience)?;
    segment_gate(call, experience)?;
    if experience.variations().is_empty() { Err(Reason::NoVariations) } else { Ok(()) }
}

fn environment_matches(call: &Call<'_>, experience: &Experience) -> bool {
    match (&experience.environment, call.environment) {
        (Some(wanted), Some(actual)) => wanted == actual,
        _ => true,
    }
}

fn location_gate(call: &Call<'_>, effects: &mut Effects, experience: &Experience) -> Result<(), Reason> {
    if call.ignore_location || matches!(experience.location_gate, LocationGate::Unrestricted) {
        return Ok(());
    }
    let Some(location) = call.location.map(Provider::source) else {
        return Err(Reason::LocationPropertiesMissing);
    };
    let matched = match &experience.location_gate {
        LocationGate::Unrestricted => true,
        LocationGate::SiteArea(rules) => matches(call, rules, location)?,
        LocationGate::Locations(indexes) => {
            let locations = indexes.iter().filter_map(|index| call.config.locations.at(*index));
            select_locations(call, effects, locations, location)?
        }
    };
    if matched { Ok(()) } else { Err(Reason::LocationMismatch) }
}

/// Evaluates every attached location, and notes where the visitor came in or went out.
fn select_locations<'c>(
    call: &Call<'_>,
    effects: &mut Effects,
    locations: impl Iterator<Item = &'c Location>,
    data: RuleSource<'_>,
) -> Result<bool, RuleDataError> {
    let mut matched = false;
    let mut error = None;
    for location in locations {
        let Some(rules) = &location.rules else { continue };
        match matches(call, rules, data) {
            Ok(inside) => {
                matched |= inside;
                note_transition(call, effects, location, inside);
            }
            Err(new) => error = error.or(Some(new)),
        }
    }
    error.map_or(Ok(matched), Err)
}

fn note_transition(call: &Call<'_>, effects: &mut Effects, location: &Location, inside: bool) {
    if call.preview.is_some() {
        return;
    }
    let known =
        effects.wanted().and_then(|wanted| wanted.change.locations.as_deref()).unwrap_or(call.state.location_keys());
    if known.iter().any(|key| key == location.key()) == inside {
        return;
    }
    if call.storage {
        let mut keys: Vec<Text> = known.iter().filter(|key| *key != location.key()).cloned().collect();
        if inside {
            keys.push(location.key().into());
        }
        effects.want().change.locations = Some(keys);
    }
    if call.observed {
        let visitor_id = VisitorId::new(call.visitor);
        let (location_id, location_key) = (location.id().to_owned(), location.key().to_owned());
        let location_name = location.name().to_owned();
        effects.want().lifecycle.push(if inside {
            Event::LocationActivated { visitor_id, location_id, location_key, location_name }
        } else {
            Event::LocationDeactivated { visitor_id, location_id, location_key, location_name }
        });
    }
}

fn audience_gate(call: &Call<'_>, effects: &Effects, experience: &Experience) -> Result<(), Reason> {
    if experience.audiences.is_empty() {
        return Ok(());
    }
    let exclusion = Stored { call, effects };
    let (mut checked, mut matched) = (0_usize, 0_usize);
    let mut error = None;
    for audience in experience.audiences.iter().filter_map(|index| call.config.audiences.at(*index)) {
        if !is_checked(call, experience, audience) {
            continue;
        }
        checked += 1;
        let Some(rules) = &audience.rules else { continue };
        let input = RuleSource::Attributes(call.attributes);
        match outcome(rules.evaluate(&Call::input(call, input, Some(&exclusion)))) {
            Ok(inside) => matched += usize::from(inside),
            Err(new) => error = error.or(Some(new)),
        }
    }
    if let Some(error) = error {
        return Err(error.into());
    }
    let qualifies = match experience.audience_mode {
        AudienceMode::Any => checked == 0 || matched > 0,
        AudienceMode::All => matched == checked,
    };
    if qualifies { Ok(()) } else { Err(Reason::AudienceMismatch) }
}

/// A permanent audience is not checked again once the visitor has a variation.
#[inline]
pub(super) fn is_checked(call: &Call<'_>, experience: &Experience, audience: &Audience) -> bool {
    let is_bucketed = || {
        let stored = call.state.variation_id(experience.id());
        stored.is_some_and(|id| experience.variation_position(id).is_some())
    };
    !(audience.is_permanent && is_bucketed())
}

fn segment_gate(call: &Call<'_>, experience: &Experience) -> Result<(), Reason> {
    let mut segments = experience.segments.iter().filter_map(|index| call.config.segments.at(*index));
    if experience.segments.is_empty() || segments.any(|segment| call.is_in_segment(segment.id())) {
        Ok(())
    } else {
        Err(Reason::SegmentMismatch)
    }
}

fn matches(call: &Call<'_>, rules: &RuleTree, data: RuleSource<'_>) -> Result<bool, RuleDataError> {
    outcome(rules.evaluate(&Call::input(call, data, None)))
}

/// A rule tree's answer as a result.
pub(super) fn outcome(outcome: RuleOutcome) -> Result<bool, RuleDataError> {
    match outcome {
        RuleOutcome::Matched => Ok(true),
        RuleOutcome::NotMatched => Ok(false),
        RuleOutcome::NoDataFound => Err(RuleDataError::NoData),
        RuleOutcome::NeedMoreData => Err(RuleDataError::NeedMoreData),
    }
}

/// Mutual exclusion: a visitor is bucketed into an experience when any decision is stored for it, a stale one too.
pub(super) struct Stored<'a> {
    pub(super) call: &'a Call<'a>,
    pub(super) effects: &'a Effects,
}

impl ExclusionLookup for Stored<'_> {
    fn is_bucketed_into(&self, experience_key: &str) -> bool {
        let experience = self.call.config.experience(experience_key);
        experience.is_some_and(|found| self.call.is_stored(self.effects, found.id()))
    }
}
