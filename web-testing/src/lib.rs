//! What the tests of the web crates share: a shop's config, cores that record what they would send, a store that fails, a
//! count of allocations, and signals.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests may panic, and say what they leave out")]

mod allocations;
mod program;
mod store;

use std::time::Duration;

use convert_core::testing::RecordingTransport;
use convert_core::{CallOptions, Core, CoreBuilder, RequestKind};
use serde_json::Value;

pub use allocations::{Counting, allocations};
pub use program::test_program;
pub use store::Failing;

/// Longer than any test should take: where it counts, a test hangs.
pub const FOR_EVER: Duration = Duration::from_secs(3600);

/// The shop's config. Read when it is asked for: the file is another package's.
#[must_use]
pub fn shop() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../convert-core/examples/shop.json")).unwrap()
}

/// The experience of `/pricing`, and its variations.
pub const PRICING: (&str, [&str; 2]) = ("100300001", ["1003000010", "1003000011"]);

/// Another config: an experience for everybody, and one for one page, `/`.
pub const EVERYWHERE_AND_ON_A_PAGE: &str = r#"{
  "account_id": "1", "project": {"id": "2"},
  "experiences": [
    {"id": "10", "key": "everywhere", "variations": [{"id": "11", "key": "a"}]},
    {"id": "20", "key": "on-a-page", "locations": ["30"], "variations": [{"id": "21", "key": "a"}]}
  ],
  "locations": [{"id": "30", "key": "page", "rules": {"OR": [{"AND": [{"OR_WHEN": [
    {"rule_type": "generic_text_key_value", "matching": {"match_type": "matches", "negated": false}, "key": "path", "value": "/"}
  ]}]}]}}]
}"#;

/// The shop's core, still to be told something.
pub fn builder() -> CoreBuilder {
    Core::builder().config_json(shop()).async_transport(RecordingTransport::new())
}

/// The shop's core.
#[must_use]
pub fn core() -> Core {
    builder().build().unwrap()
}

/// The variation of [`PRICING`] that a visitor gets without any link.
#[must_use]
pub fn usual(visitor: &str) -> String {
    let options = CallOptions::new().location([("path", "/pricing")]);
    let context = core().create_context(visitor).unwrap();
    context.run_experience_with("pricing-page", &options).unwrap().variation_id().to_owned()
}

/// The other variation of [`PRICING`].
#[must_use]
pub fn other(variation: &str) -> &'static str {
    PRICING.1.into_iter().find(|id| *id != variation).unwrap()
}

/// The id in the visitor's cookie, among the values of a response's `Set-Cookie` headers; at most one is.
#[must_use]
pub fn minted<'a>(set_cookies: &[&'a str]) -> Option<&'a str> {
    let ids: Vec<&str> = set_cookies.iter().filter_map(|cookie| cookie.strip_prefix("convert_visitor_id=")).collect();
    assert!(ids.len() <= 1, "one cookie is enough: {ids:?}");
    ids.first().and_then(|cookie| cookie.split(';').next())
}

/// The events that the core would have sent, as `visitor id, event type`.
#[must_use]
pub fn events(core: &Core, transport: &RecordingTransport) -> Vec<(String, String)> {
    core.flush(Duration::from_secs(30)).unwrap();
    sent(transport)
}

/// The events that the transport was given, as `visitor id, event type`.
#[must_use]
pub fn sent(transport: &RecordingTransport) -> Vec<(String, String)> {
    let text = |value: &Value, member: &str| value.get(member).unwrap().as_str().unwrap().to_owned();
    let list = |value: &Value, member: &str| value.get(member).unwrap().as_array().unwrap().clone();
    let mut events = Vec::new();
    for body in transport.bodies(RequestKind::Tracking) {
        for visitor in list(&serde_json::from_str(&body).unwrap(), "visitors") {
            let of_visitor = list(&visitor, "events").into_iter();
            events.extend(of_visitor.map(|event| (text(&visitor, "visitorId"), text(&event, "eventType"))));
        }
    }
    events
}

/// Sends SIGTERM to this process.
#[cfg(unix)]
pub fn terminate() {
    signal("-TERM");
}

/// Sends SIGINT, which is Ctrl-C, to this process.
#[cfg(unix)]
pub fn interrupt() {
    signal("-INT");
}

#[cfg(unix)]
fn signal(name: &str) {
    let id = std::process::id().to_string();
    assert!(std::process::Command::new("kill").args([name, &id]).status().unwrap().success());
}
