//! What the log says, whole: the host, the causes, and no secret.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::fmt;
use std::net::TcpListener;
use std::sync::{Mutex, Once};
use std::time::Duration;

use convert_core::testing::{Collector, ConfigBuilder, Fault, Route};
use convert_core::{BuildError, Core, CoreBuilder};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, span};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps the lines of every thread: the SDK's own says most of them.
struct Kept;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.0 = format!("{value:?}{}", self.0),
            name => self.0.push_str(&format!(" {name}={value:?}")),
        }
    }
}

impl tracing::Subscriber for Kept {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "convert"
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        LINES.lock().unwrap().push(line.0);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// The lines about one host. Every test has a port of its own.
fn lines_about(host: &str) -> Vec<String> {
    let lines = LINES.lock().unwrap().clone();
    for line in &lines {
        assert!(!["SECRET", "100300", "Some("].iter().any(|never| line.contains(never)), "{line}");
    }
    lines.into_iter().filter(|line| line.contains(host)).collect()
}

fn secretive() -> CoreBuilder {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| tracing::subscriber::set_global_default(Kept).unwrap());
    Core::builder().sdk_key("100300/SECRET").sdk_key_secret("SECRET").debug_token("SECRET")
}

/// A port of this machine where nobody listens.
fn deserted() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[test]
fn an_unreachable_config_endpoint_is_named_with_the_cause() {
    let host = deserted();
    let builder = secretive().config_endpoint(format!("http://{host}/api/v1"));
    let error = builder.startup_timeout(Duration::from_millis(200)).build().unwrap_err();
    // What a `main` prints that returns the error.
    let shown = format!("{:?}", Box::<dyn std::error::Error>::from(error));
    assert!(shown.starts_with(&format!("the config could not be fetched from {host}: the config endpoint could not")));
    let lines = lines_about(&host);
    assert!(!lines.is_empty());
    for text in lines.into_iter().chain([shown]) {
        assert!(text.contains("check the endpoint, the network and the proxy"), "{text}");
        assert!(text.contains("tcp connect error"), "{text}");
        assert!(!text.contains("SECRET"), "{text}");
    }
}

#[test]
fn the_next_try_is_told_in_seconds() {
    let host = deserted();
    let core = secretive().config_endpoint(format!("http://{host}/api/v1")).start_unready(true).build().unwrap();
    assert!(!core.wait_ready(Duration::from_millis(1)));
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while lines_about(&host).is_empty() {
        assert!(std::time::Instant::now() < deadline, "nothing is logged");
        std::thread::yield_now();
    }
    let line = lines_about(&host).remove(0);
    // The first pause is half a second at most, and a quarter at least.
    assert!(["0.2", "0.3", "0.4", "0.5"].iter().any(|n| line.ends_with(&format!("; trying again in {n} s"))), "{line}");
}

#[test]
fn a_key_that_the_endpoint_does_not_know_is_told_at_once() {
    for (status, hint) in [(404, "check the SDK key"), (401, "check the SDK key"), (403, "check the SDK key")] {
        let collector = Collector::start().unwrap();
        collector.fail_once(Route::Config, Fault::Status(status));
        let error = secretive().config_endpoint(collector.config_endpoint()).build().unwrap_err();
        assert!(matches!(error, BuildError::Fetch { .. }));
        assert_eq!(collector.requests().len(), 1, "no second try");
        let shown = format!("{error:?}");
        assert!(shown.contains(&status.to_string()) && shown.contains(hint), "{shown}");
        assert!(!shown.contains("SECRET"), "{shown}");
    }
}

#[test]
fn events_that_are_not_delivered_are_told_with_the_host() {
    let host = deserted();
    let builder = secretive().config_json(ConfigBuilder::new().simple_experience("10", "open").to_json());
    let core = builder.track_endpoint(format!("http://{host}/v1")).build().unwrap();
    core.create_context("visitor-1").unwrap().run_experience("open").unwrap();
    core.flush(Duration::from_secs(30)).unwrap_err();
    let line = lines_about(&host).remove(0);
    assert!(line.starts_with(&format!("tracking events not delivered to {host}: no connection")), "{line}");
    assert!(line.contains("tcp connect error") && line.ends_with("; they stay queued events=1"), "{line}");
}

#[test]
fn a_key_of_no_keys_shape_is_an_error_at_once() {
    for key in ["", " ", "SECRET\n", "SECRET key", "1//SECRET", "/SECRET", "${SECRET}"] {
        // Nothing is asked: nobody listens there.
        let error = Core::builder().sdk_key(key).config_endpoint("http://127.0.0.1:9").build().unwrap_err();
        assert!(format!("{error:?}").starts_with("the SDK key is neither"), "{error:?}");
        assert!(!format!("{error:?} {error}").contains("SECRET"), "{error:?}");
    }
}
