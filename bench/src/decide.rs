//! One decision, in configs of several sizes.

use std::hint::black_box;
use std::rc::Rc;
use std::time::Duration;

use crate::common;
use crate::common::floor::{FastFloor, FastVisitor, StdFloor, StdVisitor};
use crate::peers::{Peer, configcat, eppo, growthbook, launchdarkly, unleash};
use crate::rounds::{self, Contender, Plan, Timed};

const SIZES: [usize; 4] = [1, 10, 1_000, 10_000];
/// The same key in a config of each size, and keys at random in the largest.
const COLUMNS: usize = SIZES.len() + 1;
const OWN: &str = "convert-core";
/// The contenders before it are floors, those after it are peers.
const OWN_ROW: usize = 3;

pub fn run() {
    let plan = Plan { rounds: 300, in_all: Duration::from_millis(1_200), ..Plan::USUAL };
    let timed = rounds::run(contenders(), &plan);
    let rows: Vec<&[Timed]> = timed.chunks_exact(COLUMNS).collect();
    print(&rows);
    rounds::print_bounded(&timed);
    let (floor, own) = (rows[0], rows[OWN_ROW]);
    let to_peer = |column: usize| {
        let peers = rows.iter().skip(OWN_ROW + 1).map(|row| row[column].median);
        peers.fold(f64::INFINITY, f64::min) / own[column].median
    };
    println!();
    rounds::at_most("to the floor", 1.5, own[0].median / floor[0].median);
    rounds::at_least("the fastest peer to it", 2.5, to_peer(0));
    rounds::at_most("allocations", 0.0, own[0].allocations);
    for (size, larger) in SIZES.iter().zip(own).skip(1) {
        rounds::at_most(&format!("{size} in the config to 1, the same key"), 1.25, larger.median / own[0].median);
    }
    println!("- the fastest peer to it, keys at random: {:.2}", to_peer(COLUMNS - 1));
}

fn print(rows: &[&[Timed]]) {
    println!("\nOne decision on a held context, neither stored nor tracked:\n");
    println!(
        "| | 1 in the config, ns | to the floor | 10, to 1 | 1,000, to 1 | 10,000, to 1 | 10,000, keys at random, ns | to the floor | allocations |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for row in rows {
        let (one, at_random) = (row[0].median, row[COLUMNS - 1].median);
        let name = row[0].name.split(',').next().unwrap_or_default();
        print!("| {name} | {one:.0} | {:.2} |", one / rows[0][0].median);
        for larger in &row[1..COLUMNS - 1] {
            print!(" {:.2} |", larger.median / one);
        }
        let to_floor = at_random / rows[0][COLUMNS - 1].median;
        println!(" {at_random:.0} | {to_floor:.2} | {} |", rounds::shown(row[0].allocations));
    }
}

/// The columns of each contender, one contender after the other.
fn contenders() -> Vec<Contender<'static>> {
    let mut all = Vec::new();
    add(&mut all, "floor: standard maps and the `murmur3` crate", |size| {
        let (floor, visitor) = (StdFloor::new(size), StdVisitor::new(common::VISITOR, &common::ATTRIBUTES));
        move |key: &str| floor.decide(key, &visitor).map_or(0, str::len)
    });
    add(&mut all, "floor with the core's hasher", |size| {
        let (floor, visitor) = (FastFloor::new(size), FastVisitor::new(common::VISITOR, &common::ATTRIBUTES));
        move |key: &str| floor.decide(key, &visitor).map_or(0, str::len)
    });
    add(&mut all, "floor with the core's hasher and a murmur by hand", |size| {
        let (floor, visitor) = (FastFloor::new(size), FastVisitor::new(common::VISITOR, &common::ATTRIBUTES));
        move |key: &str| floor.decide_by_hand(key, &visitor).map_or(0, str::len)
    });
    add(&mut all, OWN, |size| {
        let (core, options) = (common::core(size, |builder| builder), common::deciding());
        let context = common::context(&core);
        move |key: &str| {
            let _held = &core;
            // A caller looks at the key.
            context.run_experience_with(key, &options).map_or(0, |decision| decision.variation_key().len())
        }
    });
    add_peer::<eppo::Eppo>(&mut all);
    add_peer::<unleash::Unleash>(&mut all);
    add_peer::<launchdarkly::Evaluator>(&mut all);
    add_peer::<launchdarkly::Client>(&mut all);
    add_peer::<configcat::ConfigCat>(&mut all);
    add_peer::<growthbook::GrowthBook>(&mut all);
    all
}

fn add_peer<P: Peer + 'static>(all: &mut Vec<Contender<'static>>) {
    add(all, P::NAME, |size| {
        let peer = P::load(&P::config(size));
        move |key: &str| peer.decide(key)
    });
}

/// All must decide in favour of some variant: one that answers nothing does no work.
fn add<D>(all: &mut Vec<Contender<'static>>, name: &str, with: impl Fn(usize) -> D)
where
    D: Fn(&str) -> usize + 'static,
{
    for size in SIZES {
        let (decide, first) = (Rc::new(with(size)), common::experience_key(0));
        assert_eq!(decide(&first), 1, "{name} does not do the work");
        if size == SIZES[SIZES.len() - 1] {
            let at_random = Rc::clone(&decide);
            all.push(same_key(format!("{name}, {size} in the config"), first, decide));
            all.push(keys_at_random(format!("{name}, {size} in the config, keys at random"), size, at_random));
        } else {
            all.push(same_key(format!("{name}, {size} in the config"), first, decide));
        }
    }
}

fn same_key(name: String, key: String, decide: Rc<impl Fn(&str) -> usize + 'static>) -> Contender<'static> {
    Contender::new(name, move || {
        black_box(decide(black_box(&key)));
    })
}

fn keys_at_random(name: String, size: usize, decide: Rc<impl Fn(&str) -> usize + 'static>) -> Contender<'static> {
    let keys: Vec<String> = (0..size).map(common::experience_key).collect();
    let mut generator = fastrand::Rng::with_seed(7);
    Contender::new(name, move || {
        let key = &keys[generator.usize(..size)];
        black_box(decide(black_box(key)));
    })
}
