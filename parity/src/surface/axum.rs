//! The axum crate.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::{Extension, Router};
use convert_axum::{ConvertContext, ConvertLayer};
use convert_core::Context;
use serde_json::Value;
use tower::ServiceExt;

use super::Surface;
use super::requestwise::{self, Requestwise, Told};
use super::stepwise::Stepwise;
use super::sync::Sdk;
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

impl Requestwise for Web {
    type Request = UnderWay<Response>;

    fn open(scenario: &Scenario) -> Result<Self, Fault> {
        let sdk = Sdk::open(scenario)?;
        // A scenario's steps say the location themselves, or mean that there is none.
        let layer = ConvertLayer::new(sdk.core())
            .visitor_id(|parts| Some(parts.extensions.get::<Told>()?.visitor_id.clone()))
            .attributes(|parts| parts.extensions.get::<Told>().map(|told| told.attributes.clone()).unwrap_or_default())
            .no_location();
        let app = Router::new().fallback(handler).layer(layer);
        Ok(Self { sdk, app })
    }

    fn begin(&self, told: Told) -> Result<(UnderWay<Response>, Context), Fault> {
        let app = self.app.clone();
        UnderWay::begin(|meeting| {
            let mut request = Request::new(Body::empty());
            request.extensions_mut().insert(told);
            request.extensions_mut().insert(meeting);
            Box::pin(async move { app.oneshot(request).await.unwrap_or_else(|never| match never {}) })
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
