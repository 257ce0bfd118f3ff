//! A request on its way: what the fairing and the guards leave in its local cache.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use convert_core::web::{Visit, VisitOnce, Visitor};
use rocket::{Request, Response};

use crate::guard::{AsyncConvertContext, ConvertContext};
use crate::lifespan::UnderWay;
use crate::rejection::ConvertRejection;
use crate::request;
use crate::shared::Shared;

/// Dropped with its request, when the response's last byte is sent or the client is gone.
pub(crate) struct Arrival {
    /// Who was asked for; the response keeps that visitor.
    visit: VisitOnce,
    context: OnceLock<ConvertContext>,
    async_context: OnceLock<AsyncConvertContext>,
    under_way: UnderWay,
}

impl Arrival {
    /// That of a request, from now on under way.
    pub(crate) fn of<'r>(request: &'r Request<'_>, shared: &Arc<Shared>) -> &'r Self {
        request.local_cache(|| Self {
            visit: VisitOnce::default(),
            context: OnceLock::new(),
            async_context: OnceLock::new(),
            under_way: UnderWay::begin(shared),
        })
    }

    fn shared(&self) -> &Shared {
        self.under_way.shared()
    }

    /// Finds out who the request comes from. The response keeps the visitor from now on.
    ///
    /// # Errors
    /// [`ConvertRejection::Reentrant`] where a function of the app asks that is itself asked about the request.
    fn ask(&self, request: &Request<'_>) -> Result<&Visit, ConvertRejection> {
        let found = self.visit.get_or_find(|| {
            let shared = self.shared();
            request::visit(request, shared, self.visit.cookie(request, &shared.functions, &shared.settings))
        });
        found.ok_or(ConvertRejection::Reentrant)
    }

    /// Has a request that asked for nothing ask now, where the app wants that. Rocket contains the panics of guards and
    /// handlers, but not those of fairings: a function of the app that panics here must not cost the response.
    fn mint(&self, request: &Request<'_>) {
        let asked = || {
            // No function of the app is running now, so nothing is in the way.
            let _ = self.ask(request);
        };
        if self.shared().settings.mints_always() && catch_unwind(AssertUnwindSafe(asked)).is_err() {
            tracing::error!(target: "convert", "a function of the fairing panicked; the response sets no visitor's cookie");
        }
    }

    pub(crate) fn context(&self, request: &Request<'_>) -> Result<&ConvertContext, ConvertRejection> {
        let visit = self.ask(request)?;
        if let Some(context) = self.context.get() {
            return Ok(context);
        }
        let context = visit.context().ok_or(ConvertRejection::AsyncStore)?;
        Ok(self.context.get_or_init(|| ConvertContext::new(context, visit.visitor().clone())))
    }

    pub(crate) fn async_context(&self, request: &Request<'_>) -> Result<&AsyncConvertContext, ConvertRejection> {
        let visit = self.ask(request)?;
        let context = || AsyncConvertContext::new(visit.async_context(), visit.visitor().clone());
        Ok(self.async_context.get_or_init(context))
    }

    /// Leaves in the response what the visitor asks of it. A request that asked for nothing asks now, where the app wants
    /// that, and has its response marked as the visitor's only if that sets the cookie. What the app says itself stays as
    /// it is.
    pub(crate) fn leave(&self, request: &Request<'_>, response: &mut Response<'_>) {
        let asked = self.visit.get().is_some();
        self.mint(request);
        let Some(visit) = self.visit.get() else { return };
        let keeps = visit.visitor().needs_cookie();
        if keeps {
            self.set_cookie(visit.visitor(), response);
        }
        let private = self.shared().settings.cache_control().filter(|_| asked || keeps);
        if let Some(value) = private.filter(|_| !response.headers().contains("Cache-Control")) {
            response.set_raw_header("Cache-Control", value);
        }
    }

    /// As a header: Rocket has taken the jar's cookies by now.
    fn set_cookie(&self, visitor: &Visitor, response: &mut Response<'_>) {
        let cookie = self.visit.known_cookie(&self.shared().settings);
        if !response.headers().get("Set-Cookie").any(|set| cookie.is_set_by(set.as_bytes())) {
            response.adjoin_raw_header("Set-Cookie", cookie.set_cookie(visitor.id()));
        }
    }
}
