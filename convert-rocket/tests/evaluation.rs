//! What a request's context knows, and what happens where something is missing or fails.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

#[macro_use]
extern crate rocket;

mod common;

use common::{client, get, get_as, get_with};
use convert_rocket::core::testing::{Answer, RecordingTransport};
use convert_rocket::core::{AsyncCore, Core, MemoryStore, Offloaded, RequestKind};
use convert_rocket::{
    AsyncConvertContext, ConvertContext, ConvertFairing, ConvertRejection, VisitorCookie, request_location,
};
use rocket::error::ErrorKind;
use rocket::http::Status;
use rocket::local::blocking::Client;
use rocket::request::{FromRequest, Outcome};
use rocket::{Request, Route, State};
use web_testing::{Failing, PRICING, builder, core, other, usual};

#[get("/pricing")]
fn pricing(convert: &ConvertContext) -> String {
    match convert.run_experience("pricing-page") {
        Some(decision) => decision.variation_id().to_owned(),
        None => format!("{:?}", convert.explain_experience("pricing-page").reason),
    }
}

#[get("/about")]
fn about(convert: &ConvertContext) -> String {
    pricing(convert)
}

fn routes() -> Vec<Route> {
    routes![pricing, about]
}

#[test]
fn the_requests_location_reaches_calls() {
    let app = client(ConvertFairing::new(core()), routes());
    assert_eq!(get_as(&app, "v", "/pricing").body, usual("v"));
    assert_eq!(get_as(&app, "v", "/about").body, "LocationMismatch");
    let own = client(ConvertFairing::new(core()).location(|_| [("path", "/pricing/own")]), routes());
    assert_eq!(get_as(&own, "v", "/about").body, usual("v"));
    let none = client(ConvertFairing::new(core()).no_location(), routes());
    assert_eq!(get_as(&none, "v", "/pricing").body, "LocationPropertiesMissing");
}

#[get("/<_path..>")]
fn located(_path: std::path::PathBuf, at: Located) -> String {
    at.0
}

/// What the request's location is by default.
struct Located(String);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Located {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let location = request_location(request);
        let one = |name: &str| format!("{:?}", location.get(name));
        let all = ["url", "path", "host", "plan", "q"].map(one);
        Outcome::Success(Self(all.join("\n")))
    }
}

#[test]
fn the_default_location_is_url_path_host_and_parameters() {
    let app = client(ConvertFairing::new(core()), routes![located]);
    let text = |text: &str| format!("{:?}", Some(convert_rocket::core::AttributeValue::from(text)));
    let answer = get(&app, "/pricing?plan=pro&plan=team&q=a+b%21").body;
    let expected = ["http:///pricing?plan=pro&plan=team&q=a+b%21", "/pricing", "", "team", "a b!"].map(text);
    assert_eq!(answer, expected.join("\n"));

    let first = |headers: &[(&str, &str)]| get_with(&app, "/", headers).body.lines().next().unwrap().to_owned();
    assert_eq!(first(&[("X-Forwarded-Proto", "https, http")]), text("https:///"));
    assert_eq!(first(&[("X-Forwarded-Proto", "gopher")]), text("http:///"));
}

#[test]
fn a_function_that_asks_for_the_context_it_helps_to_make_is_told_so() {
    fn asks(request: &Request<'_>) -> bool {
        assert_eq!(ConvertContext::of(request).unwrap_err(), ConvertRejection::Reentrant);
        assert_eq!(AsyncConvertContext::of(request).unwrap_err(), ConvertRejection::Reentrant);
        true
    }
    let fairing = || ConvertFairing::new(core());
    let all = [
        fairing().consent(asks),
        fairing().visitor_id(|request| asks(request).then_some("v")),
        fairing().attributes(|request| [("asked", asks(request))]),
        fairing().location(|request| [("path", if asks(request) { "/pricing" } else { "/" })]),
        fairing().preview_when(asks),
        fairing().cookie_with(|request| VisitorCookie::new().secure(asks(request))),
    ];
    for fairing in all {
        let app = client(fairing.mint_always(true), routes![pricing]);
        // The request goes on as if the function had not asked.
        assert_eq!(get_as(&app, "v", "/pricing?plan=pro").body, usual("v"));
    }
    assert!(ConvertRejection::Reentrant.to_string().contains("asked for the context"));
}

#[get("/offer")]
fn offer(convert: &ConvertContext) -> String {
    format!("{:?}", convert.explain_experience("free-shipping").reason)
}

#[test]
fn attributes_of_the_request_reach_audiences() {
    let fairing =
        ConvertFairing::new(core()).attributes(|request| [("member", request.headers().contains("x-member"))]);
    let app = client(fairing, routes![offer]);
    assert_eq!(get(&app, "/offer").body, "AudienceMismatch");
    let headers = [("X-Member", "1"), ("Cookie", "convert_visitor_id=v-1")];
    assert_ne!(get_with(&app, "/offer", &headers).body, "AudienceMismatch");
}

#[test]
fn preview_links_work_only_where_they_are_switched_on() {
    let (usual, transport) = (usual("v"), RecordingTransport::new());
    let uri = format!("/pricing?convert_preview={}.{}", PRICING.0, other(&usual));
    let core = builder().async_transport(transport.clone()).build().unwrap();
    let on = client(ConvertFairing::new(&core).preview(true), routes());
    assert_eq!(get_as(&on, "v", &uri).body, other(&usual));
    assert_eq!(web_testing::events(&core, &transport), [], "a preview leaves no trace");
    let off = client(ConvertFairing::new(&core), routes());
    assert_eq!(get_as(&off, "v", &uri).body, usual);
    for broken in ["/pricing?convert_preview=x", "/pricing?convert_preview=1.2", "/pricing?convert_preview="] {
        assert_eq!(get_as(&on, "v", broken).body, usual, "{broken}");
    }
    let staff = ConvertFairing::new(&core).preview_when(|request| request.headers().contains("X-Staff"));
    let staff = client(staff, routes());
    assert_eq!(get_as(&staff, "v", &uri).body, usual);
    let headers = [("X-Staff", "1"), ("Cookie", "convert_visitor_id=v")];
    assert_eq!(get_with(&staff, &uri, &headers).body, other(&usual));
}

#[test]
fn forced_variations_work_only_where_they_are_switched_on() {
    let (usual, core) = (usual("v"), core());
    let uri = format!("/pricing?convert_force={}.{}", PRICING.0, other(&usual));
    let on = client(ConvertFairing::new(&core).forced_variations(true), routes());
    assert_eq!(get_as(&on, "v", &uri).body, other(&usual));
    assert_eq!(core.stats().accepted.total(), 0, "it is not tracked");
    assert_eq!(get_as(&on, "v", "/pricing").body, usual, "and not stored");
    assert_eq!(get_as(&client(ConvertFairing::new(&core), routes()), "v", &uri).body, usual);
}

#[get("/buy")]
fn buy(convert: &ConvertContext) -> String {
    format!("{:?}", convert.track_conversion("purchase"))
}

#[get("/idle")]
fn idle() -> &'static str {
    "idle"
}

#[get("/held")]
fn held(_convert: &ConvertContext) -> &'static str {
    "held"
}

#[test]
fn a_failing_store_fails_no_request_and_an_idle_handler_asks_it_nothing() {
    let store = Failing::default();
    let core = builder().data_store(store.clone()).build().unwrap();
    let app = client(ConvertFairing::new(&core), routes![pricing, buy, idle, held]);
    for idle in ["/idle", "/held"] {
        assert_eq!(get(&app, idle).body, &idle[1..]);
    }
    assert_eq!((store.asked(), core.stats().accepted.total()), (0, 0));
    assert_eq!(get_as(&app, "v", "/pricing").body, usual("v"));
    assert_eq!(get_as(&app, "v", "/buy").body, "Queued { events: 1 }");
    assert!(store.asked() > 0);
}

#[test]
fn a_core_that_is_not_ready_fails_no_request() {
    let transport = RecordingTransport::new();
    transport.otherwise(RequestKind::Config, Answer::Hang);
    let core = Core::builder().sdk_key("1/2").async_transport(transport).start_unready(true).build().unwrap();
    let answer = get(&client(ConvertFairing::new(core), routes()), "/pricing");
    assert_eq!((answer.status, answer.body.as_str()), (Status::Ok, "SdkNotReady"));
    assert!(answer.minted().is_some(), "the visitor is the same when it is");
}

#[get("/")]
fn awaited(_convert: &AsyncConvertContext) {}

#[get("/")]
fn optional(convert: Option<&ConvertContext>) -> String {
    convert.is_some().to_string()
}

#[test]
fn a_missing_fairing_aborts_the_launch() {
    for routes in [routes![held], routes![awaited], routes![optional]] {
        let error = Client::untracked(common::rocket().mount("/", routes)).unwrap_err();
        let ErrorKind::SentinelAborts(sentries) = error.kind() else { panic!("{error:?}") };
        assert_eq!(sentries.len(), 1);
        assert!(sentries[0].type_name.contains("ConvertContext"), "{}", sentries[0].type_name);
    }
    let app = common::rocket().attach(ConvertFairing::new(core())).mount("/", routes![held, optional]);
    assert_eq!(get(&Client::untracked(app).unwrap(), "/").body, "true");
}

#[catch(default)]
fn told(_: Status, request: &Request<'_>) -> String {
    ConvertContext::of(request).unwrap_err().to_string()
}

/// A guard of the app's own, into which Rocket does not look.
struct Visited;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Visited {
    type Error = ConvertRejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ConvertRejection> {
        request.guard::<&ConvertContext>().await.map(|_| Self)
    }
}

#[get("/visited")]
fn visited(_visited: Visited) {}

#[get("/maybe")]
fn maybe(visited: Option<Visited>) -> String {
    visited.is_some().to_string()
}

#[test]
fn where_rocket_cannot_see_the_asking_a_missing_fairing_is_told() {
    let app = common::rocket().mount("/", routes![visited, maybe]).register("/", catchers![told]);
    let app = Client::untracked(app).unwrap();
    let refused = get(&app, "/visited");
    assert_eq!(refused.status, Status::InternalServerError);
    assert_eq!(refused.body, ConvertRejection::MissingFairing.to_string());
    assert_eq!(get(&app, "/nowhere").body, ConvertRejection::MissingFairing.to_string());
    assert_eq!(get(&app, "/maybe").body, "false");
}

#[get("/pricing/async")]
async fn pricing_awaited(convert: &AsyncConvertContext) -> String {
    convert.run_experience("pricing-page").await.unwrap().variation_id().to_owned()
}

#[get("/core")]
fn state(core: &State<Core>) -> String {
    core.is_ready().to_string()
}

#[get("/async-core")]
fn async_state(core: &State<AsyncCore>) -> String {
    core.is_ready().to_string()
}

#[test]
fn an_asynchronous_store_needs_the_asynchronous_guard() {
    let fairing = || {
        let builder = builder().async_data_store(Offloaded::new(MemoryStore::new()));
        ConvertFairing::from_builder(builder)
    };
    let app = client(fairing(), routes![pricing_awaited, async_state]);
    assert_eq!(get_as(&app, "v", "/pricing/async").body, usual("v"));
    assert_eq!(get(&app, "/async-core").body, "true");
    for routes in [routes![held], routes![state]] {
        let error = Client::untracked(common::rocket().attach(fairing()).mount("/", routes)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::SentinelAborts(_)));
    }
    let hidden = common::rocket().attach(fairing()).register("/", catchers![told]);
    assert_eq!(get(&Client::untracked(hidden).unwrap(), "/").body, ConvertRejection::AsyncStore.to_string());

    // With a synchronous store both work, and both see the same visitor.
    let app = client(ConvertFairing::new(core()), routes![pricing, pricing_awaited, state, async_state]);
    for uri in ["/pricing", "/pricing/async"] {
        assert_eq!(get_as(&app, "v", uri).body, usual("v"));
    }
    for uri in ["/core", "/async-core"] {
        assert_eq!(get(&app, uri).body, "true");
    }
}

#[test]
fn a_core_that_the_app_manages_itself_stays() {
    let (own, other) = (core(), core());
    let app = common::rocket().manage(own.clone()).attach(ConvertFairing::new(&other));
    let app = Client::untracked(app).unwrap();
    own.set_tracking_enabled(false);
    assert!(!app.rocket().state::<Core>().unwrap().is_tracking_enabled());
    assert!(app.rocket().state::<AsyncCore>().unwrap().is_tracking_enabled());
}
