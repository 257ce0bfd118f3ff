//! Who a request comes from, and which cookie its response sets.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

#[macro_use]
extern crate rocket;

mod common;

use std::collections::HashSet;
use std::sync::Arc;

use common::{get, get_as, get_with, send};
use convert_rocket::core::testing::RecordingTransport;
use convert_rocket::{ConvertContext, ConvertFairing, VisitorCookie, VisitorOrigin};
use rocket::fairing::AdHoc;
use rocket::http::{Cookie, CookieJar, Status};
use rocket::request::{FromRequest, Outcome};
use rocket::response::stream::TextStream;
use rocket::{Request, Route, async_trait, tokio};
use web_testing::{builder, core, events};

#[get("/me")]
fn me(convert: &ConvertContext) -> String {
    convert.visitor_id().to_owned()
}

#[get("/")]
fn idle() -> &'static str {
    "nothing asked"
}

fn routes() -> Vec<Route> {
    routes![me, idle]
}

fn client(fairing: ConvertFairing) -> rocket::local::blocking::Client {
    common::client(fairing, routes())
}

#[test]
fn a_new_visitor_gets_a_cookie_and_is_known_by_it() {
    let client = client(ConvertFairing::new(core()));
    let first = get(&client, "/me");
    let id = first.body.clone();
    assert_eq!(
        first.set_cookies(),
        [format!("convert_visitor_id={id}; Max-Age=31536000; Path=/; SameSite=Lax; Secure; HttpOnly")]
    );
    let second = get_as(&client, &id, "/me");
    assert_eq!((second.body.as_str(), second.minted()), (id.as_str(), None));
}

#[test]
fn a_tracking_client_keeps_its_visitor() {
    let app = common::rocket().attach(ConvertFairing::new(core())).mount("/", routes());
    let client = rocket::local::blocking::Client::tracked(app).unwrap();
    let first = get(&client, "/me");
    let second = get(&client, "/me");
    assert_eq!((second.body.as_str(), second.minted()), (first.body.as_str(), None));
    let named = send(client.get("/me").cookie(("convert_visitor_id", "mail@example.com")));
    assert_eq!(named.body, "mail@example.com");
}

#[test]
fn a_handler_that_asks_for_nothing_sets_no_cookie() {
    let answer = get(&client(ConvertFairing::new(core())), "/");
    assert_eq!((answer.body.as_str(), answer.set_cookies().len()), ("nothing asked", 0));
}

#[test]
fn minting_always_is_a_choice() {
    let client = client(ConvertFairing::new(core()).mint_always(true));
    assert!(get(&client, "/").minted().is_some());
    assert_eq!(get_as(&client, "known", "/").minted(), None);
    assert!(get(&client, "/nowhere").minted().is_some());
    let asked = get(&client, "/me");
    assert_eq!(asked.minted(), Some(asked.body.as_str()));
}

#[test]
fn a_function_that_panics_costs_a_request_that_asks_for_nothing_its_cookie_only() {
    let fairing = ConvertFairing::new(core()).mint_always(true).visitor_id(|request| {
        assert!(!request.headers().contains("X-Odd"), "the app's own fault");
        None::<String>
    });
    let client = client(fairing);
    let odd = |uri| get_with(&client, uri, &[("X-Odd", "1")]);
    let answer = odd("/");
    assert_eq!((answer.status.code, answer.minted()), (200, None));
    assert_eq!((odd("/me").status.code, odd("/nowhere").status.code), (500, 404));
    assert!(get(&client, "/").minted().is_some());
}

/// A guard that lets nobody in.
struct Nobody;

#[async_trait]
impl<'r> FromRequest<'r> for Nobody {
    type Error = ();

    async fn from_request(_: &'r Request<'_>) -> Outcome<Self, ()> {
        Outcome::Error((Status::Unauthorized, ()))
    }
}

#[get("/fails")]
fn fails(_convert: &ConvertContext) -> Status {
    Status::BadGateway
}

#[get("/refused")]
fn refused(_convert: &ConvertContext, _nobody: Nobody) {}

#[get("/panics")]
#[allow(unreachable_code, reason = "that is the point")]
fn panics(_convert: &ConvertContext) {
    panic!("a handler's own fault")
}

#[get("/forwards", rank = 1)]
fn forwards(_convert: &ConvertContext, _nobody: Forwarded) {}

#[get("/forwards", rank = 2)]
fn forwarded(convert: &ConvertContext) -> String {
    convert.visitor_id().to_owned()
}

/// A guard that leaves the request to the next route.
struct Forwarded;

#[async_trait]
impl<'r> FromRequest<'r> for Forwarded {
    type Error = ();

    async fn from_request(_: &'r Request<'_>) -> Outcome<Self, ()> {
        Outcome::Forward(Status::NotFound)
    }
}

#[get("/streams")]
fn streams(convert: &ConvertContext) -> TextStream![String] {
    let convert = convert.clone();
    TextStream! {
        yield convert.visitor_id().to_owned();
        tokio::task::yield_now().await;
        yield format!(" {}", convert.visitor_id());
    }
}

#[catch(404)]
fn lost(request: &Request<'_>) -> String {
    ConvertContext::of(request).unwrap().visitor_id().to_owned()
}

#[test]
fn the_cookie_goes_out_on_whatever_response_follows() {
    let routes = routes![fails, refused, panics, forwards, forwarded, streams];
    let app = common::rocket().attach(ConvertFairing::new(core())).mount("/", routes);
    let client = rocket::local::blocking::Client::untracked(app.register("/", catchers![lost])).unwrap();
    let expected = [("/fails", 502), ("/refused", 401), ("/panics", 500), ("/forwards", 200), ("/streams", 200)];
    for (uri, status) in expected.into_iter().chain([("/nowhere", 404)]) {
        let answer = get(&client, uri);
        assert_eq!(answer.status.code, status, "{uri}");
        let id = answer.minted().unwrap_or_else(|| panic!("{uri} sets no cookie"));
        match uri {
            "/streams" => assert_eq!(answer.body, format!("{id} {id}")),
            "/forwards" | "/nowhere" => assert_eq!(answer.body, id),
            _ => {}
        }
    }
    let head = send(client.head("/streams"));
    assert!(head.minted().is_some() && head.body.is_empty());
}

#[test]
fn cookie_headers_that_http2_splits_are_read_together() {
    let client = client(ConvertFairing::new(core()));
    let headers = [("cookie", "theme=dark"), ("cookie", "convert_visitor_id=v-1"), ("cookie", "lang=en")];
    let answer = get_with(&client, "/me", &headers);
    assert_eq!((answer.body.as_str(), answer.minted()), ("v-1", None));
}

#[test]
fn an_id_that_is_out_of_bounds_is_replaced() {
    let client = client(ConvertFairing::new(core()));
    let oversized = "a".repeat(129);
    for spoofed in ["", " ", "a b", "a\u{7}b", "<script>", "a%0d%0aSet-Cookie:x=y", "%00", "é", &oversized] {
        let answer = get_as(&client, spoofed, "/me");
        assert_eq!(answer.minted(), Some(answer.body.as_str()), "{spoofed:?} is not taken, and replaced");
        assert_ne!(answer.body, spoofed);
        let jar = send(client.get("/me").cookie(("convert_visitor_id", spoofed.to_owned())));
        assert_eq!(jar.minted(), Some(jar.body.as_str()), "{spoofed:?} is not taken from the jar either");
    }
    let longest = "a".repeat(128);
    assert_eq!(get_as(&client, &longest, "/me").body, longest);
}

#[test]
fn parallel_first_requests_do_not_mix() {
    rocket::execute(async {
        let app = common::rocket().attach(ConvertFairing::new(core())).mount("/", routes());
        let client = Arc::new(rocket::local::asynchronous::Client::untracked(app).await.unwrap());
        let requests: Vec<_> = (0..50)
            .map(|_| {
                let client = Arc::clone(&client);
                tokio::spawn(async move {
                    let response = client.get("/me").dispatch().await;
                    let set = response.headers().get_one("Set-Cookie").map(str::to_owned);
                    (set, response.into_string().await.unwrap())
                })
            })
            .collect();
        let mut ids = HashSet::new();
        for request in requests {
            let (set, id) = request.await.unwrap();
            let expected = format!("convert_visitor_id={id};");
            assert!(set.unwrap().starts_with(&expected), "each response sets the id that its handler saw");
            assert!(ids.insert(id));
        }
    });
}

/// A guard that knows something of the visitor.
struct Member;

#[async_trait]
impl<'r> FromRequest<'r> for Member {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        ConvertContext::of(request).unwrap().set_attributes([("member", true)]).unwrap();
        Outcome::Success(Self)
    }
}

#[get("/shared")]
fn shared(_member: Member, one: &ConvertContext, two: &ConvertContext) -> String {
    assert!(std::ptr::eq(one, two), "cached in the request");
    let offer = one.explain_feature("shipping-offer");
    format!("{} {:?}", one.visitor_id(), offer.experiences.first().unwrap().reason)
}

#[test]
fn guards_of_one_request_share_one_visitor_and_one_context() {
    let client = common::client(ConvertFairing::new(core()), routes![shared]);
    let answer = get(&client, "/shared");
    assert!(answer.body.starts_with(answer.minted().unwrap()), "one id for all: {}", answer.body);
    assert!(!answer.body.ends_with("AudienceMismatch"), "what the other guard said is known: {}", answer.body);
}

/// Whom an app's own fairing finds.
struct Account(Option<&'static str>);

fn authenticate() -> AdHoc {
    AdHoc::on_request("Authentication", |request, _| {
        Box::pin(async move {
            let known = request.headers().contains("Authorization").then_some("account-7");
            request.local_cache(|| Account(known));
        })
    })
}

#[test]
fn the_app_can_say_who_it_is_and_other_fairings_are_heard_in_any_order() {
    let fairing = || ConvertFairing::new(core()).visitor_id(|request| request.local_cache(|| Account(None)).0);
    let first = common::rocket().attach(authenticate()).attach(fairing()).mount("/", routes());
    let last = common::rocket().attach(fairing()).attach(authenticate()).mount("/", routes());
    for app in [first, last] {
        let client = rocket::local::blocking::Client::untracked(app).unwrap();
        let known = get_with(&client, "/me", &[("Authorization", "x"), ("Cookie", "convert_visitor_id=c")]);
        assert_eq!((known.body.as_str(), known.minted()), ("account-7", None));
        assert_eq!(get_as(&client, "c", "/me").body, "c");
        let unknown = get(&client, "/me");
        assert_eq!(unknown.minted(), Some(unknown.body.as_str()));
    }
}

#[test]
fn a_blank_id_of_the_app_counts_as_none() {
    let answer = get(&client(ConvertFairing::new(core()).visitor_id(|_| Some(" "))), "/me");
    assert_eq!(answer.minted(), Some(answer.body.as_str()));
}

#[get("/pricing")]
fn unfollowed(convert: &ConvertContext) -> String {
    assert_eq!(convert.visitor().origin(), VisitorOrigin::Ephemeral);
    assert!(convert.run_experience("pricing-page").is_some(), "decisions are made all the same");
    convert.set_default_segments([("country", "NL")]);
    assert!(!convert.track_conversion("purchase").is_queued());
    assert!(convert.visitor_state().is_empty());
    convert.visitor_id().to_owned()
}

#[test]
fn without_consent_there_is_no_cookie_no_event_and_nothing_stored() {
    let transport = RecordingTransport::new();
    let core = builder().async_transport(transport.clone()).build().unwrap();
    let fairing = ConvertFairing::new(&core)
        .visitor_id(|_| Some("account-7"))
        .mint_always(true)
        .consent(|request| !convert_rocket::do_not_track(request) && !convert_rocket::global_privacy_control(request));
    let client = common::client(fairing, routes![unfollowed, me]);
    let mut ids = HashSet::new();
    for signal in [("DNT", "1"), ("Sec-GPC", "1")] {
        let answer = get_with(&client, "/pricing", &[signal, ("Cookie", "convert_visitor_id=c")]);
        assert_eq!((answer.status, answer.set_cookies().len()), (Status::Ok, 0));
        assert!(ids.insert(answer.body), "each request is a visitor of its own");
    }
    assert!(!ids.contains("c") && !ids.contains("account-7"));
    assert_eq!(events(&core, &transport), []);
    assert_eq!(get_with(&client, "/me", &[("DNT", "0")]).body, "account-7");
}

#[test]
fn the_cookie_is_as_the_app_wants_it() {
    let cookie = VisitorCookie::new().name("shop").unwrap().path("/shop").unwrap().secure(false).max_age(None);
    let client = client(ConvertFairing::new(core()).cookie(cookie));
    let answer = get(&client, "/me");
    assert_eq!(answer.set_cookies(), [format!("shop={}; Path=/shop; SameSite=Lax; HttpOnly", answer.body)]);
    let again = get_with(&client, "/me", &[("Cookie", "shop=v-2; convert_visitor_id=other")]);
    assert_eq!((again.body.as_str(), again.set_cookies().len()), ("v-2", 0));
}

#[test]
fn the_cookie_can_be_another_one_for_each_request() {
    let client = client(ConvertFairing::new(core()).cookie_with(|request| {
        let tenant = request.headers().get_one("X-Tenant").unwrap_or("nobody");
        VisitorCookie::new().name(tenant).unwrap_or_default()
    }));
    let answer = get_with(&client, "/me", &[("X-Tenant", "acme")]);
    assert!(answer.set_cookies().concat().starts_with(&format!("acme={};", answer.body)));
    let both = [("X-Tenant", "acme"), ("Cookie", "nobody=n; acme=a")];
    assert_eq!(get_with(&client, "/me", &both).body, "a");
}

#[get("/shown")]
fn shown(convert: &ConvertContext, awaited: &convert_rocket::AsyncConvertContext) -> String {
    format!("{convert:?} {awaited:?}")
}

#[test]
fn the_id_is_not_shown_in_clear() {
    let shown = get_as(&common::client(ConvertFairing::new(core()), routes![shown]), "ada@example.com", "/shown").body;
    assert!(shown.contains("Cookie") && !shown.contains("ada"), "{shown}");
}

#[get("/jar")]
fn jar(_convert: &ConvertContext, jar: &CookieJar<'_>) {
    jar.add(("convert_visitor_id", "mine"));
    jar.add(("session", "s"));
}

#[get("/session")]
fn session(_convert: &ConvertContext, jar: &CookieJar<'_>) {
    jar.add(Cookie::new("session", "s"));
}

#[test]
fn an_app_that_sets_the_cookie_itself_is_not_overruled_and_its_other_cookies_stay() {
    let client = common::client(ConvertFairing::new(core()), routes![jar, session]);
    let own = get(&client, "/jar");
    assert_eq!((own.minted(), own.set_cookies().len()), (Some("mine"), 2));
    let other = get(&client, "/session");
    assert_eq!(other.set_cookies().len(), 2);
    assert!(other.minted().is_some());
}

#[test]
fn of_two_fairings_the_last_counts() {
    let named = |name: &str| {
        let cookie = VisitorCookie::new().name(name).unwrap();
        ConvertFairing::new(core()).cookie(cookie)
    };
    let app = common::rocket().attach(named("one")).attach(named("two")).mount("/", routes());
    let answer = get(&rocket::local::blocking::Client::untracked(app).unwrap(), "/me");
    assert_eq!(answer.set_cookies().len(), 1);
    assert!(answer.set_cookies().concat().starts_with("two="));
}

#[get("/pricing/later")]
async fn later(convert: &ConvertContext) -> String {
    let convert = convert.clone();
    let decided = tokio::spawn(async move { convert.run_experience("pricing-page").is_some() });
    format!("{:?}", decided.await.ok())
}

#[test]
fn a_context_can_go_into_a_task_of_its_own() {
    let client = common::client(ConvertFairing::new(core()), routes![later]);
    assert_eq!(get(&client, "/pricing/later").body, "Some(true)");
}
