//! The asynchronous surface: on every kind of executor, with every kind of store, dropped at every point.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod dropped;
mod given_up;
mod kit;
mod lifecycle;
mod runtimes;
mod stores;
