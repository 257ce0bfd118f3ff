use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::bench::{Bench, config, event, poll_once, seconds};
use crate::events::EventBus;
use crate::testing::{Answer, ManualClock};
use crate::tracking::Delivery;
use crate::transport::{Request, RequestKind, Response, Transport, TransportError, TransportErrorKind};
use crate::worker::Blocking;

fn get(kind: RequestKind, url: &str) -> Request {
    Request::get(kind, url, seconds(10), 1_000)
}

#[test]
fn fetches_and_delivery_wait_for_none_of_the_others() {
    let mut bench = Bench::new();
    bench.transport.otherwise(RequestKind::Tracking, Answer::Hang);
    bench.transport.otherwise(RequestKind::Preview, Answer::Hang);
    bench.transport.otherwise(RequestKind::Config, Answer::body("{}"));
    bench.track(0..10);
    let background = bench.delivery.background();
    let mut preview = background.fetch(get(RequestKind::Preview, "https://h/p"));
    let mut fetched = background.fetch(get(RequestKind::Config, "https://h/c"));
    bench.turn();
    assert_eq!(poll_once(&mut fetched).flatten().unwrap().unwrap().body_bytes(), b"{}");
    assert!(poll_once(&mut preview).is_none());
    bench.advance(seconds(10));
    let error = poll_once(&mut preview).flatten().unwrap().unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::Timeout);
}

#[test]
fn requests_of_one_kind_follow_each_other_and_unwanted_ones_are_skipped() {
    let mut bench = Bench::new();
    bench.transport.otherwise(RequestKind::Config, Answer::Hang);
    let background = bench.delivery.background();
    let mut first = background.fetch(get(RequestKind::Config, "https://h/1"));
    drop(background.fetch(get(RequestKind::Config, "https://h/2")));
    let mut third = background.fetch(get(RequestKind::Config, "https://h/3"));
    bench.turn();
    bench.transport.release(RequestKind::Config, &Answer::status(200));
    bench.turn();
    assert!(poll_once(&mut first).flatten().unwrap().is_ok());
    bench.transport.release(RequestKind::Config, &Answer::status(200));
    bench.turn();
    assert!(poll_once(&mut third).flatten().unwrap().is_ok());
    let requests = bench.transport.requests(RequestKind::Config);
    assert_eq!(requests.iter().map(Request::url).collect::<Vec<_>>(), ["https://h/1", "https://h/3"]);
}

#[test]
fn close_ends_fetches_and_refuses_new_ones() {
    let mut bench = Bench::new();
    bench.transport.otherwise(RequestKind::Config, Answer::Hang);
    let mut under_way = bench.delivery.background().fetch(get(RequestKind::Config, "https://h/1"));
    bench.turn();
    drop(bench.delivery.start_close(seconds(5)));
    assert!(bench.turn());
    assert!(poll_once(&mut under_way).unwrap().is_none());
    let mut later = bench.delivery.background().fetch(get(RequestKind::Config, "https://h/2"));
    assert!(poll_once(&mut later).unwrap().is_none());
}

#[test]
fn a_task_sleeps_on_the_injected_clock() {
    let mut bench = Bench::new();
    let background = bench.delivery.background();
    let rung = Arc::new(AtomicBool::new(false));
    let task = {
        let (background, rung) = (background.clone(), Arc::clone(&rung));
        async move {
            background.sleep_until(seconds(60)).await;
            rung.store(true, Ordering::SeqCst);
        }
    };
    assert!(background.spawn(Box::pin(task)));
    bench.turn();
    assert_eq!(bench.next_look(), Some(seconds(60)));
    bench.advance(seconds(60) - Duration::from_nanos(1));
    assert!(!rung.load(Ordering::SeqCst));
    bench.advance(Duration::from_nanos(1));
    assert!(rung.load(Ordering::SeqCst));
    drop(bench.delivery.start_close(seconds(1)));
    bench.turn();
    assert!(!background.spawn(Box::pin(async {})));
}

#[test]
fn a_task_that_panics_disturbs_nothing() {
    let mut bench = Bench::new();
    assert!(bench.delivery.background().spawn(Box::pin(async { panic!("task") })));
    bench.track(0..10);
    assert_eq!(bench.stats().delivered.total(), 10);
}

/// Blocks tracking requests until opened.
#[derive(Clone, Default)]
struct Gate {
    state: Arc<(Mutex<GateState>, Condvar)>,
}

#[derive(Default)]
struct GateState {
    open: bool,
    entered: usize,
}

impl Gate {
    fn open(&self) {
        self.state.0.lock().unwrap().open = true;
        self.state.1.notify_all();
    }

    fn wait_entered(&self, n: usize) {
        let state = self.state.0.lock().unwrap();
        drop(self.state.1.wait_while(state, |state| state.entered < n).unwrap());
    }
}

impl Transport for Gate {
    fn send(&self, request: &Request) -> Result<Response, TransportError> {
        if request.kind() == RequestKind::Tracking {
            let mut state = self.state.0.lock().unwrap();
            state.entered += 1;
            self.state.1.notify_all();
            drop(self.state.1.wait_while(state, |state| !state.open).unwrap());
        }
        Ok(Response::new(200))
    }
}

#[test]
fn a_blocking_transport_blocks_only_its_own_kind() {
    let (gate, clock) = (Gate::default(), ManualClock::new());
    let delivery = Delivery::new(config(Blocking::new(gate.clone()), clock.clone()), EventBus::new());
    delivery.set_project("100", "200").unwrap();
    (0..10).for_each(|n| delivery.track(event(n)));
    gate.wait_entered(1);
    let fetched = delivery.background().fetch(get(RequestKind::Config, "https://h/c"));
    let crate::completion::Waited::Done(Ok(response)) = fetched.wait(&clock, Duration::MAX) else {
        panic!("no answer")
    };
    assert_eq!(response.status(), 200);

    // The request's time is up, but its thread still blocks: the next attempts are surely not sent.
    clock.advance(seconds(10));
    let error = loop {
        // The worker may not have seen the time yet.
        match delivery.flush(seconds(60)) {
            Err(error) if error.to_string().contains("no room") => break error,
            other => assert!(other.is_err(), "{other:?}"),
        }
    };
    assert!(error.to_string().contains("not sent"), "{error}");
    assert_eq!(delivery.stats().ambiguous.total(), 10);
    gate.open();
    let delivered = loop {
        if let Ok(report) = delivery.flush(seconds(60)) {
            break report.delivered;
        }
    };
    assert_eq!(delivered, 10);
    delivery.close(seconds(60));
}

#[test]
fn a_blocking_transport_that_panics_keeps_its_thread() {
    struct Panics;
    impl Transport for Panics {
        fn send(&self, request: &Request) -> Result<Response, TransportError> {
            assert_ne!(request.url(), "https://h/panic");
            Ok(Response::new(200))
        }
    }
    let clock = ManualClock::new();
    let delivery = Delivery::new(config(Blocking::new(Panics), clock.clone()), EventBus::new());
    let fetch = |url| match delivery.background().fetch(get(RequestKind::Config, url)).wait(&clock, Duration::MAX) {
        crate::completion::Waited::Done(answer) => answer,
        other => panic!("{other:?}"),
    };
    assert!(fetch("https://h/panic").is_err());
    assert_eq!(fetch("https://h/fine").unwrap().status(), 200);
}
