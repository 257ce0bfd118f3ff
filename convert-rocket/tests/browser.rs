//! The storefront, clicked through in a headless browser, and closed with Ctrl-C.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests may panic, and say what they leave out")]

use std::process::ExitCode;

use storefront::browser::try_example;

#[path = "../examples/storefront.rs"]
mod example;

fn main() -> ExitCode {
    web_testing::test_program("storefront", example::main, |program| match try_example(program).unwrap() {
        Some(last) => assert!(last.contains("stopped: ") && last.contains(" 0 dropped, 0 pending"), "{last}"),
        None => eprintln!("not run: chromium is missing"),
    })
}
