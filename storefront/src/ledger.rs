//! The page that shows what was delivered.

use std::fmt::Write;

use convert_core::testing::CollectedEvent;
use convert_core::{Context, EntityKind, ProjectConfig, Stats};
use serde_json::Value;

use crate::layout::{escape, page};

pub(crate) fn delivered(
    visitor: &Context,
    config: Option<&ProjectConfig>,
    events: &[CollectedEvent],
    stats: &Stats,
) -> String {
    let numbers = [
        ("accepted", stats.accepted.total()),
        ("delivered", stats.delivered.total()),
        ("pending", stats.pending.total()),
        ("dropped", stats.dropped.total()),
    ];
    let mut body = "<h1>Delivered</h1><p>The events that arrived at the metrics endpoint. In this shop it is a server in the same program; with an account it is Convert's. A goal is counted once for each visitor, its revenue for each order.</p><p class=\"stats\">".to_owned();
    for (name, number) in numbers {
        let _ = write!(body, r#"<span><b id="{name}">{number}</b>{name}</span>"#);
    }
    body.push_str("</p>");
    if events.is_empty() {
        body.push_str("<p class=\"note\">Nothing yet. Look around the shop, then come back.</p>");
    } else {
        body.push_str("<table><thead><tr><th>Visitor</th><th>What happened</th></tr></thead><tbody>");
        for event in events.iter().rev() {
            let own = if event.visitor_id() == visitor.visitor_id() { " class=\"own\"" } else { "" };
            let visitor = escape(event.visitor_id().get(..8).unwrap_or(event.visitor_id()));
            let _ = write!(body, "<tr{own}><td><code>{visitor}</code></td><td>{}</td></tr>", told(event, config));
        }
        body.push_str("</tbody></table>");
    }
    page("Delivered", visitor, &body)
}

/// An event in words.
fn told(event: &CollectedEvent, config: Option<&ProjectConfig>) -> String {
    let name = |kind, member: &str| {
        let id = event.data().get(member).and_then(Value::as_str).unwrap_or_default();
        escape(config.and_then(|config| config.entity_by_id(kind, id)).map_or(id, |entity| entity.name()))
    };
    match event.event_type() {
        "bucketing" => {
            let (experience, variation) = (EntityKind::Experience, EntityKind::Variation);
            format!("{}: sees <b>{}</b>", name(experience, "experienceId"), name(variation, "variationId"))
        }
        _ => {
            let goal = name(EntityKind::Goal, "goalId");
            match amount(event.data()) {
                Some(amount) => format!("{goal}: <b>€{amount:.2}</b>"),
                None => goal,
            }
        }
    }
}

fn amount(data: &Value) -> Option<f64> {
    let goal_data = data.get("goalData")?.as_array()?;
    let amount = goal_data.iter().find(|datum| datum.get("key").and_then(Value::as_str) == Some("amount"))?;
    amount.get("value")?.as_f64()
}
