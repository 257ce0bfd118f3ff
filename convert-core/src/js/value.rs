//! `String(x)`, `Number(x)` and truthiness of any value that looks like JSON.

use std::borrow::Cow;

use super::number::{NumberText, number_to_string, parse_number};

/// What a value is to JavaScript.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum JsKind<'a, V> {
    Null,
    Bool(bool),
    Number(f64),
    Text(&'a str),
    List(&'a [V]),
    Map,
}

/// A value that can be read as a JavaScript one.
pub(crate) trait JsValue: Sized {
    fn kind(&self) -> JsKind<'_, Self>;
}

/// `!x`.
pub(crate) fn is_falsy<V: JsValue>(value: &V) -> bool {
    match value.kind() {
        JsKind::Null => true,
        JsKind::Bool(flag) => !flag,
        JsKind::Number(number) => number == 0.0 || number.is_nan(),
        JsKind::Text(text) => text.is_empty(),
        JsKind::List(_) | JsKind::Map => false,
    }
}

/// `String(x)`.
pub(crate) fn string_of<V: JsValue>(value: &V) -> Cow<'_, str> {
    match value.kind() {
        JsKind::Null => Cow::Borrowed("null"),
        JsKind::Bool(true) => Cow::Borrowed("true"),
        JsKind::Bool(false) => Cow::Borrowed("false"),
        JsKind::Number(number) => Cow::Owned(number_to_string(number)),
        JsKind::Text(text) => Cow::Borrowed(text),
        JsKind::Map => Cow::Borrowed("[object Object]"),
        JsKind::List(items) => {
            let mut text = String::new();
            join(items, &mut text);
            Cow::Owned(text)
        }
    }
}

/// `Array.prototype.join`: null elements are empty, nested arrays flatten into the text.
fn join<V: JsValue>(items: &[V], out: &mut String) {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        match item.kind() {
            JsKind::Null => {}
            JsKind::Number(number) => out.push_str(NumberText::new(number).as_str()),
            JsKind::List(nested) => join(nested, out),
            JsKind::Bool(_) | JsKind::Text(_) | JsKind::Map => out.push_str(&string_of(item)),
        }
    }
}

/// `Number(x)`.
pub(crate) fn number_of<V: JsValue>(value: &V) -> f64 {
    match value.kind() {
        JsKind::Null => 0.0,
        JsKind::Bool(flag) => f64::from(u8::from(flag)),
        JsKind::Number(number) => number,
        JsKind::Text(text) => parse_number(text),
        JsKind::List(_) => parse_number(&string_of(value)),
        JsKind::Map => f64::NAN,
    }
}
