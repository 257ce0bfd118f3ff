//! What a visitor costs: seen for the first time, seen again, and remembered.

use std::cell::RefCell;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::Arc;

use convert_core::testing::{Answer, RecordingTransport};
use convert_core::{ContextOptions, Core, MemoryStore, RequestKind};

use crate::alloc;
use crate::common;
use crate::cores::{self, EVERYWHERE};
use crate::rounds::{self, Contender, Plan};

/// As many visitors as the bundled store keeps.
const KEPT: u64 = 10_000;

pub fn run() {
    let key = common::experience_key(0);
    let core = cores::core(|builder| builder);
    let (held, stored, options) = (common::context_of(&core, "held"), common::context(&core), common::deciding());
    let _ = stored.run_experience(&key);
    let contenders = vec![
        Contender::new("fresh decision on a held context, neither stored nor tracked", || {
            black_box(&held.run_experience_with(black_box(&key), &options));
        }),
        Contender::new("decision read back", || {
            black_box(&stored.run_experience(black_box(&key)));
        }),
        fresh("fresh visitor: context, decision, stored, event queued", |core, visitor| {
            black_box(&core.create_context(visitor).expect("it has an id").run_experience(black_box(EVERYWHERE)));
        }),
        fresh("the same with three attributes, and a rule on one of them", {
            let key = key.clone();
            move |core, visitor| {
                let options = ContextOptions::new().attributes(common::ATTRIBUTES);
                let context = core.create_context_with(visitor, options).expect("it has an id");
                black_box(&context.run_experience(black_box(&key)));
            }
        }),
    ];
    let timed = rounds::run(contenders, &Plan::USUAL);
    rounds::print("A visitor (the id given, the bundled store full, the queue emptied between the rounds)", &timed);
    rounds::at_most("read back to a fresh decision", 1.0, timed[1].median / timed[0].median);
    rounds::at_most("allocations of a fresh visitor", 4.0, timed[2].allocations);
    rounds::at_most(
        "bytes of a visitor in the bundled store, with one decision and one goal",
        300.0,
        bytes_of_a_visitor(),
    );
}

/// A core whose store is full, and visitors whom it has not seen.
fn fresh(name: &str, decide: impl Fn(&Core, Arc<str>) + 'static) -> Contender<'static> {
    let core = cores::core(|builder| builder);
    let mut numbers = 0..;
    let mut visitor = move || -> Arc<str> {
        let number: u64 = numbers.next().unwrap_or_default();
        format!("0b4b6f0e-6d3c-4b1e-9d1e-{number:012}").into()
    };
    for _ in 0..KEPT {
        decide(&core, visitor());
    }
    let visitors = Rc::new(RefCell::new(Vec::new()));
    let (given, own) = (Rc::clone(&visitors), core.clone());
    let once = move || {
        if let Some(visitor) = given.borrow_mut().pop() {
            decide(&own, visitor);
        }
    };
    let before = move |times| {
        cores::deliver(&core);
        visitors.borrow_mut().extend((0..times).map(|_| visitor()));
    };
    // As many events as the queue keeps room for.
    Contender::new(name, once).before(before).at_most(500)
}

fn bytes_of_a_visitor() -> f64 {
    let room = NonZeroUsize::new(KEPT as usize).expect("there is room");
    // One event is under way for good and there is no room for others: only the store grows, and only this thread frees.
    let hanging = RecordingTransport::new();
    hanging.otherwise(RequestKind::Tracking, Answer::Hang);
    let core = cores::core(|builder| {
        let stored = builder.data_store(MemoryStore::with_capacity(room));
        stored.queue_limits(1, 1 << 20).async_transport(hanging)
    });
    let ((), counted) = alloc::counted(|| {
        for number in 0..KEPT {
            let visitor = format!("0b4b6f0e-6d3c-4b1e-9d1e-{number:012}");
            let context = core.create_context(visitor).expect("it has an id");
            let _ = context.run_experience(EVERYWHERE);
            let _ = context.track_conversion("signup");
        }
    });
    counted.live as f64 / KEPT as f64
}
