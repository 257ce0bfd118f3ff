//! Any `Cookie` headers: an id that is found is a usable one, and survives the way to the browser and back.
#![no_main]

use convert_core::web::{Visitor, VisitorCookie, VisitorOrigin, is_visitor_id};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|headers: Vec<&[u8]>| {
    let cookie = VisitorCookie::new();
    let visitor = Visitor::identify(true, None, &cookie, headers.iter().copied());
    assert!(is_visitor_id(visitor.id()));
    let found = cookie.find(headers.iter().copied());
    assert_eq!(found.is_some(), visitor.origin() == VisitorOrigin::Cookie);
    let set = cookie.set_cookie(visitor.id());
    assert!(cookie.is_set_by(set.as_bytes()));
    let pair = set.split(';').next().unwrap_or_default();
    assert_eq!(cookie.find([pair]).as_deref(), Some(visitor.id()));
    for header in headers {
        let _ = cookie.is_set_by(header);
        let _ = convert_core::web::do_not_track([header]);
        let _ = convert_core::web::global_privacy_control([header]);
    }
});
