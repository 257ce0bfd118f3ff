//! Tolerant reading of the served lists: what is odd is reported and skipped, what is good stays.

use std::collections::HashSet;
use std::fmt;

use smol_str::SmolStr;

use super::identity::Identity;
use super::index::{Collection, Identified};
use super::warnings::Warnings;
use crate::json::Json;
use crate::rules::RuleTree;

/// Where in the config something is, for warnings; written out only when one is given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    kind: &'static str,
    id: &'a str,
}

impl<'a> Place<'a> {
    pub(super) const CONFIG: Place<'static> = Place { kind: "config", id: "" };

    pub(super) fn new(kind: &'static str, id: &'a str) -> Self {
        Self { kind, id }
    }

    /// Compiles a member that holds a rule tree.
    pub(super) fn rules(&self, served: &Json<'_>, member: &str, warnings: &mut Warnings) -> Option<RuleTree> {
        let rules = served.get(member).filter(|rules| !rules.is_falsy())?;
        RuleTree::compile(rules, &self.to_string(), warnings)
    }

    pub(super) fn warn(&self, warnings: &mut Warnings, message: impl Into<String>) {
        warnings.push(self.to_string(), message);
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        if self.id.is_empty() { Ok(()) } else { write!(f, " {}", self.id) }
    }
}

/// A member that should be a text: empty where it is missing, null or something else.
pub(super) fn text(served: &Json<'_>, member: &str) -> SmolStr {
    served.get(member).and_then(Json::as_str).map(SmolStr::new).unwrap_or_default()
}

/// A member that should be a list: empty where it is missing or null, and, with a warning, where it is something else.
pub(super) fn list<'j, 'a>(
    served: &'j Json<'a>,
    member: &str,
    place: &Place<'_>,
    warnings: &mut Warnings,
) -> &'j [Json<'a>] {
    match served.get(member) {
        Some(Json::Array(items)) => items,
        None | Some(Json::Null) => &[],
        Some(_) => {
            place.warn(warnings, format!("`{member}` is not a list and is read as empty"));
            &[]
        }
    }
}

/// Reads the entities of one kind. Skips, with a warning, what is not an object, has no id, or repeats the id or key of
/// an earlier entity; and what `read` makes nothing of.
pub(super) fn collection<'a, T: Identified>(
    root: &Json<'a>,
    member: &str,
    kind: &'static str,
    warnings: &mut Warnings,
    mut read: impl FnMut(&Json<'a>, Identity, &mut Warnings) -> Option<T>,
) -> Collection<T> {
    let served = list(root, member, &Place::CONFIG, warnings);
    let mut items = Collection::with_capacity(served.len());
    for (at, entity) in served.iter().enumerate() {
        let Some(identity) = Identity::read(entity) else {
            Place::CONFIG.warn(
                warnings,
                format!("`{member}[{at}]` has no usable id (a non-empty text or a number) and is skipped"),
            );
            continue;
        };
        let repeated = if items.position_by_id(&identity.id).is_some() {
            "id"
        } else if !identity.key.is_empty() && items.position_by_key(&identity.key).is_some() {
            "key"
        } else {
            if let Some(item) = read(entity, identity, warnings) {
                items.push(item);
            }
            continue;
        };
        let message =
            format!("an earlier {kind} has the same {repeated}; this one, with key `{}`, is skipped", identity.key);
        Place::new(kind, &identity.id).warn(warnings, message);
    }
    items.seal()
}

/// The ids in a list of ids; numbers count as their text.
pub(super) fn ids<'j, 'a>(served: &'j [Json<'a>]) -> impl Iterator<Item = SmolStr> + use<'j, 'a> {
    served.iter().filter_map(Json::id)
}

/// The ids of the archived experiences.
pub(super) fn archived(root: &Json<'_>, warnings: &mut Warnings) -> HashSet<SmolStr> {
    ids(list(root, "archived_experiences", &Place::CONFIG, warnings)).collect()
}
