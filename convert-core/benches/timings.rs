//! Timings and allocations of the core, beside a floor written by hand: `cargo xtask bench`.
//!
//! Compare what one run prints: on a busy machine the figures of two runs differ more than what they are to show.
#![allow(clippy::expect_used, reason = "a benchmark may panic")]
#![allow(dead_code, missing_docs, unreachable_pub, reason = "what the benchmarks share is not all used in each")]

mod common;

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::Duration;

use common::floor::{FastFloor, FastVisitor, StdFloor, StdVisitor};
use convert_core::{ConversionOptions, MemoryStore, ProjectConfig};
use divan::{AllocProfiler, Bencher, black_box};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

const SIZES: [usize; 4] = [1, 10, 1_000, 10_000];

/// One decision on a held context, neither stored nor tracked, of the same key in configs of several sizes.
#[divan::bench(args = SIZES, sample_count = 1_000, sample_size = 1_000)]
fn decide(bencher: Bencher<'_, '_>, experiences: usize) {
    let core = common::core(experiences, |builder| builder);
    let (context, options, key) = (common::context(&core), common::deciding(), common::experience_key(0));
    bencher.bench_local(|| context.run_experience_with(black_box(&key), &options));
}

/// The same with a key at random each time.
#[divan::bench(args = SIZES, sample_count = 1_000, sample_size = 1_000)]
fn decide_random_keys(bencher: Bencher<'_, '_>, experiences: usize) {
    let core = common::core(experiences, |builder| builder);
    let (context, options) = (common::context(&core), common::deciding());
    let keys: Vec<String> = (0..experiences).map(common::experience_key).collect();
    let mut random = fastrand::Rng::with_seed(1);
    bencher.bench_local(|| context.run_experience_with(random.choice(&keys).map_or("", String::as_str), &options));
}

/// The floor, with the maps of the standard library as most would write it.
#[divan::bench(sample_count = 1_000, sample_size = 1_000)]
fn floor(bencher: Bencher<'_, '_>) {
    let (floor, key) = (StdFloor::new(1), common::experience_key(0));
    let visitor = StdVisitor::new(common::VISITOR, &common::ATTRIBUTES);
    bencher.bench_local(|| floor.decide(black_box(&key), &visitor).map(str::len));
}

/// The floor with the core's hasher.
#[divan::bench(sample_count = 1_000, sample_size = 1_000)]
fn floor_with_the_fast_hasher(bencher: Bencher<'_, '_>) {
    let (floor, key) = (FastFloor::new(1), common::experience_key(0));
    let visitor = FastVisitor::new(common::VISITOR, &common::ATTRIBUTES);
    bencher.bench_local(|| floor.decide(black_box(&key), &visitor).map(str::len));
}

/// The floor with the core's hasher, and a murmur hash by hand.
#[divan::bench(sample_count = 1_000, sample_size = 1_000)]
fn floor_with_a_hash_by_hand(bencher: Bencher<'_, '_>) {
    let (floor, key) = (FastFloor::new(1), common::experience_key(0));
    let visitor = FastVisitor::new(common::VISITOR, &common::ATTRIBUTES);
    bencher.bench_local(|| floor.decide_by_hand(black_box(&key), &visitor).map(str::len));
}

/// A decision that is read back from the store.
#[divan::bench(sample_count = 1_000, sample_size = 1_000)]
fn read_back(bencher: Bencher<'_, '_>) {
    let (core, key) = (common::core(1, |builder| builder), common::experience_key(0));
    let context = common::context(&core);
    bencher.bench_local(|| context.run_experience(black_box(&key)));
}

/// Threads that decide, each on a context of its own.
#[divan::bench(threads = [1, 2], sample_count = 1_000, sample_size = 1_000)]
fn decide_on_threads(bencher: Bencher<'_, '_>) {
    let (core, key) = (common::core(1, |builder| builder), common::experience_key(0));
    let options = common::deciding();
    bencher.with_inputs(|| common::context(&core)).bench_refs(|context| {
        for _ in 0..100 {
            let _ = black_box(&context.run_experience_with(black_box(&key), &options));
        }
    });
}

/// A visitor never seen: context, decision, stored, queued.
#[divan::bench(sample_count = 500, sample_size = 100)]
fn fresh_visitor(bencher: Bencher<'_, '_>) {
    let core = common::core(1, |builder| builder.data_store(MemoryStore::with_capacity(NonZeroUsize::MIN)));
    let key = common::experience_key(0);
    let mut number = 0_u64;
    let visitor = || {
        number += 1;
        format!("0b4b6f0e-6d3c-4b1e-9d1e-{number:012}")
    };
    bencher.with_inputs(visitor).bench_local_refs(|visitor| common::context_of(&core, visitor).run_experience(&key));
}

/// A tracking call that queues one event: a repeated transaction, whose goal was marked before.
#[divan::bench(sample_count = 500, sample_size = 100)]
fn queue_an_event(bencher: Bencher<'_, '_>) {
    let (core, options) =
        (common::core(1, |builder| builder), ConversionOptions::new().force_multiple(true).revenue(1.0));
    let context = common::context(&core);
    let _ = context.track_conversion_with("signup", &options);
    bencher.bench_local(|| context.track_conversion_with("signup", &options));
}

/// What any queue costs: a lock that nobody else wants, and a push of as many bytes.
#[divan::bench(sample_count = 500, sample_size = 100)]
fn lock_and_push(bencher: Bencher<'_, '_>) {
    let queue = Mutex::new(VecDeque::<[u64; 16]>::new());
    bencher.bench_local(|| queue.lock().expect("no thread panics").push_back(black_box([0; 16])));
}

/// Parsing, compiling and indexing a config of 10,000 experiences.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn load_10_000_experiences(bencher: Bencher<'_, '_>) {
    let text = common::large::config();
    bencher.counter(divan::counter::BytesCount::of_str(&text)).bench_local(|| ProjectConfig::parse(&text));
}

/// A batch of 500 events: serialised on the SDK's thread, and handed over.
#[divan::bench(sample_count = 50, sample_size = 1)]
fn flush_500_events(bencher: Bencher<'_, '_>) {
    let (core, key) = (common::core(1, |builder| builder), common::experience_key(0));
    let mut number = 0_u64;
    let fill = || {
        for _ in 0..500 {
            number += 1;
            let _ = common::context_of(&core, &number.to_string()).run_experience(&key);
        }
    };
    bencher.with_inputs(fill).bench_local_values(|()| core.flush(Duration::from_secs(10)).expect("it takes all"));
}
