//! Decisions, features, conversions and segments.

use std::sync::Arc;

use convert_core::{
    CallOptions, ContextError, ContextOptions, ConversionOptions, ConversionOutcome, DecisionSource, FeatureReason,
    GoalReason, Lookup, Preview, PreviewOutcome, Reason, RuleData, RuleItem, VariableError,
};
use serde_json::json;

use crate::fixtures::{project, recorded, sent, told};

fn plain() -> CallOptions {
    CallOptions::new()
}

#[test]
fn a_decision_is_sent_once_and_read_back_afterwards() {
    let (core, transport) = recorded(|builder| builder);
    let context = core.create_context("v1").unwrap();
    let fresh = context.run_experience("open").unwrap();
    let again = context.run_experience("open").unwrap();
    assert_eq!((fresh.source(), again.source()), (DecisionSource::Bucketed, DecisionSource::Stored));
    assert_eq!(fresh.variation_id(), again.variation_id());
    assert!(fresh.bucket_value().is_some() && again.bucket_value().is_none());
    // Another context of the same visitor reads the same decision.
    let other = core.create_context("v1").unwrap().run_experience("open").unwrap();
    assert_eq!(other.source(), DecisionSource::Stored);
    assert_eq!(told(&sent(&core, &transport)), [format!("v1 bucketing 10>{}", fresh.variation_id())]);
}

#[test]
fn every_reason_has_its_explanation() {
    let (core, transport) = recorded(|builder| builder);
    let context = core.create_context("v1").unwrap();
    let reason = |key: &str, options: &CallOptions| context.explain_experience_with(key, options).reason;
    assert_eq!(reason("nope", &plain()), Reason::ExperienceNotFound);
    assert_eq!(reason("members", &plain()), Reason::AudienceMismatch);
    assert_eq!(reason("shop", &plain()), Reason::LocationPropertiesMissing);
    assert_eq!(reason("shop", &plain().location([("path", "/blog")])), Reason::LocationMismatch);
    assert_eq!(reason("vip-only", &plain()), Reason::SegmentMismatch);
    assert_eq!(reason("open", &plain()), Reason::Resolved(DecisionSource::Bucketed));
    assert_eq!(reason("open", &plain().force_variation("101")), Reason::Resolved(DecisionSource::Forced));
    // Explaining leaves no trace.
    assert!(context.visitor_state().is_empty());
    assert!(sent(&core, &transport).is_empty());
}

#[test]
fn a_location_is_asked_for_only_where_an_experience_is_limited_to_one() {
    let (core, _) = recorded(|builder| builder);
    let context = core.create_context("v1").unwrap();
    assert!(context.run_experience("open").is_some());
    assert!(context.run_experience("shop").is_none());
    assert!(context.run_experience_with("shop", &plain().location([("path", "/shop")])).is_some());
    assert!(context.run_experience_with("shop", &plain().ignore_location(true)).is_some());
}

#[test]
fn a_forced_variation_leaves_no_trace_unless_asked() {
    let (core, transport) = recorded(|builder| builder);
    let context = core.create_context("v1").unwrap();
    let own = context.explain_experience("open").decision.unwrap().variation_id().to_owned();
    let other = if own == "101" { "102" } else { "101" };
    let forced = context.run_experience_with("open", &plain().force_variation(other)).unwrap();
    assert_eq!((forced.variation_id(), forced.source()), (other, DecisionSource::Forced));
    assert!(context.visitor_state().is_empty());
    assert!(sent(&core, &transport).is_empty());
    context.run_experience_with("open", &plain().force_variation(other).persist_forced(true)).unwrap();
    assert_eq!(context.visitor_state().variation_id("10"), Some(other));
    assert_eq!(told(&sent(&core, &transport)), [format!("v1 bucketing 10>{other}")]);
}

#[test]
fn calls_can_leave_out_storing_and_tracking() {
    let (core, transport) = recorded(|builder| builder);
    let context = core.create_context("v1").unwrap();
    context.run_experience_with("open", &plain().storage(false).tracking(false)).unwrap();
    assert!(context.visitor_state().is_empty());
    context.run_experience_with("open", &plain().tracking(false)).unwrap();
    assert!(context.visitor_state().variation_id("10").is_some());
    assert!(sent(&core, &transport).is_empty());
}

#[test]
fn without_consent_nothing_is_kept_and_nothing_sent() {
    let (core, transport) = recorded(|builder| builder);
    let options = ContextOptions::new().attributes([("country", "US")]).consent(false);
    let context = core.create_context_with("v1", options).unwrap();
    assert!(context.run_experience("open").is_some());
    assert!(context.is_feature_enabled("banner"));
    assert_eq!(context.track_conversion("signup"), ConversionOutcome::Suppressed);
    context.set_default_segments([("country", "DE")]);
    assert!(context.visitor_state().is_empty());
    assert!(sent(&core, &transport).is_empty());
    assert_eq!(core.stats().accepted.total(), 0);
}

#[test]
fn features_come_with_typed_variables() {
    let (core, _) = recorded(|builder| builder);
    let context = core.create_context("v1").unwrap();
    let banner = context.run_feature("banner");
    assert!(banner.is_enabled());
    assert_eq!((banner.id(), banner.name(), banner.experience_key()), (Some("801"), Some("Banner"), Some("rollout")));
    assert_eq!(banner.i64("limit"), Ok(12));
    assert_eq!(banner.f64("limit"), Ok(12.0));
    assert_eq!(banner.str("title"), Ok("Hello"));
    assert_eq!(banner.bool("loud"), Ok(true));
    assert_eq!(banner.json("more"), Ok(json!({"x": [1]})));
    assert!(matches!(banner.i64("none"), Err(VariableError::NotFound { variable, .. }) if variable == "none"));
    let mistyped = banner.i64("odd").unwrap_err();
    assert!(matches!(&mistyped, VariableError::WrongType { variable, .. } if variable == "odd"), "{mistyped}");
    assert!(mistyped.to_string().contains("is not an integer"));
    // What cannot be cast keeps the value it was served with.
    assert_eq!(banner.variable("odd").and_then(|value| value.as_str()), Some("abc"));
    let uncast = context.run_feature_with("banner", &plain().type_casting(false));
    assert_eq!(uncast.str("limit"), Ok("12"));
    assert_eq!(context.run_feature("dark").bool("loud"), Err(VariableError::FeatureDisabled));
    assert_eq!(context.run_feature("nope").id(), None);
    assert_eq!(context.i64_variable("banner", "limit"), Ok(12));
}

#[test]
fn a_feature_call_exposes_a_visitor_only_to_experiences_that_can_carry_the_feature() {
    let (core, transport) = recorded(|builder| builder);
    let context = core.create_context("v1").unwrap();
    assert!(!context.is_feature_enabled("dark"));
    assert!(sent(&core, &transport).is_empty());
    let features = context.run_features();
    let status: Vec<_> = features.iter().map(|feature| (feature.key(), feature.is_enabled())).collect();
    assert_eq!(status, [(Some("banner"), true), (Some("dark"), false)]);
    assert_eq!(told(&sent(&core, &transport)), ["v1 bucketing 40>401"]);
}

#[test]
fn features_explain_themselves() {
    let (core, _) = recorded(|builder| builder);
    let context = core.create_context("v1").unwrap();
    assert_eq!(context.explain_feature("nope").reason, FeatureReason::FeatureNotFound);
    assert_eq!(context.explain_feature("dark").reason, FeatureReason::NotInSelectedVariations);
    let banner = context.explain_feature("banner");
    assert_eq!(banner.reason, FeatureReason::Resolved);
    assert_eq!(banner.experiences.len(), 1);
    assert_eq!(banner.experiences[0].reason, Reason::Resolved(DecisionSource::Bucketed));
    assert!(context.visitor_state().is_empty());
}

#[test]
fn a_goal_counts_once_and_its_data_makes_a_second_event() {
    let (core, transport) = recorded(|builder| builder);
    let context = core.create_context("v1").unwrap();
    let bought = ConversionOptions::new().revenue(10.5).rule_data([("action", "buy")]);
    assert_eq!(context.explain_goal_with("purchase", &bought).reason, GoalReason::Resolved);
    assert!(matches!(context.track_conversion_with("purchase", &bought), ConversionOutcome::Queued { events: 2, .. }));
    assert_eq!(context.track_conversion_with("purchase", &bought), ConversionOutcome::Deduplicated);
    assert_eq!(context.explain_goal_with("purchase", &bought).reason, GoalReason::AlreadyReached);
    let again = bought.clone().force_multiple(true);
    assert!(matches!(context.track_conversion_with("purchase", &again), ConversionOutcome::Queued { events: 1, .. }));
    let bare = ConversionOptions::new().force_multiple(true);
    assert_eq!(context.track_conversion_with("purchase", &bare), ConversionOutcome::Deduplicated);
    assert!(matches!(context.track_conversion("signup"), ConversionOutcome::Queued { events: 1, .. }));
    assert_eq!(
        told(&sent(&core, &transport)),
        ["v1 conversion 902", "v1 conversion 902 with data", "v1 conversion 902 with data", "v1 conversion 901"]
    );
}

#[test]
fn a_conversion_that_is_not_made_says_why() {
    let (core, transport) = recorded(|builder| builder);
    let context = core.create_context("v1").unwrap();
    let with = |options: ConversionOptions| context.track_conversion_with("purchase", &options);
    assert_eq!(context.track_conversion("nope"), ConversionOutcome::GoalNotFound);
    assert_eq!(with(ConversionOptions::new().rule_data([("action", "look")])), ConversionOutcome::RuleNotMatched);
    let no_rules = ConversionOptions::new().rule_data([("action", "buy")]);
    assert_eq!(context.track_conversion_with("signup", &no_rules), ConversionOutcome::RuleNotMatched);
    let invalid = with(ConversionOptions::new().revenue(f64::NAN));
    assert!(matches!(invalid, ConversionOutcome::InvalidGoalData { key, .. } if key == "amount"));
    core.set_tracking_enabled(false);
    assert_eq!(context.track_conversion("signup"), ConversionOutcome::Suppressed);
    core.set_tracking_enabled(true);
    // Nothing of it was marked: the goal still converts.
    assert!(context.visitor_state().is_empty());
    assert!(context.track_conversion("signup").is_queued());
    assert_eq!(told(&sent(&core, &transport)), ["v1 conversion 901"]);
}

#[test]
fn a_decision_while_tracking_is_off_is_kept_and_queues_nothing() {
    let (core, _) = recorded(|builder| builder);
    core.set_tracking_enabled(false);
    let context = core.create_context("v1").unwrap();
    assert!(context.run_experience("open").unwrap().is_new());
    assert!(!context.run_experience("open").unwrap().is_new());
    assert_eq!(core.stats().accepted.total(), 0);
}

#[test]
fn parallel_conversions_of_one_visitor_count_once() {
    let (core, transport) = recorded(|builder| builder);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| core.create_context("v1").unwrap().track_conversion("signup"));
        }
    });
    assert_eq!(told(&sent(&core, &transport)), ["v1 conversion 901"]);
}

#[test]
fn creating_a_context_writes_nothing_until_its_first_decision() {
    let (core, transport) = recorded(|builder| builder);
    let options = ContextOptions::new().attributes([("country", "US"), ("plan", "gold")]);
    let context = core.create_context_with("v1", options).unwrap();
    let other = core.create_context("v1").unwrap();
    assert!(context.visitor_state().is_empty());
    assert_eq!(context.segments().get("country"), Some(&"US".into()));
    assert!(other.segments().is_empty());
    context.run_experience("members").unwrap();
    assert_eq!(other.segments().get("country"), Some(&"US".into()));
    // Attributes that are no report segments are never stored.
    assert!(other.segments().get("plan").is_none());
    let bodies = sent(&core, &transport);
    assert_eq!(bodies[0]["visitors"][0]["segments"], json!({"country": "US"}));
}

#[test]
fn custom_segments_open_the_experiences_behind_them() {
    let (core, _) = recorded(|builder| builder);
    let context = core.create_context("v1").unwrap();
    assert_eq!(context.run_custom_segments(&["vip"]), Ok(Vec::new()));
    assert_eq!(context.run_custom_segments_with(&["vip", "unknown"], [("plan", "gold")]), Ok(vec!["701".to_owned()]));
    // Already in it: nothing new.
    assert_eq!(context.run_custom_segments_with(&["vip"], [("plan", "gold")]), Ok(Vec::new()));
    assert!(context.run_experience("vip-only").is_some());
    assert_eq!(serde_json::to_value(context.visitor_state()).unwrap()["segments"], json!({"customSegments": ["701"]}));
}

#[test]
fn attributes_can_come_later() {
    let (core, _) = recorded(|builder| builder);
    let context = core.create_context("v1").unwrap();
    assert!(context.run_experience("members").is_none());
    context.set_attributes([("plan", "gold")]).unwrap();
    assert!(context.run_experience("members").is_some());
    assert!(context.run_experience_with("members", &plain().attributes([("plan", "none")])).is_none());
}

#[test]
fn a_preview_shows_its_variation_and_leaves_no_trace() {
    let (core, transport) = recorded(|builder| builder);
    let options = ContextOptions::new().attributes([("country", "US")]).preview(Preview::new("40", "401"));
    let context = core.create_context_with("v1", options).unwrap();
    assert_eq!(context.run_experience("rollout").unwrap().source(), DecisionSource::Preview);
    assert!(context.run_feature("banner").is_enabled());
    assert!(context.run_experience("open").is_some());
    assert_eq!(context.track_conversion("signup"), ConversionOutcome::Suppressed);
    context.set_default_segments([("country", "DE")]);
    assert!(context.visitor_state().is_empty());
    assert_eq!(context.set_preview(&Preview::new("40", "999")), PreviewOutcome::VariationNotFound);
    assert_eq!(context.run_experience("rollout").unwrap().source(), DecisionSource::Bucketed);
    assert_eq!(context.set_preview(&Preview::new("999", "1")), PreviewOutcome::ExperienceNotFound);
    assert_eq!(told(&sent(&core, &transport)), ["v1 bucketing 40>401"]);
}

#[test]
fn preview_links_take_two_numbers_and_nothing_else() {
    assert_eq!(Preview::parse("100334665.1003142551"), Some(Preview::new("100334665", "1003142551")));
    for text in ["", ".", "1", "1.", ".2", "1.2.3", " 1.2", "1.2 ", "a.2", "-1.2", "\u{661}.2"] {
        assert_eq!(Preview::parse(text), None, "{text:?}");
    }
}

#[test]
fn visitor_ids_must_say_something() {
    let (core, _) = recorded(|builder| builder);
    for id in ["", " ", "\t\n"] {
        assert_eq!(core.create_context(id).unwrap_err(), ContextError::EmptyVisitorId);
    }
    assert_eq!(core.create_context(" v1 ").unwrap().visitor_id(), " v1 ");
}

#[test]
fn an_environment_gates_only_when_it_is_given() {
    let config = json!({"account_id": "1", "project": {"id": "2"}, "experiences": [
        {"id": "1", "key": "e", "environment": "live", "variations": [{"id": "11", "key": "a"}]}
    ]});
    let decided = |environment: &str, options: CallOptions| {
        let (core, _) = recorded(|builder| builder.config_data(&config).environment(environment));
        core.create_context("v").unwrap().explain_experience_with("e", &options).reason
    };
    assert!(decided("", plain()).is_resolved());
    assert!(decided("live", plain()).is_resolved());
    assert_eq!(decided("staging", plain()), Reason::EnvironmentMismatch);
    assert!(decided("staging", plain().environment("live")).is_resolved());
    assert_eq!(decided("staging", plain().environment("")), Reason::EnvironmentMismatch);
}

#[test]
fn a_feature_is_explained_by_the_path_that_decides_it() {
    let rollout = |id: &str, audiences: serde_json::Value| {
        json!({"id": id, "key": format!("e{id}"), "audiences": audiences, "variations": [
            {"id": format!("{id}1"), "key": "on", "changes": [
                {"type": "fullStackFeature", "data": {"feature_id": "8", "variables_data": {}}}
            ]}
        ]})
    };
    let exclusion = json!({"OR": [{"AND": [{"OR_WHEN": [{
        "rule_type": "bucketed_into_experience_key", "matching": {"match_type": "equals", "negated": true}, "value": "e1"
    }]}]}]});
    let config = json!({
        "account_id": "1", "project": {"id": "2"},
        "experiences": [rollout("1", json!([])), rollout("2", json!(["5"]))],
        "audiences": [{"id": "5", "key": "not-in-e1", "rules": exclusion}],
        "features": [{"id": "8", "key": "f"}],
    });
    let (core, _) = recorded(|builder| builder.config_data(&config));
    let context = core.create_context("v1").unwrap();
    let reasons: Vec<_> = context.explain_feature("f").experiences.iter().map(|told| told.reason).collect();
    // The first decision of the call shuts the second experience.
    assert_eq!(reasons, [Reason::Resolved(DecisionSource::Bucketed), Reason::AudienceMismatch]);
    assert_eq!(context.run_feature("f").deliveries().count(), 1);
}

#[derive(Debug)]
struct NotYet;

impl RuleData for NotYet {
    fn lookup(&self, _: &RuleItem<'_>) -> Lookup<'_> {
        Lookup::NeedMoreData
    }
}

#[test]
fn an_experience_whose_rules_cannot_be_answered_hides_no_feature_of_others() {
    let mut config = project();
    // The feature is carried behind a location as well.
    let changes = config["experiences"][3]["variations"][0]["changes"].clone();
    config["experiences"][2]["variations"][0]["changes"] = changes.clone();
    config["experiences"][2]["variations"][1]["changes"] = changes;
    let (core, _) = recorded(|builder| builder.config_json(config.to_string()));
    let context = core.create_context("v1").unwrap();
    let options = plain().location_data(Arc::new(NotYet));
    assert_eq!(context.explain_experience_with("shop", &options).reason, Reason::RuleNeedMoreData);
    let feature = context.run_feature_with("banner", &options);
    assert!(feature.is_enabled());
    assert_eq!(feature.i64("limit"), Ok(12));
    let bulk = context.run_features_with(&options);
    assert!(bulk.iter().any(|feature| feature.key() == Some("banner") && feature.is_enabled()));
}

#[test]
fn explaining_a_goal_names_it_and_tells_a_wrong_key_though_nothing_is_tracked() {
    let (core, _) = recorded(|builder| builder.tracking(false));
    let context = core.create_context("v1").unwrap();
    assert_eq!(context.explain_goal("nope").to_string(), "goal `nope`: the config has no goal with this key");
    assert_eq!(
        context.explain_goal("signup").to_string(),
        "goal `signup`: tracking is off (without consent, for instance), a preview is active, or the core is closed"
    );
    assert_eq!(
        context.explain_feature("dark").to_string(),
        "feature `dark`: no variation of any experience delivers it"
    );
}
