//! The storefront, clicked through in a headless browser, and closed with Ctrl-C.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests may panic, and say what they leave out")]

use std::process::ExitCode;

use storefront::browser::{close_after_a_visit, try_example};

#[path = "../examples/axum_storefront.rs"]
mod example;

fn main() -> ExitCode {
    web_testing::test_program("storefront", example::main, |mut program| {
        holds(&close_after_a_visit(&mut program).unwrap());
        match try_example(program).unwrap() {
            Some(last) => holds(&last),
            None => eprintln!("not run: chromium is missing"),
        }
    })
}

fn holds(last: &str) {
    assert!(last.starts_with("stopped: 0 connections dropped; "), "{last}");
    assert!(last.contains(" 0 dropped, 0 pending"), "{last}");
}
