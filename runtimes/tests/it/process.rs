//! A program under test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use convert_core::testing::Collector;

/// Long enough for a machine under load; no test waits for it to pass.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn collector() -> Collector {
    let collector = Collector::start().unwrap();
    collector.serve_config(runtimes::shop().unwrap());
    collector
}

/// The program, told where the collector is.
pub(crate) fn program(path: &str, collector: &Collector) -> Command {
    let mut command = Command::new(path);
    command
        .env("CONVERT_SDK_KEY", "100123/200456")
        .env("CONVERT_CONFIG_ENDPOINT", collector.config_endpoint())
        .env("CONVERT_TRACK_ENDPOINT", collector.track_endpoint());
    command
}

/// An ignored test of this binary, as a program.
pub(crate) fn part_of_this(test: &str, collector: &Collector) -> Command {
    let mut command = program(std::env::current_exe().unwrap().to_str().unwrap(), collector);
    command.args(["--ignored", "--exact", test]);
    command
}

pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// How a program ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
    pub(crate) log: String,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Where it says that it listens.
    pub(crate) fn address(&mut self) -> String {
        let line = self.line();
        line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}")).to_owned()
    }

    pub(crate) fn say(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        kill(name, &self.child.id().to_string());
    }

    /// For the process and those that it started, if it leads a group.
    pub(crate) fn signal_group(&self, name: &str) {
        kill(name, &format!("-{}", self.child.id()));
    }

    /// Closes its input and waits until it has ended.
    pub(crate) fn end(mut self) -> Ended {
        drop(self.input.take());
        let (mut output, mut log) = (String::new(), String::new());
        self.output.read_to_string(&mut output).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        Ended { status: self.child.wait().unwrap(), output, log }
    }
}

fn kill(name: &str, process: &str) {
    assert!(Command::new("kill").args(["-s", name, "--", process]).status().unwrap().success());
}

pub(crate) fn run(command: Command) -> Ended {
    Process::start(command).end()
}

pub(crate) fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

pub(crate) fn read_line(stream: &TcpStream) -> String {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}
