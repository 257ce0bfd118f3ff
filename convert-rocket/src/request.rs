//! What a request says: who it comes from, where the visitor is, and what the browser says of being followed.

use std::sync::Arc;

use convert_core::web::{self, RequestUrl, Visit, Visitor, VisitorCookie};
use convert_core::{Attributes, ContextOptions};
use rocket::Request;

use crate::shared::{Location, Shared};

/// The location attributes that a context is told by default: `url`, `path`, `host`, and each query parameter under
/// its name.
///
/// The scheme is the one in `X-Forwarded-Proto`; without, `https` where Rocket itself serves TLS, and else `http`.
#[must_use]
pub fn request_location(request: &Request<'_>) -> Attributes {
    url(request, &host(request)).location()
}

/// Whether the request has `DNT: 1`.
#[must_use]
pub fn do_not_track(request: &Request<'_>) -> bool {
    web::do_not_track(request.headers().get("DNT"))
}

/// Whether the request has `Sec-GPC: 1`, the Global Privacy Control signal.
#[must_use]
pub fn global_privacy_control(request: &Request<'_>) -> bool {
    web::global_privacy_control(request.headers().get("Sec-GPC"))
}

pub(crate) fn visit(request: &Request<'_>, shared: &Shared, cookie: Option<&VisitorCookie>) -> Visit {
    let functions = &shared.functions;
    let consent = functions.consent.as_ref().is_none_or(|consent| consent(request));
    let app = functions.visitor_id.as_ref().filter(|_| consent).and_then(|visitor_id| visitor_id(request));
    let cookie = cookie.unwrap_or_else(|| shared.settings.visitor_cookie());
    let visitor = identify(request, consent, app, cookie);
    let query = request.uri().query().map(|query| query.as_str());
    let options = match &functions.preview {
        Some(preview) => shared.settings.clone().preview(preview(request)).context_options(&visitor, query),
        None => shared.settings.context_options(&visitor, query),
    };
    let options = match &functions.attributes {
        Some(attributes) => options.attributes(attributes(request)),
        None => options,
    };
    Visit::new(visitor, with_location(request, shared, options), &shared.cores)
}

fn identify(request: &Request<'_>, consent: bool, app: Option<Arc<str>>, cookie: &VisitorCookie) -> Visitor {
    let headers = request.headers();
    if headers.contains("Cookie") {
        return Visitor::identify(consent, app, cookie, headers.get("Cookie"));
    }
    // A request of the local client has its cookies in the jar alone.
    let jar: Vec<String> = request.cookies().iter().map(|cookie| cookie.stripped().encoded().to_string()).collect();
    Visitor::identify(consent, app, cookie, jar.iter().map(String::as_str))
}

fn with_location(request: &Request<'_>, shared: &Shared, options: ContextOptions) -> ContextOptions {
    match &shared.functions.location {
        Location::Own(location) => options.location(location(request)),
        Location::None => options,
        Location::OfRequest => options.location_of(url(request, &host(request))),
    }
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
