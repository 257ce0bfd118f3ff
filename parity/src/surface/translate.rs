//! What the SDK is given for a step, and the outcome that it is given back.

use std::sync::Arc;

use convert_core::{
    AttributeValue, Attributes, CallOptions, ConversionOptions, ConversionOutcome, Decision, EntityKind, Feature,
    GoalDataKey, Preview, ProjectConfig, VisitorState,
};
use serde_json::{Map, Value, json};

use crate::fault::Fault;
use crate::scenario::{Action, Call, Conversion, CustomSegments, EntityLookup, Object, SetPreview};

/// The outcome of a step on a context whose visitor id was refused.
pub(super) fn nothing(action: &Action) -> Value {
    match action {
        Action::RunExperiences(_) => json!([]),
        _ => Value::Null,
    }
}

/// The keys that a step asks for.
pub(super) fn keys(asked: &CustomSegments) -> Vec<&str> {
    asked.keys.iter().map(String::as_str).collect()
}

/// The preview that a step asks for.
pub(super) fn preview(asked: &SetPreview) -> Preview {
    Preview::new(&asked.experience_id, &asked.variation_id)
}

/// Attributes of the SDK, from those of a scenario.
pub(super) fn attributes(given: &Object) -> Result<Attributes, Fault> {
    Attributes::try_from(Value::Object(given.clone())).map_err(|error| Fault::broken("attributes", error))
}

/// The options of a call.
pub(super) fn options(call: &Call) -> Result<CallOptions, Fault> {
    let mut options = CallOptions::new();
    if let Some(given) = &call.attributes {
        options = options.attributes(attributes(given)?);
    }
    if let Some(given) = &call.location {
        options = options.location(attributes(given)?);
    }
    if let Some(ignore) = call.ignore_location {
        options = options.ignore_location(ignore);
    }
    if let Some(environment) = &call.environment {
        options = options.environment(environment);
    }
    if let Some(tracking) = call.enable_tracking {
        options = options.tracking(tracking);
    }
    if let Some(storage) = call.enable_storage {
        options = options.storage(storage);
    }
    if let Some(variation_id) = &call.force_variation_id {
        options = options.force_variation(variation_id).persist_forced(true);
    }
    if let Some(cast) = call.type_casting {
        options = options.type_casting(cast);
    }
    if let Some(keys) = &call.experience_keys {
        options = options.experience_keys(keys);
    }
    Ok(options)
}

/// A decision's outcome.
pub(super) fn decision(decision: &Decision) -> Value {
    json!({
        "experience_id": decision.experience_id(),
        "experience_key": decision.experience_key(),
        "variation_id": decision.variation_id(),
        "variation_key": decision.variation_key(),
        "bucket_value": decision.bucket_value(),
    })
}

/// One entry for each delivery; one disabled entry for a feature without any.
pub(super) fn features(features: &[Feature]) -> Result<Value, Fault> {
    let mut entries = Vec::new();
    for feature in features {
        let entry = |status| json!({"feature_id": feature.id(), "feature_key": feature.key(), "status": status});
        if !feature.is_enabled() {
            entries.push(entry("disabled"));
        }
        for delivery in feature.deliveries() {
            let variables = if delivery.has_variables() { written(&delivery)? } else { Value::Null };
            let mut enabled = entry("enabled");
            if let Some(members) = enabled.as_object_mut() {
                members.insert("experience_key".to_owned(), json!(delivery.experience_key()));
                members.insert("variables".to_owned(), variables);
            }
            entries.push(enabled);
        }
    }
    Ok(Value::Array(entries))
}

/// The options of a conversion.
pub(super) fn conversion(asked: &Conversion) -> Result<ConversionOptions, Fault> {
    let mut options = ConversionOptions::new().force_multiple(asked.force_multiple);
    if let Some(data) = &asked.rule_data {
        options = options.rule_data(attributes(data)?);
    }
    if let Some(data) = &asked.goal_data {
        options = options.empty_goal_data();
        for datum in data {
            let value = AttributeValue::try_from(&datum.value).map_err(|error| Fault::broken("goal data", error))?;
            options = options.goal_data(GoalDataKey::Custom(datum.key.as_str().into()), value);
        }
    }
    Ok(options)
}

/// A conversion's outcome.
pub(super) fn tracked(outcome: &ConversionOutcome) -> Value {
    json!({"tracked": matches!(outcome, ConversionOutcome::Queued { events: 1.., .. })})
}

/// The id of the entity that a step looks up.
pub(super) fn entity(config: Option<Arc<ProjectConfig>>, lookup: &EntityLookup) -> Result<Value, Fault> {
    let kind = match lookup.entity_type.trim_end_matches('s') {
        "experience" => EntityKind::Experience,
        "variation" => EntityKind::Variation,
        "feature" => EntityKind::Feature,
        "goal" => EntityKind::Goal,
        "audience" => EntityKind::Audience,
        "segment" => EntityKind::Segment,
        "location" => EntityKind::Location,
        other => return Err(Fault::Usage(format!("there is no entity type {other:?}"))),
    };
    let config = config.ok_or_else(|| Fault::Broken("no config is loaded".to_owned()))?;
    let found = match (&lookup.by_id, &lookup.key) {
        (Some(id), _) => config.entity_by_id(kind, id),
        (None, Some(key)) => config.entity(kind, key),
        (None, None) => return Err(Fault::Usage("an entity is looked up by key or by_id".to_owned())),
    };
    Ok(json!(found.map(|entity| entity.id())))
}

/// The parts of a visitor's state that hold something.
pub(super) fn stored(state: &VisitorState) -> Result<Value, Fault> {
    let Value::Object(members) = written(state)? else {
        return Err(Fault::Broken("a visitor's state is written as an object".to_owned()));
    };
    let is_filled = |value: &Value| value.as_object().is_some_and(|members| !members.is_empty());
    let kept = |(name, value): &(String, Value)| {
        ["bucketing", "goals", "segments"].contains(&name.as_str()) && is_filled(value)
    };
    Ok(Value::Object(members.into_iter().filter(kept).collect::<Map<_, _>>()))
}

/// What the SDK itself serialises.
pub(super) fn written(value: &impl serde::Serialize) -> Result<Value, Fault> {
    serde_json::to_value(value).map_err(|error| Fault::broken("an outcome", error))
}
