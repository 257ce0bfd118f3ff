//! The rocket crate.

use std::marker::PhantomData;
use std::sync::Arc;

use convert_core::{AsyncContext, Context};
use convert_rocket::{AsyncConvertContext, ConvertContext, ConvertFairing};
use futures_executor::block_on;
use rocket::http::{Header, Status};
use rocket::local::asynchronous::Client;
use rocket::request::{FromRequest, Outcome};
use rocket::{Config, Request, Route, async_trait, get, routes};

use super::requestwise::{ContextOf, Face, Requestwise};
use super::told::{self, Told};
use super::under_way::{Meeting, UnderWay};
use super::{asynchronous, sync};
use crate::fault::Fault;

/// An app with the crate's fairing and guards.
pub(super) struct Web<S> {
    client: Arc<Client>,
    sdk: PhantomData<S>,
}

/// The response's status, and whether it sets a cookie.
type Answer = (Status, bool);

/// An SDK whose contexts a handler asks for.
pub(super) trait Handled: Face<Context: Clone + Send + 'static> {
    fn routes() -> Vec<Route>;
}

impl Handled for sync::Sdk {
    fn routes() -> Vec<Route> {
        routes![handler]
    }
}

impl Handled for asynchronous::Sdk {
    fn routes() -> Vec<Route> {
        routes![async_handler]
    }
}

#[get("/")]
async fn handler(convert: &ConvertContext, meeting: Waiting<'_, Context>) {
    meeting.0.hold(convert.clone().into_inner()).await;
}

#[get("/")]
async fn async_handler(convert: &AsyncConvertContext, meeting: Waiting<'_, AsyncContext>) {
    meeting.0.hold(convert.clone().into_inner()).await;
}

/// Where the request's handler waits.
struct Waiting<'r, C>(&'r Meeting<C>);

#[async_trait]
impl<'r, C: Send + 'static> FromRequest<'r> for Waiting<'r, C> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.local_cache(|| None::<Meeting<C>>) {
            Some(meeting) => Outcome::Success(Self(meeting)),
            None => Outcome::Error((Status::InternalServerError, ())),
        }
    }
}

fn header<'r>(request: &'r Request<'_>) -> impl Fn(&'static str) -> Option<&'r str> {
    |name| request.headers().get_one(name)
}

impl<S: Handled> Requestwise for Web<S> {
    type Sdk = S;
    type Request = UnderWay<Answer>;

    fn open(sdk: &S) -> Result<Self, Fault> {
        // A scenario's steps say the location themselves, or mean that there is none.
        let fairing = ConvertFairing::new(sdk.cores())
            .visitor_id(|request| told::visitor_id(header(request)))
            .attributes(|request| told::attributes(header(request)))
            .preview(true)
            .no_location();
        let config = Config { log_level: rocket::config::LogLevel::Off, ..Config::debug_default() };
        let app = rocket::custom(config).attach(fairing).mount("/", S::routes());
        let client = block_on(Client::untracked(app)).map_err(|error| Fault::broken("the launch", error))?;
        Ok(Self { client: Arc::new(client), sdk: PhantomData })
    }

    fn begin(&self, told: &Told) -> Result<(UnderWay<Answer>, ContextOf<Self>), Fault> {
        let client = Arc::clone(&self.client);
        let (target, headers) = (told.target(), told.headers());
        UnderWay::begin(|meeting: Meeting<S::Context>| {
            Box::pin(async move {
                let mut request = client.get(target);
                headers.into_iter().for_each(|(name, value)| request.add_header(Header::new(name, value)));
                request.inner().local_cache(|| Some(meeting));
                let response = request.dispatch().await;
                (response.status(), response.headers().contains("Set-Cookie"))
            })
        })
    }

    fn end(&self, request: UnderWay<Answer>) -> Result<(), Fault> {
        let (status, sets_cookie) = request.end();
        if status == Status::Ok && !sets_cookie {
            Ok(())
        } else {
            Err(Fault::Broken(format!("the request was answered with {status}")))
        }
    }
}
