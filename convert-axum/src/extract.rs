//! The extractors.

use std::ops::Deref;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use convert_core::web::{Visit, Visitor};
use convert_core::{AsyncContext, AsyncCore, Context, Core};
use http::Extensions;
use http::request::Parts;

use crate::arrival::Arrival;
use crate::rejection::ConvertRejection;

/// The context of the request's visitor: extract it, and call the methods of [`Context`] on it.
///
/// All extractions of one request share one context. It is cheap to clone, and may go into spawned tasks and streams
/// that outlive the handler; the visitor's cookie is set with the response's head, so extract it before.
///
/// `Option<ConvertContext>` is `None` where the request passed no layer.
///
/// ```
/// use convert_axum::ConvertContext;
///
/// async fn handler(convert: ConvertContext) -> String {
///     tokio::spawn({
///         let convert = convert.clone();
///         async move { convert.track_conversion("visited") }
///     });
///     format!("hello, {}", convert.visitor_id())
/// }
/// # let _ = axum::Router::<()>::new().route("/", axum::routing::get(handler));
/// ```
#[derive(Clone, Debug)]
pub struct ConvertContext {
    context: Context,
    visitor: Visitor,
}

/// The context of the request's visitor, for asynchronous code: as [`ConvertContext`], and works whatever visitor store
/// the core has.
#[derive(Clone, Debug)]
pub struct AsyncConvertContext {
    context: AsyncContext,
    visitor: Visitor,
}

/// The core that the layer was given.
#[derive(Clone, Debug)]
pub struct ConvertCore(pub Core);

/// The core that the layer was given, for asynchronous code.
#[derive(Clone, Debug)]
pub struct AsyncConvertCore(pub AsyncCore);

/// What is extracted from a request that passed a layer.
trait Extracted: Sized {
    fn of_visit(visit: &Visit) -> Result<Self, ConvertRejection>;
}

impl Extracted for ConvertContext {
    fn of_visit(visit: &Visit) -> Result<Self, ConvertRejection> {
        let context = visit.context().ok_or(ConvertRejection::AsyncStore)?;
        Ok(Self { context, visitor: visit.visitor().clone() })
    }
}

impl Extracted for AsyncConvertContext {
    fn of_visit(visit: &Visit) -> Result<Self, ConvertRejection> {
        Ok(Self { context: visit.async_context(), visitor: visit.visitor().clone() })
    }
}

fn from_parts<T: Extracted>(parts: &mut Parts) -> Result<T, ConvertRejection> {
    let arrival = Arrival::of(&parts.extensions).ok_or(ConvertRejection::MissingLayer)?;
    T::of_visit(arrival.ask(parts)?)
}

fn from_extensions<T: Extracted>(extensions: &Extensions) -> Result<T, ConvertRejection> {
    let arrival = Arrival::of(extensions).ok_or(ConvertRejection::MissingLayer)?;
    T::of_visit(arrival.ask_prepared()?)
}

/// `None` where there was no layer: that is what an optional extractor is for. Any other mistake is still told.
fn optional<T>(result: Result<T, ConvertRejection>) -> Result<Option<T>, ConvertRejection> {
    match result {
        Ok(extracted) => Ok(Some(extracted)),
        Err(ConvertRejection::MissingLayer) => Ok(None),
        Err(rejection) => Err(rejection),
    }
}

impl ConvertContext {
    /// The context of a request's head, for services without extractors.
    ///
    /// # Errors
    /// [`ConvertRejection`] where the app is put together wrongly.
    pub fn from_parts(parts: &mut Parts) -> Result<Self, ConvertRejection> {
        from_parts(parts)
    }

    /// The context of a request whose head is out of reach; needs
    /// [`prepare_early`](crate::ConvertLayer::prepare_early).
    ///
    /// # Errors
    /// [`ConvertRejection`] where the app is put together wrongly.
    pub fn from_extensions(extensions: &Extensions) -> Result<Self, ConvertRejection> {
        from_extensions(extensions)
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
    /// The context of a request's head, for services without extractors.
    ///
    /// # Errors
    /// [`ConvertRejection`] where the app is put together wrongly.
    pub fn from_parts(parts: &mut Parts) -> Result<Self, ConvertRejection> {
        from_parts(parts)
    }

    /// The context of a request whose head is out of reach; needs
    /// [`prepare_early`](crate::ConvertLayer::prepare_early).
    ///
    /// # Errors
    /// [`ConvertRejection`] where the app is put together wrongly.
    pub fn from_extensions(extensions: &Extensions) -> Result<Self, ConvertRejection> {
        from_extensions(extensions)
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

impl Deref for ConvertCore {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.0
    }
}

impl Deref for AsyncConvertCore {
    type Target = AsyncCore;

    fn deref(&self) -> &AsyncCore {
        &self.0
    }
}

impl ConvertCore {
    fn from_parts(parts: &Parts) -> Result<Self, ConvertRejection> {
        let arrival = Arrival::of(&parts.extensions).ok_or(ConvertRejection::MissingLayer)?;
        arrival.shared().cores.synchronous().cloned().map(Self).ok_or(ConvertRejection::AsyncStore)
    }
}

impl AsyncConvertCore {
    fn from_parts(parts: &Parts) -> Result<Self, ConvertRejection> {
        let arrival = Arrival::of(&parts.extensions).ok_or(ConvertRejection::MissingLayer)?;
        Ok(Self(arrival.shared().cores.asynchronous().clone()))
    }
}

macro_rules! extractor {
    ($extractor:ident) => {
        impl<S: Send + Sync> FromRequestParts<S> for $extractor {
            type Rejection = ConvertRejection;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ConvertRejection> {
                Self::from_parts(parts)
            }
        }

        impl<S: Send + Sync> OptionalFromRequestParts<S> for $extractor {
            type Rejection = ConvertRejection;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, ConvertRejection> {
                optional(Self::from_parts(parts))
            }
        }
    };
}

extractor!(ConvertContext);
extractor!(AsyncConvertContext);
extractor!(ConvertCore);
extractor!(AsyncConvertCore);
