//! Why a request cannot have a context.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, ResponseError};

/// Why a request has no context: the app is put together wrongly. No fault of the SDK, the visitor store or the network
/// is among the reasons.
///
/// As a response it has status 500, with the reason as its text: that says how the app is put together, and nothing of
/// the visitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConvertError {
    /// The request did not pass a [`ConvertMiddleware`](crate::ConvertMiddleware).
    MissingMiddleware,
    /// The visitor store must be awaited, and a synchronous context or core was asked for: the middleware was given an
    /// [`AsyncCore`](convert_core::AsyncCore) with an asynchronous store.
    AsyncStore,
    /// A function that the middleware was given (`visitor_id`, `attributes`, `location` or `consent`, for instance) asked for
    /// the context that it helps to make.
    Reentrant,
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MissingMiddleware => {
                "the request passed no ConvertMiddleware; add `.wrap(ConvertMiddleware::new(core))` to the app"
            }
            Self::AsyncStore => "the visitor store is asynchronous; extract AsyncConvertContext or AsyncConvertCore",
            Self::Reentrant => "a function of ConvertMiddleware asked for the context that it helps to make",
        })
    }
}

impl std::error::Error for ConvertError {}

impl ResponseError for ConvertError {
    fn status_code(&self) -> StatusCode {
        StatusCode::INTERNAL_SERVER_ERROR
    }

    fn error_response(&self) -> HttpResponse {
        tracing::error!(target: "convert", "{self}");
        HttpResponse::build(self.status_code()).insert_header(ContentType::plaintext()).body(self.to_string())
    }
}
