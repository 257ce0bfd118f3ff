//! One decision.

use std::hint::black_box;

use crate::common;
use crate::common::floor::{FastFloor, FastVisitor, StdFloor, StdVisitor};
use crate::peers::{Peer, configcat, eppo, growthbook, launchdarkly, unleash};
use crate::rounds::{self, Contender};

const ROUNDS: usize = 300;
const TIMES: u32 = 1_000;

pub fn run() {
    for size in [1, 10, 1_000, 10_000] {
        let title = format!("One decision on a held context, {size} in the config, the same key each time");
        rounds::print(&title, &rounds::run(contenders(size, false), ROUNDS, TIMES));
    }
    let title = "One decision on a held context, 10,000 in the config, keys at random";
    rounds::print(title, &rounds::run(contenders(10_000, true), ROUNDS, TIMES));
    in_the_core();
}

fn contenders(size: usize, random: bool) -> Vec<Contender<'static>> {
    let (core, options) = (common::core(size, |builder| builder), common::deciding());
    let context = common::context(&core);
    let mut contenders = Vec::new();
    let (floor, visitor) = (StdFloor::new(size), StdVisitor::new(common::VISITOR, &common::ATTRIBUTES));
    let (fast, fast_visitor) = (FastFloor::new(size), FastVisitor::new(common::VISITOR, &common::ATTRIBUTES));
    let by_hand = (FastFloor::new(size), FastVisitor::new(common::VISITOR, &common::ATTRIBUTES));
    contenders.push(of("floor", size, random, move |key| floor.decide(key, &visitor).map_or(0, str::len)));
    contenders.push(of("floor, the core's hasher", size, random, move |key| {
        fast.decide(key, &fast_visitor).map_or(0, str::len)
    }));
    contenders.push(of("floor, the core's hasher, a murmur by hand", size, random, move |key| {
        by_hand.0.decide_by_hand(key, &by_hand.1).map_or(0, str::len)
    }));
    contenders.push(of("convert-core", size, random, move |key| {
        // A caller looks at the key.
        context.run_experience_with(key, &options).map_or(0, |decision| decision.variation_key().len())
    }));
    contenders.push(of_peer::<eppo::Eppo>(size, random));
    contenders.push(of_peer::<unleash::Unleash>(size, random));
    contenders.push(of_peer::<launchdarkly::LaunchDarkly>(size, random));
    contenders.push(of_peer::<configcat::ConfigCat>(size, random));
    contenders.push(of_peer::<growthbook::GrowthBook>(size, random));
    contenders
}

fn of_peer<P: Peer + 'static>(size: usize, random: bool) -> Contender<'static> {
    let peer = P::load(&P::config(size));
    of(P::NAME, size, random, move |key| peer.decide(key))
}

/// All must decide in favour of some variant: one that answers nothing does no work.
fn of(name: &'static str, size: usize, random: bool, decide: impl Fn(&str) -> usize + 'static) -> Contender<'static> {
    let keys: Vec<String> = (0..size).map(common::experience_key).collect();
    assert_eq!(decide(&keys[0]), 1, "{name} does not do the work");
    let mut generator = fastrand::Rng::with_seed(7);
    Contender::new(name, move || {
        let key = if random { &keys[generator.usize(..size)] } else { &keys[0] };
        black_box(decide(black_box(key)));
    })
}

/// What of the core has no like in the peers.
fn in_the_core() {
    let (core, key) = (common::core(1, |builder| builder), common::experience_key(0));
    let (held, stored, options) = (common::context_of(&core, "held"), common::context(&core), common::deciding());
    let _ = stored.run_experience(&key);
    let mut number = 0_u64;
    let timed = rounds::run(
        vec![
            Contender::new("fresh decision, neither stored nor tracked", || {
                black_box(&held.run_experience_with(black_box(&key), &options));
            }),
            Contender::new("read back from the store", || {
                black_box(&stored.run_experience(black_box(&key)));
            }),
            Contender::new("fresh visitor: context, decision, stored, queued", || {
                number += 1;
                let visitor = format!("0b4b6f0e-6d3c-4b1e-9d1e-{number:012}");
                black_box(&common::context_of(&core, &visitor).run_experience(black_box(&key)));
            }),
        ],
        200,
        200,
    );
    rounds::print("The core's own", &timed);
    threads(&core, &key);
}

/// How many decisions a second two threads make on contexts of their own, to one.
fn threads(core: &convert_core::Core, key: &str) {
    let pass = |threads: usize| {
        let start = std::time::Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                let (context, options) = (common::context(core), common::deciding());
                scope.spawn(move || {
                    for _ in 0..200_000 {
                        black_box(&context.run_experience_with(black_box(key), &options));
                    }
                });
            }
        });
        threads as f64 * 200_000.0 / start.elapsed().as_secs_f64()
    };
    let mut ratios: Vec<f64> = (0..25)
        .map(|_| {
            let one = pass(1);
            pass(2) / one
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    println!("\nTwo threads to one, decisions a second: median {:.2}, best {:.2}", ratios[12], ratios[24]);
}
