//! Whatever is put in: a typed outcome, nothing lost, no panic.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use convert_core::{
    AttributeValue, Attributes, BuildError, CallOptions, ConfigError, ContextError, ContextOptions, ConversionOptions,
    ConversionOutcome, Core, CoreBuilder, GoalDataKey, MemoryStore,
};
use serde_json::json;

use crate::fixtures::{recorded, sent, told};

#[test]
fn odd_visitor_ids_arrive_as_they_are() {
    let (core, transport) = recorded(|builder| builder);
    let long = "x".repeat(1 << 20);
    let ids = ["nul\0nul", "line\nbreak", "🎯", "\"quoted\\\"", "a\u{2028}b", "{}", "null", long.as_str()];
    for id in ids {
        assert!(core.create_context(id).unwrap().track_conversion("signup").is_queued());
    }
    let expected: Vec<_> = ids.iter().map(|id| format!("{id} conversion 901")).collect();
    assert!(told(&sent(&core, &transport)) == expected, "the ids are sent unchanged and in order");
}

#[test]
fn unknown_keys_find_nothing() {
    let (core, transport) = recorded(|builder| builder);
    let context = core.create_context("v1").unwrap();
    for key in ["", "nope", "OPEN", "open ", "\0", "🎯"] {
        assert!(context.run_experience(key).is_none());
        assert!(!context.is_feature_enabled(key));
        assert_eq!(context.track_conversion(key), ConversionOutcome::GoalNotFound);
        assert_eq!(context.run_custom_segments(&[key]), Ok(Vec::new()));
    }
    assert!(sent(&core, &transport).is_empty());
}

#[test]
fn attributes_of_any_type_and_size_are_taken() {
    let (core, _) = recorded(|builder| builder);
    let values: Vec<AttributeValue> = vec![
        AttributeValue::Null,
        true.into(),
        i64::MIN.into(),
        u64::MAX.into(),
        f64::NAN.into(),
        f64::INFINITY.into(),
        (-0.0).into(),
        "".into(),
        "x".repeat(1 << 20).into(),
        vec![AttributeValue::Null, vec![1, 2].into()].into(),
        AttributeValue::Map(Attributes::new().with("x", "y")),
    ];
    for value in values {
        let options = ContextOptions::new().attributes([("plan", value.clone())]);
        let context = core.create_context_with("v1", options).unwrap();
        // None of them is "gold".
        assert!(context.run_experience("members").is_none(), "{value:?}");
        let options = CallOptions::new().location([("path", value)]);
        assert!(context.run_experience_with("shop", &options).is_none());
    }
}

#[test]
fn attributes_nested_too_deep_are_an_error_or_left_out() {
    let nested = |levels: usize| {
        let mut value = AttributeValue::from("core");
        for _ in 0..levels {
            value = AttributeValue::List(vec![value]);
        }
        value
    };
    let (core, _) = recorded(|builder| builder);
    let deep = || Attributes::new().with("deep", nested(100_000)).with("plan", "gold");
    let options = ContextOptions::new().attributes(deep());
    assert!(matches!(core.create_context_with("v1", options), Err(ContextError::Attributes(_))));
    let context = core.create_context("v1").unwrap();
    assert!(context.set_attributes(deep()).is_err());
    assert!(context.run_experience("members").is_none());
    // A call cannot fail: the rest of its attributes counts.
    assert!(context.run_experience_with("members", &CallOptions::new().attributes(deep())).is_some());
    assert!(Attributes::new().with("deep", nested(126)).check_depth().is_ok());
}

#[test]
fn goal_data_that_the_wire_cannot_carry_is_refused_by_name() {
    let (core, transport) = recorded(|builder| builder);
    let context = core.create_context("v1").unwrap();
    let nested: AttributeValue = BTreeMap::from([("a", 1)]).into_iter().collect::<Attributes>().into();
    let deep = (0..1_000_000).fold(AttributeValue::from("x"), |inner, _| AttributeValue::List(vec![inner]));
    for value in [f64::NAN.into(), f64::NEG_INFINITY.into(), true.into(), AttributeValue::Null, nested, deep] {
        let options = ConversionOptions::new().goal_data(GoalDataKey::Custom("mine".into()), value);
        let outcome = context.track_conversion_with("signup", &options);
        assert!(matches!(outcome, ConversionOutcome::InvalidGoalData { key, .. } if key == "mine"));
    }
    let options = ConversionOptions::new()
        .goal_data(GoalDataKey::Custom("mine".into()), vec!["a", "b"])
        .goal_data(GoalDataKey::Amount, -0.0)
        .goal_data(GoalDataKey::Amount, 1e21)
        .transaction_id("\u{0}\n\"🎯");
    assert!(context.track_conversion_with("signup", &options).is_queued());
    let bodies = sent(&core, &transport);
    assert_eq!(
        bodies[0]["visitors"][0]["events"][1]["data"]["goalData"],
        json!([
            {"key": "mine", "value": ["a", "b"]},
            {"key": "amount", "value": 0},
            {"key": "amount", "value": 1e21},
            {"key": "transactionId", "value": "\u{0}\n\"🎯"},
        ])
    );
}

#[test]
fn a_config_that_cannot_be_used_says_why() {
    let error = |text: &str| match Core::from_json(text) {
        Err(BuildError::Config(error)) => error,
        other => panic!("{other:?}"),
    };
    assert!(matches!(error(""), ConfigError::Empty));
    assert!(matches!(error("{\"account_id\": \"1\", \"proj"), ConfigError::Truncated));
    assert!(matches!(error("[]"), ConfigError::NotAnObject { .. }));
    assert!(matches!(error(&"[".repeat(100_000)), ConfigError::TooDeep));
    assert!(matches!(
        error(r#"{"error": {"code": 404, "message": "no such project"}}"#),
        ConfigError::ErrorPayload { .. }
    ));
    for text in ["{}", r#"{"account_id": "1"}"#, r#"{"account_id": "1", "project": {}}"#] {
        assert!(!error(text).to_string().is_empty());
    }
    // Wrong types everywhere, but the two ids are there: an empty project.
    let odd = r#"{"account_id": 1, "project": {"id": 2}, "experiences": 5, "features": "x", "goals": {"a": []},
                  "audiences": [1, null, [], {}], "locations": null, "segments": true, "archived_experiences": {}}"#;
    let core = Core::from_json(odd).unwrap();
    assert!(core.config().unwrap().experiences().is_empty());
    assert!(core.create_context("v").unwrap().run_experiences().is_empty());
}

#[test]
fn settings_out_of_range_are_named() {
    let setting = |error: BuildError| match error {
        BuildError::InvalidSetting { setting, .. } => setting,
        other => panic!("{other}"),
    };
    let config = r#"{"account_id": "1", "project": {"id": "2"}}"#;
    assert_eq!(setting(Core::builder().config_json(config).batch_size(0).build().unwrap_err()), "batch_size");
    assert_eq!(setting(Core::builder().config_json(config).queue_limits(0, 1).build().unwrap_err()), "queue_limits");
    assert!(matches!(Core::builder().build(), Err(BuildError::NoSource)));
    assert!(matches!(Core::from_file("/no/such/file.json"), Err(BuildError::File { .. })));
    assert!(matches!(Core::builder().sdk_key("a key").build(), Err(BuildError::Endpoint(_))));
}

#[test]
fn settings_that_could_only_be_ignored_are_named_in_any_order() {
    let ignored = |builder: CoreBuilder| match builder.build() {
        Err(BuildError::InvalidSetting { setting, .. }) => setting,
        other => panic!("{other:?}"),
    };
    let config = r#"{"account_id": "1", "project": {"id": "2"}}"#;
    let (builder, limit) = (|| Core::builder().config_json(config), NonZeroUsize::MIN);
    assert_eq!(ignored(builder().visitor_limit(limit).data_store(MemoryStore::new())), "visitor_limit");
    assert_eq!(ignored(builder().data_store(MemoryStore::new()).visitor_limit(limit)), "visitor_limit");
    let time = Duration::from_secs(60);
    assert_eq!(ignored(builder().data_store(MemoryStore::new()).visitor_time_to_live(time)), "visitor_time_to_live");
    assert_eq!(ignored(builder().config_file("config.json")), "config_file");
    assert_eq!(ignored(Core::builder().config_file("config.json").config_json(config)), "config_file");
}
