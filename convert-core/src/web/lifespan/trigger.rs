//! What begins a server's end.

use std::future::Future;
use std::pin::Pin;

use super::signal::Signals;

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
            Self::Signals(signals) => signals.insert(Signals::listen()).next().await,
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
