//! What a request says: who it comes from, where the visitor is, and what the browser says of being followed.

use actix_web::HttpRequest;
use actix_web::http::header::{DNT, HOST, HeaderName, X_FORWARDED_PROTO};
use actix_web::http::uri::Authority;
use convert_core::Attributes;
use convert_core::web::{self, RequestUrl};

static GPC: HeaderName = HeaderName::from_static("sec-gpc");

/// The location attributes that a context is told by default: `url`, `path`, `host`, and each query parameter under
/// its name.
///
/// The scheme is the first one in `X-Forwarded-Proto`, else the one of the request's own URI, else the server's own. The host
/// is the URI's own, where it has one, and else the one in `Host`, whatever other headers say. The path is the whole one,
/// also inside a scope.
#[must_use]
pub fn request_location(request: &HttpRequest) -> Attributes {
    url(request).location()
}

/// Whether the request has `DNT: 1`: its visitor refuses to be followed.
#[must_use]
pub fn do_not_track(request: &HttpRequest) -> bool {
    web::do_not_track(request.headers().get_all(&DNT))
}

/// Whether the request has `Sec-GPC: 1`, the Global Privacy Control signal: its visitor refuses to be followed.
#[must_use]
pub fn global_privacy_control(request: &HttpRequest) -> bool {
    web::global_privacy_control(request.headers().get_all(&GPC))
}

pub(crate) fn url(request: &HttpRequest) -> RequestUrl<'_> {
    let (uri, header) = (request.uri(), |name: &HeaderName| request.headers().get(name)?.to_str().ok());
    let is_encrypted = request.app_config().secure();
    let scheme = web::request_scheme(uri.scheme_str(), header(&X_FORWARDED_PROTO), is_encrypted);
    let host = uri.authority().map(Authority::as_str).or_else(|| header(&HOST));
    RequestUrl::new(scheme, host.unwrap_or_default(), uri.path(), uri.query())
}
