//! This SDK beside its peers, on the same work in the same run: `cargo run --release -- decide | load | tracking | axum`.

#[allow(dead_code)]
#[path = "../../convert-core/benches/common/mod.rs"]
mod common;
mod decide;
mod load;
mod peers;
mod rounds;
mod tracking;
mod web;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("decide") => decide::run(),
        Some("load") => load::run(),
        Some("tracking") => tracking::run(),
        Some("axum") => web::axum::run(),
        _ => eprintln!("usage: bench decide | load | tracking | axum"),
    }
}
