//! Clients at full speed, some of which go away in the middle.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::outcome::{Answered, Served};
use crate::server::path;

/// Longer than any answer takes: where it is reached, the request was not answered.
const PATIENCE: Duration = Duration::from_secs(30);

/// What all clients share.
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    /// The next request.
    pub(crate) next: AtomicU64,
    /// Whether the server is being told to stop: set before it is.
    pub(crate) stopping: AtomicBool,
}

impl Load {
    /// What a connection that brought nothing means.
    fn unanswered(&self) -> Answered {
        if self.stopping.load(Ordering::SeqCst) { Answered::Never } else { Answered::Refused }
    }
}

/// Asks until the server accepts no more connections.
pub(crate) fn ask_until_refused(load: &Load, mut random: fastrand::Rng) -> Served {
    let mut served = Served::default();
    while let Some(mut connection) = connect(load.address) {
        loop {
            let id = load.next.fetch_add(1, Ordering::Relaxed);
            let answered = ask(&mut connection, id, load, &mut random);
            served.requests.push((id, answered));
            if answered != Answered::Well {
                break;
            }
        }
    }
    if load.unanswered() == Answered::Refused {
        served.requests.push((load.next.fetch_add(1, Ordering::Relaxed), Answered::Refused));
    }
    served
}

fn connect(address: SocketAddr) -> Option<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address).ok()?;
    // Without these a client could wait for ever; a socket that refuses them is as good as refused.
    stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_nodelay(true)).ok()?;
    Some(BufReader::new(stream))
}

fn ask(connection: &mut BufReader<TcpStream>, id: u64, load: &Load, random: &mut fastrand::Rng) -> Answered {
    // One in four comes for the first time.
    let is_known = random.u8(..) >= 64;
    let cookie = if is_known { format!("Cookie: convert_visitor_id=load-{id}\r\n") } else { String::new() };
    let request = format!("GET {} HTTP/1.1\r\nHost: shop.example\r\n{cookie}\r\n", path(id));
    let stream = connection.get_mut();
    match random.u8(..) {
        // Goes away in the middle of the request, or while it is handled.
        0..=1 => {
            let half = request.as_bytes().get(..request.len() / 2).unwrap_or_default();
            let _ = stream.write_all(half).and_then(|()| stream.shutdown(Shutdown::Both));
            return Answered::LeftAlone;
        }
        2..=5 => {
            let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.shutdown(Shutdown::Both));
            return Answered::LeftAlone;
        }
        _ => {}
    }
    if stream.write_all(request.as_bytes()).is_err() {
        return load.unanswered();
    }
    answer(connection, is_known).unwrap_or_else(|| load.unanswered())
}

/// What the server answers; `None` where that is nothing.
fn answer(connection: &mut BufReader<TcpStream>, is_known: bool) -> Option<Answered> {
    let mut status = String::new();
    match connection.read_line(&mut status) {
        Ok(0) => return None,
        Err(error) if status.is_empty() && error.kind() != ErrorKind::WouldBlock => return None,
        Err(_) => return Some(Answered::CutOff),
        Ok(_) => {}
    }
    let Some(head) = Head::read(connection) else { return Some(Answered::CutOff) };
    let mut body = vec![0; head.length];
    if connection.read_exact(&mut body).is_err() {
        return Some(Answered::CutOff);
    }
    // While the core closes it takes no events, but by then no request is under way. New visitors alone get a cookie.
    let is_well = status.starts_with("HTTP/1.1 200 ") && body == b"decided queued" && head.sets_visitor != is_known;
    Some(if is_well { Answered::Well } else { Answered::Badly })
}

/// What counts in a response's head.
struct Head {
    length: usize,
    sets_visitor: bool,
}

impl Head {
    /// `None` where it is cut off, or says no length.
    fn read(connection: &mut impl BufRead) -> Option<Self> {
        let (mut length, mut sets_visitor) = (None, false);
        loop {
            let mut line = String::new();
            connection.read_line(&mut line).ok().filter(|read| *read > 0)?;
            let Some((name, value)) = line.split_once(':') else { return Some(Self { length: length?, sets_visitor }) };
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse().ok();
            } else if name.eq_ignore_ascii_case("set-cookie") {
                sets_visitor |= value.strip_prefix("convert_visitor_id=").is_some_and(|id| !id.starts_with(';'));
            }
        }
    }
}
