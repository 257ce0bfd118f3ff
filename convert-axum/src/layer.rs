//! The layer, and what it can be told.

use std::fmt;
use std::sync::{Arc, OnceLock};

use convert_core::Attributes;
use convert_core::web::{Cores, Settings, Visit, Visitor, VisitorCookie};
use http::request::Parts;
use tower_layer::Layer;

use crate::request;
use crate::service::ConvertService;

/// Gives every request its visitor.
///
/// Wrap it around everything that may ask for a context, authentication and sessions included: what it is told about a
/// request is asked when a handler first wants a context, so functions see what inner layers left in the request's
/// extensions. Handlers that ask for nothing cost nothing: no evaluation, no store access, no event, no cookie.
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
///         .attributes(|parts| [("mobile", parts.headers.contains_key("sec-ch-ua-mobile"))])
///         .consent(|parts| !convert_axum::global_privacy_control(parts)),
/// )
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct ConvertLayer {
    shared: Arc<Shared>,
}

type Function<T> = Arc<dyn Fn(&Parts) -> T + Send + Sync>;

/// Where a context is told that the visitor is.
#[derive(Clone)]
pub(crate) enum Location {
    /// Where the request goes.
    OfRequest,
    /// Where the app says.
    Own(Function<Attributes>),
    /// Nowhere.
    None,
}

/// What all requests share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) cores: Cores,
    pub(crate) settings: Settings,
    pub(crate) prepare_early: bool,
    pub(crate) visitor_id: Option<Function<Option<Arc<str>>>>,
    pub(crate) attributes: Option<Function<Attributes>>,
    pub(crate) location: Location,
    pub(crate) consent: Option<Function<bool>>,
}

impl ConvertLayer {
    /// A layer over a [`Core`](convert_core::Core) or an [`AsyncCore`](convert_core::AsyncCore), by value or reference.
    pub fn new(core: impl Into<Cores>) -> Self {
        Self {
            shared: Arc::new(Shared {
                cores: core.into(),
                settings: Settings::new(),
                prepare_early: false,
                visitor_id: None,
                attributes: None,
                location: Location::OfRequest,
                consent: None,
            }),
        }
    }

    /// Who the visitor is, where the app knows: the id of an account, for instance. `None`, or white space only, leaves
    /// it to the cookie. An id that a client could choose should pass
    /// [`is_visitor_id`](convert_core::web::is_visitor_id).
    pub fn visitor_id<Id: Into<Arc<str>>>(
        mut self,
        visitor_id: impl Fn(&Parts) -> Option<Id> + Send + Sync + 'static,
    ) -> Self {
        self.shared().visitor_id = Some(Arc::new(move |parts| visitor_id(parts).map(Into::into)));
        self
    }

    /// What is known of the visitor, for audiences. What is named `country`, `browser`, `devices`, `source`, `campaign`,
    /// `visitorType` or `customSegments` is a report segment too: stored with the visitor, and sent with events. Leave out
    /// what is not known, rather than tell an empty text.
    pub fn attributes<A: Into<Attributes>>(mut self, attributes: impl Fn(&Parts) -> A + Send + Sync + 'static) -> Self {
        self.shared().attributes = Some(Arc::new(move |parts| attributes(parts).into()));
        self
    }

    /// Where the visitor is, for locations; [`request_location`](crate::request_location) by default.
    pub fn location<A: Into<Attributes>>(mut self, location: impl Fn(&Parts) -> A + Send + Sync + 'static) -> Self {
        self.shared().location = Location::Own(Arc::new(move |parts| location(parts).into()));
        self
    }

    /// Tells contexts no location: calls that need one say it themselves.
    pub fn no_location(mut self) -> Self {
        self.shared().location = Location::None;
        self
    }

    /// Whether the visitor agreed to be followed; yes by default. Without consent there is no cookie, nothing is stored
    /// and no event is sent: each request decides under an id of its own. [`do_not_track`](crate::do_not_track) and
    /// [`global_privacy_control`](crate::global_privacy_control) read what browsers say.
    pub fn consent(mut self, consent: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.shared().consent = Some(Arc::new(consent));
        self
    }

    /// The cookie that keeps the visitor's id.
    pub fn cookie(self, cookie: VisitorCookie) -> Self {
        self.with(|settings| settings.cookie(cookie))
    }

    /// Whether `?convert_preview={experience id}.{variation id}` shows a variation; false by default. Such a link works
    /// for whoever has it.
    pub fn preview(self, preview: bool) -> Self {
        self.with(|settings| settings.preview(preview))
    }

    /// Whether `?convert_force={experience id}.{variation id}` forces a variation of an experience that the visitor
    /// qualifies for, without storing or tracking it; false by default. Several can be given.
    pub fn forced_variations(self, forced_variations: bool) -> Self {
        self.with(|settings| settings.forced_variations(forced_variations))
    }

    /// Whether requests that ask for no context get a visitor, and its cookie, too; false by default.
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

impl Shared {
    /// Whether a request's visitor is found out before anybody asks.
    pub(crate) fn is_early(&self) -> bool {
        self.prepare_early || self.settings.mints_always()
    }

    /// The visitor of a request, and what its contexts are told.
    pub(crate) fn visit(&self, parts: &Parts, minted: &OnceLock<Visitor>) -> Visit {
        request::visit(self, parts, minted)
    }
}
