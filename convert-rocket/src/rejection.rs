//! Why a request cannot have a context.

use std::fmt;

use rocket::http::Status;
use rocket::request::Outcome;

/// Why a request has no context: the app is put together wrongly. No fault of the SDK, the visitor store or the network
/// is among the reasons.
///
/// Rocket aborts the launch of an app whose routes ask in vain; a request is refused, with status 500, only where the
/// asking cannot be seen from the route: in a catcher, for instance, or in a guard of the app's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConvertRejection {
    /// No [`ConvertFairing`](crate::ConvertFairing) is attached.
    MissingFairing,
    /// The visitor store must be awaited, and a synchronous context was asked for: the fairing's core has an asynchronous
    /// store.
    AsyncStore,
    /// A function that the fairing was given (`visitor_id`, `attributes`, `location` or `consent`, for instance) asked for the
    /// context that it helps to make.
    Reentrant,
}

impl ConvertRejection {
    /// The guard's outcome.
    pub(crate) fn outcome<T>(result: Result<T, Self>) -> Outcome<T, Self> {
        match result {
            Ok(guard) => Outcome::Success(guard),
            Err(rejection) => {
                tracing::error!(target: "convert", "{rejection}");
                Outcome::Error((Status::InternalServerError, rejection))
            }
        }
    }
}

impl fmt::Display for ConvertRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MissingFairing => {
                "no ConvertFairing is attached; add `.attach(ConvertFairing::from_config())` to the rocket"
            }
            Self::AsyncStore => "the visitor store is asynchronous; ask for &AsyncConvertContext",
            Self::Reentrant => "a function of ConvertFairing asked for the context that it helps to make",
        })
    }
}

impl std::error::Error for ConvertRejection {}
