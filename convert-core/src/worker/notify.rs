//! Waking the worker from other threads.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::task::Waker;

use crate::sync::{AtomicBool, Mutex, MutexGuard};

/// The worker's waker, woken at most once per round.
#[derive(Debug, Default)]
pub(super) struct Notify {
    notified: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Notify {
    /// Tells the worker that there is something to do. What there is must be in place before.
    pub(super) fn notify(&self) {
        if !self.notified.swap(true, Ordering::AcqRel) {
            let waker = self.waker().clone();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// Starts a round: whatever is put in place from now on wakes `waker`. To be called before looking for work.
    pub(super) fn listen(&self, waker: &Waker) {
        {
            let mut known = self.waker();
            if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
                *known = Some(waker.clone());
            }
        }
        self.notified.swap(false, Ordering::AcqRel);
    }

    fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
