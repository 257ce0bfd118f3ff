use std::collections::HashMap;

use launchdarkly_server_sdk_evaluation::{Context, ContextBuilder, Flag, FlagValue, Segment, Store, evaluate};
use serde_json::{Map, json};

use super::Peer;
use crate::common::{ATTRIBUTE, ATTRIBUTES, VISITOR, experience_key};

/// Its evaluator, which its client puts a data store, events and logs around.
pub struct LaunchDarkly {
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

impl Peer for LaunchDarkly {
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
        let mut builder = ContextBuilder::new(VISITOR);
        for (name, value) in ATTRIBUTES {
            builder.set_string(name, value);
        }
        let flags = serde_json::from_str(config).expect("the config is in order");
        Self { flags, context: builder.build().expect("the context is in order") }
    }

    fn decide(&self, key: &str) -> usize {
        let Some(flag) = self.flags.get(key) else { return 0 };
        match evaluate(&NoOthers, flag, &self.context, None).value {
            Some(FlagValue::Str(variant)) => variant.len(),
            _ => 0,
        }
    }
}
