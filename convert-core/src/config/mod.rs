//! The served project config, compiled once at load.

mod warnings;

pub use warnings::ConfigWarning;
pub(crate) use warnings::Warnings;
