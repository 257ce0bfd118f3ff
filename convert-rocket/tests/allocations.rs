//! What the fairing allocates for a request. A clone that slips in fails these tests; time never does.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

#[macro_use]
extern crate rocket;

mod common;

use convert_rocket::{ConvertContext, ConvertFairing};
use rocket::local::blocking::Client;
use web_testing::{Counting, EVERYWHERE_AND_ON_A_PAGE, allocations, builder};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[get("/idle")]
fn idle() {}

#[get("/everywhere")]
fn everywhere(convert: &ConvertContext) {
    assert!(convert.run_experience("everywhere").is_some());
}

#[get("/")]
fn on_a_page(convert: &ConvertContext) {
    assert!(convert.run_experience("on-a-page").is_some());
}

/// How often a request of a known visitor allocates, all of Rocket included.
fn costs(client: &Client, path: &str) -> u64 {
    let mut counts = Vec::new();
    // The first decision is stored; afterwards it is read back, as for most requests.
    for _ in 0..10 {
        let mut request = client.get(path.to_owned());
        request.add_header(rocket::http::Header::new("Cookie", "theme=dark; convert_visitor_id=v-1; lang=en"));
        let before = allocations();
        let response = request.dispatch();
        counts.push(allocations() - before);
        assert!(response.status().code == 200 && !response.headers().contains("Set-Cookie"));
    }
    counts.into_iter().min().unwrap()
}

#[test]
fn a_handler_that_asks_for_nothing_costs_four_allocations_and_a_decision_few_more() {
    let core = builder().config_json(EVERYWHERE_AND_ON_A_PAGE).build().unwrap();
    let with = common::client(ConvertFairing::new(&core), routes![idle, everywhere, on_a_page]);
    let without = Client::untracked(common::rocket().mount("/", routes![idle])).unwrap();
    let of_rocket = costs(&without, "/idle");
    // The two callbacks' futures, and the request's first entry in its local cache.
    assert_eq!(costs(&with, "/idle") - of_rocket, 4);
    // Then the guard's future; the context with its visitor and its view of the config; the URL for a location that nobody
    // asks for yet; and the header for caches.
    assert_eq!(costs(&with, "/everywhere") - of_rocket, 10);
    // Two more: the location, once it is asked for, and a list of the locations that the visitor is in.
    assert_eq!(costs(&with, "/") - of_rocket, 12);
}
