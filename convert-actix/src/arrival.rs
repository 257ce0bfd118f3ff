//! A request on its way: what the middleware leaves in its extensions.

use std::cell::OnceCell;
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
}

impl Arrival {
    /// Leaves a place for the visitor in the request; `None` where the same middleware did so before.
    pub(crate) fn enter(shared: &Arc<Shared>, request: &impl HttpMessage) -> Option<Self> {
        let mut extensions = request.extensions_mut();
        let is_same = |outer: &Self| Arc::ptr_eq(&outer.inner.shared, shared);
        if extensions.get::<Self>().is_some_and(is_same) {
            return None;
        }
        let inner = Inner { shared: Arc::clone(shared), visit: OnceCell::new() };
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
    pub(crate) fn ask(&self, request: &HttpRequest) -> &Visit {
        if let Some(visit) = self.inner.visit.get() {
            return visit;
        }
        // Functions of the app run here: one that asks for a context itself has asked first.
        let visit = request::visit(&self.inner.shared, request);
        self.inner.visit.get_or_init(|| visit)
    }

    /// Has a request that asked for nothing ask now, where the app wants that.
    pub(crate) fn mint(&self, request: &HttpRequest) {
        if self.inner.shared.settings.mints_always() {
            self.ask(request);
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
