//! The shutdown signal of a service.

use std::io;

/// Waits for SIGTERM or Ctrl-C, which do not end the process any more from the first poll on: what is to be done before
/// the end is the app's to do, such as [`Core::close`](crate::Core::close). Nothing else in the SDK touches signals.
///
/// Needs a tokio runtime with its I/O driver. On Windows it waits for Ctrl-C, Ctrl-Break, and the events of a console that
/// closes or a system that shuts down.
///
/// # Errors
/// [`io::Error`] where the signals cannot be listened to; they end the process then, as ever.
#[cfg(unix)]
pub async fn shutdown_signal() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    std::future::poll_fn(|cx| match terminate.poll_recv(cx) {
        std::task::Poll::Ready(_) => std::task::Poll::Ready(()),
        std::task::Poll::Pending => interrupt.poll_recv(cx).map(|_| ()),
    })
    .await;
    Ok(())
}

/// Waits for Ctrl-C, Ctrl-Break, or the end of the console or the system, which do not end the process any more from the
/// first poll on: what is to be done before the end is the app's to do, such as [`Core::close`](crate::Core::close).
/// Nothing else in the SDK touches signals.
///
/// Needs a tokio runtime with its I/O driver.
///
/// # Errors
/// [`io::Error`] where they cannot be listened to; they end the process then, as ever.
#[cfg(windows)]
pub async fn shutdown_signal() -> io::Result<()> {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};

    let (mut c, mut brk, mut close, mut shutdown) = (ctrl_c()?, ctrl_break()?, ctrl_close()?, ctrl_shutdown()?);
    std::future::poll_fn(|cx| {
        let received = c.poll_recv(cx).is_ready()
            || brk.poll_recv(cx).is_ready()
            || close.poll_recv(cx).is_ready()
            || shutdown.poll_recv(cx).is_ready();
        if received { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    Ok(())
}
