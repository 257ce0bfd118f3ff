//! A request on its way: what the middleware leaves in its extensions.

use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use actix_web::dev::ServiceResponse;
use actix_web::http::header::{CACHE_CONTROL, COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use convert_core::web::{Cores, Visit, VisitOnce, Visitor, VisitorCookie};

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
    /// That of the next middleware further out.
    outer: Option<Arrival>,
    visit: VisitOnce,
    /// The new visitor, if one was made, for middlewares further in that have the same cookie.
    minted: OnceLock<Visitor>,
}

impl Arrival {
    /// Leaves a place for the visitor in the request; `None` where the same middleware did so before.
    pub(crate) fn enter(shared: &Arc<Shared>, request: &impl HttpMessage) -> Option<Self> {
        let mut extensions = request.extensions_mut();
        let outer = extensions.get::<Self>().cloned();
        if outer.as_ref().is_some_and(|outer| Arc::ptr_eq(&outer.inner.shared, shared)) {
            return None;
        }
        let (shared, visit, minted) = (Arc::clone(shared), VisitOnce::default(), OnceLock::new());
        let arrival = Self { inner: Rc::new(Inner { shared, outer, visit, minted }) };
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
        self.inner.visit.get_or_find(|| self.visit(request)).ok_or(ConvertError::Reentrant)
    }

    fn visit(&self, request: &HttpRequest) -> Visit {
        let (Shared { cores, settings, functions }, cookie) = (&*self.inner.shared, self.cookie(request));
        let visitor = functions.identify(request, cookie, request.headers().get_all(COOKIE));
        let visitor = visitor.or_minted_before(self.minted(request, cookie));
        functions.visit(request, visitor, request::url(request), settings, cores)
    }

    /// Where the outermost middleware with the same cookie keeps the visitor that was made: one for all of them.
    fn minted(&self, request: &HttpRequest, cookie: &VisitorCookie) -> &OnceLock<Visitor> {
        let mut found = self;
        let mut next = self.inner.outer.as_ref();
        while let Some(outer) = next {
            if outer.cookie(request).has_name_of(cookie) {
                found = outer;
            }
            next = outer.inner.outer.as_ref();
        }
        &found.inner.minted
    }

    fn cookie(&self, request: &HttpRequest) -> &VisitorCookie {
        let Inner { shared, visit, .. } = &*self.inner;
        visit.cookie(request, &shared.functions, &shared.settings)
    }

    /// Leaves in the response what the visitor asks of it. A request that asked for nothing asks now, where the app wants
    /// that, and has its response marked as the visitor's only if that sets the cookie.
    pub(crate) fn leave_in<B>(&self, response: &mut ServiceResponse<B>) {
        let asked = self.inner.visit.get().is_some();
        if self.inner.shared.settings.mints_always() {
            // No function of the app is running now, so nothing is in the way.
            let _ = self.ask(response.request());
        }
        self.leave(response.headers_mut(), asked);
    }

    /// The same for a response that is made of an error.
    pub(crate) fn leave_in_error<B>(&self, response: &mut HttpResponse<B>) {
        self.leave(response.headers_mut(), true);
    }

    /// What the app says itself stays as it is.
    fn leave(&self, headers: &mut HeaderMap, asked: bool) {
        let Some(visit) = self.inner.visit.get() else { return };
        let keeps = visit.visitor().needs_cookie();
        if keeps {
            self.set_cookie(visit.visitor(), headers);
        }
        let private = self.inner.shared.settings.cache_control().filter(|_| asked || keeps);
        if let Some(value) = private.filter(|_| !headers.contains_key(CACHE_CONTROL)) {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(value));
        }
    }

    fn set_cookie(&self, visitor: &Visitor, headers: &mut HeaderMap) {
        let cookie = self.inner.visit.known_cookie(&self.inner.shared.settings);
        if headers.get_all(SET_COOKIE).any(|set| cookie.is_set_by(set.as_bytes())) {
            return;
        }
        // Cookie settings and minted ids have visible ASCII only, so this is always a header.
        if let Ok(mut value) = HeaderValue::from_str(&cookie.set_cookie(visitor.id())) {
            value.set_sensitive(true);
            headers.append(SET_COOKIE, value);
        }
    }
}
