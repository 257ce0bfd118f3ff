//! Whom and where an experience is for: audiences, segments and locations.

use super::identity::{Identity, identified};
use super::reader::Place;
use super::warnings::Warnings;
use crate::json::Json;
use crate::rules::RuleTree;

/// An audience: rules over a visitor's attributes.
#[derive(Debug)]
pub struct Audience {
    identity: Identity,
    /// Whether a visitor who is already in the experience is not checked again.
    pub(crate) is_permanent: bool,
    /// `None` where the config gives none: the audience then never matches.
    pub(crate) rules: Option<RuleTree>,
}

identified!(Audience, "audience");

impl Audience {
    /// Whether the audience is checked only before a visitor gets a variation, and never again after.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.is_permanent
    }

    pub(super) fn read(served: &Json<'_>, identity: Identity, warnings: &mut Warnings) -> Self {
        let rules = Place::new("audience", &identity.id).rules(served, "rules", warnings);
        let is_permanent = served.get("type").and_then(Json::as_str) == Some("permanent");
        Self { identity, is_permanent, rules }
    }
}

/// A segment: rules that put a visitor into it for good.
#[derive(Debug)]
pub struct Segment {
    identity: Identity,
    /// `None` where the config gives none: the segment then never matches.
    pub(crate) rules: Option<RuleTree>,
}

identified!(Segment, "segment");

impl Segment {
    pub(super) fn read(served: &Json<'_>, identity: Identity, warnings: &mut Warnings) -> Self {
        let rules = Place::new("segment", &identity.id).rules(served, "rules", warnings);
        Self { identity, rules }
    }
}

/// A location: rules over where the visitor is.
#[derive(Debug)]
pub struct Location {
    identity: Identity,
    /// `None` where the config gives none: the location is then skipped.
    pub(crate) rules: Option<RuleTree>,
}

identified!(Location, "location");

impl Location {
    pub(super) fn read(served: &Json<'_>, identity: Identity, warnings: &mut Warnings) -> Self {
        let rules = Place::new("location", &identity.id).rules(served, "rules", warnings);
        Self { identity, rules }
    }
}
