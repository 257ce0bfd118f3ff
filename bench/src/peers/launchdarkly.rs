use std::collections::HashMap;
use std::time::Duration;

use launchdarkly_server_sdk::{ConfigBuilder, NullEventProcessorBuilder, TestData};
use launchdarkly_server_sdk_evaluation::{Context, ContextBuilder, Flag, FlagValue, Segment, Store, evaluate};
use serde_json::{Map, json};

use super::Peer;
use crate::common::{ATTRIBUTE, ATTRIBUTES, VISITOR, experience_key};

/// Its evaluator alone.
pub struct Evaluator {
    flags: HashMap<String, Flag>,
    context: Context,
}

struct NoOthers;

impl Store for NoOthers {
    fn flag(&self, _: &str) -> Option<Flag> {
        None
    }

    fn segment(&self, _: &str) -> Option<Segment> {
        None
    }
}

impl Peer for Evaluator {
    const NAME: &'static str = "launchdarkly's evaluator";

    fn config(flags: usize) -> String {
        let flag = |key: String| {
            let clause = json!({"attribute": ATTRIBUTE, "op": "in", "values": ["germany"], "negate": false, "contextKind": "user"});
            let half = |variation: u32| json!({"variation": variation, "weight": 50000});
            let rule = json!({"id": "r", "trackEvents": false, "clauses": [clause], "rollout": {"contextKind": "user", "variations": [half(0), half(1)]}});
            let flag = json!({
                "key": key, "version": 1, "on": true, "targets": [], "contextTargets": [], "rules": [rule],
                "prerequisites": [], "fallthrough": {"variation": 0}, "offVariation": 0, "variations": ["a", "b"],
                "salt": "salt", "trackEvents": false, "clientSide": false, "clientSideAvailability": {"usingMobileKey": false, "usingEnvironmentId": false},
            });
            (key, flag)
        };
        let flags: Map<_, _> = (0..flags).map(|n| flag(experience_key(n))).collect();
        serde_json::Value::from(flags).to_string()
    }

    fn load(config: &str) -> Self {
        Self { flags: serde_json::from_str(config).expect("the config is in order"), context: context() }
    }

    fn decide(&self, key: &str) -> usize {
        let Some(flag) = self.flags.get(key) else { return 0 };
        match evaluate(&NoOthers, flag, &self.context, None).value {
            Some(FlagValue::Str(variant)) => variant.len(),
            _ => 0,
        }
    }
}

/// Its client, with a data store, events and logs around the evaluator; the events are discarded.
pub struct Client {
    client: launchdarkly_server_sdk::Client,
    context: Context,
    /// Where the client's tasks are.
    _runtime: tokio::runtime::Runtime,
}

impl Peer for Client {
    const NAME: &'static str = "launchdarkly-server-sdk";

    fn config(flags: usize) -> String {
        Evaluator::config(flags)
    }

    fn load(config: &str) -> Self {
        let flags: HashMap<String, Flag> = serde_json::from_str(config).expect("the config is in order");
        let data = TestData::new();
        flags.into_values().for_each(|flag| data.use_preconfigured_flag(flag));
        let settings =
            ConfigBuilder::new("sdk-key").data_source(&data).event_processor(&NullEventProcessorBuilder::new());
        let client = launchdarkly_server_sdk::Client::build(settings.build().expect("the settings are in order"));
        let client = client.expect("the settings are in order");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        let ready = runtime.block_on(async {
            client.start_with_default_executor();
            client.wait_for_initialization(Duration::from_secs(60)).await
        });
        assert_eq!(ready, Some(true));
        Self { client, context: context(), _runtime: runtime }
    }

    fn decide(&self, key: &str) -> usize {
        self.client.str_variation(&self.context, key, String::new()).len()
    }
}

fn context() -> Context {
    let mut builder = ContextBuilder::new(VISITOR);
    for (name, value) in ATTRIBUTES {
        builder.set_string(name, value);
    }
    builder.build().expect("the context is in order")
}
