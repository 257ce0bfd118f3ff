//! Timing contenders in turn, so that a slow moment of the machine falls on all of them.

use std::time::{Duration, Instant};

use crate::alloc::counted;

/// Allocations are the same each time, but where a table grows.
const COUNTED_ROUNDS: usize = 5;

/// How long the contenders work.
pub struct Plan {
    pub rounds: usize,
    /// What a contender gets in one round: it does the work as often as fits, once at least.
    pub round: Duration,
    /// What a contender gets in all: one that takes longer in a round sits some of them out.
    pub in_all: Duration,
}

impl Plan {
    pub const USUAL: Self = Self { rounds: 300, round: Duration::from_millis(1), in_all: Duration::from_millis(1_200) };
}

/// One way to do the work.
pub struct Contender<'a> {
    name: String,
    /// Does the work so many times, and answers how long that took.
    work: Box<dyn FnMut(u32) -> Duration + 'a>,
    /// Makes ready for so many times.
    before: Box<dyn FnMut(u32) + 'a>,
    at_most: u32,
}

impl<'a> Contender<'a> {
    pub fn new(name: impl Into<String>, mut once: impl FnMut() + 'a) -> Self {
        Self::timing_itself(name, move |times| {
            let start = Instant::now();
            (0..times).for_each(|_| once());
            start.elapsed()
        })
    }

    pub fn timing_itself(name: impl Into<String>, work: impl FnMut(u32) -> Duration + 'a) -> Self {
        Self { name: name.into(), work: Box::new(work), before: Box::new(|_| ()), at_most: u32::MAX }
    }

    /// What comes before each round, untimed.
    pub fn before(mut self, before: impl FnMut(u32) + 'a) -> Self {
        self.before = Box::new(before);
        self
    }

    /// How often a round repeats the work at most.
    pub fn at_most(mut self, times: u32) -> Self {
        self.at_most = times;
        self
    }

    fn work(&mut self, times: u32) -> Duration {
        (self.before)(times);
        (self.work)(times)
    }

    /// How often the work fits into a round, and how many rounds into the whole. The work is warm afterwards.
    fn fit(&mut self, plan: &Plan) -> (u32, usize) {
        let mut times = 1;
        while self.work(times) < plan.round && times < self.at_most {
            times = times.saturating_mul(2).min(self.at_most);
        }
        // Any of these may fall on a slow moment: the fastest counts.
        let mut once = f64::INFINITY;
        for _ in 0..5 {
            once = once.min(self.work(times).max(Duration::from_nanos(1)).as_secs_f64() / f64::from(times));
            times = ((plan.round.as_secs_f64() / once) as u32).clamp(1, self.at_most);
        }
        let rounds = plan.in_all.as_secs_f64() / (once * f64::from(times));
        (times, (rounds as usize).clamp(5, plan.rounds))
    }
}

/// How long a contender took for the work once, in nanoseconds, and what this thread allocated for it: medians.
pub struct Timed {
    pub name: String,
    pub median: f64,
    pub allocations: f64,
    least: f64,
    rounds: usize,
    times: u32,
    bounded: bool,
}

pub fn run(contenders: Vec<Contender<'_>>, plan: &Plan) -> Vec<Timed> {
    let mut all: Vec<_> = contenders
        .into_iter()
        .map(|mut contender| {
            let (times, rounds) = contender.fit(plan);
            (contender, times, plan.rounds.div_ceil(rounds), Vec::new(), Vec::new())
        })
        .collect();
    for round in 0..plan.rounds {
        for (contender, times, every, took, _) in &mut all {
            if round % *every == 0 {
                took.push(contender.work(*times).as_nanos() as f64 / f64::from(*times));
            }
        }
    }
    // In rounds of their own: counting takes time from those who allocate.
    for _ in 0..COUNTED_ROUNDS {
        for (contender, times, _, _, allocated) in &mut all {
            (contender.before)(*times);
            let (_, counted) = counted(|| (contender.work)(*times));
            allocated.push(counted.allocations as f64 / f64::from(*times));
        }
    }
    let timed = all.into_iter().map(|(contender, times, every, mut took, mut allocated)| Timed {
        median: median(&mut took),
        allocations: median(&mut allocated),
        least: took[0],
        rounds: took.len(),
        name: contender.name,
        times,
        bounded: every > 1,
    });
    timed.collect()
}

/// Sorts, too.
pub fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Prints a table; ratios are of medians, to the contender named first.
pub fn print(title: &str, timed: &[Timed]) {
    println!("\n{title}:\n\n| | median, ns | to the first | least, ns | allocations |\n|---|---|---|---|---|");
    let first = timed.first().map_or(1.0, |first| first.median);
    for Timed { name, least, median, allocations, .. } in timed {
        println!("| {name} | {median:.0} | {:.2} | {least:.0} | {} |", median / first, shown(*allocations));
    }
    print_bounded(timed);
    println!();
}

/// Says whether a figure is what it must be at most.
pub fn at_most(what: &str, limit: f64, figure: f64) {
    println!("- {what}: {figure:.2}, at most {limit}: {}", met(figure <= limit));
}

/// Says whether a figure is what it must be at least.
pub fn at_least(what: &str, limit: f64, figure: f64) {
    println!("- {what}: {figure:.2}, at least {limit}: {}", met(figure >= limit));
}

fn met(is_met: bool) -> &'static str {
    if is_met { "met" } else { "**not met**" }
}

/// Says who was let work less often than the others.
pub fn print_bounded(timed: &[Timed]) {
    let bounded: Vec<_> = timed.iter().filter(|timed| timed.bounded).collect();
    if !bounded.is_empty() {
        let all = |Timed { name, rounds, times, .. }: &Timed| format!("{name} ({rounds} rounds of {times})");
        let all: Vec<String> = bounded.into_iter().map(all).collect();
        println!("\nBounded in time, so timed less often: {}.", all.join("; "));
    }
}

/// A count that is whole as a rule.
pub fn shown(allocations: f64) -> String {
    if allocations.fract() < 0.05 { format!("{allocations:.0}") } else { format!("{allocations:.1}") }
}
