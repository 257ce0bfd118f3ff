//! Who a request comes from, and which responses keep the visitor.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod common;

use std::collections::HashSet;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorBadGateway, InternalError};
use actix_web::http::StatusCode;
use actix_web::http::header::SET_COOKIE;
use actix_web::middleware::{Next, from_fn};
use actix_web::test::init_service;
use actix_web::{App, Error, HttpMessage, HttpRequest, HttpResponse, web};
use common::{core, get, request_of, request_with, send};
use convert_actix::core::testing::RecordingTransport;
use convert_actix::{ConvertContext, ConvertExt, ConvertMiddleware, VisitorCookie, VisitorOrigin};

async fn whoami(convert: ConvertContext) -> String {
    convert.visitor_id().to_owned()
}

/// An app with a page that says who asks, and one that asks for nothing.
async fn app(convert: ConvertMiddleware) -> impl common::App<actix_web::body::BoxBody> {
    let app = App::new().route("/", web::get().to(async || "nothing asked")).route("/me", web::get().to(whoami));
    init_service(app.wrap(convert)).await
}

#[actix_web::test]
async fn a_first_visit_gets_an_id_and_a_second_keeps_it() {
    let app = app(ConvertMiddleware::new(core())).await;
    let first = get(&app, "/me").await;
    let id = first.minted().unwrap().to_owned();
    assert_eq!(first.body, id, "the handler decided under the id that the response sets");
    assert_eq!(
        first.set_cookies(),
        [format!("convert_visitor_id={id}; Max-Age=31536000; Path=/; SameSite=Lax; Secure; HttpOnly")]
    );
    let second = send(&app, request_of(&id, "/me")).await;
    assert_eq!((second.body.as_str(), second.minted()), (id.as_str(), None));
}

#[actix_web::test]
async fn a_handler_that_asks_for_nothing_sets_no_cookie() {
    let answer = get(&app(ConvertMiddleware::new(core())).await, "/").await;
    assert_eq!((answer.body.as_str(), answer.set_cookies().len()), ("nothing asked", 0));
}

#[derive(Clone)]
struct Account(&'static str);

/// Middleware that knows who is signed in.
async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if request.headers().contains_key("authorization") {
        request.extensions_mut().insert(Account("account-7"));
    }
    next.call(request).await
}

fn account(request: &HttpRequest) -> Option<&'static str> {
    request.extensions().get::<Account>().map(|account| account.0)
}

#[actix_web::test]
async fn minting_always_is_a_choice_and_hears_inner_middleware() {
    let convert = ConvertMiddleware::new(core()).mint_always(true).visitor_id(account);
    let app = App::new().route("/", web::get().to(async || "nothing asked")).route("/me", web::get().to(whoami));
    let app = init_service(app.wrap(from_fn(authenticate)).wrap(convert)).await;
    assert!(get(&app, "/").await.minted().is_some());
    assert!(get(&app, "/nowhere").await.minted().is_some());
    assert_eq!(send(&app, request_of("known", "/")).await.minted(), None);
    let asked = get(&app, "/me").await;
    assert_eq!(asked.minted(), Some(asked.body.as_str()));
    let known = send(&app, request_with("/me", &[("authorization", "x")])).await;
    assert_eq!((known.body.as_str(), known.minted()), ("account-7", None));
}

#[actix_web::test]
async fn the_cookie_goes_out_on_whatever_response_follows() {
    async fn fails(_: ConvertContext) -> Result<&'static str, Error> {
        Err(ErrorBadGateway("no answer"))
    }
    async fn lost(_: ConvertContext) -> (&'static str, StatusCode) {
        ("no such page", StatusCode::NOT_FOUND)
    }
    async fn streams(convert: ConvertContext) -> HttpResponse {
        let (first, rest) = (convert.visitor_id().to_owned(), convert.clone());
        let parts = [web::Bytes::from(first), web::Bytes::from(format!(" {}", rest.visitor_id()))];
        HttpResponse::Ok().streaming(Parts(parts.into_iter()))
    }
    async fn posted(_: ConvertContext, _: web::Json<u32>) -> &'static str {
        "never reached"
    }
    let app = App::new()
        .route("/fails", web::get().to(fails))
        .route("/streams", web::get().to(streams))
        .route("/posted", web::get().to(posted))
        .service(web::scope("/refused").wrap(from_fn(refuse)).route("", web::get().to(async || "never reached")))
        .service(web::scope("/broken").wrap(from_fn(break_down)).route("", web::get().to(async || "never reached")))
        .default_service(web::to(lost));
    let app = init_service(app.wrap(ConvertMiddleware::new(core()))).await;
    let expected =
        [("/fails", 502), ("/nowhere", 404), ("/refused", 401), ("/broken", 502), ("/posted", 400), ("/streams", 200)];
    for (uri, status) in expected {
        let answer = get(&app, uri).await;
        assert_eq!(answer.status.as_u16(), status, "{uri}");
        let id = answer.minted().unwrap_or_else(|| panic!("{uri} sets no cookie"));
        if uri == "/streams" {
            assert_eq!(answer.body, format!("{id} {id}"));
        }
    }
}

/// Middleware that answers by itself.
async fn refuse(request: ServiceRequest, _: Next<impl MessageBody>) -> Result<ServiceResponse, Error> {
    request.convert_context()?;
    Ok(request.into_response(HttpResponse::Unauthorized()))
}

/// Middleware that fails.
async fn break_down(request: ServiceRequest, _: Next<impl MessageBody>) -> Result<ServiceResponse, Error> {
    request.convert_context()?;
    Err(Broken.into())
}

#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken")
    }
}

impl actix_web::ResponseError for Broken {
    fn status_code(&self) -> StatusCode {
        StatusCode::BAD_GATEWAY
    }
}

#[actix_web::test]
async fn an_error_of_inner_middleware_stays_what_it_is() {
    let app = App::new().wrap(from_fn(break_down)).wrap(ConvertMiddleware::new(core()));
    let app = init_service(app).await;
    let request = actix_web::test::TestRequest::default().to_request();
    let Err(error) = actix_web::dev::Service::call(&app, request).await else { panic!("it fails") };
    assert!(error.as_error::<Broken>().is_some());
    // Asked twice, it sets the same cookie.
    let set_cookie = || error.error_response().headers().get(SET_COOKIE).cloned().unwrap();
    assert_eq!(set_cookie(), set_cookie());
    assert!(set_cookie().is_sensitive());
}

#[actix_web::test]
async fn outer_middleware_that_answers_an_error_itself_can_keep_the_cookie() {
    async fn answer(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse, Error> {
        let inner = request.request().clone();
        match next.call(request).await {
            Ok(response) => Ok(response.map_into_boxed_body()),
            Err(error) => Ok(ServiceResponse::new(inner, error.error_response())),
        }
    }
    async fn replace(
        request: ServiceRequest,
        next: Next<impl MessageBody + 'static>,
    ) -> Result<ServiceResponse<impl MessageBody>, Error> {
        let keep = |error: Error| InternalError::from_response("replaced", error.error_response()).into();
        next.call(request).await.map_err(keep)
    }
    let convert = ConvertMiddleware::new(core());
    let app = App::new().wrap(from_fn(break_down)).wrap(convert.clone()).wrap(from_fn(answer));
    let answered = get(&init_service(app).await, "/").await;
    let app = App::new().wrap(from_fn(break_down)).wrap(convert).wrap(from_fn(replace));
    let replaced = get(&init_service(app).await, "/").await;
    for answer in [answered, replaced] {
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (502, "broken"));
        assert!(answer.minted().is_some(), "{answer:?}");
    }
}

#[actix_web::test]
async fn an_error_without_a_visitor_sets_no_cookie() {
    async fn fail(_: ServiceRequest, _: Next<impl MessageBody>) -> Result<ServiceResponse, Error> {
        Err(Broken.into())
    }
    let app = init_service(App::new().wrap(from_fn(fail)).wrap(ConvertMiddleware::new(core()))).await;
    let answer = get(&app, "/").await;
    assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (502, 0));
}

/// A body that comes in parts.
struct Parts<I>(I);

impl<I: Iterator<Item = web::Bytes> + Unpin> futures_core::Stream for Parts<I> {
    type Item = Result<web::Bytes, Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.next().map(Ok))
    }
}

#[actix_web::test]
async fn cookie_headers_that_http2_splits_are_read_together() {
    let app = app(ConvertMiddleware::new(core())).await;
    let headers = [("cookie", "theme=dark"), ("cookie", "convert_visitor_id=v-1"), ("cookie", "lang=en")];
    let answer = send(&app, request_with("/me", &headers)).await;
    assert_eq!((answer.body.as_str(), answer.minted()), ("v-1", None));
}

#[actix_web::test]
async fn an_id_that_is_out_of_bounds_is_replaced() {
    let app = app(ConvertMiddleware::new(core())).await;
    let oversized = "a".repeat(129);
    for spoofed in ["", " ", "a b", "<script>", "a%0d%0aSet-Cookie:x=y", "%00", "a\tb", "é", &oversized] {
        let answer = send(&app, request_of(spoofed, "/me")).await;
        assert_eq!(answer.minted(), Some(answer.body.as_str()), "{spoofed:?} is not taken, and replaced");
        assert_ne!(answer.body, spoofed);
    }
    let longest = "a".repeat(128);
    assert_eq!(send(&app, request_of(&longest, "/me")).await.body, longest);
}

#[actix_web::test]
async fn extractions_of_one_request_share_one_visitor_and_one_context() {
    async fn outer(
        request: ServiceRequest,
        next: Next<impl MessageBody>,
    ) -> Result<ServiceResponse<impl MessageBody>, Error> {
        let convert = request.convert_context()?;
        convert.set_attributes([("member", true)]).unwrap();
        let mut response = next.call(request).await?;
        let visitor = convert.visitor_id().parse().unwrap();
        response.headers_mut().insert("x-outer".parse().unwrap(), visitor);
        Ok(response)
    }
    async fn handler(one: ConvertContext, request: HttpRequest) -> String {
        let two = request.convert_context().unwrap();
        assert_eq!(one.visitor_id(), two.visitor_id());
        assert_eq!(one.visitor_id(), request.async_convert_context().unwrap().visitor_id());
        let is_member = |convert: &ConvertContext| convert.explain_feature("shipping-offer").experiences[0].reason;
        assert_eq!(is_member(&one), is_member(&two));
        format!("{} {:?}", one.visitor_id(), is_member(&one))
    }
    let app = App::new().route("/", web::get().to(handler));
    let app = init_service(app.wrap(from_fn(outer)).wrap(ConvertMiddleware::new(core()))).await;
    let answer = get(&app, "/").await;
    let id = answer.minted().unwrap();
    assert_eq!(answer.headers.get("x-outer").unwrap(), id);
    assert!(answer.body.starts_with(id), "one id for all: {}", answer.body);
    assert!(!answer.body.ends_with("AudienceMismatch"), "what the middleware said is known: {}", answer.body);
}

#[actix_web::test]
async fn the_app_can_say_who_it_is_and_inner_middleware_is_heard() {
    let convert = ConvertMiddleware::new(core()).visitor_id(account);
    let app = App::new().route("/me", web::get().to(whoami)).wrap(from_fn(authenticate)).wrap(convert);
    let app = init_service(app).await;
    let known = send(&app, request_with("/me", &[("authorization", "x"), ("cookie", "convert_visitor_id=c")])).await;
    assert_eq!((known.body.as_str(), known.minted()), ("account-7", None));
    assert_eq!(send(&app, request_of("c", "/me")).await.body, "c");
    let unknown = get(&app, "/me").await;
    assert_eq!(unknown.minted(), Some(unknown.body.as_str()));
}

#[actix_web::test]
async fn a_blank_id_of_the_app_counts_as_none() {
    let app = app(ConvertMiddleware::new(core()).visitor_id(|_| Some(" "))).await;
    let answer = get(&app, "/me").await;
    assert_eq!(answer.minted(), Some(answer.body.as_str()));
}

#[actix_web::test]
async fn without_consent_there_is_no_cookie_no_event_and_nothing_stored() {
    async fn handler(convert: ConvertContext) -> String {
        assert_eq!(convert.visitor().origin(), VisitorOrigin::Ephemeral);
        assert!(convert.run_experience("pricing-page").is_some(), "decisions are made all the same");
        convert.set_default_segments([("country", "NL")]);
        assert!(!convert.track_conversion("purchase").is_queued());
        assert!(convert.visitor_state().is_empty());
        convert.visitor_id().to_owned()
    }
    let transport = RecordingTransport::new();
    let core = common::builder().async_transport(transport.clone()).build().unwrap();
    let convert = ConvertMiddleware::new(&core)
        .visitor_id(|_| Some("account-7"))
        .consent(|request| !convert_actix::do_not_track(request) && !convert_actix::global_privacy_control(request));
    let app = init_service(
        App::new().route("/pricing", web::get().to(handler)).route("/me", web::get().to(whoami)).wrap(convert),
    )
    .await;
    let mut ids = HashSet::new();
    for signal in [("dnt", "1"), ("sec-gpc", "1")] {
        let answer = send(&app, request_with("/pricing", &[signal, ("cookie", "convert_visitor_id=c")])).await;
        assert_eq!((answer.status, answer.set_cookies().len()), (StatusCode::OK, 0));
        assert!(ids.insert(answer.body), "each request is a visitor of its own");
    }
    assert!(!ids.contains("c") && !ids.contains("account-7"));
    assert_eq!(common::events(&core, &transport), []);
    assert_eq!(send(&app, request_with("/me", &[("dnt", "0")])).await.body, "account-7");
}

#[actix_web::test]
async fn the_cookie_is_as_the_app_wants_it() {
    let cookie = VisitorCookie::new().name("shop").unwrap().path("/shop").unwrap().secure(false).max_age(None);
    let app = app(ConvertMiddleware::new(core()).cookie(cookie)).await;
    let answer = get(&app, "/me").await;
    assert_eq!(answer.set_cookies(), [format!("shop={}; Path=/shop; SameSite=Lax; HttpOnly", answer.body)]);
    let again = send(&app, request_with("/me", &[("cookie", "shop=v-2; convert_visitor_id=other")])).await;
    assert_eq!((again.body.as_str(), again.set_cookies().len()), ("v-2", 0));
}

#[actix_web::test]
async fn the_cookie_can_be_another_one_for_each_request() {
    let app = app(ConvertMiddleware::new(core()).cookie_with(|request| {
        let tenant = request.headers().get("x-tenant").and_then(|tenant| tenant.to_str().ok()).unwrap_or("nobody");
        VisitorCookie::new().name(tenant).unwrap_or_default()
    }))
    .await;
    let answer = send(&app, request_with("/me", &[("x-tenant", "acme")])).await;
    assert!(answer.set_cookies().concat().starts_with(&format!("acme={};", answer.body)));
    let both = [("x-tenant", "acme"), ("cookie", "nobody=n; acme=a")];
    assert_eq!(send(&app, request_with("/me", &both)).await.body, "a");
}

#[actix_web::test]
async fn the_id_is_not_shown_in_clear() {
    async fn show(convert: ConvertContext, awaited: convert_actix::AsyncConvertContext) -> String {
        format!("{convert:?} {awaited:?}")
    }
    let app = init_service(App::new().route("/", web::get().to(show)).wrap(ConvertMiddleware::new(core()))).await;
    let shown = send(&app, request_of("ada@example.com", "/")).await.body;
    assert!(shown.contains("Cookie") && !shown.contains("ada"), "{shown}");
}

#[actix_web::test]
async fn an_app_that_sets_the_cookie_itself_is_not_overruled_and_its_other_cookies_stay() {
    async fn own(_: ConvertContext) -> HttpResponse {
        let cookie = |cookie: &'static str| (SET_COOKIE, cookie);
        HttpResponse::Ok().append_header(cookie("convert_visitor_id=mine")).append_header(cookie("session=s")).finish()
    }
    async fn other(_: ConvertContext) -> HttpResponse {
        HttpResponse::Ok().append_header((SET_COOKIE, "session=s")).finish()
    }
    let app = App::new().route("/own", web::get().to(own)).route("/other", web::get().to(other));
    let app = init_service(app.wrap(ConvertMiddleware::new(core()))).await;
    let own = get(&app, "/own").await;
    assert_eq!((own.minted(), own.set_cookies().len()), (Some("mine"), 2));
    let other = get(&app, "/other").await;
    assert!(other.minted().is_some());
    assert_eq!(other.set_cookies().len(), 2);
}

#[actix_web::test]
async fn the_same_middleware_twice_is_one_middleware() {
    let convert = ConvertMiddleware::new(core());
    let scope = web::scope("").wrap(convert.clone()).route("/me", web::get().to(whoami));
    let app = init_service(App::new().service(scope).wrap(convert)).await;
    let answer = get(&app, "/me").await;
    assert_eq!(answer.minted(), Some(answer.body.as_str()));
}

#[actix_web::test]
async fn different_middlewares_with_one_cookie_have_one_visitor() {
    async fn between(
        request: ServiceRequest,
        next: Next<impl MessageBody>,
    ) -> Result<ServiceResponse<impl MessageBody>, Error> {
        let outer = request.convert_context()?;
        let mut response = next.call(request).await?;
        let id = outer.visitor_id().parse().unwrap();
        response.headers_mut().insert("x-outer".parse().unwrap(), id);
        Ok(response)
    }
    let convert = || ConvertMiddleware::new(core());
    let other = || convert().cookie(VisitorCookie::new().name("other").unwrap()).mint_always(true);
    for (inner, outer) in
        [(convert(), convert()), (convert().mint_always(true), convert()), (convert(), convert().mint_always(true))]
    {
        // One of another name in between is somebody else's.
        let scope = web::scope("").wrap(inner).wrap(other()).route("/me", web::get().to(whoami));
        let app = init_service(App::new().service(scope).wrap(from_fn(between)).wrap(outer)).await;
        let answer = get(&app, "/me").await;
        assert_eq!(answer.headers.get("x-outer").unwrap(), answer.body.as_str());
        assert_eq!(answer.minted(), Some(answer.body.as_str()));
        let other = answer.set_cookies().into_iter().find_map(|cookie| cookie.strip_prefix("other=")).unwrap();
        assert!(!other.starts_with(&answer.body));
    }
}

#[actix_web::test]
async fn a_middleware_around_a_scope_is_for_that_scope() {
    let cookie = |name: &str| VisitorCookie::new().name(name).unwrap();
    let inner = ConvertMiddleware::new(core()).cookie(cookie("inner"));
    let outer = ConvertMiddleware::new(core()).cookie(cookie("outer"));
    let scope = web::scope("/inner").wrap(inner).route("/me", web::get().to(whoami));
    let app = init_service(App::new().service(scope).route("/me", web::get().to(whoami)).wrap(outer)).await;
    for (uri, name) in [("/inner/me", "inner="), ("/me", "outer=")] {
        let answer = get(&app, uri).await;
        assert_eq!(answer.set_cookies().len(), 1, "{uri}");
        assert!(answer.set_cookies()[0].starts_with(name), "{uri}: {answer:?}");
    }
}

#[actix_web::test]
async fn a_context_outlives_its_request() {
    async fn handler(convert: ConvertContext) -> HttpResponse {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        // Another thread than the worker's: contexts can go anywhere.
        std::thread::spawn(move || sender.send(convert.run_experience("pricing-page").is_some()));
        let text = async move { Ok::<_, Error>(web::Bytes::from(format!("{:?}", receiver.await))) };
        HttpResponse::Ok().streaming(Once(Some(Box::pin(text))))
    }
    let app = App::new().route("/pricing", web::get().to(handler)).wrap(ConvertMiddleware::new(core()));
    let app = init_service(app).await;
    assert_eq!(get(&app, "/pricing").await.body, "Ok(true)");
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
