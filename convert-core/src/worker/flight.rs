//! One request under way.

use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};
use std::time::Duration;

use super::agenda::Agenda;
use crate::transport::{AsyncTransport, BoxFuture, Request, Response, TransportError, TransportErrorKind};

pub(super) type Answer = Result<Response, TransportError>;

/// A transport's future with its deadline on the injected clock.
pub(super) struct Flight {
    future: BoxFuture<'static, Answer>,
    deadline: Duration,
}

impl Flight {
    /// Hands the request to the transport. A transport that panics is one that gives no answer.
    pub(super) fn start(transport: &dyn AsyncTransport, request: Request, now: Duration) -> Self {
        let deadline = now.saturating_add(request.timeout());
        let started = catch_unwind(AssertUnwindSafe(|| transport.send(request)));
        let future = started.unwrap_or_else(|_| Box::pin(ready(Err(panicked()))));
        Self { future, deadline }
    }

    /// The answer, or at the deadline that there was none; after that the flight is to be dropped.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, now: Duration, agenda: &Agenda) -> Poll<Answer> {
        // First the answer: one that is there at the deadline counts.
        match catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(cx))) {
            Ok(Poll::Ready(answer)) => Poll::Ready(answer),
            Ok(Poll::Pending) if now >= self.deadline => Poll::Ready(Err(TransportError::timeout())),
            Ok(Poll::Pending) => {
                agenda.note(self.deadline);
                Poll::Pending
            }
            Err(_) => Poll::Ready(Err(panicked())),
        }
    }
}

fn panicked() -> TransportError {
    tracing::error!(target: "convert", "the transport panicked; the panic was contained");
    TransportError::ambiguous("the transport panicked").with_kind(TransportErrorKind::Other)
}
