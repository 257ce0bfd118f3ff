//! As much of HTTP/1.1 as the collector needs.

use std::io::{self, BufRead, Read, Write};

use super::record::CollectedRequest;

const MAX_HEAD: u64 = 64 * 1024;
const MAX_BODY: usize = 256 * 1024 * 1024;

/// Where a request's body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(usize),
    Chunked,
}

/// Reads up to the empty line; `None` at the end of the connection.
pub(super) fn read_head(reader: &mut impl BufRead) -> io::Result<Option<CollectedRequest>> {
    // A TLS client that came to the wrong place sends no line end to wait for.
    if reader.fill_buf()?.first().is_some_and(|first| !first.is_ascii_alphabetic()) {
        return Err(malformed("method"));
    }
    let mut reader = reader.take(MAX_HEAD);
    let Some(first) = read_line(&mut reader)? else { return Ok(None) };
    let mut parts = first.split(' ');
    let (Some(method), Some(target), Some(version)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(malformed("request line"));
    };
    if !version.starts_with("HTTP/1.") {
        return Err(malformed("version"));
    }
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (target, None),
    };
    let mut headers = Vec::new();
    loop {
        let line = read_line(&mut reader)?.ok_or_else(|| malformed("end of head"))?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| malformed("header"))?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    Ok(Some(CollectedRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        query,
        headers,
        body: Vec::new(),
        status: None,
        accepted: false,
        visitors: 0,
        events: 0,
    }))
}

pub(super) fn framing(request: &CollectedRequest) -> io::Result<Framing> {
    if request.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return Ok(Framing::Chunked);
    }
    let length = request.header("content-length").map_or(Ok(0), str::parse).map_err(|_| malformed("length"))?;
    if length > MAX_BODY { Err(malformed("length")) } else { Ok(Framing::Length(length)) }
}

/// Reads the body, or only the first half of it (of a chunked one: the first chunk).
pub(super) fn read_body(reader: &mut impl BufRead, framing: Framing, half: bool) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    match framing {
        Framing::Length(length) => read_exactly(reader, if half { length / 2 } else { length }, &mut body)?,
        Framing::Chunked => {
            while read_chunk(reader, &mut body)? {
                if half {
                    break;
                }
            }
        }
    }
    Ok(body)
}

/// Reads one chunk, or the last one with the trailers after it: false.
fn read_chunk(reader: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<bool> {
    let line = read_line(reader)?.ok_or_else(|| malformed("chunk"))?;
    let digits = line.split(';').next().unwrap_or_default().trim();
    let size = usize::from_str_radix(digits, 16).map_err(|_| malformed("chunk size"))?;
    if size == 0 {
        while read_line(reader)?.is_some_and(|trailer| !trailer.is_empty()) {}
        return Ok(false);
    }
    if size > MAX_BODY - body.len() {
        return Err(malformed("chunk size"));
    }
    read_exactly(reader, size, body)?;
    match read_line(reader)? {
        Some(end) if end.is_empty() => Ok(true),
        _ => Err(malformed("chunk end")),
    }
}

fn read_exactly(reader: &mut impl BufRead, length: usize, body: &mut Vec<u8>) -> io::Result<()> {
    let read = reader.take(length as u64).read_to_end(body)?;
    if read == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// A line without its end; `None` at the end of the connection.
fn read_line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let limited = &mut reader.take(MAX_HEAD);
    if limited.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).map(Some).map_err(|_| malformed("text"))
}

fn malformed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// An answer. `length` may differ from the body's, to be wrong on purpose; `None` leaves its end to the connection's.
pub(super) fn write_response(
    mut stream: impl Write,
    status: u16,
    headers: &[(&str, &str)],
    body: &[u8],
    length: Option<usize>,
) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} {}\r\n", if status < 400 { "Fine" } else { "Failed" });
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let has_body = status != 204 && status != 304;
    match length {
        Some(length) if has_body => {
            head.push_str(&format!("Content-Type: application/json\r\nContent-Length: {length}\r\n"))
        }
        Some(_) => {}
        None => head.push_str("Connection: close\r\n"),
    }
    head.push_str("\r\n");
    let mut whole = head.into_bytes();
    if has_body {
        whole.extend_from_slice(body);
    }
    stream.write_all(&whole)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> io::Result<(CollectedRequest, Vec<u8>)> {
        let mut reader = Cursor::new(text.as_bytes());
        let request = read_head(&mut reader)?.unwrap();
        let body = read_body(&mut reader, framing(&request)?, false)?;
        Ok((request, body))
    }

    #[test]
    fn a_request_with_a_length_is_read() {
        let (request, body) =
            read("POST /v1/track/k?a=b HTTP/1.1\r\nHost: h\r\ncontent-length: 3\r\n\r\nabcdef").unwrap();
        assert_eq!((request.method(), request.path(), request.query()), ("POST", "/v1/track/k", Some("a=b")));
        assert_eq!(request.header("HOST"), Some("h"));
        assert_eq!(body, b"abc");
    }

    #[test]
    fn a_chunked_request_is_read() {
        let text = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
        assert_eq!(read(text).unwrap().1, b"abc0123456789");
    }

    #[test]
    fn malformed_requests_are_errors() {
        for text in [
            "\u{16}\u{3}\u{1}",
            "GET\r\n\r\n",
            "GET / HTTP/2\r\n\r\n",
            "GET / HTTP/1.1\r\nbroken\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: h\r\n",
            "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 9999999999\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
        ] {
            assert!(read(text).is_err(), "{text:?}");
        }
        assert!(read_head(&mut Cursor::new(b"")).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let mut reader = Cursor::new(&bytes);
            if let Ok(Some(request)) = read_head(&mut reader) {
                if let Ok(framing) = framing(&request) {
                    let _ = read_body(&mut reader, framing, false);
                }
            }
            let _ = read_body(&mut Cursor::new(&bytes), Framing::Chunked, false);
        }
    }
}
