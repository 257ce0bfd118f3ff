//! What the middleware allocates for a request. A clone that slips in fails these tests; time never does.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::future::{Ready, ready};

use actix_service::fn_service;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::{Error, HttpResponse};
use convert_actix::{ConvertExt, ConvertMiddleware};
use web_testing::{Counting, EVERYWHERE_AND_ON_A_PAGE, allocations};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often a request of a known visitor allocates between the middleware's service and its response, `handle` included.
async fn costs(handle: fn(&ServiceRequest)) -> u64 {
    let answer = move |request: ServiceRequest| -> Ready<Result<ServiceResponse, Error>> {
        handle(&request);
        ready(Ok(request.into_response(HttpResponse::Ok())))
    };
    let core = common::builder().config_json(EVERYWHERE_AND_ON_A_PAGE).build().unwrap();
    let service = ConvertMiddleware::new(&core).new_transform(fn_service(answer)).await.unwrap();
    let mut counts = Vec::new();
    // The first decision is stored, and the first responses fill actix's pools.
    for _ in 0..10 {
        let request = common::request_of("v-1", "/").to_srv_request();
        let before = allocations();
        let response = service.call(request).await.unwrap();
        counts.push(allocations() - before);
        assert!(!response.headers().contains_key("set-cookie"));
    }
    counts.into_iter().min().unwrap()
}

#[actix_web::test]
async fn a_handler_that_asks_for_nothing_costs_three_allocations() {
    // The shared place, its entry among the request's extensions, and the table of those, which this is the first of.
    assert_eq!(costs(|_| ()).await, 3);
}

#[actix_web::test]
async fn a_context_with_one_decision_costs_no_more_than_reading_a_cookie_elsewhere() {
    fn decide(request: &ServiceRequest, key: &str) {
        let convert = request.convert_context().unwrap();
        assert!(convert.run_experience(key).is_some());
    }
    // Three of the middleware; then the context with its visitor, its view of the config, and the URL for a location that
    // nobody asks for yet.
    assert_eq!(costs(|request| decide(request, "everywhere")).await, 7);
    // Two more: the location, once it is asked for, and a list of the locations that the visitor is in.
    assert_eq!(costs(|request| decide(request, "on-a-page")).await, 9);
}
