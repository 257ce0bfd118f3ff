//! The config after the first: fetched again, kept while the endpoint fails, saved, read back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod asked_for;
mod kit;
mod periodic;
mod saved;
