use std::collections::HashMap;

use serde_json::json;
use unleash_yggdrasil::{Context, EngineState, UpdateMessage};

use super::Peer;
use crate::common::{ATTRIBUTE, ATTRIBUTES, VISITOR, experience_key};

pub struct Unleash {
    engine: EngineState,
    context: Context,
}

impl Peer for Unleash {
    const NAME: &'static str = "unleash-yggdrasil";

    fn config(flags: usize) -> String {
        let flag = |key: String| {
            let constraint = json!({"contextName": ATTRIBUTE, "operator": "IN", "values": ["germany"]});
            let variant =
                |name: &str| json!({"name": name, "weight": 500, "weightType": "variable", "stickiness": "userId"});
            json!({
                "name": key, "enabled": true, "variants": [variant("a"), variant("b")],
                "strategies": [{"name": "default", "constraints": [constraint], "parameters": {}}],
            })
        };
        let flags: Vec<_> = (0..flags).map(|n| flag(experience_key(n))).collect();
        json!({"version": 2, "features": flags}).to_string()
    }

    fn load(config: &str) -> Self {
        let engine = EngineState::default();
        let features = serde_json::from_str(config).expect("the config is in order");
        let _ = engine.take_state(UpdateMessage::FullResponse(features));
        let attributes = ATTRIBUTES.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let properties = Some(HashMap::from(attributes));
        Self { engine, context: Context { user_id: Some(VISITOR.to_owned()), properties, ..Context::default() } }
    }

    fn decide(&self, key: &str) -> usize {
        let variant = self.engine.get_variant(key, &self.context, &None);
        if variant.enabled { variant.name.len() } else { 0 }
    }
}
