//! The actix crate.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;

use actix_http::Request;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, Error, HttpMessage, HttpRequest, HttpResponse, Route, web};
use convert_actix::{AsyncConvertContext, ConvertContext, ConvertMiddleware};
use futures_executor::block_on;

use super::requestwise::{ContextOf, Face, Requestwise};
use super::told::{self, Told};
use super::under_way::{Meeting, UnderWay};
use super::{asynchronous, sync};
use crate::fault::Fault;

type Answer = Result<ServiceResponse, Error>;
type Answering = Pin<Box<dyn Future<Output = Answer>>>;

/// An app with the crate's middleware and extractors.
pub(super) struct Web<S> {
    app: Box<dyn Fn(Request) -> Answering>,
    sdk: PhantomData<S>,
}

/// An SDK whose contexts a handler extracts.
pub(super) trait Handled: Face<Context: Clone + 'static> {
    fn handler() -> Route;
}

impl Handled for sync::Sdk {
    fn handler() -> Route {
        web::to(|convert: ConvertContext, request: HttpRequest| hold(convert.into_inner(), request))
    }
}

impl Handled for asynchronous::Sdk {
    fn handler() -> Route {
        web::to(|convert: AsyncConvertContext, request: HttpRequest| hold(convert.into_inner(), request))
    }
}

async fn hold<C: Clone + 'static>(context: C, request: HttpRequest) -> HttpResponse {
    let meeting = request.extensions().get::<Meeting<C>>().cloned();
    match meeting {
        Some(meeting) => meeting.hold(context).await,
        None => return HttpResponse::InternalServerError().finish(),
    }
    HttpResponse::Ok().finish()
}

fn header<'h>(request: &'h HttpRequest) -> impl Fn(&'static str) -> Option<&'h str> {
    |name| request.headers().get(name)?.to_str().ok()
}

impl<S: Handled> Requestwise for Web<S> {
    type Sdk = S;
    type Request = UnderWay<Answer>;

    fn open(sdk: &S) -> Result<Self, Fault> {
        // A scenario's steps say the location themselves, or mean that there is none.
        let middleware = ConvertMiddleware::new(sdk.cores())
            .visitor_id(|request| told::visitor_id(header(request)))
            .attributes(|request| told::attributes(header(request)))
            .preview(true)
            .no_location();
        let app = App::new().default_service(S::handler()).wrap(middleware);
        let app = Rc::new(block_on(init_service(app)));
        let call = move |request| -> Answering {
            let app = Rc::clone(&app);
            Box::pin(async move { app.call(request).await })
        };
        Ok(Self { app: Box::new(call), sdk: PhantomData })
    }

    fn begin(&self, told: &Told) -> Result<(UnderWay<Answer>, ContextOf<Self>), Fault> {
        UnderWay::begin(|meeting: Meeting<S::Context>| {
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
}
