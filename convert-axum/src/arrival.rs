//! A request on its way: what the layer leaves in its extensions.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use convert_core::web::{Visit, Visitor, VisitorCookie};
use http::header::{CACHE_CONTROL, HeaderMap, HeaderValue, SET_COOKIE};
use http::request::Parts;
use http::{Extensions, Uri};

use crate::layer::Shared;

/// Shared by the request's extensions and the response's future. Empty until somebody asks for a context.
#[derive(Clone)]
pub(crate) struct Arrival {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    /// The URI that the layer saw; routers that nest shorten the request's own.
    uri: Uri,
    /// That of the next layer further out.
    outer: Option<Arrival>,
    visit: OnceLock<Visit>,
    /// The new visitor, if one was made, for layers further in that have the same cookie.
    minted: OnceLock<Visitor>,
    /// Whether a visitor was asked for, so that the response keeps it and is for that visitor alone.
    asked: AtomicBool,
}

impl Arrival {
    pub(crate) fn new(shared: &Arc<Shared>, uri: &Uri, outer: Option<Self>) -> Self {
        let (shared, uri, asked) = (Arc::clone(shared), uri.clone(), AtomicBool::new(false));
        let (visit, minted) = (OnceLock::new(), OnceLock::new());
        Self { inner: Arc::new(Inner { shared, uri, outer, visit, minted, asked }) }
    }

    /// The innermost layer's.
    pub(crate) fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get::<Self>().cloned()
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    /// Whether both come from the same layer, put around a request twice.
    pub(crate) fn is_of(&self, shared: &Arc<Shared>) -> bool {
        Arc::ptr_eq(&self.inner.shared, shared)
    }

    /// Finds out who the request comes from, without asking for it.
    pub(crate) fn prepare(&self, parts: &mut Parts) -> &Visit {
        if let Some(visit) = self.inner.visit.get() {
            return visit;
        }
        let Inner { shared, uri, visit, .. } = &*self.inner;
        let found = if parts.uri == *uri {
            shared.visit(parts, self.minted())
        } else {
            // Functions of the app see the URI that the visitor asked for.
            let shortened = std::mem::replace(&mut parts.uri, uri.clone());
            let found = shared.visit(parts, self.minted());
            parts.uri = shortened;
            found
        };
        visit.get_or_init(|| found)
    }

    /// Where the outermost layer with the same cookie keeps the visitor that was made: one for all of them.
    fn minted(&self) -> &OnceLock<Visitor> {
        let mut found = self;
        let mut next = self.inner.outer.as_ref();
        while let Some(outer) = next {
            if outer.cookie().has_name_of(self.cookie()) {
                found = outer;
            }
            next = outer.inner.outer.as_ref();
        }
        &found.inner.minted
    }

    fn cookie(&self) -> &VisitorCookie {
        self.inner.shared.settings.visitor_cookie()
    }

    /// The visit of the request. The response keeps its visitor from now on.
    pub(crate) fn ask(&self, parts: &mut Parts) -> &Visit {
        self.mark_asked();
        self.prepare(parts)
    }

    /// The visit, where it was prepared or asked for before.
    pub(crate) fn ask_prepared(&self) -> Option<&Visit> {
        let visit = self.inner.visit.get()?;
        self.mark_asked();
        Some(visit)
    }

    fn mark_asked(&self) {
        self.inner.asked.store(true, Ordering::Relaxed);
    }

    /// Leaves in the response what the visitor asks of it. What the app says itself stays as it is.
    pub(crate) fn leave(&self, headers: &mut HeaderMap) {
        let Some(visit) = self.inner.visit.get() else { return };
        let (settings, asked) = (&self.inner.shared.settings, self.inner.asked.load(Ordering::Relaxed));
        let keeps = visit.visitor().needs_cookie() && (asked || settings.mints_always());
        if keeps {
            self.set_cookie(visit.visitor(), headers);
        }
        let private = settings.cache_control().filter(|_| asked || keeps);
        if let Some(value) = private {
            headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static(value));
        }
    }

    fn set_cookie(&self, visitor: &Visitor, headers: &mut HeaderMap) {
        let cookie = self.cookie();
        if headers.get_all(SET_COOKIE).iter().any(|set| cookie.is_set_by(set.as_bytes())) {
            return;
        }
        // Cookie settings and minted ids have visible ASCII only, so this is always a header.
        if let Ok(mut value) = HeaderValue::from_str(&cookie.set_cookie(visitor.id())) {
            value.set_sensitive(true);
            headers.append(SET_COOKIE, value);
        }
    }
}
