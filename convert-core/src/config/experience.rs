//! Experiences: the A/B tests and rollouts of a project.

use std::collections::HashSet;

use super::feature::FeatureDeclaration;
use super::identity::{Identity, identified};
use super::index::Collection;
use super::layout::Layout;
use super::reader::{Place, ids, list};
use super::targeting::{Audience, Location, Segment};
use super::variation::{Variation, Variations};
use super::warnings::Warnings;
use crate::json::Json;
use crate::rules::RuleTree;
use crate::text::Text;

/// An experience: an A/B test or a rollout, with its variations.
#[derive(Debug)]
pub struct Experience {
    identity: Identity,
    /// `None`: in every environment.
    pub(crate) environment: Option<Text>,
    pub(crate) is_archived: bool,
    pub(crate) location_gate: LocationGate,
    /// Positions of the audiences that were found, in config order.
    pub(crate) audiences: Box<[u32]>,
    /// Positions of the segments that were found, in config order.
    pub(crate) segments: Box<[u32]>,
    pub(crate) audience_mode: AudienceMode,
    variations: Box<[Variation]>,
    pub(crate) layout: Layout,
}

identified!(Experience, "experience");

/// Where an experience runs.
#[derive(Debug)]
pub(crate) enum LocationGate {
    /// Everywhere.
    Unrestricted,
    /// At any of these locations (positions, in config order); nowhere where the list is empty, because none of the
    /// attached ids was found.
    Locations(Box<[u32]>),
    /// Where the experience's own rules match.
    SiteArea(Box<RuleTree>),
}

/// How the audiences of an experience combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AudienceMode {
    Any,
    All,
}

impl Experience {
    /// The environment the experience is limited to, if it is.
    #[must_use]
    pub fn environment(&self) -> Option<&str> {
        self.environment.as_deref()
    }

    /// Whether the project lists the experience as archived: it then decides nothing.
    #[must_use]
    pub fn is_archived(&self) -> bool {
        self.is_archived
    }

    /// The variations, in config order.
    #[must_use]
    pub fn variations(&self) -> &[Variation] {
        &self.variations
    }

    /// The variation with an id.
    #[must_use]
    pub fn variation_by_id(&self, id: &str) -> Option<&Variation> {
        self.variations.iter().find(|variation| variation.id() == id)
    }

    /// The first variation with a key.
    #[must_use]
    pub fn variation(&self, key: &str) -> Option<&Variation> {
        self.variations.iter().find(|variation| variation.key() == key)
    }

    /// The position of the variation with an id, for [`variation_at`](Self::variation_at).
    pub(crate) fn variation_position(&self, id: &str) -> Option<u32> {
        let position = self.variations.iter().position(|variation| variation.id() == id)?;
        u32::try_from(position).ok()
    }

    pub(crate) fn variation_at(&self, position: u32) -> Option<&Variation> {
        self.variations.get(position as usize)
    }
}

/// What an experience refers to, already read.
pub(super) struct Targets<'a> {
    pub(super) audiences: &'a Collection<Audience>,
    pub(super) segments: &'a Collection<Segment>,
    pub(super) locations: &'a Collection<Location>,
    pub(super) features: &'a Collection<FeatureDeclaration>,
    pub(super) archived: &'a HashSet<Text>,
}

/// An experience just read, with what only its neighbours need to know of it.
pub(super) struct Loaded {
    pub(super) experience: Experience,
    /// Positions of the declared features that some variation delivers, ascending.
    pub(super) features: Vec<u32>,
    /// Whether some variation delivers a feature, declared or not.
    pub(super) delivers_features: bool,
}

impl Targets<'_> {
    /// `None`, with a warning, where the experience can never run.
    pub(super) fn read(&self, served: &Json<'_>, identity: Identity, warnings: &mut Warnings) -> Option<Loaded> {
        let place = Place::new("experience", &identity.id);
        let Ok(environment) = environment(served) else {
            place.warn(warnings, "`environment` is not a text, so no environment equals it; the experience is skipped");
            return None;
        };
        let (audiences, segments) = self.audiences_and_segments(served, &place, warnings);
        let read = Variations::read(list(served, "variations", &place, warnings), self.features, &place, warnings);
        let is_anchored = served.get("version").is_some_and(|version| version.js_number() > 11.0);
        let experience = Experience {
            environment,
            is_archived: self.archived.contains(&identity.id),
            location_gate: self.location_gate(served, &place, warnings),
            audiences,
            segments,
            audience_mode: audience_mode(served),
            layout: if is_anchored { Layout::anchored(&read.arms) } else { Layout::packed(&read.arms) },
            variations: read.variations.into_boxed_slice(),
            identity,
        };
        Some(Loaded { experience, features: read.features, delivers_features: read.delivers_features })
    }

    /// The served list mixes ids of audiences and of segments.
    fn audiences_and_segments(
        &self,
        served: &Json<'_>,
        place: &Place<'_>,
        warnings: &mut Warnings,
    ) -> (Box<[u32]>, Box<[u32]>) {
        let (mut audiences, mut segments, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
        for id in ids(list(served, "audiences", place, warnings)) {
            let audience = self.audiences.position_by_id(&id);
            let segment = self.segments.position_by_id(&id);
            audiences.extend(audience);
            segments.extend(segment);
            if audience.is_none() && segment.is_none() {
                unknown.push(id);
            }
        }
        if !unknown.is_empty() {
            let open = if audiences.is_empty() && segments.is_empty() {
                "; the experience is open to every visitor"
            } else {
                ""
            };
            place.warn(
                warnings,
                format!("audiences {} are not in the config and are ignored{open}", unknown.join(", ")),
            );
        }
        (in_config_order(audiences), in_config_order(segments))
    }

    fn location_gate(&self, served: &Json<'_>, place: &Place<'_>, warnings: &mut Warnings) -> LocationGate {
        let attached = list(served, "locations", place, warnings);
        if attached.is_empty() {
            let rules = place.rules(served, "site_area", warnings);
            return rules.map_or(LocationGate::Unrestricted, |rules| LocationGate::SiteArea(Box::new(rules)));
        }
        let found: Vec<u32> = ids(attached).filter_map(|id| self.locations.position_by_id(&id)).collect();
        if found.is_empty() {
            place.warn(warnings, "none of its locations is in the config; the experience runs nowhere");
        }
        LocationGate::Locations(in_config_order(found))
    }
}

/// As the JavaScript SDK resolves lists of ids: each entity once, in config order.
fn in_config_order(mut positions: Vec<u32>) -> Box<[u32]> {
    positions.sort_unstable();
    positions.dedup();
    positions.into_boxed_slice()
}

fn audience_mode(served: &Json<'_>) -> AudienceMode {
    let mode = served.get("settings").and_then(|settings| settings.get("matching_options")?.get("audiences"));
    match mode.and_then(Json::as_str) {
        Some("all") => AudienceMode::All,
        _ => AudienceMode::Any,
    }
}

/// The environment that an experience is limited to. `Err`: to something that no environment equals.
fn environment(served: &Json<'_>) -> Result<Option<Text>, ()> {
    match served.get("environment") {
        Some(Json::Str(text)) if !text.is_empty() => Ok(Some(Text::new(text))),
        Some(other) if !other.is_falsy() => Err(()),
        _ => Ok(None),
    }
}
