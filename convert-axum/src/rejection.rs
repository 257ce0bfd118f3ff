//! Why a request cannot have a context.

use std::fmt;

use axum_core::response::{IntoResponse, Response};
use http::StatusCode;

/// Why a request has no context: the app is put together wrongly. No fault of the SDK, the visitor store or the network
/// is among the reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConvertRejection {
    /// The request did not pass a [`ConvertLayer`](crate::ConvertLayer).
    MissingLayer,
    /// The visitor store must be awaited, and a synchronous context or core was asked for: the layer was given an
    /// [`AsyncCore`](convert_core::AsyncCore) with an asynchronous store.
    AsyncStore,
    /// The request's head is out of reach and nothing was prepared: see
    /// [`prepare_early`](crate::ConvertLayer::prepare_early).
    NotPrepared,
    /// A function that the layer was given (`visitor_id`, `attributes`, `location` or `consent`, for instance) asked for the
    /// context that it helps to make.
    Reentrant,
}

impl fmt::Display for ConvertRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MissingLayer => {
                "the request passed no ConvertLayer; add `.layer(ConvertLayer::new(core))` to the router"
            }
            Self::AsyncStore => "the visitor store is asynchronous; extract AsyncConvertContext or AsyncConvertCore",
            Self::NotPrepared => "the context was not prepared; add `.prepare_early(true)` to the ConvertLayer",
            Self::Reentrant => "a function of ConvertLayer asked for the context that it helps to make",
        })
    }
}

impl std::error::Error for ConvertRejection {}

/// Status 500 with the reason as its text: it says how the app is put together, and nothing of the visitor.
impl IntoResponse for ConvertRejection {
    fn into_response(self) -> Response {
        tracing::error!(target: "convert", "{self}");
        (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}
