//! A loopback stand-in for the config and metrics endpoints.

mod fault;
mod record;
mod server;
mod wire;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub use self::fault::{Fault, Route};
pub use self::record::{CollectedEvent, CollectedRequest};

/// An HTTP server on this machine that serves a config, takes tracking events, and fails as it is told.
///
/// It speaks HTTP/1.1 with connections kept alive, on threads of its own, which end when it is dropped. Like the real
/// metrics endpoint it answers 200 to, and discards, what does not come from the user agent `ConvertAgent/1.0`.
///
/// ```
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
/// use std::time::Duration;
///
/// use convert_core::testing::Collector;
///
/// let collector = Collector::start()?;
/// let body = r#"{"visitors":[{"visitorId":"v1","events":[{"eventType":"bucketing","data":{}}]}]}"#;
/// let mut stream = TcpStream::connect(collector.address())?;
/// write!(
///     stream,
///     "POST /v1/track/key HTTP/1.1\r\nUser-Agent: ConvertAgent/1.0\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
///     body.len(),
/// )?;
/// assert!(collector.wait_for_events(1, Duration::from_secs(10)));
/// assert_eq!(collector.events()[0].visitor_id(), "v1");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Collector {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl Collector {
    /// Starts a collector on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port or no thread can be had.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let acceptor = thread::Builder::new().name("convert-collector".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || server::accept(&listener, &shared)
        })?;
        Ok(Self { address, shared, acceptor: Some(acceptor) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base to use as the config endpoint, such as `http://127.0.0.1:49152/api/v1`.
    #[must_use]
    pub fn config_endpoint(&self) -> String {
        format!("http://{}/api/v1", self.address)
    }

    /// The base to use as the track endpoint, such as `http://127.0.0.1:49152/v1`.
    #[must_use]
    pub fn track_endpoint(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Serves this text for every config request from now on, with an `ETag` of its own. Without one the answer is 404.
    pub fn serve_config(&self, json: impl Into<String>) {
        let mut state = self.shared.lock();
        state.config_version += 1;
        state.config = Some(json.into());
    }

    /// Fails the next request of a route that has no earlier fault waiting for it. Faults queue up.
    pub fn fail_once(&self, route: Route, fault: Fault) {
        self.shared.lock().once.push_back((route, fault));
    }

    /// Fails every request of a route until [`recover`](Self::recover), after those that
    /// [`fail_once`](Self::fail_once) queued.
    pub fn fail_always(&self, route: Route, fault: Fault) {
        self.shared.lock().always.insert(route, fault);
    }

    /// Ends all faults: forgets those that wait, answers what [`Fault::Hold`] holds, and drops what hangs.
    pub fn recover(&self) {
        let mut state = self.shared.lock();
        state.once.clear();
        state.always.clear();
        state.recoveries += 1;
        drop(state);
        self.shared.changed.notify_all();
    }

    /// All requests so far, in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<CollectedRequest> {
        self.shared.lock().requests.clone()
    }

    /// The events of all accepted requests, in order of arrival. One that was sent twice is in it twice.
    #[must_use]
    pub fn events(&self) -> Vec<CollectedEvent> {
        self.shared.lock().requests.iter().filter(|request| request.is_accepted()).flat_map(record::events_of).collect()
    }

    /// How many events were accepted so far.
    #[must_use]
    pub fn event_count(&self) -> usize {
        self.shared.lock().event_count()
    }

    /// How many connections were opened so far.
    #[must_use]
    pub fn connection_count(&self) -> usize {
        self.shared.lock().connections
    }

    /// Waits until no connection is open. False when `timeout` passed before.
    #[must_use]
    pub fn wait_for_close(&self, timeout: Duration) -> bool {
        self.shared.wait(timeout, |state| state.streams.is_empty())
    }

    /// Waits until at least `count` events were accepted. False when `timeout` passed before.
    #[must_use]
    pub fn wait_for_events(&self, count: usize, timeout: Duration) -> bool {
        self.shared.wait(timeout, |state| state.event_count() >= count)
    }

    /// Waits until at least `count` requests arrived. False when `timeout` passed before.
    #[must_use]
    pub fn wait_for_requests(&self, count: usize, timeout: Duration) -> bool {
        self.shared.wait(timeout, |state| state.requests.len() >= count)
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Closes all connections and waits for the threads.
impl Drop for Collector {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stopping = true;
        for stream in state.streams.values() {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        drop(state);
        self.shared.changed.notify_all();
        // The acceptor sees that it is to stop when a connection wakes it.
        if TcpStream::connect(self.address).is_ok() {
            if let Some(acceptor) = self.acceptor.take() {
                let _ = acceptor.join();
            }
        }
    }
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    stopping: bool,
    config: Option<String>,
    config_version: u64,
    once: VecDeque<(Route, Fault)>,
    always: HashMap<Route, Fault>,
    /// Counts calls of `recover`, for those who wait for one.
    recoveries: u64,
    requests: Vec<CollectedRequest>,
    connections: usize,
    /// The open connections, so that they can be closed from outside.
    streams: HashMap<usize, TcpStream>,
}

impl State {
    fn event_count(&self) -> usize {
        self.requests.iter().filter(|request| request.is_accepted()).map(CollectedRequest::event_count).sum()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, timeout: Duration, done: impl Fn(&State) -> bool) -> bool {
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.lock();
        while !done(&state) {
            let left = deadline.map_or(timeout, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() || state.stopping {
                return false;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

#[cfg(test)]
mod tests;
