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

    fn enter(&mut self, key: Option<u64>, waker: &Waker) -> u64 {
        let key = key.unwrap_or_else(|| {
            self.next_key += 1;
            self.next_key
        });
        self.wakers.entry(key).or_insert_with(|| waker.clone()).clone_from(waker);
        key
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
        let mut waiters = lock(self.waiters);
        if (self.is_there)() {
            return Poll::Ready(());
        }
        let key = waiters.enter(self.key, cx.waker());
        drop(waiters);
        self.key = Some(key);
        Poll::Pending
    }
}

impl<F> Drop for Wait<'_, F> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            // Dropped outside of the lock: a waker runs code of the executor's.
            let waker = lock(self.waiters).wakers.remove(&key);
            drop(waker);
        }
    }
}
