//! Served members that this SDK does not model, kept as JSON text for whoever asks.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::json::Json;

/// An object without the members that are modelled.
pub(super) struct Extra<'j, 'a> {
    object: &'j Json<'a>,
    modelled: &'static [&'static str],
    /// Those of the member `data` that are modelled; the rest of it is kept inside `data`.
    modelled_data: &'static [&'static str],
}

impl<'j, 'a> Extra<'j, 'a> {
    pub(super) fn of(object: &'j Json<'a>, modelled: &'static [&'static str]) -> Self {
        Self { object, modelled, modelled_data: &[] }
    }

    pub(super) fn without_data(mut self, modelled: &'static [&'static str]) -> Self {
        self.modelled_data = modelled;
        self
    }

    /// `None` where nothing is left.
    pub(super) fn to_text(&self) -> Option<Box<str>> {
        self.members().next()?;
        serde_json::to_string(self).ok().map(String::into_boxed_str)
    }

    fn members(&self) -> impl Iterator<Item = (&'j str, Member<'j, 'a>)> {
        let members = self.object.as_object().unwrap_or_default();
        members.iter().filter(|(name, _)| !self.modelled.contains(&name.as_ref())).filter_map(|(name, value)| {
            if name == "data" && !self.modelled_data.is_empty() {
                let inner = Extra::of(value, self.modelled_data);
                inner.members().next()?;
                return Some((name.as_ref(), Member::Rest(inner)));
            }
            Some((name.as_ref(), Member::Whole(value)))
        })
    }
}

impl Serialize for Extra<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, member) in self.members() {
            map.serialize_entry(name, &member)?;
        }
        map.end()
    }
}

enum Member<'j, 'a> {
    Whole(&'j Json<'a>),
    Rest(Extra<'j, 'a>),
}

impl Serialize for Member<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(value) => value.serialize(serializer),
            Self::Rest(extra) => extra.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extra(text: &str, data: &'static [&'static str]) -> Option<String> {
        let json = Json::parse(text).unwrap();
        Extra::of(&json, &["id", "type"]).without_data(data).to_text().map(String::from)
    }

    #[test]
    fn nothing_is_left_of_what_is_modelled() {
        assert_eq!(extra(r#"{"id":1,"type":"x"}"#, &[]), None);
        assert_eq!(extra(r#"{"data":{"feature_id":1}}"#, &["feature_id"]), None);
        assert_eq!(extra("{}", &[]), None);
        assert_eq!(extra("7", &[]), None);
    }

    #[test]
    fn unknown_members_are_kept_as_served() {
        let kept = extra(r#"{"id":1,"a\"b":[1,{"c":null}],"data":{"js":"x()"},"n":1.0}"#, &[]);
        assert_eq!(kept.as_deref(), Some(r#"{"a\"b":[1,{"c":null}],"data":{"js":"x()"},"n":1.0}"#));
    }

    #[test]
    fn the_unknown_part_of_data_is_kept_inside_data() {
        let kept = extra(r#"{"id":1,"data":{"feature_id":1,"note":"n"}}"#, &["feature_id"]);
        assert_eq!(kept.as_deref(), Some(r#"{"data":{"note":"n"}}"#));
    }
}
