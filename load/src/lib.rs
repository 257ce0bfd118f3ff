//! Load on a web crate's server: clients at full speed that disconnect at random, new visitors among them, a collector that
//! fails on and off, and SIGTERM in the middle.
//!
//! Afterwards it must hold that no request was refused before SIGTERM, that every accepted request was answered, that every
//! tracked event was acknowledged once, or counted as dropped from a full queue, and that no request failed because of the SDK.
//!
//! A web crate's example calls [`main`] with what runs its server. The program starts itself a second time as the server,
//! so that the signal goes to a process of its own.

mod client;
mod faults;
mod judge;
mod outcome;
mod server;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

pub use self::outcome::{Answered, Served};
pub use self::server::{Server, is_slow, path};

/// How much load.
#[derive(Clone, Copy, Debug)]
struct Amount {
    /// Until SIGTERM.
    until: Until,
    clients: usize,
    seed: u64,
}

#[derive(Clone, Copy, Debug)]
enum Until {
    Passed(Duration),
    Sent(u64),
}

/// Runs the program: `{seconds}`, by default 30, or `{requests} requests` until SIGTERM.
///
/// `serve` is called in the second process. It serves `GET /work/{id}` at a free port of 127.0.0.1, says where with
/// [`Server::listens_at`], handles each request as [`Server::handle`] says, and ends at SIGTERM, after the last delivery.
pub fn main(serve: impl FnOnce(&Arc<Server>) -> Result<(), Box<dyn Error>>) -> ExitCode {
    ended(run(|server, _| serve(server), |amount| judge::run(amount, None)))
}

/// [`main`] for a server that has workers: one run for each of these numbers, which `serve` is told.
pub fn main_with_workers(
    workers: &[usize],
    serve: impl FnOnce(&Arc<Server>, usize) -> Result<(), Box<dyn Error>>,
) -> ExitCode {
    let serve = |server: &Arc<Server>, told: Option<usize>| serve(server, told.unwrap_or(1));
    ended(run(serve, |amount| workers.iter().try_for_each(|workers| judge::run(amount, Some(*workers)))))
}

/// Runs what this process is for: the server, or the judge of it.
fn run(
    serve: impl FnOnce(&Arc<Server>, Option<usize>) -> Result<(), Box<dyn Error>>,
    judge: impl FnOnce(Amount) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let Some(server) = Server::from_env() else { return judge(amount()?) };
    let server = Arc::new(server?);
    serve(&server, server::workers())?;
    server.report()
}

fn ended(result: Result<(), Box<dyn Error>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("failed: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn amount() -> Result<Amount, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let until = match arguments.as_slice() {
        [] => Until::Passed(Duration::from_secs(30)),
        [seconds] => Until::Passed(Duration::from_secs(seconds.parse()?)),
        [requests, "requests"] => Until::Sent(requests.parse()?),
        _ => return Err("usage: load [seconds | requests `requests`]".into()),
    };
    let seed = std::env::var("LOAD_SEED").ok().map_or_else(|| Ok(fastrand::u64(..)), |seed| seed.parse())?;
    Ok(Amount { until, clients: 16, seed })
}

#[allow(clippy::print_stdout, reason = "a program talks to its terminal")]
fn say(message: &str) {
    println!("{message}");
}
