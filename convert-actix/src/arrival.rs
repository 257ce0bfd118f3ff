//! A request on its way: what the middleware leaves in its extensions.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::sync::Arc;

use actix_web::http::header::{HeaderMap, HeaderValue, SET_COOKIE};
use actix_web::{HttpMessage, HttpRequest};
use convert_core::web::{Cores, Visit};

use crate::error::ConvertError;
use crate::middleware::Shared;
use crate::request;

/// Shared by the request's extensions and the response's future. Empty until somebody asks for a context.
#[derive(Clone)]
pub(crate) struct Arrival {
    inner: Rc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    visit: OnceCell<Visit>,
    /// Whether the functions of the app are being asked about the request.
    asking: Cell<bool>,
}

impl Arrival {
    /// Leaves a place for the visitor in the request; `None` where the same middleware did so before.
    pub(crate) fn enter(shared: &Arc<Shared>, request: &impl HttpMessage) -> Option<Self> {
        let mut extensions = request.extensions_mut();
        let is_same = |outer: &Self| Arc::ptr_eq(&outer.inner.shared, shared);
        if extensions.get::<Self>().is_some_and(is_same) {
            return None;
        }
        let inner = Inner { shared: Arc::clone(shared), visit: OnceCell::new(), asking: Cell::new(false) };
        let arrival = Self { inner: Rc::new(inner) };
        extensions.insert(arrival.clone());
        Some(arrival)
    }

    /// The innermost middleware's.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, ConvertError> {
        request.extensions().get::<Self>().cloned().ok_or(ConvertError::MissingMiddleware)
    }

    pub(crate) fn cores(&self) -> &Cores {
        &self.inner.shared.cores
    }

    /// The visit of the request. The response keeps its visitor from now on.
    ///
    /// # Errors
    /// [`ConvertError::Reentrant`] where a function of the app asks that is itself asked about the request.
    pub(crate) fn ask(&self, request: &HttpRequest) -> Result<&Visit, ConvertError> {
        let Inner { shared, visit, asking } = &*self.inner;
        if let Some(visit) = visit.get() {
            return Ok(visit);
        }
        let _asking = Asking::begin(asking).ok_or(ConvertError::Reentrant)?;
        let found = request::visit(shared, request);
        Ok(visit.get_or_init(|| found))
    }

    /// Has a request that asked for nothing ask now, where the app wants that.
    pub(crate) fn mint(&self, request: &HttpRequest) {
        if self.inner.shared.settings.mints_always() {
            // No function of the app is running now, so nothing is in the way.
            let _ = self.ask(request);
        }
    }

    /// Sets the visitor's cookie where the request got a new visitor, unless the app sets it itself.
    pub(crate) fn leave(&self, headers: &mut HeaderMap) {
        let Some(visit) = self.inner.visit.get().filter(|visit| visit.visitor().needs_cookie()) else { return };
        let cookie = self.inner.shared.settings.visitor_cookie();
        if headers.get_all(SET_COOKIE).any(|set| cookie.is_set_by(set.as_bytes())) {
            return;
        }
        // Cookie settings and minted ids have visible ASCII only, so this is always a header.
        if let Ok(mut value) = HeaderValue::from_str(&cookie.set_cookie(visit.visitor().id())) {
            value.set_sensitive(true);
            headers.append(SET_COOKIE, value);
        }
    }
}

/// The time in which functions of the app are asked. Ends with a panic of theirs, too.
struct Asking<'a>(&'a Cell<bool>);

impl<'a> Asking<'a> {
    /// `None` where they are being asked already.
    fn begin(asking: &'a Cell<bool>) -> Option<Self> {
        (!asking.replace(true)).then(|| Self(asking))
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}
