//! Tolerant reading of the served lists: what is odd is reported and skipped, what is good stays.

use std::collections::HashSet;
use std::fmt;

use serde_json::value::RawValue;

use super::document::List;
use super::identity::Identity;
use super::index::{Collection, Identified};
use super::warnings::Warnings;
use crate::json::Json;
use crate::rules::RuleTree;
use crate::text::Text;

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

    fn not_a_list(&self, member: &str, warnings: &mut Warnings) {
        self.warn(warnings, format!("`{member}` is not a list and is read as empty"));
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
pub(super) fn text(served: &Json<'_>, member: &str) -> Text {
    served.get(member).and_then(Json::as_str).map(Text::new).unwrap_or_default()
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
            place.not_a_list(member, warnings);
            &[]
        }
    }
}

/// Reads the entities of one kind. Skips, with a warning, what cannot be read, has no id, or repeats the id or key of an
/// earlier entity; and what `read` makes nothing of.
pub(super) fn collection<T: Identified>(
    list: List<'_>,
    member: &'static str,
    kind: &'static str,
    warnings: &mut Warnings,
    mut read: impl FnMut(&Json<'_>, Identity, &mut Warnings) -> Option<T>,
) -> Collection<T> {
    let served = elements(list, member, warnings);
    let mut items = Collection::with_capacity(served.len());
    for (at, entity) in served.iter().enumerate() {
        let skip = |warnings: &mut Warnings, why: &dyn fmt::Display| {
            Place::CONFIG.warn(warnings, format!("`{member}[{at}]` {why} and is skipped"));
        };
        let entity = match Json::parse(entity.get()) {
            Ok(entity) => entity,
            Err(error) => {
                skip(warnings, &format_args!("cannot be read ({error})"));
                continue;
            }
        };
        let Some(identity) = Identity::read(&entity) else {
            skip(warnings, &"has no usable id (a non-empty text or a number)");
            continue;
        };
        let repeated = if items.position_by_id(&identity.id).is_some() {
            "id"
        } else if !identity.key.is_empty() && items.position_by_key(&identity.key).is_some() {
            "key"
        } else {
            if let Some(item) = read(&entity, identity, warnings) {
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

fn elements<'a>(list: List<'a>, member: &'static str, warnings: &mut Warnings) -> Vec<&'a RawValue> {
    match list {
        List::Of(elements) => elements,
        List::Odd => {
            Place::CONFIG.not_a_list(member, warnings);
            Vec::new()
        }
    }
}

/// The ids in a list of ids; numbers count as their text.
pub(super) fn ids<'j, 'a>(served: &'j [Json<'a>]) -> impl Iterator<Item = Text> + use<'j, 'a> {
    served.iter().filter_map(Json::id)
}

/// The ids of the archived experiences.
pub(super) fn archived(list: List<'_>, warnings: &mut Warnings) -> HashSet<Text> {
    let elements = elements(list, "archived_experiences", warnings);
    elements.into_iter().filter_map(|id| Json::parse(id.get()).ok()?.id()).collect()
}
