//! The storefront, clicked through in a headless browser, and closed with Ctrl-C.
#![cfg(all(feature = "serve", unix))]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests may panic, and say what they leave out")]

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use storefront::browser::{Browser, Screen, click_through, on_a_phone};

/// The example as a process of its own; cargo builds it beside the tests.
struct Example {
    process: Child,
    output: BufReader<ChildStdout>,
    base: String,
}

impl Example {
    fn start() -> Self {
        let tests = std::env::current_exe().unwrap();
        let target: PathBuf = tests.parent().unwrap().parent().unwrap().join("examples/storefront");
        let mut example = Command::new(target);
        let mut process = example.env("ADDRESS", "127.0.0.1:0").stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut said = String::new();
        output.read_line(&mut said).unwrap();
        let base = said.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
        Self { process, output, base }
    }

    /// Presses Ctrl-C, and answers with what it said last.
    fn interrupt(mut self) -> String {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let mut said = String::new();
        self.output.read_to_string(&mut said).unwrap();
        assert!(self.process.wait().unwrap().success());
        said
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.process.kill();
    }
}

#[test]
fn the_storefront_is_clicked_through() {
    let Some(browser) = Browser::start(Screen::Desk).unwrap() else {
        eprintln!("not run: chromium is missing");
        return;
    };
    let example = Example::start();
    click_through(&browser, &example.base).unwrap();
    let phone = Browser::start(Screen::Phone).unwrap().unwrap();
    on_a_phone(&phone, &example.base).unwrap();
    drop((browser, phone));
    let last = example.interrupt();
    assert!(last.contains(" 0 dropped, 0 pending"), "{last}");
    assert!(last.starts_with("stopped: 0 connections dropped"), "{last}");
}
