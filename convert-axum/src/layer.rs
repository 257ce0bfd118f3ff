//! The layer, and what it can be told.

use std::fmt;
use std::sync::Arc;

use convert_core::Attributes;
use convert_core::web::{Cores, Framework, Functions, Settings, VisitorCookie};
use http::request::Parts;
use tower_layer::Layer;

use crate::service::ConvertService;

/// Gives every request its visitor.
///
/// Wrap it around everything that may ask for a context, authentication and sessions included: what it is told about a
/// request is asked when a handler first wants a context, so functions see what inner layers left in the request's
/// extensions. They cannot ask for a context themselves. Handlers that ask for nothing cost nothing: no evaluation, no store
/// access, no event, no cookie.
///
/// ```
/// use axum::{Router, routing::get};
/// use convert_axum::{ConvertContext, ConvertLayer, core::Core};
///
/// # fn app(core: &Core) -> Router {
/// async fn pricing(convert: ConvertContext) -> String {
///     let page = convert.run_experience("pricing-page");
///     page.map_or("usual".to_owned(), |decision| decision.variation_key().to_owned())
/// }
///
/// Router::new().route("/pricing", get(pricing)).layer(
///     ConvertLayer::new(core)
///         .visitor_id(|parts| parts.headers.get("x-account")?.to_str().ok().map(str::to_owned))
///         .attributes(|parts| {
///             // Values are owned; what is not known is left out.
///             let plan = parts.headers.get("x-plan").and_then(|plan| plan.to_str().ok());
///             plan.map(|plan| ("plan", plan.to_owned()))
///         })
///         .consent(|parts| !convert_axum::global_privacy_control(parts)),
/// )
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct ConvertLayer {
    shared: Arc<Shared>,
}

/// axum and every tower stack: their requests' heads.
#[derive(Clone)]
pub(crate) enum Tower {}

impl Framework for Tower {
    type Request<'r> = Parts;
}

/// What all requests share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) cores: Cores,
    pub(crate) settings: Settings,
    pub(crate) functions: Functions<Tower>,
    pub(crate) prepare_early: bool,
}

impl ConvertLayer {
    /// A layer over a [`Core`](convert_core::Core) or an [`AsyncCore`](convert_core::AsyncCore), by value or reference.
    pub fn new(core: impl Into<Cores>) -> Self {
        Self {
            shared: Arc::new(Shared {
                cores: core.into(),
                settings: Settings::new(),
                functions: Functions::default(),
                prepare_early: false,
            }),
        }
    }

    /// Who the visitor is, where the app knows: the id of an account, for instance. `None`, or white space only, leaves
    /// it to the cookie. An id that a client could choose should pass
    /// [`is_visitor_id`](convert_core::web::is_visitor_id).
    pub fn visitor_id<Id: Into<Arc<str>>>(
        self,
        visitor_id: impl Fn(&Parts) -> Option<Id> + Send + Sync + 'static,
    ) -> Self {
        self.tell(|functions| functions.visitor_id(visitor_id))
    }

    /// What is known of the visitor, for audiences. What is named `country`, `browser`, `devices`, `source`, `campaign`,
    /// `visitorType` or `customSegments` is a report segment too: stored with the visitor, and sent with events. Leave out
    /// what is not known, rather than tell an empty text. Each request's first decision or conversion stores what it is
    /// told over what is stored: a segment that handlers set with `set_default_segments` is not for this function to tell.
    pub fn attributes<A: Into<Attributes>>(self, attributes: impl Fn(&Parts) -> A + Send + Sync + 'static) -> Self {
        self.tell(|functions| functions.attributes(attributes))
    }

    /// Where the visitor is, for locations; [`request_location`](crate::request_location) by default.
    pub fn location<A: Into<Attributes>>(self, location: impl Fn(&Parts) -> A + Send + Sync + 'static) -> Self {
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
    /// the browser **refuses**: `.consent(|parts| has_agreed(parts) && !do_not_track(parts) && !global_privacy_control(parts))`.
    pub fn consent(self, consent: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.tell(|functions| functions.consent(consent))
    }

    /// The cookie that keeps the visitor's id.
    pub fn cookie(self, cookie: VisitorCookie) -> Self {
        self.with(|settings| settings.cookie(cookie))
    }

    /// The cookie of a request, where it is not the same for all: one for each tenant, for instance. The first that
    /// [browsers would drop](VisitorCookie::check) is warned of.
    pub fn cookie_with(self, cookie: impl Fn(&Parts) -> VisitorCookie + Send + Sync + 'static) -> Self {
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
    pub fn preview_when(self, preview: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.tell(|functions| functions.preview(preview))
    }

    /// Whether `?convert_force={experience id}.{variation id}` forces a variation of an experience that the visitor
    /// qualifies for, without storing or tracking it; false by default. Several can be given.
    pub fn forced_variations(self, forced_variations: bool) -> Self {
        self.with(|settings| settings.forced_variations(forced_variations))
    }

    /// Whether requests that ask for no context get a visitor, and its cookie, too; false by default.
    ///
    /// Where nobody asks, a request without the cookie gets one if [`consent`](Self::consent) agrees and
    /// [`visitor_id`](Self::visitor_id) names nobody. Both are asked before the inner layers run then, as the request goes
    /// with them, and once more if a handler asks. So consent that an inner layer finds out must count as none until it has.
    pub fn mint_always(self, mint_always: bool) -> Self {
        self.with(|settings| settings.mint_always(mint_always))
    }

    /// Whether a response to a request that asked for a context, or one that sets the visitor's cookie, says
    /// `Cache-Control: private` where it says nothing of caches itself; true by default. With false the app keeps such
    /// responses out of [caches that others share](crate::guide#caches-and-cdns).
    pub fn private_responses(self, private_responses: bool) -> Self {
        self.with(|settings| settings.private_responses(private_responses))
    }

    /// Whether the context is prepared before the handler runs; false by default. For stacks whose handlers see the
    /// extensions of a request but not its head, such as tonic: there
    /// [`ConvertContext::from_extensions`](crate::ConvertContext::from_extensions) finds it. A cookie is still set only
    /// where a handler asks. What inner layers add to a request is not seen then.
    pub fn prepare_early(mut self, prepare_early: bool) -> Self {
        self.shared().prepare_early = prepare_early;
        self
    }

    /// All settings that no function takes part in, at once.
    pub fn settings(self, settings: Settings) -> Self {
        self.with(|_| settings)
    }

    fn tell(mut self, tell: impl FnOnce(&mut Functions<Tower>)) -> Self {
        tell(&mut self.shared().functions);
        self
    }

    fn with(mut self, change: impl FnOnce(Settings) -> Settings) -> Self {
        let shared = self.shared();
        shared.settings = change(std::mem::take(&mut shared.settings));
        self
    }

    /// Clones only where a service was made from the layer before it was told this.
    fn shared(&mut self) -> &mut Shared {
        Arc::make_mut(&mut self.shared)
    }
}

impl fmt::Debug for ConvertLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConvertLayer")
            .field("cores", &self.cores)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for ConvertLayer {
    type Service = ConvertService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ConvertService::new(inner, Arc::clone(&self.shared))
    }
}
