//! Which responses are kept out of caches that visitors share.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod common;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::routing::get;
use common::{Answer, core, request_of, send};
use convert_axum::{ConvertContext, ConvertLayer};

fn app(layer: ConvertLayer) -> Router {
    let own = async |_: ConvertContext| ([(CACHE_CONTROL, "private, no-store")], "the app's word");
    Router::new()
        .route("/", get(async || "for everybody"))
        .route("/me", get(async |_: ConvertContext| "for one"))
        .route("/own", get(own))
        .fallback(async |_: ConvertContext| StatusCode::NOT_FOUND)
        .layer(layer)
}

/// What the answer says to caches.
fn said(answer: &Answer) -> Vec<&str> {
    answer.headers.get_all(CACHE_CONTROL).iter().map(|value| value.to_str().unwrap()).collect()
}

#[tokio::test]
async fn what_depends_on_the_visitor_is_for_nobody_else() {
    let app = app(ConvertLayer::new(core()));
    for (path, expected) in
        [("/", &[][..]), ("/me", &["private"]), ("/own", &["private, no-store"]), ("/nowhere", &["private"])]
    {
        assert_eq!(said(&common::get(&app, path).await), expected, "{path} of a new visitor");
        assert_eq!(said(&send(&app, request_of("known", path)).await), expected, "{path} of a known visitor");
    }
}

#[tokio::test]
async fn what_is_decided_without_consent_is_for_nobody_else_either() {
    let app = app(ConvertLayer::new(core()).consent(|_| false));
    let answer = common::get(&app, "/me").await;
    assert_eq!((said(&answer), answer.set_cookies().len()), (vec!["private"], 0));
}

#[tokio::test]
async fn of_responses_that_nobody_asked_for_only_those_with_a_new_cookie_are_private() {
    for layer in [ConvertLayer::new(core()), ConvertLayer::new(core()).prepare_early(true)] {
        let app = app(layer.mint_always(true));
        let first = common::get(&app, "/").await;
        assert!(first.minted().is_some() && said(&first) == ["private"], "{first:?}");
        assert_eq!(said(&send(&app, request_of("known", "/")).await), [""; 0]);
        assert_eq!(said(&send(&app, request_of("known", "/me")).await), ["private"]);
    }
}

#[tokio::test]
async fn it_can_be_left_to_the_app() {
    let app = app(ConvertLayer::new(core()).private_responses(false));
    let answer = common::get(&app, "/me").await;
    assert!(answer.minted().is_some() && said(&answer).is_empty(), "{answer:?}");
}
