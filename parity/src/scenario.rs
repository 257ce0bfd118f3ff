//! Scenarios as `FORMAT.md` describes them.

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::fault::Fault;

/// A JSON object: attributes, rule data, stored state.
pub type Object = Map<String, Value>;

/// One scenario, and where it is a vector, what is expected of it.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Unique text.
    pub id: String,
    /// Free label.
    #[serde(default)]
    pub family: String,
    /// The served project config, as text: it reaches the SDK untouched.
    pub config: Box<RawValue>,
    /// How the SDK is set up.
    #[serde(default)]
    pub options: Options,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// The expected outcome of each step.
    #[serde(default)]
    pub expected: Option<Vec<Value>>,
}

impl Scenario {
    /// Reads one line.
    ///
    /// # Errors
    /// [`Fault::Usage`] where the line is not a scenario.
    pub fn parse(line: &str) -> Result<Self, Fault> {
        serde_json::from_str(line).map_err(|error| {
            let id = serde_json::from_str::<Value>(line).ok();
            let id = id.as_ref().and_then(|line| line.get("id")?.as_str()).unwrap_or("without an id");
            Fault::Usage(format!("scenario {id}: {error}"))
        })
    }
}

/// How the SDK of a scenario is set up.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The SDK's environment.
    pub environment: Option<String>,
    /// Whether the app has configured a store of its own.
    pub data_store: bool,
    /// Whether the visitor id alone is hashed.
    pub exclude_experience_id_hash: bool,
    /// Visitor state that is there before the first step.
    pub stored: Map<String, Value>,
}

/// One step, on one visitor context.
#[derive(Debug)]
pub struct Step {
    /// The name of the context.
    pub context: String,
    /// What is done.
    pub action: Action,
}

/// What a step does.
#[derive(Debug)]
pub enum Action {
    /// Opens the context.
    CreateContext(CreateContext),
    /// Decides one experience.
    RunExperience(Key, Box<Call>),
    /// Decides all experiences.
    RunExperiences(Box<Call>),
    /// Decides one feature.
    RunFeature(Key, Box<Call>),
    /// Decides all features.
    RunFeatures(Box<Call>),
    /// Tracks a conversion.
    TrackConversion(Conversion),
    /// Sets report segments.
    SetDefaultSegments(Segments),
    /// Evaluates custom segments.
    RunCustomSegments(CustomSegments),
    /// Starts or clears a preview.
    SetPreview(SetPreview),
    /// Looks an entity of the config up.
    ConfigEntity(EntityLookup),
    /// Reads the effective report segments.
    VisitorSegments,
    /// Reads the visitor's stored state.
    StoredState,
    /// Sends what is queued.
    Flush,
}

/// The members of `create_context`.
#[derive(Debug, serde::Deserialize)]
pub struct CreateContext {
    /// The visitor's id, perhaps empty.
    pub visitor_id: String,
    /// The visitor's attributes.
    pub attributes: Option<Object>,
}

/// The key that a step asks for.
#[derive(Debug, serde::Deserialize)]
pub struct Key {
    /// An experience's or a feature's key.
    pub key: String,
}

/// Options of one call.
#[derive(Debug, serde::Deserialize)]
pub struct Call {
    /// Visitor attributes for this call.
    pub attributes: Option<Object>,
    /// Location attributes: absent is given but empty, null is not given.
    #[serde(default = "given_but_empty")]
    pub location: Option<Object>,
    /// Whether the location gate is skipped.
    pub ignore_location: Option<bool>,
    /// The environment for this call.
    pub environment: Option<String>,
    /// Whether the call may send events.
    pub enable_tracking: Option<bool>,
    /// Whether the call may store.
    pub enable_storage: Option<bool>,
    /// A variation to force, stored and tracked.
    pub force_variation_id: Option<String>,
    /// Whether variables are cast.
    pub type_casting: Option<bool>,
    /// The experiences that a feature call is limited to.
    pub experience_keys: Option<Vec<String>>,
}

// `Option` keeps an absent location (this default) and a null one (`None`) apart.
#[allow(clippy::unnecessary_wraps)]
fn given_but_empty() -> Option<Object> {
    Some(Object::new())
}

/// The members of `track_conversion`.
#[derive(Debug, serde::Deserialize)]
pub struct Conversion {
    /// The goal's key.
    pub goal: String,
    /// Data for the goal's rules.
    pub rule_data: Option<Object>,
    /// Data of the transaction; an empty list counts as given.
    pub goal_data: Option<Vec<GoalDatum>>,
    /// Whether a repeated transaction is sent again.
    #[serde(default)]
    pub force_multiple: bool,
}

/// One entry of goal data.
#[derive(Debug, serde::Deserialize)]
pub struct GoalDatum {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: Value,
}

/// The members of `set_default_segments`.
#[derive(Debug, serde::Deserialize)]
pub struct Segments {
    /// Attributes, of which report segments are kept.
    pub segments: Object,
}

/// The members of `run_custom_segments`.
#[derive(Debug, serde::Deserialize)]
pub struct CustomSegments {
    /// Keys of segments.
    pub keys: Vec<String>,
    /// Data for their rules.
    pub rule_data: Option<Object>,
}

/// The members of `set_preview`.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct SetPreview {
    /// The experience's id.
    pub experience_id: String,
    /// The variation's id.
    pub variation_id: String,
}

/// The members of `get_config_entity`.
#[derive(Debug, serde::Deserialize)]
pub struct EntityLookup {
    /// The kind, in the singular or the plural.
    pub entity_type: String,
    /// The entity's key.
    pub key: Option<String>,
    /// The entity's id.
    pub by_id: Option<String>,
}

#[derive(serde::Deserialize)]
struct Head {
    op: String,
    #[serde(default = "first_context")]
    context: String,
}

fn first_context() -> String {
    "c0".to_owned()
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        let head: Head = serde_json::from_str(text.get()).map_err(D::Error::custom)?;
        let action = Action::read(&head.op, text.get())
            .map_err(|error| D::Error::custom(format_args!("{}: {error}", head.op)))?
            .ok_or_else(|| D::Error::custom(format_args!("unknown op {}", head.op)))?;
        let given: Object = serde_json::from_str(text.get()).map_err(D::Error::custom)?;
        if let Some(name) = given.keys().find(|name| !action.has_member(name)) {
            // A misspelt member would leave a vector that tests nothing.
            return Err(D::Error::custom(format_args!("{} has no member {name}", head.op)));
        }
        Ok(Self { context: head.context, action })
    }
}

impl Action {
    fn read(op: &str, text: &str) -> serde_json::Result<Option<Self>> {
        fn of<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
            serde_json::from_str(text)
        }
        Ok(Some(match op {
            "create_context" => Self::CreateContext(of(text)?),
            "run_experience" => Self::RunExperience(of(text)?, of(text)?),
            "run_experiences" => Self::RunExperiences(of(text)?),
            "run_feature" => Self::RunFeature(of(text)?, of(text)?),
            "run_features" => Self::RunFeatures(of(text)?),
            "track_conversion" => Self::TrackConversion(of(text)?),
            "set_default_segments" => Self::SetDefaultSegments(of(text)?),
            "run_custom_segments" => Self::RunCustomSegments(of(text)?),
            "set_preview" => Self::SetPreview(of(text)?),
            "get_config_entity" => Self::ConfigEntity(of(text)?),
            "visitor_segments" => Self::VisitorSegments,
            "stored_state" => Self::StoredState,
            "flush" => Self::Flush,
            _ => return Ok(None),
        }))
    }

    fn has_member(&self, name: &str) -> bool {
        const CALL: &[&str] = &[
            "attributes",
            "location",
            "ignore_location",
            "environment",
            "enable_tracking",
            "enable_storage",
            "force_variation_id",
            "type_casting",
        ];
        let (own, call): (&[&str], &[&str]) = match self {
            Self::CreateContext(_) => (&["visitor_id", "attributes"], &[]),
            Self::RunExperience(..) => (&["key"], CALL),
            Self::RunExperiences(_) => (&[], CALL),
            Self::RunFeature(..) => (&["key", "experience_keys"], CALL),
            Self::RunFeatures(_) => (&["experience_keys"], CALL),
            Self::TrackConversion(_) => (&["goal", "rule_data", "goal_data", "force_multiple"], &[]),
            Self::SetDefaultSegments(_) => (&["segments"], &[]),
            Self::RunCustomSegments(_) => (&["keys", "rule_data"], &[]),
            Self::SetPreview(_) => (&["experience_id", "variation_id"], &[]),
            Self::ConfigEntity(_) => (&["entity_type", "key", "by_id"], &[]),
            Self::VisitorSegments | Self::StoredState | Self::Flush => (&[], &[]),
        };
        ["op", "context"].contains(&name) || own.contains(&name) || call.contains(&name)
    }

    /// Whether the outcome is an array of features, which has no order.
    #[must_use]
    pub fn answers_features(&self) -> bool {
        matches!(self, Self::RunFeature(..) | Self::RunFeatures(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(text: &str) -> Result<Step, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn an_absent_location_is_given_but_empty_and_null_is_not_given() {
        let location = |text| match step(text).unwrap().action {
            Action::RunExperiences(call) => call.location,
            other => panic!("{other:?}"),
        };
        assert_eq!(location(r#"{"op":"run_experiences"}"#), Some(Object::new()));
        assert_eq!(location(r#"{"op":"run_experiences","location":null}"#), None);
        assert_eq!(location(r#"{"op":"run_experiences","location":{"url":1}}"#).unwrap().len(), 1);
    }

    #[test]
    fn what_is_not_a_step_is_refused_by_name() {
        assert!(step(r#"{"op":"dance"}"#).unwrap_err().to_string().contains("unknown op dance"));
        assert!(step(r#"{"op":"flush","now":true}"#).unwrap_err().to_string().contains("flush has no member now"));
        let misspelt = step(r#"{"op":"run_feature","key":"f","enable_trackng":false}"#).unwrap_err();
        assert!(misspelt.to_string().contains("run_feature has no member enable_trackng"), "{misspelt}");
        let misspelt = Scenario::parse(r#"{"id":"s1","config":{},"steps":[],"option":{}}"#).unwrap_err();
        assert!(misspelt.to_string().contains("unknown field `option`"), "{misspelt}");
        assert!(step(r#"{"op":"run_experience"}"#).unwrap_err().to_string().contains("missing field `key`"));
        let fault = Scenario::parse(r#"{"id":"s1","config":{},"steps":[{"op":"dance"}]}"#).unwrap_err();
        assert!(fault.to_string().starts_with("scenario s1: unknown op dance"), "{fault}");
    }

    #[test]
    fn contexts_default_to_the_first() {
        assert_eq!(step(r#"{"op":"flush"}"#).unwrap().context, "c0");
        assert_eq!(step(r#"{"op":"flush","context":"c9"}"#).unwrap().context, "c9");
    }
}
