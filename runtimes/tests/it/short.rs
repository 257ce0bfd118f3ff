//! Programs that end by themselves.

use std::process::exit;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use convert_core::testing::{Fault, Route};
use convert_core::{Core, Event};

use crate::process::{PATIENCE, Process, collector, part_of_this, program, run};

const CLI: &str = env!("CARGO_BIN_EXE_cli");

fn visitors(n: usize) -> Vec<String> {
    (0..n).map(|n| format!("visitor-{n}")).collect()
}

#[test]
fn a_tool_flushes_at_its_end() {
    let collector = collector();
    let mut command = program(CLI, &collector);
    command.args(visitors(25));
    let ended = run(command);
    assert!(ended.status.success(), "{}", ended.log);
    assert!(ended.output.contains("0 dropped, 0 pending"), "{}", ended.output);
    assert_eq!((collector.event_count(), ended.log.as_str()), (25, ""));
}

#[test]
fn a_tool_that_exits_half_way_loses_nothing() {
    let collector = collector();
    let mut command = program(CLI, &collector);
    command.args(visitors(7)).arg("--give-up");
    let ended = run(command);
    assert_eq!(ended.status.code(), Some(3), "{}", ended.log);
    assert_eq!((collector.event_count(), ended.log.as_str()), (7, ""));
}

/// The program of the next test.
#[test]
#[ignore = "run by the next test, in a process of its own"]
fn exits_after_a_failed_attempt() {
    let core = Core::from_env().unwrap();
    assert!(core.register_exit_flush(PATIENCE));
    let (tell, told) = channel();
    core.on(move |event| {
        if let Event::QueueReleased { result: Err(_), .. } = event {
            tell.send(()).unwrap();
        }
    })
    .forever();
    for visitor in visitors(12) {
        assert!(core.create_context(visitor).unwrap().track_conversion("purchase").is_queued());
    }
    told.recv_timeout(PATIENCE).unwrap();
    exit(3);
}

/// A full batch failed, and its retry is due in five minutes: the exit does not wait for that.
#[test]
fn an_exit_during_a_retry_loses_nothing() {
    let collector = collector();
    collector.fail_once(Route::Track, Fault::RetryAfter { status: 503, value: "300".to_owned() });
    let ended = run(part_of_this("short::exits_after_a_failed_attempt", &collector));
    assert_eq!(ended.status.code(), Some(3), "{}", ended.log);
    assert_eq!(collector.event_count(), 12, "{}", ended.log);
}

/// `main` returns by `?`, with its handle dropped.
#[test]
fn a_tool_that_fails_loses_nothing() {
    let collector = collector();
    let mut command = program(CLI, &collector);
    // White space only is no visitor id.
    command.args(visitors(3)).arg(" ");
    let ended = run(command);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.log);
    assert_eq!(collector.event_count(), 3, "{}", ended.log);
}

#[test]
fn an_exit_while_the_endpoint_is_down_is_bounded_and_says_what_is_lost() {
    for fault in [Fault::Status(503), Fault::Hang] {
        let collector = collector();
        collector.fail_always(Route::Track, fault.clone());
        let mut command = program(CLI, &collector);
        command.args(visitors(3)).arg("--give-up");
        let started = Instant::now();
        let ended = run(command);
        assert_eq!(ended.status.code(), Some(3), "{fault:?}: {}", ended.log);
        assert!(started.elapsed() < PATIENCE, "{fault:?}");
        assert!(ended.log.contains("the process exits with 3 undelivered tracking events"), "{}", ended.log);
    }
}

/// The program of the next test.
#[test]
#[ignore = "run by the next test, in a process of its own"]
fn exits_holding_what_its_logger_needs() {
    runtimes::log();
    let core = Core::from_env().unwrap();
    assert!(core.register_exit_flush(Duration::from_millis(100)));
    assert!(core.create_context("ada").unwrap().track_conversion("purchase").is_queued());
    let _held = std::io::stderr().lock();
    exit(3);
}

#[test]
fn an_exit_is_bounded_though_nothing_can_be_logged() {
    let collector = collector();
    collector.fail_always(Route::Track, Fault::Status(503));
    let ended = run(part_of_this("short::exits_holding_what_its_logger_needs", &collector));
    assert_eq!(ended.status.code(), Some(3));
}

#[test]
fn a_program_that_never_flushes_ends_as_ever_and_says_what_is_lost() {
    let collector = collector();
    let ended = run(program(env!("CARGO_BIN_EXE_never_flushed"), &collector));
    assert!(ended.status.success());
    assert_eq!(collector.event_count(), 0);
    assert!(ended.log.contains("3 undelivered tracking events; call close first"), "{}", ended.log);
}

#[test]
fn a_loop_goes_on_while_a_synchronous_core_flushes() {
    let collector = collector();
    collector.fail_always(Route::Track, Fault::Hold);
    let mut process = Process::start(program(env!("CARGO_BIN_EXE_sync_in_async"), &collector));
    // The config's request, and the flush's.
    assert!(collector.wait_for_requests(2, PATIENCE));
    // What is printed from now on is printed while the flush waits.
    for _ in 0..100 {
        assert_eq!(process.line(), "the loop goes on");
    }
    collector.recover();
    let ended = process.end();
    assert!(ended.status.success(), "{}", ended.log);
    assert!(ended.output.contains("flushed: 1 delivered") && ended.output.contains("closed: 1 delivered"));
    assert_eq!(collector.event_count(), 2);
}

#[test]
fn a_job_is_done_when_its_events_are_delivered() {
    let collector = collector();
    let mut command = program(env!("CARGO_BIN_EXE_jobs"), &collector);
    command.args(visitors(5));
    let mut worker = Process::start(command);
    for done in 1..=5 {
        let line = worker.line();
        assert!(line.ends_with(": delivered"), "{line}");
        assert!(collector.event_count() >= done);
    }
    // Stopped without notice between two jobs.
    worker.signal("KILL");
    worker.end();
    assert_eq!(collector.event_count(), 5);
}

#[test]
fn a_job_worker_delivers_when_it_is_stopped_what_an_outage_left() {
    let collector = collector();
    collector.fail_always(Route::Track, Fault::Status(503));
    let mut command = program(env!("CARGO_BIN_EXE_jobs"), &collector);
    command.args(visitors(5));
    let mut worker = Process::start(command);
    for _ in 0..5 {
        let line = worker.line();
        assert!(line.ends_with(": to be delivered"), "{line}");
    }
    collector.recover();
    worker.signal("TERM");
    let ended = worker.end();
    assert!(ended.status.success(), "{}", ended.log);
    assert_eq!(collector.event_count(), 5, "{}", ended.log);
}
