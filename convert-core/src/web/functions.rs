//! What an app says of its requests.

use std::fmt;
use std::sync::{Arc, Once};

use super::{Cores, RequestUrl, Settings, Visit, Visitor, VisitorCookie};
use crate::attributes::Attributes;
use crate::context::ContextOptions;

/// A web framework, by what its requests are.
pub trait Framework: Clone + 'static {
    /// What functions of the app get.
    type Request<'r>;
}

type Function<F, T> = Arc<dyn Fn(&<F as Framework>::Request<'_>) -> T + Send + Sync>;

/// The functions that a middleware is told; for the web crates, whose methods say what each is for.
#[derive(Clone)]
pub struct Functions<F: Framework> {
    visitor_id: Option<Function<F, Option<Arc<str>>>>,
    attributes: Option<Function<F, Attributes>>,
    location: Location<F>,
    consent: Option<Function<F, bool>>,
    preview: Option<Function<F, bool>>,
    cookie: Option<Function<F, VisitorCookie>>,
}

/// Where a context is told that the visitor is.
#[derive(Clone)]
enum Location<F: Framework> {
    /// Where the request goes.
    OfRequest,
    /// Where the app says.
    Own(Function<F, Attributes>),
    /// Nowhere.
    None,
}

impl<F: Framework> fmt::Debug for Functions<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Functions").finish_non_exhaustive()
    }
}

impl<F: Framework> Default for Functions<F> {
    fn default() -> Self {
        Self {
            visitor_id: None,
            attributes: None,
            location: Location::OfRequest,
            consent: None,
            preview: None,
            cookie: None,
        }
    }
}

impl<F: Framework> Functions<F> {
    /// Who the visitor is.
    pub fn visitor_id<Id: Into<Arc<str>>>(
        &mut self,
        visitor_id: impl Fn(&F::Request<'_>) -> Option<Id> + Send + Sync + 'static,
    ) {
        self.visitor_id = Some(Arc::new(move |request| visitor_id(request).map(Into::into)));
    }

    /// What is known of the visitor.
    pub fn attributes<A: Into<Attributes>>(
        &mut self,
        attributes: impl Fn(&F::Request<'_>) -> A + Send + Sync + 'static,
    ) {
        self.attributes = Some(Arc::new(move |request| attributes(request).into()));
    }

    /// Where the visitor is.
    pub fn location<A: Into<Attributes>>(&mut self, location: impl Fn(&F::Request<'_>) -> A + Send + Sync + 'static) {
        self.location = Location::Own(Arc::new(move |request| location(request).into()));
    }

    /// Nobody says where the visitor is.
    pub fn no_location(&mut self) {
        self.location = Location::None;
    }

    /// Whether the visitor agreed to be followed.
    pub fn consent(&mut self, consent: impl Fn(&F::Request<'_>) -> bool + Send + Sync + 'static) {
        self.consent = Some(Arc::new(consent));
    }

    /// Whether preview links work.
    pub fn preview(&mut self, preview: impl Fn(&F::Request<'_>) -> bool + Send + Sync + 'static) {
        self.preview = Some(Arc::new(preview));
    }

    /// The visitor's cookie. The first that browsers would drop is warned of.
    pub fn cookie(&mut self, cookie: impl Fn(&F::Request<'_>) -> VisitorCookie + Send + Sync + 'static) {
        let warned = Once::new();
        self.cookie = Some(Arc::new(move |request| {
            let cookie = cookie(request);
            if let Err(error) = cookie.check() {
                warned.call_once(|| {
                    tracing::warn!(target: "convert", "browsers will not keep the visitor's cookie of a request: {error}");
                });
            }
            cookie
        }));
    }

    /// The cookie of a request, where the app says it.
    pub(super) fn cookie_of(&self, request: &F::Request<'_>) -> Option<VisitorCookie> {
        self.cookie.as_ref().map(|cookie| cookie(request))
    }

    /// Who a request comes from.
    pub fn identify<'a, H: AsRef<[u8]> + ?Sized + 'a>(
        &self,
        request: &F::Request<'_>,
        cookie: &VisitorCookie,
        cookie_headers: impl IntoIterator<Item = &'a H>,
    ) -> Visitor {
        let consent = self.consent.as_ref().is_none_or(|consent| consent(request));
        let app = self.visitor_id.as_ref().filter(|_| consent).and_then(|visitor_id| visitor_id(request));
        Visitor::identify(consent, app, cookie, cookie_headers)
    }

    /// The visit of this visitor, with what its contexts are told.
    pub fn visit(
        &self,
        request: &F::Request<'_>,
        visitor: Visitor,
        url: RequestUrl<'_>,
        settings: &Settings,
        cores: &Cores,
    ) -> Visit {
        let options = settings.options(&visitor, url.query(), |default| match &self.preview {
            Some(preview) => preview(request),
            None => default,
        });
        let options = match &self.attributes {
            Some(attributes) => options.attributes(attributes(request)),
            None => options,
        };
        Visit::new(visitor, self.with_location(request, url, options), cores)
    }

    fn with_location(&self, request: &F::Request<'_>, url: RequestUrl<'_>, options: ContextOptions) -> ContextOptions {
        match &self.location {
            Location::Own(location) => options.location(location(request)),
            Location::None => options,
            Location::OfRequest => options.location_of(url),
        }
    }
}
