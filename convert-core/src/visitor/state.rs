//! A visitor's state, in the shape the JavaScript SDK stores.

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use crate::attributes::{AttributeValue, Attributes};
use crate::text::Text;

use super::applied::Applied;
use super::small::OneOrMany;

/// The name of the segment list in a visitor's report segments.
pub(crate) const CUSTOM_SEGMENTS: &str = "customSegments";

/// The report segments: the only keys that are stored as segments and sent.
const REPORT_SEGMENTS: [&str; 7] =
    ["country", "browser", "devices", "source", "campaign", "visitorType", CUSTOM_SEGMENTS];

/// Up to so many decisions are put into their places one by one.
const FEW: usize = 8;

/// Whether `key` names a report segment.
pub(crate) fn is_report_segment(key: &str) -> bool {
    REPORT_SEGMENTS.contains(&key)
}

/// What is remembered of one visitor: decisions, reached goals, segments and locations.
///
/// It serialises to the JSON that the official JavaScript, PHP and Ruby SDKs store under the same key, and keeps
/// members that it does not know, so a store may be shared with them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VisitorState {
    /// Ordered by experience id: a visitor of a large project may have thousands.
    bucketing: OneOrMany<(Text, Text)>,
    goals: OneOrMany<Text>,
    segments: Option<Box<Attributes>>,
    locations: Option<Box<[Text]>>,
    unknown: Option<Box<Map<String, Value>>>,
}

impl VisitorState {
    /// The state of a visitor of whom nothing is remembered.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The stored variation id of an experience, by the experience's id.
    #[must_use]
    #[inline]
    pub fn variation_id(&self, experience_id: &str) -> Option<&str> {
        let place = self.decision_place(experience_id).ok()?;
        self.bucketing.as_slice().get(place).map(|(_, variation)| variation.as_str())
    }

    /// The stored decisions: experience id and variation id, ordered by experience id.
    pub fn decisions(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.bucketing.iter().map(|(experience, variation)| (experience.as_str(), variation.as_str()))
    }

    /// Whether a goal is marked as reached under `goal_key`.
    #[must_use]
    pub fn has_goal(&self, goal_key: &str) -> bool {
        self.goals.iter().any(|goal| goal == goal_key)
    }

    /// Whether the goal of a mark is marked already.
    pub(crate) fn has_reached(&self, mark: &GoalMark) -> bool {
        self.has_goal(&mark.goal_key) || mark.goal_id.as_ref().is_some_and(|id| self.has_goal(id))
    }

    /// The goals marked as reached.
    pub fn goals(&self) -> impl ExactSizeIterator<Item = &str> {
        self.goals.iter().map(Text::as_str)
    }

    /// The stored segments, those included that another SDK stored and that are not reported.
    #[must_use]
    pub fn segments(&self) -> Option<&Attributes> {
        self.segments.as_deref()
    }

    /// The keys of the locations that the visitor is in.
    pub fn locations(&self) -> impl ExactSizeIterator<Item = &str> {
        self.location_keys().iter().map(Text::as_str)
    }

    /// Whether nothing at all is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn location_keys(&self) -> &[Text] {
        self.locations.as_deref().unwrap_or_default()
    }

    pub(crate) fn decision_pairs(&self) -> &[(Text, Text)] {
        self.bucketing.as_slice()
    }

    /// Takes in what a later state has.
    pub(crate) fn overlay(&mut self, later: &Self) {
        self.apply_decisions(later.bucketing.as_slice(), |_| {});
        if let Some(segments) = later.segments() {
            self.segments.get_or_insert_default().merge_from(segments);
        }
        if later.locations.is_some() {
            self.locations.clone_from(&later.locations);
        }
        for goal in later.goals.iter() {
            if !self.has_goal(goal) {
                self.goals.push(goal.clone());
            }
        }
    }

    /// Where the decision of an experience stands, or would have to.
    #[inline]
    fn decision_place(&self, experience_id: &str) -> Result<usize, usize> {
        self.bucketing.as_slice().binary_search_by(|(id, _)| id.as_str().cmp(experience_id))
    }

    /// Takes a change in: decisions overwrite, segments merge as in the JavaScript SDK, locations are replaced. Answers which
    /// of the decisions were there already.
    pub fn apply(&mut self, change: &StateChange) -> Applied {
        let mut applied = Applied::all_new();
        self.take_in(change, |experience| applied.add_known(experience.clone()));
        applied
    }

    /// Takes a change in, naming the experiences whose decisions were there already.
    #[inline]
    pub(crate) fn take_in(&mut self, change: &StateChange, on_known: impl FnMut(&Text)) {
        self.apply_decisions(change.bucketing.as_slice(), on_known);
        for segments in change.segments.iter() {
            self.segments.get_or_insert_default().merge_from(segments);
        }
        if let Some(locations) = &change.locations {
            self.locations = (!locations.is_empty()).then(|| locations.as_slice().into());
        }
    }

    fn apply_decisions(&mut self, fresh: &[(Text, Text)], mut on_known: impl FnMut(&Text)) {
        if fresh.len() > FEW {
            let is_known = |(experience, variation): &&(Text, Text)| self.variation_id(experience) == Some(variation);
            fresh.iter().filter(is_known).for_each(|(experience, _)| on_known(experience));
            let known = std::mem::take(&mut self.bucketing);
            self.bucketing = sorted(fresh.iter().rev().cloned().chain(known).collect());
            return;
        }
        for (experience, variation) in fresh {
            match self.decision_place(experience) {
                Ok(place) => {
                    let stored = self.bucketing.as_mut_slice().get_mut(place);
                    if let Some((_, stored)) = stored.filter(|(_, stored)| stored != variation) {
                        stored.clone_from(variation);
                    } else {
                        on_known(experience);
                    }
                }
                Err(place) => self.bucketing.insert(place, (experience.clone(), variation.clone())),
            }
        }
    }

    /// Marks a goal as reached; true if it was not marked before.
    pub fn mark_goal(&mut self, mark: &GoalMark) -> bool {
        let known = self.has_reached(mark);
        if !self.has_goal(&mark.goal_key) {
            self.goals.push(mark.goal_key.clone());
        }
        !known
    }
}

/// One atomic change of a visitor's state.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StateChange {
    pub(crate) bucketing: OneOrMany<(Text, Text)>,
    /// Each is merged by itself: merging is not associative where a value is a list.
    pub(crate) segments: OneOrMany<Attributes>,
    pub(crate) locations: Option<Vec<Text>>,
}

impl StateChange {
    /// No change, for tests of a store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with a decision: experience id and variation id.
    #[must_use]
    pub fn decision(mut self, experience_id: &str, variation_id: &str) -> Self {
        self.bucketing.push((experience_id.into(), variation_id.into()));
        self
    }

    /// The same with a segment to merge, after those that it has.
    #[must_use]
    pub fn segment(mut self, name: &str, value: impl Into<AttributeValue>) -> Self {
        self.segments.push(Attributes::new().with(name, value));
        self
    }

    /// The same with the keys of all locations that the visitor is in.
    #[must_use]
    pub fn in_locations<'k>(mut self, keys: impl IntoIterator<Item = &'k str>) -> Self {
        self.locations = Some(keys.into_iter().map(Text::from).collect());
        self
    }

    /// Takes a later change in, so that both are one.
    pub(crate) fn extend(&mut self, later: &Self) {
        if self.bucketing.is_empty() {
            self.bucketing.clone_from(&later.bucketing);
        } else if !later.bucketing.is_empty() {
            let known = std::mem::take(&mut self.bucketing);
            let mut decisions: Vec<_> = known.into_iter().chain(later.bucketing.iter().cloned()).collect();
            decisions.reverse();
            self.bucketing = sorted(decisions);
        }
        for segments in later.segments.iter() {
            self.segments.push(segments.clone());
        }
        if later.locations.is_some() {
            self.locations.clone_from(&later.locations);
        }
    }

    /// Leaves out what another change has brought about.
    pub(crate) fn remove(&mut self, done: &Self) {
        let mut done_decisions: Vec<_> = done.bucketing.iter().collect();
        done_decisions.sort_unstable();
        let left = std::mem::take(&mut self.bucketing).into_iter();
        self.bucketing = left.filter(|decision| done_decisions.binary_search(&decision).is_err()).collect();
        if done.locations.is_some() {
            self.locations = None;
        }
    }

    /// Whether there is nothing to store.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.bucketing.is_empty() && self.segments.is_empty() && self.locations.is_none()
    }

    /// Decisions to store: experience id and variation id.
    pub fn decisions(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.bucketing.iter().map(|(experience, variation)| (experience.as_str(), variation.as_str()))
    }

    /// Segments to merge over the stored ones, each set over what the one before it left.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = &Attributes> {
        self.segments.iter()
    }

    /// The location keys that replace the stored ones.
    #[must_use]
    pub fn locations(&self) -> Option<&[Text]> {
        self.locations.as_deref()
    }
}

/// A goal to mark as reached.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GoalMark {
    goal_key: Text,
    goal_id: Option<Text>,
}

impl GoalMark {
    /// A mark under the goal's key; one under its id counts too, if it is given.
    #[must_use]
    pub fn new(goal_key: impl Into<Text>, goal_id: Option<Text>) -> Self {
        Self { goal_key: goal_key.into(), goal_id }
    }

    /// The key that the mark is stored under.
    #[must_use]
    pub fn goal_key(&self) -> &str {
        &self.goal_key
    }

    /// A second name under which a mark counts too: the goal's id, where no other goal has that text as its key.
    #[must_use]
    pub fn goal_id(&self) -> Option<&str> {
        self.goal_id.as_deref()
    }
}

impl Serialize for VisitorState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.bucketing.is_empty() {
            map.serialize_entry("bucketing", &Pairs(self.bucketing.as_slice()))?;
        }
        if !self.location_keys().is_empty() {
            map.serialize_entry("locations", self.location_keys())?;
        }
        if let Some(segments) = self.segments().filter(|segments| !segments.is_empty()) {
            map.serialize_entry("segments", segments)?;
        }
        if !self.goals.is_empty() {
            map.serialize_entry("goals", &Marks(self.goals.as_slice()))?;
        }
        for (name, value) in self.unknown.iter().flat_map(|unknown| unknown.iter()) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

struct Pairs<'a>(&'a [(Text, Text)]);

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

struct Marks<'a>(&'a [Text]);

impl Serialize for Marks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|key| (key, true)))
    }
}

/// Reads leniently: a member of another type than expected counts as empty, except that unknown members are kept.
impl<'de> Deserialize<'de> for VisitorState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut state = Self::default();
        let mut unknown = Map::new();
        for (name, value) in Map::<String, Value>::deserialize(deserializer)? {
            match (name.as_str(), value) {
                ("bucketing", value) => state.bucketing = stored_decisions(&value),
                ("goals", value) => state.goals = stored_goals(&value),
                ("segments", value) => state.segments = stored_segments(value),
                ("locations", value) => state.locations = stored_locations(&value),
                (_, value) => {
                    unknown.insert(name, value);
                }
            }
        }
        state.unknown = (!unknown.is_empty()).then(|| Box::new(unknown));
        Ok(state)
    }
}

/// A stored id as text: the reference compares ids by their text, so a number is one too.
fn id_text(value: &Value) -> Option<Text> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.into()),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}

fn stored_decisions(value: &Value) -> OneOrMany<(Text, Text)> {
    let members = value.as_object().into_iter().flatten();
    sorted(members.filter_map(|(experience, variation)| Some((experience.into(), id_text(variation)?))).collect())
}

/// Decisions in their order; of several for one experience the first.
fn sorted(mut decisions: Vec<(Text, Text)>) -> OneOrMany<(Text, Text)> {
    decisions.sort_by(|(left, _), (right, _)| left.cmp(right));
    decisions.dedup_by(|(later, _), (earlier, _)| later == earlier);
    OneOrMany::from_vec(decisions)
}

fn stored_goals(value: &Value) -> OneOrMany<Text> {
    let truthy = |value: &Value| match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    };
    let members = value.as_object().into_iter().flatten();
    members.filter(|(_, marked)| truthy(marked)).map(|(key, _)| key.into()).collect()
}

fn stored_segments(value: Value) -> Option<Box<Attributes>> {
    let mut segments = Attributes::try_from(value).ok()?;
    if segments.get(CUSTOM_SEGMENTS).is_some_and(|list| !matches!(list, AttributeValue::List(_))) {
        segments.remove(CUSTOM_SEGMENTS);
    }
    (!segments.is_empty()).then(|| Box::new(segments))
}

fn stored_locations(value: &Value) -> Option<Box<[Text]>> {
    let keys: Vec<Text> = value.as_array()?.iter().filter_map(id_text).collect();
    (!keys.is_empty()).then(|| keys.into_boxed_slice())
}
