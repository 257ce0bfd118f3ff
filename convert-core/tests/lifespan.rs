//! A server's life, by itself.
#![cfg(all(feature = "lifespan", feature = "testing"))]
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::future::{Future, pending, ready};
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Waker};
use std::time::Duration;

use convert_core::testing::RecordingTransport;
use convert_core::web::Lifespan;
use convert_core::{Core, Event};

const CONFIG: &str = r#"{
  "account_id": "1", "project": {"id": "2"},
  "goals": [{"id": "20", "key": "done", "rules": null}]
}"#;

/// Longer than any test should take: where it counts, a test hangs.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// A core with one event queued.
fn core() -> Core {
    let core = Core::builder().config_json(CONFIG).async_transport(RecordingTransport::new()).build().unwrap();
    assert!(core.create_context("v").unwrap().track_conversion("done").is_queued());
    core
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn a_server_that_ends_by_itself_is_followed_by_the_last_delivery() {
    let report = block_on(Lifespan::new(core()).run(ready("out of order"), || unreachable!()));
    assert_eq!((report.output, report.flush.delivered), (Some("out of order"), 1));
}

#[test]
fn a_server_that_does_not_stop_is_dropped_at_the_deadline() {
    let lifespan = Lifespan::new(core()).shutdown_signal(async {}).drain_deadline(Duration::ZERO);
    let mut told = false;
    let report = block_on(lifespan.run(pending::<()>(), || told = true));
    assert!(told && report.output.is_none());
    assert_eq!(report.to_string(), "dropped at the drain deadline; last events: 1 delivered, 0 dropped, 0 pending");
}

#[test]
fn one_that_is_dropped_in_the_middle_has_its_events_sent() {
    let core = core();
    let (sender, released) = mpsc::channel();
    let _subscription = core.on(move |event| {
        if let Event::QueueReleased { .. } = event {
            let _ = sender.send(());
        }
    });
    block_on(async {
        let mut run = pin!(Lifespan::new(&core).shutdown_signal(pending()).run(pending::<()>(), || ()));
        assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    });
    released.recv_timeout(FOR_EVER).unwrap();
    assert_eq!(core.stats().delivered.total(), 1);
}

#[test]
fn one_that_never_ran_leaves_the_queue_alone() {
    let core = core();
    drop(Lifespan::new(&core));
    assert_eq!(core.stats().requests, 0);
    assert_eq!(core.close(FOR_EVER).delivered, 1);
}
