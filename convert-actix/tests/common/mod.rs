//! What the tests share: one request through an app, and its answer.
#![allow(dead_code, unused_imports, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "tests may panic")]

pub(crate) mod server;

use actix_http::Request;
use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderMap, SET_COOKIE};
use actix_web::test::TestRequest;
use actix_web::{Error, HttpResponse};

pub(crate) use web_testing::{PRICING, builder, core, events};

/// An app as a worker has it.
pub(crate) trait App<B>: Service<Request, Response = ServiceResponse<B>, Error = Error> {}

impl<B, S: Service<Request, Response = ServiceResponse<B>, Error = Error>> App<B> for S {}

pub(crate) fn request_with(uri: &str, headers: &[(&str, &str)]) -> TestRequest {
    headers.iter().fold(TestRequest::with_uri(uri), |request, header| request.append_header(*header))
}

/// A request with the cookie of a visitor.
pub(crate) fn request_of(visitor: &str, uri: &str) -> TestRequest {
    request_with(uri, &[("cookie", &format!("convert_visitor_id={visitor}"))])
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    async fn of(response: HttpResponse<BoxBody>) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body()).await.unwrap();
        Self { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all(SET_COOKIE).map(|value| value.to_str().unwrap()).collect()
    }

    /// The id in the visitor's cookie, where one is set; at most one is.
    pub(crate) fn minted(&self) -> Option<&str> {
        web_testing::minted(&self.set_cookies())
    }
}

/// The answer to a request, as a server has it: an error becomes a response.
pub(crate) async fn send<B: MessageBody + 'static>(app: &impl App<B>, request: TestRequest) -> Answer {
    Answer::of(match app.call(request.to_request()).await {
        Ok(response) => response.into_parts().1.map_into_boxed_body(),
        Err(error) => error.error_response(),
    })
    .await
}

pub(crate) async fn get<B: MessageBody + 'static>(app: &impl App<B>, uri: &str) -> Answer {
    send(app, TestRequest::with_uri(uri)).await
}
