//! A last flush when the process exits.

#[cfg(unix)]
mod at_exit;

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::clock::SystemClock;
use crate::completion::{block_until, completion, lock};
use crate::core::Shared;
use crate::tracking::ReleaseReason;
use crate::worker::is_inside;

/// A core is kept until the exit: dropped before, it could not be flushed then.
struct Registered {
    core: Arc<Shared>,
    timeout: Duration,
}

static REGISTERED: Mutex<Vec<Registered>> = Mutex::new(Vec::new());

/// Has the core flushed when the process exits; false where the system offers no way.
pub(crate) fn register(core: &Arc<Shared>, timeout: Duration) -> bool {
    if !hook() {
        return false;
    }
    let mut registered = lock(&REGISTERED);
    let (kept, closed) =
        std::mem::take(&mut *registered).into_iter().partition(|known| !known.core.delivery.is_closed());
    *registered = kept;
    match registered.iter_mut().find(|known| Arc::ptr_eq(&known.core, core)) {
        Some(known) => known.timeout = timeout,
        None => registered.push(Registered { core: Arc::clone(core), timeout }),
    }
    drop(registered);
    // Not under the lock: what a core holds of the app's is dropped with it.
    drop::<Vec<_>>(closed);
    true
}

#[cfg(unix)]
fn hook() -> bool {
    at_exit::hook()
}

#[cfg(not(unix))]
fn hook() -> bool {
    false
}

/// Flushes every registered core. Loggers need thread-local values, which are gone on the thread that exits: the work is
/// done on another.
fn flush_all() {
    let registered = std::mem::take(&mut *lock(&REGISTERED));
    let here: Vec<_> = registered.into_iter().filter(|known| known.core.delivery.works_in_this_process()).collect();
    if here.iter().all(|known| known.core.delivery.stats().pending.total() == 0) {
        return;
    }
    // The thread that exits may be the SDK's own, in a handler: nothing can be waited for then.
    let waits = !is_inside();
    let (done, ended) = completion();
    let thread = thread::Builder::new().name("convert-sdk-exit".to_owned());
    let started = thread.spawn(move || {
        flush(here, waits);
        done.complete(());
    });
    if started.is_ok() {
        // The flushes end by their own deadlines.
        ended.wait(&SystemClock::new(), Duration::MAX);
    }
}

/// Side by side, each for as long as it was given, in real time: the process must not hang on a clock that a test moves.
fn flush(registered: Vec<Registered>, waits: bool) {
    let clock = SystemClock::new();
    let start = |known: &Registered| known.core.delivery.start_flush(ReleaseReason::Exit, known.timeout);
    let flushes: Vec<_> = registered.iter().map(start).collect();
    for (mut flush, known) in flushes.into_iter().zip(registered) {
        if waits {
            let _ = block_until(&clock, known.timeout, |cx| Pin::new(&mut flush).poll(cx));
        }
        let pending = known.core.delivery.stats().pending.total();
        if pending > 0 {
            tracing::warn!(target: "convert", "the process exits with {pending} undelivered tracking events");
        }
        // Not dropped: that would warn again, and the process is at its end.
        std::mem::forget(known);
    }
}
