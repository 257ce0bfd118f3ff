//! Where a text stands in a list that is being read.

use std::hash::BuildHasher;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

/// The longest list that is searched: below it, a table costs more than it saves.
const SEARCHED: usize = 16;

/// Finds the first item with a text: in a short list by looking at each, in a long one by a table, so that a list of any
/// length is read in time that grows with its length alone.
#[derive(Debug, Default)]
pub(super) struct Places {
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// How many of the items are in the table.
    known: usize,
}

impl Places {
    /// Notes the items that came since the last time. Items that are noted keep their texts.
    pub(super) fn note<'t, T>(&mut self, items: &'t [T], text_of: impl Fn(&'t T) -> &'t str) {
        if items.len() <= SEARCHED {
            return;
        }
        let text_at = |at: u32| items.get(at as usize).map_or("", &text_of);
        // The limit on a config's text keeps every position within 32 bits.
        for at in self.known..items.len() {
            let (Some(item), Ok(position)) = (items.get(at), u32::try_from(at)) else { return };
            let (text, hasher) = (text_of(item), &self.hasher);
            let same = |&earlier: &u32| text_at(earlier) == text;
            let hash_at = |&earlier: &u32| hasher.hash_one(text_at(earlier));
            if let Entry::Vacant(vacant) = self.table.entry(hasher.hash_one(text), same, hash_at) {
                vacant.insert(position);
            }
        }
        self.known = items.len();
    }

    /// The first of the items noted with this text.
    pub(super) fn find<'t, T>(&self, items: &'t [T], text: &str, text_of: impl Fn(&'t T) -> &'t str) -> Option<usize> {
        if items.len() <= SEARCHED {
            return items.iter().position(|item| text_of(item) == text);
        }
        let is_it = |&at: &u32| items.get(at as usize).is_some_and(|item| text_of(item) == text);
        self.table.find(self.hasher.hash_one(text), is_it).map(|&at| at as usize)
    }

    /// [`find`](Self::find) in a list that grows.
    pub(super) fn find_in_growing<'t, T>(
        &mut self,
        items: &'t [T],
        text: &str,
        text_of: impl Fn(&'t T) -> &'t str + Copy,
    ) -> Option<usize> {
        self.note(items, text_of);
        self.find(items, text, text_of)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn the_first_of_equal_texts_is_found_in_lists_of_any_length() {
        for length in [1, SEARCHED - 1, SEARCHED, SEARCHED + 1, 10 * SEARCHED] {
            let (mut places, mut items) = (Places::default(), Vec::new());
            for i in 0..length {
                items.push((i / 2).to_string());
                for (at, item) in items.iter().enumerate() {
                    assert_eq!(places.find_in_growing(&items, item, |item| item), Some(at / 2 * 2));
                }
                assert_eq!(places.find_in_growing(&items, "x", |item| item), None);
            }
        }
    }

    struct Counted<'c> {
        text: String,
        looks: &'c Cell<u32>,
    }

    impl Counted<'_> {
        fn text(&self) -> &str {
            self.looks.set(self.looks.get() + 1);
            &self.text
        }
    }

    #[test]
    fn the_work_grows_with_the_length_alone() {
        let looks = Cell::new(0);
        let (mut places, mut items) = (Places::default(), Vec::new());
        for i in 0..100_000 {
            let text = format!("text {i}");
            assert_eq!(places.find_in_growing(&items, &text, Counted::text), None);
            items.push(Counted { text, looks: &looks });
        }
        // Each is hashed when it is noted, and again as the table grows: less than twice more, on average.
        assert!(looks.get() < 500_000, "{}", looks.get());
    }
}
