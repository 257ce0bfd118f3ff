//! As much of HTTP as a WebDriver on this machine needs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::Failure;

/// How long the driver may take for one command; starting a browser is the longest.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Sends a command, and answers with the `value` of its answer.
pub(super) fn command(port: u16, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    // The driver keeps the connection open whatever it is asked: the length says where the answer ends.
    let mut answer = BufReader::new(stream);
    let (status, length) = read_head(&mut answer)?;
    let mut body = vec![0; length];
    answer.read_exact(&mut body)?;
    let body: Value =
        serde_json::from_slice(&body).map_err(|error| Failure::new(format!("{method} {path}: {error}")))?;
    let value = body.get("value").cloned().unwrap_or_default();
    if status.contains(" 200 ") {
        return Ok(value);
    }
    let message = value.get("message").and_then(Value::as_str).unwrap_or("failed");
    Err(Failure::new(format!("{method} {path}: {}", message.lines().next().unwrap_or_default())))
}

/// The status line, and the length of the body.
fn read_head(answer: &mut impl BufRead) -> Result<(String, usize), Failure> {
    let (mut status, mut length) = (String::new(), 0);
    answer.read_line(&mut status)?;
    loop {
        let mut line = String::new();
        answer.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { return Ok((status, length)) };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(|_| Failure::new("the answer's length is no number"))?;
        }
    }
}
