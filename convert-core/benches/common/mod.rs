//! The work that is measured: experiences with one text rule and a 50/50 split each, and a visitor whom the rule matches.

pub mod floor;
pub mod large;

use convert_core::testing::RecordingTransport;
use convert_core::{CallOptions, Context, ContextOptions, Core, CoreBuilder};
use serde_json::{Value, json};

/// The attribute that the rule looks at, its value in the rule, and the visitor's value.
pub const ATTRIBUTE: &str = "country_name";
pub const RULE_VALUE: &str = "Germany";
/// What a visitor has: three attributes, one of them the rule's.
pub const ATTRIBUTES: [(&str, &str); 3] = [(ATTRIBUTE, "germany"), ("plan", "gold"), ("age", "33")];
/// As long as ids usually are.
pub const VISITOR: &str = "0b4b6f0e-6d3c-4b1e-9d1e-1f4c0a8f2d11";

pub fn experience_id(n: usize) -> String {
    (100_300_000 + n).to_string()
}

pub fn experience_key(n: usize) -> String {
    format!("checkout-button-{n}")
}

/// A config of so many experiences, and a goal.
pub fn config(experiences: usize) -> Value {
    let experience = |n: usize| {
        let id = experience_id(n);
        json!({"id": id, "key": experience_key(n), "audiences": ["501"], "variations": [
            {"id": format!("{id}1"), "key": "a", "traffic_allocation": 50},
            {"id": format!("{id}2"), "key": "b", "traffic_allocation": 50},
        ]})
    };
    json!({
        "account_id": "100123",
        "project": {"id": "200456"},
        "experiences": (0..experiences).map(experience).collect::<Vec<_>>(),
        "audiences": [{"id": "501", "key": "germans", "rules": {"OR": [{"AND": [{"OR_WHEN": [{
            "rule_type": "generic_text_key_value",
            "matching": {"match_type": "matches", "negated": false},
            "key": ATTRIBUTE,
            "value": RULE_VALUE,
        }]}]}]}}],
        "goals": [{"id": "901", "key": "signup"}],
    })
}

/// A core of so many experiences that delivers nothing.
pub fn core(experiences: usize, set: impl FnOnce(CoreBuilder) -> CoreBuilder) -> Core {
    let transport = RecordingTransport::new();
    let builder = Core::builder().config_data(&config(experiences)).async_transport(transport).batch_size(usize::MAX);
    set(builder).build().expect("the config is in order")
}

/// A context of the visitor.
pub fn context(core: &Core) -> Context {
    context_of(core, VISITOR)
}

/// A context of some visitor, with the attributes of all.
pub fn context_of(core: &Core, visitor: &str) -> Context {
    let options = ContextOptions::new().attributes(ATTRIBUTES);
    core.create_context_with(visitor, options).expect("the id is not empty")
}

/// Neither stored nor tracked: deciding alone.
pub fn deciding() -> CallOptions {
    CallOptions::new().storage(false).tracking(false)
}
