//! Entities of one kind in config order, with their by-id and by-key indexes.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// An entity that can be looked up.
pub(crate) trait Identified {
    /// Never empty.
    fn id(&self) -> &str;
    /// Empty where the config gives none; then it is not indexed.
    fn key(&self) -> &str;
}

/// Entities of one kind. The indexes hold positions and read ids and keys from the entities themselves.
#[derive(Debug)]
pub(crate) struct Collection<T> {
    items: Vec<T>,
    by_id: HashTable<u32>,
    by_key: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl<T> Default for Collection<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            by_id: HashTable::new(),
            by_key: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl<T: Identified> Collection<T> {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self {
            items: Vec::with_capacity(capacity),
            by_id: HashTable::with_capacity(capacity),
            by_key: HashTable::with_capacity(capacity),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// Adds an entity; the caller has made sure that its id and key are new. Never fails below 2^32 entities, which
    /// the limit on the text rules out.
    pub(super) fn push(&mut self, item: T) {
        let Ok(position) = u32::try_from(self.items.len()) else { return };
        let (items, hasher) = (&mut self.items, &self.hasher);
        let id_hash = hasher.hash_one(item.id());
        let key_hash = (!item.key().is_empty()).then(|| hasher.hash_one(item.key()));
        items.push(item);
        self.by_id.insert_unique(id_hash, position, |&at| hash_of(hasher, items, at, T::id));
        if let Some(hash) = key_hash {
            self.by_key.insert_unique(hash, position, |&at| hash_of(hasher, items, at, T::key));
        }
    }

    /// Gives back what was reserved for entities that were skipped.
    pub(super) fn seal(mut self) -> Self {
        self.items.shrink_to_fit();
        self
    }

    /// The position of the entity with an id.
    #[inline]
    pub(crate) fn position_by_id(&self, id: &str) -> Option<u32> {
        self.by_id.find(self.hasher.hash_one(id), |&at| self.at(at).is_some_and(|item| item.id() == id)).copied()
    }

    /// The position of the entity with a key.
    #[inline]
    pub(crate) fn position_by_key(&self, key: &str) -> Option<u32> {
        self.by_key.find(self.hasher.hash_one(key), |&at| self.at(at).is_some_and(|item| item.key() == key)).copied()
    }

    #[inline]
    pub(crate) fn by_id(&self, id: &str) -> Option<&T> {
        self.at(self.position_by_id(id)?)
    }

    #[inline]
    pub(crate) fn by_key(&self, key: &str) -> Option<&T> {
        self.at(self.position_by_key(key)?)
    }
}

impl<T> Collection<T> {
    #[inline]
    pub(crate) fn at(&self, position: u32) -> Option<&T> {
        self.items.get(position as usize)
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[T] {
        &self.items
    }

    pub(super) fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.items.iter_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }
}

fn hash_of<T>(hasher: &DefaultHashBuilder, items: &[T], at: u32, text: impl Fn(&T) -> &str) -> u64 {
    items.get(at as usize).map_or(0, |item| hasher.hash_one(text(item)))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Item(String, String);

    impl Identified for Item {
        fn id(&self) -> &str {
            &self.0
        }

        fn key(&self) -> &str {
            &self.1
        }
    }

    #[test]
    fn finds_by_id_and_by_key_after_growth() {
        let mut items = Collection::with_capacity(0);
        for i in 0..1000 {
            items.push(Item(i.to_string(), format!("key-{i}")));
        }
        let items = items.seal();
        for i in 0..1000_u32 {
            assert_eq!(items.position_by_id(&i.to_string()), Some(i));
            assert_eq!(items.position_by_key(&format!("key-{i}")), Some(i));
        }
        assert!(items.by_id("key-1").is_none());
        assert!(items.by_key("1").is_none());
        assert!(items.by_id("1000").is_none());
    }

    #[test]
    fn an_empty_key_is_not_found() {
        let mut items = Collection::with_capacity(2);
        items.push(Item("1".into(), String::new()));
        items.push(Item("2".into(), String::new()));
        assert!(items.by_key("").is_none());
        assert!(items.by_id("2").is_some());
    }
}
