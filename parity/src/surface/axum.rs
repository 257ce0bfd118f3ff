//! The axum crate.

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use convert_axum::{ConvertContext, ConvertLayer};
use convert_core::Context;
use serde_json::Value;
use tower::ServiceExt;

use super::Surface;
use super::requestwise::{self, Requestwise};
use super::stepwise::Stepwise;
use super::sync::Sdk;
use super::told::{self, Told};
use super::under_way::{Meeting, UnderWay};
use crate::fault::Fault;
use crate::scenario::Scenario;

/// Runs scenarios through the axum crate's layer and extractor.
#[derive(Debug)]
pub(super) struct Axum;

impl Surface for Axum {
    fn run(&mut self, scenario: &Scenario) -> Result<Vec<Value>, Fault> {
        requestwise::run::<Web>(scenario)
    }
}

struct Web {
    sdk: Sdk,
    app: Router,
}

async fn handler(convert: ConvertContext, Extension(meeting): Extension<Meeting>) {
    meeting.hold(convert.into_inner()).await;
}

fn header<'h>(parts: &'h Parts) -> impl Fn(&'static str) -> Option<&'h str> {
    |name| parts.headers.get(name)?.to_str().ok()
}

impl Requestwise for Web {
    type Request = UnderWay<Response>;

    fn open(scenario: &Scenario) -> Result<Self, Fault> {
        let sdk = Sdk::open(scenario)?;
        // A scenario's steps say the location themselves, or mean that there is none.
        let layer = ConvertLayer::new(sdk.core())
            .visitor_id(|parts| told::visitor_id(header(parts)))
            .attributes(|parts| told::attributes(header(parts)))
            .preview(true)
            .no_location();
        let app = Router::new().fallback(handler).layer(layer);
        Ok(Self { sdk, app })
    }

    fn begin(&self, told: &Told) -> Result<(UnderWay<Response>, Context), Fault> {
        let app = self.app.clone();
        UnderWay::begin(|meeting| {
            let request = told
                .headers()
                .into_iter()
                .fold(Request::get(told.target()), |request, (name, value)| request.header(name, value));
            let request = request.extension(meeting).body(Body::empty());
            Box::pin(async move {
                match request {
                    Ok(request) => app.oneshot(request).await.unwrap_or_else(|never| match never {}),
                    // Without a handler that holds it, this request fails.
                    Err(_) => StatusCode::BAD_REQUEST.into_response(),
                }
            })
        })
    }

    fn end(&self, request: UnderWay<Response>) -> Result<(), Fault> {
        let response = request.end();
        if response.status().is_success() && !response.headers().contains_key("set-cookie") {
            Ok(())
        } else {
            Err(Fault::Broken(format!("the request was answered with {:?}", response.into_parts().0)))
        }
    }

    fn flush(&mut self) -> Result<Value, Fault> {
        self.sdk.flush()
    }
}
