//! What a request's context knows, and what happens where something is missing or fails.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod common;

use axum::Router;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::get;
use common::{PRICING, core, request_of, request_with, send};
use convert_axum::core::testing::{Answer, RecordingTransport};
use convert_axum::core::{Attributes, Core, MemoryStore, Offloaded, RequestKind};
use convert_axum::{
    AsyncConvertContext, AsyncConvertCore, ConvertContext, ConvertCore, ConvertLayer, ConvertRejection, VisitorCookie,
    request_location,
};
use web_testing::{Failing, other, usual};

async fn pricing(convert: ConvertContext) -> String {
    match convert.run_experience("pricing-page") {
        Some(decision) => decision.variation_id().to_owned(),
        None => format!("{:?}", convert.explain_experience("pricing-page").reason),
    }
}

#[tokio::test]
async fn the_requests_location_reaches_calls() {
    let router = || Router::new().route("/pricing", get(pricing)).route("/about", get(pricing));
    let app = router().layer(ConvertLayer::new(core()));
    assert_eq!(send(&app, request_of("v", "/pricing")).await.body, usual("v"));
    assert_eq!(send(&app, request_of("v", "/about")).await.body, "LocationMismatch");

    let own = router().layer(ConvertLayer::new(core()).location(|_| [("path", "/pricing/own")]));
    assert_eq!(send(&own, request_of("v", "/about")).await.body, usual("v"));
}

#[tokio::test]
async fn a_function_that_asks_for_the_context_it_helps_to_make_is_told_so() {
    fn asks(parts: &Parts) -> bool {
        let mut own = parts.clone();
        for rejection in [
            ConvertContext::from_parts(&mut own).unwrap_err(),
            AsyncConvertContext::from_parts(&mut own).unwrap_err(),
            ConvertContext::from_extensions(&parts.extensions).unwrap_err(),
        ] {
            assert_eq!(rejection, ConvertRejection::Reentrant);
        }
        true
    }
    let layer = || ConvertLayer::new(core());
    let all = [
        layer().consent(asks),
        layer().visitor_id(|parts| asks(parts).then_some("v")),
        layer().attributes(|parts| [("asked", asks(parts))]),
        layer().location(|parts| [("path", if asks(parts) { "/pricing" } else { "/" })]),
        layer().preview_when(asks),
        layer().cookie_with(|parts| VisitorCookie::new().secure(asks(parts))),
    ];
    for layer in all {
        for layer in [layer.clone(), layer.clone().mint_always(true), layer.prepare_early(true)] {
            let app = Router::new().route("/pricing", get(pricing)).layer(layer);
            // The request goes on as if the function had not asked.
            assert_eq!(send(&app, request_of("v", "/pricing?plan=pro")).await.body, usual("v"));
        }
    }
    assert!(ConvertRejection::Reentrant.to_string().contains("asked for the context"));
}

#[tokio::test]
async fn a_nested_router_does_not_shorten_the_location() {
    let inner = Router::new().route("/plans", get(pricing));
    let app = Router::new().nest("/pricing", inner).layer(ConvertLayer::new(core()));
    assert_eq!(send(&app, request_of("v", "/pricing/plans")).await.body, usual("v"));

    async fn own(_: ConvertContext, uri: axum::http::Uri) -> String {
        uri.to_string()
    }
    let layer = ConvertLayer::new(core()).visitor_id(|parts| Some(parts.uri.to_string()));
    let inner = Router::new().route("/b", get(async |convert: ConvertContext| convert.visitor_id().to_owned()));
    let app = Router::new().nest("/a", inner.route("/c", get(own))).layer(layer);
    assert_eq!(common::get(&app, "/a/b?x=1").await.body, "/a/b?x=1", "functions see what the visitor asked for");
    assert_eq!(common::get(&app, "/a/c").await.body, "/c", "and the handler sees what its router made of it");
}

#[test]
fn the_default_location_is_url_path_host_and_parameters() {
    let location = |uri: &str, headers: &[(&str, &str)]| -> Attributes {
        request_location(&request_with(uri, headers).into_parts().0)
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
    // As HTTP/2 has it: the host is the URI's, and so is the scheme, unless a proxy says what the visitor used.
    assert_eq!(url("https://b.example/x", &[("host", "a.example")]), "https://b.example/x".into());
    assert_eq!(url("http://b.example/x", &proxied), "https://b.example/x".into());
    assert_eq!(url("http://user:secret@b.example/x", &[]), "http://b.example/x".into());
}

#[tokio::test]
async fn attributes_of_the_request_reach_audiences() {
    async fn offer(convert: ConvertContext) -> String {
        format!("{:?}", convert.explain_experience("free-shipping").reason)
    }
    let layer = ConvertLayer::new(core()).attributes(|parts| [("member", parts.headers.contains_key("x-member"))]);
    let app = Router::new().route("/", get(offer)).layer(layer);
    assert_eq!(common::get(&app, "/").await.body, "AudienceMismatch");
    let member = send(&app, request_with("/", &[("x-member", "1"), ("cookie", "convert_visitor_id=v-1")])).await.body;
    assert_ne!(member, "AudienceMismatch");
}

#[tokio::test]
async fn preview_links_work_only_where_they_are_switched_on() {
    let (usual, transport) = (usual("v"), RecordingTransport::new());
    let uri = format!("/pricing?convert_preview={}.{}", PRICING.0, other(&usual));
    let core = common::builder().async_transport(transport.clone()).build().unwrap();
    let app = |layer| Router::new().route("/pricing", get(pricing)).layer(layer);
    let on = app(ConvertLayer::new(&core).preview(true));
    assert_eq!(send(&on, request_of("v", &uri)).await.body, other(&usual));
    assert_eq!(common::events(&core, &transport), [], "a preview leaves no trace");
    let off = app(ConvertLayer::new(&core));
    assert_eq!(send(&off, request_of("v", &uri)).await.body, usual);
    for broken in ["/pricing?convert_preview=x", "/pricing?convert_preview=1.2", "/pricing?convert_preview="] {
        assert_eq!(send(&on, request_of("v", broken)).await.body, usual, "{broken}");
    }
}

#[tokio::test]
async fn preview_links_can_be_for_some_requests_only() {
    let usual = usual("v");
    let uri = format!("/pricing?convert_preview={}.{}", PRICING.0, other(&usual));
    let staff = |parts: &Parts| parts.headers.contains_key("x-staff");
    let layer = ConvertLayer::new(core()).preview(true).preview_when(staff);
    let app = Router::new().route("/pricing", get(pricing)).layer(layer);
    let cookie = ("cookie", "convert_visitor_id=v");
    assert_eq!(send(&app, request_with(&uri, &[cookie, ("x-staff", "1")])).await.body, other(&usual));
    assert_eq!(send(&app, request_with(&uri, &[cookie])).await.body, usual);
}

#[tokio::test]
async fn forced_variations_work_only_where_they_are_switched_on() {
    let usual = usual("v");
    let uri = format!("/pricing?convert_force={}.{}", PRICING.0, other(&usual));
    let app = |layer| Router::new().route("/pricing", get(pricing)).layer(layer);
    let core = core();
    let on = app(ConvertLayer::new(&core).forced_variations(true));
    assert_eq!(send(&on, request_of("v", &uri)).await.body, other(&usual));
    assert_eq!(core.stats().accepted.total(), 0, "it is not tracked");
    assert_eq!(send(&on, request_of("v", "/pricing")).await.body, usual, "and not stored");
    assert_eq!(send(&app(ConvertLayer::new(&core)), request_of("v", &uri)).await.body, usual);
}

#[tokio::test]
async fn a_failing_store_fails_no_request_and_an_idle_handler_asks_it_nothing() {
    async fn buy(convert: ConvertContext) -> String {
        format!("{:?}", convert.track_conversion("purchase"))
    }
    let store = Failing::default();
    let core = common::builder().data_store(store.clone()).build().unwrap();
    let app = Router::new()
        .route("/pricing", get(pricing))
        .route("/buy", get(buy))
        .route("/idle", get(async || "idle"))
        .route("/held", get(async |_: ConvertContext| "held"))
        .layer(ConvertLayer::new(&core));
    for idle in ["/idle", "/held"] {
        assert_eq!(common::get(&app, idle).await.body, &idle[1..]);
    }
    assert_eq!((store.asked(), core.stats().accepted.total()), (0, 0));
    assert_eq!(send(&app, request_of("v", "/pricing")).await.body, usual("v"));
    assert_eq!(send(&app, request_of("v", "/buy")).await.body, "Queued { events: 1 }");
    assert!(store.asked() > 0);
}

#[tokio::test]
async fn a_core_that_is_not_ready_fails_no_request() {
    let transport = RecordingTransport::new();
    transport.otherwise(RequestKind::Config, Answer::Hang);
    let core = Core::builder().sdk_key("1/2").async_transport(transport).start_unready(true).build().unwrap();
    let app = Router::new().route("/pricing", get(pricing)).layer(ConvertLayer::new(core));
    let answer = common::get(&app, "/pricing").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "SdkNotReady"));
    assert!(answer.minted().is_some(), "the visitor is the same when it is");
}

#[tokio::test]
async fn a_missing_layer_is_told() {
    let app = Router::new()
        .route("/context", get(async |_: ConvertContext| ()))
        .route("/async", get(async |_: AsyncConvertContext| ()))
        .route("/core", get(async |_: ConvertCore| ()))
        .route("/optional", get(async |convert: Option<ConvertContext>| format!("{}", convert.is_none())))
        .route(
            "/result",
            get(async |convert: Result<ConvertContext, ConvertRejection>| convert.unwrap_err().to_string()),
        );
    for uri in ["/context", "/async", "/core"] {
        let answer = common::get(&app, uri).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.body, ConvertRejection::MissingLayer.to_string());
    }
    assert_eq!(common::get(&app, "/optional").await.body, "true");
    assert_eq!(common::get(&app, "/result").await.body, ConvertRejection::MissingLayer.to_string());
}

#[tokio::test]
async fn optional_extractors_are_there_where_the_layer_is() {
    let routes = || {
        Router::new()
            .route("/context", get(async |convert: Option<ConvertContext>| convert.is_some().to_string()))
            .route("/async", get(async |convert: Option<AsyncConvertContext>| convert.is_some().to_string()))
            .route("/core", get(async |core: Option<ConvertCore>| core.is_some().to_string()))
            .route("/async-core", get(async |core: Option<AsyncConvertCore>| core.is_some().to_string()))
    };
    let store = Offloaded::new(MemoryStore::new());
    let awaited = common::builder().async_data_store(store).build_async().await.unwrap();
    let with = [routes().layer(ConvertLayer::new(common::core())), routes().layer(ConvertLayer::new(awaited))];
    let without = routes();
    for uri in ["/context", "/async", "/core", "/async-core"] {
        let answer = common::get(&without, uri).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "false"), "{uri}");
        assert_eq!(common::get(&with[0], uri).await.body, "true", "{uri}");
    }
    for uri in ["/async", "/async-core"] {
        assert_eq!(common::get(&with[1], uri).await.body, "true", "{uri} with a store that is awaited");
    }
    // It is the context of the request's visitor, and its cookie is set.
    let id = get(async |convert: Option<AsyncConvertContext>| convert.unwrap().visitor_id().to_owned());
    let app = Router::new().route("/me", id).layer(ConvertLayer::new(common::core()));
    assert_eq!(send(&app, request_of("v", "/me")).await.body, "v");
    let first = common::get(&app, "/me").await;
    assert_eq!(first.minted(), Some(first.body.as_str()));
}

#[tokio::test]
async fn an_asynchronous_store_needs_the_asynchronous_extractors() {
    async fn awaited(convert: AsyncConvertContext) -> String {
        convert.run_experience("pricing-page").await.unwrap().variation_id().to_owned()
    }
    let routes = || {
        Router::new()
            .route("/pricing", get(pricing))
            .route("/pricing/async", get(awaited))
            .route("/core", get(async |core: ConvertCore| core.is_ready().to_string()))
            .route("/async-core", get(async |core: AsyncConvertCore| core.is_ready().to_string()))
            .route("/optional", get(async |_: Option<ConvertContext>| ()))
    };
    let core = common::builder().async_data_store(Offloaded::new(MemoryStore::new())).build_async().await.unwrap();
    let app = routes().layer(ConvertLayer::new(core));
    for uri in ["/pricing", "/core", "/optional"] {
        let answer = common::get(&app, uri).await;
        assert_eq!(answer.body, ConvertRejection::AsyncStore.to_string(), "{uri}");
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    }
    assert_eq!(send(&app, request_of("v", "/pricing/async")).await.body, usual("v"));
    assert_eq!(common::get(&app, "/async-core").await.body, "true");

    // With a synchronous store both work, and both see the same visitor.
    let app = routes().layer(ConvertLayer::new(common::core()));
    for uri in ["/pricing", "/pricing/async"] {
        assert_eq!(send(&app, request_of("v", uri)).await.body, usual("v"));
    }
    assert_eq!(common::get(&app, "/core").await.body, "true");
}
