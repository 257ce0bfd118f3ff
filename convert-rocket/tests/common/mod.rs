//! What the tests share: one request through an app.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use convert_rocket::ConvertFairing;
use rocket::figment::Figment;
use rocket::http::{Header, Status};
use rocket::local::blocking::{Client, LocalRequest, LocalResponse};
use rocket::{Build, Config, Rocket, Route};

/// Values of `ROCKET_CONVERT` that are no table, with a secret in each: JSON, no braces, one brace only.
pub(crate) const MALFORMED: [&str; 3] = [
    r#"{"sdk_key_secret": "s-1234567890"}"#,
    r#"sdk_key = "1/2", sdk_key_secret = "s-1234567890""#,
    r#"{ sdk_key = "1/2", sdk_key_secret = "s-1234567890""#,
];

/// What Rocket says by itself, whatever the environment does.
pub(crate) fn figment() -> Figment {
    Figment::from(Config::debug_default()).merge(("log_level", "off")).merge(("port", 0))
}

pub(crate) fn rocket() -> Rocket<Build> {
    rocket::custom(figment())
}

/// A client of an app with these routes, whose requests have their visitors from this fairing.
pub(crate) fn client(fairing: ConvertFairing, routes: impl Into<Vec<Route>>) -> Client {
    Client::untracked(rocket().attach(fairing).mount("/", routes)).unwrap()
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: Status,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn of(response: LocalResponse<'_>) -> Self {
        let headers = response.headers().iter().map(|header| (header.name().to_string(), header.value().to_owned()));
        let (status, headers) = (response.status(), headers.collect());
        Self { status, headers, body: response.into_string().unwrap_or_default() }
    }

    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        let set = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("set-cookie");
        self.headers.iter().filter(set).map(|(_, value)| value.as_str()).collect()
    }

    /// The id in the visitor's cookie, where one is set.
    pub(crate) fn minted(&self) -> Option<&str> {
        web_testing::minted(&self.set_cookies())
    }
}

pub(crate) fn send(request: LocalRequest<'_>) -> Answer {
    Answer::of(request.dispatch())
}

pub(crate) fn get(client: &Client, uri: &str) -> Answer {
    send(client.get(uri.to_owned()))
}

/// A request with these headers, as a browser sends them.
pub(crate) fn get_with(client: &Client, uri: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = client.get(uri.to_owned());
    for (name, value) in headers {
        request.add_header(Header::new((*name).to_owned(), (*value).to_owned()));
    }
    send(request)
}

/// A request with the cookie of a visitor.
pub(crate) fn get_as(client: &Client, visitor: &str, uri: &str) -> Answer {
    get_with(client, uri, &[("Cookie", &format!("convert_visitor_id={visitor}"))])
}
