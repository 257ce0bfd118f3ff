//! A set of named values.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use super::{AttributeError, AttributeValue};
use crate::json::Json;
use crate::text::Text;

/// A set of named [`AttributeValue`]s.
///
/// Kept sorted by name: a lookup in a set of the usual size costs a few nanoseconds and no hash.
///
/// ```
/// use convert_core::Attributes;
///
/// let attributes = Attributes::new().with("country", "NL").with("visits", 3).with("premium", true);
/// assert_eq!(attributes.get("country"), Some(&"NL".into()));
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Attributes {
    entries: Vec<(Text, AttributeValue)>,
}

/// Up to this many entries a scan beats a binary search.
const SCANNED: usize = 8;

impl Attributes {
    /// An empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// An empty set with room for this many attributes.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { entries: Vec::with_capacity(capacity) }
    }

    /// Sets an attribute and returns the set, for chaining.
    #[must_use]
    pub fn with(mut self, name: impl Into<Text>, value: impl Into<AttributeValue>) -> Self {
        self.insert(name, value);
        self
    }

    /// Sets an attribute; returns the value it had before.
    pub fn insert(&mut self, name: impl Into<Text>, value: impl Into<AttributeValue>) -> Option<AttributeValue> {
        let (name, value) = (name.into(), value.into());
        match self.position(&name) {
            Ok(at) => self.entries.get_mut(at).map(|(_, old)| std::mem::replace(old, value)),
            Err(at) => {
                self.entries.insert(at, (name, value));
                None
            }
        }
    }

    /// The value of an attribute. Names are case-sensitive.
    #[must_use]
    #[inline]
    pub fn get(&self, name: &str) -> Option<&AttributeValue> {
        if self.entries.len() <= SCANNED {
            return self.entries.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        }
        self.position(name).ok().and_then(|at| self.entries.get(at)).map(|(_, value)| value)
    }

    /// The first value whose name is equal but for case, where none is equal.
    pub(crate) fn get_ignoring_case(&self, name: &str) -> Option<&AttributeValue> {
        self.get(name).or_else(|| {
            let lowered = crate::js::lower(name);
            self.iter().find(|(key, _)| crate::js::lower(key) == lowered).map(|(_, value)| value)
        })
    }

    /// Removes an attribute and returns the value it had.
    pub fn remove(&mut self, name: &str) -> Option<AttributeValue> {
        let at = self.position(name).ok()?;
        Some(self.entries.remove(at).1)
    }

    /// How many attributes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The attributes, ordered by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &AttributeValue)> + DoubleEndedIterator {
        self.entries.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether every value is at most [`AttributeValue::MAX_DEPTH`] levels deep. Calls that take attributes check it.
    ///
    /// # Errors
    /// [`AttributeError::TooDeep`] where one is not.
    pub fn check_depth(&self) -> Result<(), AttributeError> {
        if self.values().all(|value| value.fits_in(AttributeValue::MAX_DEPTH - 1)) {
            Ok(())
        } else {
            Err(AttributeError::TooDeep)
        }
    }

    /// The same without the values that are nested too deep, for calls that cannot fail.
    pub(crate) fn without_too_deep(self) -> Self {
        if self.check_depth().is_ok() { self } else { self.usable() }
    }

    /// A copy without the values that are nested too deep.
    pub(crate) fn usable(&self) -> Self {
        let usable = self.entries.iter().filter(|(_, value)| value.fits_in(AttributeValue::MAX_DEPTH - 1));
        let usable = Self { entries: usable.cloned().collect() };
        if usable.len() < self.len() {
            let levels = AttributeValue::MAX_DEPTH;
            tracing::warn!(target: "convert", "attributes nested deeper than {levels} levels are left out");
        }
        usable
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &AttributeValue> {
        self.entries.iter().map(|(_, value)| value)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut AttributeValue> {
        let at = self.position(name).ok()?;
        self.entries.get_mut(at).map(|(_, value)| value)
    }

    /// Takes the entries out; a type with a destructor cannot be taken apart.
    fn into_entries(mut self) -> Vec<(Text, AttributeValue)> {
        std::mem::take(&mut self.entries)
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|(key, _)| key.as_str().cmp(name))
    }
}

/// Dropping goes level by level for values nested so deep that the compiler's recursion could end the stack.
impl Drop for Attributes {
    fn drop(&mut self) {
        if self.values().all(|value| value.fits_in(AttributeValue::MAX_DEPTH)) {
            return;
        }
        let mut pending: Vec<AttributeValue> = self.entries.drain(..).map(|(_, value)| value).collect();
        while let Some(value) = pending.pop() {
            match value {
                AttributeValue::List(items) => pending.extend(items),
                AttributeValue::Map(map) => pending.extend(map.into_entries().into_iter().map(|(_, value)| value)),
                _ => {}
            }
        }
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Into<Text>, V: Into<AttributeValue>> Extend<(K, V)> for Attributes {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, attributes: I) {
        for (name, value) in attributes {
            self.insert(name, value);
        }
    }
}

impl<K: Into<Text>, V: Into<AttributeValue>> FromIterator<(K, V)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(attributes: I) -> Self {
        let mut entries: Vec<(Text, AttributeValue)> =
            attributes.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        // The later of two with one name counts: a stable sort of the reverse puts it first.
        entries.reverse();
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        entries.dedup_by(|(later, _), (kept, _)| later == kept);
        Self { entries }
    }
}

impl<K: Into<Text>, V: Into<AttributeValue>, const N: usize> From<[(K, V); N]> for Attributes {
    fn from(attributes: [(K, V); N]) -> Self {
        attributes.into_iter().collect()
    }
}

/// One attribute, where it is known: `None` leaves it out.
impl<K: Into<Text>, V: Into<AttributeValue>> From<Option<(K, V)>> for Attributes {
    fn from(attribute: Option<(K, V)>) -> Self {
        attribute.into_iter().collect()
    }
}

impl IntoIterator for Attributes {
    type Item = (Text, AttributeValue);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.into_entries().into_iter()
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match AttributeValue::from(Json::deserialize(deserializer)?) {
            AttributeValue::Map(map) => Ok(map),
            _ => Err(D::Error::custom(AttributeError::NotAnObject)),
        }
    }
}
