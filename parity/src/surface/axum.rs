//! The axum crate.

use std::marker::PhantomData;

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use convert_axum::{AsyncConvertContext, ConvertContext, ConvertLayer};
use tower::ServiceExt;

use super::requestwise::{ContextOf, Face, Requestwise};
use super::told::{self, Told};
use super::under_way::{Meeting, UnderWay};
use super::{asynchronous, sync};
use crate::fault::Fault;

/// An app with the crate's layer and extractors.
pub(super) struct Web<S> {
    app: Router,
    sdk: PhantomData<S>,
}

/// An SDK whose contexts a handler extracts.
pub(super) trait Handled: Face<Context: Clone + Send + 'static> {
    fn app() -> Router;
}

impl Handled for sync::Sdk {
    fn app() -> Router {
        Router::new().fallback(|convert: ConvertContext, Extension(meeting): Extension<Meeting<_>>| async move {
            meeting.hold(convert.into_inner()).await;
        })
    }
}

impl Handled for asynchronous::Sdk {
    fn app() -> Router {
        Router::new().fallback(|convert: AsyncConvertContext, Extension(meeting): Extension<Meeting<_>>| async move {
            meeting.hold(convert.into_inner()).await;
        })
    }
}

fn header<'h>(parts: &'h Parts) -> impl Fn(&'static str) -> Option<&'h str> {
    |name| parts.headers.get(name)?.to_str().ok()
}

impl<S: Handled> Requestwise for Web<S> {
    type Sdk = S;
    type Request = UnderWay<Response>;

    fn open(sdk: &S) -> Result<Self, Fault> {
        // A scenario's steps say the location themselves, or mean that there is none.
        let layer = ConvertLayer::new(sdk.cores())
            .visitor_id(|parts| told::visitor_id(header(parts)))
            .attributes(|parts| told::attributes(header(parts)))
            .preview(true)
            .no_location();
        Ok(Self { app: S::app().layer(layer), sdk: PhantomData })
    }

    fn begin(&self, told: &Told) -> Result<(UnderWay<Response>, ContextOf<Self>), Fault> {
        let app = self.app.clone();
        UnderWay::begin(|meeting: Meeting<S::Context>| {
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
}
