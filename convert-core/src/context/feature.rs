//! A feature as a visitor gets it.

use std::fmt;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use crate::config::{Experience, FeatureDeclaration, ProjectConfig, Variable, VariableValue, Variation};
use crate::eval::{DecisionSource, Delivered};
use crate::text::Text;
use crate::visitor::OneOrMany;

use super::view::View;

/// Whether a visitor gets a feature. Closed on purpose: there is nothing between the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FeatureStatus {
    /// Some variation that the visitor is in delivers it.
    Enabled,
    /// None does, or the config declares no such feature.
    Disabled,
}

impl FeatureStatus {
    /// The text that the official SDKs use: `enabled` or `disabled`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}

/// A feature as a visitor gets it: enabled with its variables, or disabled.
///
/// More than one experience may deliver the same feature. The accessors answer with the first delivery, in config
/// order; [`deliveries`](Self::deliveries) has all of them.
#[derive(Clone)]
pub struct Feature {
    view: Arc<View>,
    name: Name,
    type_casting: bool,
    deliveries: OneOrMany<Delivered>,
}

/// What is known of a feature beside its deliveries.
#[derive(Clone)]
enum Name {
    /// The declaration's position in the config.
    Declared(u32),
    /// The key asked for; the config declares no such feature.
    Unknown(Text),
    /// The id of a feature that is delivered, but not declared.
    Undeclared(Text),
}

impl Feature {
    /// The feature that the config declares at a position.
    pub(super) fn declared(
        view: &Arc<View>,
        position: u32,
        type_casting: bool,
        deliveries: OneOrMany<Delivered>,
    ) -> Self {
        Self { view: Arc::clone(view), name: Name::Declared(position), type_casting, deliveries }
    }

    /// A feature that is asked for by key, but not declared.
    pub(super) fn unknown(view: &Arc<View>, key: &str) -> Self {
        let (name, deliveries) = (Name::Unknown(key.into()), OneOrMany::default());
        Self { view: Arc::clone(view), name, type_casting: true, deliveries }
    }

    /// A feature that is delivered by id, but not declared.
    pub(super) fn undeclared(view: &Arc<View>, id: &str, deliveries: OneOrMany<Delivered>) -> Self {
        Self { view: Arc::clone(view), name: Name::Undeclared(id.into()), type_casting: false, deliveries }
    }

    fn declaration(&self) -> Option<&FeatureDeclaration> {
        match self.name {
            Name::Declared(position) => self.view.config()?.features.at(position),
            Name::Unknown(_) | Name::Undeclared(_) => None,
        }
    }

    /// The id; `None` where the config declares no feature with the key asked for.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match &self.name {
            Name::Undeclared(id) => Some(id),
            _ => self.declaration().map(FeatureDeclaration::id),
        }
    }

    /// The key; `None` where a variation delivers a feature that the config does not declare.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match &self.name {
            Name::Unknown(key) => Some(key),
            _ => self.declaration().map(FeatureDeclaration::key),
        }
    }

    /// The name, where the feature is declared.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.declaration().map(FeatureDeclaration::name)
    }

    /// Whether the visitor gets the feature.
    #[must_use]
    pub fn status(&self) -> FeatureStatus {
        if self.deliveries.is_empty() { FeatureStatus::Disabled } else { FeatureStatus::Enabled }
    }

    /// Whether the visitor gets the feature.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.status() == FeatureStatus::Enabled
    }

    /// The key of the experience that delivers it first.
    #[must_use]
    pub fn experience_key(&self) -> Option<&str> {
        Some(self.first()?.experience_key())
    }

    /// Every delivery, in config order; empty where the feature is disabled.
    pub fn deliveries(&self) -> impl Iterator<Item = FeatureDelivery<'_>> {
        self.deliveries.iter().filter_map(|delivered| self.delivery(delivered))
    }

    /// The variables of the first delivery, cast to their declared types: name and value.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &VariableValue)> {
        self.first().into_iter().flat_map(|delivery| delivery.variables())
    }

    /// A variable of the first delivery.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&VariableValue> {
        self.first()?.variable(name)
    }

    /// A boolean variable.
    ///
    /// # Errors
    /// [`VariableError`] where the feature is disabled, has no such variable, or it is no boolean.
    pub fn bool(&self, name: &str) -> Result<bool, VariableError> {
        self.typed(name, "a boolean", VariableValue::as_bool)
    }

    /// An integer variable.
    ///
    /// # Errors
    /// [`VariableError`] where the feature is disabled, has no such variable, or it is no integer.
    pub fn i64(&self, name: &str) -> Result<i64, VariableError> {
        self.typed(name, "an integer", VariableValue::as_i64)
    }

    /// A numeric variable.
    ///
    /// # Errors
    /// [`VariableError`] where the feature is disabled, has no such variable, or it is no number.
    pub fn f64(&self, name: &str) -> Result<f64, VariableError> {
        self.typed(name, "a number", VariableValue::as_f64)
    }

    /// A text variable.
    ///
    /// # Errors
    /// [`VariableError`] where the feature is disabled, has no such variable, or it is no text.
    pub fn str(&self, name: &str) -> Result<&str, VariableError> {
        self.typed(name, "a text", VariableValue::as_str)
    }

    /// A variable of any type, as JSON.
    ///
    /// # Errors
    /// [`VariableError`] where the feature is disabled, has no such variable, or it could not be cast.
    pub fn json(&self, name: &str) -> Result<serde_json::Value, VariableError> {
        self.typed(name, "JSON", |value| Some(value.to_json()))
    }

    fn typed<'a, T>(
        &'a self,
        name: &str,
        expected: &'static str,
        read: impl FnOnce(&'a VariableValue) -> Option<T>,
    ) -> Result<T, VariableError> {
        let delivery = self.first().ok_or(VariableError::FeatureDisabled)?;
        let missing = || VariableError::NotFound { variable: name.to_owned() };
        let variable = delivery.find(name).ok_or_else(missing)?;
        let mistyped = || VariableError::WrongType { variable: name.to_owned(), expected };
        if self.type_casting && variable.is_cast_failure() {
            return Err(mistyped());
        }
        read(delivery.value(variable)).ok_or_else(mistyped)
    }

    fn first(&self) -> Option<FeatureDelivery<'_>> {
        self.deliveries().next()
    }

    fn delivery(&self, delivered: &Delivered) -> Option<FeatureDelivery<'_>> {
        let config: &ProjectConfig = match delivered.decided.source {
            DecisionSource::Preview => self.view.previewed_config()?,
            _ => self.view.config()?,
        };
        let experience = config.experiences.at(delivered.decided.experience)?;
        let variation = experience.variation_at(delivered.decided.variation)?;
        let variables = variation.changes().get(delivered.change as usize)?.variables();
        Some(FeatureDelivery { experience, variation, variables, type_casting: self.type_casting })
    }
}

impl fmt::Debug for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feature")
            .field("key", &self.key())
            .field("status", &self.status())
            .field("experience_key", &self.experience_key())
            .finish_non_exhaustive()
    }
}

/// Serialises as the official SDKs show a feature: id, key, name, status, and the first delivery's experience and
/// variables.
impl Serialize for Feature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut feature = serializer.serialize_struct("Feature", 6)?;
        feature.serialize_field("id", &self.id())?;
        feature.serialize_field("key", &self.key())?;
        feature.serialize_field("name", &self.name())?;
        feature.serialize_field("status", self.status().as_str())?;
        feature.serialize_field("experience_key", &self.experience_key())?;
        feature.serialize_field(
            "variables",
            &self.first().and_then(|delivery| delivery.has_variables().then_some(delivery)),
        )?;
        feature.end()
    }
}

/// One delivery of a feature: by one change of one variation.
#[derive(Clone, Copy, Debug)]
pub struct FeatureDelivery<'a> {
    experience: &'a Experience,
    variation: &'a Variation,
    variables: Option<&'a [Variable]>,
    type_casting: bool,
}

impl<'a> FeatureDelivery<'a> {
    /// The id of the experience that delivers it.
    #[must_use]
    pub fn experience_id(&self) -> &'a str {
        self.experience.id()
    }

    /// The key of the experience that delivers it.
    #[must_use]
    pub fn experience_key(&self) -> &'a str {
        self.experience.key()
    }

    /// The key of the variation that delivers it.
    #[must_use]
    pub fn variation_key(&self) -> &'a str {
        self.variation.key()
    }

    /// Whether the change says anything of variables, be it that there are none.
    #[must_use]
    pub fn has_variables(&self) -> bool {
        self.variables.is_some()
    }

    /// The variables: name and value.
    pub fn variables(self) -> impl Iterator<Item = (&'a str, &'a VariableValue)> {
        let cast = self.type_casting;
        let value = move |variable: &'a Variable| if cast { variable.value() } else { variable.raw() };
        self.variables.into_iter().flatten().map(move |variable| (variable.key(), value(variable)))
    }

    /// The variable with this name.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&'a VariableValue> {
        self.find(name).map(|variable| self.value(variable))
    }

    fn find(&self, name: &str) -> Option<&'a Variable> {
        self.variables?.iter().find(|variable| variable.key() == name)
    }

    fn value(&self, variable: &'a Variable) -> &'a VariableValue {
        if self.type_casting { variable.value() } else { variable.raw() }
    }
}

/// The variables as one JSON object.
impl Serialize for FeatureDelivery<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut variables = serializer.serialize_map(None)?;
        for (name, value) in (*self).variables() {
            variables.serialize_entry(name, value)?;
        }
        variables.end()
    }
}

/// Why a variable cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VariableError {
    /// The visitor does not get the feature.
    FeatureDisabled,
    /// The feature has no such variable.
    #[non_exhaustive]
    NotFound {
        /// The name asked for.
        variable: String,
    },
    /// The variable has another type, or its value could not be cast to the declared one.
    #[non_exhaustive]
    WrongType {
        /// The name asked for.
        variable: String,
        /// What was asked for.
        expected: &'static str,
    },
}

impl fmt::Display for VariableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FeatureDisabled => f.write_str("the visitor does not get this feature; use a default of your own"),
            Self::NotFound { variable } => write!(f, "the feature has no variable `{variable}`; check its declaration"),
            Self::WrongType { variable, expected } => {
                write!(f, "variable `{variable}` is not {expected}; check its declared type and its value")
            }
        }
    }
}

impl std::error::Error for VariableError {}
