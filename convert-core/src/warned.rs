//! For tests: how often the SDK warns.

use std::cell::Cell;
use std::sync::Once;

use tracing::span;

thread_local! {
    static WARNINGS: Cell<u64> = const { Cell::new(0) };
}

/// Counts the SDK's warnings on each thread. A subscriber for the process: one for a thread would miss call sites that
/// another thread reached first.
struct Counter;

impl tracing::Subscriber for Counter {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "convert" && *metadata.level() == tracing::Level::WARN
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {
        WARNINGS.set(WARNINGS.get() + 1);
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// How many warnings the SDK logs on this thread during `work`.
pub(crate) fn warnings(work: impl FnOnce()) -> u64 {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| tracing::subscriber::set_global_default(Counter).unwrap());
    let before = WARNINGS.get();
    work();
    WARNINGS.get() - before
}
