//! A request whose handler waits while steps are taken on its context.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::task::Poll;

use futures_channel::oneshot;
use futures_executor::block_on;

use crate::fault::Fault;

/// A response that waits for its handler to be let go.
pub(super) struct UnderWay<R> {
    response: Pin<Box<dyn Future<Output = R>>>,
    go: oneshot::Sender<()>,
}

/// Between the handler of a request and the steps.
#[derive(Clone)]
pub(super) struct Meeting<C> {
    context: mpsc::Sender<C>,
    go: Arc<Mutex<Option<oneshot::Receiver<()>>>>,
}

impl<C> Meeting<C> {
    /// The handler's part: hands its context over, and waits to be let go.
    pub(super) async fn hold(&self, context: C) {
        let _ = self.context.send(context);
        let go = self.go.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(go) = go {
            let _ = go.await;
        }
    }
}

impl<R> UnderWay<R> {
    /// Sends a request whose handler [holds](Meeting::hold) its context.
    pub(super) fn begin<C>(
        send: impl FnOnce(Meeting<C>) -> Pin<Box<dyn Future<Output = R>>>,
    ) -> Result<(Self, C), Fault> {
        let (go, gone) = oneshot::channel();
        let (sender, contexts) = mpsc::channel();
        let mut response = send(Meeting { context: sender, go: Arc::new(Mutex::new(Some(gone))) });
        // As far as the handler goes without being let go.
        block_on(poll_fn(|cx| Poll::Ready(response.as_mut().poll(cx).is_ready())));
        let context = contexts.try_recv().map_err(|error| Fault::broken("the handler has no context", error))?;
        Ok((Self { response, go }, context))
    }

    /// Lets the handler go, and answers with its response.
    pub(super) fn end(self) -> R {
        let _ = self.go.send(());
        block_on(self.response)
    }
}
