//! How much more two threads do than one.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use crate::common;
use crate::common::floor::{FastFloor, FastVisitor};
use crate::rounds::{self, median};

const ROUNDS: usize = 101;
/// Rounds that come before, and do not count.
const WARM_UP: usize = 3;
const TIMES: u32 = 100_000;

pub fn run() {
    let (core, key, options) = (common::core(1, |builder| builder), common::experience_key(0), common::deciding());
    let floor = FastFloor::new(1);
    let (mut own, mut control) = (Rates::default(), Rates::default());
    for round in 0..WARM_UP + ROUNDS {
        if round == WARM_UP {
            (own, control) = (Rates::default(), Rates::default());
        }
        own.take(|| {
            let context = common::context(&core);
            let (key, options) = (&key, &options);
            move || {
                black_box(&context.run_experience_with(black_box(key), options));
            }
        });
        control.take(|| {
            let visitor = FastVisitor::new(common::VISITOR, &common::ATTRIBUTES);
            let (floor, key) = (&floor, &key);
            move || {
                black_box(floor.decide(black_box(key), &visitor));
            }
        });
    }
    println!("\nDecisions on contexts of their own, over one core:\n");
    println!(
        "| | one thread, a second | two threads, a second | two to one | each at its best |\n|---|---|---|---|---|"
    );
    let ratio = own.print("convert-core");
    let control = control.print("control: the floor, which shares nothing that changes");
    println!();
    rounds::at_least("two threads to one", 1.8, ratio);
    println!("- the control, which a busy machine holds back as much: {control:.2}");
}

/// Work done a second by one thread and by two.
#[derive(Default)]
struct Rates {
    one: Vec<f64>,
    two: Vec<f64>,
}

impl Rates {
    fn take<W: FnMut()>(&mut self, work: impl Fn() -> W + Sync) {
        self.one.push(rate(1, &work));
        self.two.push(rate(2, &work));
    }

    /// Prints a row; answers two threads to one.
    fn print(mut self, name: &str) -> f64 {
        let pairs = self.one.iter().zip(&self.two);
        let mut ratios: Vec<f64> = pairs.map(|(one, two)| two / one).collect();
        let most = |rates: &[f64]| rates.iter().copied().fold(0.0, f64::max);
        let best = most(&self.two) / most(&self.one);
        let (one, two) = (median(&mut self.one) / 1e6, median(&mut self.two) / 1e6);
        let ratio = median(&mut ratios);
        println!("| {name} | {one:.1} million | {two:.1} million | {ratio:.2} | {best:.2} |");
        ratio
    }
}

/// How often a second so many threads do the work together, from the first's start to the last's end.
fn rate<W: FnMut()>(threads: usize, work: &(impl Fn() -> W + Sync)) -> f64 {
    let barrier = Barrier::new(threads);
    let one = || {
        let mut once = work();
        barrier.wait();
        let start = Instant::now();
        (0..TIMES).for_each(|_| once());
        (start, Instant::now())
    };
    let spans: Vec<(Instant, Instant)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
    });
    let start = spans.iter().map(|(start, _)| *start).min();
    let end = spans.iter().map(|(_, end)| *end).max();
    let took = start.zip(end).map_or(Duration::ZERO, |(start, end)| end - start);
    f64::from(TIMES) * threads as f64 / took.as_secs_f64()
}
