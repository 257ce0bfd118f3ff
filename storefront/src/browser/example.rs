//! An example of a web crate, clicked through and closed with Ctrl-C.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

use super::wire::PATIENCE;
use super::{Browser, Failure, Screen, click_through, on_a_phone};

/// Clicks through the shop that `program` opens, at a desk and on a phone, and closes it with Ctrl-C. Answers with what it
/// said last; `None` where no browser is installed.
///
/// # Errors
/// [`Failure`] says what was not as it should be.
pub fn try_example(mut program: Command) -> Result<Option<String>, Failure> {
    let Some(desk) = Browser::start(Screen::Desk)? else { return Ok(None) };
    let example = Example::start(&mut program)?;
    click_through(&desk, &example.base)?;
    let phone = Browser::start(Screen::Phone)?.ok_or_else(|| Failure::new("the browser is gone"))?;
    on_a_phone(&phone, &example.base)?;
    // Browsers keep connections open, for which a server would wait.
    drop((desk, phone));
    example.interrupt().map(Some)
}

/// Visits the shop that `program` opens once, without a browser, and closes it with Ctrl-C at once: the visit's events are
/// delivered while it closes. Answers with what it said last.
///
/// # Errors
/// [`Failure`] says what was not as it should be.
pub fn close_after_a_visit(program: &mut Command) -> Result<String, Failure> {
    let example = Example::start(program)?;
    let mut visit = TcpStream::connect(example.base.trim_start_matches("http://"))?;
    visit.set_read_timeout(Some(PATIENCE))?;
    write!(visit, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    visit.read_to_string(&mut answer)?;
    if !answer.starts_with("HTTP/1.1 200") {
        return Err(Failure::new(format!("the shop does not open: {answer:?}")));
    }
    example.interrupt()
}

struct Example {
    process: Child,
    output: BufReader<ChildStdout>,
    /// Where it says that it is.
    base: String,
}

impl Example {
    fn start(program: &mut Command) -> Result<Self, Failure> {
        let mut process = program.env("ADDRESS", "127.0.0.1:0").stdout(Stdio::piped()).spawn()?;
        let output = process.stdout.take().ok_or_else(|| Failure::new("the example has no output"))?;
        let mut example = Self { process, output: BufReader::new(output), base: String::new() };
        let mut said = String::new();
        example.output.read_line(&mut said)?;
        let base = said.split_whitespace().find(|word| word.starts_with("http://"));
        example.base = base.ok_or_else(|| Failure::new(format!("the example says no address: {said:?}")))?.to_owned();
        Ok(example)
    }

    /// Presses Ctrl-C, and answers with what it said last.
    fn interrupt(mut self) -> Result<String, Failure> {
        let id = self.process.id().to_string();
        let mut said = String::new();
        let pressed = Command::new("kill").args(["-INT", &id]).status()?.success();
        if pressed && self.output.read_to_string(&mut said).is_ok() && self.process.wait()?.success() {
            Ok(said)
        } else {
            Err(Failure::new(format!("the example did not end well: {said:?}")))
        }
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.process.kill();
    }
}
