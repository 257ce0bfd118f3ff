//! A test of a program, of an example for instance.

use std::process::{Command, ExitCode, Termination};

const AS_PROGRAM: &str = "WEB_TESTING_AS_PROGRAM";

/// Runs a test that starts a program, as the `main` of a test without harness.
///
/// Where a test looks for the program of an example, an old one may be, or none. A test that contains its example as a
/// module has it for sure: the command that `test` gets starts this process again, as `program`.
pub fn test_program<T: Termination>(name: &str, program: impl FnOnce() -> T, test: impl FnOnce(Command)) -> ExitCode {
    if std::env::var_os(AS_PROGRAM).is_some() {
        return program().report();
    }
    if cfg!(not(unix)) {
        eprintln!("{name}: not run, it ends its program with a signal of Unix");
    } else if is_selected(name) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env(AS_PROGRAM, "1");
        test(command);
    }
    ExitCode::SUCCESS
}

/// As of any test, `cargo test` can name a part of its name, or have it listed.
fn is_selected(name: &str) -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut filters = arguments.iter().filter(|argument| !argument.starts_with('-')).peekable();
    !arguments.iter().any(|argument| argument == "--list")
        && (filters.peek().is_none() || filters.any(|filter| name.contains(filter.as_str())))
}
