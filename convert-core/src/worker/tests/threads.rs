use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, Weak};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use super::bench::{assert_adds_up, config, event, seconds};
use crate::clock::Clock;
use crate::completion::lock;
use crate::events::{Event, EventBus};
use crate::testing::{Answer, ManualClock, RecordingTransport};
use crate::tracking::{Delivery, FlushError, FlushReport, ReleaseReason};
use crate::transport::RequestKind;

const TRACKING: RequestKind = RequestKind::Tracking;

fn delivery(transport: &RecordingTransport, clock: impl Clock) -> (Arc<Delivery>, Arc<EventBus>) {
    let bus = EventBus::new();
    let delivery = Delivery::new(config(transport.clone(), clock), Arc::clone(&bus));
    delivery.set_project("100", "200").unwrap();
    (Arc::new(delivery), bus)
}

#[test]
fn sixty_four_threads_track_while_close_runs() {
    let transport = RecordingTransport::new();
    let (delivery, _bus) = delivery(&transport, ManualClock::new());
    let threads: Vec<_> = (0..64)
        .map(|t| {
            let delivery = Arc::clone(&delivery);
            thread::spawn(move || (0..1_000).for_each(|n| delivery.track(event(t * 1_000 + n))))
        })
        .collect();
    // Somewhere in the middle.
    assert!(transport.wait_for(TRACKING, 3, seconds(60)));
    let report = delivery.close(seconds(60));
    assert_eq!((report.pending, report.dropped), (0, 0));
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let stats = delivery.stats();
    assert_adds_up(&stats);
    assert_eq!(stats.accepted.total(), 64_000);
    assert_eq!(stats.pending.total(), 0);
    assert_eq!(stats.delivered.total() + stats.dropped.closed.total(), 64_000);
    let mut sent: Vec<u64> = transport.bodies(TRACKING).iter().flat_map(|body| super::bench::numbers(body)).collect();
    let count = sent.len();
    sent.sort_unstable();
    sent.dedup();
    assert_eq!((sent.len(), count as u64), (count, stats.delivered.total()), "each once");
}

#[test]
fn a_blocking_flush_ends_exactly_at_its_deadline() {
    let (transport, clock) = (RecordingTransport::new(), ManualClock::new());
    transport.otherwise(TRACKING, Answer::Hang);
    let (delivery, _bus) = delivery(&transport, clock.clone());
    delivery.track(event(0));
    let waiter = {
        let (delivery, clock) = (Arc::clone(&delivery), clock.clone());
        thread::spawn(move || (delivery.flush(seconds(5)), clock.now()))
    };
    assert!(transport.wait_for(TRACKING, 1, seconds(60)));
    clock.advance(seconds(4));
    clock.advance(seconds(1));
    let (result, ended) = waiter.join().unwrap();
    let report = FlushReport { delivered: 0, dropped: 0, pending: 1 };
    assert_eq!((result, ended), (Err(FlushError::TimedOut { report }), seconds(5)));
}

#[test]
fn a_blocking_close_accounts_for_everything_even_while_a_handler_blocks() {
    let (transport, clock) = (RecordingTransport::new(), ManualClock::new());
    let (delivery, bus) = delivery(&transport, clock.clone());
    let (entered, has_entered) = channel();
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    bus.subscribe(Arc::new(move |_| {
        let _ = entered.send(());
        let _ = released.lock().unwrap().recv();
    }))
    .forever();
    (0..10).for_each(|n| delivery.track(event(n)));
    has_entered.recv().unwrap();
    (10..15).for_each(|n| delivery.track(event(n)));
    let closer = {
        let delivery = Arc::clone(&delivery);
        thread::spawn(move || delivery.close(seconds(5)))
    };
    // Before the call or after it, one of these passes its deadline.
    let report = loop {
        clock.advance(seconds(5));
        if closer.is_finished() {
            break closer.join().unwrap();
        }
        thread::yield_now();
    };
    assert_eq!(report, FlushReport { delivered: 0, dropped: 5, pending: 0 });
    let stats = delivery.stats();
    assert_adds_up(&stats);
    assert_eq!((stats.delivered.total(), stats.dropped.closed.total(), stats.pending.total()), (10, 5, 0));
    drop(release);
}

#[test]
fn in_a_handler_flush_and_close_start_the_work_and_do_not_wait() {
    let transport = RecordingTransport::new();
    let (delivery, bus) = delivery(&transport, ManualClock::new());
    let core = Arc::downgrade(&delivery);
    let (tell, told) = channel();
    let handler = move |event: &Event| {
        let (Event::QueueReleased { .. }, Some(core)) = (event, Weak::upgrade(&core)) else { return };
        core.track(super::bench::event(100));
        let flushed = core.flush(seconds(600));
        let closed = core.close(seconds(600));
        let _ = tell.send((flushed, closed));
    };
    bus.subscribe(Arc::new(handler)).forever();
    (0..10).for_each(|n| delivery.track(event(n)));
    let pending = FlushReport { delivered: 0, dropped: 0, pending: 1 };
    assert_eq!(told.recv().unwrap(), (Ok(pending), pending));
    // The close that the handler started goes on, and another one waits for it.
    assert_eq!(delivery.close(seconds(600)).pending, 0);
    assert_eq!(delivery.stats().delivered.total(), 11);
}

#[test]
fn the_last_handle_may_be_dropped_on_the_sdks_thread() {
    let transport = RecordingTransport::new();
    let (delivery, bus) = delivery(&transport, ManualClock::new());
    let shared = Arc::clone(delivery.shared());
    let held = Mutex::new(None);
    let held = Arc::new(held);
    let (tell, told) = channel();
    let handler = {
        let held = Arc::clone(&held);
        move |event: &Event| {
            if matches!(event, Event::QueueReleased { .. }) {
                let last: Option<Arc<Delivery>> = held.lock().unwrap().take();
                drop(last);
                let _ = tell.send(());
            }
        }
    };
    bus.subscribe(Arc::new(handler)).forever();
    transport.script(TRACKING, [Answer::Hang]);
    (0..15).for_each(|n| delivery.track(event(n)));
    assert!(transport.wait_for(TRACKING, 1, seconds(60)));
    *held.lock().unwrap() = Some(delivery);
    transport.release(TRACKING, &Answer::status(200));
    told.recv().unwrap();
    let stats = shared.queue.stats();
    assert_adds_up(&stats);
    assert_eq!(stats.pending.total(), 0);
}

#[test]
fn flushes_from_many_threads_all_end() {
    let transport = RecordingTransport::new();
    let (delivery, _bus) = delivery(&transport, ManualClock::new());
    let delivered = AtomicU64::new(0);
    thread::scope(|scope| {
        for t in 0..16 {
            let (delivery, delivered) = (&delivery, &delivered);
            scope.spawn(move || {
                for n in 0..50 {
                    delivery.track(event(t * 50 + n));
                    assert!(delivery.flush(seconds(60)).unwrap().is_complete());
                    delivered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(delivered.into_inner(), 800);
    assert_eq!(delivery.stats().delivered.total(), 800);
    delivery.close(seconds(60));
}

/// A clock moved by hand that tells when somebody is about to wait without end.
#[derive(Debug)]
struct Telling {
    clock: ManualClock,
    endless: Sender<()>,
}

impl Clock for Telling {
    fn now(&self) -> Duration {
        self.clock.now()
    }

    fn real_time_until(&self, deadline: Duration) -> Option<Duration> {
        if deadline == Duration::MAX {
            let _ = self.endless.send(());
        }
        self.clock.real_time_until(deadline)
    }

    fn on_advance(&self, waker: &Waker) {
        self.clock.on_advance(waker);
    }
}

/// Caller and SDK's thread have both seen the deadline. The thread was the first to end the claim, and has the report.
#[test]
fn a_flush_that_ends_on_both_sides_at_once_is_reported_as_it_was() {
    let (endless, waits) = channel();
    let clock = ManualClock::new();
    let (delivery, _bus) = delivery(&RecordingTransport::new(), Telling { clock: clock.clone(), endless });
    let shared = Arc::clone(delivery.shared());
    // Never polled: the test does what it would do.
    let _worker = shared.worker_by_hand();
    delivery.track(event(0));
    let end = || {
        let flush = lock(&shared.commands).flushes.pop().unwrap();
        (shared.queue.end_claim(flush.ticket).unwrap(), flush.done)
    };

    let flushing = delivery.start_flush(ReleaseReason::Explicit, seconds(1));
    let (report, done) = end();
    clock.advance(seconds(1));
    let waiter = thread::spawn(move || flushing.wait());
    waits.recv_timeout(seconds(60)).unwrap();
    done.complete(Err(FlushError::TimedOut { report }));
    assert_eq!(waiter.join().unwrap(), Err(FlushError::TimedOut { report }));
    assert_eq!(report.pending, 1);

    let closing = delivery.start_close(seconds(1));
    let (_, done) = end();
    clock.advance(seconds(1));
    let waiter = thread::spawn(move || closing.wait());
    waits.recv_timeout(seconds(60)).unwrap();
    let report = FlushReport { delivered: 0, dropped: 1, pending: 0 };
    done.complete(Ok(report));
    assert_eq!(waiter.join().unwrap(), report);
}
