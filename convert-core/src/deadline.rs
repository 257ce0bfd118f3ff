//! A deadline that holds whatever the SDK's thread is busy with.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crate::clock::Clock;
use crate::completion::{Completer, Completion, completion};
use crate::off_thread::off_thread;

/// Waits for `future` until the clock reaches `deadline`; `None` is the latter. A result that is there at the deadline counts.
///
/// The SDK's thread may be held up in a handler of the app's, so a thread of its own keeps the time, from when there is
/// something to wait for until the wait ends. Where none can be started, only the future's own end is left.
pub(crate) async fn until<F: Future + Unpin>(
    clock: &Arc<dyn Clock>,
    deadline: Duration,
    mut future: F,
) -> Option<F::Output> {
    let mut alarm = None;
    poll_fn(|cx| {
        if let Poll::Ready(value) = Pin::new(&mut future).poll(cx) {
            return Poll::Ready(Some(value));
        }
        match alarm.get_or_insert_with(|| Alarm::set(Arc::clone(clock), deadline)) {
            Ok(Alarm { rung, .. }) => Pin::new(rung).poll(cx).map(|_| None),
            Err(_) => Poll::Pending,
        }
    })
    .await
}

/// Rings at a deadline. Its thread ends with it.
struct Alarm {
    rung: Completion<()>,
    _listening: Completer<()>,
}

impl Alarm {
    fn set(clock: Arc<dyn Clock>, deadline: Duration) -> io::Result<Self> {
        let (listening, given_up) = completion::<()>();
        let rung = off_thread(move || {
            given_up.wait(clock.as_ref(), deadline);
        })?;
        Ok(Self { rung, _listening: listening })
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use futures_executor::block_on;

    use super::*;
    use crate::testing::ManualClock;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn what_is_there_needs_no_clock() {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new());
        assert_eq!(block_on(until(&clock, Duration::ZERO, std::future::ready(7))), Some(7));
        assert_eq!(Arc::strong_count(&clock), 1, "no thread was started");
    }

    #[test]
    fn the_deadline_ends_the_wait() {
        let clock = ManualClock::new();
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        clock.advance(HOUR);
        assert_eq!(block_on(until(&shared, HOUR, std::future::pending::<()>())), None);
    }

    #[test]
    fn a_wait_that_is_given_up_leaves_no_thread() {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new());
        {
            let mut wait = pin!(until(&clock, HOUR, std::future::pending::<()>()));
            assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        while Arc::strong_count(&clock) > 1 {
            std::thread::yield_now();
        }
    }
}
