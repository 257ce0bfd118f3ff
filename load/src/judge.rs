//! The run, and whether it holds what is promised.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use convert_core::testing::Collector;

use crate::client::{Load, ask_until_refused};
use crate::faults::fail_on_and_off;
use crate::outcome::{Answered, Served};
use crate::server::{ENDPOINT, QUEUE_FULL, QUEUE_LIMIT, ServerReport, WORKERS};
use crate::{Amount, Until, say};

pub(crate) fn run(amount: Amount, workers: Option<usize>) -> Result<(), Box<dyn Error>> {
    if let Some(workers) = workers {
        say(&format!("workers: {workers}"));
    }
    say(&format!("LOAD_SEED={} chooses the same disconnects and faults again", amount.seed));
    let collector = Collector::start()?;
    let (mut process, mut output) = Process::start(&collector.track_endpoint(), workers)?;
    let address: SocketAddr = line(&mut output)?.trim().parse()?;
    let started = Instant::now();
    let served = put_load_on(address, &mut process, &collector, amount)?;
    let last = line(&mut output)?;
    let status = process.0.wait()?;
    check(!last.is_empty(), &format!("the server said how it ended: {status}"))?;
    let took = started.elapsed();
    let report: ServerReport = serde_json::from_str(&last).map_err(|error| format!("{last:?}: {error}"))?;
    let seen = Seen::by(&collector);
    tell(&served, &report, &seen, took);
    check(status.success(), &format!("the server ended well: {status}"))?;
    judge(&served, &report, &seen)?;
    say("all of it holds");
    Ok(())
}

/// The server's process, ended at the latest when this is dropped.
struct Process(Child);

impl Process {
    fn start(endpoint: &str, workers: Option<usize>) -> Result<(Self, BufReader<ChildStdout>), Box<dyn Error>> {
        let mut server = Command::new(std::env::current_exe()?);
        server.env(ENDPOINT, endpoint).envs(workers.map(|workers| (WORKERS, workers.to_string())));
        let mut process = Self(server.stdout(Stdio::piped()).spawn()?);
        let output = process.0.stdout.take().ok_or("the server says nothing")?;
        Ok((process, BufReader::new(output)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both do nothing to one that has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn line(output: &mut impl BufRead) -> Result<String, Box<dyn Error>> {
    let mut line = String::new();
    output.read_line(&mut line)?;
    Ok(line)
}

/// Load until the amount is reached, then SIGTERM, and load until the server accepts no more.
fn put_load_on(
    address: SocketAddr,
    server: &mut Process,
    collector: &Collector,
    amount: Amount,
) -> Result<Served, Box<dyn Error>> {
    let load = Load { address, next: AtomicU64::new(0), stopping: AtomicBool::new(false) };
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| fail_on_and_off(collector, &over, fastrand::Rng::with_seed(amount.seed)));
        let clients: Vec<_> = (1..=amount.clients)
            .zip(amount.seed..)
            .map(|(_, seed)| {
                let load = &load;
                scope.spawn(move || ask_until_refused(load, fastrand::Rng::with_seed(seed)))
            })
            .collect();
        let started = Instant::now();
        let is_enough = || match amount.until {
            Until::Passed(time) => started.elapsed() >= time,
            Until::Sent(requests) => load.next.load(Ordering::Relaxed) >= requests,
        };
        // A client that ends by now was refused: there is nothing to wait for.
        while !is_enough() && !clients.iter().any(|client| client.is_finished()) {
            thread::sleep(Duration::from_millis(1));
        }
        load.stopping.store(true, Ordering::SeqCst);
        let terminated = Command::new("kill").args(["-TERM", &server.0.id().to_string()]).status();
        let terminated = terminated.is_ok_and(|status| status.success());
        if !terminated {
            // Or else the clients would go on.
            let _ = server.0.kill();
        }
        let (mut served, mut panicked) = (Served::default(), 0);
        for client in clients {
            match client.join() {
                Ok(client) => served.requests.extend(client.requests),
                Err(_) => panicked += 1,
            }
        }
        over.store(true, Ordering::Relaxed);
        check(panicked == 0, &format!("no client panicked, but {panicked}"))?;
        check(terminated, "the server could be told to stop")?;
        Ok(served)
    })
}

/// What the collector took, by visitor and kind of event.
struct Seen {
    counts: HashMap<(String, String), u64>,
}

impl Seen {
    fn by(collector: &Collector) -> Self {
        let mut seen = Self { counts: HashMap::new() };
        for event in collector.events() {
            let key = (event.visitor_id().to_owned(), event.event_type().to_owned());
            *seen.counts.entry(key).or_default() += 1;
        }
        seen
    }

    /// Of those that are different, how many came more than once.
    fn repeated(&self) -> u64 {
        as_count(self.counts.values().filter(|count| **count > 1).count())
    }

    fn different(&self) -> u64 {
        as_count(self.counts.len())
    }
}

fn tell(served: &Served, report: &ServerReport, seen: &Seen, took: Duration) {
    let requests = served.requests.len();
    say(&format!(
        "{requests} requests in {:.1} s: {} answered, {} left alone by the client, {} not accepted at the end, {} refused \
         before, {} failed",
        took.as_secs_f64(),
        served.count(Answered::Well),
        served.count(Answered::LeftAlone),
        served.count(Answered::Never),
        served.count(Answered::Refused),
        served.count(Answered::Badly) + served.count(Answered::CutOff),
    ));
    let dropped: Vec<String> = report.dropped.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    say(&format!(
        "{} events accepted: {} delivered in {} requests, {} pending, dropped: {}; {} ambiguous, {} arrived more than once",
        report.accepted,
        report.delivered,
        report.requests,
        report.pending,
        dropped.join(", "),
        report.ambiguous,
        seen.repeated(),
    ));
}

fn judge(served: &Served, report: &ServerReport, seen: &Seen) -> Result<(), Box<dyn Error>> {
    check(served.count(Answered::Well) > 0, "requests were answered")?;
    check(served.count(Answered::Badly) == 0, "no request failed")?;
    check(served.count(Answered::CutOff) == 0, "no answer was cut off")?;
    check(served.count(Answered::Refused) == 0, "no request was refused before the server was told to stop")?;
    let entered: HashSet<u64> = report.entered.iter().copied().collect();
    let unanswered = served.ids(Answered::Never).filter(|id| entered.contains(id)).count();
    check(unanswered == 0, &format!("every accepted request was answered, but for {unanswered}"))?;

    // A request tracks two events: its decision and its conversion.
    let (answered, entered) = (as_count(served.count(Answered::Well)), as_count(entered.len()));
    check(report.accepted >= answered * 2, "every answered request's two events were accepted")?;
    check(report.accepted <= entered * 2, "no request that reached a handler tracked more than two events")?;
    let dropped = report.dropped_in_all();
    check(report.pending == 0, "nothing is pending in the end")?;
    check(report.accepted == report.delivered + dropped, "every event was delivered or dropped for a reason")?;
    // The endpoint refuses none for good, and is well again long before the last delivery must have ended.
    let for_others = dropped - report.dropped_by(QUEUE_FULL);
    check(for_others == 0, &format!("events were dropped from a full queue only, but for {for_others}"))?;
    let beyond_the_queue = report.accepted.saturating_sub(QUEUE_LIMIT);
    check(report.dropped_by(QUEUE_FULL) <= beyond_the_queue, "the queue was full only where it held what it may")?;
    // An event that was dropped may have arrived all the same, where its answer was lost.
    let arrived = seen.different();
    check(arrived >= report.delivered && arrived <= report.accepted, "every delivered event arrived")?;
    // The core counts an event once, however often it was ambiguous.
    check(seen.repeated() <= report.ambiguous, "only ambiguous events arrived more than once")?;
    Ok(())
}

fn as_count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn check(holds: bool, what: &str) -> Result<(), Box<dyn Error>> {
    if holds { Ok(()) } else { Err(format!("this does not hold: {what}").into()) }
}

#[cfg(test)]
mod tests;
