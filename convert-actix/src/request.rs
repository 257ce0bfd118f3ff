//! What a request says: who it comes from, where the visitor is, and what the browser says of being followed.

use actix_web::HttpRequest;
use actix_web::http::Uri;
use actix_web::http::header::{COOKIE, DNT, HOST, HeaderName, HeaderValue, X_FORWARDED_PROTO};
use convert_core::web::{self, RequestUrl, Visit, Visitor};
use convert_core::{Attributes, ContextOptions};

use crate::middleware::{Location, Shared};

static GPC: HeaderName = HeaderName::from_static("sec-gpc");

/// The location attributes that a context is told by default: `url`, `path`, `host`, and each query parameter under
/// its name.
///
/// The scheme is the one in `X-Forwarded-Proto` where the request's own URI has none, else the server's own. The host is
/// the one in `Host`, whatever other headers say. The path is the whole one, also inside a scope.
#[must_use]
pub fn request_location(request: &HttpRequest) -> Attributes {
    Seen::of(request).location()
}

/// Whether the request has `DNT: 1`.
#[must_use]
pub fn do_not_track(request: &HttpRequest) -> bool {
    web::do_not_track(request.headers().get_all(&DNT))
}

/// Whether the request has `Sec-GPC: 1`, the Global Privacy Control signal.
#[must_use]
pub fn global_privacy_control(request: &HttpRequest) -> bool {
    web::global_privacy_control(request.headers().get_all(&GPC))
}

pub(crate) fn visit(shared: &Shared, request: &HttpRequest) -> Visit {
    let consent = shared.consent.as_ref().is_none_or(|consent| consent(request));
    let app = shared.visitor_id.as_ref().filter(|_| consent).and_then(|visitor_id| visitor_id(request));
    let cookie = shared.settings.visitor_cookie();
    let visitor = Visitor::identify(consent, app, cookie, request.headers().get_all(COOKIE));
    let options = shared.settings.context_options(&visitor, request.uri().query());
    let options = match &shared.attributes {
        Some(attributes) => options.attributes(attributes(request)),
        None => options,
    };
    Visit::new(visitor, with_location(shared, request, options))
}

fn with_location(shared: &Shared, request: &HttpRequest, options: ContextOptions) -> ContextOptions {
    match &shared.location {
        Location::Own(location) => options.location(location(request)),
        Location::None => options,
        Location::OfRequest => {
            let seen = Seen::of(request);
            options.location_from(move || seen.location())
        }
    }
}

/// What the default location is made from. Cheap to take: it shares the request's own text.
struct Seen {
    uri: Uri,
    host: Option<HeaderValue>,
    scheme: Option<HeaderValue>,
    is_encrypted: bool,
}

impl Seen {
    fn of(request: &HttpRequest) -> Self {
        let (uri, header) = (request.uri(), |name: &HeaderName| request.headers().get(name).cloned());
        let host = if uri.authority().is_some() { None } else { header(&HOST) };
        let scheme = if uri.scheme().is_some() { None } else { header(&X_FORWARDED_PROTO) };
        Self { uri: uri.clone(), host, scheme, is_encrypted: request.app_config().secure() }
    }

    fn location(&self) -> Attributes {
        let host = self.uri.authority().map(|authority| authority.as_str());
        let host = host.or_else(|| self.host.as_ref()?.to_str().ok()).unwrap_or_default();
        let forwarded = self.scheme.as_ref().and_then(|scheme| scheme.to_str().ok());
        let scheme = web::request_scheme(self.uri.scheme_str(), forwarded, self.is_encrypted);
        RequestUrl::new(scheme, host, self.uri.path(), self.uri.query()).location()
    }
}
