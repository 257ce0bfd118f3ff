//! A blocking store on threads of the SDK.

use std::fmt;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::completion::{completion, lock};
use crate::transport::BoxFuture;

use super::applied::Applied;
use super::async_store::AsyncDataStore;
use super::key::StateKey;
use super::state::{GoalMark, StateChange, VisitorState};
use super::store::{DataStore, StoreError};
use super::time_limit::{Pending, TimeLimit};

/// Calls that may wait for a thread. A store that falls further behind would not answer in time anyway.
const WAITING: usize = 1024;

/// Long for a store, short for a request that waits for it.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Brings a [`DataStore`] that blocks, on a database for instance, behind [`AsyncDataStore`]: its calls run on threads
/// of the SDK, and whoever awaits them does not block.
///
/// A store that hangs does not hang the app: a call that is not answered in a second (or the
/// [`timeout`](Self::timeout)) is a [`StoreError`], and so is one that comes while 1,024 wait for a thread. The SDK goes
/// on without the store then.
///
/// The threads start at the first call and end with the store. A change that was taken in is made even if nobody awaits
/// it any more.
///
/// ```
/// use std::time::Duration;
/// use convert_core::{MemoryStore, Offloaded};
///
/// let store = Offloaded::new(MemoryStore::new()).timeout(Duration::from_millis(200));
/// # let _ = store;
/// ```
pub struct Offloaded<S> {
    store: Arc<S>,
    threads: NonZeroUsize,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    /// Dropped with the store, which ends the threads.
    running: Mutex<Option<Running>>,
}

type Job = Box<dyn FnOnce() + Send>;

struct Running {
    jobs: SyncSender<Job>,
    limit: Arc<TimeLimit>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.limit.end();
    }
}

impl<S: DataStore> Offloaded<S> {
    /// Calls `store` on one thread.
    pub fn new(store: S) -> Self {
        Self::with_threads(store, NonZeroUsize::MIN)
    }

    /// Calls `store` on as many threads: that many calls are under way at once, the others wait.
    pub fn with_threads(store: S, threads: NonZeroUsize) -> Self {
        let clock = Arc::new(SystemClock::new());
        Self { store: Arc::new(store), threads, timeout: TIMEOUT, clock, running: Mutex::new(None) }
    }

    /// How long a call may take, its wait for a thread included. The default is one second.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The clock that the timeout is kept by: for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Runs `call` on one of the threads. One that reads only is left out if nobody awaits it when its turn comes.
    fn run<T: Send + 'static>(
        &self,
        reads_only: bool,
        call: impl FnOnce(&S) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let store = Arc::clone(&self.store);
        let (done, answer) = completion();
        let pending = Pending::new(done);
        let job = Box::new({
            let pending = Arc::clone(&pending);
            move || {
                let gone = GivesUp(&pending);
                if !reads_only || pending.is_awaited() {
                    pending.answer(call(&store));
                }
                drop(gone);
            }
        });
        let queued = self.submit(job, pending);
        Box::pin(async move {
            queued?;
            answer.await.unwrap_or_else(|| Err(StoreError::new("the store panicked")))
        })
    }

    fn submit<T: Send + 'static>(&self, job: Job, pending: Arc<Pending<T>>) -> Result<(), StoreError> {
        let mut running = lock(&self.running);
        let running = match &*running {
            Some(running) => running,
            None => running.insert(self.start()?),
        };
        running.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::new("too many calls wait for the store"),
            TrySendError::Disconnected(_) => StoreError::new("the store's threads are not running"),
        })?;
        running.limit.begin(self.timeout, pending);
        Ok(())
    }

    fn start(&self) -> Result<Running, StoreError> {
        let (jobs, receiver) = sync_channel(WAITING);
        let running = Running { jobs, limit: TimeLimit::new(Arc::clone(&self.clock)) };
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..self.threads.get() {
            let receiver = Arc::clone(&receiver);
            spawn(move || work(&receiver))?;
        }
        let limit = Arc::clone(&running.limit);
        spawn(move || limit.keep())?;
        Ok(running)
    }
}

/// Tells who waits for a call that no answer will come, if the store panics.
struct GivesUp<'a, T>(&'a Pending<T>);

impl<T> Drop for GivesUp<'_, T> {
    fn drop(&mut self) {
        self.0.give_up();
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
    let thread = thread::Builder::new().name("convert-sdk-store".to_owned());
    thread.spawn(work).map(drop).map_err(StoreError::new)
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = lock(jobs).recv();
        let Ok(job) = job else { return };
        // The one who awaits it learns that no answer will come.
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!(target: "convert", "the visitor store panicked; the panic was contained");
        }
    }
}

impl<S: DataStore> fmt::Debug for Offloaded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offloaded")
            .field("store", &self.store)
            .field("threads", &self.threads)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl<S: DataStore> AsyncDataStore for Offloaded<S> {
    fn load<'a>(&'a self, key: &'a StateKey) -> BoxFuture<'a, Result<Option<VisitorState>, StoreError>> {
        let key = key.clone();
        self.run(true, move |store| store.load(&key))
    }

    fn apply<'a>(&'a self, key: &'a StateKey, change: &'a StateChange) -> BoxFuture<'a, Result<Applied, StoreError>> {
        let (key, change) = (key.clone(), change.clone());
        self.run(false, move |store| store.apply(&key, &change))
    }

    fn mark_goal<'a>(&'a self, key: &'a StateKey, mark: &'a GoalMark) -> BoxFuture<'a, Result<bool, StoreError>> {
        let (key, mark) = (key.clone(), mark.clone());
        self.run(false, move |store| store.mark_goal(&key, &mark))
    }

    fn version(&self, key: &StateKey) -> Option<u64> {
        self.store.version(key)
    }
}
