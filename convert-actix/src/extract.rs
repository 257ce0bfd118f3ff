//! The extractors.

use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::{FromRequest, HttpRequest};
use convert_core::web::Visitor;
use convert_core::{AsyncContext, AsyncCore, Context, Core};

use crate::arrival::Arrival;
use crate::error::ConvertError;

/// The context of the request's visitor: extract it, and call the methods of [`Context`] on it.
///
/// All extractions of one request share one context. It is cheap to clone and `Send`, and may go into spawned tasks and
/// streams that outlive the handler; the visitor's cookie is set with the response's head, so extract it before.
///
/// `Option<ConvertContext>` is `None`, and `Result<ConvertContext, ConvertError>` says why, where the app is put together
/// wrongly.
///
/// ```
/// use convert_actix::ConvertContext;
///
/// async fn handler(convert: ConvertContext) -> String {
///     actix_web::rt::spawn({
///         let convert = convert.clone();
///         async move { convert.track_conversion("visited") }
///     });
///     format!("hello, {}", convert.visitor_id())
/// }
/// # let _ = actix_web::web::get().to(handler);
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

/// The core that the middleware was given.
#[derive(Clone, Debug)]
pub struct ConvertCore(pub Core);

/// The core that the middleware was given, for asynchronous code.
#[derive(Clone, Debug)]
pub struct AsyncConvertCore(pub AsyncCore);

/// The contexts of a request, for other middleware and wherever else there is no extractor.
///
/// ```
/// use actix_web::body::MessageBody;
/// use actix_web::dev::{ServiceRequest, ServiceResponse};
/// use actix_web::{App, Error, middleware::{Next, from_fn}};
/// use convert_actix::{ConvertExt, ConvertMiddleware, core::Core};
///
/// async fn meter(request: ServiceRequest, next: Next<impl MessageBody>) -> Result<ServiceResponse<impl MessageBody>, Error> {
///     let convert = request.convert_context()?;
///     let response = next.call(request).await?;
///     if response.status().is_success() {
///         convert.track_conversion("served");
///     }
///     Ok(response)
/// }
///
/// # fn app(core: &Core) {
/// // What is wrapped last is outermost: the request meets ConvertMiddleware first.
/// let app = App::new().wrap(from_fn(meter)).wrap(ConvertMiddleware::new(core));
/// # drop(app);
/// # }
/// ```
pub trait ConvertExt {
    /// The context of the request's visitor.
    ///
    /// # Errors
    /// [`ConvertError`] where the app is put together wrongly.
    fn convert_context(&self) -> Result<ConvertContext, ConvertError>;

    /// The context of the request's visitor, for asynchronous code.
    ///
    /// # Errors
    /// [`ConvertError`] where the app is put together wrongly.
    fn async_convert_context(&self) -> Result<AsyncConvertContext, ConvertError>;
}

impl ConvertExt for HttpRequest {
    fn convert_context(&self) -> Result<ConvertContext, ConvertError> {
        let arrival = Arrival::of(self)?;
        let visit = arrival.ask(self)?;
        let context = visit.context().ok_or(ConvertError::AsyncStore)?;
        Ok(ConvertContext { context, visitor: visit.visitor().clone() })
    }

    fn async_convert_context(&self) -> Result<AsyncConvertContext, ConvertError> {
        let arrival = Arrival::of(self)?;
        let visit = arrival.ask(self)?;
        Ok(AsyncConvertContext { context: visit.async_context(), visitor: visit.visitor().clone() })
    }
}

impl ConvertExt for ServiceRequest {
    fn convert_context(&self) -> Result<ConvertContext, ConvertError> {
        self.request().convert_context()
    }

    fn async_convert_context(&self) -> Result<AsyncConvertContext, ConvertError> {
        self.request().async_convert_context()
    }
}

impl ConvertContext {
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

impl ConvertCore {
    fn of(request: &HttpRequest) -> Result<Self, ConvertError> {
        Arrival::of(request)?.cores().synchronous().cloned().map(Self).ok_or(ConvertError::AsyncStore)
    }
}

impl AsyncConvertCore {
    fn of(request: &HttpRequest) -> Result<Self, ConvertError> {
        Ok(Self(Arrival::of(request)?.cores().asynchronous().clone()))
    }
}

macro_rules! extractor {
    ($extractor:ident => $target:ident, $field:tt, $extract:path) => {
        impl Deref for $extractor {
            type Target = $target;

            fn deref(&self) -> &$target {
                &self.$field
            }
        }

        impl FromRequest for $extractor {
            type Error = ConvertError;
            type Future = Ready<Result<Self, ConvertError>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                ready($extract(request))
            }
        }
    };
}

extractor!(ConvertContext => Context, context, ConvertExt::convert_context);
extractor!(AsyncConvertContext => AsyncContext, context, ConvertExt::async_convert_context);
extractor!(ConvertCore => Core, 0, ConvertCore::of);
extractor!(AsyncConvertCore => AsyncCore, 0, AsyncConvertCore::of);
