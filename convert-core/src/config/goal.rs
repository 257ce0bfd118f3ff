//! Goals: what counts as a conversion.

use super::identity::{Identity, identified};
use super::reader::{Place, text};
use super::warnings::Warnings;
use crate::json::Json;
use crate::rules::RuleTree;
use crate::text::Text;

/// A goal.
#[derive(Debug)]
pub struct Goal {
    identity: Identity,
    kind: Text,
    /// Evaluated only where the caller passes rule data.
    pub(crate) rules: Option<RuleTree>,
}

identified!(Goal, "goal");

impl Goal {
    /// The goal's type as served, such as `revenue`; empty where the config gives none. Nothing is decided by it.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    pub(super) fn read(served: &Json<'_>, identity: Identity, warnings: &mut Warnings) -> Self {
        let rules = Place::new("goal", &identity.id).rules(served, "rules", warnings);
        Self { kind: text(served, "type"), rules, identity }
    }
}
