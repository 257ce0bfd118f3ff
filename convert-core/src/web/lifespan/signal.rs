//! Signals of the operating system.

/// Ctrl-C and, on Unix, SIGTERM.
pub(super) struct Signals {
    #[cfg(unix)]
    streams: [Option<tokio::signal::unix::Signal>; 2],
}

#[cfg(unix)]
impl Signals {
    /// From now on these signals do not end the process.
    pub(super) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| {
            let failed = |error: &_| {
                tracing::error!(target: "convert", %error, "a shutdown signal cannot be listened to: it ends the process at once");
            };
            signal(kind).inspect_err(failed).ok()
        };
        Self { streams: [listen(SignalKind::interrupt()), listen(SignalKind::terminate())] }
    }

    /// Waits for one.
    pub(super) async fn next(&mut self) {
        async fn of(stream: &mut Option<tokio::signal::unix::Signal>) {
            let Some(stream) = stream else { return std::future::pending().await };
            stream.recv().await;
        }
        let [interrupt, terminate] = &mut self.streams;
        tokio::select! {
            () = of(interrupt) => {}
            () = of(terminate) => {}
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    /// From the first wait on Ctrl-C does not end the process.
    pub(super) fn listen() -> Self {
        Self {}
    }

    /// Waits for one.
    pub(super) async fn next(&mut self) {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(target: "convert", %error, "Ctrl-C cannot be listened to: it ends the process at once");
            std::future::pending::<()>().await;
        }
    }
}
