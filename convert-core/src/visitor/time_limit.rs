//! The time that calls of an offloaded store may take, kept by a thread of its own: those of the store may all hang.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::time::Duration;

use crate::clock::Clock;
use crate::completion::{Completer, Signal, lock};

use super::store::StoreError;

/// Who waits for the answer of a call, until it is there or the time is up.
pub(super) struct Pending<T>(Mutex<Option<Completer<Result<T, StoreError>>>>);

impl<T> Pending<T> {
    pub(super) fn new(done: Completer<Result<T, StoreError>>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some(done))))
    }

    pub(super) fn is_awaited(&self) -> bool {
        lock(&self.0).as_ref().is_some_and(Completer::is_awaited)
    }

    pub(super) fn answer(&self, answer: Result<T, StoreError>) {
        self.end(|done| done.complete(answer));
    }

    /// No answer will come.
    pub(super) fn give_up(&self) {
        self.end(drop);
    }

    fn end(&self, with: impl FnOnce(Completer<Result<T, StoreError>>)) {
        let done = lock(&self.0).take();
        // Not under the lock: it wakes.
        if let Some(done) = done {
            with(done);
        }
    }
}

/// A call of any kind, as far as its time goes.
pub(super) trait Limited: Send + Sync {
    fn is_awaited(&self) -> bool;
    fn time_out(&self);
}

impl<T: Send> Limited for Pending<T> {
    fn is_awaited(&self) -> bool {
        self.is_awaited()
    }

    fn time_out(&self) {
        self.answer(Err(StoreError::new("the store did not answer in time")));
    }
}

/// The calls under way, in order of their deadlines: each is given the same time.
pub(super) struct TimeLimit {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    signal: Arc<Signal>,
}

#[derive(Default)]
struct State {
    calls: VecDeque<(Duration, Arc<dyn Limited>)>,
    /// Whether the thread has a deadline to wake at: it need not be woken for a later one.
    waits_for_deadline: bool,
    ended: bool,
}

impl TimeLimit {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { clock, state: Mutex::default(), signal: Arc::default() })
    }

    /// Gives a call so much time from now.
    pub(super) fn begin(&self, time: Duration, call: Arc<dyn Limited>) {
        let deadline = self.clock.now().saturating_add(time);
        let is_idle = {
            let mut state = lock(&self.state);
            // Those that have ended; what is left in between goes at its deadline.
            while state.calls.front().is_some_and(|(_, call)| !call.is_awaited()) {
                state.calls.pop_front();
            }
            state.calls.push_back((deadline, call));
            !std::mem::replace(&mut state.waits_for_deadline, true)
        };
        if is_idle {
            self.signal.wake_by_ref();
        }
    }

    /// What the thread does, until [`end`](Self::end).
    pub(super) fn keep(&self) {
        let waker = Waker::from(Arc::clone(&self.signal));
        loop {
            self.clock.on_advance(&waker);
            let now = self.clock.now();
            let (late, next) = {
                let mut state = lock(&self.state);
                if state.ended {
                    return;
                }
                let count = state.calls.partition_point(|(deadline, _)| *deadline <= now);
                let late: Vec<_> = state.calls.drain(..count).collect();
                let next = state.calls.front().map(|(deadline, _)| *deadline);
                state.waits_for_deadline = next.is_some();
                (late, next)
            };
            for (_, call) in late {
                call.time_out();
            }
            self.signal.wait(next.and_then(|deadline| self.clock.real_time_until(deadline)));
        }
    }

    /// Ends the thread: nobody awaits a call any more.
    pub(super) fn end(&self) {
        lock(&self.state).ended = true;
        self.signal.wake_by_ref();
    }
}
