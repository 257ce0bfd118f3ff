//! The queue and its wake-up on a small model: every interleaving of a few threads, with at most three preemptions.
//! `cargo xtask model` runs it.

use std::sync::Arc;
use std::task::{Wake, Waker};

use loom::sync::{Condvar, Mutex};
use loom::thread;

use crate::tracking::{DropReason, EventType, Fate, Limits, Pushed, Queue, Stats, Ticket};
use crate::worker::notify::Notify;

fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

/// Where the worker sleeps.
#[derive(Default)]
struct Sleep {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Wake for Sleep {
    fn wake(self: Arc<Self>) {
        *self.woken.lock().unwrap() = true;
        self.changed.notify_one();
    }
}

impl Sleep {
    fn sleep(&self) {
        let mut woken = self.woken.lock().unwrap();
        while !*woken {
            woken = self.changed.wait(woken).unwrap();
        }
        *woken = false;
    }
}

struct Model {
    queue: Queue<u32>,
    notify: Notify,
    /// What a close asks of the worker.
    closing: Mutex<Option<Ticket>>,
}

impl Model {
    fn new(events: usize, wake_at: usize) -> Arc<Self> {
        let limits = Limits { events, bytes: 1_000 };
        Arc::new(Self { queue: Queue::new(limits, wake_at), notify: Notify::default(), closing: Mutex::new(None) })
    }

    /// As a caller tracks.
    fn push(&self, event: u32) {
        let kind = if event % 2 == 0 { EventType::Bucketing } else { EventType::Conversion };
        if self.queue.push(event, kind, 1, None) == Pushed::Wake {
            self.notify.notify();
        }
    }

    fn pushes(self: &Arc<Self>, events: std::ops::Range<u32>) -> thread::JoinHandle<()> {
        let model = Arc::clone(self);
        thread::spawn(move || events.for_each(|event| model.push(event)))
    }

    /// Sends what there is; how many events.
    fn send(&self, fate: Fate) -> usize {
        let mut batch = Vec::new();
        self.queue.take(500, 1_000, &mut batch);
        let events = batch.len();
        self.queue.settle(&mut batch, fate, false);
        events
    }

    /// As the worker does: listens first, then looks, and before it sleeps asks to be woken. Ends after so many events.
    fn work(&self, batch: usize, events: usize) {
        let sleep = Arc::new(Sleep::default());
        let waker = Waker::from(Arc::clone(&sleep));
        let mut sent = 0;
        loop {
            self.notify.listen(&waker);
            loop {
                if self.queue.view().queued >= batch {
                    sent += self.send(Fate::Delivered);
                } else if self.queue.arm(batch) {
                    break;
                }
            }
            if sent == events {
                return;
            }
            sleep.sleep();
        }
    }

    /// The counters, which add up at any time.
    fn stats(&self) -> Stats {
        let stats = self.queue.stats();
        let settled = stats.delivered.total() + stats.pending.total() + stats.dropped.total();
        assert_eq!(stats.accepted.total(), settled, "{stats:?}");
        stats
    }
}

/// A wake-up that were lost would leave the worker asleep for ever, which the checker reports.
#[test]
fn model_a_full_batch_wakes_the_worker() {
    check(|| {
        let model = Model::new(100, 2);
        let pushing = [model.pushes(0..1), model.pushes(1..2)];
        model.work(2, 2);
        pushing.into_iter().for_each(|pushing| pushing.join().unwrap());
        assert_eq!(model.stats().delivered.total(), 2);
    });
}

#[test]
fn model_an_event_during_a_request_wakes_the_worker_again() {
    check(|| {
        let model = Model::new(100, 1);
        let pushing = [model.pushes(0..2), model.pushes(2..3)];
        model.work(1, 3);
        pushing.into_iter().for_each(|pushing| pushing.join().unwrap());
        assert_eq!((model.stats().delivered.total(), model.stats().pending.total()), (3, 0));
    });
}

#[test]
fn model_a_full_queue_counts_what_goes() {
    check(|| {
        let model = Model::new(2, 1);
        let pushing = [model.pushes(0..2), model.pushes(2..3)];
        // A request that fails, and one that does not; nothing in flight is dropped.
        model.send(Fate::Return);
        model.stats();
        let delivered = model.send(Fate::Delivered) as u64;
        assert_eq!(model.stats().delivered.total(), delivered);
        pushing.into_iter().for_each(|pushing| pushing.join().unwrap());
        let stats = model.stats();
        assert_eq!(
            (stats.accepted.total(), stats.dropped.total()),
            (3, stats.dropped.by(DropReason::QueueFull).total())
        );
    });
}

#[test]
fn model_a_close_delivers_what_came_before_it_and_counts_the_rest() {
    check(|| {
        let model = Model::new(100, 100);
        let pushing = model.pushes(0..2);
        let worker = {
            let model = Arc::clone(&model);
            thread::spawn(move || {
                let sleep = Arc::new(Sleep::default());
                let waker = Waker::from(Arc::clone(&sleep));
                loop {
                    model.notify.listen(&waker);
                    if let Some(ticket) = model.closing.lock().unwrap().take() {
                        model.send(Fate::Delivered);
                        return model.queue.end_claim(ticket).unwrap();
                    }
                    sleep.sleep();
                }
            })
        };
        model.push(2);
        model.queue.close();
        let ticket = model.queue.claim().unwrap();
        *model.closing.lock().unwrap() = Some(ticket);
        model.notify.notify();
        let report = worker.join().unwrap();
        pushing.join().unwrap();
        let stats = model.stats();
        assert_eq!((report.pending, report.dropped, report.delivered), (0, 0, stats.delivered.total()));
        assert_eq!((stats.pending.total(), stats.dropped.by(DropReason::Closed).total()), (0, 3 - report.delivered));
    });
}

/// The last handle is dropped, or a close gives up, while a request is under way.
#[test]
fn model_what_is_given_up_in_flight_is_counted_once() {
    for fate in [Fate::Delivered, Fate::Return, Fate::Drop(DropReason::Rejected)] {
        check(move || {
            let model = Model::new(100, 1);
            model.push(0);
            let pushing = model.pushes(1..2);
            let sending = {
                let model = Arc::clone(&model);
                thread::spawn(move || model.send(fate))
            };
            model.queue.abandon();
            model.stats();
            pushing.join().unwrap();
            sending.join().unwrap();
            let stats = model.stats();
            assert_eq!((stats.accepted.total(), stats.pending.total()), (2, 0), "{stats:?}");
        });
    }
}

/// The caller, at its deadline, and the worker: one of them has the report.
#[test]
fn model_a_flush_is_reported_by_one_side() {
    check(|| {
        let model = Model::new(100, 1);
        model.push(0);
        let ticket = model.queue.claim().unwrap();
        let worker = {
            let model = Arc::clone(&model);
            thread::spawn(move || {
                model.send(Fate::Delivered);
                model.queue.end_claim(ticket)
            })
        };
        let here = model.queue.end_claim(ticket);
        let there = worker.join().unwrap();
        assert!(here.is_some() != there.is_some(), "{here:?} {there:?}");
        let report = here.or(there).unwrap();
        assert_eq!((report.delivered + report.pending, report.dropped), (1, 0));
    });
}
