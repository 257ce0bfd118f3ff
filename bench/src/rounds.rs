//! Timing contenders in turn, so that a slow moment of the machine falls on all of them.

use std::time::Instant;

/// One way to do the work. `run` does it so many times.
pub struct Contender<'a> {
    name: &'static str,
    run: Box<dyn FnMut(u32) + 'a>,
    times: Vec<f64>,
}

impl<'a> Contender<'a> {
    pub fn new(name: &'static str, mut once: impl FnMut() + 'a) -> Self {
        let run = move |times| (0..times).for_each(|_| once());
        Self { name, run: Box::new(run), times: Vec::new() }
    }
}

/// A contender's name, and its nanoseconds for one time: the least and the median of all rounds.
pub struct Timed {
    pub name: &'static str,
    pub least: f64,
    pub median: f64,
}

/// Lets each contender do the work `times` times in each of `rounds` rounds.
pub fn run(mut contenders: Vec<Contender<'_>>, rounds: usize, times: u32) -> Vec<Timed> {
    for _ in 0..=rounds {
        for contender in &mut contenders {
            let start = Instant::now();
            (contender.run)(times);
            contender.times.push(start.elapsed().as_nanos() as f64 / f64::from(times));
        }
    }
    let timed = contenders.into_iter().map(|mut contender| {
        // The first round warms up.
        contender.times.remove(0);
        contender.times.sort_by(f64::total_cmp);
        let median = contender.times[contender.times.len() / 2];
        Timed { name: contender.name, least: contender.times[0], median }
    });
    timed.collect()
}

/// Prints a table; ratios are of medians, to the contender named first.
pub fn print(title: &str, timed: &[Timed]) {
    println!("\n{title}\n\n| | least ns | median ns | ratio |\n|---|---|---|---|");
    let first = timed.first().map_or(1.0, |first| first.median);
    for Timed { name, least, median } in timed {
        println!("| {name} | {least:.1} | {median:.1} | {:.2} |", median / first);
    }
}
