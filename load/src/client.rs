//! Clients at full speed, some of which go away in the middle.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::outcome::{Answered, Served};
use crate::server::path;

/// Longer than any answer takes: where it is reached, the request was not answered.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks until the server accepts no more connections.
pub(crate) fn ask_until_refused(address: SocketAddr, next: &AtomicU64, mut random: fastrand::Rng) -> Served {
    let mut served = Served::default();
    while let Ok(stream) = TcpStream::connect(address) {
        // Without these a client could wait for ever; a socket that refuses them is as good as refused.
        if stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_nodelay(true)).is_err() {
            break;
        }
        let mut connection = BufReader::new(stream);
        loop {
            let id = next.fetch_add(1, Ordering::Relaxed);
            let answered = ask(&mut connection, id, &mut random);
            served.requests.push((id, answered));
            if answered != Answered::Well {
                break;
            }
        }
    }
    served
}

fn ask(connection: &mut BufReader<TcpStream>, id: u64, random: &mut fastrand::Rng) -> Answered {
    let path = path(id);
    let request = format!("GET {path} HTTP/1.1\r\nHost: shop.example\r\nCookie: convert_visitor_id=load-{id}\r\n\r\n");
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
        return Answered::Never;
    }
    answer(connection)
}

fn answer(connection: &mut BufReader<TcpStream>) -> Answered {
    let mut status = String::new();
    match connection.read_line(&mut status) {
        Ok(0) => return Answered::Never,
        Err(error) if status.is_empty() && error.kind() != ErrorKind::WouldBlock => return Answered::Never,
        Err(_) => return Answered::CutOff,
        Ok(_) => {}
    }
    let Some(length) = body_length(connection) else { return Answered::CutOff };
    let mut body = vec![0; length];
    if connection.read_exact(&mut body).is_err() {
        return Answered::CutOff;
    }
    // While the core closes it refuses events, and counts them.
    let is_well = status.starts_with("HTTP/1.1 200 ") && body == b"decided queued";
    if is_well { Answered::Well } else { Answered::Badly }
}

fn body_length(connection: &mut impl BufRead) -> Option<usize> {
    let mut length = None;
    loop {
        let mut line = String::new();
        connection.read_line(&mut line).ok().filter(|read| *read > 0)?;
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse().ok(),
            Some(_) => {}
            None => return length,
        }
    }
}
