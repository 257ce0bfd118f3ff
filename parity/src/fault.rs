//! Why a command could not do its work.

use std::fmt;
use std::process::ExitCode;

/// What stopped a command. Each kind has an exit code of its own; code 1 is kept for "ran, and found differences".
#[derive(Debug)]
pub enum Fault {
    /// The command line or the input asks for something that there is not. Exit code 2.
    Usage(String),
    /// A program or package that the command needs is not installed. Exit code 3.
    Missing(String),
    /// Something that should work did not: a file, a child process, a step. Exit code 4.
    Broken(String),
}

impl Fault {
    /// A [`Fault::Broken`] that says what was being done when `error` came.
    pub fn broken(doing: impl fmt::Display, error: impl fmt::Display) -> Self {
        Self::Broken(format!("{doing}: {error}"))
    }

    /// The exit code that stands for this kind of fault.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage(_) => 2,
            Self::Missing(_) => 3,
            Self::Broken(_) => 4,
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) | Self::Missing(text) | Self::Broken(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Fault {}
