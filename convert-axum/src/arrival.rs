//! A request on its way: what the layer leaves in its extensions.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use convert_core::web::{Visit, VisitOnce, Visitor, VisitorCookie};
use http::header::{CACHE_CONTROL, COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use http::request::Parts;
use http::{Extensions, Uri};

use crate::layer::Shared;
use crate::rejection::ConvertRejection;
use crate::request;

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
    visit: VisitOnce,
    /// The new visitor, if one was made, for layers further in that have the same cookie.
    minted: OnceLock<Visitor>,
    /// Who it is that gets a cookie without asking.
    unasked: OnceLock<Visitor>,
    /// Whether a visitor was asked for, so that the response keeps it and is for that visitor alone.
    asked: AtomicBool,
}

impl Arrival {
    /// Leaves a place for the visitor in the request.
    pub(crate) fn enter(shared: &Arc<Shared>, parts: &mut Parts, outer: Option<Self>) -> Self {
        let arrival = Self {
            inner: Arc::new(Inner {
                shared: Arc::clone(shared),
                uri: parts.uri.clone(),
                outer,
                visit: VisitOnce::default(),
                minted: OnceLock::new(),
                unasked: OnceLock::new(),
                asked: AtomicBool::new(false),
            }),
        };
        parts.extensions.insert(arrival.clone());
        if shared.prepare_early {
            // No function of the app is running now, so nothing is in the way.
            let _ = arrival.prepare(parts);
        } else if shared.settings.mints_always() {
            // When the response comes the request is gone, and with it whoever could say more.
            let Inner { visit, unasked, .. } = &*arrival.inner;
            unasked.get_or_init(|| visit.asking(|| arrival.identify(parts)));
        }
        arrival
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
    fn prepare(&self, parts: &mut Parts) -> Result<&Visit, ConvertRejection> {
        let Inner { uri, visit, .. } = &*self.inner;
        let found = visit.get_or_find(|| {
            if parts.uri == *uri {
                return self.visit(parts);
            }
            // Functions of the app see the URI that the visitor asked for.
            let shortened = std::mem::replace(&mut parts.uri, uri.clone());
            let found = self.visit(parts);
            parts.uri = shortened;
            found
        });
        found.ok_or(ConvertRejection::Reentrant)
    }

    fn visit(&self, parts: &Parts) -> Visit {
        let Shared { cores, settings, functions, .. } = &*self.inner.shared;
        functions.visit(parts, self.identify(parts), request::url(parts), settings, cores)
    }

    fn identify(&self, parts: &Parts) -> Visitor {
        let (functions, cookie) = (&self.inner.shared.functions, self.cookie(parts));
        let visitor = functions.identify(parts, cookie, parts.headers.get_all(COOKIE));
        visitor.or_minted_before(self.minted(parts, cookie))
    }

    /// Where the outermost layer with the same cookie keeps the visitor that was made: one for all of them.
    fn minted(&self, parts: &Parts, cookie: &VisitorCookie) -> &OnceLock<Visitor> {
        let mut found = self;
        let mut next = self.inner.outer.as_ref();
        while let Some(outer) = next {
            if outer.cookie(parts).has_name_of(cookie) {
                found = outer;
            }
            next = outer.inner.outer.as_ref();
        }
        &found.inner.minted
    }

    fn cookie(&self, parts: &Parts) -> &VisitorCookie {
        let Inner { shared, visit, .. } = &*self.inner;
        visit.cookie(parts, &shared.functions, &shared.settings)
    }

    /// The visit of the request. The response keeps its visitor from now on.
    ///
    /// # Errors
    /// [`ConvertRejection::Reentrant`] where a function of the app asks that is itself asked about the request.
    pub(crate) fn ask(&self, parts: &mut Parts) -> Result<&Visit, ConvertRejection> {
        let visit = self.prepare(parts)?;
        self.mark_asked();
        Ok(visit)
    }

    /// The visit, where it was prepared or asked for before.
    ///
    /// # Errors
    /// [`ConvertRejection::NotPrepared`] where it was not, [`ConvertRejection::Reentrant`] as above.
    pub(crate) fn ask_prepared(&self) -> Result<&Visit, ConvertRejection> {
        let place = &self.inner.visit;
        let unprepared = || match place.is_asking() {
            true => ConvertRejection::Reentrant,
            false => ConvertRejection::NotPrepared,
        };
        let visit = place.get().ok_or_else(unprepared)?;
        self.mark_asked();
        Ok(visit)
    }

    fn mark_asked(&self) {
        self.inner.asked.store(true, Ordering::Relaxed);
    }

    /// Leaves in the response what the visitor asks of it. What the app says itself stays as it is.
    pub(crate) fn leave(&self, headers: &mut HeaderMap) {
        let Inner { shared, visit, unasked, asked, .. } = &*self.inner;
        let Some(visitor) = visit.get().map(Visit::visitor).or(unasked.get()) else { return };
        let asked = asked.load(Ordering::Relaxed);
        let keeps = visitor.needs_cookie() && (asked || shared.settings.mints_always());
        if keeps {
            self.set_cookie(visitor, headers);
        }
        let private = shared.settings.cache_control().filter(|_| asked || keeps);
        if let Some(value) = private {
            headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static(value));
        }
    }

    fn set_cookie(&self, visitor: &Visitor, headers: &mut HeaderMap) {
        let cookie = self.inner.visit.known_cookie(&self.inner.shared.settings);
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
