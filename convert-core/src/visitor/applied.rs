//! What a store answers to a change.

use crate::text::Text;

/// What a visitor store found when it took a [`StateChange`](crate::StateChange) in: which of the change's decisions it had
/// already.
///
/// Of two first calls for one visitor at the same time both decide, and the one whose decision was new to the store
/// announces it to Convert. [`VisitorState::apply`](crate::VisitorState::apply) tells, which is all that a store needs that
/// reads a state, changes it and writes it. One that changes its records in place builds the answer:
///
/// ```
/// use std::collections::HashMap;
/// use convert_core::{Applied, StateChange};
///
/// /// The decisions of one visitor, as rows of a table would hold them: experience and variation.
/// fn store(rows: &mut HashMap<String, String>, change: &StateChange) -> Applied {
///     change.decisions().fold(Applied::all_new(), |applied, (experience, variation)| {
///         let before = rows.insert(experience.to_owned(), variation.to_owned());
///         if before.as_deref() == Some(variation) { applied.known(experience) } else { applied }
///     })
/// }
///
/// let (mut rows, change) = (HashMap::new(), StateChange::new().decision("10", "101"));
/// assert!(store(&mut rows, &change).is_new("10"));
/// assert!(!store(&mut rows, &change).is_new("10"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    known: Vec<Text>,
}

impl Applied {
    /// Every decision of the change was new, or the change had none.
    #[must_use]
    pub fn all_new() -> Self {
        Self::default()
    }

    /// The same, but for the decision of this experience: the store had it already, with the same variation.
    #[must_use]
    pub fn known(mut self, experience_id: &str) -> Self {
        self.add_known(experience_id.into());
        self
    }

    pub(super) fn add_known(&mut self, experience_id: Text) {
        self.known.push(experience_id);
    }

    /// Whether the decision of an experience was new.
    #[must_use]
    pub fn is_new(&self, experience_id: &str) -> bool {
        !self.known.iter().any(|known| known == experience_id)
    }

    /// The experiences whose decisions were known.
    pub(crate) fn known_experiences(&self) -> impl ExactSizeIterator<Item = &str> {
        self.known.iter().map(Text::as_str)
    }
}
