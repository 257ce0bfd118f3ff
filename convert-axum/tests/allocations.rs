//! What the layer allocates for a request. A clone that slips in fails these tests; time never does.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::convert::Infallible;
use std::future::Ready;
use std::future::ready;

use convert_axum::{ConvertContext, ConvertLayer};
use http::{Request, Response};
use tower::{Layer, Service, service_fn};
use web_testing::{Counting, EVERYWHERE_AND_ON_A_PAGE};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type Handled = Ready<Result<Response<()>, Infallible>>;

/// How often a request of a known visitor allocates between the layer's service and its response.
fn allocations(handler: impl Fn(Request<()>) -> Handled + Clone) -> u64 {
    let core = common::builder().config_json(EVERYWHERE_AND_ON_A_PAGE).build().unwrap();
    let mut service = ConvertLayer::new(&core).layer(service_fn(handler));
    let mut once = || {
        let request = Request::get("/").header("cookie", "theme=dark; convert_visitor_id=v-1; lang=en");
        let request = request.header("host", "shop.example").body(()).unwrap();
        let before = web_testing::allocations();
        let response = futures_executor::block_on(service.call(request)).unwrap();
        let after = web_testing::allocations();
        assert!(!response.headers().contains_key("set-cookie"));
        after - before
    };
    // The first decision is stored; afterwards it is read back, as for most requests.
    once();
    let counts: Vec<u64> = (0..10).map(|_| once()).collect();
    counts.into_iter().min().unwrap()
}

fn answer() -> Handled {
    ready(Ok(Response::new(())))
}

#[test]
fn a_handler_that_asks_for_nothing_costs_four_allocations() {
    // The shared place, and three for the request's first extension.
    assert_eq!(allocations(|_| answer()), 4);
}

#[test]
fn a_context_with_one_decision_costs_no_more_than_reading_a_cookie_elsewhere() {
    let decide = |key: &'static str| {
        allocations(move |request| {
            let (mut head, ()) = request.into_parts();
            let convert = ConvertContext::from_parts(&mut head).unwrap();
            assert!(convert.run_experience(key).is_some());
            answer()
        })
    };
    // Four of the layer; then the id, the context, its view, and the URL for a location that nobody asks for yet. And two of
    // the response's first header: most have one already.
    assert_eq!(decide("everywhere"), 10);
    // Two more: the location, once it is asked for, and a list of the locations that the visitor is in.
    assert_eq!(decide("on-a-page"), 12);
}
