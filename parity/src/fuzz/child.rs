//! Child processes that speak in lines.

use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Lines, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::fault::Fault;
use crate::vectors::home;

/// A running program. It is ended when this is dropped.
#[derive(Debug)]
pub(super) struct Program {
    name: &'static str,
    child: Child,
}

impl Program {
    /// Starts `command`; `install` says how to get the program where it is missing.
    pub(super) fn start(name: &'static str, command: &mut Command, install: &str) -> Result<Self, Fault> {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        match child {
            Ok(child) => Ok(Self { name, child }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let program = command.get_program().to_string_lossy();
                Err(Fault::Missing(format!("{program} is not installed, and {name} needs it: {install}")))
            }
            Err(error) => Err(Fault::broken(name, error)),
        }
    }

    /// The program's standard input, once.
    pub(super) fn take_questions(&mut self) -> Result<Questions, Fault> {
        let input = self.child.stdin.take();
        Ok(Questions(BufWriter::new(input.ok_or_else(|| self.taken())?)))
    }

    /// The program's standard output, once.
    pub(super) fn take_lines(&mut self) -> Result<Answers, Fault> {
        let output = self.child.stdout.take();
        Ok(Answers { name: self.name, lines: BufReader::new(output.ok_or_else(|| self.taken())?).lines() })
    }

    /// Waits for the program's end.
    pub(super) fn finish(&mut self) -> Result<(), Fault> {
        drop(self.child.stdin.take());
        let status = self.child.wait().map_err(|error| Fault::broken(self.name, error))?;
        match status.code() {
            Some(0) => Ok(()),
            Some(2) => Err(Fault::Usage(format!("{} does not take what it is told (see above)", self.name))),
            Some(3) => Err(Fault::Missing(format!("{} lacks something it needs (see above)", self.name))),
            _ => Err(Fault::Broken(format!("{} ended with {status}", self.name))),
        }
    }

    /// Ends the program, whatever it is doing.
    pub(super) fn end(&mut self) {
        // Both fail where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn taken(&self) -> Fault {
        Fault::Broken(format!("{} is already being talked to", self.name))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}

/// Where a program is asked.
#[derive(Debug)]
pub(super) struct Questions(BufWriter<ChildStdin>);

impl Questions {
    pub(super) fn ask(&mut self, line: &str) -> std::io::Result<()> {
        self.0.write_all(line.as_bytes())?;
        self.0.write_all(b"\n")?;
        self.0.flush()
    }
}

/// Where a program answers.
#[derive(Debug)]
pub(super) struct Answers {
    name: &'static str,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Answers {
    /// The next line; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<String>, Fault> {
        self.lines.next().transpose().map_err(|error| Fault::broken(self.name, error))
    }
}

/// A script of this crate.
pub(super) fn script(name: &str) -> PathBuf {
    home().join("scripts").join(name)
}

/// The Python to run scripts with: that of `PARITY_PYTHON`, else `python3`.
pub(super) fn python() -> Command {
    Command::new(std::env::var_os("PARITY_PYTHON").unwrap_or_else(|| "python3".into()))
}

/// The generator of scenarios.
pub(super) fn generator(family: &str, count: u64, seed: u64) -> Result<Program, Fault> {
    let mut command = python();
    command.arg(script("generate.py")).args([family, &count.to_string(), &seed.to_string()]);
    Program::start("the generator", &mut command, "install Python 3.8 or newer")
}
