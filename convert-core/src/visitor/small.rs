//! A list that needs no heap for its first element.

/// None, one or many values: most visitors have one decision and one goal.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum OneOrMany<T> {
    #[default]
    Empty,
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    pub(crate) fn as_slice(&self) -> &[T] {
        match self {
            Self::Empty => &[],
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        match self {
            Self::Empty => &mut [],
            Self::One(value) => std::slice::from_mut(value),
            Self::Many(values) => values,
        }
    }

    pub(crate) fn push(&mut self, value: T) {
        *self = match std::mem::take(self) {
            Self::Empty => Self::One(value),
            Self::One(first) => Self::Many(vec![first, value]),
            Self::Many(mut values) => {
                values.push(value);
                Self::Many(values)
            }
        };
    }

    /// Puts `value` at `place`, at the end where there are fewer.
    pub(crate) fn insert(&mut self, place: usize, value: T) {
        if self.is_empty() {
            *self = Self::One(value);
            return;
        }
        let mut values: Vec<T> = std::mem::take(self).into_iter().collect();
        values.insert(place.min(values.len()), value);
        *self = Self::Many(values);
    }

    pub(crate) fn from_vec(mut values: Vec<T>) -> Self {
        if values.len() > 1 {
            return Self::Many(values);
        }
        values.pop().map_or(Self::Empty, Self::One)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.as_slice().iter()
    }
}

impl<T> FromIterator<T> for OneOrMany<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut values = values.into_iter();
        let Some(first) = values.next() else { return Self::Empty };
        match values.next() {
            None => Self::One(first),
            Some(second) => Self::Many([first, second].into_iter().chain(values).collect()),
        }
    }
}

impl<T> IntoIterator for OneOrMany<T> {
    type Item = T;
    type IntoIter = std::iter::Chain<std::option::IntoIter<T>, std::vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        let (one, many) = match self {
            Self::Empty => (None, Vec::new()),
            Self::One(value) => (Some(value), Vec::new()),
            Self::Many(values) => (None, values),
        };
        one.into_iter().chain(many)
    }
}
