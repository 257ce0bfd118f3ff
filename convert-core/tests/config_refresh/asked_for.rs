//! `refresh_now`.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use convert_core::testing::Answer;
use convert_core::{
    AsyncCore, AsyncTransport, BoxFuture, ConfigOrigin, ContextOptions, Core, Event, FetchError, Refresh,
    RefreshConfig, RefreshError, Refreshed, Request, RequestKind, Response, TransportError,
};
use futures_executor::block_on;

use crate::kit::{Endpoint, PATIENCE, config, seconds, served, settle, told, untagged, version};

#[test]
fn a_newer_config_is_in_use_from_the_next_call_on_and_then_told() {
    let endpoint = Endpoint::new();
    endpoint.answer([served(1), served(2)]);
    let core = endpoint.builder().build().unwrap();
    let told = told(&core);
    let (context, pinned) = (
        core.create_context("ada").unwrap(),
        core.create_context_with("ada", ContextOptions::new().pinned(true)).unwrap(),
    );
    assert!(pinned.track_conversion("goal-2") == convert_core::ConversionOutcome::GoalNotFound);
    assert_eq!(core.refresh_now().wait(PATIENCE).unwrap(), Refreshed::Updated);
    assert!(context.track_conversion("goal-2").is_queued());
    assert!(!pinned.track_conversion("goal-2").is_queued());
    // The core was ready when the handler came, and it is told at once.
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["ready Some(1)", "updated Some(2)"]);
    assert_eq!(core.config_status().origin, Some(ConfigOrigin::Fetched));
    assert!(!core.config_status().is_stale());
}

#[test]
fn the_same_config_is_not_sent_again() {
    let endpoint = Endpoint::new();
    endpoint.answer([served(1), Answer::status(304), served(2), Answer::body(config(3)), Answer::status(304)]);
    let core = endpoint.builder().build().unwrap();
    let told = told(&core);
    assert_eq!(endpoint.last_tag(), None);
    endpoint.clock.advance(seconds(100));
    assert_eq!(core.config_status().age, Some(seconds(100)));
    let before = core.config().unwrap();
    assert_eq!(core.refresh_now().wait(PATIENCE).unwrap(), Refreshed::Unchanged);
    assert_eq!(endpoint.last_tag().as_deref(), Some("\"v1\""));
    assert!(Arc::ptr_eq(&before, &core.config().unwrap()));
    assert_eq!(core.config_status().age, Some(seconds(0)));
    assert_eq!(core.refresh_now().wait(PATIENCE).unwrap(), Refreshed::Updated);
    assert_eq!(core.refresh_now().wait(PATIENCE).unwrap(), Refreshed::Updated);
    assert_eq!(endpoint.last_tag().as_deref(), Some("\"v2\""));
    // The third config came without a tag, so the next request has none, and 304 is no answer to it.
    assert!(matches!(
        core.refresh_now().wait(PATIENCE),
        Err(RefreshError::Fetch(FetchError::Status { status: 304, .. }))
    ));
    assert_eq!(endpoint.last_tag(), None);
    assert_eq!(told.try_iter().collect::<Vec<_>>()[1..3], ["updated Some(2)", "updated Some(3)"]);
}

#[test]
fn the_config_in_use_stays_while_the_endpoint_fails() {
    let endpoint = Endpoint::new();
    let wrong_project = r#"{"account_id": "1", "project": {"id": "evil.test/"}}"#;
    endpoint.answer([
        served(1),
        Answer::status(503),
        Answer::Unreachable,
        Answer::body("not a config"),
        Answer::body(r#"{"error": {"message": "no such project"}}"#),
        Answer::body(wrong_project),
        Answer::Panic,
        served(2),
    ]);
    let core = endpoint.builder().build().unwrap();
    let told = told(&core);
    for failures in 1..=6 {
        let error = core.refresh_now().wait(PATIENCE).unwrap_err();
        assert!(matches!(error, RefreshError::Fetch(_)), "{error}");
        let status = core.config_status();
        assert!(status.is_stale() && status.failures == failures && status.error.is_some());
        assert_eq!(version(&core), Some(1));
        assert!(
            core.create_context("ada").unwrap().explain_goal("goal-1").reason == convert_core::GoalReason::Resolved
        );
    }
    assert_eq!(core.refresh_now().wait(PATIENCE).unwrap(), Refreshed::Updated);
    let status = core.config_status();
    assert!(!status.is_stale() && status.failures == 0 && status.error.is_none());
    let told: Vec<_> = told.try_iter().collect();
    assert_eq!(told[1..7], vec!["failed Some(1), again in None"; 6]);
    assert_eq!(told[7], "updated Some(2)");
}

#[test]
fn who_asks_while_a_fetch_is_under_way_gets_its_outcome() {
    let endpoint = Endpoint::new();
    endpoint.answer([served(1), Answer::Hang]);
    let core = endpoint.builder().build().unwrap();
    let first = core.refresh_now();
    assert!(endpoint.transport.wait_for(RequestKind::Config, 2, PATIENCE));
    let others: Vec<Refresh> = (0..10).map(|_| core.refresh_now()).collect();
    // Left to itself, one more goes on.
    drop(core.refresh_now());
    while endpoint.transport.release(RequestKind::Config, &served(2)) == 0 {
        std::thread::yield_now();
    }
    assert_eq!(first.wait(PATIENCE).unwrap(), Refreshed::Updated);
    for other in others {
        assert_eq!(other.wait(PATIENCE).unwrap(), Refreshed::Updated);
    }
    settle(&core);
    assert_eq!(endpoint.requests(), 2);
}

#[test]
fn a_wait_ends_at_its_deadline_and_the_fetch_goes_on() {
    let endpoint = Endpoint::new();
    endpoint.answer([served(1), Answer::Hang]);
    let core = endpoint.builder().build().unwrap();
    let waiting = core.refresh_now();
    assert!(endpoint.transport.wait_for(RequestKind::Config, 2, PATIENCE));
    let waiter = std::thread::spawn(move || waiting.wait(seconds(3)));
    while !waiter.is_finished() {
        endpoint.clock.advance(Duration::from_millis(500));
        std::thread::yield_now();
    }
    // The fetch may have run into its own timeout by then.
    assert!(matches!(waiter.join().unwrap(), Err(RefreshError::TimedOut | RefreshError::Fetch(FetchError::Timeout))));
}

#[test]
fn without_an_sdk_key_there_is_nothing_to_fetch() {
    let core = Core::from_json(config(1)).unwrap();
    assert!(matches!(core.refresh_now().wait(PATIENCE), Err(RefreshError::NoSdkKey)));
    assert_eq!(core.config_status().origin, Some(ConfigOrigin::Given));
    assert_eq!(core.config_status().age, None);

    // With one, a config of the app's own serves until then.
    let endpoint = Endpoint::new();
    endpoint.answer([served(2)]);
    let core = endpoint.builder().config_json(config(1)).build().unwrap();
    assert_eq!((version(&core), endpoint.requests()), (Some(1), 0));
    assert_eq!(core.refresh_now().wait(PATIENCE).unwrap(), Refreshed::Updated);
    assert_eq!(version(&core), Some(2));
}

#[test]
fn nobody_waits_for_a_core_that_is_closed() {
    let endpoint = Endpoint::new();
    endpoint.answer([served(1), Answer::Hang]);
    let core = endpoint.builder().build().unwrap();
    let under_way = core.refresh_now();
    assert!(endpoint.transport.wait_for(RequestKind::Config, 2, PATIENCE));
    core.close(PATIENCE);
    assert!(matches!(under_way.wait(Duration::MAX), Err(RefreshError::Closed)));
    assert!(matches!(core.refresh_now().wait(Duration::MAX), Err(RefreshError::Closed)));
    assert_eq!(version(&core), Some(1));
}

#[test]
fn a_handler_may_refresh_subscribe_and_wait() {
    let endpoint = Endpoint::new();
    endpoint.answer([served(1), served(2)]);
    let core = endpoint.builder().build().unwrap();
    let (tell, asked) = std::sync::mpsc::channel();
    let (inside, again, tell) = (core.clone(), AtomicBool::new(false), std::sync::Mutex::new(tell));
    core.on(move |event| {
        if matches!(event, Event::ConfigUpdated { .. }) && !again.swap(true, Ordering::Relaxed) {
            // On the SDK's own thread: it goes on, and the handler does not wait.
            let waited = inside.refresh_now().wait(Duration::MAX);
            assert!(inside.wait_ready(Duration::MAX));
            drop(inside.on(|_| {}));
            tell.lock().unwrap().send(waited.is_err()).unwrap();
        }
    })
    .forever();
    assert_eq!(core.refresh_now().wait(PATIENCE).unwrap(), Refreshed::Updated);
    assert!(asked.recv_timeout(PATIENCE).unwrap());
    // The one that was told of is the one that it got.
    settle(&core);
    assert_eq!(endpoint.requests(), 2);
}

#[test]
fn a_refresh_is_a_future_on_any_executor() {
    let endpoint = Endpoint::new();
    endpoint.answer([served(1), Answer::Hang]);
    let core = block_on(endpoint.builder().build_async()).unwrap();
    let mut refreshing = Box::pin(core.refresh_now());
    assert!(endpoint.transport.wait_for(RequestKind::Config, 2, PATIENCE));
    assert!(refreshing.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    while endpoint.transport.release(RequestKind::Config, &served(2)) == 0 {
        std::thread::yield_now();
    }
    assert_eq!(block_on(refreshing).unwrap(), Refreshed::Updated);
    assert!(core.config_status().age.is_some());
    let twin: AsyncCore = core.to_sync().unwrap().into();
    assert!(twin.config().unwrap().goal("goal-2").is_some());
}

/// Tells when the SDK has let go of it.
struct Watched(Arc<()>);

impl AsyncTransport for Watched {
    fn send(&self, _: Request) -> BoxFuture<'static, Result<Response, TransportError>> {
        let held = Arc::clone(&self.0);
        Box::pin(async move {
            drop(held);
            Ok(Response::new(200).body(config(1)))
        })
    }
}

#[test]
fn a_core_that_refreshes_can_be_dropped() {
    let held = Arc::new(());
    let core = Core::builder().sdk_key("1/2").async_transport(Watched(Arc::clone(&held))).refresh(RefreshConfig::new());
    drop(core.build().unwrap());
    // The thread ends by itself.
    while Arc::strong_count(&held) > 1 {
        std::thread::yield_now();
    }
}

#[test]
fn the_same_text_is_no_update_though_the_server_has_no_tags() {
    let endpoint = Endpoint::new();
    endpoint.answer([untagged(1), untagged(1), untagged(2), untagged(2)]);
    let core = endpoint.builder().build().unwrap();
    let told = told(&core);
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["ready Some(1)"]);
    for (expected, version) in [(Refreshed::Unchanged, 1), (Refreshed::Updated, 2), (Refreshed::Unchanged, 2)] {
        assert_eq!(core.refresh_now().wait(PATIENCE).unwrap(), expected);
        assert_eq!(crate::kit::version(&core), Some(version));
    }
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["updated Some(2)"]);
}
