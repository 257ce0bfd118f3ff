//! This SDK beside its peers, on the same work in the same run: `cargo run --release -- PROGRAM`. Each prints the tables of
//! `README.md` that it is named at.

mod alloc;
mod cores;
mod decide;
mod load;
mod peers;
mod queueing;
mod rounds;
mod sdks;
mod threads;
mod visitor;
mod web;

use std::process::ExitCode;

#[allow(dead_code)]
#[path = "../../convert-core/benches/common/mod.rs"]
mod common;

/// The core's queue, which no door leads to from outside, compiled into this program.
#[allow(dead_code)]
#[path = "../../convert-core/src/tracking"]
mod tracking {
    pub(crate) mod event;
    pub(crate) mod queue;
    pub(crate) mod stats;
}

/// What the queue's source calls by these names.
mod attributes {
    pub(crate) use convert_core::{AttributeValue, Attributes};
}
mod text {
    pub(crate) use convert_core::Text;
}
mod sync {
    pub(crate) use std::sync::{Mutex, MutexGuard};
}

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first().map(|(program, arguments)| (program.as_str(), arguments)) {
        Some(("decide", [])) => decide::run(),
        Some(("visitor", [])) => visitor::run(),
        Some(("threads", [])) => threads::run(),
        Some(("tracking", [])) => queueing::run(),
        Some(("load", [])) => load::run(),
        Some(("axum", [])) => web::axum::run(),
        Some(("actix", [])) => web::actix::run(),
        Some(("rocket", [])) => web::rocket::run(),
        Some(("sdks", programs)) => sdks::run(programs),
        _ => {
            eprintln!(
                "usage: bench decide | visitor | threads | tracking | load | axum | actix | rocket | sdks PROGRAM..."
            );
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
