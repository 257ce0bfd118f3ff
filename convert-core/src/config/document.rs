//! The served document, taken apart into entities that are still text.
//!
//! Entities are parsed one at a time, so that the whole document is never in memory as a tree: a large config loads
//! faster, and needs little more than its text and its result.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::Json;
use crate::text::Text;

/// The members of a served config that are read. A missing member is null; of a repeated one, the last counts.
pub(super) struct Document<'a> {
    pub(super) account_id: Json<'a>,
    project: Option<&'a RawValue>,
    pub(super) error: Json<'a>,
    pub(super) experiences: List<'a>,
    pub(super) features: List<'a>,
    pub(super) goals: List<'a>,
    pub(super) audiences: List<'a>,
    pub(super) segments: List<'a>,
    pub(super) locations: List<'a>,
    pub(super) archived_experiences: List<'a>,
}

impl Document<'_> {
    /// Reads nothing else of the project: whatever stands beside its id, it cannot spoil the config.
    pub(super) fn project_id(&self) -> Option<Text> {
        let members: HashMap<String, &RawValue> = serde_json::from_str(self.project?.get()).ok()?;
        Json::parse(members.get("id")?.get()).ok()?.id()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Document<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DocumentVisitor)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Document<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a project config")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Document<'de>, A::Error> {
        let mut document = Document {
            account_id: Json::Null,
            project: None,
            error: Json::Null,
            experiences: List::default(),
            features: List::default(),
            goals: List::default(),
            audiences: List::default(),
            segments: List::default(),
            locations: List::default(),
            archived_experiences: List::default(),
        };
        while let Some(name) = access.next_key::<String>()? {
            let list = match name.as_str() {
                "account_id" => {
                    document.account_id = access.next_value()?;
                    continue;
                }
                "project" => {
                    document.project = Some(access.next_value()?);
                    continue;
                }
                "error" => {
                    document.error = access.next_value()?;
                    continue;
                }
                "experiences" => &mut document.experiences,
                "features" => &mut document.features,
                "goals" => &mut document.goals,
                "audiences" => &mut document.audiences,
                "segments" => &mut document.segments,
                "locations" => &mut document.locations,
                "archived_experiences" => &mut document.archived_experiences,
                _ => {
                    access.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *list = access.next_value()?;
        }
        Ok(document)
    }
}

/// A member that should be a list.
pub(super) enum List<'a> {
    /// Its elements; none where it is null or missing.
    Of(Vec<&'a RawValue>),
    /// It is something else.
    Odd,
}

impl Default for List<'_> {
    fn default() -> Self {
        Self::Of(Vec::new())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for List<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = List<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<List<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(List::Of(items))
    }

    fn visit_unit<E>(self) -> Result<List<'de>, E> {
        Ok(List::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<List<'de>, A::Error> {
        while access.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(List::Odd)
    }

    fn visit_bool<E>(self, _: bool) -> Result<List<'de>, E> {
        Ok(List::Odd)
    }

    fn visit_i64<E>(self, _: i64) -> Result<List<'de>, E> {
        Ok(List::Odd)
    }

    fn visit_u64<E>(self, _: u64) -> Result<List<'de>, E> {
        Ok(List::Odd)
    }

    fn visit_f64<E>(self, _: f64) -> Result<List<'de>, E> {
        Ok(List::Odd)
    }

    fn visit_str<E>(self, _: &str) -> Result<List<'de>, E> {
        Ok(List::Odd)
    }
}
