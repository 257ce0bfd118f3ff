//! The official SDKs in other languages, each in a process that works when it is told to: see `sdks/run.sh`.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::common;
use crate::cores;
use crate::rounds::{self, Contender, Plan};

/// Each of `programs` is a command line. A program says its name; then for each line with a kind of work and a number it
/// does the work so often, and says how many nanoseconds that took.
pub fn run(programs: &[String]) {
    let plan = Plan { rounds: 200, round: Duration::from_millis(10), in_all: Duration::from_secs(10) };
    let work = ["fresh", "back"];
    let others: Vec<[Contender<'_>; 2]> =
        programs.iter().map(|program| work.map(|kind| other(program, kind))).collect();
    let contenders = own().into_iter().chain(others.into_iter().flatten()).collect();
    let timed = rounds::run(contenders, &plan);
    println!(
        "\nBeside the official SDKs: a fresh visitor (context with three attributes, decision, stored, event queued),"
    );
    println!("and a decision that is read back:\n");
    println!("| | fresh visitor, µs | to convert-core | read back, µs | to convert-core |\n|---|---|---|---|---|");
    for pair in timed.chunks_exact(2) {
        print!("| {} |", pair[0].name);
        for (timed, own) in pair.iter().zip(&timed) {
            print!(" {:.2} | {:.1} |", timed.median / 1_000.0, timed.median / own.median);
        }
        println!();
    }
    rounds::print_bounded(&timed);
    println!();
    for other in timed.iter().step_by(2).skip(1) {
        rounds::at_least(
            &format!("{}, a fresh visitor, to convert-core", other.name),
            75.0,
            other.median / timed[0].median,
        );
    }
}

/// The same work here; the id is made in it, as it is in the others.
fn own() -> [Contender<'static>; 2] {
    let key = common::experience_key(0);
    let core = cores::core(|builder| builder);
    let held = common::context_of(&core, "held");
    let _ = held.run_experience(&key);
    let (own, own_key) = (core.clone(), key.clone());
    let mut number = 0_u64;
    let fresh = Contender::new("convert-core", move || {
        number += 1;
        let visitor = format!("0b4b6f0e-6d3c-4b1e-9d1e-{number:012}");
        black_box(&common::context_of(&own, &visitor).run_experience(black_box(&own_key)));
    });
    let back = Contender::new("convert-core", move || {
        black_box(&held.run_experience(black_box(&key)));
    });
    [fresh.before(move |_| cores::deliver(&core)).at_most(2_000), back]
}

/// A process that has its own loop's turn, where what it does behind the calls is done, between a hundred of them at most.
fn other(program: &str, kind: &'static str) -> Contender<'static> {
    let mut program = Program::start(program);
    let name = program.answer();
    Contender::timing_itself(name, move |times| {
        writeln!(program.input, "{kind} {times}").expect("the program takes work");
        Duration::from_nanos(program.answer().parse().expect("the program says how long it took"))
    })
    .at_most(100)
}

struct Program {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Program {
    fn start(line: &str) -> Self {
        let mut words = line.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or_default());
        let piped = command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.spawn().unwrap_or_else(|error| panic!("{line}: {error}"));
        let input = child.stdin.take().expect("it is piped");
        let output = child.stdout.take().expect("it is piped");
        Self { child, input, output: BufReader::new(output) }
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        let read = self.output.read_line(&mut line);
        assert!(read.is_ok_and(|bytes| bytes > 0), "the program ended");
        line.trim().to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
