//! What the tests share: a project, cores over a recording transport and over a loopback collector.

use std::time::Duration;

use convert_core::testing::{Collector, RecordingTransport};
use convert_core::{Core, CoreBuilder, RequestKind};
use serde_json::{Value, json};

/// Long enough for any event on a slow machine; a test that gets this far has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Two experiences for everybody, one for gold members, one behind a location; a feature; goals; a segment.
pub(crate) fn project() -> Value {
    let gold = leaf("plan", "gold");
    let variations = |base: u32| {
        json!([
            {"id": format!("{}", base + 1), "key": "a", "traffic_allocation": 50},
            {"id": format!("{}", base + 2), "key": "b", "traffic_allocation": 50},
        ])
    };
    json!({
        "account_id": "100",
        "project": {"id": "200"},
        "experiences": [
            {"id": "10", "key": "open", "variations": variations(100)},
            {"id": "20", "key": "members", "audiences": ["501"], "variations": variations(200)},
            {"id": "30", "key": "shop", "locations": ["601"], "variations": variations(300)},
            {"id": "40", "key": "rollout", "variations": [
                {"id": "401", "key": "on", "traffic_allocation": 100, "changes": [
                    {"type": "fullStackFeature", "data": {"feature_id": 801, "variables_data": {
                        "limit": "12", "title": "Hello", "loud": "true", "odd": "abc", "more": "{\"x\": [1]}"
                    }}}
                ]}
            ]},
            {"id": "50", "key": "vip-only", "audiences": ["701"], "variations": variations(500)},
        ],
        "features": [
            {"id": "801", "key": "banner", "name": "Banner", "variables": [
                {"key": "limit", "type": "integer"},
                {"key": "title", "type": "string"},
                {"key": "loud", "type": "boolean"},
                {"key": "odd", "type": "integer"},
                {"key": "more", "type": "json"},
            ]},
            {"id": "802", "key": "dark", "variables": []},
        ],
        "audiences": [{"id": "501", "key": "gold", "type": "transient", "rules": gold}],
        "segments": [{"id": "701", "key": "vip", "rules": leaf("plan", "gold")}],
        "locations": [{"id": "601", "key": "shop", "name": "Shop", "rules": leaf("path", "/shop")}],
        "goals": [
            {"id": "901", "key": "signup"},
            {"id": "902", "key": "purchase", "rules": leaf("action", "buy")},
        ],
    })
}

fn leaf(key: &str, value: &str) -> Value {
    json!({"OR": [{"AND": [{"OR_WHEN": [{
        "rule_type": "generic_text_key_value",
        "matching": {"match_type": "matches", "negated": false},
        "key": key,
        "value": value,
    }]}]}]})
}

/// A core that sends into a recording, and only when told to.
pub(crate) fn recorded(set: impl FnOnce(CoreBuilder) -> CoreBuilder) -> (Core, RecordingTransport) {
    let transport = RecordingTransport::new();
    let builder = Core::builder().config_data(&project()).async_transport(transport.clone()).batch_size(100_000);
    (set(builder).build().unwrap(), transport)
}

/// Releases the queue; the bodies sent so far, oldest first.
pub(crate) fn sent(core: &Core, transport: &RecordingTransport) -> Vec<Value> {
    core.flush(PATIENCE).unwrap();
    transport.bodies(RequestKind::Tracking).iter().map(|body| serde_json::from_str(body).unwrap()).collect()
}

/// The events of these bodies, each with its visitor: `"visitor bucketing 10>101"`, `"visitor conversion 901"`.
pub(crate) fn told(bodies: &[Value]) -> Vec<String> {
    let visitors = bodies.iter().flat_map(|body| body["visitors"].as_array().unwrap());
    let events = visitors.flat_map(|visitor| {
        let id = visitor["visitorId"].as_str().unwrap();
        visitor["events"].as_array().unwrap().iter().map(move |event| (id, event))
    });
    events.map(|(visitor, event)| format!("{visitor} {}", told_event(event))).collect()
}

fn told_event(event: &Value) -> String {
    let data = &event["data"];
    match event["eventType"].as_str().unwrap() {
        "bucketing" => {
            format!("bucketing {}>{}", data["experienceId"].as_str().unwrap(), data["variationId"].as_str().unwrap())
        }
        "conversion" => {
            let goal_data = if data.get("goalData").is_some() { " with data" } else { "" };
            format!("conversion {}{goal_data}", data["goalId"].as_str().unwrap())
        }
        other => panic!("unknown event type {other}"),
    }
}

/// A core that fetches from, and sends to, a collector on this machine.
pub(crate) fn collected(set: impl FnOnce(CoreBuilder) -> CoreBuilder) -> (Core, Collector) {
    let collector = Collector::start().unwrap();
    collector.serve_config(project().to_string());
    let core = set(fetching_from(&collector)).build().unwrap();
    (core, collector)
}

pub(crate) fn fetching_from(collector: &Collector) -> CoreBuilder {
    Core::builder()
        .sdk_key("100/200")
        .config_endpoint(collector.config_endpoint())
        .track_endpoint(collector.track_endpoint())
}
