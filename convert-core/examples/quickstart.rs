//! The shortest program: load a config, decide, track, close.
//!
//! `cargo run --package convert-core --example quickstart`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::time::Duration;

use convert_core::{CallOptions, ConversionOptions, Core};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let core = Core::from_file(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/shop.json"))?;
    let visitor = core.create_context("visitor-1")?;
    if let Some(decision) =
        visitor.run_experience_with("pricing-page", &CallOptions::new().location([("path", "/pricing")]))
    {
        println!("show the pricing page as {}", decision.variation_key());
    }
    visitor.track_conversion_with("purchase", &ConversionOptions::new().revenue(49.9));
    println!("queued: {} events", core.stats().pending.total());
    core.set_tracking_enabled(false);
    core.close(Duration::from_secs(1));
    Ok(())
}
