//! Waiting: one signal for every blocking wait, and a one-shot result that can be polled or waited for.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use crate::clock::Clock;

/// Locks `mutex`; a panic elsewhere while it was held does not matter to states that are whole between statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A waker that a thread can wait on.
///
/// Not `thread::park`: code of the app that runs between two waits may park too, and would take the wake-up.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    raised: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    /// Waits until the signal is raised, or for `at_most` of real time, and lowers it.
    pub(crate) fn wait(&self, at_most: Option<Duration>) {
        let mut raised = lock(&self.raised);
        match at_most {
            None => {
                while !*raised {
                    raised = self.changed.wait(raised).unwrap_or_else(PoisonError::into_inner);
                }
            }
            Some(limit) if !*raised => {
                // An early wake-up is harmless: every caller looks again in a loop.
                raised = self.changed.wait_timeout(raised, limit).unwrap_or_else(PoisonError::into_inner).0;
            }
            Some(_) => {}
        }
        *raised = false;
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        *lock(&self.raised) = true;
        self.changed.notify_one();
    }
}

/// Blocks the calling thread until `poll` is ready or the clock reaches `deadline`; `None` is the latter.
pub(crate) fn block_until<T>(
    clock: &dyn Clock,
    deadline: Duration,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Option<T> {
    let signal = Arc::new(Signal::default());
    let waker = Waker::from(Arc::clone(&signal));
    let mut cx = Context::from_waker(&waker);
    loop {
        clock.on_advance(&waker);
        if let Poll::Ready(value) = poll(&mut cx) {
            return Some(value);
        }
        if clock.now() >= deadline {
            return None;
        }
        signal.wait(clock.real_time_until(deadline));
    }
}

#[derive(Debug)]
enum State<T> {
    Waiting(Option<Waker>),
    Done(T),
    Gone,
}

/// A pair: the one who will know a result, and the one who waits for it.
pub(crate) fn completion<T>() -> (Completer<T>, Completion<T>) {
    let state = Arc::new(Mutex::new(State::Waiting(None)));
    (Completer { state: Arc::clone(&state) }, Completion { state })
}

/// Gives the result. Dropped without one, it tells the other side that none will come.
#[derive(Debug)]
pub(crate) struct Completer<T> {
    state: Arc<Mutex<State<T>>>,
}

impl<T> Completer<T> {
    pub(crate) fn complete(self, value: T) {
        self.set(State::Done(value));
    }

    /// Whether anybody still waits for the result.
    pub(crate) fn is_awaited(&self) -> bool {
        Arc::strong_count(&self.state) > 1
    }

    fn set(&self, new: State<T>) {
        let mut state = lock(&self.state);
        if let State::Waiting(waker) = &mut *state {
            let waker = waker.take();
            *state = new;
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

impl<T> Drop for Completer<T> {
    fn drop(&mut self) {
        self.set(State::Gone);
    }
}

/// Waits for the result: a future, `None` when none will come, and [`wait`](Self::wait) for threads.
#[derive(Debug)]
pub(crate) struct Completion<T> {
    state: Arc<Mutex<State<T>>>,
}

/// How a blocking wait ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Waited<T> {
    Done(T),
    /// No result will come.
    Gone,
    TimedOut,
}

impl<T> Completion<T> {
    /// Blocks until there is a result or the clock reaches `deadline`. A result that is there at the deadline counts.
    pub(crate) fn wait(mut self, clock: &dyn Clock, deadline: Duration) -> Waited<T> {
        match block_until(clock, deadline, |cx| Pin::new(&mut self).poll(cx)) {
            Some(Some(value)) => Waited::Done(value),
            Some(None) => Waited::Gone,
            None => Waited::TimedOut,
        }
    }
}

impl<T> Future for Completion<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = lock(&self.state);
        match std::mem::replace(&mut *state, State::Gone) {
            State::Done(value) => Poll::Ready(Some(value)),
            State::Gone => Poll::Ready(None),
            State::Waiting(_) => {
                *state = State::Waiting(Some(cx.waker().clone()));
                Poll::Pending
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::clock::SystemClock;
    use crate::testing::ManualClock;

    #[test]
    fn a_result_reaches_a_waiting_thread() {
        let (completer, completion) = completion();
        let clock = ManualClock::new();
        let waiter = thread::spawn({
            let clock = clock.clone();
            move || completion.wait(&clock, Duration::MAX)
        });
        completer.complete(7);
        assert_eq!(waiter.join().unwrap(), Waited::Done(7));
    }

    #[test]
    fn a_wait_ends_at_its_deadline_on_the_injected_clock() {
        let (completer, completion) = completion::<()>();
        let clock = ManualClock::new();
        let waiter = thread::spawn({
            let clock = clock.clone();
            move || (completion.wait(&clock, Duration::from_secs(3600)), clock.now())
        });
        // Each advance wakes the waiter, wherever it is between looking and waiting.
        clock.advance(Duration::from_secs(3599));
        assert!(!waiter.is_finished());
        clock.advance(Duration::from_secs(1));
        assert_eq!(waiter.join().unwrap(), (Waited::TimedOut, Duration::from_secs(3600)));
        drop(completer);
    }

    #[test]
    fn a_result_that_is_there_at_the_deadline_counts() {
        let (completer, completion) = completion();
        completer.complete("late but there");
        assert_eq!(completion.wait(&ManualClock::new(), Duration::ZERO), Waited::Done("late but there"));
    }

    #[test]
    fn a_dropped_completer_ends_the_wait() {
        let (completer, completion) = completion::<()>();
        drop(completer);
        assert_eq!(completion.wait(&SystemClock::new(), Duration::MAX), Waited::Gone);
    }

    #[test]
    fn the_real_clock_ends_a_wait_too() {
        let (completer, completion) = completion::<()>();
        assert_eq!(completion.wait(&SystemClock::new(), Duration::from_millis(1)), Waited::TimedOut);
        drop(completer);
    }
}
