//! Every kind of store.

use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread::ThreadId;
use std::time::Duration;

use convert_core::testing::ManualClock;
use convert_core::{
    Applied, AsyncCore, AsyncDataStore, BoxFuture, BuildError, ConversionOutcome, DataStore, Event, GoalMark,
    MemoryStore, Offloaded, StateChange, StateKey, StoreError, VisitorState,
};
use futures_executor::block_on;

use crate::kit::{GatedStore, pricing, seconds, sent, shop};

#[test]
fn a_core_and_its_asynchronous_twin_share_everything() {
    let (builder, transport, _) = shop();
    let core = builder.build().unwrap();
    let twin = AsyncCore::from(core.clone());
    let first = block_on(twin.create_context("ada").unwrap().run_experience_with("pricing-page", &pricing())).unwrap();
    let again = core.create_context("ada").unwrap().run_experience_with("pricing-page", &pricing()).unwrap();
    assert!(first.is_new() && !again.is_new());
    assert!(Arc::ptr_eq(&core.config().unwrap(), &twin.config().unwrap()));
    twin.set_tracking_enabled(false);
    assert!(!core.is_tracking_enabled());
    core.set_tracking_enabled(true);
    assert_eq!(core.flush(seconds(5)).unwrap().delivered, 1);
    assert_eq!(twin.stats(), core.stats());
    assert_eq!(sent(&transport), ["ada bucketing 100300001"]);
    assert!(twin.to_sync().unwrap().is_ready());
}

#[test]
fn a_store_that_is_awaited_needs_an_asynchronous_core() {
    let (builder, ..) = shop();
    let error = builder.async_data_store(GatedStore::new()).build().unwrap_err();
    assert!(matches!(error, BuildError::InvalidSetting { setting: "async_data_store", .. }), "{error}");

    let (builder, ..) = shop();
    let core = block_on(builder.async_data_store(GatedStore::new()).build_async()).unwrap();
    assert!(core.to_sync().is_none());
}

#[test]
fn an_awaited_store_keeps_decisions_and_goals() {
    let (builder, _, _) = shop();
    let store = GatedStore::new();
    let core = block_on(builder.async_data_store(store.clone()).build_async()).unwrap();
    let context = core.create_context("ada").unwrap();
    let decision = block_on(context.run_experience_with("pricing-page", &pricing())).unwrap();
    assert_eq!(store.state("ada").variation_id("100300001"), Some(decision.variation_id()));
    assert!(!block_on(context.run_experience_with("pricing-page", &pricing())).unwrap().is_new());
    assert!(block_on(context.track_conversion("purchase")).is_queued());
    assert_eq!(block_on(context.track_conversion("purchase")), ConversionOutcome::Deduplicated);
}

#[derive(Debug)]
struct Broken;

impl AsyncDataStore for Broken {
    fn load<'a>(&'a self, _: &'a StateKey) -> BoxFuture<'a, Result<Option<VisitorState>, StoreError>> {
        Box::pin(async { Err(StoreError::new("unplugged")) })
    }

    fn apply<'a>(&'a self, _: &'a StateKey, _: &'a StateChange) -> BoxFuture<'a, Result<Applied, StoreError>> {
        Box::pin(async { Err(StoreError::new("unplugged")) })
    }

    fn mark_goal<'a>(&'a self, _: &'a StateKey, _: &'a GoalMark) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async { Err(StoreError::new("unplugged")) })
    }
}

#[test]
fn a_failing_store_fails_no_call_and_is_reported() {
    let (builder, transport, _) = shop();
    let core = block_on(builder.async_data_store(Broken).build_async()).unwrap();
    let failures = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&failures);
    core.on(move |event| {
        if let Event::StoreFailed { error, .. } = event {
            assert!(error.to_string().contains("unplugged"));
            *seen.lock().unwrap() += 1;
        }
    })
    .forever();
    let context = core.create_context("ada").unwrap();
    assert!(block_on(context.run_experience_with("pricing-page", &pricing())).is_some());
    assert!(block_on(context.track_conversion("purchase")).is_queued());
    block_on(core.close(seconds(5)));
    assert_eq!(sent(&transport), ["ada bucketing 100300001", "ada conversion 100400001"]);
    assert_eq!(*failures.lock().unwrap(), 5, "two loads, a change that is tried twice, and a mark");
}

/// A store that blocks until the test lets it go on, and tells on which thread it is.
#[derive(Debug)]
struct Slow {
    memory: MemoryStore,
    entered: Mutex<Sender<ThreadId>>,
    go_on: Mutex<Receiver<()>>,
}

impl Slow {
    fn wait(&self) {
        let _ = self.entered.lock().unwrap().send(std::thread::current().id());
        let _ = self.go_on.lock().unwrap().recv();
    }
}

impl DataStore for Slow {
    fn load(&self, key: &StateKey) -> Result<Option<VisitorState>, StoreError> {
        self.wait();
        self.memory.load(key)
    }

    fn apply(&self, key: &StateKey, change: &StateChange) -> Result<Applied, StoreError> {
        self.wait();
        self.memory.apply(key, change)
    }

    fn mark_goal(&self, key: &StateKey, mark: &GoalMark) -> Result<bool, StoreError> {
        self.wait();
        self.memory.mark_goal(key, mark)
    }
}

#[test]
fn an_offloaded_store_blocks_no_other_task_of_a_one_threaded_executor() {
    let (entered, entries) = channel();
    let (go_on, waiting) = channel();
    let slow = Slow { memory: MemoryStore::new(), entered: Mutex::new(entered), go_on: Mutex::new(waiting) };
    let (builder, _, _) = shop();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let core =
            builder.async_data_store(Offloaded::new(slow).clock(ManualClock::new())).build_async().await.unwrap();
        let context = core.create_context("ada").unwrap();
        let converting = tokio::spawn(async move { context.track_conversion("purchase").await });
        // While the store blocks, this task runs, on the executor's only thread: nothing else could let the store go on.
        for _ in ["load", "mark"] {
            let thread = loop {
                match entries.try_recv() {
                    Ok(thread) => break thread,
                    Err(_) => tokio::task::yield_now().await,
                }
            };
            assert_ne!(thread, std::thread::current().id());
            go_on.send(()).unwrap();
        }
        assert!(converting.await.unwrap().is_queued());
    });
}

#[test]
fn several_threads_of_an_offloaded_store_work_at_once() {
    let (entered, entries) = channel();
    let (go_on, waiting) = channel();
    let slow = Slow { memory: MemoryStore::new(), entered: Mutex::new(entered), go_on: Mutex::new(waiting) };
    let store = Offloaded::with_threads(slow, NonZeroUsize::new(2).unwrap()).clock(ManualClock::new());
    let key = StateKey::new("1", "2", "ada");
    let (first, second) = (store.load(&key), store.load(&key));
    let threads = [entries.recv().unwrap(), entries.recv().unwrap()];
    assert_ne!(threads[0], threads[1]);
    go_on.send(()).unwrap();
    go_on.send(()).unwrap();
    assert_eq!(block_on(first).unwrap(), None);
    assert_eq!(block_on(second).unwrap(), None);
}

/// An offloaded store whose only thread hangs in a call until the sender is dropped.
fn hanging(clock: &ManualClock) -> (Offloaded<Slow>, Sender<()>) {
    let (entered, entries) = channel();
    let (go_on, waiting) = channel();
    let slow = Slow { memory: MemoryStore::new(), entered: Mutex::new(entered), go_on: Mutex::new(waiting) };
    let store = Offloaded::new(slow).timeout(Duration::from_secs(2)).clock(clock.clone());
    let first = StateKey::new("1", "2", "first");
    let call = store.load(&first);
    entries.recv().unwrap();
    drop(call);
    (store, go_on)
}

/// The answer of a call, if it is there.
fn now<T>(mut call: BoxFuture<'_, T>) -> Option<T> {
    match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

#[test]
fn a_call_of_an_offloaded_store_that_hangs_ends_at_its_timeout() {
    let (key, clock) = (StateKey::new("1", "2", "ada"), ManualClock::new());
    let (store, go_on) = hanging(&clock);
    let purchase = GoalMark::new("purchase", None);
    for _ in 0..2 {
        let (mut load, mark) = (store.load(&key), store.mark_goal(&key, &purchase));
        clock.advance(Duration::from_millis(1_999));
        assert!(load.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        clock.advance(Duration::from_millis(1));
        assert!(block_on(load).unwrap_err().to_string().contains("in time"));
        assert!(block_on(mark).unwrap_err().to_string().contains("in time"));
    }
    // A change that was taken in is made all the same, and what comes later is answered again.
    drop(go_on);
    assert!(block_on(store.load(&key)).unwrap().unwrap().has_goal("purchase"));
}

#[test]
fn an_offloaded_store_that_hangs_queues_no_more_than_its_bound() {
    let (key, clock) = (StateKey::new("1", "2", "ada"), ManualClock::new());
    let (store, go_on) = hanging(&clock);
    let mark = GoalMark::new("purchase", None);
    let refused = |error: &StoreError| error.to_string().contains("too many");
    // One may be under way, and 1,024 wait.
    let answers: Vec<_> = (0..2_000).map(|_| now(store.mark_goal(&key, &mark))).collect();
    let refusals = answers.into_iter().flatten().filter_map(Result::err).filter(refused).count();
    assert!((2_000 - 1_025..=2_000 - 1_023).contains(&refusals), "{refusals}");
    drop(go_on);
    // It catches up, and takes calls again.
    while !block_on(store.load(&key)).is_ok_and(|state| state.is_some_and(|state| state.has_goal("purchase"))) {}
}

#[test]
fn an_offloaded_store_that_panics_answers_with_an_error_and_goes_on() {
    #[derive(Debug)]
    struct Panics;
    impl DataStore for Panics {
        fn load(&self, _: &StateKey) -> Result<Option<VisitorState>, StoreError> {
            panic!("scripted")
        }
        fn apply(&self, _: &StateKey, _: &StateChange) -> Result<Applied, StoreError> {
            Ok(Applied::all_new())
        }
        fn mark_goal(&self, _: &StateKey, _: &GoalMark) -> Result<bool, StoreError> {
            Ok(true)
        }
    }
    let (builder, ..) = shop();
    let core = block_on(builder.async_data_store(Offloaded::new(Panics)).build_async()).unwrap();
    let context = core.create_context("ada").unwrap();
    assert!(block_on(context.run_experience_with("pricing-page", &pricing())).is_some());
    assert!(block_on(context.track_conversion("purchase")).is_queued());
}
