//! The worker over a recording transport and a clock moved by hand. Most tests poll it themselves, without a thread, so
//! that every step is known; those that name threads run it as an app does.

mod bench;
mod faults;
mod fetches;
mod lifecycle;
#[cfg(convert_model)]
mod model;
#[cfg(feature = "reqwest")]
mod network;
mod releases;
mod threads;
