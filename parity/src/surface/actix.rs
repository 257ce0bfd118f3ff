//! The actix crate.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use actix_http::Request;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, Error, HttpMessage, HttpRequest, HttpResponse, web};
use convert_actix::{ConvertContext, ConvertMiddleware};
use convert_core::Context;
use futures_executor::block_on;
use serde_json::Value;

use super::Surface;
use super::requestwise::{self, Requestwise};
use super::stepwise::Stepwise;
use super::sync::Sdk;
use super::told::{self, Told};
use super::under_way::{Meeting, UnderWay};
use crate::fault::Fault;
use crate::scenario::Scenario;

/// Runs scenarios through the actix crate's middleware and extractor.
#[derive(Debug)]
pub(super) struct Actix;

impl Surface for Actix {
    fn run(&mut self, scenario: &Scenario) -> Result<Vec<Value>, Fault> {
        requestwise::run::<Web>(scenario)
    }
}

type Answer = Result<ServiceResponse, Error>;
type Answering = Pin<Box<dyn Future<Output = Answer>>>;

struct Web {
    sdk: Sdk,
    app: Box<dyn Fn(Request) -> Answering>,
}

async fn handler(convert: ConvertContext, request: HttpRequest) -> HttpResponse {
    let meeting = request.extensions().get::<Meeting>().cloned();
    match meeting {
        Some(meeting) => meeting.hold(convert.into_inner()).await,
        None => return HttpResponse::InternalServerError().finish(),
    }
    HttpResponse::Ok().finish()
}

fn header<'h>(request: &'h HttpRequest) -> impl Fn(&'static str) -> Option<&'h str> {
    |name| request.headers().get(name)?.to_str().ok()
}

impl Requestwise for Web {
    type Request = UnderWay<Answer>;

    fn open(scenario: &Scenario) -> Result<Self, Fault> {
        let sdk = Sdk::open(scenario)?;
        // A scenario's steps say the location themselves, or mean that there is none.
        let middleware = ConvertMiddleware::new(sdk.core())
            .visitor_id(|request| told::visitor_id(header(request)))
            .attributes(|request| told::attributes(header(request)))
            .preview(true)
            .no_location();
        let app = App::new().default_service(web::to(handler)).wrap(middleware);
        let app = Rc::new(block_on(init_service(app)));
        let call = move |request| -> Answering {
            let app = Rc::clone(&app);
            Box::pin(async move { app.call(request).await })
        };
        Ok(Self { sdk, app: Box::new(call) })
    }

    fn begin(&self, told: &Told) -> Result<(UnderWay<Answer>, Context), Fault> {
        UnderWay::begin(|meeting| {
            let request = TestRequest::with_uri(&told.target());
            let request = told.headers().into_iter().fold(request, TestRequest::append_header).to_request();
            request.extensions_mut().insert(meeting);
            (self.app)(request)
        })
    }

    fn end(&self, request: UnderWay<Answer>) -> Result<(), Fault> {
        let response = request.end().map_err(|error| Fault::broken("the request", error))?;
        if response.status().is_success() && !response.headers().contains_key("set-cookie") {
            Ok(())
        } else {
            Err(Fault::Broken(format!("the request was answered with {response:?}")))
        }
    }

    fn flush(&mut self) -> Result<Value, Fault> {
        self.sdk.flush()
    }
}
