//! The collector over plain sockets.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::*;

/// Only reached where something is broken.
const LONG: Duration = Duration::from_secs(30);

const BODY: &str = r#"{"visitors":[
    {"visitorId":"a","events":[{"eventType":"bucketing","data":{"n":1}},{"eventType":"conversion","data":{"n":2}}]},
    {"visitorId":"b","events":[{"eventType":"bucketing","data":{"n":3}}]}]}"#;

fn connect(collector: &Collector) -> TcpStream {
    let stream = TcpStream::connect(collector.address()).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream
}

fn post(mut stream: &TcpStream, agent: &str, extra: &str) {
    let length = BODY.len();
    // In one piece: a server that hangs up after the head must not meet a client that still writes.
    let request =
        format!("POST /v1/track/key HTTP/1.1\r\nUser-Agent: {agent}\r\nContent-Length: {length}\r\n{extra}\r\n{BODY}");
    stream.write_all(request.as_bytes()).unwrap();
}

fn get(mut stream: &TcpStream, extra: &str) {
    stream.write_all(format!("GET /api/v1/config/key?a=b HTTP/1.1\r\n{extra}\r\n").as_bytes()).unwrap();
}

/// Status and body of one answer with a length.
fn answer(mut stream: &TcpStream) -> (u16, String) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (head[9..12].parse().unwrap(), String::from_utf8(body).unwrap())
}

/// Everything until the connection ends, by whatever means.
fn rest(mut stream: &TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    all
}

#[test]
fn events_are_accepted_and_connections_kept() {
    let collector = Collector::start().unwrap();
    let stream = connect(&collector);
    for _ in 0..3 {
        post(&stream, "ConvertAgent/1.0", "");
        assert_eq!(answer(&stream), (200, "{}".to_owned()));
    }
    assert!(collector.wait_for_events(9, LONG));
    assert_eq!((collector.event_count(), collector.connection_count()), (9, 1));
    let events = collector.events();
    assert_eq!(events.len(), 9);
    assert_eq!(
        (events[1].visitor_id(), events[1].event_type(), &events[1].data()["n"]),
        ("a", "conversion", &2.into())
    );
    let request = &collector.requests()[0];
    assert_eq!((request.method(), request.path(), request.status()), ("POST", "/v1/track/key", Some(200)));
    assert_eq!((request.visitor_count(), request.event_count(), request.body()), (2, 3, BODY.as_bytes()));
}

#[test]
fn strange_agents_get_200_and_are_discarded() {
    let collector = Collector::start().unwrap();
    let stream = connect(&collector);
    post(&stream, "curl/8", "");
    assert_eq!(answer(&stream).0, 200);
    assert_eq!(collector.event_count(), 0);
    assert!(!collector.requests()[0].is_accepted());
    assert!(!collector.wait_for_events(1, Duration::ZERO));
}

#[test]
fn configs_are_served_with_a_tag() {
    let collector = Collector::start().unwrap();
    let stream = connect(&collector);
    get(&stream, "");
    assert_eq!(answer(&stream).0, 404);
    collector.serve_config("{\"a\":1}");
    get(&stream, "");
    assert_eq!(answer(&stream), (200, "{\"a\":1}".to_owned()));
    get(&stream, "If-None-Match: \"1\"\r\n");
    assert_eq!(answer(&stream), (304, String::new()));
    collector.serve_config("{\"a\":2}");
    get(&stream, "If-None-Match: \"1\"\r\n");
    assert_eq!(answer(&stream), (200, "{\"a\":2}".to_owned()));
    assert_eq!(collector.requests()[3].query(), Some("a=b"));
}

#[test]
fn faults_queue_up_per_route_and_end_at_recovery() {
    let collector = Collector::start().unwrap();
    collector.fail_always(Route::Track, Fault::Status(500));
    collector.fail_once(Route::Track, Fault::RetryAfter { status: 429, value: "7".to_owned() });
    collector.fail_once(Route::Track, Fault::Status(202));
    let stream = connect(&collector);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        post(&stream, "ConvertAgent/1.0", "");
        statuses.push(answer(&stream).0);
    }
    collector.recover();
    post(&stream, "ConvertAgent/1.0", "");
    statuses.push(answer(&stream).0);
    assert_eq!(statuses, [429, 202, 500, 500, 200]);
    assert_eq!(collector.event_count(), 6, "those of the 202 and the 200");
    get(&stream, "");
    assert_eq!(answer(&stream).0, 404, "the other route has no fault");
}

#[test]
fn broken_connections_break_where_they_should() {
    let cases = [
        (Fault::ResetBeforeBody, 0, 0, false),
        (Fault::ResetMidBody, BODY.len() / 2, 0, false),
        (Fault::ResetAfterBody, BODY.len(), 0, false),
        (Fault::LostAnswer, BODY.len(), 0, true),
        (Fault::Garbage, BODY.len(), 23, false),
    ];
    for (fault, read, answered, accepted) in cases {
        let collector = Collector::start().unwrap();
        collector.fail_once(Route::Track, fault.clone());
        let stream = connect(&collector);
        post(&stream, "ConvertAgent/1.0", "");
        assert_eq!(rest(&stream).len(), answered, "{fault:?}");
        let request = &collector.requests()[0];
        assert_eq!(
            (request.body().len(), request.is_accepted(), request.status()),
            (read, accepted, None),
            "{fault:?}"
        );
    }
}

#[test]
fn cut_and_oversized_answers_were_accepted() {
    let collector = Collector::start().unwrap();
    collector.fail_once(Route::Track, Fault::CutAnswer);
    collector.fail_once(Route::Track, Fault::Oversized { bytes: 100_000, announced: true });
    collector.fail_once(Route::Track, Fault::Oversized { bytes: 100_000, announced: false });
    let mut lengths = Vec::new();
    for _ in 0..3 {
        let stream = connect(&collector);
        post(&stream, "ConvertAgent/1.0", "");
        let all = rest(&stream);
        let head = all.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        lengths.push((all.len() - head, all.windows(14).any(|window| window == b"Content-Length")));
    }
    assert_eq!(lengths, [(7, true), (100_000, true), (100_000, false)]);
    assert_eq!(collector.event_count(), 9);
}

#[test]
fn held_requests_are_answered_at_recovery_and_hung_ones_dropped() {
    let collector = Collector::start().unwrap();
    collector.fail_once(Route::Track, Fault::Hold);
    collector.fail_once(Route::Track, Fault::Hang);
    let held = connect(&collector);
    post(&held, "ConvertAgent/1.0", "");
    assert!(collector.wait_for_requests(1, LONG));
    let hung = connect(&collector);
    post(&hung, "ConvertAgent/1.0", "");
    assert!(collector.wait_for_requests(2, LONG));
    assert_eq!(collector.event_count(), 0);
    collector.recover();
    assert_eq!(answer(&held).0, 200);
    assert!(rest(&hung).is_empty());
    assert_eq!(collector.event_count(), 3);
}

#[test]
fn clients_may_ask_to_continue_and_to_close() {
    let collector = Collector::start().unwrap();
    let stream = connect(&collector);
    post(&stream, "ConvertAgent/1.0", "Expect: 100-continue\r\nConnection: close\r\n");
    assert_eq!(answer(&stream).0, 100);
    assert_eq!(answer(&stream).0, 200);
    assert!(rest(&stream).is_empty());
}

#[test]
fn dropping_it_ends_hung_and_idle_connections() {
    let collector = Collector::start().unwrap();
    collector.fail_always(Route::Track, Fault::Hang);
    let (idle, hung) = (connect(&collector), connect(&collector));
    post(&hung, "ConvertAgent/1.0", "");
    assert!(collector.wait_for_requests(1, LONG));
    drop(collector);
    assert!(rest(&idle).is_empty());
    assert!(rest(&hung).is_empty());
}

#[test]
fn connections_are_bounded() {
    let collector = Collector::start().unwrap();
    let streams: Vec<TcpStream> = (0..80).map(|_| connect(&collector)).collect();
    // The last one is beyond the bound, so it ends without a request.
    assert!(rest(&streams[79]).is_empty());
    post(&streams[0], "ConvertAgent/1.0", "");
    assert_eq!(answer(&streams[0]).0, 200);
    assert_eq!(collector.connection_count(), 64);
}
