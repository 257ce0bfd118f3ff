//! The Rocket fairing and guard, beside the axum layer and extractor: what each adds to its framework.

use std::hint::black_box;

use axum::body::Body;
use axum::routing;
use convert_axum::ConvertLayer;
use convert_rocket::ConvertFairing;
use http::{Request, Response};
use rocket::http::Header;
use rocket::local::asynchronous::Client;
use rocket::{Build, Config, Rocket, get, routes};
use tower::Service;
use tower::layer::util::Identity;

use super::{Added, print_added, ready, visitor_cookie};
use crate::cores::{self, EVERYWHERE};
use crate::rounds::{self, Contender, Plan, Timed};

#[get("/")]
fn ignore() {}

#[get("/")]
fn decide(convert: &convert_rocket::ConvertContext) {
    assert!(black_box(&convert.run_experience(EVERYWHERE)).is_some());
}

async fn decide_in_axum(convert: convert_axum::ConvertContext) {
    assert!(black_box(&convert.run_experience(EVERYWHERE)).is_some());
}

pub fn run() {
    let core = cores::core(|builder| builder);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let with = |routes: Vec<rocket::Route>| rocket_app().attach(ConvertFairing::new(&core)).mount("/", routes);
    let started = |app| runtime.block_on(Client::untracked(app)).expect("it starts");
    let clients = [rocket_app().mount("/", routes![ignore]), with(routes![ignore]), with(routes![decide])].map(started);
    let bare = || axum::Router::new().route("/", routing::get(async || ()));
    let deciding = axum::Router::new().route("/", routing::get(decide_in_axum));
    let layer = ConvertLayer::new(&core);

    let _inside = runtime.enter();
    let contenders = vec![
        of_axum("bare axum", bare()),
        of_axum("a layer that does nothing", bare().layer(Identity::new())),
        of_axum("convert-axum, ignored", bare().layer(layer.clone())),
        of_axum("convert-axum, one decision", deciding.layer(layer)),
        of_rocket("bare Rocket", &clients[0]),
        of_rocket("convert-rocket, ignored", &clients[1]),
        of_rocket("convert-rocket, one decision", &clients[2]),
    ];
    let timed = rounds::run(contenders, &Plan::USUAL);
    let [axum, axum_layer, axum_ignored, axum_decision, rocket, rocket_ignored, rocket_decision] = &timed[..] else {
        return;
    };
    let layer_alone = Added::to(axum)(axum_layer);
    let [ignored, decision] = [axum_ignored, axum_decision].map(Added::to(axum));
    let rows = [layer_alone, ignored, decision].map(|added| (added, None));
    let title = |through: &str, bare: &Timed| format!("{through}; a bare request takes {:.0} ns", bare.median);
    print_added(&title("A request with the visitor's cookie through axum's router", axum), &rows);
    let [guard_ignored, guard_decision] = [rocket_ignored, rocket_decision].map(Added::to(rocket));
    let rows = [guard_ignored, guard_decision].map(|added| (added, None));
    print_added(&title("The same through Rocket", rocket), &rows);
    rounds::at_most("the fairing that is ignored, to the axum layer", 1.5, guard_ignored.ratio(&ignored));
    rounds::at_most("one decision with the guard, to one behind the axum layer", 1.5, guard_decision.ratio(&decision));
    // Rocket calls a fairing without one more box around the routes.
    let [beyond_ignored, beyond_decision] = [axum_ignored, axum_decision].map(Added::to(axum_layer));
    println!(
        "- without what axum's router does for any layer: {:.2} and {:.2}",
        guard_ignored.ratio(&beyond_ignored),
        guard_decision.ratio(&beyond_decision)
    );
}

fn rocket_app() -> Rocket<Build> {
    rocket::custom(rocket::figment::Figment::from(Config::release_default()).merge(("log_level", "off")))
}

fn of_axum(name: &str, mut router: axum::Router) -> Contender<'static> {
    let cookie = visitor_cookie();
    Contender::new(name, move || {
        let request = Request::get("/").header("host", "shop.example").header("cookie", &cookie).body(Body::empty());
        let call = Service::<Request<Body>>::call(&mut router, request.expect("the request is in order"));
        let response: Response<Body> = ready(call).unwrap_or_else(|never| match never {});
        assert_eq!(response.status(), 200);
    })
}

fn of_rocket<'a>(name: &str, client: &'a Client) -> Contender<'a> {
    let cookie = visitor_cookie();
    Contender::new(name, move || {
        let mut request = client.get("/");
        request.add_header(Header::new("Host", "shop.example"));
        request.add_header(Header::new("Cookie", cookie.clone()));
        assert_eq!(ready(request.dispatch()).status().code, 200);
    })
}
