//! Holds this SDK equal to the official Convert SDKs.
//!
//! [`scenario`] and [`compare`] are the format of `FORMAT.md`; a [`surface`] runs scenarios through one face of the SDK;
//! [`check`] compares with the committed vectors, [`fuzz`] and [`wire`] with an official SDK that runs beside; [`answer`] makes
//! vectors with one. `README.md`
//! is the guide.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod answer;
pub mod check;
pub mod compare;
pub mod fault;
pub mod fuzz;
pub mod scenario;
pub mod surface;
pub mod vectors;
pub mod wire;
