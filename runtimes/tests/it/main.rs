//! Each program of `src/bin` in a process of its own, ended the way its runtime ends it, with its events counted at a collector.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg(unix)]

mod docs;
mod lambda;
mod lambda_api;
mod process;
mod servers;
mod short;
mod workers;
