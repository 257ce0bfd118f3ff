//! The tower layer, beside tower-cookies.

use std::convert::Infallible;
use std::future::Ready;
use std::hint::black_box;

use convert_axum::core::Attributes;
use convert_axum::{ConvertContext, ConvertLayer};
use http::{Request, Response};
use tower::{Layer, Service, service_fn};
use tower_cookies::{CookieManagerLayer, Cookies};

use super::{Added, print_added, ready, visitor_cookie};
use crate::common;
use crate::cores::{self, EVERYWHERE};
use crate::rounds::{self, Contender, Plan};

type Answered = Ready<Result<Response<()>, Infallible>>;

pub fn run() {
    let core = cores::core(|builder| builder);
    let convert = ConvertLayer::new(&core);
    let with_attributes = convert.clone().attributes(|_| Attributes::from(common::ATTRIBUTES));
    let key = common::experience_key(0);
    let read = |request: Request<()>| {
        let cookies = request.extensions().get::<Cookies>().expect("the layer is there");
        assert!(black_box(cookies.get("convert_visitor_id")).is_some());
        answer()
    };
    let contenders = vec![
        contender("bare service", service_fn(|_| answer())),
        contender("tower-cookies, ignored", CookieManagerLayer::new().layer(service_fn(|_| answer()))),
        contender("convert-axum, ignored", convert.layer(service_fn(|_| answer()))),
        contender("tower-cookies, one cookie read", CookieManagerLayer::new().layer(service_fn(read))),
        contender("convert-axum, one decision", convert.layer(service_fn(|request| decide(request, EVERYWHERE)))),
        contender(
            "the same by a rule on one of three attributes",
            with_attributes.layer(service_fn(move |request| decide(request, &key))),
        ),
    ];
    let timed = rounds::run(contenders, &Plan::USUAL);
    let [bare, ignored_peer, ignored, read_peer, decision, by_rule] = &timed[..] else { return };
    let added = Added::to(bare);
    let [ignored_peer, ignored, read_peer, decision, by_rule] =
        [ignored_peer, ignored, read_peer, decision, by_rule].map(added);
    let rows = [
        (ignored_peer, None),
        (ignored, Some(ignored_peer)),
        (read_peer, None),
        (decision, Some(read_peer)),
        (by_rule, Some(read_peer)),
    ];
    let title = format!(
        "A request with the visitor's cookie through a tower service; a bare request takes {:.0} ns",
        bare.median
    );
    print_added(&title, &rows);
    rounds::at_most("allocations of a layer that is ignored", 5.0, ignored.allocations());
    rounds::at_most("a layer that is ignored, to tower-cookies", 1.0, ignored.ratio(&ignored_peer));
    rounds::at_most("one decision, to tower-cookies with one cookie read", 1.0, decision.ratio(&read_peer));
}

fn decide(request: Request<()>, key: &str) -> Answered {
    let (mut head, ()) = request.into_parts();
    let context = ConvertContext::from_parts(&mut head).expect("the layer is there");
    assert!(black_box(&context.run_experience(key)).is_some());
    answer()
}

fn answer() -> Answered {
    std::future::ready(Ok(Response::new(())))
}

fn contender<S>(name: &str, mut service: S) -> Contender<'static>
where
    S: Service<Request<()>, Response = Response<()>, Error = Infallible> + 'static,
{
    let cookie = visitor_cookie();
    Contender::new(name, move || {
        let request = Request::get("/").header("host", "shop.example").header("cookie", &cookie).body(());
        let call = service.call(request.expect("the request is in order"));
        drop(black_box(ready(call)));
    })
}
