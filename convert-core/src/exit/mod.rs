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
    let known = std::mem::take(&mut *registered);
    let (kept, closed): (Vec<_>, Vec<_>) = known.into_iter().partition(|known| !known.core.delivery.is_closed());
    *registered = kept;
    match registered.iter_mut().find(|known| Arc::ptr_eq(&known.core, core)) {
        Some(known) => known.timeout = timeout,
        None => registered.push(Registered { core: Arc::clone(core), timeout }),
    }
    drop(registered);
    // Not under the lock: what a core holds of the app's is dropped with it.
    drop(closed);
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
    // For good: a core that is dropped now would warn once more, and the process is at its end.
    let registered: &'static [Registered] = std::mem::take(&mut *lock(&REGISTERED)).leak();
    let works = |known: &&Registered| {
        known.core.delivery.works_in_this_process() && known.core.delivery.stats().pending.total() > 0
    };
    let here: Vec<_> = registered.iter().filter(works).collect();
    let Some(longest) = here.iter().map(|known| known.timeout).max() else { return };
    // The thread that exits may be the SDK's own, in a handler: nothing can be waited for then.
    let waits = !is_inside();
    let (done, ended) = completion();
    let thread = thread::Builder::new().name("convert-sdk-exit".to_owned());
    let started = thread.spawn(move || {
        flush(&here, waits);
        done.complete(());
    });
    if started.is_ok() {
        // The flushes end by their own deadlines. A logger may not: the thread that exits may hold the lock it needs.
        ended.wait(&SystemClock::new(), longest.saturating_add(TELLING));
    }
}

/// How long it may take to say what is left.
const TELLING: Duration = Duration::from_secs(1);

/// Side by side, each for as long as it was given, in real time: the process must not hang on a clock that a test moves.
fn flush(registered: &[&Registered], waits: bool) {
    let clock = SystemClock::new();
    let start = |known: &&Registered| known.core.delivery.start_flush(ReleaseReason::Exit, known.timeout);
    let flushes: Vec<_> = registered.iter().map(start).collect();
    for (mut flush, known) in flushes.into_iter().zip(registered) {
        if waits {
            let _ = block_until(&clock, known.timeout, |cx| Pin::new(&mut flush).poll(cx));
        }
        let pending = known.core.delivery.stats().pending.total();
        if pending > 0 {
            tracing::warn!(target: "convert", "the process exits with {pending} undelivered tracking events");
        }
    }
}
