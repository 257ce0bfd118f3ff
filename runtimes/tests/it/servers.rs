//! Servers that are told to stop by SIGTERM, with requests under way.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::Command;

use convert_core::testing::{Collector, Fault, Route};

use crate::process::{PATIENCE, Process, collector, connect, program, read_line};

/// As the document has it: by the program that counts, and ended by Ctrl-C, which all of them get.
#[test]
fn a_service_that_is_tried_by_hand_delivers_at_ctrl_c() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_collector"));
    command.arg(env!("CARGO_BIN_EXE_service")).process_group(0);
    let mut process = Process::start(command);
    let mut stream = connect(&process.address());
    stream.write_all(b"ada\n").unwrap();
    assert_eq!(read_line(&stream), "true");
    process.signal_group("INT");
    let ended = process.end();
    assert!(ended.status.success(), "{}", ended.log);
    assert!(
        ended.output.ends_with("closed: 1 delivered, 0 dropped, 0 pending\n1 events arrived\n"),
        "{}",
        ended.output
    );
}

#[test]
fn a_service_ends_what_it_has_begun_and_then_closes() {
    let collector = collector();
    let mut process = Process::start(program(env!("CARGO_BIN_EXE_service"), &collector));
    let address = process.address();
    for n in 0..3 {
        let mut stream = connect(&address);
        writeln!(stream, "visitor-{n}").unwrap();
        assert_eq!(read_line(&stream), "true");
    }
    // Connected and heard, but not through with its line yet.
    let mut open = connect(&address);
    open.write_all(b"visitor-").unwrap();
    // Accepted in order: once the next one is answered, the open one is being served.
    let mut last = connect(&address);
    last.write_all(b"visitor-4\n").unwrap();
    assert_eq!(read_line(&last), "true");
    process.signal("TERM");
    open.write_all(b"3\n").unwrap();
    assert_eq!(read_line(&open), "true");
    let ended = process.end();
    assert!(ended.status.success(), "{}", ended.log);
    assert!(ended.output.contains("5 delivered, 0 dropped, 0 pending"), "{}", ended.output);
    assert_eq!(collector.event_count(), 5);
}

/// The container, told its port as the platforms do; where it can be reached from this machine.
fn container(collector: &Collector) -> (Process, String) {
    let mut command = program(env!("CARGO_BIN_EXE_cloud_run"), collector);
    command.env("PORT", "0");
    let mut process = Process::start(command);
    let address = process.address();
    let port = address.strip_prefix("0.0.0.0:").unwrap_or_else(|| panic!("{address}: out of reach from outside"));
    (process, format!("127.0.0.1:{port}"))
}

fn get(address: &str) -> String {
    let mut stream = connect(address);
    write!(stream, "GET /buy HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_container_has_delivered_before_it_answers() {
    let collector = collector();
    let (process, address) = container(&collector);
    for n in 1..=3 {
        assert!(get(&address).ends_with("bought"));
        assert_eq!(collector.event_count(), n, "no CPU from here on");
    }
    // One fails: it is answered all the same, and its event goes with the next request's.
    collector.fail_once(Route::Track, Fault::Status(503));
    assert!(get(&address).ends_with("bought"));
    assert_eq!(collector.event_count(), 3);
    assert!(get(&address).ends_with("bought"));
    assert_eq!(collector.event_count(), 5);
    process.signal("TERM");
    assert!(process.end().status.success());
}

#[test]
fn a_container_that_is_stopped_answers_and_delivers_what_is_under_way() {
    let collector = collector();
    let (process, address) = container(&collector);
    collector.fail_always(Route::Track, Fault::Hold);
    let under_way = std::thread::spawn(move || get(&address));
    // The handler waits for its flush: the config's request, and the tracking request.
    assert!(collector.wait_for_requests(2, PATIENCE));
    process.signal("TERM");
    collector.recover();
    assert!(under_way.join().unwrap().ends_with("bought"));
    let ended = process.end();
    assert!(ended.status.success(), "{}", ended.log);
    assert_eq!(collector.event_count(), 1);
}
