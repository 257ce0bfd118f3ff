//! Starting, waiting, ending.

use std::io::Write;
use std::pin::pin;
use std::sync::{Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use convert_core::testing::{Answer, ManualClock, RecordingTransport};
use convert_core::{
    AsyncContext, AsyncCore, AsyncTransport, BoxFuture, BuildError, ConversionOptions, Core, CoreBuilder, Event,
    FetchError, FlushError, Request, RequestKind, Response, Subscription, TransportError,
};
use futures_executor::block_on;

use crate::kit::{SHOP, poll_once, seconds};

/// Long enough for any event on a slow machine; a test that gets this far has failed.
const PATIENCE: Duration = Duration::from_secs(30);

fn fetching() -> (CoreBuilder, RecordingTransport, ManualClock) {
    let (transport, clock) = (RecordingTransport::new(), ManualClock::new());
    let builder = Core::builder().sdk_key("1/2").async_transport(transport.clone()).clock(clock.clone());
    (builder, transport, clock)
}

#[test]
fn the_first_config_is_awaited() {
    let (builder, transport, _) = fetching();
    transport.otherwise(RequestKind::Config, Answer::body(SHOP));
    let core = block_on(builder.build_async()).unwrap();
    assert!(core.is_ready() && block_on(core.wait_ready(seconds(0))));
    assert_eq!(core.config().unwrap().project_id(), "200456");
}

#[test]
fn a_core_that_is_given_up_while_it_is_made_leaves_nothing_running() {
    let (builder, transport, _) = fetching();
    transport.otherwise(RequestKind::Config, Answer::Hang);
    let mut building = Box::pin(builder.build_async());
    assert!(poll_once(building.as_mut()).is_pending());
    assert!(transport.wait_for(RequestKind::Config, 1, seconds(60)));
    drop(building);
    // The SDK's thread sees it and ends, and with it the request.
    while transport.abandoned() == 0 {
        std::thread::yield_now();
    }
}

#[test]
fn a_wait_that_is_given_up_disturbs_no_other() {
    let (builder, transport, _) = fetching();
    transport.otherwise(RequestKind::Config, Answer::Hang);
    let core = block_on(builder.start_unready(true).build_async()).unwrap();
    assert!(transport.wait_for(RequestKind::Config, 1, seconds(60)));
    let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(core.wait_ready(seconds(5)))).collect();
    for wait in &mut waiting {
        assert!(poll_once(wait.as_mut()).is_pending());
    }
    drop(waiting.remove(0));
    transport.release(RequestKind::Config, &Answer::body(SHOP));
    for wait in waiting {
        assert!(block_on(wait));
    }
}

#[test]
fn a_first_fetch_that_hangs_ends_at_its_deadline() {
    let (builder, transport, clock) = fetching();
    transport.otherwise(RequestKind::Config, Answer::Hang);
    let building = std::thread::spawn(move || block_on(builder.startup_timeout(seconds(7)).build_async()));
    assert!(transport.wait_for(RequestKind::Config, 1, seconds(60)));
    clock.advance(seconds(7));
    let error = building.join().unwrap().unwrap_err();
    assert!(matches!(error, BuildError::Fetch { source: FetchError::Timeout, .. }), "{error}");
}

#[test]
fn a_core_that_starts_unready_can_be_waited_for() {
    let (builder, transport, clock) = fetching();
    transport.otherwise(RequestKind::Config, Answer::Hang);
    let core = block_on(builder.start_unready(true).build_async()).unwrap();
    let context = core.create_context("ada").unwrap();
    assert!(block_on(context.run_experience("pricing-page")).is_none());

    // In vain, for three seconds.
    let waiting = std::thread::spawn({
        let core = core.clone();
        move || block_on(core.wait_ready(seconds(3)))
    });
    assert!(transport.wait_for(RequestKind::Config, 1, seconds(60)));
    while !waiting.is_finished() {
        clock.advance(seconds(1));
        std::thread::yield_now();
    }
    assert!(!waiting.join().unwrap());

    let mut waiting = pin!(core.wait_ready(seconds(3600)));
    assert!(poll_once(waiting.as_mut()).is_pending());
    transport.otherwise(RequestKind::Config, Answer::body(SHOP));
    // Whichever request is under way: the one that hung, or a later try.
    let answered = std::thread::spawn({
        let (transport, clock, core) = (transport.clone(), clock.clone(), core.clone());
        move || {
            while !core.is_ready() {
                transport.release(RequestKind::Config, &Answer::body(SHOP));
                clock.advance(seconds(1));
                std::thread::yield_now();
            }
        }
    });
    assert!(block_on(waiting));
    answered.join().unwrap();
    assert!(block_on(context.explain_experience("pricing-page")).reason != convert_core::Reason::SdkNotReady);
}

#[test]
fn a_config_file_is_read() {
    let path = std::env::temp_dir().join(format!("convert-async-{}.json", std::process::id()));
    std::fs::File::create(&path).unwrap().write_all(SHOP.as_bytes()).unwrap();
    let core = block_on(Core::builder().config_file(&path).async_transport(RecordingTransport::new()).build_async());
    assert!(core.unwrap().is_ready());
    std::fs::remove_file(&path).unwrap();
    let core = block_on(Core::builder().config_file(&path).async_transport(RecordingTransport::new()).build_async());
    assert!(matches!(core.unwrap_err(), BuildError::File { .. }));
}

#[test]
fn what_is_wrong_with_the_settings_is_said_without_waiting() {
    let built = pin!(AsyncCore::builder().build_async());
    let std::task::Poll::Ready(Err(error)) = poll_once(built) else { panic!("it waits") };
    assert!(matches!(error, BuildError::NoSource));
}

/// On the SDK's own thread, waiting for it would be for ever.
#[test]
fn close_in_a_handler_does_not_wait() {
    let (builder, transport, _) = crate::kit::shop();
    let core = AsyncCore::from(builder.build().unwrap());
    let (tell, told) = std::sync::mpsc::channel();
    let closing = core.clone();
    let tell = std::sync::Mutex::new(tell);
    core.on(move |event| {
        if matches!(event, convert_core::Event::QueueReleased { .. }) {
            let report = block_on(closing.close(seconds(5)));
            tell.lock().unwrap().send(report).unwrap();
        }
    })
    .forever();
    let context = core.create_context("ada").unwrap();
    assert!(block_on(context.track_conversion("purchase")).is_queued());
    assert!(block_on(core.flush(seconds(5))).is_ok());
    assert_eq!(told.recv().unwrap().pending, 0);
    assert_eq!(transport.requests(RequestKind::Tracking).len(), 1);
}

/// Lets time pass until a call ends that the SDK's thread cannot end.
fn in_time<T>(clock: &ManualClock, call: JoinHandle<T>) -> T {
    let patience = Instant::now() + PATIENCE;
    while !call.is_finished() && Instant::now() < patience {
        clock.advance(seconds(1));
        std::thread::yield_now();
    }
    assert!(call.is_finished(), "it waits for the SDK's thread");
    call.join().unwrap()
}

/// An event handler that holds the SDK's thread until the test lets it go.
struct Held {
    core: AsyncCore,
    context: AsyncContext,
    clock: ManualClock,
    _subscription: Subscription,
    _until_the_end: mpsc::Sender<()>,
}

impl Held {
    fn new() -> Self {
        let (builder, _, clock) = crate::kit::shop();
        let core = block_on(builder.build_async()).unwrap();
        let (entered, entry) = mpsc::channel();
        let (until_the_end, end) = mpsc::channel::<()>();
        let end = Mutex::new(end);
        let subscription = core.on(move |event| {
            if matches!(event, Event::QueueReleased { .. }) {
                let _ = entered.send(());
                let _ = end.lock().unwrap().recv();
            }
        });
        let context = core.create_context("ada").unwrap();
        assert!(block_on(context.track_conversion("purchase")).is_queued());
        let flush = core.clone();
        let held = Self { core, context, clock, _subscription: subscription, _until_the_end: until_the_end };
        let first = std::thread::spawn(move || block_on(flush.flush(seconds(5))));
        entry.recv_timeout(PATIENCE).unwrap();
        assert_eq!(in_time(&held.clock, first).unwrap().delivered, 1, "what is settled is told at the deadline");
        held
    }
}

#[test]
fn deadlines_hold_while_a_handler_holds_the_sdks_thread() {
    let held = Held::new();
    let again = ConversionOptions::new().force_multiple(true).revenue(1.0);
    assert!(block_on(held.context.track_conversion_with("purchase", &again)).is_queued());
    let core = held.core.clone();
    let error = in_time(&held.clock, std::thread::spawn(move || block_on(core.flush(seconds(5))))).unwrap_err();
    assert!(matches!(error, FlushError::TimedOut { .. }), "{error}");
    assert_eq!(error.report().pending, 1);

    let core = held.core.clone();
    let report = in_time(&held.clock, std::thread::spawn(move || block_on(core.close(seconds(5)))));
    assert_eq!((report.delivered, report.dropped, report.pending), (0, 1, 0));
    assert_eq!(held.core.stats().dropped.closed.total(), 1);
}

/// Holds the SDK's thread at its first request, until the other end is gone.
struct HoldingTransport(Mutex<mpsc::Receiver<()>>);

impl AsyncTransport for HoldingTransport {
    fn send(&self, _: Request) -> BoxFuture<'static, Result<Response, TransportError>> {
        let _ = self.0.lock().unwrap().recv();
        Box::pin(async { Err(TransportError::not_sent("the test is over")) })
    }
}

fn held_at_the_first_request() -> (CoreBuilder, ManualClock, mpsc::Sender<()>) {
    let (until_the_end, end) = mpsc::channel();
    let clock = ManualClock::new();
    let transport = HoldingTransport(Mutex::new(end));
    (Core::builder().sdk_key("1/2").clock(clock.clone()).async_transport(transport), clock, until_the_end)
}

#[test]
fn starting_ends_in_time_while_a_transport_holds_the_sdks_thread() {
    let (builder, clock, _until_the_end) = held_at_the_first_request();
    let building = std::thread::spawn(move || block_on(builder.startup_timeout(seconds(7)).build_async()));
    let error = in_time(&clock, building).unwrap_err();
    assert!(matches!(error, BuildError::Fetch { source: FetchError::Timeout, .. }), "{error}");
}

#[test]
fn waiting_for_readiness_ends_in_time_while_a_transport_holds_the_sdks_thread() {
    let (builder, clock, _until_the_end) = held_at_the_first_request();
    let core = block_on(builder.start_unready(true).build_async()).unwrap();
    assert!(!in_time(&clock, std::thread::spawn(move || block_on(core.wait_ready(seconds(3))))));
}
