//! What a request is told, as its client sends it.

use convert_core::{Attributes, web};
use serde_json::Value;

use crate::scenario::SetPreview;

/// The header with a visitor id that no cookie can carry, as a JSON text.
const VISITOR: &str = "x-visitor";

/// The header with the visitor's attributes, as a JSON object.
const ATTRIBUTES: &str = "x-attributes";

/// What the middleware learns of a request's visitor, by cookie, by link, and through the app's functions.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) visitor_id: String,
    pub(super) attributes: Attributes,
    /// What a step has set: carried by the link, where its ids are digits, and else by the handler.
    pub(super) preview: Option<SetPreview>,
}

/// How the requests of a web crate's surface said who their visitor is, and what to preview.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Requests {
    /// The visitor's id came in the cookie.
    pub by_cookie: usize,
    /// It came in a header, through the app's function.
    pub by_header: usize,
    /// The link asked for a preview.
    pub by_link: usize,
    /// The handler set a preview.
    pub by_handler: usize,
}

impl Requests {
    pub(super) fn count(&mut self, told: &Told) {
        if told.has_cookie() {
            self.by_cookie += 1
        } else {
            self.by_header += 1
        }
        match &told.preview {
            Some(_) if told.has_link() => self.by_link += 1,
            Some(_) => self.by_handler += 1,
            None => {}
        }
    }
}

impl Told {
    fn has_cookie(&self) -> bool {
        web::is_visitor_id(&self.visitor_id)
    }

    /// Whether the link carries a preview.
    pub(super) fn has_link(&self) -> bool {
        let digits = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        let linkable = |asked: &SetPreview| digits(&asked.experience_id) && digits(&asked.variation_id);
        self.preview.as_ref().is_some_and(linkable)
    }

    /// The path and query.
    pub(super) fn target(&self) -> String {
        match self.preview.as_ref().filter(|_| self.has_link()) {
            Some(SetPreview { experience_id, variation_id }) => {
                format!("/?convert_preview={experience_id}.{variation_id}")
            }
            None => "/".to_owned(),
        }
    }

    /// The headers, ASCII all.
    pub(super) fn headers(&self) -> [(&'static str, String); 2] {
        let id = &self.visitor_id;
        let visitor = if self.has_cookie() {
            ("cookie", format!("theme=dark; convert_visitor_id={id}"))
        } else {
            (VISITOR, ascii(&Value::from(id.as_str())))
        };
        let attributes = serde_json::to_value(&self.attributes).unwrap_or_default();
        [visitor, (ATTRIBUTES, ascii(&attributes))]
    }
}

/// The app's function for the visitor id: `None` leaves it to the cookie.
pub(super) fn visitor_id<'h>(header: impl Fn(&'static str) -> Option<&'h str>) -> Option<String> {
    serde_json::from_str(header(VISITOR)?).ok()
}

/// The app's function for the attributes.
pub(super) fn attributes<'h>(header: impl Fn(&'static str) -> Option<&'h str>) -> Attributes {
    let given = header(ATTRIBUTES).and_then(|text| serde_json::from_str::<Value>(text).ok());
    given.and_then(|given| Attributes::try_from(given).ok()).unwrap_or_default()
}

/// JSON in ASCII, as a header can carry it.
fn ascii(value: &Value) -> String {
    let mut text = String::new();
    for character in value.to_string().chars() {
        if (' '..='~').contains(&character) {
            text.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn arrived(told: &Told) -> (Option<String>, Attributes) {
        let headers = told.headers();
        let header = |name| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        assert!(
            headers.iter().all(|(_, value)| value.bytes().all(|byte| (b' '..=b'~').contains(&byte))),
            "{headers:?}"
        );
        (visitor_id(header), attributes(header))
    }

    #[test]
    fn what_is_told_arrives() {
        let attributes = json!({"a": "🎯 \n\"ü\u{7f}", "b": [1e21, -0.5, null, true], "ключ": {"x": 1}});
        let attributes = Attributes::try_from(attributes).unwrap();
        for (id, by_header) in [("v-1", false), ("用户123", true), ("a b", true), (" ", true)] {
            let told = Told { visitor_id: id.to_owned(), attributes: attributes.clone(), preview: None };
            assert_eq!(arrived(&told), (by_header.then(|| id.to_owned()), attributes.clone()));
            assert_eq!(told.headers()[0].0 == "cookie", !by_header);
        }
    }
}
