//! The guards.

use std::ops::Deref;

use convert_core::web::Visitor;
use convert_core::{AsyncContext, Context};
use rocket::request::{FromRequest, Outcome};
use rocket::{Ignite, Request, Rocket, Sentinel, async_trait};

use crate::arrival::Arrival;
use crate::rejection::ConvertRejection;
use crate::shared::Shared;

/// The context of the request's visitor: ask for `&ConvertContext`, and call the methods of [`Context`] on it.
///
/// A request has one, whoever asks: guards, handlers, catchers, responders. It is cheap to clone, and clones may go into
/// spawned tasks and streams that outlive the handler; the visitor's cookie is set with the response's head, so ask before.
///
/// A route that asks for it, or for `Option<&ConvertContext>`, is a sentinel: Rocket does not launch without the fairing.
///
/// ```
/// # #[macro_use] extern crate rocket;
/// use convert_rocket::ConvertContext;
/// use rocket::tokio;
///
/// #[get("/")]
/// fn index(convert: &ConvertContext) -> String {
///     let later = convert.clone();
///     tokio::spawn(async move { later.track_conversion("visited") });
///     format!("hello, {}", convert.visitor_id())
/// }
/// # let _ = routes![index];
/// ```
#[derive(Clone, Debug)]
pub struct ConvertContext {
    context: Context,
    visitor: Visitor,
}

/// The context of the request's visitor, for asynchronous code: as [`ConvertContext`], and works whatever visitor store
/// the core has.
///
/// ```
/// # #[macro_use] extern crate rocket;
/// use convert_rocket::AsyncConvertContext;
///
/// #[get("/pricing")]
/// async fn pricing(convert: &AsyncConvertContext) -> String {
///     let page = convert.run_experience("pricing-page").await;
///     page.map_or("usual".to_owned(), |decision| decision.variation_key().to_owned())
/// }
/// # let _ = routes![pricing];
/// ```
#[derive(Clone, Debug)]
pub struct AsyncConvertContext {
    context: AsyncContext,
    visitor: Visitor,
}

impl ConvertContext {
    pub(crate) fn new(context: Context, visitor: Visitor) -> Self {
        Self { context, visitor }
    }

    /// The context of a request, for code that is no guard's user: catchers, responders, other fairings.
    ///
    /// # Errors
    /// [`ConvertRejection`] where the app is put together wrongly.
    ///
    /// ```
    /// # #[macro_use] extern crate rocket;
    /// use convert_rocket::ConvertContext;
    /// use rocket::Request;
    ///
    /// #[catch(404)]
    /// fn not_found(request: &Request<'_>) -> String {
    ///     match ConvertContext::of(request) {
    ///         Ok(convert) if convert.is_feature_enabled("search") => "not here; search for it".to_owned(),
    ///         _ => "not here".to_owned(),
    ///     }
    /// }
    /// # let _ = catchers![not_found];
    /// ```
    pub fn of<'r>(request: &'r Request<'_>) -> Result<&'r Self, ConvertRejection> {
        let shared = Shared::of(request.rocket())?;
        Arrival::of(request, shared).context(request)
    }

    /// Who the visitor is, and where the id comes from.
    #[must_use]
    pub fn visitor(&self) -> &Visitor {
        &self.visitor
    }

    /// The context by itself.
    #[must_use]
    pub fn into_inner(self) -> Context {
        self.context
    }
}

impl AsyncConvertContext {
    pub(crate) fn new(context: AsyncContext, visitor: Visitor) -> Self {
        Self { context, visitor }
    }

    /// The context of a request, for code that is no guard's user: catchers, responders, other fairings.
    ///
    /// # Errors
    /// [`ConvertRejection`] where the app is put together wrongly.
    pub fn of<'r>(request: &'r Request<'_>) -> Result<&'r Self, ConvertRejection> {
        let shared = Shared::of(request.rocket())?;
        Arrival::of(request, shared).async_context(request)
    }

    /// Who the visitor is, and where the id comes from.
    #[must_use]
    pub fn visitor(&self) -> &Visitor {
        &self.visitor
    }

    /// The context by itself.
    #[must_use]
    pub fn into_inner(self) -> AsyncContext {
        self.context
    }
}

impl Deref for ConvertContext {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}

impl Deref for AsyncConvertContext {
    type Target = AsyncContext;

    fn deref(&self) -> &AsyncContext {
        &self.context
    }
}

#[async_trait]
impl<'r> FromRequest<'r> for &'r ConvertContext {
    type Error = ConvertRejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ConvertRejection> {
        ConvertRejection::outcome(ConvertContext::of(request))
    }
}

#[async_trait]
impl<'r> FromRequest<'r> for &'r AsyncConvertContext {
    type Error = ConvertRejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ConvertRejection> {
        ConvertRejection::outcome(AsyncConvertContext::of(request))
    }
}

impl Sentinel for &ConvertContext {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        is_missing(match Shared::of(rocket) {
            Ok(shared) if shared.cores.synchronous().is_none() => Err(ConvertRejection::AsyncStore),
            found => found.map(drop),
        })
    }
}

impl Sentinel for &AsyncConvertContext {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        is_missing(Shared::of(rocket).map(drop))
    }
}

/// Tells what is to be done where a guard cannot work.
fn is_missing(found: Result<(), ConvertRejection>) -> bool {
    found.inspect_err(|rejection| tracing::error!(target: "convert", "{rejection}")).is_err()
}
