//! Loading a config of 10,000.

use std::hint::black_box;
use std::time::{Duration, Instant};

use convert_core::ProjectConfig;

use crate::alloc;
use crate::common;
use crate::peers::{Peer, configcat, eppo, growthbook, launchdarkly, unleash};
use crate::rounds::{self, Contender, Plan};

/// So many come before the peers.
const OWN: usize = 2;

pub fn run() {
    let served = common::large::config();
    let own = |text: &str| ProjectConfig::parse(text).expect("the config is in order");
    let all = vec![
        of("convert-core, as served", served, own),
        of("convert-core, one rule each", common::config(10_000).to_string(), own),
        of_peer::<eppo::Eppo>(),
        of_peer::<unleash::Unleash>(),
        of_peer::<launchdarkly::Evaluator>(),
        of_peer::<configcat::ConfigCat>(),
        of_peer::<growthbook::GrowthBook>(),
    ];
    let (texts, contenders): (Vec<_>, Vec<_>) =
        all.into_iter().map(|loading| ((loading.bytes, loading.live), loading.contender)).unzip();
    let plan = Plan { rounds: 25, round: Duration::ZERO, in_all: Duration::from_secs(6) };
    let timed = rounds::run(contenders, &plan);
    println!(
        "\nLoading a config of 10,000:\n\n| | MB | median, ms | ms/MB | live, to the text |\n|---|---|---|---|---|"
    );
    let mut of_each = Vec::new();
    for (timed, (bytes, live)) in timed.iter().zip(texts) {
        let (megabytes, ms) = (bytes as f64 / 1e6, timed.median / 1e6);
        let (speed, live) = (ms / megabytes, live as f64 / bytes as f64);
        println!("| {} | {megabytes:.1} | {ms:.0} | {speed:.1} | {live:.2} |", timed.name);
        of_each.push((speed, live));
    }
    rounds::print_bounded(&timed);
    let fastest_peer = of_each.iter().skip(OWN).map(|(speed, _)| *speed).fold(f64::INFINITY, f64::min);
    println!();
    rounds::at_most("ms/MB to the fastest peer's, as served", 1.0, of_each[0].0 / fastest_peer);
    rounds::at_most("live memory to the text, as served", 2.0, of_each[0].1);
}

struct Loading {
    bytes: usize,
    /// What stays allocated when it is loaded, in bytes.
    live: i64,
    contender: Contender<'static>,
}

fn of_peer<P: Peer + 'static>() -> Loading {
    of(P::NAME, P::config(10_000), P::load)
}

/// What is loaded is dropped untimed.
fn of<T>(name: &str, text: String, load: impl Fn(&str) -> T + 'static) -> Loading {
    let (loaded, counted) = alloc::counted(|| load(&text));
    drop(loaded);
    let bytes = text.len();
    let work = move |_| {
        let start = Instant::now();
        let loaded = black_box(load(black_box(&text)));
        let took = start.elapsed();
        drop(loaded);
        took
    };
    Loading { bytes, live: counted.live, contender: Contender::timing_itself(name, work).at_most(1) }
}
