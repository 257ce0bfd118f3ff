//! What the tests share: a shop's config, a core that records what it would send, and one request through an app.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, Request, Response, StatusCode};
use convert_axum::core::testing::RecordingTransport;
use convert_axum::core::{Core, CoreBuilder, RequestKind};
use http_body_util::BodyExt;
use tower::ServiceExt;

pub(crate) const SHOP: &str = include_str!("../../../convert-core/examples/shop.json");

/// The experience of `/pricing`, and its variations.
pub(crate) const PRICING: (&str, [&str; 2]) = ("100300001", ["1003000010", "1003000011"]);

pub(crate) fn builder() -> CoreBuilder {
    Core::builder().config_json(SHOP).async_transport(RecordingTransport::new())
}

pub(crate) fn core() -> Core {
    builder().build().unwrap()
}

pub(crate) fn request(uri: &str) -> Request<Body> {
    Request::builder().uri(uri).body(Body::empty()).unwrap()
}

pub(crate) fn request_with(uri: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let request =
        headers.iter().fold(Request::builder().uri(uri), |request, (name, value)| request.header(*name, *value));
    request.body(Body::empty()).unwrap()
}

/// A request with the cookie of a visitor.
pub(crate) fn request_of(visitor: &str, uri: &str) -> Request<Body> {
    request_with(uri, &[(COOKIE.as_str(), &format!("convert_visitor_id={visitor}"))])
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) async fn of(response: Response<Body>) -> Self {
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self { status: head.status, headers: head.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// The id in the visitor's cookie, where one is set; at most one is.
    pub(crate) fn minted(&self) -> Option<&str> {
        let cookies = self.set_cookies();
        let ids: Vec<&str> = cookies.iter().filter_map(|cookie| cookie.strip_prefix("convert_visitor_id=")).collect();
        assert!(ids.len() <= 1, "one cookie is enough: {ids:?}");
        ids.first().map(|cookie| cookie.split(';').next().unwrap())
    }
}

pub(crate) async fn send(app: &Router, request: Request<Body>) -> Answer {
    Answer::of(app.clone().oneshot(request).await.unwrap()).await
}

pub(crate) async fn get(app: &Router, uri: &str) -> Answer {
    send(app, request(uri)).await
}

/// The events that the core would have sent, as `visitor id, event type`.
pub(crate) fn events(core: &Core, transport: &RecordingTransport) -> Vec<(String, String)> {
    core.flush(Duration::from_secs(30)).unwrap();
    let mut events = Vec::new();
    for body in transport.bodies(RequestKind::Tracking) {
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        for visitor in body["visitors"].as_array().unwrap() {
            for event in visitor["events"].as_array().unwrap() {
                let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
                events.push((text(&visitor["visitorId"]), text(&event["eventType"])));
            }
        }
    }
    events
}
