//! Which responses are kept out of caches that visitors share.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod common;

use actix_web::error::ErrorNotFound;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::test::init_service;
use actix_web::{App, Error, HttpResponse, web};
use common::{Answer, core, get, request_of, send};
use convert_actix::{ConvertContext, ConvertMiddleware};

async fn app(convert: ConvertMiddleware) -> impl common::App<actix_web::body::BoxBody> {
    let own = async |_: ConvertContext| HttpResponse::Ok().insert_header((CACHE_CONTROL, "private, no-store")).finish();
    let lost = async |_: ConvertContext| Err::<HttpResponse, Error>(ErrorNotFound("no such page"));
    let app = App::new()
        .route("/", web::get().to(async || "for everybody"))
        .route("/me", web::get().to(async |_: ConvertContext| "for one"))
        .route("/own", web::get().to(own))
        .default_service(web::to(lost));
    init_service(app.wrap(convert)).await
}

/// What the answer says to caches.
fn said(answer: &Answer) -> Vec<&str> {
    answer.headers.get_all(CACHE_CONTROL).map(|value| value.to_str().unwrap()).collect()
}

#[actix_web::test]
async fn what_depends_on_the_visitor_is_for_nobody_else() {
    let app = app(ConvertMiddleware::new(core())).await;
    for (path, expected) in
        [("/", &[][..]), ("/me", &["private"]), ("/own", &["private, no-store"]), ("/nowhere", &["private"])]
    {
        assert_eq!(said(&get(&app, path).await), expected, "{path} of a new visitor");
        assert_eq!(said(&send(&app, request_of("known", path)).await), expected, "{path} of a known visitor");
    }
}

#[actix_web::test]
async fn an_error_that_middleware_answers_further_out_is_for_nobody_else_either() {
    async fn refuse(
        request: actix_web::dev::ServiceRequest,
        _: actix_web::middleware::Next<actix_web::body::BoxBody>,
    ) -> Result<actix_web::dev::ServiceResponse, Error> {
        use convert_actix::ConvertExt;
        request.convert_context()?;
        Err(actix_web::error::ErrorUnauthorized("nobody is let in"))
    }
    let app = App::new().wrap(actix_web::middleware::from_fn(refuse)).wrap(ConvertMiddleware::new(core()));
    let answer = get(&init_service(app).await, "/").await;
    assert_eq!((answer.status.as_u16(), said(&answer)), (401, vec!["private"]));
}

#[actix_web::test]
async fn what_is_decided_without_consent_is_for_nobody_else_either() {
    let app = app(ConvertMiddleware::new(core()).consent(|_| false)).await;
    let answer = get(&app, "/me").await;
    assert_eq!((said(&answer), answer.set_cookies().len()), (vec!["private"], 0));
}

#[actix_web::test]
async fn of_responses_that_nobody_asked_for_only_those_with_a_new_cookie_are_private() {
    let app = app(ConvertMiddleware::new(core()).mint_always(true)).await;
    let first = get(&app, "/").await;
    assert!(first.minted().is_some() && said(&first) == ["private"], "{first:?}");
    assert_eq!(said(&send(&app, request_of("known", "/")).await), [""; 0]);
    assert_eq!(said(&send(&app, request_of("known", "/me")).await), ["private"]);
}

#[actix_web::test]
async fn it_can_be_left_to_the_app() {
    let app = app(ConvertMiddleware::new(core()).private_responses(false)).await;
    let answer = get(&app, "/me").await;
    assert!(answer.minted().is_some() && said(&answer).is_empty(), "{answer:?}");
}
