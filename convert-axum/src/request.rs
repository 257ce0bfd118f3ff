//! What a request says: who it comes from, where the visitor is, and what the browser says of being followed.

use std::sync::OnceLock;

use convert_core::web::{self, RequestUrl, Visit, Visitor};
use convert_core::{Attributes, ContextOptions};
use http::header::{COOKIE, HOST, HeaderName};
use http::request::Parts;
use http::uri::Authority;

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
    url(parts).location()
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

pub(crate) fn visit(shared: &Shared, parts: &Parts, minted: &OnceLock<Visitor>) -> Visit {
    let consent = shared.consent.as_ref().is_none_or(|consent| consent(parts));
    let app = shared.visitor_id.as_ref().filter(|_| consent).and_then(|visitor_id| visitor_id(parts));
    let cookie = shared.settings.visitor_cookie();
    let visitor = Visitor::identify(consent, app, cookie, parts.headers.get_all(COOKIE)).or_minted_before(minted);
    let options = shared.settings.context_options(&visitor, parts.uri.query());
    let options = match &shared.attributes {
        Some(attributes) => options.attributes(attributes(parts)),
        None => options,
    };
    Visit::new(visitor, with_location(shared, parts, options), &shared.cores)
}

fn with_location(shared: &Shared, parts: &Parts, options: ContextOptions) -> ContextOptions {
    match &shared.location {
        Location::Own(location) => options.location(location(parts)),
        Location::None => options,
        Location::OfRequest => options.location_of(url(parts)),
    }
}

fn url(parts: &Parts) -> RequestUrl<'_> {
    let (uri, header) = (&parts.uri, |name: &HeaderName| parts.headers.get(name)?.to_str().ok());
    let scheme = web::request_scheme(uri.scheme_str(), header(&FORWARDED_PROTO), false);
    let host = uri.authority().map(Authority::as_str).or_else(|| header(&HOST));
    RequestUrl::new(scheme, host.unwrap_or_default(), uri.path(), uri.query())
}
