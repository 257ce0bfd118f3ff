//! Config and preview requests: one at a time per kind, the kinds side by side.

use std::collections::VecDeque;
use std::task::{Context, Poll};
use std::time::Duration;

use super::agenda::Agenda;
use super::flight::{Answer, Flight};
use crate::completion::Completer;
use crate::transport::{AsyncTransport, Request};

/// A request and who waits for its answer.
#[derive(Debug)]
pub(super) struct Fetch {
    pub(super) request: Request,
    pub(super) done: Completer<Answer>,
}

/// The requests of one kind.
#[derive(Default)]
pub(super) struct Lane {
    waiting: VecDeque<Fetch>,
    under_way: Option<(Flight, Completer<Answer>)>,
}

impl Lane {
    pub(super) fn push(&mut self, fetch: Fetch) {
        self.waiting.push_back(fetch);
    }

    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        transport: &dyn AsyncTransport,
        now: Duration,
        agenda: &Agenda,
    ) {
        loop {
            let (mut flight, done) = match self.under_way.take() {
                Some(under_way) => under_way,
                None => {
                    let Some(fetch) = self.waiting.pop_front() else { return };
                    if !fetch.done.is_awaited() {
                        continue;
                    }
                    (Flight::start(transport, fetch.request, now), fetch.done)
                }
            };
            match flight.poll(cx, now, agenda) {
                Poll::Ready(answer) => done.complete(answer),
                Poll::Pending => {
                    self.under_way = Some((flight, done));
                    return;
                }
            }
        }
    }
}
