//! What goes wrong around the SDK, with time in the test's hands and a server that fails as it is told: nothing is lost
//! within the queue's bound, everything is counted, and every wait ends at its deadline.
//!
//! Full queues, bursts, slow answers and panics, which need no network, are with the worker's own tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod beside;
mod clock;
mod deadlines;
mod kit;
mod names;
mod outage;
mod tls;
