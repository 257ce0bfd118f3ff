//! Any `Cookie` headers, for any cookie that an app may set: an id that is found is a usable one, and survives the way to the
//! browser and back.
#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use convert_core::web::{CookieError, SameSite, Visitor, VisitorCookie, VisitorOrigin, is_visitor_id};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    settings: Option<Settings<'a>>,
    headers: Vec<&'a [u8]>,
}

#[derive(Arbitrary, Debug)]
struct Settings<'a> {
    prefix: Prefix,
    name: &'a str,
    path: Option<&'a str>,
    domain: Option<&'a str>,
    max_age: Option<Option<Duration>>,
    same_site: Option<Site>,
    secure: bool,
    http_only: bool,
}

/// Beginnings of names that browsers know.
#[derive(Arbitrary, Debug)]
enum Prefix {
    None,
    Host,
    Secure,
}

#[derive(Arbitrary, Debug)]
enum Site {
    Strict,
    Lax,
    None,
}

impl Settings<'_> {
    fn cookie(&self) -> Result<VisitorCookie, CookieError> {
        let prefix = match self.prefix {
            Prefix::None => "",
            Prefix::Host => "__Host-",
            Prefix::Secure => "__sEcure-",
        };
        let mut cookie = VisitorCookie::new().secure(self.secure).http_only(self.http_only);
        cookie = cookie.name(format!("{prefix}{}", self.name))?;
        if let Some(path) = self.path {
            cookie = cookie.path(path)?;
        }
        if let Some(domain) = self.domain {
            cookie = cookie.domain(domain)?;
        }
        if let Some(max_age) = self.max_age {
            cookie = cookie.max_age(max_age);
        }
        Ok(match self.same_site {
            Some(Site::Strict) => cookie.same_site(SameSite::Strict),
            Some(Site::Lax) => cookie.same_site(SameSite::Lax),
            Some(Site::None) => cookie.same_site(SameSite::None),
            None => cookie,
        })
    }
}

/// A header of one line, whose attributes are those that were asked for, each once.
fn check_header(header: &str, cookie: &VisitorCookie, settings: &Settings) {
    assert!(header.bytes().all(|byte| matches!(byte, 0x20..=0x7e)), "a header's value: {header:?}");
    let mut attributes: Vec<&str> = header.split("; ").skip(1).collect();
    let had = |attributes: &mut Vec<&str>, wanted: &dyn Fn(&str) -> bool| {
        let count = attributes.len();
        attributes.retain(|attribute| !wanted(attribute));
        count - attributes.len()
    };
    let path = format!("Path={}", settings.path.unwrap_or("/"));
    assert_eq!(had(&mut attributes, &|attribute| attribute == path), 1, "{header}");
    let domain = settings.domain.map(|domain| format!("Domain={domain}"));
    assert_eq!(had(&mut attributes, &|it| domain.as_deref() == Some(it)), usize::from(domain.is_some()), "{header}");
    assert_eq!(had(&mut attributes, &|it| it == "Secure"), usize::from(settings.secure), "{header}");
    assert_eq!(had(&mut attributes, &|it| it == "HttpOnly"), usize::from(settings.http_only), "{header}");
    assert_eq!(had(&mut attributes, &|it| it.starts_with("SameSite=")), 1, "{header}");
    let max_age = usize::from(settings.max_age != Some(None));
    assert_eq!(had(&mut attributes, &|it| it.starts_with("Max-Age=")), max_age, "{header}");
    assert!(attributes.is_empty(), "nothing else: {header}");
    // What browsers are asked to keep at all.
    if cookie.check().is_ok() {
        let is_none = matches!(settings.same_site, Some(Site::None));
        assert!(settings.secure || !is_none && matches!(settings.prefix, Prefix::None), "{header}");
        let is_host = matches!(settings.prefix, Prefix::Host);
        assert!(!is_host || settings.domain.is_none() && path == "Path=/", "{header}");
    }
}

fuzz_target!(|case: Case| {
    let cookie = match case.settings.as_ref().map(Settings::cookie) {
        None => VisitorCookie::new(),
        Some(Ok(cookie)) => cookie,
        Some(Err(_)) => return,
    };
    let headers = &case.headers;
    let visitor = Visitor::identify(true, None, &cookie, headers.iter().copied());
    assert!(is_visitor_id(visitor.id()));
    let found = cookie.find(headers.iter().copied());
    assert_eq!(found.is_some(), visitor.origin() == VisitorOrigin::Cookie);
    let set = cookie.set_cookie(visitor.id());
    assert!(cookie.is_set_by(set.as_bytes()));
    let pair = set.split(';').next().unwrap_or_default();
    assert_eq!(cookie.find([pair]).as_deref(), Some(visitor.id()));
    match &case.settings {
        Some(settings) => check_header(&set, &cookie, settings),
        None => assert_eq!(cookie.check(), Ok(())),
    }
    for header in headers {
        let _ = cookie.is_set_by(header);
        let _ = convert_core::web::do_not_track([header]);
        let _ = convert_core::web::global_privacy_control([header]);
    }
});
