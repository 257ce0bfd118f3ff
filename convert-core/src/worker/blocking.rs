//! A blocking transport behind the asynchronous port: one thread per kind of request, started at its first.

use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use super::current;
use super::flight::Answer;
use crate::completion::{Completer, Completion, completion, lock};
use crate::transport::{
    AsyncTransport, BoxFuture, Request, RequestKind, Transport, TransportError, TransportErrorKind,
};

/// Sends through a blocking transport without blocking.
///
/// A request whose future was dropped may still block its thread: until the call comes back, further requests of its
/// kind are answered "busy".
pub(crate) struct Blocking<T> {
    transport: Arc<T>,
    config: Lane,
    preview: Lane,
    tracking: Lane,
}

impl<T: Transport> Blocking<T> {
    pub(crate) fn new(transport: T) -> Self {
        Self {
            transport: Arc::new(transport),
            config: Lane::new("convert-sdk-config"),
            preview: Lane::new("convert-sdk-preview"),
            tracking: Lane::new("convert-sdk-tracking"),
        }
    }
}

impl<T: Transport> AsyncTransport for Blocking<T> {
    fn send(&self, request: Request) -> BoxFuture<'static, Answer> {
        let lane = match request.kind() {
            RequestKind::Config => &self.config,
            RequestKind::Preview => &self.preview,
            RequestKind::Tracking => &self.tracking,
        };
        match lane.submit(&self.transport, request) {
            Ok(answer) => Box::pin(async move { answer.await.unwrap_or_else(|| Err(no_thread())) }),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }
}

struct Job {
    request: Request,
    done: Completer<Answer>,
}

struct Lane {
    name: &'static str,
    busy: Arc<AtomicBool>,
    /// Dropped with the transport, which ends the thread.
    jobs: Mutex<Option<Sender<Job>>>,
}

impl Lane {
    fn new(name: &'static str) -> Self {
        Self { name, busy: Arc::default(), jobs: Mutex::new(None) }
    }

    fn submit<T: Transport>(&self, transport: &Arc<T>, request: Request) -> Result<Completion<Answer>, TransportError> {
        let mut jobs = lock(&self.jobs);
        if self.busy.load(Ordering::Acquire) {
            return Err(TransportError::new(TransportErrorKind::Busy, true));
        }
        let sender = match &*jobs {
            Some(sender) => sender,
            None => jobs.insert(self.start(transport)?),
        };
        self.busy.store(true, Ordering::Release);
        let (done, answer) = completion();
        if sender.send(Job { request, done }).is_err() {
            // The thread is gone; the next request starts another.
            *jobs = None;
            self.busy.store(false, Ordering::Release);
            return Err(no_thread());
        }
        Ok(answer)
    }

    fn start<T: Transport>(&self, transport: &Arc<T>) -> Result<Sender<Job>, TransportError> {
        let (sender, receiver) = channel();
        let (transport, busy) = (Arc::clone(transport), Arc::clone(&self.busy));
        let thread = thread::Builder::new().name(self.name.to_owned());
        match thread.spawn(move || work(&*transport, &busy, &receiver)) {
            Ok(_) => Ok(sender),
            Err(error) => Err(TransportError::not_sent(error).with_kind(TransportErrorKind::Other)),
        }
    }
}

fn work<T: Transport>(transport: &T, busy: &AtomicBool, jobs: &Receiver<Job>) {
    let _inside = current::enter();
    while let Ok(Job { request, done }) = jobs.recv() {
        let answer = catch_unwind(AssertUnwindSafe(|| transport.send(&request))).unwrap_or_else(|_| {
            tracing::error!(target: "convert", "the transport panicked; the panic was contained");
            Err(TransportError::ambiguous("the transport panicked").with_kind(TransportErrorKind::Other))
        });
        // Before the answer is known, or the next request could find the lane busy.
        busy.store(false, Ordering::Release);
        done.complete(answer);
    }
}

fn no_thread() -> TransportError {
    TransportError::not_sent("the transport's thread is not running").with_kind(TransportErrorKind::Other)
}
