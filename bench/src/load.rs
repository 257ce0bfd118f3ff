//! Loading a config of 10,000.

use std::hint::black_box;
use std::time::Instant;

use convert_core::ProjectConfig;

use crate::common;
use crate::peers::{Peer, configcat, eppo, growthbook, launchdarkly, unleash};

const ROUNDS: usize = 15;

struct Loading {
    name: &'static str,
    text: String,
    load: fn(&str),
    times: Vec<f64>,
}

pub fn run() {
    let peer = |name, text, load| Loading { name, text, load, times: Vec::new() };
    let mut all = [
        peer("convert-core, as served", common::large::config(), |text| {
            black_box(ProjectConfig::parse(text).expect("the config is in order"));
        }),
        peer("convert-core, one rule each", common::config(10_000).to_string(), |text| {
            black_box(ProjectConfig::parse(text).expect("the config is in order"));
        }),
        of::<eppo::Eppo>(),
        of::<unleash::Unleash>(),
        of::<launchdarkly::LaunchDarkly>(),
        of::<configcat::ConfigCat>(),
        of::<growthbook::GrowthBook>(),
    ];
    for _ in 0..ROUNDS {
        for loading in &mut all {
            let start = Instant::now();
            (loading.load)(&loading.text);
            loading.times.push(start.elapsed().as_secs_f64() * 1000.0);
        }
    }
    println!("Loading 10,000\n\n| | MB | least ms | median ms | median ms/MB |\n|---|---|---|---|---|");
    for Loading { name, text, times, .. } in &mut all {
        times.sort_by(f64::total_cmp);
        let (megabytes, median) = (text.len() as f64 / 1e6, times[ROUNDS / 2]);
        println!("| {name} | {megabytes:.1} | {:.1} | {median:.1} | {:.1} |", times[0], median / megabytes);
    }
}

fn of<P: Peer>() -> Loading {
    let load = |text: &str| {
        black_box(P::load(text));
    };
    Loading { name: P::NAME, text: P::config(10_000), load, times: Vec::new() }
}
