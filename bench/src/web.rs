//! What a layer adds to a request whose cookie is there.

pub mod axum {
    use std::convert::Infallible;
    use std::future::{Future, Ready, ready};
    use std::hint::black_box;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use convert_axum::core::Attributes;
    use convert_axum::{ConvertContext, ConvertLayer};
    use http::{Request, Response};
    use tower::{Layer, Service, service_fn};
    use tower_cookies::{CookieManagerLayer, Cookies};

    use crate::common;
    use crate::rounds::{self, Contender};

    type Answered = Ready<Result<Response<()>, Infallible>>;

    pub fn run() {
        let core = common::core(1, |builder| builder);
        let key = common::experience_key(0);
        let convert = ConvertLayer::new(&core).attributes(|_| Attributes::from(common::ATTRIBUTES));
        let decide = {
            let key = key.clone();
            move |request: Request<()>| {
                let (mut head, ()) = request.into_parts();
                let context = ConvertContext::from_parts(&mut head).expect("the layer is there");
                black_box(&context.run_experience(&key));
                answer()
            }
        };
        let read = |request: Request<()>| {
            let cookies = request.extensions().get::<Cookies>().expect("the layer is there");
            black_box(cookies.get("convert_visitor_id"));
            answer()
        };
        let contenders = vec![
            contender("bare service", service_fn(|_| answer())),
            contender("tower-cookies, ignored", CookieManagerLayer::new().layer(service_fn(|_| answer()))),
            contender("convert-axum, ignored", convert.clone().layer(service_fn(|_| answer()))),
            contender("tower-cookies, one cookie read", CookieManagerLayer::new().layer(service_fn(read))),
            contender("convert-axum, one decision", convert.layer(service_fn(decide))),
        ];
        let timed = rounds::run(contenders, 300, 500);
        rounds::print("A request with the visitor's cookie", &timed);
        let bare = timed[0].median;
        println!("\n| added to the bare service | median ns |\n|---|---|");
        for contender in &timed[1..] {
            println!("| {} | {:.0} |", contender.name, contender.median - bare);
        }
    }

    fn answer() -> Answered {
        ready(Ok(Response::new(())))
    }

    fn contender<S>(name: &'static str, mut service: S) -> Contender<'static>
    where
        S: Service<Request<()>, Response = Response<()>, Error = Infallible> + 'static,
    {
        Contender::new(name, move || {
            let cookie = "theme=dark; convert_visitor_id=0b4b6f0e-6d3c-4b1e-9d1e-1f4c0a8f2d11; lang=en";
            let request = Request::get("/").header("host", "shop.example").header("cookie", cookie).body(());
            let call = pin!(service.call(request.expect("the request is in order")));
            match call.poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(response) => drop(black_box(response)),
                Poll::Pending => unreachable!("nothing is waited for"),
            }
        })
    }
}
