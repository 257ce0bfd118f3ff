//! The actix middleware, beside actix-session's cookie store.

use std::future::Ready;
use std::hint::black_box;

use actix_service::fn_service;
use actix_session::storage::CookieSessionStore;
use actix_session::{SessionExt, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header::{COOKIE, SET_COOKIE};
use actix_web::test::TestRequest;
use actix_web::{Error, HttpResponse};
use convert_actix::core::Attributes;
use convert_actix::{ConvertExt, ConvertMiddleware};

use super::{Added, cookies, print_added, ready, visitor_cookie};
use crate::common;
use crate::cores::{self, EVERYWHERE};
use crate::rounds::{self, Contender, Plan};

type Answered = Ready<Result<ServiceResponse, Error>>;

pub fn run() {
    let core = cores::core(|builder| builder);
    let convert = ConvertMiddleware::new(&core);
    let with_attributes = convert.clone().attributes(|_| Attributes::from(common::ATTRIBUTES));
    let session = SessionMiddleware::new(CookieSessionStore::default(), Key::generate());
    let session_cookie = session_cookie(&session);
    let key = common::experience_key(0);
    let contenders = vec![
        contender("bare service", visitor_cookie(), fn_service(answer)),
        contender("bare service, the session's cookie", session_cookie.clone(), fn_service(answer)),
        contender("actix-session, ignored", session_cookie.clone(), around(&session, fn_service(answer))),
        contender("convert-actix, ignored", visitor_cookie(), around(&convert, fn_service(answer))),
        contender("actix-session, one value read", session_cookie, around(&session, fn_service(read))),
        contender(
            "convert-actix, one decision",
            visitor_cookie(),
            around(&convert, fn_service(|request| decide(request, EVERYWHERE))),
        ),
        contender(
            "the same by a rule on one of three attributes",
            visitor_cookie(),
            around(&with_attributes, fn_service(move |request| decide(request, &key))),
        ),
    ];
    let timed = rounds::run(contenders, &Plan::USUAL);
    let [bare, bare_peer, ignored_peer, ignored, read_peer, decision, by_rule] = &timed[..] else { return };
    // A session's cookie is longer, and so is what a request with it takes.
    let [ignored_peer, read_peer] = [ignored_peer, read_peer].map(Added::to(bare_peer));
    let [ignored, decision, by_rule] = [ignored, decision, by_rule].map(Added::to(bare));
    let rows = [
        (ignored_peer, None),
        (ignored, Some(ignored_peer)),
        (read_peer, None),
        (decision, Some(read_peer)),
        (by_rule, Some(read_peer)),
    ];
    let title = format!(
        "A request through an actix service; a bare request takes {:.0} ns with the visitor's cookie, and {:.0} ns with the session's",
        bare.median, bare_peer.median
    );
    print_added(&title, &rows);
    rounds::at_most("a layer that is ignored, to actix-session", 1.0, ignored.ratio(&ignored_peer));
    rounds::at_most("one decision, to actix-session with one value read", 1.0, decision.ratio(&read_peer));
}

/// The cookie of a session that holds one value.
fn session_cookie(session: &SessionMiddleware<CookieSessionStore>) -> String {
    let keep = |request: ServiceRequest| {
        request.get_session().insert("visitor", common::VISITOR).expect("a text can be kept");
        answer(request)
    };
    let response = ready(around(session, fn_service(keep)).call(TestRequest::get().to_srv_request()));
    let response = response.expect("nothing fails");
    let cookie = response.headers().get(SET_COOKIE).and_then(|cookie| cookie.to_str().ok()).expect("it sets a cookie");
    cookies(cookie.split(';').next().unwrap_or_default())
}

fn around<T, S>(middleware: &T, service: S) -> T::Transform
where
    T: Transform<S, ServiceRequest>,
    T::InitError: std::fmt::Debug,
{
    ready(middleware.new_transform(service)).expect("it can be set up")
}

fn read(request: ServiceRequest) -> Answered {
    let value = request.get_session().get::<String>("visitor").expect("it is a text");
    assert!(black_box(value).is_some());
    answer(request)
}

fn decide(request: ServiceRequest, key: &str) -> Answered {
    let context = request.convert_context().expect("the middleware is there");
    assert!(black_box(&context.run_experience(key)).is_some());
    answer(request)
}

fn answer(request: ServiceRequest) -> Answered {
    std::future::ready(Ok(request.into_response(HttpResponse::Ok())))
}

fn contender<S, B>(name: &str, cookie: String, service: S) -> Contender<'static>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
{
    Contender::new(name, move || {
        let request = TestRequest::get().uri("/").insert_header(("host", "shop.example"));
        let request = request.insert_header((COOKIE, cookie.as_str())).to_srv_request();
        drop(black_box(ready(service.call(request)).expect("nothing fails")));
    })
}
