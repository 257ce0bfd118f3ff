//! A decision: the variation that a visitor gets.

use std::fmt;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::config::{Experience, Variation};
use crate::eval::{Decided, DecisionSource};

use super::view::View;

/// The variation that a visitor gets in an experience.
///
/// A cheap handle into the config that decided it, which it keeps alive: [`to_owned`](Self::to_owned) makes a copy for
/// keeping.
#[derive(Clone)]
pub struct Decision {
    view: Arc<View>,
    decided: Decided,
}

impl Decision {
    pub(super) fn new(view: Arc<View>, decided: Decided) -> Self {
        Self { view, decided }
    }

    fn found(&self) -> Option<(&Experience, &Variation)> {
        let config = match self.decided.source {
            DecisionSource::Preview => self.view.previewed_config()?,
            _ => self.view.config()?,
        };
        let experience = config.experiences.at(self.decided.experience)?;
        Some((experience, experience.variation_at(self.decided.variation)?))
    }

    /// All that two decisions are compared by.
    fn parts(&self) -> ([&str; 6], Option<u32>, DecisionSource) {
        let texts = self.found().map_or([""; 6], |(experience, variation)| {
            [experience.id(), experience.key(), experience.name(), variation.id(), variation.key(), variation.name()]
        });
        (texts, self.bucket_value(), self.source())
    }

    // A decision is made from the very config that its view keeps, so the fallbacks below are never seen.

    /// The experience's id.
    #[must_use]
    pub fn experience_id(&self) -> &str {
        self.found().map_or("", |(experience, _)| experience.id())
    }

    /// The experience's key.
    #[must_use]
    pub fn experience_key(&self) -> &str {
        self.found().map_or("", |(experience, _)| experience.key())
    }

    /// The experience's name; empty where the config gives none.
    #[must_use]
    pub fn experience_name(&self) -> &str {
        self.found().map_or("", |(experience, _)| experience.name())
    }

    /// The variation's id.
    #[must_use]
    pub fn variation_id(&self) -> &str {
        self.found().map_or("", |(_, variation)| variation.id())
    }

    /// The variation's key.
    #[must_use]
    pub fn variation_key(&self) -> &str {
        self.found().map_or("", |(_, variation)| variation.key())
    }

    /// The variation's name; empty where the config gives none.
    #[must_use]
    pub fn variation_name(&self) -> &str {
        self.found().map_or("", |(_, variation)| variation.name())
    }

    /// The variation itself: its changes, and the served fields that the SDK does not read.
    #[must_use]
    pub fn variation(&self) -> Option<&Variation> {
        self.found().map(|(_, variation)| variation)
    }

    /// The visitor's bucket, 0 to 9,999, where this call computed it and some variation takes it. For a forced
    /// variation it is the visitor's own bucket, which may belong to another one.
    #[must_use]
    pub fn bucket_value(&self) -> Option<u32> {
        self.decided.bucket_value
    }

    /// Where the decision came from.
    #[must_use]
    pub fn source(&self) -> DecisionSource {
        self.decided.source
    }

    /// Whether the decision was made now: it was neither read back nor previewed.
    #[must_use]
    pub fn is_new(&self) -> bool {
        matches!(self.decided.source, DecisionSource::Bucketed | DecisionSource::Forced)
    }

    /// A copy that keeps no config alive.
    #[must_use]
    #[allow(clippy::should_implement_trait, reason = "the copy is of another type, as with `Path::to_owned`")]
    pub fn to_owned(&self) -> OwnedDecision {
        OwnedDecision {
            experience_id: self.experience_id().to_owned(),
            experience_key: self.experience_key().to_owned(),
            experience_name: self.experience_name().to_owned(),
            variation_id: self.variation_id().to_owned(),
            variation_key: self.variation_key().to_owned(),
            variation_name: self.variation_name().to_owned(),
            bucket_value: self.bucket_value(),
            source: self.source(),
        }
    }
}

impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decision")
            .field("experience_key", &self.experience_key())
            .field("variation_key", &self.variation_key())
            .field("bucket_value", &self.bucket_value())
            .field("source", &self.source())
            .finish_non_exhaustive()
    }
}

impl PartialEq for Decision {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

/// As an [`OwnedDecision`].
impl Serialize for Decision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut decision = serializer.serialize_struct("OwnedDecision", 8)?;
        decision.serialize_field("experience_id", self.experience_id())?;
        decision.serialize_field("experience_key", self.experience_key())?;
        decision.serialize_field("experience_name", self.experience_name())?;
        decision.serialize_field("variation_id", self.variation_id())?;
        decision.serialize_field("variation_key", self.variation_key())?;
        decision.serialize_field("variation_name", self.variation_name())?;
        decision.serialize_field("bucket_value", &self.bucket_value())?;
        decision.serialize_field("source", &self.source())?;
        decision.end()
    }
}

/// A [`Decision`] in full.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct OwnedDecision {
    /// The experience's id.
    pub experience_id: String,
    /// The experience's key.
    pub experience_key: String,
    /// The experience's name; empty where the config gives none.
    pub experience_name: String,
    /// The variation's id.
    pub variation_id: String,
    /// The variation's key.
    pub variation_key: String,
    /// The variation's name; empty where the config gives none.
    pub variation_name: String,
    /// See [`Decision::bucket_value`].
    pub bucket_value: Option<u32>,
    /// Where the decision came from.
    pub source: DecisionSource,
}
