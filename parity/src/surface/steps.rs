//! Steps on a visitor's context, and their outcomes.

use convert_core::{
    AttributeValue, Attributes, CallOptions, Context, ConversionOptions, ConversionOutcome, Decision, EntityKind,
    Feature, GoalDataKey, Preview, VisitorState,
};
use serde_json::{Map, Value, json};

use crate::fault::Fault;
use crate::scenario::{Action, Call, Conversion, EntityLookup, Object};

/// The outcome of a step on a context.
pub(super) fn run(context: &Context, action: &Action) -> Result<Value, Fault> {
    Ok(match action {
        Action::RunExperience(asked, call) => {
            context.run_experience_with(&asked.key, &options(call)?).as_ref().map_or(Value::Null, decision)
        }
        Action::RunExperiences(call) => context.run_experiences_with(&options(call)?).iter().map(decision).collect(),
        Action::RunFeature(asked, call) => features(&[context.run_feature_with(&asked.key, &options(call)?)])?,
        Action::RunFeatures(call) => features(&context.run_features_with(&options(call)?))?,
        Action::TrackConversion(conversion) => track(context, conversion)?,
        Action::SetDefaultSegments(set) => {
            context.set_default_segments(attributes(&set.segments)?);
            Value::Null
        }
        Action::RunCustomSegments(asked) => {
            let keys: Vec<&str> = asked.keys.iter().map(String::as_str).collect();
            // The outcome is what the segments are afterwards; here, none.
            let _ = match &asked.rule_data {
                Some(data) => context.run_custom_segments_with(&keys, attributes(data)?),
                None => context.run_custom_segments(&keys),
            };
            Value::Null
        }
        Action::SetPreview(preview) => {
            context.set_preview(&Preview::new(&preview.experience_id, &preview.variation_id));
            Value::Null
        }
        Action::ConfigEntity(lookup) => entity(context, lookup)?,
        Action::VisitorSegments => written(&context.segments())?,
        Action::StoredState => stored(&context.visitor_state())?,
        Action::CreateContext(_) | Action::Flush => {
            return Err(Fault::Broken("the surface itself takes this step".to_owned()));
        }
    })
}

/// The outcome of a step on a context whose visitor id was refused.
pub(super) fn nothing(action: &Action) -> Value {
    match action {
        Action::RunExperiences(_) => json!([]),
        _ => Value::Null,
    }
}

/// Attributes of the SDK, from those of a scenario.
pub(super) fn attributes(given: &Object) -> Result<Attributes, Fault> {
    Attributes::try_from(Value::Object(given.clone())).map_err(|error| Fault::broken("attributes", error))
}

fn options(call: &Call) -> Result<CallOptions, Fault> {
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

fn decision(decision: &Decision) -> Value {
    json!({
        "experience_id": decision.experience_id(),
        "experience_key": decision.experience_key(),
        "variation_id": decision.variation_id(),
        "variation_key": decision.variation_key(),
        "bucket_value": decision.bucket_value(),
    })
}

/// One entry for each delivery; one disabled entry for a feature without any.
fn features(features: &[Feature]) -> Result<Value, Fault> {
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

fn track(context: &Context, conversion: &Conversion) -> Result<Value, Fault> {
    let mut options = ConversionOptions::new().force_multiple(conversion.force_multiple);
    if let Some(data) = &conversion.rule_data {
        options = options.rule_data(attributes(data)?);
    }
    if let Some(data) = &conversion.goal_data {
        options = options.empty_goal_data();
        for datum in data {
            let value = AttributeValue::try_from(&datum.value).map_err(|error| Fault::broken("goal data", error))?;
            options = options.goal_data(GoalDataKey::Custom(datum.key.as_str().into()), value);
        }
    }
    let outcome = context.track_conversion_with(&conversion.goal, &options);
    let tracked = matches!(outcome, ConversionOutcome::Queued { events: 1.. });
    Ok(json!({"tracked": tracked}))
}

fn entity(context: &Context, lookup: &EntityLookup) -> Result<Value, Fault> {
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
    let config = context.config().ok_or_else(|| Fault::Broken("no config is loaded".to_owned()))?;
    let found = match (&lookup.by_id, &lookup.key) {
        (Some(id), _) => config.entity_by_id(kind, id),
        (None, Some(key)) => config.entity(kind, key),
        (None, None) => return Err(Fault::Usage("an entity is looked up by key or by_id".to_owned())),
    };
    Ok(json!(found.map(|entity| entity.id())))
}

fn stored(state: &VisitorState) -> Result<Value, Fault> {
    let Value::Object(members) = written(state)? else {
        return Err(Fault::Broken("a visitor's state is written as an object".to_owned()));
    };
    let is_filled = |value: &Value| value.as_object().is_some_and(|members| !members.is_empty());
    let kept = |(name, value): &(String, Value)| {
        ["bucketing", "goals", "segments"].contains(&name.as_str()) && is_filled(value)
    };
    Ok(Value::Object(members.into_iter().filter(kept).collect::<Map<_, _>>()))
}

fn written(value: &impl serde::Serialize) -> Result<Value, Fault> {
    serde_json::to_value(value).map_err(|error| Fault::broken("an outcome", error))
}
