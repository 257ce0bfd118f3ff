//! What both helpers share: when to stop, and how long the end may take.

use std::future::Future;
use std::time::Duration;

use convert_core::web::Cores;

use super::signal::Signals;

/// Together they fit into the 30 seconds that Kubernetes gives a pod.
const DRAIN_DEADLINE: Duration = Duration::from_secs(20);
const FLUSH_DEADLINE: Duration = Duration::from_secs(5);

pub(super) struct Lifespan {
    pub(super) cores: Cores,
    pub(super) trigger: Trigger,
    pub(super) drain_deadline: Duration,
    pub(super) flush_deadline: Duration,
}

impl Lifespan {
    pub(super) fn new(cores: Cores) -> Self {
        Self { cores, trigger: Trigger::Signals(None), drain_deadline: DRAIN_DEADLINE, flush_deadline: FLUSH_DEADLINE }
    }
}

/// What begins the end.
pub(super) enum Trigger {
    /// Ctrl-C and SIGTERM, once listened to.
    Signals(Option<Signals>),
    /// The app's own; `None` once it has come.
    Own(Option<std::pin::Pin<Box<dyn Future<Output = ()> + Send>>>),
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

macro_rules! lifespan_settings {
    ($helper:ident<$($parameter:ident),+>) => {
        impl<$($parameter),+> $helper<$($parameter),+> {
            /// Stops when this future is done, instead of at Ctrl-C or SIGTERM.
            pub fn shutdown_signal(mut self, signal: impl std::future::Future<Output = ()> + Send + 'static) -> Self {
                self.lifespan.trigger = $crate::serve::lifespan::Trigger::Own(Some(Box::pin(signal)));
                self
            }

            /// How long requests may take to finish, counted from the signal; 20 seconds by default.
            pub fn drain_deadline(mut self, deadline: std::time::Duration) -> Self {
                self.lifespan.drain_deadline = deadline;
                self
            }

            /// How long the last delivery may take, counted from when the server has ended; 5 seconds by default.
            pub fn flush_deadline(mut self, deadline: std::time::Duration) -> Self {
                self.lifespan.flush_deadline = deadline;
                self
            }
        }
    };
}

pub(super) use lifespan_settings;
