//! Who waits for the first config.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use crate::completion::lock;

/// The wakers of those who wait, each under a key of its own, so that who stops waiting takes its waker along.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    next_key: u64,
    wakers: BTreeMap<u64, Waker>,
}

impl Waiters {
    /// Takes all of them out, to be woken.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Waker> + use<> {
        std::mem::take(&mut self.wakers).into_values()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.wakers.len()
    }

    /// Puts a waker in; answers with its key, and the waker that was there before.
    fn enter(&mut self, key: Option<u64>, waker: Waker) -> (u64, Option<Waker>) {
        let key = key.unwrap_or_else(|| {
            self.next_key += 1;
            self.next_key
        });
        (key, self.wakers.insert(key, waker))
    }
}

/// Waits until something is there; ready once `is_there` says so, which is asked under the lock.
pub(super) struct Wait<'a, F> {
    waiters: &'a Mutex<Waiters>,
    is_there: F,
    key: Option<u64>,
}

impl<'a, F: Fn() -> bool + Unpin> Wait<'a, F> {
    pub(super) fn new(waiters: &'a Mutex<Waiters>, is_there: F) -> Self {
        Self { waiters, is_there, key: None }
    }
}

impl<F: Fn() -> bool + Unpin> Future for Wait<'_, F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Wakers are cloned and dropped outside of the lock: they run code of the executor's.
        let waker = cx.waker().clone();
        let mut waiters = lock(self.waiters);
        if (self.is_there)() {
            return Poll::Ready(());
        }
        let (key, before) = waiters.enter(self.key, waker);
        drop(waiters);
        drop(before);
        self.key = Some(key);
        Poll::Pending
    }
}

impl<F> Drop for Wait<'_, F> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let waker = lock(self.waiters).wakers.remove(&key);
            drop(waker);
        }
    }
}
