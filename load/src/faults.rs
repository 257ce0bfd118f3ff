//! A collector that fails on and off.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use convert_core::testing::{Collector, Fault, Route};

/// Fails and recovers at random until it is told to stop.
pub(crate) fn fail_on_and_off(collector: &Collector, stopping: &AtomicBool, mut random: fastrand::Rng) {
    let faults = [
        Fault::Status(500),
        Fault::Status(503),
        Fault::RetryAfter { status: 429, value: "0".to_owned() },
        Fault::ResetBeforeBody,
        Fault::ResetMidBody,
        Fault::ResetAfterBody,
        Fault::LostAnswer,
        Fault::CutAnswer,
        Fault::Hang,
        Fault::Garbage,
        Fault::CloseAfter,
        Fault::Slow(Duration::from_millis(50)),
    ];
    while !stopping.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(random.u64(100..500)));
        if let Some(fault) = random.choice(&faults) {
            collector.fail_always(Route::Track, fault.clone());
        }
        thread::sleep(Duration::from_millis(random.u64(50..300)));
        collector.recover();
    }
}
