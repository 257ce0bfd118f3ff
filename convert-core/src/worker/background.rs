//! What the rest of the core asks of the SDK's thread.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::Task;
use super::flight::Answer;
use super::lane::Fetch;
use super::shared::Shared;
use crate::completion::{Completion, completion};
use crate::transport::Request;

/// A handle to the SDK's thread. Cheap to clone; holding one keeps neither the thread nor the delivery open.
#[derive(Clone)]
pub(crate) struct Background {
    shared: Arc<Shared>,
}

impl Background {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Sends a config or preview request; its timeout counts from when it is sent. Gone when the core is closed.
    pub(crate) fn fetch(&self, request: Request) -> Completion<Answer> {
        let (done, answer) = completion();
        self.shared.command(|commands| commands.fetches.push(Fetch { request, done }));
        answer
    }

    /// Runs a task on the SDK's thread until it ends or the core is closed. It must not hold the core, or the core
    /// would never be dropped. False when there is no thread for it.
    pub(crate) fn spawn(&self, task: Task) -> bool {
        self.shared.command(|commands| commands.tasks.push(task))
    }

    /// Has the tasks look at what there is to do.
    pub(crate) fn wake(&self) {
        self.shared.command(|_| {});
    }

    /// Waits until the clock reaches `deadline`. For tasks on the SDK's thread only.
    pub(crate) fn sleep_until(&self, deadline: Duration) -> Sleep {
        Sleep { shared: Arc::clone(&self.shared), deadline }
    }

    /// The injected clock's time.
    pub(crate) fn now(&self) -> Duration {
        self.shared.now()
    }
}

/// A wait in a task; see [`Background::sleep_until`].
pub(crate) struct Sleep {
    shared: Arc<Shared>,
    deadline: Duration,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.shared.now() >= self.deadline {
            return Poll::Ready(());
        }
        // Every task is polled at every round, so the round's agenda is waker enough.
        self.shared.agenda.note(self.deadline);
        Poll::Pending
    }
}
