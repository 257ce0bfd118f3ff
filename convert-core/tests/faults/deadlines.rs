//! Every wait ends exactly at its deadline.

use std::sync::{Arc, Condvar, Mutex};
use std::task::Waker;
use std::time::Duration;

use convert_core::testing::{Collector, Fault, ManualClock, Route};
use convert_core::{
    AsyncCore, BuildError, Clock, Core, CoreBuilder, FetchError, FlushError, Preview, PreviewOutcome, RefreshError,
};
use futures_executor::block_on;

use crate::kit::{PATIENCE, builder, collector, seconds};

const TIMEOUT: Duration = seconds(3);

/// A clock moved by hand that knows which deadlines are waited for: whoever waits asks how long it is until then.
#[derive(Clone, Debug, Default)]
struct Watched {
    clock: ManualClock,
    asked: Arc<(Mutex<Vec<Duration>>, Condvar)>,
}

impl Watched {
    /// Waits until somebody asks for this deadline, and forgets what was asked before. Whether somebody does.
    fn is_awaited(&self, deadline: Duration) -> bool {
        let asked = self.asked.0.lock().unwrap();
        let missing = |asked: &mut Vec<Duration>| !asked.contains(&deadline);
        let (mut asked, waited) = self.asked.1.wait_timeout_while(asked, PATIENCE, missing).unwrap();
        asked.clear();
        !waited.timed_out()
    }

    fn forget(&self) {
        self.asked.0.lock().unwrap().clear();
    }
}

impl Clock for Watched {
    fn now(&self) -> Duration {
        self.clock.now()
    }

    fn unix_time(&self) -> Duration {
        self.clock.unix_time()
    }

    fn real_time_until(&self, deadline: Duration) -> Option<Duration> {
        self.asked.0.lock().unwrap().push(deadline);
        self.asked.1.notify_all();
        self.clock.real_time_until(deadline)
    }

    fn on_advance(&self, waker: &Waker) {
        self.clock.on_advance(waker);
    }
}

/// Runs `wait` on a thread of its own: it waits until a nanosecond before `TIMEOUT`, and ends at it.
#[track_caller]
fn ends_at_its_deadline<T: Send>(clock: &Watched, wait: impl FnOnce() -> T + Send) -> T {
    let deadline = clock.now() + TIMEOUT;
    let nearly = Duration::from_nanos(1);
    clock.forget();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| (wait(), clock.now()));
        let begins = clock.is_awaited(deadline);
        clock.clock.advance(TIMEOUT - nearly);
        // Woken by that, it has looked at the clock, and waits again.
        let goes_on = clock.is_awaited(deadline) && !waiting.is_finished();
        clock.clock.advance(nearly);
        let (outcome, ended) = waiting.join().unwrap();
        assert!(begins && goes_on, "begins: {begins}, goes on: {goes_on}");
        assert_eq!(ended, deadline);
        outcome
    })
}

fn hanging(route: Route) -> (Collector, Watched, CoreBuilder) {
    let (collector, clock) = (collector(), Watched::default());
    collector.fail_always(route, Fault::Hang);
    let builder = builder(&collector).clock(clock.clone());
    (collector, clock, builder)
}

fn with_an_event() -> (Collector, Watched, Core) {
    let (collector, clock, builder) = hanging(Route::Track);
    let core = builder.build().unwrap();
    assert!(core.create_context("ada").unwrap().track_conversion("purchase").is_queued());
    (collector, clock, core)
}

fn draft() -> Preview {
    Preview::new("9", "1")
}

#[test]
fn flush() {
    let (_collector, clock, core) = with_an_event();
    let outcome = ends_at_its_deadline(&clock, || core.flush(TIMEOUT));
    assert!(matches!(outcome, Err(FlushError::TimedOut { .. })), "{outcome:?}");
    let core = AsyncCore::from(core);
    let outcome = ends_at_its_deadline(&clock, || block_on(core.flush(TIMEOUT)));
    assert!(matches!(outcome, Err(FlushError::TimedOut { .. })), "{outcome:?}");
    assert_eq!(core.stats().pending.total(), 1);
}

#[test]
fn close() {
    let (_collector, clock, core) = with_an_event();
    assert_eq!(ends_at_its_deadline(&clock, || core.close(TIMEOUT)).dropped, 1);
    let (_collector, clock, core) = with_an_event();
    let core = AsyncCore::from(core);
    assert_eq!(ends_at_its_deadline(&clock, || block_on(core.close(TIMEOUT))).dropped, 1);
}

#[test]
fn the_first_config() {
    let unfinished = |built: Result<_, _>| matches!(built, Err(BuildError::Fetch { source: FetchError::Timeout, .. }));
    let (_collector, clock, builder) = hanging(Route::Config);
    let builder = builder.startup_timeout(TIMEOUT);
    assert!(unfinished(ends_at_its_deadline(&clock, || builder.build().map(drop))));
    let (_collector, clock, builder) = hanging(Route::Config);
    let builder = builder.startup_timeout(TIMEOUT);
    assert!(unfinished(ends_at_its_deadline(&clock, || block_on(builder.build_async()).map(drop))));
}

#[test]
fn readiness() {
    let (_collector, clock, builder) = hanging(Route::Config);
    let core = builder.start_unready(true).build().unwrap();
    assert!(!ends_at_its_deadline(&clock, || core.wait_ready(TIMEOUT)));
    let core = AsyncCore::from(core);
    assert!(!ends_at_its_deadline(&clock, || block_on(core.wait_ready(TIMEOUT))));
}

#[test]
fn a_refresh() {
    let (collector, clock, builder) = hanging(Route::Track);
    let core = builder.build().unwrap();
    collector.fail_always(Route::Config, Fault::Hang);
    let refreshing = core.refresh_now();
    let outcome = ends_at_its_deadline(&clock, || refreshing.wait(TIMEOUT));
    assert!(matches!(outcome, Err(RefreshError::TimedOut)), "{outcome:?}");
}

#[test]
fn a_preview() {
    let start = || {
        let (collector, clock, builder) = hanging(Route::Track);
        let core = builder.request_timeout(TIMEOUT).build().unwrap();
        collector.fail_always(Route::Config, Fault::Hang);
        (collector, clock, core)
    };
    let (_collector, clock, core) = start();
    let context = core.create_context("ada").unwrap();
    assert_eq!(ends_at_its_deadline(&clock, || context.set_preview(&draft())), PreviewOutcome::Unavailable);
    let (_collector, clock, core) = start();
    let context = AsyncCore::from(core).create_context("ada").unwrap();
    let setting = || block_on(context.set_preview(&draft()));
    assert_eq!(ends_at_its_deadline(&clock, setting), PreviewOutcome::Unavailable);
}
