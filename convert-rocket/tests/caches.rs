//! Which responses are kept out of caches that visitors share.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

#[macro_use]
extern crate rocket;

mod common;

use common::{Answer, get, get_as};
use convert_rocket::{ConvertContext, ConvertFairing};
use rocket::http::Header;
use rocket::local::blocking::Client;
use rocket::{Request, Responder};
use web_testing::core;

#[get("/")]
fn everybody() -> &'static str {
    "for everybody"
}

#[get("/me")]
fn me(_convert: &ConvertContext) -> &'static str {
    "for one"
}

#[derive(Responder)]
struct Own {
    text: &'static str,
    caches: Header<'static>,
}

#[get("/own")]
fn own(_convert: &ConvertContext) -> Own {
    Own { text: "the app's word", caches: Header::new("Cache-Control", "private, no-store") }
}

#[catch(404)]
fn lost(request: &Request<'_>) -> &'static str {
    ConvertContext::of(request).unwrap();
    "no such page"
}

fn client(fairing: ConvertFairing) -> Client {
    let app = common::rocket().attach(fairing).mount("/", routes![everybody, me, own]);
    Client::untracked(app.register("/", catchers![lost])).unwrap()
}

/// What the answer says to caches.
fn said(answer: &Answer) -> Vec<&str> {
    let is = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("cache-control");
    answer.headers.iter().filter(is).map(|(_, value)| value.as_str()).collect()
}

#[test]
fn what_depends_on_the_visitor_is_for_nobody_else() {
    let client = client(ConvertFairing::new(core()));
    for (path, expected) in
        [("/", &[][..]), ("/me", &["private"]), ("/own", &["private, no-store"]), ("/nowhere", &["private"])]
    {
        assert_eq!(said(&get(&client, path)), expected, "{path} of a new visitor");
        assert_eq!(said(&get_as(&client, "known", path)), expected, "{path} of a known visitor");
    }
}

#[test]
fn what_is_decided_without_consent_is_for_nobody_else_either() {
    let answer = get(&client(ConvertFairing::new(core()).consent(|_| false)), "/me");
    assert_eq!((said(&answer), answer.set_cookies().len()), (vec!["private"], 0));
}

#[test]
fn of_responses_that_nobody_asked_for_only_those_with_a_new_cookie_are_private() {
    let client = client(ConvertFairing::new(core()).mint_always(true));
    let first = get(&client, "/");
    assert!(first.minted().is_some() && said(&first) == ["private"], "{first:?}");
    assert_eq!(said(&get_as(&client, "known", "/")), [""; 0]);
    assert_eq!(said(&get_as(&client, "known", "/me")), ["private"]);
}

#[test]
fn it_can_be_left_to_the_app() {
    let answer = get(&client(ConvertFairing::new(core()).private_responses(false)), "/me");
    assert!(answer.minted().is_some() && said(&answer).is_empty(), "{answer:?}");
}
