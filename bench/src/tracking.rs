//! Queueing events.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::Mutex;
use std::time::Instant;

use convert_core::testing::{Answer, RecordingTransport};
use convert_core::{ConversionOptions, Core, RequestKind};

use crate::common;
use crate::rounds::{self, Contender};

pub fn run() {
    // A repeated transaction queues one event and stores nothing.
    let options = ConversionOptions::new().force_multiple(true).revenue(1.0);
    let core = common::core(1, |builder| builder);
    let context = common::context(&core);
    let _ = context.track_conversion_with("signup", &options);
    let queue = Mutex::new(VecDeque::<[u64; 14]>::new());
    let contenders = vec![
        Contender::new("lock and push", || queue.lock().expect("no thread panics").push_back(black_box([0; 14]))),
        Contender::new("a tracking call that queues one event", || {
            black_box(context.track_conversion_with("signup", &options));
        }),
    ];
    rounds::print("Queueing", &rounds::run(contenders, 200, 200));
    without_answers(&options);
}

/// 100,000 calls while the endpoint never answers.
fn without_answers(options: &ConversionOptions) {
    let transport = RecordingTransport::new();
    transport.otherwise(RequestKind::Tracking, Answer::Hang);
    let core = Core::builder().config_data(&common::config(1)).async_transport(transport).build();
    let core = core.expect("the config is in order");
    let context = common::context(&core);
    let _ = context.track_conversion_with("signup", options);
    let call = || {
        let start = Instant::now();
        black_box(context.track_conversion_with("signup", options));
        start.elapsed().as_nanos()
    };
    let mut times: Vec<u128> = (0..100_000).map(|_| call()).collect();
    times.sort_unstable();
    let [p50, p99, most] = [50_000, 99_000, 99_999].map(|at| times[at]);
    println!("\n100,000 tracking calls, a transport that never returns: p50 {p50} ns, p99 {p99} ns, most {most} ns");
}
