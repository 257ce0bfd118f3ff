//! A stand-in for the Lambda runtime API: hands out invocations one at a time, and takes the answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::process::PATIENCE;

pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    invocations: Sender<String>,
    answers: Receiver<String>,
}

impl RuntimeApi {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (invocations, next) = channel();
        let (answered, answers) = channel();
        let next = Arc::new(Mutex::new(next));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (next, answered) = (Arc::clone(&next), answered.clone());
                thread::spawn(move || serve(stream, &next, &answered));
            }
        });
        Self { address, invocations, answers }
    }

    /// Invokes the function for a visitor; what it answered.
    pub(crate) fn invoke(&self, visitor: &str) -> String {
        self.invocations.send(visitor.to_owned()).unwrap();
        self.answers.recv_timeout(PATIENCE).unwrap()
    }

    /// Invokes the function, and does not wait.
    pub(crate) fn begin(&self, visitor: &str) {
        self.invocations.send(visitor.to_owned()).unwrap();
    }

    pub(crate) fn answer(&self) -> String {
        self.answers.recv_timeout(PATIENCE).unwrap()
    }
}

/// An event of an HTTP API, format 2.0.
fn event(visitor: &str) -> String {
    format!(
        r#"{{"version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": "visitor={visitor}",
            "headers": {{}}, "queryStringParameters": {{"visitor": "{visitor}"}}, "isBase64Encoded": false,
            "requestContext": {{"accountId": "1", "apiId": "a", "domainName": "d", "domainPrefix": "d",
                "http": {{"method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "t"}},
                "requestId": "r", "routeKey": "$default", "stage": "$default", "time": "01/Jan/2024:00:00:00 +0000",
                "timeEpoch": 1704067200000}}}}"#
    )
}

fn serve(stream: TcpStream, next: &Mutex<Receiver<String>>, answered: &Sender<String>) {
    let mut stream = BufReader::new(stream);
    let mut number = 0;
    while let Some((path, body)) = request(&mut stream) {
        if path.ends_with("/invocation/next") {
            let Ok(visitor) = next.lock().unwrap().recv() else { return };
            number += 1;
            let event = event(&visitor);
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: {number}\r\n\
                 Lambda-Runtime-Deadline-Ms: 9999999999999\r\nLambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:x\r\n\
                 Content-Length: {}\r\n\r\n",
                event.len()
            );
            stream.get_mut().write_all(format!("{head}{event}").as_bytes()).unwrap();
        } else {
            let _ = answered.send(body);
            stream.get_mut().write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n").unwrap();
        }
    }
}

/// The path and body of the next request; `None` at the connection's end.
fn request(stream: &mut BufReader<TcpStream>) -> Option<(String, String)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.to_ascii_lowercase();
    let path = head.split(' ').nth(1)?.to_owned();
    let mut body = Vec::new();
    if head.contains("transfer-encoding: chunked") {
        loop {
            let mut length = String::new();
            stream.read_line(&mut length).ok()?;
            let length = usize::from_str_radix(length.trim(), 16).ok()?;
            let start = body.len();
            body.resize(start + length, 0);
            stream.read_exact(&mut body[start..]).ok()?;
            stream.read_line(&mut String::new()).ok()?;
            if length == 0 {
                break;
            }
        }
    } else if let Some(length) = head.lines().find_map(|line| line.strip_prefix("content-length: ")) {
        body.resize(length.trim().parse().ok()?, 0);
        stream.read_exact(&mut body).ok()?;
    }
    Some((path, String::from_utf8(body).ok()?))
}
