//! The first config: fetched, retried, refused, or waited for.

use std::time::Duration;

use convert_core::testing::{Collector, Fault, Route};
use convert_core::{BuildError, ContextOptions, DecisionSource, FetchError, Preview, Reason};

use crate::fixtures::{PATIENCE, collected, fetching_from, project};

fn fetch_error(collector: &Collector) -> FetchError {
    match fetching_from(collector).startup_timeout(PATIENCE).build() {
        Err(BuildError::Fetch { source, .. }) => source,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_config_is_fetched_as_the_endpoint_expects_it() {
    let (core, collector) = collected(|builder| {
        builder.environment("st aging&x").sdk_key_secret("hush").debug_token("tok en&").low_cache(true)
    });
    assert!(core.is_ready());
    let requests = collector.requests();
    assert_eq!(requests.len(), 1);
    let request = &requests[0];
    assert_eq!((request.method(), request.path()), ("GET", "/api/v1/config/100/200"));
    assert_eq!(request.query(), Some("environment=st%20aging%26x&_conv_low_cache=1&debug_token=tok%20en%26"));
    assert_eq!(request.header("user-agent"), Some("ConvertAgent/1.0"));
    assert_eq!(request.header("authorization"), Some("Bearer hush"));
}

#[test]
fn a_failing_first_fetch_is_retried() {
    let collector = Collector::start().unwrap();
    collector.serve_config(project().to_string());
    collector.fail_once(Route::Config, Fault::Status(503));
    collector.fail_once(Route::Config, Fault::ResetAfterBody);
    collector.fail_once(Route::Config, Fault::Garbage);
    let core = fetching_from(&collector).startup_timeout(PATIENCE).build().unwrap();
    assert!(core.is_ready());
    assert_eq!(collector.requests().len(), 4);
}

#[test]
fn what_retries_cannot_mend_is_an_error_at_once() {
    let collector = Collector::start().unwrap();
    assert!(matches!(fetch_error(&collector), FetchError::NotFound));
    collector.fail_once(Route::Config, Fault::Status(401));
    assert!(matches!(fetch_error(&collector), FetchError::Unauthorized { status: 401, .. }));
    assert_eq!(collector.requests().len(), 2);
}

#[test]
fn an_answer_that_is_no_config_is_an_error_in_time() {
    let collector = Collector::start().unwrap();
    for text in [r#"{"error": {"message": "unknown"}}"#, "not json", ""] {
        collector.serve_config(text);
        // Long enough for a first answer on a busy machine: what comes last before the end is the error.
        match fetching_from(&collector).startup_timeout(Duration::from_secs(2)).build() {
            Err(BuildError::Fetch { source: FetchError::Config { .. }, .. }) => {}
            other => panic!("{text}: {other:?}"),
        }
    }
    collector.fail_always(Route::Config, Fault::Oversized { bytes: 4 << 20, announced: false });
    let core = fetching_from(&collector).max_config_bytes(1 << 20).startup_timeout(PATIENCE).build();
    assert!(matches!(core, Err(BuildError::Fetch { source: FetchError::TooLarge { .. }, .. })));
}

#[test]
fn a_hanging_endpoint_ends_at_the_startup_timeout() {
    let collector = Collector::start().unwrap();
    collector.fail_always(Route::Config, Fault::Hang);
    let core = fetching_from(&collector).startup_timeout(Duration::from_millis(200)).build();
    assert!(matches!(core, Err(BuildError::Fetch { source: FetchError::Timeout, .. })));
}

#[test]
fn a_core_may_start_unready_and_become_ready_later() {
    let collector = Collector::start().unwrap();
    collector.serve_config(project().to_string());
    collector.fail_always(Route::Config, Fault::Hold);
    let core = fetching_from(&collector).start_unready(true).build().unwrap();
    let context = core.create_context("v1").unwrap();
    assert!(!core.is_ready());
    assert!(context.run_experience("open").is_none());
    assert_eq!(context.explain_experience("open").reason, Reason::SdkNotReady);
    assert!(collector.wait_for_requests(1, PATIENCE));
    collector.recover();
    assert!(core.wait_ready(PATIENCE));
    assert!(context.run_experience("open").is_some());
}

#[test]
fn secrets_stay_on_this_machine_or_under_tls() {
    let error = convert_core::Core::builder()
        .sdk_key("100/200")
        .sdk_key_secret("hush-hush")
        .config_endpoint("http://config.example.com/api/v1")
        .build()
        .unwrap_err();
    assert!(matches!(error, BuildError::Endpoint(_)));
    assert!(!format!("{error:?} {error}").contains("hush"));
}

#[test]
fn a_preview_that_is_asked_for_before_the_config_waits_for_it() {
    let collector = Collector::start().unwrap();
    collector.serve_config(project().to_string());
    collector.fail_always(Route::Config, Fault::Hold);
    let core = fetching_from(&collector).start_unready(true).build().unwrap();
    let options = ContextOptions::new().preview(Preview::new("40", "401"));
    let context = core.create_context_with("v1", options).unwrap();
    assert!(context.run_experience("rollout").is_none());
    assert!(collector.wait_for_requests(1, PATIENCE));
    collector.recover();
    assert!(core.wait_ready(PATIENCE));
    assert_eq!(context.run_experience("rollout").unwrap().source(), DecisionSource::Preview);
    assert!(context.visitor_state().is_empty());
}
