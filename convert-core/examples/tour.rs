//! The whole way, without network or account: a config is fetched from a server on this machine, visitors get
//! experiences and features, they buy, and the events arrive at that server, which prints them.
//!
//! `cargo run --package convert-core --example tour --features testing`
//!
//! The environment variables of `CoreBuilder::from_env` point it elsewhere, `CONVERT_TRACK_ENDPOINT` for example at a
//! server that fails: the program then keeps trying for a minute.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::time::Duration;
use std::{env, thread};

use convert_core::testing::Collector;
use convert_core::{CallOptions, ContextOptions, ConversionOptions, Core, CoreBuilder};

const CONFIG: &str = include_str!("shop.json");
const VISITORS: [(&str, bool); 5] =
    [("ada", true), ("grace", false), ("edsger", true), ("barbara", true), ("tony", false)];

fn main() -> Result<(), Box<dyn Error>> {
    let collector = Collector::start()?;
    collector.serve_config(CONFIG);

    // With an account, the SDK key is all that is needed.
    let mut builder = CoreBuilder::from_env()?;
    if env::var_os("CONVERT_SDK_KEY").is_none() {
        builder = builder.sdk_key("100123/200456");
    }
    if env::var_os("CONVERT_CONFIG_ENDPOINT").is_none() {
        builder = builder.config_endpoint(collector.config_endpoint());
    }
    if env::var_os("CONVERT_TRACK_ENDPOINT").is_none() {
        builder = builder.track_endpoint(collector.track_endpoint());
    }
    let core = builder.build()?;

    println!("visitors");
    for (name, member) in VISITORS {
        visit(&core, name, member)?;
    }

    println!("\ndelivery");
    for _ in 0..60 {
        match core.flush(Duration::from_secs(15)) {
            Ok(report) => {
                println!("  {} delivered, {} dropped, {} pending", report.delivered, report.dropped, report.pending);
                break;
            }
            Err(error) => println!("  not yet: {error}"),
        }
        thread::sleep(Duration::from_secs(1));
    }

    println!("\nwhat the server received");
    for request in collector.requests().iter().filter(|request| request.method() == "POST") {
        let body: serde_json::Value = serde_json::from_slice(request.body())?;
        println!("POST {}\n{body:#}", request.path());
    }

    core.close(Duration::from_secs(5));
    let stats = core.stats();
    println!(
        "\nevents: {} accepted = {} delivered + {} pending + {} dropped, in {} requests; {} ambiguous",
        stats.accepted.total(),
        stats.delivered.total(),
        stats.pending.total(),
        stats.dropped.total(),
        stats.requests,
        stats.ambiguous.total()
    );
    Ok(())
}

/// One visitor looks at the pricing page and buys something.
fn visit(core: &Core, name: &str, member: bool) -> Result<(), Box<dyn Error>> {
    let attributes = ContextOptions::new().attributes([("member", member)]);
    let visitor = core.create_context_with(name, attributes)?;

    let location = CallOptions::new().location([("path", "/pricing")]);
    let page = visitor.run_experience_with("pricing-page", &location);
    let page = page.as_ref().map_or("the page as it is", |decision| decision.variation_key());

    let offer = visitor.run_feature("shipping-offer");
    let offer = match (offer.str("badge"), offer.i64("from-amount")) {
        (Ok(badge), Ok(amount)) => format!("\"{badge}\" from {amount}"),
        _ => format!("no offer ({})", visitor.explain_experience("free-shipping").reason),
    };

    let purchase = ConversionOptions::new().revenue(49.9).products_count(1).transaction_id(format!("order-{name}"));
    let first = visitor.track_conversion_with("purchase", &purchase);
    let again = visitor.track_conversion("purchase");

    println!("  {name}: {page}; {offer}; bought: {first:?}, again: {again:?}");
    Ok(())
}
