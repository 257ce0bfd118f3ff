//! What a request says: who it comes from, where the visitor is, and what the browser says of being followed.

use convert_core::Attributes;
use convert_core::web::{self, RequestUrl};
use http::header::{HOST, HeaderName};
use http::request::Parts;
use http::uri::Authority;

static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
static GPC: HeaderName = HeaderName::from_static("sec-gpc");

/// The location attributes that a context is told by default: `url`, `path`, `host`, and each query parameter under
/// its name.
///
/// The scheme is the first one in `X-Forwarded-Proto`, else the one of the request's own URI, and else `http`. The host is
/// the URI's own, where it has one, and else the one in `Host`. In the layer's own functions the path is the one that the
/// layer saw, also where it wraps a nested router.
#[must_use]
pub fn request_location(parts: &Parts) -> Attributes {
    url(parts).location()
}

/// Whether the request has `DNT: 1`: its visitor refuses to be followed.
#[must_use]
pub fn do_not_track(parts: &Parts) -> bool {
    web::do_not_track(parts.headers.get_all(http::header::DNT))
}

/// Whether the request has `Sec-GPC: 1`, the Global Privacy Control signal: its visitor refuses to be followed.
#[must_use]
pub fn global_privacy_control(parts: &Parts) -> bool {
    web::global_privacy_control(parts.headers.get_all(&GPC))
}

pub(crate) fn url(parts: &Parts) -> RequestUrl<'_> {
    let (uri, header) = (&parts.uri, |name: &HeaderName| parts.headers.get(name)?.to_str().ok());
    let scheme = web::request_scheme(uri.scheme_str(), header(&FORWARDED_PROTO), false);
    let host = uri.authority().map(Authority::as_str).or_else(|| header(&HOST));
    RequestUrl::new(scheme, host.unwrap_or_default(), uri.path(), uri.query())
}
