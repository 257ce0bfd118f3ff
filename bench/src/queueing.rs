//! Queueing events, and writing them into a request.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use convert_core::testing::{Answer, RecordingTransport};
use convert_core::{
    CallOptions, ConversionOptions, Core, CoreBuilder, Request, RequestKind, Response, Transport, TransportError,
};

use crate::common;
use crate::cores::{self, EVERYWHERE};
use crate::rounds::{self, Contender, Plan, Timed};
use crate::tracking::event::{EventKind, EventType, TrackingEvent};
use crate::tracking::queue::{Fate, Limits, Queue};

/// The queue keeps room for twice as many.
const AT_MOST: u32 = 500;

pub fn run() {
    queueing();
    calls();
    without_answers();
    batch();
}

/// The queue alone, beside the least that a queue does.
fn queueing() {
    let (least, making) = (Mutex::new(VecDeque::new()), Mutex::new(VecDeque::new()));
    let queue = Queue::new(Limits { events: 100_000, bytes: 32 << 20 }, usize::MAX);
    let batch = RefCell::new(Vec::new());
    let visitor: Arc<str> = common::VISITOR.into();
    let (events, others) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
    let fill = |events: &RefCell<Vec<TrackingEvent>>, times: u32| {
        events.borrow_mut().extend((0..times).map(|_| event(&visitor)));
    };
    let contenders = vec![
        Contender::new("a push under a lock", || {
            if let Some(event) = events.borrow_mut().pop() {
                lock(&least).push_back(event);
            }
        })
        .before(|times| {
            lock(&least).clear();
            fill(&events, times);
        })
        .at_most(AT_MOST),
        Contender::new("the core's queue", || {
            if let Some(event) = others.borrow_mut().pop() {
                let _ = black_box(queue.push(event, EventType::Bucketing, 256, None));
            }
        })
        .before(|times| {
            let mut batch = batch.borrow_mut();
            queue.take(usize::MAX, usize::MAX, &mut batch);
            queue.settle(&mut batch, Fate::Delivered, false);
            fill(&others, times);
        })
        .at_most(AT_MOST),
        Contender::new("an event made of its parts, and a push under a lock", || {
            lock(&making).push_back(event(black_box(&visitor)));
        })
        .before(|_| lock(&making).clear())
        .at_most(AT_MOST),
    ];
    let timed = rounds::run(contenders, &Plan::USUAL);
    rounds::print("One event into a queue; made beforehand, but for the last row", &timed);
    rounds::at_most("the core's queue to a push under a lock", 4.0, timed[1].median / timed[0].median);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn event(visitor: &Arc<str>) -> TrackingEvent {
    let kind = EventKind::Bucketing { experience_id: "100300000".into(), variation_id: "1003000001".into() };
    TrackingEvent { visitor: Arc::clone(visitor), segments: None, kind }
}

/// Calls that queue one event, beside those that do the same but for it.
fn calls() {
    let (quiet, told) = (CallOptions::new().storage(false).tracking(false), CallOptions::new().storage(false));
    // A repeated transaction queues one event.
    let repeated = ConversionOptions::new().force_multiple(true).revenue(1.0);
    let core = cores::core(|builder| builder);
    let context = common::context(&core);
    let _ = context.track_conversion_with("signup", &repeated);
    let emptied = |contender: Contender<'static>, core: &Core| {
        let core = core.clone();
        contender.before(move |_| cores::deliver(&core)).at_most(AT_MOST)
    };
    let of = |name: &str, once: Box<dyn Fn(&convert_core::Context)>| {
        let context = context.clone();
        emptied(Contender::new(name, move || once(&context)), &core)
    };
    let again = repeated.clone();
    let contenders = vec![
        of(
            "one decision, not tracked",
            Box::new(move |context| {
                black_box(&context.run_experience_with(black_box(EVERYWHERE), &quiet));
            }),
        ),
        of(
            "the same, tracked: its event made, measured and queued",
            Box::new(move |context| {
                black_box(&context.run_experience_with(black_box(EVERYWHERE), &told));
            }),
        ),
        of(
            "a conversion explained: its goal found, its events made",
            Box::new(move |context| {
                black_box(&context.explain_goal_with(black_box("signup"), &again));
            }),
        ),
        of(
            "the same tracked: its goal marked, one event measured and queued, too",
            Box::new(move |context| {
                black_box(&context.track_conversion_with(black_box("signup"), &repeated));
            }),
        ),
    ];
    let timed = rounds::run(contenders, &Plan::USUAL);
    rounds::print("Calls that queue one event", &timed);
    println!("- what its event adds to a decision: {:.0} ns", timed[1].median - timed[0].median);
}

/// 100,000 calls on their own, while the endpoint answers and while it does not.
fn without_answers() {
    println!(
        "\n100,000 tracking calls, a batch at 10 events:\n\n| | p50, ns | p99, ns | most, µs | queued or sent | dropped |"
    );
    println!("|---|---|---|---|---|---|");
    let mut clock = each_of(|| ());
    print_spread("the clock alone", &mut clock, "", "");
    tracking_calls("a transport that answers", |builder| builder);
    tracking_calls("an asynchronous transport that never does", |builder| {
        let transport = RecordingTransport::new();
        transport.otherwise(RequestKind::Tracking, Answer::Hang);
        builder.async_transport(transport)
    });
    tracking_calls("a blocking transport that never returns", |builder| builder.transport(Stuck));
    println!();
}

/// Keeps its thread for ever.
struct Stuck;

impl Transport for Stuck {
    fn send(&self, _: &Request) -> Result<Response, TransportError> {
        loop {
            std::thread::park();
        }
    }
}

fn tracking_calls(name: &str, set: impl FnOnce(CoreBuilder) -> CoreBuilder) {
    let options = ConversionOptions::new().force_multiple(true).revenue(1.0);
    let core = cores::core(|builder| set(builder.batch_size(10)));
    let context = common::context(&core);
    let _ = context.track_conversion("signup");
    let mut times = each_of(|| {
        black_box(context.track_conversion_with("signup", &options));
    });
    let stats = core.stats();
    let kept = stats.pending.total() + stats.delivered.total();
    print_spread(name, &mut times, &kept.to_string(), &stats.dropped.total().to_string());
}

fn each_of(mut once: impl FnMut()) -> Vec<u128> {
    let one = |_| {
        let start = Instant::now();
        once();
        start.elapsed().as_nanos()
    };
    // The call before them makes 100,000.
    (1..100_000).map(one).collect()
}

fn print_spread(name: &str, times: &mut [u128], kept: &str, dropped: &str) {
    times.sort_unstable();
    let [p50, p99, most] = [50_000, 99_000, 99_998].map(|at| times[at]);
    println!("| {name} | {p50} | {p99} | {} | {kept} | {dropped} |", most / 1_000);
}

/// Writing a batch: what a flush of 500 events takes beyond a flush of one.
fn batch() {
    const EVENTS: u32 = 500;
    let transport = RecordingTransport::new();
    let recorded = cores::core(|builder| builder.async_transport(transport.clone()));
    track(&recorded, EVENTS);
    cores::deliver(&recorded);
    let body = transport.bodies(RequestKind::Tracking).pop().unwrap_or_default();
    let value: serde_json::Value = serde_json::from_str(&body).expect("the body is in order");
    let flush = |name: &str, events: u32| {
        let core = cores::core(|builder| builder);
        let own = core.clone();
        let work = move |_| {
            let start = Instant::now();
            cores::deliver(&own);
            start.elapsed()
        };
        Contender::timing_itself(name, work).before(move |_| track(&core, events)).at_most(1)
    };
    let contenders = vec![
        flush("a flush of one event", 1),
        flush("a flush of 500 events of as many visitors", EVENTS),
        Contender::new("`serde_json::to_vec` of the same body, held as a value", || {
            black_box(serde_json::to_vec(black_box(&value)).ok());
        }),
    ];
    let plan = Plan { round: Duration::from_micros(200), ..Plan::USUAL };
    let timed = rounds::run(contenders, &plan);
    let each = |[less, more]: [&Timed; 2]| (more.median - less.median) / f64::from(EVENTS - 1);
    println!("\nA batch of 500 events ({} bytes):\n\n| | ns an event |\n|---|---|", body.len());
    println!("| taken from the queue, written, handed over and settled | {:.0} |", each([&timed[0], &timed[1]]));
    println!("| {} | {:.0} |", timed[2].name, timed[2].median / f64::from(EVENTS));
}

/// One event of each of so many visitors, who are not remembered.
fn track(core: &Core, events: u32) {
    let options = CallOptions::new().storage(false);
    for visitor in 0..events {
        let context = core.create_context(format!("0b4b6f0e-6d3c-4b1e-9d1e-{visitor:012}")).expect("it has an id");
        let _ = context.run_experience_with(EVERYWHERE, &options);
    }
}
