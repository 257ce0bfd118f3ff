//! What begins a server's end.

use std::future::Future;
use std::pin::Pin;

use crate::signal::Signals;

pub(super) enum Trigger {
    /// Ctrl-C and SIGTERM, once listened to.
    Signals(Option<Signals>),
    /// The app's own; `None` once it has come.
    Own(Option<Pin<Box<dyn Future<Output = ()> + Send>>>),
}

impl Trigger {
    /// Waits for the first signal.
    pub(super) async fn fired(&mut self) {
        match self {
            Self::Signals(signals) => match Signals::listen() {
                Ok(listening) => signals.insert(listening).next().await,
                Err(error) => {
                    tracing::error!(target: "convert", %error, "shutdown signals cannot be listened to: they end the process at once");
                    std::future::pending().await
                }
            },
            Self::Own(own) => {
                if let Some(fired) = own {
                    fired.await;
                    *own = None;
                }
            }
        }
    }

    /// Waits for a second signal, of whoever does not want to wait.
    pub(super) async fn hurried(&mut self) {
        match self {
            Self::Signals(Some(signals)) => signals.next().await,
            _ => std::future::pending().await,
        }
    }
}
