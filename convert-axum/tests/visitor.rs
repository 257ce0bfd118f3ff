//! Who a request comes from, and which responses keep the visitor.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod common;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::get;
use common::{core, request_of, request_with, send};
use convert_axum::core::testing::RecordingTransport;
use convert_axum::{ConvertContext, ConvertLayer, VisitorCookie, VisitorOrigin};
use http_body_util::BodyExt;

async fn whoami(convert: ConvertContext) -> String {
    convert.visitor_id().to_owned()
}

fn app(layer: ConvertLayer) -> Router {
    Router::new().route("/", get(async || "nothing asked")).route("/me", get(whoami)).layer(layer)
}

#[tokio::test]
async fn a_first_visit_gets_an_id_and_a_second_keeps_it() {
    let app = app(ConvertLayer::new(core()));
    let first = common::get(&app, "/me").await;
    let id = first.minted().unwrap().to_owned();
    assert_eq!(first.body, id, "the handler decided under the id that the response sets");
    assert_eq!(
        first.set_cookies(),
        [format!("convert_visitor_id={id}; Max-Age=31536000; Path=/; SameSite=Lax; Secure; HttpOnly")]
    );
    let second = send(&app, request_of(&id, "/me")).await;
    assert_eq!((second.body.as_str(), second.minted()), (id.as_str(), None));
}

#[tokio::test]
async fn a_handler_that_asks_for_nothing_sets_no_cookie() {
    let answer = common::get(&app(ConvertLayer::new(core())), "/").await;
    assert_eq!((answer.body.as_str(), answer.set_cookies().len()), ("nothing asked", 0));
}

#[derive(Clone)]
struct Account(&'static str);

/// A layer that knows who is signed in.
async fn authenticate(mut request: Request, next: Next) -> Response {
    if request.headers().contains_key("authorization") {
        request.extensions_mut().insert(Account("account-7"));
    }
    next.run(request).await
}

fn account(parts: &Parts) -> Option<&'static str> {
    Some(parts.extensions.get::<Account>()?.0)
}

#[tokio::test]
async fn minting_always_is_a_choice_and_hears_inner_layers() {
    let layer = ConvertLayer::new(core()).mint_always(true).visitor_id(account);
    let app = Router::new().route("/", get(async || "nothing asked")).route("/me", get(whoami));
    let app = app.layer(from_fn(authenticate)).layer(layer);
    assert!(common::get(&app, "/").await.minted().is_some());
    assert!(common::get(&app, "/nowhere").await.minted().is_some());
    assert_eq!(send(&app, request_of("known", "/")).await.minted(), None);
    let asked = common::get(&app, "/me").await;
    assert_eq!(asked.minted(), Some(asked.body.as_str()));
    let known = send(&app, request_with("/me", &[("authorization", "x")])).await;
    assert_eq!((known.body.as_str(), known.minted()), ("account-7", None));
}

#[tokio::test]
async fn nobody_gets_a_cookie_unasked_who_refuses_or_is_known_otherwise() {
    let layer = ConvertLayer::new(core())
        .mint_always(true)
        .consent(|parts| !convert_axum::do_not_track(parts))
        .visitor_id(|parts| parts.headers.get("x-account")?.to_str().ok().map(str::to_owned));
    for layer in [layer.clone(), layer.prepare_early(true)] {
        let app = app(layer);
        assert_eq!(send(&app, request_with("/", &[("dnt", "1")])).await.set_cookies().len(), 0);
        assert_eq!(send(&app, request_with("/", &[("x-account", "a")])).await.set_cookies().len(), 0);
        assert!(common::get(&app, "/").await.minted().is_some());
    }
}

#[tokio::test]
async fn the_cookie_goes_out_on_whatever_response_follows() {
    async fn fails(_: ConvertContext) -> Result<(), StatusCode> {
        Err(StatusCode::BAD_GATEWAY)
    }
    async fn lost(_: ConvertContext) -> (StatusCode, &'static str) {
        (StatusCode::NOT_FOUND, "no such page")
    }
    async fn streams(convert: ConvertContext) -> Body {
        let (first, rest) = (convert.visitor_id().to_owned(), convert.clone());
        let parts = [Bytes::from(first), Bytes::from(format!(" {}", rest.visitor_id()))];
        Body::from_stream(Pieces(parts.into_iter()))
    }
    async fn refuses(_: ConvertContext, _: Request, _: Next) -> Response {
        StatusCode::UNAUTHORIZED.into_response()
    }
    let app = Router::new()
        .route("/refused", get(async || "never reached"))
        .layer(from_fn(refuses))
        .route("/fails", get(fails))
        .route("/streams", get(streams))
        .fallback(lost)
        .layer(ConvertLayer::new(core()));
    for (uri, status) in [("/fails", 502), ("/nowhere", 404), ("/refused", 401), ("/streams", 200)] {
        let answer = common::get(&app, uri).await;
        assert_eq!(answer.status.as_u16(), status, "{uri}");
        let id = answer.minted().unwrap_or_else(|| panic!("{uri} sets no cookie"));
        if uri == "/streams" {
            assert_eq!(answer.body, format!("{id} {id}"));
        }
    }
}

/// A body that comes in parts.
struct Pieces<I>(I);

impl<I: Iterator<Item = Bytes> + Unpin> futures_core::Stream for Pieces<I> {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.next().map(Ok))
    }
}

#[tokio::test]
async fn cookie_headers_that_http2_splits_are_read_together() {
    let app = app(ConvertLayer::new(core()));
    let headers = [("cookie", "theme=dark"), ("cookie", "convert_visitor_id=v-1"), ("cookie", "lang=en")];
    let answer = send(&app, request_with("/me", &headers)).await;
    assert_eq!((answer.body.as_str(), answer.minted()), ("v-1", None));
}

#[tokio::test]
async fn an_id_that_is_out_of_bounds_is_replaced() {
    let app = app(ConvertLayer::new(core()));
    let oversized = "a".repeat(129);
    for spoofed in ["", " ", "a b", "<script>", "a%0d%0aSet-Cookie:x=y", "%00", "é", &oversized] {
        let answer = send(&app, request_of(spoofed, "/me")).await;
        assert_eq!(answer.minted(), Some(answer.body.as_str()), "{spoofed:?} is not taken, and replaced");
        assert_ne!(answer.body, spoofed);
    }
    let longest = "a".repeat(128);
    assert_eq!(send(&app, request_of(&longest, "/me")).await.body, longest);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_first_requests_do_not_mix() {
    let app = app(ConvertLayer::new(core()));
    let requests: Vec<_> = (0..50)
        .map(|_| {
            let app = app.clone();
            tokio::spawn(async move { common::get(&app, "/me").await })
        })
        .collect();
    let mut ids = HashSet::new();
    for request in requests {
        let answer = request.await.unwrap();
        assert_eq!(answer.minted(), Some(answer.body.as_str()), "each response sets the id that its handler saw");
        assert!(ids.insert(answer.body));
    }
}

#[tokio::test]
async fn extractions_of_one_request_share_one_visitor_and_one_context() {
    async fn outer(convert: ConvertContext, request: Request, next: Next) -> Response {
        convert.set_attributes([("member", true)]).unwrap();
        let mut response = next.run(request).await;
        response.headers_mut().insert("x-outer", convert.visitor_id().parse().unwrap());
        response
    }
    async fn handler(one: ConvertContext, two: ConvertContext) -> String {
        assert_eq!(one.visitor_id(), two.visitor_id());
        let is_member = |convert: &ConvertContext| convert.explain_feature("shipping-offer").experiences[0].reason;
        assert_eq!(is_member(&one), is_member(&two));
        format!("{} {:?}", one.visitor_id(), is_member(&one))
    }
    let app = Router::new().route("/", get(handler)).layer(from_fn(outer)).layer(ConvertLayer::new(core()));
    let answer = common::get(&app, "/").await;
    let id = answer.minted().unwrap();
    assert_eq!(answer.headers["x-outer"], id);
    assert!(answer.body.starts_with(id), "one id for all: {}", answer.body);
    assert!(!answer.body.ends_with("AudienceMismatch"), "what the middleware said is known: {}", answer.body);
}

#[tokio::test]
async fn the_app_can_say_who_it_is_and_inner_layers_are_heard() {
    let layer = ConvertLayer::new(core()).visitor_id(account);
    let app = Router::new().route("/me", get(whoami)).layer(from_fn(authenticate)).layer(layer);
    let known = send(&app, request_with("/me", &[("authorization", "x"), ("cookie", "convert_visitor_id=c")])).await;
    assert_eq!((known.body.as_str(), known.minted()), ("account-7", None));
    assert_eq!(send(&app, request_of("c", "/me")).await.body, "c");
    let unknown = common::get(&app, "/me").await;
    assert_eq!(unknown.minted(), Some(unknown.body.as_str()));
}

#[tokio::test]
async fn a_blank_id_of_the_app_counts_as_none() {
    let app = app(ConvertLayer::new(core()).visitor_id(|_| Some(" ")));
    let answer = common::get(&app, "/me").await;
    assert_eq!(answer.minted(), Some(answer.body.as_str()));
}

#[tokio::test]
async fn without_consent_there_is_no_cookie_no_event_and_nothing_stored() {
    let transport = RecordingTransport::new();
    let core = common::builder().async_transport(transport.clone()).build().unwrap();
    async fn handler(convert: ConvertContext) -> String {
        assert_eq!(convert.visitor().origin(), VisitorOrigin::Ephemeral);
        assert!(convert.run_experience("pricing-page").is_some(), "decisions are made all the same");
        convert.set_default_segments([("country", "NL")]);
        assert!(!convert.track_conversion("purchase").is_queued());
        assert!(convert.visitor_state().is_empty());
        convert.visitor_id().to_owned()
    }
    let layer = ConvertLayer::new(&core)
        .visitor_id(|_| Some("account-7"))
        .consent(|parts| !convert_axum::do_not_track(parts) && !convert_axum::global_privacy_control(parts));
    let app = Router::new().route("/pricing", get(handler)).layer(layer.clone());
    let mut ids = HashSet::new();
    for signal in [("dnt", "1"), ("sec-gpc", "1")] {
        let answer = send(&app, request_with("/pricing", &[signal, ("cookie", "convert_visitor_id=c")])).await;
        assert_eq!((answer.status, answer.set_cookies().len()), (StatusCode::OK, 0));
        assert!(ids.insert(answer.body), "each request is a visitor of its own");
    }
    assert!(!ids.contains("c") && !ids.contains("account-7"));
    assert_eq!(common::events(&core, &transport), []);

    let consenting = Router::new().route("/me", get(whoami)).layer(layer);
    assert_eq!(send(&consenting, request_with("/me", &[("dnt", "0")])).await.body, "account-7");
}

#[tokio::test]
async fn the_cookie_is_as_the_app_wants_it() {
    let cookie = VisitorCookie::new().name("shop").unwrap().path("/shop").unwrap().secure(false).max_age(None);
    let app = app(ConvertLayer::new(core()).cookie(cookie));
    let answer = common::get(&app, "/me").await;
    assert_eq!(answer.set_cookies(), [format!("shop={}; Path=/shop; SameSite=Lax; HttpOnly", answer.body)]);
    let again = send(&app, request_with("/me", &[(COOKIE.as_str(), "shop=v-2; convert_visitor_id=other")])).await;
    assert_eq!((again.body.as_str(), again.set_cookies().len()), ("v-2", 0));
}

#[tokio::test]
async fn the_cookie_can_be_another_one_for_each_request() {
    let tenant = |parts: &Parts| {
        let tenant = parts.headers.get("x-tenant").and_then(|tenant| tenant.to_str().ok()).unwrap_or("nobody");
        VisitorCookie::new().name(tenant).unwrap_or_default()
    };
    let layer = || ConvertLayer::new(core()).cookie_with(tenant);
    for app in [app(layer()), app(layer().mint_always(true))] {
        let answer = send(&app, request_with("/me", &[("x-tenant", "acme")])).await;
        assert!(answer.set_cookies().concat().starts_with(&format!("acme={};", answer.body)));
        let both = [("x-tenant", "acme"), ("cookie", "nobody=n; acme=a")];
        assert_eq!(send(&app, request_with("/me", &both)).await.body, "a");
    }
    let unasked = send(&app(layer().mint_always(true)), request_with("/", &[("x-tenant", "acme")])).await;
    assert!(unasked.set_cookies().concat().starts_with("acme="));
    // Layers whose cookies have one name in this request share its visitor.
    let inner = ConvertLayer::new(core()).cookie(VisitorCookie::new().name("acme").unwrap());
    let app = Router::new().route("/me", get(whoami)).layer(inner).layer(from_fn(between)).layer(layer());
    let answer = send(&app, request_with("/me", &[("x-tenant", "acme")])).await;
    assert_eq!((&answer.headers["x-outer"], answer.set_cookies().len()), (&answer.body.parse().unwrap(), 1));
}

#[tokio::test]
async fn the_id_is_not_shown_in_clear() {
    async fn show(convert: ConvertContext, awaited: convert_axum::AsyncConvertContext) -> String {
        format!("{convert:?} {awaited:?}")
    }
    let app = Router::new().route("/", get(show)).layer(ConvertLayer::new(core()));
    let shown = send(&app, request_of("ada@example.com", "/")).await.body;
    assert!(shown.contains("Cookie") && !shown.contains("ada"), "{shown}");
}

#[tokio::test]
async fn an_app_that_sets_the_cookie_itself_is_not_overruled() {
    async fn handler(_: ConvertContext) -> Response {
        AppendHeaders([(SET_COOKIE, "convert_visitor_id=mine"), (SET_COOKIE, "session=s")]).into_response()
    }
    let app = Router::new().route("/", get(handler)).layer(ConvertLayer::new(core()));
    assert_eq!(common::get(&app, "/").await.minted(), Some("mine"));
}

#[tokio::test]
async fn other_cookies_of_the_app_stay() {
    async fn handler(_: ConvertContext) -> Response {
        [(SET_COOKIE, "session=s")].into_response()
    }
    let app = Router::new().route("/", get(handler)).layer(ConvertLayer::new(core()));
    let answer = common::get(&app, "/").await;
    assert_eq!(answer.set_cookies().len(), 2);
    assert!(answer.minted().is_some());
}

#[tokio::test]
async fn the_same_layer_twice_is_one_layer() {
    let layer = ConvertLayer::new(core());
    let app = Router::new().route("/me", get(whoami)).layer(layer.clone()).layer(layer);
    let answer = common::get(&app, "/me").await;
    assert_eq!(answer.minted(), Some(answer.body.as_str()));
}

#[tokio::test]
async fn the_same_layer_twice_asks_the_app_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let layer = ConvertLayer::new(core()).mint_always(true).consent(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        true
    });
    let app = Router::new().route("/", get(async || "nothing asked")).layer(layer.clone()).layer(layer);
    assert!(common::get(&app, "/").await.minted().is_some());
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

/// Asks before the handler does, and says in the response who it is.
async fn between(convert: ConvertContext, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert("x-outer", convert.visitor_id().parse().unwrap());
    response
}

#[tokio::test]
async fn different_layers_with_one_cookie_have_one_visitor() {
    let named = |name: &str| ConvertLayer::new(core()).cookie(VisitorCookie::new().name(name).unwrap());
    let outer = || ConvertLayer::new(core());
    let app = |inner: ConvertLayer, outer: ConvertLayer| {
        Router::new().route("/me", get(whoami)).layer(inner).layer(from_fn(between)).layer(outer)
    };
    for (inner, outer) in
        [(outer(), outer()), (outer().mint_always(true), outer()), (outer(), outer().mint_always(true))]
    {
        let answer = common::get(&app(inner, outer), "/me").await;
        assert_eq!(answer.headers["x-outer"], answer.body.as_str());
        assert_eq!(answer.minted(), Some(answer.body.as_str()));
    }
    // One of another name in between is somebody else's.
    let app = Router::new().route("/me", get(whoami)).layer(outer()).layer(named("other").mint_always(true));
    let app = app.layer(from_fn(between)).layer(outer());
    let answer = common::get(&app, "/me").await;
    assert_eq!(answer.headers["x-outer"], answer.body.as_str());
    let other = answer.set_cookies().into_iter().find_map(|cookie| cookie.strip_prefix("other=")).unwrap();
    assert!(!other.starts_with(&answer.body));
}

#[tokio::test]
async fn a_context_outlives_its_request() {
    async fn handler(convert: ConvertContext) -> Body {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        tokio::spawn(async move { sender.send(convert.run_experience("pricing-page").is_some()) });
        let text = async { Ok::<_, std::convert::Infallible>(Bytes::from(format!("{:?}", receiver.await))) };
        Body::from_stream(Once(Some(Box::pin(text))))
    }
    let app = Router::new().route("/pricing", get(handler)).layer(ConvertLayer::new(core()));
    let response = tower::ServiceExt::oneshot(app, common::request("/pricing")).await.unwrap();
    // The layer and the request are gone when the body is read.
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "Ok(true)");
}

/// A body that comes when a future is done.
struct Once<F>(Option<std::pin::Pin<Box<F>>>);

impl<F: Future> futures_core::Stream for Once<F> {
    type Item = F::Output;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<F::Output>> {
        let Some(future) = &mut self.0 else { return std::task::Poll::Ready(None) };
        let output = std::task::ready!(future.as_mut().poll(cx));
        self.0 = None;
        std::task::Poll::Ready(Some(output))
    }
}
