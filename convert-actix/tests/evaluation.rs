//! What a request's context knows, and what happens where something is missing or fails.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

mod common;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::test::init_service;
use actix_web::{App, Error, HttpRequest, ResponseError, Scope, web};
use common::{PRICING, core, get, request_of, request_with, send};
use convert_actix::core::testing::{Answer, RecordingTransport};
use convert_actix::core::{Attributes, Core, MemoryStore, Offloaded, RequestKind};
use convert_actix::{
    AsyncConvertContext, AsyncConvertCore, ConvertContext, ConvertCore, ConvertError, ConvertExt, ConvertMiddleware,
    VisitorCookie, request_location,
};
use web_testing::{Failing, other, usual};

async fn pricing(convert: ConvertContext) -> String {
    match convert.run_experience("pricing-page") {
        Some(decision) => decision.variation_id().to_owned(),
        None => format!("{:?}", convert.explain_experience("pricing-page").reason),
    }
}

/// An app whose pages all decide about the pricing page.
async fn app(convert: ConvertMiddleware) -> impl common::App<BoxBody> {
    init_service(App::new().default_service(web::to(pricing)).wrap(convert)).await
}

#[actix_web::test]
async fn the_requests_location_reaches_calls() {
    let default = app(ConvertMiddleware::new(core())).await;
    assert_eq!(send(&default, request_of("v", "/pricing")).await.body, usual("v"));
    assert_eq!(send(&default, request_of("v", "/about")).await.body, "LocationMismatch");

    let own = app(ConvertMiddleware::new(core()).location(|_| [("path", "/pricing/own")])).await;
    assert_eq!(send(&own, request_of("v", "/about")).await.body, usual("v"));

    let none = app(ConvertMiddleware::new(core()).no_location()).await;
    assert_eq!(send(&none, request_of("v", "/pricing")).await.body, "LocationPropertiesMissing");
}

#[actix_web::test]
async fn a_function_that_asks_for_the_context_it_helps_to_make_is_told_so() {
    fn asks(request: &HttpRequest) -> bool {
        assert_eq!(request.convert_context().unwrap_err(), ConvertError::Reentrant);
        assert_eq!(request.async_convert_context().unwrap_err(), ConvertError::Reentrant);
        true
    }
    let convert = || ConvertMiddleware::new(core());
    let all = [
        convert().consent(asks),
        convert().visitor_id(|request| asks(request).then_some("v")),
        convert().attributes(|request| [("asked", asks(request))]),
        convert().location(|request| [("path", if asks(request) { "/pricing" } else { "/" })]),
        convert().preview_when(asks),
        convert().cookie_with(|request| VisitorCookie::new().secure(asks(request))),
    ];
    for convert in all {
        // The request goes on as if the function had not asked.
        assert_eq!(send(&app(convert).await, request_of("v", "/pricing?plan=pro")).await.body, usual("v"));
    }
    // As a response, it says what is wrong.
    let response = ConvertError::Reentrant.error_response();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(ConvertError::Reentrant.to_string().contains("asked for the context"));
}

#[actix_web::test]
async fn a_scope_does_not_shorten_the_location() {
    let scope: Scope = web::scope("/pricing").route("/plans", web::get().to(pricing));
    let app = init_service(App::new().service(scope).wrap(ConvertMiddleware::new(core()))).await;
    assert_eq!(send(&app, request_of("v", "/pricing/plans")).await.body, usual("v"));
}

#[actix_web::test]
async fn the_default_location_is_url_path_host_and_parameters() {
    let location = |uri: &str, headers: &[(&str, &str)]| -> Attributes {
        request_location(&request_with(uri, headers).to_http_request())
    };
    let attributes = location("/pricing?plan=pro&plan=team&q=a+b%21", &[("host", "shop.example:8080")]);
    let expected = Attributes::new()
        .with("url", "http://shop.example:8080/pricing?plan=pro&plan=team&q=a+b%21")
        .with("path", "/pricing")
        .with("host", "shop.example:8080")
        .with("plan", "team")
        .with("q", "a b!");
    assert_eq!(attributes, expected);

    let url = |uri: &str, headers: &[(&str, &str)]| location(uri, headers).get("url").unwrap().clone();
    let proxied = [("host", "a.example"), ("x-forwarded-proto", "https, http")];
    assert_eq!(url("/", &proxied), "https://a.example/".into());
    assert_eq!(url("/", &[("host", "a.example"), ("x-forwarded-proto", "gopher")]), "http://a.example/".into());
    // As HTTP/2 has it: the URI says it all, and headers do not count.
    assert_eq!(url("https://b.example/x", &[("host", "a.example")]), "https://b.example/x".into());
}

#[actix_web::test]
async fn attributes_of_the_request_reach_audiences() {
    async fn offer(convert: ConvertContext) -> String {
        format!("{:?}", convert.explain_experience("free-shipping").reason)
    }
    let is_member = |request: &HttpRequest| [("member", request.headers().contains_key("x-member"))];
    let convert = ConvertMiddleware::new(core()).attributes(is_member);
    let app = init_service(App::new().route("/", web::get().to(offer)).wrap(convert)).await;
    assert_eq!(get(&app, "/").await.body, "AudienceMismatch");
    let member = request_with("/", &[("x-member", "1"), ("cookie", "convert_visitor_id=v-1")]);
    assert_ne!(send(&app, member).await.body, "AudienceMismatch");
}

#[actix_web::test]
async fn preview_links_work_only_where_they_are_switched_on() {
    let (usual, transport) = (usual("v"), RecordingTransport::new());
    let uri = format!("/pricing?convert_preview={}.{}", PRICING.0, other(&usual));
    let core = common::builder().async_transport(transport.clone()).build().unwrap();
    let on = app(ConvertMiddleware::new(&core).preview(true)).await;
    assert_eq!(send(&on, request_of("v", &uri)).await.body, other(&usual));
    assert_eq!(common::events(&core, &transport), [], "a preview leaves no trace");
    let off = app(ConvertMiddleware::new(&core)).await;
    assert_eq!(send(&off, request_of("v", &uri)).await.body, usual);
    for broken in ["/pricing?convert_preview=x", "/pricing?convert_preview=1.2", "/pricing?convert_preview="] {
        assert_eq!(send(&on, request_of("v", broken)).await.body, usual, "{broken}");
    }
}

#[actix_web::test]
async fn preview_links_can_be_for_some_requests_only() {
    let usual = usual("v");
    let uri = format!("/pricing?convert_preview={}.{}", PRICING.0, other(&usual));
    let staff = |request: &HttpRequest| request.headers().contains_key("x-staff");
    let app = app(ConvertMiddleware::new(core()).preview(true).preview_when(staff)).await;
    let cookie = ("cookie", "convert_visitor_id=v");
    assert_eq!(send(&app, request_with(&uri, &[cookie, ("x-staff", "1")])).await.body, other(&usual));
    assert_eq!(send(&app, request_with(&uri, &[cookie])).await.body, usual);
}

#[actix_web::test]
async fn forced_variations_work_only_where_they_are_switched_on() {
    let usual = usual("v");
    let uri = format!("/pricing?convert_force={}.{}", PRICING.0, other(&usual));
    let core = core();
    let on = app(ConvertMiddleware::new(&core).forced_variations(true)).await;
    assert_eq!(send(&on, request_of("v", &uri)).await.body, other(&usual));
    assert_eq!(core.stats().accepted.total(), 0, "it is not tracked");
    assert_eq!(send(&on, request_of("v", "/pricing")).await.body, usual, "and not stored");
    let off = app(ConvertMiddleware::new(&core)).await;
    assert_eq!(send(&off, request_of("v", &uri)).await.body, usual);
}

#[actix_web::test]
async fn a_failing_store_fails_no_request_and_an_idle_handler_asks_it_nothing() {
    async fn buy(convert: ConvertContext) -> String {
        format!("{:?}", convert.track_conversion("purchase"))
    }
    let store = Failing::default();
    let core = common::builder().data_store(store.clone()).build().unwrap();
    let app = App::new()
        .route("/pricing", web::get().to(pricing))
        .route("/buy", web::get().to(buy))
        .route("/idle", web::get().to(async || "idle"))
        .route("/held", web::get().to(async |_: ConvertContext| "held"));
    let app = init_service(app.wrap(ConvertMiddleware::new(&core))).await;
    for idle in ["/idle", "/held"] {
        assert_eq!(get(&app, idle).await.body, &idle[1..]);
    }
    assert_eq!((store.asked(), core.stats().accepted.total()), (0, 0));
    assert_eq!(send(&app, request_of("v", "/pricing")).await.body, usual("v"));
    assert_eq!(send(&app, request_of("v", "/buy")).await.body, "Queued { events: 1 }");
    assert!(store.asked() > 0);
}

#[actix_web::test]
async fn a_core_that_is_not_ready_fails_no_request() {
    let transport = RecordingTransport::new();
    transport.otherwise(RequestKind::Config, Answer::Hang);
    let core = Core::builder().sdk_key("1/2").async_transport(transport).start_unready(true).build().unwrap();
    let answer = get(&app(ConvertMiddleware::new(core)).await, "/pricing").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "SdkNotReady"));
    assert!(answer.minted().is_some(), "the visitor is the same when it is");
}

#[actix_web::test]
async fn a_missing_middleware_is_told() {
    async fn result(convert: Result<ConvertContext, ConvertError>) -> String {
        convert.unwrap_err().to_string()
    }
    async fn error(convert: Result<ConvertContext, Error>) -> String {
        format!("{:?}", convert.unwrap_err().as_error::<ConvertError>())
    }
    let app = App::new()
        .route("/context", web::get().to(async |_: ConvertContext| ""))
        .route("/async", web::get().to(async |_: AsyncConvertContext| ""))
        .route("/core", web::get().to(async |_: ConvertCore| ""))
        .route("/async-core", web::get().to(async |_: AsyncConvertCore| ""))
        .route("/optional", web::get().to(async |convert: Option<ConvertContext>| convert.is_none().to_string()))
        .route("/result", web::get().to(result))
        .route("/error", web::get().to(error));
    let app = init_service(app).await;
    for uri in ["/context", "/async", "/core", "/async-core"] {
        let answer = get(&app, uri).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.body, ConvertError::MissingMiddleware.to_string());
    }
    assert_eq!(get(&app, "/optional").await.body, "true");
    assert_eq!(get(&app, "/result").await.body, ConvertError::MissingMiddleware.to_string());
    assert_eq!(get(&app, "/error").await.body, "Some(MissingMiddleware)");
}

#[actix_web::test]
async fn an_asynchronous_store_needs_the_asynchronous_extractors() {
    async fn awaited(convert: AsyncConvertContext) -> String {
        convert.run_experience("pricing-page").await.unwrap().variation_id().to_owned()
    }
    fn routes(config: &mut web::ServiceConfig) {
        config
            .route("/pricing", web::get().to(pricing))
            .route("/pricing/async", web::get().to(awaited))
            .route("/core", web::get().to(async |core: ConvertCore| core.is_ready().to_string()))
            .route("/async-core", web::get().to(async |core: AsyncConvertCore| core.is_ready().to_string()));
    }
    let core = common::builder().async_data_store(Offloaded::new(MemoryStore::new())).build_async().await.unwrap();
    let app = init_service(App::new().configure(routes).wrap(ConvertMiddleware::new(core))).await;
    for uri in ["/pricing", "/core"] {
        let answer = get(&app, uri).await;
        assert_eq!(answer.body, ConvertError::AsyncStore.to_string(), "{uri}");
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    }
    assert_eq!(send(&app, request_of("v", "/pricing/async")).await.body, usual("v"));
    assert_eq!(get(&app, "/async-core").await.body, "true");

    // With a synchronous store both work, and both see the same visitor.
    let app = init_service(App::new().configure(routes).wrap(ConvertMiddleware::new(common::core()))).await;
    for uri in ["/pricing", "/pricing/async"] {
        assert_eq!(send(&app, request_of("v", uri)).await.body, usual("v"));
    }
    assert_eq!(get(&app, "/core").await.body, "true");
}
