//! The shutdown signals of a service.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

/// Waits for SIGTERM or Ctrl-C, which do not end the process any more from the first poll on: what is to be done before
/// the end is the app's to do, such as [`Core::close`](crate::Core::close). Nothing else in the SDK touches signals, but for
/// what runs a server.
///
/// Needs a tokio runtime with its I/O driver. On Windows it waits for Ctrl-C, Ctrl-Break, and the events of a console that
/// closes or a system that shuts down.
///
/// # Errors
/// [`io::Error`] where the signals cannot be listened to; they end the process then, as ever.
pub async fn shutdown_signal() -> io::Result<()> {
    Signals::listen()?.next().await;
    Ok(())
}

/// The signals, one after the other: none gets lost between two waits.
pub(crate) struct Signals {
    #[cfg(unix)]
    listeners: [tokio::signal::unix::Signal; 2],
    #[cfg(windows)]
    listeners: windows::Listeners,
}

impl Signals {
    /// From now on these signals do not end the process.
    #[cfg(unix)]
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { listeners: [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?] })
    }

    /// From now on these events do not end the process.
    #[cfg(windows)]
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self { listeners: windows::Listeners::new()? })
    }

    /// Waits for one.
    pub(crate) async fn next(&mut self) {
        poll_fn(|cx| if self.received(cx) { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    #[cfg(unix)]
    fn received(&mut self, cx: &mut Context<'_>) -> bool {
        let [terminate, interrupt] = &mut self.listeners;
        terminate.poll_recv(cx).is_ready() || interrupt.poll_recv(cx).is_ready()
    }

    #[cfg(windows)]
    fn received(&mut self, cx: &mut Context<'_>) -> bool {
        self.listeners.received(cx)
    }
}

#[cfg(windows)]
mod windows {
    use std::io;
    use std::task::Context;

    use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, CtrlShutdown};
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};

    pub(super) struct Listeners(CtrlC, CtrlBreak, CtrlClose, CtrlShutdown);

    impl Listeners {
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self(ctrl_c()?, ctrl_break()?, ctrl_close()?, ctrl_shutdown()?))
        }

        pub(super) fn received(&mut self, cx: &mut Context<'_>) -> bool {
            let Self(c, brk, close, shutdown) = self;
            c.poll_recv(cx).is_ready()
                || brk.poll_recv(cx).is_ready()
                || close.poll_recv(cx).is_ready()
                || shutdown.poll_recv(cx).is_ready()
        }
    }
}
