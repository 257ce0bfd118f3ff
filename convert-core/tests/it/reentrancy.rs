//! Code of the app's that the SDK calls may call the very context that is at work.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use convert_core::{Clock, Context, ContextOptions, Preview};
use tracing::{Event, Metadata, Subscriber, span};

use crate::fixtures::{PATIENCE, recorded};

/// Does all that a context can, once it has one. While it does so, it does not begin again.
#[derive(Clone, Default)]
struct Caller {
    context: Arc<Mutex<Option<Context>>>,
    calls: Arc<AtomicUsize>,
}

impl Caller {
    fn has(&self, context: &Context) {
        *self.context.lock().unwrap() = Some(context.clone());
    }

    fn call(&self) {
        let context = self.context.lock().unwrap().take();
        let Some(context) = context else { return };
        let _ = context.run_experience("open");
        let _ = context.run_features();
        let _ = context.explain_experience("members");
        let _ = context.set_attributes([("plan", "gold")]);
        context.track_conversion("signup");
        context.clear_preview();
        self.calls.fetch_add(1, Ordering::Relaxed);
        *self.context.lock().unwrap() = Some(context);
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Caller")
    }
}

impl Clock for Caller {
    fn now(&self) -> Duration {
        self.call();
        Duration::from_secs(1)
    }

    fn real_time_until(&self, _: Duration) -> Option<Duration> {
        None
    }
}

impl Subscriber for Caller {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "convert"
    }
    fn event(&self, _: &Event<'_>) {
        self.call();
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// Runs it on a thread of its own, and waits for its end: a lock taken twice would never come to one.
fn ends(work: impl FnOnce() + Send + 'static) {
    let (ended, end) = mpsc::channel();
    let worker = thread::spawn(move || {
        work();
        let _ = ended.send(());
    });
    let outcome = end.recv_timeout(PATIENCE);
    assert!(outcome != Err(mpsc::RecvTimeoutError::Timeout), "it waits for itself");
    worker.join().unwrap();
}

/// What the app does while it is called back.
fn use_all(context: &Context) {
    let _ = context.run_experience("rollout");
    let _ = context.run_experiences();
    let _ = context.run_feature("banner");
    context.track_conversion("signup");
    let _ = context.set_attributes([("plan", "silver")]);
}

#[test]
fn a_handler_may_call_the_context_that_decides() {
    ends(|| {
        let (core, _) = recorded(|builder| builder);
        let context = core.create_context("v1").unwrap();
        let caller = Caller::default();
        let handler = caller.clone();
        let _subscription = core.on(move |_| handler.call());
        caller.has(&context);
        use_all(&context);
        assert!(caller.calls() >= 3, "{}", caller.calls());
    });
}

#[test]
fn a_clock_may_call_the_context_that_asks_the_time() {
    ends(|| {
        let caller = Caller::default();
        let clock = caller.clone();
        let (core, _) = recorded(|builder| builder.clock(clock).visitor_time_to_live(Duration::from_secs(60)));
        let context = core.create_context("v1").unwrap();
        caller.has(&context);
        use_all(&context);
        assert!(caller.calls() >= 1, "{}", caller.calls());
        *caller.context.lock().unwrap() = None;
    });
}

#[test]
fn a_log_may_call_the_context_that_writes_it() {
    ends(|| {
        let caller = Caller::default();
        let (core, _) = recorded(|builder| builder);
        let options = ContextOptions::new().preview(Preview::new("404", "1"));
        let context = core.create_context_with("v1", options).unwrap();
        caller.has(&context);
        // The preview that is not there is told in the log.
        tracing::subscriber::with_default(caller.clone(), || use_all(&context));
        assert!(caller.calls() >= 1, "{}", caller.calls());
    });
}
