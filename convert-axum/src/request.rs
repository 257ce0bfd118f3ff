//! What a request says: who it comes from, where the visitor is, and what the browser says of being followed.

use convert_core::web::{self, RequestUrl, Visit, Visitor};
use convert_core::{Attributes, ContextOptions};
use http::header::{COOKIE, HOST, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Uri};

use crate::layer::{Location, Shared};

static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
static GPC: HeaderName = HeaderName::from_static("sec-gpc");

/// The location attributes that a context is told by default: `url`, `path`, `host`, and each query parameter under
/// its name.
///
/// The scheme is the one in `X-Forwarded-Proto` where the request's own URI has none, and else `http`. In the layer's own
/// functions the path is the one that the layer saw, also where it wraps a nested router.
#[must_use]
pub fn request_location(parts: &Parts) -> Attributes {
    Seen::of(parts).location()
}

/// Whether the request has `DNT: 1`.
#[must_use]
pub fn do_not_track(parts: &Parts) -> bool {
    web::do_not_track(parts.headers.get_all(http::header::DNT))
}

/// Whether the request has `Sec-GPC: 1`, the Global Privacy Control signal.
#[must_use]
pub fn global_privacy_control(parts: &Parts) -> bool {
    web::global_privacy_control(parts.headers.get_all(&GPC))
}

pub(crate) fn visit(shared: &Shared, parts: &Parts) -> Visit {
    let consent = shared.consent.as_ref().is_none_or(|consent| consent(parts));
    let app = shared.visitor_id.as_ref().filter(|_| consent).and_then(|visitor_id| visitor_id(parts));
    let cookie = shared.settings.visitor_cookie();
    let visitor = Visitor::identify(consent, app, cookie, parts.headers.get_all(COOKIE));
    let options = shared.settings.context_options(&visitor, parts.uri.query());
    let options = match &shared.attributes {
        Some(attributes) => options.attributes(attributes(parts)),
        None => options,
    };
    Visit::new(visitor, with_location(shared, parts, options))
}

fn with_location(shared: &Shared, parts: &Parts, options: ContextOptions) -> ContextOptions {
    match &shared.location {
        Location::Own(location) => options.location(location(parts)),
        Location::None => options,
        Location::OfRequest => {
            let seen = Seen::of(parts);
            options.location_from(move || seen.location())
        }
    }
}

/// What the default location is made from. Cheap to take: it shares the request's own text.
struct Seen {
    uri: Uri,
    host: Option<HeaderValue>,
    scheme: Option<HeaderValue>,
}

impl Seen {
    fn of(parts: &Parts) -> Self {
        let header = |name: &HeaderName| HeaderMap::get(&parts.headers, name).cloned();
        let host = if parts.uri.authority().is_some() { None } else { header(&HOST) };
        let scheme = if parts.uri.scheme().is_some() { None } else { header(&FORWARDED_PROTO) };
        Self { uri: parts.uri.clone(), host, scheme }
    }

    fn location(&self) -> Attributes {
        let host = self.uri.authority().map(|authority| authority.as_str());
        let host = host.or_else(|| self.host.as_ref()?.to_str().ok()).unwrap_or_default();
        RequestUrl::new(self.scheme(), host, self.uri.path(), self.uri.query()).location()
    }

    fn scheme(&self) -> &str {
        let forwarded = self.scheme.as_ref().and_then(|scheme| scheme.to_str().ok());
        web::request_scheme(self.uri.scheme_str(), forwarded, false)
    }
}
