//! The merge of the JavaScript SDK: later wins, maps merge, lists unite.

use super::{AttributeValue, Attributes};
use crate::js::{JsKind, JsValue};

impl Attributes {
    /// Merges newer attributes in. Maps merge name by name; two lists become their union, the newer elements first;
    /// anything else is replaced.
    pub fn merge_from(&mut self, newer: &Self) {
        if self.is_empty() {
            *self = newer.clone();
            return;
        }
        for (name, value) in newer.iter() {
            match self.get_mut(name) {
                Some(older) => older.merge_from(value),
                None => {
                    self.insert(name, value.clone());
                }
            }
        }
    }
}

impl AttributeValue {
    fn merge_from(&mut self, newer: &Self) {
        match (&mut *self, newer) {
            (Self::Map(older), Self::Map(newer)) => older.merge_from(newer),
            (Self::List(older), Self::List(newer)) => *older = union(newer, older),
            (older, newer) => *older = newer.clone(),
        }
    }

    /// Whether two values are one to a JavaScript `Set`. Lists and maps are compared by identity there: never equal.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self.kind(), other.kind()) {
            (JsKind::Number(a), JsKind::Number(b)) => a == b || (a.is_nan() && b.is_nan()),
            (JsKind::List(_), _) | (JsKind::Map, _) => false,
            (a, b) => a == b,
        }
    }
}

fn union(first: &[AttributeValue], second: &[AttributeValue]) -> Vec<AttributeValue> {
    let mut united: Vec<AttributeValue> = Vec::with_capacity(first.len() + second.len());
    for item in first.iter().chain(second) {
        if !united.iter().any(|seen| seen.is_same(item)) {
            united.push(item.clone());
        }
    }
    united
}
