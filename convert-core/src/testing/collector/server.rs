//! The collector's threads: one that accepts, and one per connection.

use std::io::{self, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::fault::{Fault, Route};
use super::record::CollectedRequest;
use super::{Shared, wire};

/// More connections than any one client opens; those beyond are closed at once.
const MAX_CONNECTIONS: usize = 64;

/// Whether a connection may carry another request.
enum Next {
    KeepAlive,
    Close,
}

pub(super) fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    for stream in listener.incoming() {
        if shared.lock().stopping {
            break;
        }
        threads.retain(|thread| !thread.is_finished());
        let Ok(stream) = stream else { continue };
        let Some(id) = register(shared, &stream) else { continue };
        let spawned = thread::Builder::new().name("convert-collector-connection".to_owned()).spawn({
            let shared = Arc::clone(shared);
            move || {
                // A connection that breaks is an ordinary end here.
                let _ = serve(&stream, &shared);
                let _ = stream.shutdown(Shutdown::Both);
                shared.lock().streams.remove(&id);
                shared.changed.notify_all();
            }
        });
        match spawned {
            Ok(thread) => threads.push(thread),
            Err(_) => drop(shared.lock().streams.remove(&id)),
        }
    }
    for thread in threads {
        let _ = thread.join();
    }
}

/// Counts the connection in and keeps a handle to close it from outside; `None` where there is no room.
fn register(shared: &Shared, stream: &TcpStream) -> Option<usize> {
    let _ = stream.set_nodelay(true);
    let handle = stream.try_clone().ok()?;
    let mut state = shared.lock();
    if state.stopping || state.streams.len() >= MAX_CONNECTIONS {
        return None;
    }
    state.connections += 1;
    let id = state.connections;
    state.streams.insert(id, handle);
    Some(id)
}

fn serve(stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let request = match wire::read_head(&mut reader) {
            Ok(Some(request)) => request,
            Ok(None) => break,
            Err(error) => {
                // Broken connections do not take it, and strange clients learn where they are.
                return wire::write_response(stream, 400, &[], b"", None).and(Err(error));
            }
        };
        let mut exchange = Exchange { stream, shared, arrived: 0, recoveries: 0, route: request.route() };
        match exchange.run(request, &mut reader)? {
            Next::KeepAlive => {}
            Next::Close => break,
        }
    }
    Ok(())
}

/// One request and what becomes of it.
struct Exchange<'a> {
    stream: &'a TcpStream,
    shared: &'a Shared,
    /// The request's place in the list of those that arrived.
    arrived: usize,
    /// How often faults were ended before this request's was chosen.
    recoveries: u64,
    route: Option<Route>,
}

impl Exchange<'_> {
    fn run(&mut self, mut request: CollectedRequest, reader: &mut BufReader<&TcpStream>) -> io::Result<Next> {
        let fault = self.next_fault();
        let framing = wire::framing(&request)?;
        if request.header("expect").is_some() && fault != Some(Fault::ResetBeforeBody) {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        match fault {
            Some(Fault::ResetBeforeBody) => {
                self.record(request);
                return Ok(Next::Close);
            }
            Some(Fault::ResetMidBody) => {
                request.body = wire::read_body(reader, framing, true)?;
                self.record(request);
                return Ok(Next::Close);
            }
            _ => request.set_body(wire::read_body(reader, framing, false)?),
        }
        let last = request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let tag = request.header("if-none-match").map(str::to_owned);
        let welcome = request.is_welcome();
        self.record(request);
        let next = self.answer(fault, tag.as_deref(), welcome)?;
        Ok(if last { Next::Close } else { next })
    }

    fn answer(&self, fault: Option<Fault>, tag: Option<&str>, welcome: bool) -> io::Result<Next> {
        match fault {
            None => self.ordinary(tag, welcome),
            Some(Fault::Slow(pause)) => {
                self.pause(pause);
                self.ordinary(tag, welcome)
            }
            Some(Fault::Hold) if self.is_recovered_in_time() => self.ordinary(tag, welcome),
            Some(Fault::Hold) => Ok(Next::Close),
            Some(Fault::Hang) => {
                self.is_recovered_in_time();
                Ok(Next::Close)
            }
            Some(Fault::Status(status)) => self.respond(status, &[], b"{}", welcome && (200..300).contains(&status)),
            Some(Fault::RetryAfter { status, value }) => self.respond(status, &[("Retry-After", &value)], b"{}", false),
            Some(Fault::Redirect { status, location }) => {
                self.respond(status, &[("Location", &location)], b"{}", false)
            }
            Some(Fault::Garbage) => {
                let mut stream = self.stream;
                stream.write_all(b"\x16\x03\x00 this is no HTTP\r\n\r\n")?;
                Ok(Next::Close)
            }
            Some(Fault::LostAnswer) => {
                self.settle(None, welcome);
                Ok(Next::Close)
            }
            Some(Fault::CutAnswer) => {
                self.settle(Some(200), welcome);
                wire::write_response(self.stream, 200, &[], b"{\"cut\":", Some(1000))?;
                Ok(Next::Close)
            }
            Some(Fault::StallAnswer) => {
                self.settle(Some(200), welcome);
                wire::write_response(self.stream, 200, &[], b"{\"cut\":", Some(1000))?;
                self.is_recovered_in_time();
                Ok(Next::Close)
            }
            Some(Fault::CloseAfter) => self.ordinary(tag, welcome).map(|_| Next::Close),
            Some(Fault::Oversized { bytes, announced }) => {
                self.settle(Some(200), welcome);
                self.oversized(bytes, announced)?;
                Ok(Next::Close)
            }
            // Both end before the body is read.
            Some(Fault::ResetBeforeBody | Fault::ResetMidBody | Fault::ResetAfterBody) => Ok(Next::Close),
        }
    }

    /// What a sound server answers.
    fn ordinary(&self, tag: Option<&str>, welcome: bool) -> io::Result<Next> {
        match self.route {
            Some(Route::Track) => self.respond(200, &[], b"{}", welcome),
            Some(Route::Config) => {
                let state = self.shared.lock();
                let current = format!("\"{}\"", state.config_version);
                let Some(config) = state.config.clone() else {
                    drop(state);
                    return self.respond(404, &[], b"{}", false);
                };
                drop(state);
                if tag == Some(current.as_str()) {
                    return self.respond(304, &[("ETag", &current)], b"", false);
                }
                self.respond(200, &[("ETag", &current)], config.as_bytes(), false)
            }
            None => self.respond(404, &[], b"{}", false),
        }
    }

    fn oversized(&self, bytes: usize, announced: bool) -> io::Result<()> {
        let mut stream = self.stream;
        wire::write_response(stream, 200, &[], b"", announced.then_some(bytes))?;
        let block = [b' '; 64 * 1024];
        let mut left = bytes;
        while left > 0 {
            let part = block.get(..left).unwrap_or(&block);
            stream.write_all(part)?;
            left -= part.len();
        }
        Ok(())
    }

    fn respond(&self, status: u16, headers: &[(&str, &str)], body: &[u8], accepted: bool) -> io::Result<Next> {
        // Noted before it is written: whoever sees the answer also finds it here.
        self.settle(Some(status), accepted);
        wire::write_response(self.stream, status, headers, body, Some(body.len()))?;
        Ok(Next::KeepAlive)
    }

    fn next_fault(&mut self) -> Option<Fault> {
        let route = self.route?;
        let mut state = self.shared.lock();
        self.recoveries = state.recoveries;
        match state.once.iter().position(|(for_route, _)| *for_route == route) {
            Some(at) => state.once.remove(at).map(|(_, fault)| fault),
            None => state.always.get(&route).cloned(),
        }
    }

    fn record(&mut self, request: CollectedRequest) {
        let mut state = self.shared.lock();
        self.arrived = state.requests.len();
        state.requests.push(request);
        drop(state);
        self.shared.changed.notify_all();
    }

    fn settle(&self, status: Option<u16>, accepted: bool) {
        if let Some(request) = self.shared.lock().requests.get_mut(self.arrived) {
            request.status = status;
            request.accepted = accepted && self.route == Some(Route::Track);
        }
        self.shared.changed.notify_all();
    }

    /// Waits for a `recover` that came after the fault was chosen. False where the collector stops before.
    fn is_recovered_in_time(&self) -> bool {
        let mut state = self.shared.lock();
        while state.recoveries == self.recoveries && !state.stopping {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        !state.stopping
    }

    fn pause(&self, pause: Duration) {
        let _ = self.shared.wait(pause, |state| state.stopping);
    }
}
