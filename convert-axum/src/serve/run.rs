//! The life of any server.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use convert_core::web::{Cores, Lifespan, RunReport};
use tokio::sync::oneshot;

use super::settings::lifespan_settings;

/// Runs any server until it is told to stop, and then delivers what was tracked: what [`serve`](super::serve) does, for
/// servers of one's own.
///
/// `server` gets a future that is done when it is to stop, and makes the server's future. From the signal on, that has
/// until the drain deadline; then it is dropped. Tasks that it spawned and left to themselves go on until the runtime
/// ends. A server that ends by itself is followed by the last delivery too.
///
/// ```no_run
/// use std::future::IntoFuture;
/// use axum::Router;
/// use convert_axum::core::Core;
///
/// # async fn start(core: Core, app: Router) -> Result<(), Box<dyn std::error::Error>> {
/// let listener = tokio::net::UnixListener::bind("/run/shop.sock")?;
/// let server = |shutdown| axum::serve(listener, app).with_graceful_shutdown(shutdown).into_future();
/// let report = convert_axum::run(core, server).await;
/// println!("{report}");
/// # Ok(())
/// # }
/// ```
pub fn run<F, T>(core: impl Into<Cores>, server: F) -> Run<F, T::Output>
where
    F: FnOnce(Shutdown) -> T,
    T: Future + Send,
{
    Run { server, lifespan: Lifespan::new(core), output: PhantomData }
}

/// A server that is about to run; made by [`run`]. Await it.
#[must_use = "it runs when it is awaited"]
pub struct Run<F, O> {
    server: F,
    lifespan: Lifespan,
    output: PhantomData<fn() -> O>,
}

/// Done when the server is to stop: what a server's `with_graceful_shutdown` takes.
pub struct Shutdown {
    begun: oneshot::Receiver<()>,
}

impl Future for Shutdown {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // An error means that the other side is gone, and with it the reason to serve.
        Pin::new(&mut self.begun).poll(cx).map(|_| ())
    }
}

lifespan_settings!(Run<F, O>);

impl<F, T> IntoFuture for Run<F, T::Output>
where
    F: FnOnce(Shutdown) -> T + Send + 'static,
    T: Future + Send + 'static,
    T::Output: Send + 'static,
{
    type Output = RunReport<T::Output>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { server, lifespan, .. } = self;
        let (begin, begun) = oneshot::channel();
        let server = server(Shutdown { begun });
        let stop = move || {
            // Where the server has let go of it, it does not stop by itself, and ends at the deadline.
            let _ = begin.send(());
        };
        Box::pin(lifespan.run(server, stop))
    }
}

impl<F, O> fmt::Debug for Run<F, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").finish_non_exhaustive()
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown").finish_non_exhaustive()
    }
}
