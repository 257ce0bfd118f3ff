//! What the hot paths allocate. A clone that slips into one of them fails these tests; time never does.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a counting allocator, and tests"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::ready;
use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use convert_core::testing::{Answer, RecordingTransport};
use convert_core::{
    AsyncTransport, BoxFuture, CallOptions, Context, ContextOptions, ConversionOptions, Core, CoreBuilder,
    DecisionSource, Request, RequestKind, Response, TransportError,
};
use serde_json::json;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<i64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged; the counters are plain cells of the calling thread.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        let _ = BYTES.try_with(|bytes| bytes.set(bytes.get() + layout.size() as i64));
        // SAFETY: the caller's own promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let _ = BYTES.try_with(|bytes| bytes.set(bytes.get() - layout.size() as i64));
        // SAFETY: the caller's own promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `work` allocates, on this thread.
fn allocations<T>(work: impl FnOnce() -> T) -> u64 {
    let before = ALLOCATIONS.with(Cell::get);
    let result = black_box(work());
    let after = ALLOCATIONS.with(Cell::get);
    drop(result);
    after - before
}

/// One experience with one text rule and a 50/50 split, one for everybody, and a goal.
fn core(set: impl FnOnce(CoreBuilder) -> CoreBuilder) -> Core {
    let variations = |id: u32| {
        json!([
            {"id": format!("{id}1"), "key": "a", "traffic_allocation": 50},
            {"id": format!("{id}2"), "key": "b", "traffic_allocation": 50},
        ])
    };
    let config = json!({
        "account_id": "100123",
        "project": {"id": "200456"},
        "experiences": [
            {"id": "100300001", "key": "ruled", "audiences": ["501"], "variations": variations(100300001)},
            {"id": "100300002", "key": "open", "variations": variations(100300002)},
        ],
        "audiences": [{"id": "501", "key": "us", "rules": {"OR": [{"AND": [{"OR_WHEN": [{
            "rule_type": "generic_text_key_value",
            "matching": {"match_type": "matches", "negated": false},
            "key": "country_name",
            "value": "Germany",
        }]}]}]}}],
        "goals": [{"id": "901", "key": "signup"}],
        "features": [{
            "id": "a feature's id that is long", "key": "a-feature-with-a-long-key",
            "name": "A feature with a name that is long",
        }],
    });
    let builder = Core::builder().config_data(&config).async_transport(RecordingTransport::new()).batch_size(1_000_000);
    let core = set(builder).build().unwrap();
    // Who listened once, and no longer does, leaves nothing to pay for.
    drop(core.on(|_| {}));
    core
}

fn context(core: &Core, visitor: &str) -> Context {
    let options = ContextOptions::new().attributes([("country_name", "germany"), ("plan", "gold"), ("age", "33")]);
    core.create_context_with(visitor, options).unwrap()
}

#[test]
fn deciding_on_a_held_context_allocates_nothing() {
    let core = core(|builder| builder);
    let context = context(&core, "0b4b6f0e-6d3c-4b1e-9d1e-1f4c0a8f2d11");
    let options = CallOptions::new().storage(false).tracking(false);
    let decide = || context.run_experience_with("ruled", &options);
    assert_eq!(decide().unwrap().source(), DecisionSource::Bucketed);
    assert_eq!(allocations(decide), 0);
    // Asking for its parts is free too.
    assert_eq!(allocations(|| decide().unwrap().variation_key().len() + decide().unwrap().experience_id().len()), 0);
}

#[test]
fn decisions_are_compared_and_written_and_features_decided_without_copies() {
    let core = core(|builder| builder);
    let context = context(&core, "0b4b6f0e-6d3c-4b1e-9d1e-1f4c0a8f2d11");
    let options = CallOptions::new().storage(false).tracking(false);
    let decide = || context.run_experience_with("ruled", &options).unwrap();
    let (one, other) = (decide(), decide());
    assert_eq!(allocations(|| one == other), 0);
    let mut text = Vec::with_capacity(1024);
    assert_eq!(allocations(|| serde_json::to_writer(&mut text, &one).unwrap()), 0);
    assert_eq!(text, serde_json::to_vec(&one.to_owned()).unwrap());
    assert!(one == other && !text.is_empty());
    let feature = || context.run_feature_with("a-feature-with-a-long-key", &options);
    assert!(!feature().is_enabled());
    assert_eq!(feature().name(), Some("A feature with a name that is long"));
    assert_eq!(allocations(feature), 0);
}

#[test]
fn reading_a_stored_decision_back_allocates_nothing() {
    let core = core(|builder| builder);
    let context = context(&core, "v1");
    let _ = context.run_experience("ruled");
    assert_eq!(context.run_experience("ruled").unwrap().source(), DecisionSource::Stored);
    assert_eq!(allocations(|| context.run_experience("ruled")), 0);
}

#[test]
fn a_fresh_visitor_costs_two_allocations_and_its_attributes_two_more() {
    assert_eq!(most_of_fresh_visitors(|core, visitor| core.create_context(visitor).unwrap(), "open"), 2);
    let with_attributes = |core: &Core, visitor| {
        let options = ContextOptions::new().attributes([("country_name", "germany"), ("plan", "gold"), ("age", "33")]);
        core.create_context_with(visitor, options).unwrap()
    };
    assert_eq!(most_of_fresh_visitors(with_attributes, "ruled"), 4);
}

/// The allocations of a context, a decision, its storing and its event.
fn most_of_fresh_visitors(context: impl Fn(&Core, Arc<str>) -> Context, key: &str) -> u64 {
    let core = core(|builder| builder);
    // The store's table and the queue grow now and then: that is shared by all visitors, and paid for here.
    for visitor in 0..12_000 {
        let _ = context(&core, format!("warm-{visitor}").into()).run_experience(key);
    }
    let allocations_of = |visitor: u32| {
        let visitor: Arc<str> = format!("fresh-{visitor}").into();
        allocations(|| context(&core, visitor).run_experience(key).unwrap().is_new())
    };
    let most = (0..100).map(allocations_of).max().unwrap();
    assert_eq!(core.stats().pending.bucketing, 12_100);
    most
}

#[test]
fn a_repeated_transaction_allocates_nothing() {
    let core = core(|builder| builder);
    let context = context(&core, "v1");
    let purchase = ConversionOptions::new().force_multiple(true).revenue(49.9);
    // The queue's table grows here.
    for _ in 0..12_000 {
        assert!(context.track_conversion_with("signup", &purchase).is_queued());
    }
    assert_eq!(allocations(|| context.track_conversion_with("signup", &purchase)), 0);
}

#[test]
fn a_visitor_in_the_bundled_store_takes_at_most_300_bytes() {
    const VISITORS: i64 = 10_000;
    // One event is under way for good and there is no room for others: only the store grows, and only this thread frees.
    let hanging = RecordingTransport::new();
    hanging.otherwise(RequestKind::Tracking, Answer::Hang);
    let core = core(|builder| builder.queue_limits(1, 1 << 20).async_transport(hanging.clone()));
    let _ = core.create_context("warm").unwrap().run_experience("open");
    assert!(hanging.wait_for(RequestKind::Tracking, 1, Duration::from_secs(60)));
    let before = BYTES.with(Cell::get);
    for visitor in 0..VISITORS {
        let context = core.create_context(format!("0b4b6f0e-6d3c-4b1e-9d1e-{visitor:012}")).unwrap();
        let _ = context.run_experience("open");
        assert!(context.track_conversion("signup").is_queued());
    }
    let per_visitor = (BYTES.with(Cell::get) - before) / VISITORS;
    assert!(per_visitor <= 300, "{per_visitor} bytes");
}

/// Notes how often the SDK's thread has allocated when it hands over a request.
struct Noting(Arc<Mutex<Vec<u64>>>);

impl AsyncTransport for Noting {
    fn send(&self, _: Request) -> BoxFuture<'static, Result<Response, TransportError>> {
        let so_far = ALLOCATIONS.with(Cell::get);
        self.0.lock().unwrap().push(so_far);
        Box::pin(ready(Ok(Response::new(200))))
    }
}

/// Serves one config, and notes how often the SDK's thread has allocated when it asks for it.
struct Serving(String, Arc<Mutex<Vec<u64>>>);

impl AsyncTransport for Serving {
    fn send(&self, _: Request) -> BoxFuture<'static, Result<Response, TransportError>> {
        let so_far = ALLOCATIONS.with(Cell::get);
        let mut noted = self.1.lock().unwrap();
        noted.push(so_far);
        // Another text each time: the same would be no other config.
        Box::pin(ready(Ok(Response::new(200).body(self.0.clone() + &" ".repeat(noted.len())))))
    }
}

#[test]
fn a_large_config_is_not_parsed_on_the_thread_that_delivers() {
    let noted = Arc::new(Mutex::new(Vec::new()));
    let goals: Vec<_> =
        (0..10_000).map(|id| json!({"id": id.to_string(), "key": format!("goal number {id}")})).collect();
    let config = json!({"account_id": "1", "project": {"id": "2"}, "goals": goals}).to_string();
    let transport = Serving(config, Arc::clone(&noted));
    let core = Core::builder().sdk_key("1/2").async_transport(transport).build().unwrap();
    for _ in 0..2 {
        core.refresh_now().wait(Duration::from_secs(60)).unwrap();
    }
    assert_eq!(core.config().unwrap().goals().len(), 10_000);
    // To parse it takes more than one for each goal.
    let noted = noted.lock().unwrap();
    let least = noted.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap();
    assert!(least < 200, "{least} allocations");
}

#[test]
fn a_batch_of_500_events_is_written_without_values_in_between() {
    let noted = Arc::new(Mutex::new(Vec::with_capacity(10)));
    let core = core(|builder| builder.async_transport(Noting(Arc::clone(&noted))));
    let purchase = ConversionOptions::new().revenue(49.9).transaction_id("order-1001");
    for batch in 0..5 {
        for visitor in 0..125 {
            let context = context(&core, &format!("visitor-{batch}-{visitor}"));
            assert!(context.run_experience("ruled").is_some() && context.run_experience("open").is_some());
            // The conversion, and its transaction.
            assert!(context.track_conversion_with("signup", &purchase).is_queued());
        }
        core.flush(Duration::from_secs(60)).unwrap();
    }
    assert_eq!((core.stats().delivered.total(), core.stats().requests), (5 * 500, 5));
    let noted = noted.lock().unwrap();
    // From one request to the next: the body, the table of its visitors, their order, and what any round of the thread takes.
    let least = noted.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap();
    assert!(least < 20, "{least} allocations");
}
