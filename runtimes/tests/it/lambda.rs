//! A function that is frozen after each answer, thawed for the next, and at last never thawed again.

use convert_core::testing::{Collector, Fault, Route};

use crate::lambda_api::RuntimeApi;
use crate::process::{PATIENCE, Process, collector, program};

fn function(collector: &Collector, api: &RuntimeApi) -> Process {
    let mut command = program(env!("CARGO_BIN_EXE_lambda"), collector);
    command
        .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "shop")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "");
    Process::start(command)
}

#[test]
fn each_invocation_has_delivered_when_it_answers() {
    let (collector, api) = (collector(), RuntimeApi::start());
    let process = function(&collector, &api);
    for n in 1..=3 {
        assert!(api.invoke(&format!("visitor-{n}")).contains("bought"));
        // As the platform does: not a cycle until the next invocation. Nothing may be left for later.
        process.signal("STOP");
        assert_eq!(collector.event_count(), n);
        process.signal("CONT");
    }
    assert_eq!(collector.requests().iter().filter(|request| request.method() == "GET").count(), 1, "one cold start");
    process.signal("KILL");
    assert!(!process.end().status.success());
}

#[test]
fn an_invocation_that_names_no_visitor_is_told_so() {
    let (collector, api) = (collector(), RuntimeApi::start());
    let process = function(&collector, &api);
    let too_long = "v".repeat(129);
    for id in ["", "ada%20lovelace", too_long.as_str()] {
        let answer = api.invoke(id);
        assert!(answer.contains(r#""statusCode":400"#), "{id:?}: {answer}");
    }
    assert!(api.invoke("ada@example.com").contains("bought"));
    assert_eq!(collector.event_count(), 1);
    process.signal("KILL");
    process.end();
}

#[test]
fn a_connection_that_went_stale_while_frozen_costs_no_event() {
    let (collector, api) = (collector(), RuntimeApi::start());
    let process = function(&collector, &api);
    assert!(api.invoke("visitor-1").contains("bought"));
    process.signal("STOP");
    // The endpoint closes the idle connection; the function cannot take note of it.
    collector.fail_always(Route::Track, Fault::CloseAfter);
    process.signal("CONT");
    assert!(api.invoke("visitor-2").contains("bought"));
    process.signal("STOP");
    process.signal("CONT");
    assert!(api.invoke("visitor-3").contains("bought"));
    process.signal("STOP");
    assert_eq!(collector.event_count(), 3);
    process.signal("KILL");
    process.end();
}

/// The retry is due in five minutes by a clock that stood still: the next invocation's flush tries at once.
#[test]
fn a_retry_that_was_due_while_frozen_costs_no_event() {
    let (collector, api) = (collector(), RuntimeApi::start());
    let process = function(&collector, &api);
    collector.fail_once(Route::Track, Fault::RetryAfter { status: 503, value: "300".to_owned() });
    assert!(api.invoke("visitor-1").contains("bought"));
    process.signal("STOP");
    assert_eq!(collector.event_count(), 0);
    process.signal("CONT");
    assert!(api.invoke("visitor-2").contains("bought"));
    assert_eq!(collector.event_count(), 2);
    process.signal("KILL");
    process.end();
}

/// Frozen in the middle of a request, as when an invocation runs into its time limit.
#[test]
fn an_invocation_frozen_half_way_loses_nothing() {
    let (collector, api) = (collector(), RuntimeApi::start());
    let process = function(&collector, &api);
    collector.fail_once(Route::Track, Fault::Hold);
    api.begin("visitor-1");
    assert!(collector.wait_for_requests(2, PATIENCE));
    process.signal("STOP");
    // The answer comes while nobody can take it.
    collector.recover();
    assert!(collector.wait_for_events(1, PATIENCE));
    process.signal("CONT");
    assert!(api.answer().contains("bought"));
    assert!(api.invoke("visitor-2").contains("bought"));
    assert!(collector.wait_for_events(2, PATIENCE));
    process.signal("KILL");
    process.end();
}

/// Frozen with a request under way that the flush did not wait for to its end: the invocation has answered.
#[test]
fn a_delivery_that_is_frozen_after_its_flush_gave_up_loses_nothing() {
    let (collector, api) = (collector(), RuntimeApi::start());
    let process = function(&collector, &api);
    collector.fail_once(Route::Track, Fault::Hold);
    assert!(api.invoke("visitor-1").contains("bought"));
    process.signal("STOP");
    assert_eq!(collector.event_count(), 0);
    collector.recover();
    assert!(collector.wait_for_events(1, PATIENCE));
    process.signal("CONT");
    assert!(api.invoke("visitor-2").contains("bought"));
    assert!(collector.wait_for_events(2, PATIENCE));
    process.signal("KILL");
    process.end();
}
