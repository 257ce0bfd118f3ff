//! A headless browser, for the tests of the examples: chromium through its WebDriver.

mod click_through;
mod driver;
mod example;
mod wire;

use std::fmt;

pub use click_through::{click_through, on_a_phone};
pub use driver::{Browser, Screen};
pub use example::{close_after_a_visit, try_example};

/// Why a click did not go through.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(format!("talking to the browser: {error}"))
    }
}
