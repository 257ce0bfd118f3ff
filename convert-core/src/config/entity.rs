//! Lookup of any entity by kind.

use std::fmt;

use serde::Serialize;

use super::experience::Experience;
use super::feature::FeatureDeclaration;
use super::goal::Goal;
use super::project::ProjectConfig;
use super::targeting::{Audience, Location, Segment};
use super::variation::Variation;

/// The kinds of entity that [`ProjectConfig::entity`] finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EntityKind {
    /// An [`Experience`].
    Experience,
    /// A [`Variation`] of any experience.
    Variation,
    /// A [`FeatureDeclaration`].
    Feature,
    /// A [`Goal`].
    Goal,
    /// An [`Audience`].
    Audience,
    /// A [`Segment`].
    Segment,
    /// A [`Location`].
    Location,
}

impl fmt::Display for EntityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Experience => "experience",
            Self::Variation => "variation",
            Self::Feature => "feature",
            Self::Goal => "goal",
            Self::Audience => "audience",
            Self::Segment => "segment",
            Self::Location => "location",
        })
    }
}

/// An entity of a config.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Entity<'a> {
    /// An experience.
    Experience(&'a Experience),
    /// A variation.
    Variation(&'a Variation),
    /// A feature.
    Feature(&'a FeatureDeclaration),
    /// A goal.
    Goal(&'a Goal),
    /// An audience.
    Audience(&'a Audience),
    /// A segment.
    Segment(&'a Segment),
    /// A location.
    Location(&'a Location),
}

impl<'a> Entity<'a> {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> EntityKind {
        match self {
            Self::Experience(_) => EntityKind::Experience,
            Self::Variation(_) => EntityKind::Variation,
            Self::Feature(_) => EntityKind::Feature,
            Self::Goal(_) => EntityKind::Goal,
            Self::Audience(_) => EntityKind::Audience,
            Self::Segment(_) => EntityKind::Segment,
            Self::Location(_) => EntityKind::Location,
        }
    }

    /// The entity's id.
    #[must_use]
    pub fn id(&self) -> &'a str {
        match self {
            Self::Experience(entity) => entity.id(),
            Self::Variation(entity) => entity.id(),
            Self::Feature(entity) => entity.id(),
            Self::Goal(entity) => entity.id(),
            Self::Audience(entity) => entity.id(),
            Self::Segment(entity) => entity.id(),
            Self::Location(entity) => entity.id(),
        }
    }

    /// The entity's key; empty where the config gives none.
    #[must_use]
    pub fn key(&self) -> &'a str {
        match self {
            Self::Experience(entity) => entity.key(),
            Self::Variation(entity) => entity.key(),
            Self::Feature(entity) => entity.key(),
            Self::Goal(entity) => entity.key(),
            Self::Audience(entity) => entity.key(),
            Self::Segment(entity) => entity.key(),
            Self::Location(entity) => entity.key(),
        }
    }

    /// The entity's name; empty where the config gives none.
    #[must_use]
    pub fn name(&self) -> &'a str {
        match self {
            Self::Experience(entity) => entity.name(),
            Self::Variation(entity) => entity.name(),
            Self::Feature(entity) => entity.name(),
            Self::Goal(entity) => entity.name(),
            Self::Audience(entity) => entity.name(),
            Self::Segment(entity) => entity.name(),
            Self::Location(entity) => entity.name(),
        }
    }
}

impl ProjectConfig {
    /// The first entity of a kind with a key. Variations are searched through all experiences, in config order.
    #[must_use]
    pub fn entity(&self, kind: EntityKind, key: &str) -> Option<Entity<'_>> {
        Some(match kind {
            EntityKind::Experience => Entity::Experience(self.experience(key)?),
            EntityKind::Variation => {
                Entity::Variation(self.experiences().iter().find_map(|experience| experience.variation(key))?)
            }
            EntityKind::Feature => Entity::Feature(self.feature(key)?),
            EntityKind::Goal => Entity::Goal(self.goal(key)?),
            EntityKind::Audience => Entity::Audience(self.audiences.by_key(key)?),
            EntityKind::Segment => Entity::Segment(self.segments.by_key(key)?),
            EntityKind::Location => Entity::Location(self.locations.by_key(key)?),
        })
    }

    /// The entity of a kind with an id. Variations are searched through all experiences, in config order.
    #[must_use]
    pub fn entity_by_id(&self, kind: EntityKind, id: &str) -> Option<Entity<'_>> {
        Some(match kind {
            EntityKind::Experience => Entity::Experience(self.experience_by_id(id)?),
            EntityKind::Variation => {
                Entity::Variation(self.experiences().iter().find_map(|experience| experience.variation_by_id(id))?)
            }
            EntityKind::Feature => Entity::Feature(self.feature_by_id(id)?),
            EntityKind::Goal => Entity::Goal(self.goal_by_id(id)?),
            EntityKind::Audience => Entity::Audience(self.audiences.by_id(id)?),
            EntityKind::Segment => Entity::Segment(self.segments.by_id(id)?),
            EntityKind::Location => Entity::Location(self.locations.by_id(id)?),
        })
    }
}
