//! What a request says: who it comes from, where the visitor is, and what the browser says of being followed.

use convert_core::Attributes;
use convert_core::web::{self, Functions, RequestUrl, Visit, Visitor, VisitorCookie};
use rocket::Request;

use crate::shared::{OfRocket, Shared};

/// The location attributes that a context is told by default: `url`, `path`, `host`, and each query parameter under
/// its name.
///
/// The scheme is the first one in `X-Forwarded-Proto`; without, `https` where Rocket itself serves TLS, and else `http`.
#[must_use]
pub fn request_location(request: &Request<'_>) -> Attributes {
    url(request, &host(request)).location()
}

/// Whether the request has `DNT: 1`: its visitor refuses to be followed.
#[must_use]
pub fn do_not_track(request: &Request<'_>) -> bool {
    web::do_not_track(request.headers().get("DNT"))
}

/// Whether the request has `Sec-GPC: 1`, the Global Privacy Control signal: its visitor refuses to be followed.
#[must_use]
pub fn global_privacy_control(request: &Request<'_>) -> bool {
    web::global_privacy_control(request.headers().get("Sec-GPC"))
}

/// Who a request comes from, and what its contexts are told.
pub(crate) fn visit(request: &Request<'_>, shared: &Shared, cookie: &VisitorCookie) -> Visit {
    let Shared { cores, settings, functions, .. } = shared;
    let (visitor, host) = (identify(request, functions, cookie), host(request));
    functions.visit(request, visitor, url(request, &host), settings, cores)
}

fn identify(request: &Request<'_>, functions: &Functions<OfRocket>, cookie: &VisitorCookie) -> Visitor {
    let headers = request.headers();
    if headers.contains("Cookie") {
        return functions.identify(request, cookie, headers.get("Cookie"));
    }
    // A request of the local client has its cookies in the jar alone.
    let jar: Vec<String> = request.cookies().iter().map(|cookie| cookie.stripped().encoded().to_string()).collect();
    functions.identify(request, cookie, jar.iter().map(String::as_str))
}

fn host(request: &Request<'_>) -> String {
    request.host().map(ToString::to_string).unwrap_or_default()
}

fn url<'r>(request: &'r Request<'_>, host: &'r str) -> RequestUrl<'r> {
    let forwarded = request.headers().get_one("X-Forwarded-Proto");
    let scheme = web::request_scheme(None, forwarded, request.rocket().config().tls_enabled());
    let uri = request.uri();
    RequestUrl::new(scheme, host, uri.path().as_str(), uri.query().map(|query| query.as_str()))
}
