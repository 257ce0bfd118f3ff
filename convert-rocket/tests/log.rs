//! What Rocket's log says of the fairing. A process has one logger, so this is a test by itself.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

#[macro_use]
extern crate rocket;

mod common;

use std::sync::{Mutex, PoisonError};

use convert_rocket::core::Core;
use convert_rocket::core::testing::{Answer, RecordingTransport};
use convert_rocket::{ConvertContext, ConvertFairing, ConvertRejection, VisitorCookie};
use rocket::Request;
use rocket::figment::Figment;
use rocket::figment::providers::{Format, Toml};
use rocket::http::Header;
use rocket::local::blocking::Client;
use web_testing::shop;

/// Takes the place of Rocket's own logger, which comes second.
struct Kept(Mutex<Vec<String>>);

static KEPT: Kept = Kept(Mutex::new(Vec::new()));

impl log::Log for Kept {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {}: {}", record.level(), record.target(), record.args());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    fn flush(&self) {}
}

/// What was logged since the last time.
fn logged() -> Vec<String> {
    std::mem::take(&mut *KEPT.0.lock().unwrap_or_else(PoisonError::into_inner))
}

#[get("/")]
fn index(_convert: &ConvertContext) {}

fn launch(settings: &str, fairing: Option<ConvertFairing>) -> Result<Client, Box<rocket::Error>> {
    let figment = Figment::from(rocket::Config::debug_default()).merge(Toml::string(settings).nested());
    let app = rocket::custom(figment).mount("/", routes![index]);
    let app = match fairing {
        Some(fairing) => app.attach(fairing),
        None => app,
    };
    Client::untracked(app).map_err(Box::new)
}

/// Rocket panics where nobody looks at its error.
fn seen(error: &rocket::Error) {
    let _ = error.kind();
}

#[test]
fn rockets_log_says_what_is_configured_what_is_wrong_and_no_secret() {
    log::set_logger(&KEPT).unwrap();
    log::set_max_level(log::LevelFilter::Trace);

    let transport = RecordingTransport::new();
    transport.otherwise(convert_rocket::core::RequestKind::Config, Answer::body(shop()));
    let fairing = || Some(ConvertFairing::from_builder(Core::builder().async_transport(transport.clone())));
    let settings = "[default.convert]\nsdk_key = 'key-1234567890'\nsdk_key_secret = 's-1234567890'\n\
                    debug_token = 't-1234567890'\nenvironment = 'production'\nbatch_size = 7\nflush_deadline = 0.5\n\
                    refresh = { interval = 300, backoff_factor = 1.5 }\n\
                    cookie = { name = 'shop', max_age = 60, same_site = 'strict', secure = false }";
    let client = launch(settings, fairing()).unwrap();
    let lines = logged();
    let all = lines.join("\n");
    assert!(!all.contains("1234567890"), "{all}");
    for line in [
        "sdk_key: [redacted]",
        "sdk_key_secret: [redacted]",
        "environment: production",
        "batch_size: 7",
        "refresh: interval = 300s, backoff_factor = 1.5",
        "cookie: name = shop, max_age = 60s, same_site = strict, secure = false",
        "flush_deadline: 500ms",
    ] {
        assert!(lines.contains(&format!("INFO rocket::launch::_: {line}")), "{line} is not in\n{all}");
    }
    client.terminate();
    let last = logged().join("\n");
    assert!(last.contains("INFO convert: Convert: last events: "), "{last}");

    let host = || VisitorCookie::new().name("__Host-visitor").unwrap();
    let of_tenants = move |request: &Request<'_>| host().secure(!request.headers().contains("X-Tenant"));
    let client = launch(settings, fairing().map(|fairing| fairing.cookie_with(of_tenants))).unwrap();
    let warnings = |tenant: bool| {
        logged();
        let request = client.get("/");
        drop(if tenant { request.header(Header::new("X-Tenant", "7")) } else { request }.dispatch());
        logged().into_iter().filter(|line| line.contains("visitor's cookie of a request")).count()
    };
    // The cookie of this tenant is one that browsers would drop, which is told once.
    assert_eq!([false, true, true].map(warnings), [0, 1, 0]);

    seen(&launch("", None).unwrap_err());
    let lines = logged();
    assert!(lines.contains(&format!("ERROR convert: {}", ConvertRejection::MissingFairing)), "{lines:#?}");

    for secret in ["sdk_key_secret", "debug_token"] {
        let settings = format!("[default.convert]\n{secret} = 1234567890");
        seen(&launch(&settings, fairing()).unwrap_err());
        let all = logged().join("\n");
        let expected = format!("ERROR convert: Convert: the key `convert.{secret}` cannot be used: it must be text");
        assert!(all.contains(&expected) && !all.contains("1234567890"), "{all}");
    }

    for variable in common::MALFORMED {
        // As Rocket reads the variable.
        let value: rocket::figment::value::Value = variable.parse().unwrap();
        let app = rocket::custom(common::figment().merge(("convert", value))).attach(fairing().unwrap());
        seen(&Client::untracked(app).unwrap_err());
        let all = logged().join("\n");
        let expected = "ERROR convert: Convert: the key `convert` cannot be used: it must be a table";
        assert!(all.contains(expected) && !all.contains("1234567890"), "{all}");
    }

    let lost = fairing().unwrap().flush_deadline(std::time::Duration::ZERO);
    transport.otherwise(convert_rocket::core::RequestKind::Tracking, Answer::Hang);
    let client = launch("[default.convert]\nsdk_key = '1/2'", Some(lost)).unwrap();
    let core = client.rocket().state::<Core>().unwrap();
    assert!(core.create_context("v").unwrap().track_conversion("purchase").is_queued());
    client.terminate();
    let lines = logged();
    let warned = lines.iter().any(|line| line.starts_with("WARN convert: Convert: last events: 0 delivered, "));
    assert!(warned, "{lines:#?}");

    seen(&launch("[default.convert]\nconfig_file = 'nowhere.json'", fairing()).unwrap_err());
    let lines = logged();
    let told = "cannot read the config file nowhere.json; see the key `convert.config_file` of Rocket's configuration";
    let at = lines.iter().position(|line| *line == format!("ERROR convert: Convert: {told}")).unwrap();
    // Why, beneath it.
    assert!(lines.get(at + 1).unwrap().starts_with("ERROR convert::_: "), "{lines:#?}");
}
