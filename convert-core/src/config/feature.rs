//! Declared features and their variables.

use super::identity::{Identity, identified};
use super::places::Places;
use super::reader::{Place, list};
use super::warnings::Warnings;
use crate::json::Json;
use crate::text::Text;

/// A feature as the project declares it.
#[derive(Debug)]
pub struct FeatureDeclaration {
    identity: Identity,
    variables: Box<[VariableDeclaration]>,
    by_key: Places,
    /// Experiences, in config order, that can deliver it: some variation has a change with its id.
    pub(super) carriers: Box<[u32]>,
}

identified!(FeatureDeclaration, "feature");

impl FeatureDeclaration {
    /// The declared variables.
    #[must_use]
    pub fn variables(&self) -> &[VariableDeclaration] {
        &self.variables
    }

    /// Positions of the experiences that can deliver the feature, whatever the status or traffic of their variations.
    pub(crate) fn carriers(&self) -> &[u32] {
        &self.carriers
    }

    pub(super) fn kind_of(&self, variable: &str) -> Option<&VariableKind> {
        let at = self.by_key.find(&self.variables, variable, VariableDeclaration::key)?;
        self.variables.get(at)?.kind.as_ref()
    }

    pub(super) fn read(served: &Json<'_>, identity: Identity, warnings: &mut Warnings) -> Self {
        let place = Place::new("feature", &identity.id);
        let mut variables = Vec::new();
        for variable in list(served, "variables", &place, warnings) {
            match variable.get("key").and_then(Json::id) {
                Some(key) => {
                    let kind = variable.get("type").and_then(Json::as_str).map(VariableKind::from_served);
                    variables.push(VariableDeclaration { key, kind });
                }
                None => warnings.push(place.to_string(), "a variable without a key is skipped"),
            }
        }
        let mut by_key = Places::default();
        by_key.note(&variables, VariableDeclaration::key);
        Self { identity, variables: variables.into_boxed_slice(), by_key, carriers: Box::default() }
    }
}

/// A variable of a declared feature.
#[derive(Clone, Debug)]
pub struct VariableDeclaration {
    key: Text,
    kind: Option<VariableKind>,
}

impl VariableDeclaration {
    /// The variable's key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The declared kind; `None` where the config gives none. Values are then left as served.
    #[must_use]
    pub fn kind(&self) -> Option<&VariableKind> {
        self.kind.as_ref()
    }
}

/// What a variable is declared to be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VariableKind {
    /// `boolean`
    Boolean,
    /// `integer`
    Integer,
    /// `float`
    Float,
    /// `string`
    String,
    /// `json`
    Json,
    /// A kind that this SDK does not know; values are left as served.
    Other(Text),
}

impl VariableKind {
    pub(crate) fn from_served(text: &str) -> Self {
        match text {
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "float" => Self::Float,
            "string" => Self::String,
            "json" => Self::Json,
            other => Self::Other(Text::new(other)),
        }
    }
}
