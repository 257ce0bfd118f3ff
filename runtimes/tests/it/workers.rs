//! Long-lived processes with threads, or processes, of their own.

use crate::process::{PATIENCE, Process, collector, program, run};

#[test]
fn events_leave_while_the_workers_go_on_and_the_rest_at_the_end() {
    let collector = collector();
    let mut process = Process::start(program(env!("CARGO_BIN_EXE_workers"), &collector));
    for n in 0..3 {
        process.say(&format!("visitor-{n}"));
    }
    // Fewer than a batch: it is the period that sends them.
    assert!(collector.wait_for_events(3, PATIENCE));
    for n in 3..60 {
        process.say(&format!("visitor-{n}"));
    }
    process.say("");
    let ended = process.end();
    assert!(ended.status.success(), "{}", ended.log);
    assert_eq!((collector.event_count(), ended.log.as_str()), (60, ""));
}

#[test]
fn workers_that_were_forked_off_deliver_their_own_events() {
    let collector = collector();
    let path = std::env::temp_dir().join(format!("convert-prefork-{}.json", std::process::id()));
    std::fs::write(&path, runtimes::shop().unwrap()).unwrap();
    let mut command = program(env!("CARGO_BIN_EXE_prefork"), &collector);
    command.env("CONVERT_CONFIG_FILE", &path);
    let ended = run(command);
    std::fs::remove_file(path).unwrap();
    assert!(ended.status.success(), "{}", ended.log);
    assert_eq!((collector.event_count(), ended.log.as_str()), (60, ""));
}
