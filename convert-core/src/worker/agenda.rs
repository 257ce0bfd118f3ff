//! When the worker must look again.

use std::sync::Mutex;
use std::time::Duration;

use crate::completion::lock;

/// The earliest deadline of everything the worker waits for, gathered anew at each poll.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    next: Mutex<Option<Duration>>,
}

impl Agenda {
    pub(crate) fn note(&self, deadline: Duration) {
        let mut next = lock(&self.next);
        *next = Some(next.map_or(deadline, |next| next.min(deadline)));
    }

    pub(super) fn clear(&self) {
        *lock(&self.next) = None;
    }

    pub(super) fn next(&self) -> Option<Duration> {
        *lock(&self.next)
    }
}
