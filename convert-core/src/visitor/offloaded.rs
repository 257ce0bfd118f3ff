//! A blocking store on threads of the SDK.

use std::fmt;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::completion::{completion, lock};
use crate::transport::BoxFuture;

use super::async_store::AsyncDataStore;
use super::key::StateKey;
use super::state::{GoalMark, StateChange, VisitorState};
use super::store::{DataStore, StoreError};

/// Brings a [`DataStore`] that blocks, on a database for instance, behind [`AsyncDataStore`]: its calls run on threads
/// of the SDK, and whoever awaits them does not block.
///
/// The threads start at the first call and end with the store. A change that was asked for is made even if nobody
/// awaits it any more.
///
/// ```
/// use convert_core::{MemoryStore, Offloaded};
///
/// let store = Offloaded::new(MemoryStore::new());
/// # let _ = store;
/// ```
pub struct Offloaded<S> {
    store: Arc<S>,
    threads: NonZeroUsize,
    /// Dropped with the store, which ends the threads.
    jobs: Mutex<Option<Sender<Job>>>,
}

type Job = Box<dyn FnOnce() + Send>;

impl<S: DataStore> Offloaded<S> {
    /// Calls `store` on one thread.
    pub fn new(store: S) -> Self {
        Self::with_threads(store, NonZeroUsize::MIN)
    }

    /// Calls `store` on as many threads: that many calls are under way at once, the others wait.
    pub fn with_threads(store: S, threads: NonZeroUsize) -> Self {
        Self { store: Arc::new(store), threads, jobs: Mutex::new(None) }
    }

    /// Runs `call` on one of the threads. One that reads only is left out if nobody awaits it when its turn comes.
    fn run<T: Send + 'static>(
        &self,
        reads_only: bool,
        call: impl FnOnce(&S) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, StoreError>> {
        let store = Arc::clone(&self.store);
        let (done, answer) = completion();
        let job = Box::new(move || {
            if !reads_only || done.is_awaited() {
                done.complete(call(&store));
            }
        });
        let queued = self.submit(job);
        Box::pin(async move {
            queued?;
            answer.await.unwrap_or_else(|| Err(StoreError::new("the store panicked")))
        })
    }

    fn submit(&self, job: Job) -> Result<(), StoreError> {
        let mut jobs = lock(&self.jobs);
        let sender = match &*jobs {
            Some(sender) => sender,
            None => jobs.insert(self.start()?),
        };
        sender.send(job).map_err(|_| StoreError::new("the store's threads are not running"))
    }

    fn start(&self) -> Result<Sender<Job>, StoreError> {
        let (sender, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..self.threads.get() {
            let receiver = Arc::clone(&receiver);
            let thread = thread::Builder::new().name("convert-sdk-store".to_owned());
            thread.spawn(move || work(&receiver)).map_err(StoreError::new)?;
        }
        Ok(sender)
    }
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
        f.debug_struct("Offloaded").field("store", &self.store).field("threads", &self.threads).finish_non_exhaustive()
    }
}

impl<S: DataStore> AsyncDataStore for Offloaded<S> {
    fn load<'a>(&'a self, key: &'a StateKey) -> BoxFuture<'a, Result<Option<VisitorState>, StoreError>> {
        let key = key.clone();
        self.run(true, move |store| store.load(&key))
    }

    fn apply<'a>(&'a self, key: &'a StateKey, change: &'a StateChange) -> BoxFuture<'a, Result<(), StoreError>> {
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
