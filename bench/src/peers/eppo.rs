use std::sync::Arc;

use chrono::{DateTime, Utc};
use eppo_core::eval::get_assignment;
use eppo_core::ufc::{UniversalFlagConfig, VariationType};
use eppo_core::{AttributeValue, Attributes, Configuration, SdkMetadata, Str};
use serde_json::{Map, json};

use super::Peer;
use crate::common::{ATTRIBUTE, ATTRIBUTES, VISITOR, experience_key};

pub struct Eppo {
    configuration: Configuration,
    subject: Str,
    attributes: Arc<Attributes>,
    now: DateTime<Utc>,
}

impl Peer for Eppo {
    const NAME: &'static str = "eppo_core";

    fn config(flags: usize) -> String {
        let flag = |key: String| {
            let split = |variation: &str, start: u32| json!({"variationKey": variation, "shards": [{"salt": key, "ranges": [{"start": start, "end": start + 5000}]}]});
            let rule = json!({"conditions": [{"attribute": ATTRIBUTE, "operator": "ONE_OF", "value": ["germany"]}]});
            let allocation =
                json!({"key": "all", "rules": [rule], "splits": [split("a", 0), split("b", 5000)], "doLog": false});
            let flag = json!({
                "key": key, "enabled": true, "variationType": "STRING", "totalShards": 10000,
                "variations": {"a": {"key": "a", "value": "a"}, "b": {"key": "b", "value": "b"}},
                "allocations": [allocation],
            });
            (key, flag)
        };
        let flags: Map<_, _> = (0..flags).map(|n| flag(experience_key(n))).collect();
        let environment = json!({"name": "production"});
        json!({"createdAt": "2026-01-01T00:00:00Z", "format": "SERVER", "environment": environment, "flags": flags})
            .to_string()
    }

    fn load(config: &str) -> Self {
        let sdk = SdkMetadata { name: "bench", version: "0" };
        let flags = UniversalFlagConfig::from_json(sdk, config.as_bytes().to_vec()).expect("the config is in order");
        let attributes = ATTRIBUTES.map(|(name, value)| (Str::from(name), AttributeValue::from(value)));
        Self {
            configuration: Configuration::from_server_response(flags, None),
            subject: Str::from(VISITOR),
            attributes: Arc::new(attributes.into_iter().collect()),
            now: Utc::now(),
        }
    }

    fn decide(&self, key: &str) -> usize {
        let wanted = Some(VariationType::String);
        let found = get_assignment(Some(&self.configuration), key, &self.subject, &self.attributes, wanted, self.now);
        found.ok().flatten().and_then(|found| found.value.as_str().map(str::len)).unwrap_or(0)
    }
}
