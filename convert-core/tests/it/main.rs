//! The core through its public surface.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bad_input;
mod contexts;
mod delivery;
mod events;
mod explanations;
mod fixtures;
mod reentrancy;
mod startup;
mod stores;
