//! The hot paths for counting instructions: `instructions OPERATION TIMES` runs one so often. `cargo xtask instructions`
//! runs this under callgrind.
#![allow(clippy::expect_used, reason = "a benchmark may panic")]
#![allow(dead_code, unreachable_pub, reason = "what the benchmarks share is not all used in each")]

mod common;

use std::hint::black_box;
use std::num::NonZeroUsize;

use common::floor::{FastFloor, FastVisitor};
use convert_core::web::{Cores, RequestUrl, Settings, Visit, Visitor};
use convert_core::{ConversionOptions, MemoryStore};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [operation, times] = arguments.as_slice() else { return };
    let Ok(times) = times.parse::<u32>() else { return };
    match operation.as_str() {
        "floor" => floor(times),
        "decide" => decide(times),
        "tracked-decision" => tracked_decision(times),
        "read-back" => read_back(times),
        "fresh-visitor" => fresh_visitor(times),
        "transaction" => transaction(times),
        "visit" => visit(times),
        _ => std::process::exit(2),
    }
}

fn floor(times: u32) {
    let (floor, key) = (FastFloor::new(1), common::experience_key(0));
    let visitor = FastVisitor::new(common::VISITOR, &common::ATTRIBUTES);
    for _ in 0..times {
        black_box(floor.decide(black_box(&key), &visitor));
    }
}

/// Neither stored nor tracked, on a held context.
fn decide(times: u32) {
    let (core, key) = (common::core(1, |builder| builder), common::experience_key(0));
    let (context, options) = (common::context(&core), common::deciding());
    for _ in 0..times {
        black_box(&context.run_experience_with(black_box(&key), &options));
    }
}

/// The same, with its event queued.
fn tracked_decision(times: u32) {
    let (core, key) = (common::core(1, |builder| builder), common::experience_key(0));
    let (context, options) = (common::context(&core), common::deciding().tracking(true));
    for _ in 0..times {
        black_box(&context.run_experience_with(black_box(&key), &options));
    }
}

fn read_back(times: u32) {
    let (core, key) = (common::core(1, |builder| builder), common::experience_key(0));
    let context = common::context(&core);
    for _ in 0..times {
        black_box(&context.run_experience(black_box(&key)));
    }
}

/// Context, decision, stored, queued; where the store and the queue are full, as they are after a while.
fn fresh_visitor(times: u32) {
    let store = MemoryStore::with_capacity(NonZeroUsize::MIN);
    let core = common::core(1, |builder| builder.data_store(store));
    let key = common::experience_key(0);
    for number in 0..times {
        let visitor = format!("0b4b6f0e-6d3c-4b1e-9d1e-{number:012}");
        let context = common::context_of(&core, &visitor);
        black_box(&context.run_experience(black_box(&key)));
    }
}

/// A repeated transaction: it stores nothing and queues one event.
fn transaction(times: u32) {
    let core = common::core(1, |builder| builder);
    let (context, options) = (common::context(&core), ConversionOptions::new().force_multiple(true).revenue(9.9));
    for _ in 0..times {
        black_box(context.track_conversion_with(black_box("signup"), &options));
    }
}

/// A request of a known visitor, as the web crates have it: from the cookie to the decision, which is read back.
fn visit(times: u32) {
    let (core, key, settings) = (common::core(1, |builder| builder), common::experience_key(0), Settings::new());
    let (cores, cookie) = (Cores::from(&core), format!("theme=dark; convert_visitor_id={}; lang=en", common::VISITOR));
    for _ in 0..times {
        let visitor = Visitor::identify(true, None, settings.visitor_cookie(), [black_box(&cookie)]);
        let options = settings.context_options(&visitor, None).attributes(common::ATTRIBUTES);
        let url = RequestUrl::new("http", "shop.example", "/", None);
        let visit = Visit::new(visitor, options.location_of(black_box(url)), &cores);
        black_box(&visit.context().expect("the store is synchronous").run_experience(black_box(&key)));
    }
}
