//! The rocket crate.

use std::sync::Arc;

use convert_core::Context;
use convert_rocket::{ConvertContext, ConvertFairing};
use futures_executor::block_on;
use rocket::http::{Header, Status};
use rocket::local::asynchronous::Client;
use rocket::request::{FromRequest, Outcome};
use rocket::{Config, Request, async_trait, get, routes};
use serde_json::Value;

use super::Surface;
use super::requestwise::{self, Requestwise};
use super::stepwise::Stepwise;
use super::sync::Sdk;
use super::told::{self, Told};
use super::under_way::{Meeting, UnderWay};
use crate::fault::Fault;
use crate::scenario::Scenario;

/// Runs scenarios through the rocket crate's fairing and guard.
#[derive(Debug)]
pub(super) struct Rocket;

impl Surface for Rocket {
    fn run(&mut self, scenario: &Scenario) -> Result<Vec<Value>, Fault> {
        requestwise::run::<Web>(scenario)
    }
}

struct Web {
    sdk: Sdk,
    client: Arc<Client>,
}

/// The response's status, and whether it sets a cookie.
type Answer = (Status, bool);

#[get("/")]
async fn handler(convert: &ConvertContext, meeting: Waiting<'_>) {
    meeting.0.hold(convert.clone().into_inner()).await;
}

/// Where the request's handler waits.
struct Waiting<'r>(&'r Meeting);

#[async_trait]
impl<'r> FromRequest<'r> for Waiting<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.local_cache(|| None::<Meeting>) {
            Some(meeting) => Outcome::Success(Self(meeting)),
            None => Outcome::Error((Status::InternalServerError, ())),
        }
    }
}

fn header<'r>(request: &'r Request<'_>) -> impl Fn(&'static str) -> Option<&'r str> {
    |name| request.headers().get_one(name)
}

impl Requestwise for Web {
    type Request = UnderWay<Answer>;

    fn open(scenario: &Scenario) -> Result<Self, Fault> {
        let sdk = Sdk::open(scenario)?;
        // A scenario's steps say the location themselves, or mean that there is none.
        let fairing = ConvertFairing::new(sdk.core())
            .visitor_id(|request| told::visitor_id(header(request)))
            .attributes(|request| told::attributes(header(request)))
            .preview(true)
            .no_location();
        let config = Config { log_level: rocket::config::LogLevel::Off, ..Config::debug_default() };
        let app = rocket::custom(config).attach(fairing).mount("/", routes![handler]);
        let client = block_on(Client::untracked(app)).map_err(|error| Fault::broken("the launch", error))?;
        Ok(Self { sdk, client: Arc::new(client) })
    }

    fn begin(&self, told: &Told) -> Result<(UnderWay<Answer>, Context), Fault> {
        let client = Arc::clone(&self.client);
        let (target, headers) = (told.target(), told.headers());
        UnderWay::begin(|meeting| {
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

    fn flush(&mut self) -> Result<Value, Fault> {
        self.sdk.flush()
    }
}
