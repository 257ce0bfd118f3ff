//! A transport that answers as a test tells it.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::completion::lock;
use crate::transport::{AsyncTransport, BoxFuture, Request, RequestKind, Response, TransportError};

/// How a [`RecordingTransport`] meets one request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Answer {
    /// An answer.
    Respond(Response),
    /// No connection comes about: the request is surely not sent.
    Unreachable,
    /// The connection breaks before the answer: the request may have been sent.
    Reset,
    /// No answer until [`RecordingTransport::release`], or for ever.
    Hang,
    /// The transport itself panics.
    Panic,
}

impl Answer {
    /// An answer with this status and nothing else.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Respond(Response::new(status))
    }

    /// The answer 200 with this body: a config, for instance.
    #[must_use]
    pub fn body(body: impl Into<Vec<u8>>) -> Self {
        Self::Respond(Response::new(200).body(body))
    }
}

/// Records every request and answers by script. Clones share the record and the script.
///
/// Without a script each request is answered with 200 and an empty body.
///
/// ```
/// use convert_core::{RequestKind, testing::{Answer, RecordingTransport}};
///
/// let transport = RecordingTransport::new();
/// transport.script(RequestKind::Tracking, [Answer::status(503), Answer::Reset]);
/// // Two failures, and 200 from then on. Pass a clone to the core, and look at the record in this one:
/// assert!(transport.requests(RequestKind::Tracking).is_empty());
/// ```
#[derive(Clone, Default)]
pub struct RecordingTransport {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    requests: Vec<Request>,
    script: Vec<(RequestKind, VecDeque<Answer>)>,
    otherwise: Vec<(RequestKind, Answer)>,
    /// Hung requests: what they were released with, and who waits.
    hung: Vec<Hung>,
    next_hung: u64,
    abandoned: usize,
}

struct Hung {
    id: u64,
    kind: RequestKind,
    released: Option<Answer>,
    waker: Option<Waker>,
}

impl fmt::Debug for RecordingTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.shared.state);
        f.debug_struct("RecordingTransport").field("requests", &state.requests).finish_non_exhaustive()
    }
}

impl RecordingTransport {
    /// A transport that answers 200 to everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds answers for the next requests of a kind, in order.
    pub fn script(&self, kind: RequestKind, answers: impl IntoIterator<Item = Answer>) {
        let mut state = lock(&self.shared.state);
        match state.script.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, script)) => script.extend(answers),
            None => state.script.push((kind, answers.into_iter().collect())),
        }
    }

    /// Sets the answer for every request of a kind that no script is left for.
    pub fn otherwise(&self, kind: RequestKind, answer: Answer) {
        let mut state = lock(&self.shared.state);
        state.otherwise.retain(|(known, _)| *known != kind);
        state.otherwise.push((kind, answer));
    }

    /// The requests of a kind so far.
    #[must_use]
    pub fn requests(&self, kind: RequestKind) -> Vec<Request> {
        lock(&self.shared.state).requests.iter().filter(|request| request.kind() == kind).cloned().collect()
    }

    /// The bodies of the requests of a kind so far, as text.
    #[must_use]
    pub fn bodies(&self, kind: RequestKind) -> Vec<String> {
        let body = |request: &Request| String::from_utf8_lossy(request.body().unwrap_or_default()).into_owned();
        self.requests(kind).iter().map(body).collect()
    }

    /// Waits until there are `n` requests of a kind, for `at_most` of real time. Whether there are.
    #[must_use]
    pub fn wait_for(&self, kind: RequestKind, n: usize, at_most: Duration) -> bool {
        let deadline = Instant::now().checked_add(at_most);
        let mut state = lock(&self.shared.state);
        loop {
            if state.requests.iter().filter(|request| request.kind() == kind).count() >= n {
                return true;
            }
            let left = deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return false;
            }
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Answers every hung request of a kind; with [`Answer::Hang`] they hang for good. How many there were.
    pub fn release(&self, kind: RequestKind, answer: &Answer) -> usize {
        let mut wakers = Vec::new();
        let mut state = lock(&self.shared.state);
        for hung in state.hung.iter_mut().filter(|hung| hung.kind == kind && hung.released.is_none()) {
            hung.released = Some(answer.clone());
            wakers.push(hung.waker.take());
        }
        drop(state);
        let released = wakers.len();
        wakers.into_iter().flatten().for_each(Waker::wake);
        released
    }

    /// How many hung requests the SDK gave up waiting for.
    #[must_use]
    pub fn abandoned(&self) -> usize {
        lock(&self.shared.state).abandoned
    }

    /// Records a request and starts to answer it, as one step: whoever waited for the request can release it.
    fn record(&self, request: Request) -> Met {
        let mut state = lock(&self.shared.state);
        let kind = request.kind();
        state.requests.push(request);
        self.shared.changed.notify_all();
        let script = state.script.iter_mut().find(|(known, _)| *known == kind);
        let scripted = script.and_then(|(_, answers)| answers.pop_front());
        let otherwise = || state.otherwise.iter().find(|(known, _)| *known == kind).map(|(_, answer)| answer.clone());
        match scripted.or_else(otherwise).unwrap_or_else(|| Answer::status(200)) {
            Answer::Hang => Met::Hung(self.hang(&mut state, kind)),
            answer => Met::With(answer),
        }
    }

    fn hang(&self, state: &mut State, kind: RequestKind) -> HungRequest {
        let id = state.next_hung;
        state.next_hung = id.wrapping_add(1);
        state.hung.push(Hung { id, kind, released: None, waker: None });
        HungRequest { shared: Arc::clone(&self.shared), id }
    }
}

enum Met {
    With(Answer),
    Hung(HungRequest),
}

impl AsyncTransport for RecordingTransport {
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, TransportError>> {
        let met = self.record(request);
        Box::pin(async move {
            let answer = match met {
                Met::With(answer) => answer,
                Met::Hung(hung) => hung.await,
            };
            match answer {
                Answer::Respond(response) => Ok(response),
                Answer::Unreachable => Err(TransportError::not_sent("scripted: unreachable")),
                Answer::Reset => Err(TransportError::ambiguous("scripted: connection reset")),
                Answer::Hang => pending().await,
                #[expect(clippy::panic, reason = "a test asked for it")]
                Answer::Panic => panic!("scripted panic of the transport"),
            }
        })
    }
}

struct HungRequest {
    shared: Arc<Shared>,
    id: u64,
}

impl Future for HungRequest {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        let mut state = lock(&self.shared.state);
        let Some(hung) = state.hung.iter_mut().find(|hung| hung.id == self.id) else { return Poll::Pending };
        match hung.released.take() {
            Some(answer) => {
                state.hung.retain(|hung| hung.id != self.id);
                Poll::Ready(answer)
            }
            None => {
                hung.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for HungRequest {
    fn drop(&mut self) {
        let mut state = lock(&self.shared.state);
        let before = state.hung.len();
        state.hung.retain(|hung| hung.id != self.id);
        if state.hung.len() < before {
            state.abandoned = state.abandoned.saturating_add(1);
        }
    }
}
