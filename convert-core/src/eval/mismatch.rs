//! What keeps a visitor out of an experience, by name, for explanations. Deciding does not come here.

use std::fmt;

use serde::Serialize;

use crate::config::{Entity, EntityKind, Experience, LocationGate};
use crate::rules::{Provider, RuleInput, RuleMismatch, RuleSource, RuleTree};

use super::call::{Call, Effects};
use super::qualify::{Stored, is_checked};
use super::reason::Reason;

/// An audience, location or segment that the visitor would have to be in, and is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Mismatch {
    /// What it is. [`EntityKind::Experience`] is the experience itself, which has location rules of its own.
    pub kind: EntityKind,
    /// Its id.
    pub id: String,
    /// Its key; empty where the config gives none.
    pub key: String,
    /// Its name; empty where the config gives none.
    pub name: String,
    /// Rules that do not match: of each alternative those of the first condition that does not hold. None where there
    /// are no rules, and of segments, into which visitors are put by
    /// [`run_custom_segments`](crate::Context::run_custom_segments).
    pub rules: Vec<RuleMismatch>,
}

impl Mismatch {
    fn new(entity: Entity<'_>, rules: Vec<RuleMismatch>) -> Self {
        let (id, key, name) = (entity.id().to_owned(), entity.key().to_owned(), entity.name().to_owned());
        Self { kind: entity.kind(), id, key, name, rules }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [&self.key, &self.name, &self.id];
        let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or(&self.id);
        match self.kind {
            EntityKind::Experience => f.write_str("its own rules")?,
            kind => write!(f, "{kind} `{name}`")?,
        }
        for (at, rule) in self.rules.iter().enumerate() {
            write!(f, "{}{rule}", if at == 0 { ": " } else { ", " })?;
        }
        match self.kind {
            EntityKind::Segment => Ok(()),
            _ if self.rules.is_empty() => f.write_str(": it has no rules that could match"),
            _ => Ok(()),
        }
    }
}

/// Whom or what `experience` would have needed, where it was not decided for this reason.
#[cold]
pub(crate) fn mismatches(call: &Call<'_>, effects: &Effects, experience: &Experience, reason: Reason) -> Vec<Mismatch> {
    match reason {
        Reason::LocationMismatch => locations(call, experience),
        Reason::AudienceMismatch => audiences(call, effects, experience),
        Reason::SegmentMismatch => {
            let segments = experience.segments.iter().filter_map(|index| call.config.segments.at(*index));
            segments.map(|segment| Mismatch::new(Entity::Segment(segment), Vec::new())).collect()
        }
        _ => Vec::new(),
    }
}

fn locations(call: &Call<'_>, experience: &Experience) -> Vec<Mismatch> {
    let Some(data) = call.location.map(Provider::source) else { return Vec::new() };
    let input = call.input(data, None);
    match &experience.location_gate {
        LocationGate::Unrestricted => Vec::new(),
        LocationGate::SiteArea(rules) => {
            let failed = rules.mismatches(&input).into_iter();
            failed.map(|rules| Mismatch::new(Entity::Experience(experience), rules)).collect()
        }
        LocationGate::Locations(indexes) => {
            let locations = indexes.iter().filter_map(|index| call.config.locations.at(*index));
            let failed = |location| failed(Entity::Location(location), location.rules.as_ref(), &input);
            locations.filter_map(failed).collect()
        }
    }
}

fn audiences(call: &Call<'_>, effects: &Effects, experience: &Experience) -> Vec<Mismatch> {
    let exclusion = Stored { call, effects };
    let input = Call::input(call, RuleSource::Attributes(call.attributes), Some(&exclusion));
    let audiences = experience.audiences.iter().filter_map(|index| call.config.audiences.at(*index));
    let checked = audiences.filter(|audience| is_checked(call, experience, audience));
    checked.filter_map(|audience| failed(Entity::Audience(audience), audience.rules.as_ref(), &input)).collect()
}

/// `None` where the rules match.
fn failed(entity: Entity<'_>, rules: Option<&RuleTree>, input: &RuleInput<'_>) -> Option<Mismatch> {
    let rules = match rules {
        Some(rules) => rules.mismatches(input)?,
        None => Vec::new(),
    };
    Some(Mismatch::new(entity, rules))
}
