//! A server's life: its shutdown signal, its drain deadline, and the last delivery.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::Request;
use actix_service::IntoServiceFactory;
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Response, Server, ServerHandle, Service, ServiceFactory};
use actix_web::{Error, HttpServer};
use convert_core::web::{Cores, Lifespan};

use crate::report::{self, ServeError, ServeReport};

/// Serves until it is told to stop, lets requests finish, and delivers what was tracked. Takes the server before its `run`.
///
/// It stops at Ctrl-C or SIGTERM, both of them gracefully, or at [`shutdown_signal`](Serve::shutdown_signal). From then on
/// it accepts no connection; requests under way may finish until the drain deadline, and what is still open then is
/// dropped. A second signal ends the wait. Then the core is closed, which delivers what is queued until the flush deadline.
///
/// A server that a [`ServerHandle`] stops, or that ends with an error, is followed by the last delivery too. Where the
/// server's future itself is dropped, it stops at once (with actix-server 2.9.2 and later) and what is queued is sent, but
/// nobody waits for that. One that is dropped before it is first polled has not begun, and sends nothing.
///
/// This owns the signals, so `HttpServer`'s own listeners are switched off; so is its `shutdown_timeout`, in favour of the
/// drain deadline. Actix looks once a second whether connections are done, so a server that has some takes a second to
/// stop. Several servers over one core share one life: see the [guide](crate::guide#several-servers).
///
/// ```no_run
/// use actix_web::{App, HttpServer};
/// use convert_actix::{ConvertMiddleware, core::AsyncCore};
///
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// let core = AsyncCore::from_env().await?;
/// let convert = ConvertMiddleware::new(&core);
/// let server = HttpServer::new(move || App::new().wrap(convert.clone())).bind("127.0.0.1:3000")?;
/// let report = convert_actix::serve(server, core).await?;
/// println!("{report}");
/// # Ok(())
/// # }
/// ```
pub fn serve<F, I, S, B>(server: HttpServer<F, I, S, B>, core: impl Into<Cores>) -> Serve
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request> + 'static,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let run = |seconds| server.disable_signals().shutdown_timeout(seconds).run();
    Serve { run: Box::new(run), lifespan: Lifespan::new(core) }
}

/// A server that is about to serve; made by [`serve`]. Await it, or [`run`](Self::run) it for its handle.
#[must_use = "it serves when it is awaited"]
pub struct Serve {
    run: Box<dyn FnOnce(u64) -> Server>,
    lifespan: Lifespan,
}

impl Serve {
    /// Stops when this future is done, instead of at Ctrl-C or SIGTERM. Nobody listens to a second signal then: what ends the
    /// wait is the drain deadline.
    pub fn shutdown_signal(mut self, signal: impl Future<Output = ()> + Send + 'static) -> Self {
        self.lifespan = self.lifespan.shutdown_signal(signal);
        self
    }

    /// How long requests may take to finish, counted from the signal; 20 seconds by default. A server that is stopped by its
    /// handle counts whole seconds, and may take two more.
    pub fn drain_deadline(mut self, deadline: Duration) -> Self {
        self.lifespan = self.lifespan.drain_deadline(deadline);
        self
    }

    /// How long the last delivery may take, counted from when the server has ended; 5 seconds by default.
    pub fn flush_deadline(mut self, deadline: Duration) -> Self {
        self.lifespan = self.lifespan.flush_deadline(deadline);
        self
    }

    /// The future of the server, as `HttpServer::run` has it: with a [handle](Serving::handle) that can pause or stop it.
    pub fn run(self) -> Serving {
        let Self { run, lifespan } = self;
        // Later than the deadline, which ends the wait itself and so knows that requests were dropped.
        let server = run(lifespan.drains_within().as_secs().saturating_add(1));
        let handle = server.handle();
        let stopping = handle.clone();
        // The command is sent at once; its future would only wait for the server, which is awaited itself.
        let stop = move || drop(stopping.stop(true));
        let life = async move { report::ended(lifespan.run(server, stop).await) };
        Serving { handle, life: Box::pin(life) }
    }
}

impl IntoFuture for Serve {
    type Output = Result<ServeReport, ServeError>;
    type IntoFuture = Serving;

    fn into_future(self) -> Serving {
        self.run()
    }
}

/// A server with its whole life: made by [`Serve::run`]. Await it.
///
/// # Errors
/// [`ServeError`] where a worker could not start. What was queued is delivered all the same, and the error has the report.
#[must_use = "it serves when it is awaited"]
pub struct Serving {
    handle: ServerHandle,
    life: Pin<Box<dyn Future<Output = Result<ServeReport, ServeError>> + Send>>,
}

impl Serving {
    /// A handle of the server. A stop by it, graceful or not, is followed by the last delivery: await this future for that,
    /// the handle's own says that the server has ended.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.handle.clone()
    }
}

impl Future for Serving {
    type Output = Result<ServeReport, ServeError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.life.as_mut().poll(cx)
    }
}

impl fmt::Debug for Serve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve").field("lifespan", &self.lifespan).finish_non_exhaustive()
    }
}

impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serving").field("handle", &self.handle).finish_non_exhaustive()
    }
}
