//! The middleware, and what it can be told.

use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::{Error, HttpRequest};
use convert_core::Attributes;
use convert_core::web::{Cores, Framework, Functions, Settings, VisitorCookie};

use crate::service::ConvertService;

/// Gives every request its visitor.
///
/// Make it once, outside of the app's factory, and give each worker's app a clone: all of them share one state. Wrap it
/// around everything that may ask for a context, authentication and sessions included: what it is told about a request is
/// asked when a handler first wants a context, so functions see what inner middleware left in the request's extensions. They
/// cannot ask for a context themselves.
/// A request whose handler asks for nothing costs no evaluation, no store access, no event and no cookie.
///
/// ```
/// use actix_web::{App, HttpRequest, HttpServer, web};
/// use convert_actix::{ConvertContext, ConvertMiddleware, core::Core, global_privacy_control};
///
/// async fn pricing(convert: ConvertContext) -> String {
///     let page = convert.run_experience("pricing-page");
///     page.map_or("usual".to_owned(), |decision| decision.variation_key().to_owned())
/// }
///
/// # fn server(core: &Core) {
/// let convert = ConvertMiddleware::new(core)
///     .visitor_id(|request: &HttpRequest| request.headers().get("x-account")?.to_str().ok().map(str::to_owned))
///     .attributes(|request| {
///         // Values are owned; what is not known is left out.
///         let plan = request.headers().get("x-plan").and_then(|plan| plan.to_str().ok());
///         plan.map(|plan| ("plan", plan.to_owned()))
///     })
///     .consent(|request| !global_privacy_control(request));
/// let server = HttpServer::new(move || App::new().wrap(convert.clone()).route("/pricing", web::get().to(pricing)));
/// # drop(server);
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct ConvertMiddleware {
    shared: Arc<Shared>,
}

/// actix-web: what its requests are.
#[derive(Clone)]
pub(crate) enum Actix {}

impl Framework for Actix {
    type Request<'r> = HttpRequest;
}

/// What all requests of all workers share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) cores: Cores,
    pub(crate) settings: Settings,
    pub(crate) functions: Functions<Actix>,
}

impl ConvertMiddleware {
    /// A middleware over a [`Core`](convert_core::Core) or an [`AsyncCore`](convert_core::AsyncCore), owned or borrowed: both
    /// are handles.
    pub fn new(core: impl Into<Cores>) -> Self {
        Self {
            shared: Arc::new(Shared { cores: core.into(), settings: Settings::new(), functions: Functions::default() }),
        }
    }

    /// Who the visitor is, where the app knows: the id of an account, for instance. `None`, or white space only, leaves
    /// it to the cookie. An id that a client could choose should pass
    /// [`is_visitor_id`](convert_core::web::is_visitor_id).
    pub fn visitor_id<Id: Into<Arc<str>>>(
        self,
        visitor_id: impl Fn(&HttpRequest) -> Option<Id> + Send + Sync + 'static,
    ) -> Self {
        self.tell(|functions| functions.visitor_id(visitor_id))
    }

    /// What is known of the visitor, for audiences. What is named `country`, `browser`, `devices`, `source`, `campaign`,
    /// `visitorType` or `customSegments` is a report segment too: stored with the visitor, and sent with events. Leave out
    /// what is not known, rather than tell an empty text. Each request's first decision or conversion stores what it is
    /// told over what is stored: a segment that handlers set with `set_default_segments` is not for this function to tell.
    pub fn attributes<A: Into<Attributes>>(
        self,
        attributes: impl Fn(&HttpRequest) -> A + Send + Sync + 'static,
    ) -> Self {
        self.tell(|functions| functions.attributes(attributes))
    }

    /// Where the visitor is, for locations; [`request_location`](crate::request_location) by default.
    pub fn location<A: Into<Attributes>>(self, location: impl Fn(&HttpRequest) -> A + Send + Sync + 'static) -> Self {
        self.tell(|functions| functions.location(location))
    }

    /// Tells contexts no location: calls that need one say it themselves.
    pub fn no_location(self) -> Self {
        self.tell(Functions::no_location)
    }

    /// Whether the visitor agreed to be followed; yes by default. Without consent there is no cookie, nothing is stored
    /// and no event is sent: each request decides under an id of its own.
    ///
    /// [`do_not_track`](crate::do_not_track) and [`global_privacy_control`](crate::global_privacy_control) are both true where
    /// the browser **refuses**: `.consent(|request| has_agreed(request) && !do_not_track(request) && !global_privacy_control(request))`.
    pub fn consent(self, consent: impl Fn(&HttpRequest) -> bool + Send + Sync + 'static) -> Self {
        self.tell(|functions| functions.consent(consent))
    }

    /// The cookie that keeps the visitor's id.
    pub fn cookie(self, cookie: VisitorCookie) -> Self {
        self.with(|settings| settings.cookie(cookie))
    }

    /// The cookie of a request, where it is not the same for all: one for each tenant, for instance. The first that
    /// [browsers would drop](VisitorCookie::check) is warned of.
    pub fn cookie_with(self, cookie: impl Fn(&HttpRequest) -> VisitorCookie + Send + Sync + 'static) -> Self {
        self.tell(|functions| functions.cookie(cookie))
    }

    /// Whether `?convert_preview={experience id}.{variation id}` shows a variation; false by default. Such a link works
    /// for whoever has it; see [`preview_when`](Self::preview_when).
    ///
    /// Where the served config does not have the experience, as with a draft, the first request with the link is answered as
    /// without it, and has the experience fetched. Once that is there, the link shows it, for 60 seconds.
    pub fn preview(self, preview: bool) -> Self {
        self.with(|settings| settings.preview(preview))
    }

    /// Whether such a link works in this request: for staff alone, for instance. Goes before [`preview`](Self::preview).
    pub fn preview_when(self, preview: impl Fn(&HttpRequest) -> bool + Send + Sync + 'static) -> Self {
        self.tell(|functions| functions.preview(preview))
    }

    /// Whether `?convert_force={experience id}.{variation id}` forces a variation of an experience that the visitor
    /// qualifies for, without storing or tracking it; false by default. Several can be given.
    pub fn forced_variations(self, forced_variations: bool) -> Self {
        self.with(|settings| settings.forced_variations(forced_variations))
    }

    /// Whether requests that ask for no context get a visitor, and its cookie, too; false by default. They ask when their
    /// response is there. Where an inner middleware fails with an [`Error`] before anybody asked, there is no request left
    /// to ask about, and no cookie.
    pub fn mint_always(self, mint_always: bool) -> Self {
        self.with(|settings| settings.mint_always(mint_always))
    }

    /// Whether a response to a request that asked for a context, or one that sets the visitor's cookie, says
    /// `Cache-Control: private` where it says nothing of caches itself; true by default. With false the app keeps such
    /// responses out of [caches that others share](crate::guide#caches-and-cdns).
    pub fn private_responses(self, private_responses: bool) -> Self {
        self.with(|settings| settings.private_responses(private_responses))
    }

    /// All settings that no function takes part in, at once.
    pub fn settings(self, settings: Settings) -> Self {
        self.with(|_| settings)
    }

    fn tell(mut self, tell: impl FnOnce(&mut Functions<Actix>)) -> Self {
        tell(&mut self.shared().functions);
        self
    }

    fn with(mut self, change: impl FnOnce(Settings) -> Settings) -> Self {
        let shared = self.shared();
        shared.settings = change(std::mem::take(&mut shared.settings));
        self
    }

    /// Clones only where the middleware was cloned before it was told this.
    fn shared(&mut self) -> &mut Shared {
        Arc::make_mut(&mut self.shared)
    }
}

impl<S, B> Transform<S, ServiceRequest> for ConvertMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = ConvertService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(ConvertService::new(inner, Arc::clone(&self.shared))))
    }
}

impl fmt::Debug for ConvertMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConvertMiddleware")
            .field("cores", &self.shared.cores)
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}
