use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use growthbook_rust::client::{GrowthBookClient, GrowthBookClientBuilder, GrowthBookClientTrait};
use growthbook_rust::model_public::{GrowthBookAttribute, GrowthBookAttributeValue};
use serde_json::{Map, json};

use super::Peer;
use crate::common::{ATTRIBUTE, ATTRIBUTES, VISITOR, experience_key};

pub struct GrowthBook {
    client: GrowthBookClient,
}

impl Peer for GrowthBook {
    const NAME: &'static str = "growthbook-rust";

    fn config(flags: usize) -> String {
        let flag = |key: String| {
            let rule = json!({
                "condition": {ATTRIBUTE: "germany"}, "key": key, "hashAttribute": "id", "coverage": 1.0,
                "variations": ["a", "b"], "weights": [0.5, 0.5],
            });
            (key, json!({"defaultValue": "none", "rules": [rule]}))
        };
        let flags: Map<_, _> = (0..flags).map(|n| flag(experience_key(n))).collect();
        serde_json::Value::from(flags).to_string()
    }

    fn load(config: &str) -> Self {
        let attributes = ATTRIBUTES.into_iter().chain([("id", VISITOR)]).map(|(name, value)| {
            let value = GrowthBookAttributeValue::String(value.to_owned());
            (name.to_owned(), GrowthBookAttribute { key: name.to_owned(), value })
        });
        let features = serde_json::from_str(config).expect("the config is in order");
        let builder = GrowthBookClientBuilder::new().features(features).attributes(attributes.collect());
        let built = pin!(builder.build());
        match built.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(client) => Self { client: client.expect("the settings are in order") },
            Poll::Pending => unreachable!("given features are not waited for"),
        }
    }

    fn decide(&self, key: &str) -> usize {
        self.client.feature_result(key, None).value.as_str().map_or(0, str::len)
    }
}
