//! Whether a config is being saved, for who is about to end the process.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::clock::Clock;
use crate::completion::{Completer, Completion, completion, lock};
use crate::worker::is_inside;

/// The writes under way, and who waits for them.
#[derive(Debug, Default)]
pub(super) struct Saving {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    under_way: usize,
    waiting: Vec<Completer<()>>,
}

/// A write under way, until this is dropped.
#[derive(Debug)]
pub(super) struct UnderWay {
    saving: Arc<Saving>,
}

impl Saving {
    pub(super) fn begin(self: &Arc<Self>) -> UnderWay {
        lock(&self.state).under_way += 1;
        UnderWay { saving: Arc::clone(self) }
    }

    /// Blocks until no write is under way, or the clock reaches `deadline`. The SDK's own thread begins the writes, and does
    /// not wait for them.
    pub(super) fn wait(&self, clock: &dyn Clock, deadline: Duration) {
        if let Some(end) = self.end().filter(|_| !is_inside()) {
            end.wait(clock, deadline);
        }
    }

    /// The same without blocking.
    #[cfg(feature = "async")]
    pub(super) async fn ended(&self, clock: &Arc<dyn Clock>, deadline: Duration) {
        if let Some(end) = self.end() {
            crate::deadline::until(clock, deadline, end).await;
        }
    }

    /// The end of the writes under way; `None` where there is none.
    fn end(&self) -> Option<Completion<()>> {
        let mut state = lock(&self.state);
        (state.under_way > 0).then(|| {
            let (done, end) = completion();
            state.waiting.push(done);
            end
        })
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let ended = {
            let mut state = lock(&self.saving.state);
            state.under_way -= 1;
            if state.under_way == 0 { std::mem::take(&mut state.waiting) } else { Vec::new() }
        };
        // Not under the lock: it wakes.
        drop(ended);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;
    use crate::testing::ManualClock;

    const HOUR: Duration = Duration::from_secs(3600);

    /// How close waits: blocking, and not.
    fn waits() -> Vec<fn(&Saving, &ManualClock)> {
        vec![
            |saving, clock| saving.wait(clock, HOUR),
            #[cfg(feature = "async")]
            |saving, clock| {
                let clock: Arc<dyn Clock> = Arc::new(clock.clone());
                futures_executor::block_on(saving.ended(&clock, HOUR));
            },
        ]
    }

    #[test]
    fn a_close_waits_until_the_last_write_has_ended() {
        for wait in waits() {
            let (saving, clock) = (Arc::new(Saving::default()), ManualClock::new());
            wait(&saving, &clock);
            let (one, two) = (saving.begin(), saving.begin());
            let has_ended = Arc::new(AtomicBool::new(false));
            let waiter = thread::spawn({
                let (saving, has_ended) = (Arc::clone(&saving), Arc::clone(&has_ended));
                move || {
                    wait(&saving, &clock);
                    has_ended.load(Ordering::SeqCst)
                }
            });
            drop(one);
            has_ended.store(true, Ordering::SeqCst);
            drop(two);
            assert!(waiter.join().unwrap());
        }
    }

    #[test]
    fn a_write_that_hangs_is_waited_for_until_the_deadline() {
        for wait in waits() {
            let (saving, clock) = (Arc::new(Saving::default()), ManualClock::new());
            let _hangs = saving.begin();
            let waiter = thread::spawn({
                let (saving, clock) = (Arc::clone(&saving), clock.clone());
                move || {
                    wait(&saving, &clock);
                    clock.now()
                }
            });
            clock.advance(HOUR - Duration::from_secs(1));
            clock.advance(Duration::from_secs(1));
            assert_eq!(waiter.join().unwrap(), HOUR);
        }
    }
}
