//! What the collector keeps of requests.

use serde_json::Value;

use super::fault::Route;

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct CollectedRequest {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) status: Option<u16>,
    pub(super) accepted: bool,
    pub(super) visitors: usize,
    pub(super) events: usize,
}

impl CollectedRequest {
    /// The method, such as `POST`.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path, as sent.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query without its question mark, as sent.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// A header's value; the name's case does not count.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All headers, in order, as sent.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// As much of the body as was read.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as JSON; `None` where it is not JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The status it was answered with; `None` where it got no answer (yet).
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Whether its events were taken.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.accepted
    }

    /// How many visitors are in its body.
    #[must_use]
    pub fn visitor_count(&self) -> usize {
        self.visitors
    }

    /// How many events are in its body.
    #[must_use]
    pub fn event_count(&self) -> usize {
        self.events
    }

    pub(super) fn route(&self) -> Option<Route> {
        match self.method.as_str() {
            "GET" if self.path.contains("/config/") => Some(Route::Config),
            "POST" if self.path.contains("/track/") => Some(Route::Track),
            _ => None,
        }
    }

    /// Takes the body in, and counts what is in it.
    pub(super) fn set_body(&mut self, body: Vec<u8>) {
        self.body = body;
        if let Some(json) = self.json() {
            let visitors = list(&json, "visitors");
            self.visitors = visitors.len();
            self.events = visitors.iter().map(|visitor| list(visitor, "events").len()).sum();
        }
    }

    /// Whether the metrics endpoint would take it: it discards what comes from other user agents.
    pub(super) fn is_welcome(&self) -> bool {
        self.visitors > 0 && self.header("user-agent").is_some_and(|agent| agent.starts_with("ConvertAgent/1.0"))
    }
}

/// An event that was accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct CollectedEvent {
    visitor_id: String,
    event_type: String,
    data: Value,
}

impl CollectedEvent {
    /// The visitor's id.
    #[must_use]
    pub fn visitor_id(&self) -> &str {
        &self.visitor_id
    }

    /// `bucketing` or `conversion`.
    #[must_use]
    pub fn event_type(&self) -> &str {
        &self.event_type
    }

    /// The event's data, as sent.
    #[must_use]
    pub fn data(&self) -> &Value {
        &self.data
    }
}

pub(super) fn events_of(request: &CollectedRequest) -> Vec<CollectedEvent> {
    let json = request.json().unwrap_or_default();
    let mut events = Vec::with_capacity(request.events);
    for visitor in list(&json, "visitors") {
        for event in list(visitor, "events") {
            events.push(CollectedEvent {
                visitor_id: text(visitor, "visitorId"),
                event_type: text(event, "eventType"),
                data: event.get("data").cloned().unwrap_or_default(),
            });
        }
    }
    events
}

fn list<'a>(object: &'a Value, key: &str) -> &'a [Value] {
    object.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text(object: &Value, key: &str) -> String {
    object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}
