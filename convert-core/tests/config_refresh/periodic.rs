//! `RefreshConfig`.

use std::time::Duration;

use convert_core::testing::Answer;
use convert_core::{BuildError, Core, CoreBuilder, RefreshConfig, Refreshed, RequestKind, Response};

use crate::kit::{Endpoint, PATIENCE, config, seconds, served, settle, told, version};

/// Every 300 seconds and half of 30.
const PERIOD: Duration = seconds(315);

fn refreshing(endpoint: &Endpoint) -> CoreBuilder {
    endpoint.builder().refresh(RefreshConfig::new())
}

/// Moves the clock to a moment before the next fetch, and then there; the answer to it is what was told last.
fn pass(endpoint: &Endpoint, core: &Core, period: Duration) {
    let requests = endpoint.requests();
    endpoint.clock.advance(period - Duration::from_nanos(1));
    settle(core);
    assert_eq!(endpoint.requests(), requests, "too early");
    endpoint.clock.advance(Duration::from_nanos(1));
    assert!(endpoint.transport.wait_for(RequestKind::Config, requests + 1, PATIENCE), "too late");
    settle(core);
}

#[test]
fn the_config_is_fetched_again_and_again() {
    let endpoint = Endpoint::new();
    endpoint.answer([served(1), served(2), Answer::status(304), served(3)]);
    let core = refreshing(&endpoint).build().unwrap();
    for expected in [2, 2, 3] {
        pass(&endpoint, &core, PERIOD);
        assert_eq!(version(&core), Some(expected));
    }
}

#[test]
fn failures_are_told_and_spread_and_the_first_success_ends_it() {
    let endpoint = Endpoint::new();
    endpoint.answer([served(1), Answer::status(503), Answer::Unreachable, Answer::body("{}"), served(2), served(3)]);
    let refresh = RefreshConfig::new().interval(seconds(100)).jitter(seconds(20)).backoff_factor(3.0);
    let core = endpoint.builder().refresh(refresh).build().unwrap();
    let told = told(&core);
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), "ready Some(1)");
    // 100 and half of 20; then three times as much, up to 600.
    for (wait, next) in [(110, 310.0), (310, 610.0), (610, 610.0)] {
        pass(&endpoint, &core, seconds(wait));
        assert_eq!(told.recv_timeout(PATIENCE).unwrap(), format!("failed Some(1), again in Some({next:?})"));
    }
    pass(&endpoint, &core, seconds(610));
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), "updated Some(2)");
    pass(&endpoint, &core, seconds(110));
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), "updated Some(3)");
}

#[test]
fn a_server_that_asks_to_wait_longer_is_obeyed() {
    let endpoint = Endpoint::new();
    let busy = Answer::Respond(Response::new(429).header("Retry-After", "250"));
    endpoint.answer([served(1), busy, served(2)]);
    let refresh = RefreshConfig::new().interval(seconds(10)).jitter(seconds(0));
    let core = endpoint.builder().refresh(refresh).build().unwrap();
    pass(&endpoint, &core, seconds(10));
    pass(&endpoint, &core, seconds(250));
    assert_eq!(version(&core), Some(2));
}

#[test]
fn a_refresh_that_is_asked_for_sets_the_next_one_back() {
    let endpoint = Endpoint::new();
    endpoint.answer([served(1), served(2), served(3)]);
    let core = refreshing(&endpoint).build().unwrap();
    endpoint.clock.advance(seconds(200));
    assert_eq!(core.refresh_now().wait(PATIENCE).unwrap(), Refreshed::Updated);
    pass(&endpoint, &core, PERIOD);
    assert_eq!(version(&core), Some(3));
}

#[test]
fn a_fetch_that_hangs_ends_and_delays_no_delivery() {
    let endpoint = Endpoint::new();
    endpoint.answer([served(1), Answer::Hang, served(2)]);
    let core = refreshing(&endpoint).build().unwrap();
    // The event of the second half arrives while the fetch hangs.
    pass(&endpoint, &core, PERIOD);
    assert_eq!(core.config_status().failures, 0);
    endpoint.clock.advance(seconds(10));
    // Its own timeout: the next one is due as after any failure.
    while core.config_status().failures == 0 {
        std::thread::yield_now();
    }
    pass(&endpoint, &core, seconds(615));
    assert_eq!(version(&core), Some(2));
}

#[test]
fn a_core_that_starts_unready_refreshes_once_it_is_ready() {
    let endpoint = Endpoint::new();
    endpoint.answer([Answer::status(503), Answer::status(404), served(1), served(2)]);
    let core = refreshing(&endpoint).start_unready(true).build().unwrap();
    assert!(endpoint.transport.wait_for(RequestKind::Config, 1, PATIENCE));
    assert!(!core.is_ready() && !core.config_status().is_stale());
    // Who asks need not wait for the next try: the clock stands still.
    while core.refresh_now().wait(PATIENCE).is_err() {}
    assert!(core.is_ready());
    assert_eq!(endpoint.requests(), 3);
    pass(&endpoint, &core, PERIOD);
    assert_eq!(version(&core), Some(2));
}

/// What a server may answer before its project is set up. Nobody asks: the clock alone brings the config.
#[test]
fn a_core_that_starts_unready_tries_until_it_is_ready_whatever_it_gets() {
    let endpoint = Endpoint::new();
    let unusable = r#"{"account_id": "1", "project": {"id": "evil.test/"}}"#;
    let answers = [
        Answer::status(503),
        Answer::Unreachable,
        Answer::Reset,
        Answer::status(404),
        Answer::status(403),
        Answer::body("not a config"),
        Answer::body(r#"{"error": {"message": "no such project"}}"#),
        Answer::body(unusable),
        Answer::Panic,
    ];
    let failures = answers.len();
    endpoint.answer(answers);
    endpoint.answer([served(1), served(2)]);
    // No pause is longer than the refresh's own.
    let refresh = RefreshConfig::new().interval(seconds(20)).max_interval(seconds(40)).jitter(seconds(0));
    let core = endpoint.builder().refresh(refresh).start_unready(true).build().unwrap();
    for tried in 1..=failures {
        while core.config_status().failures < u32::try_from(tried).unwrap() {
            std::thread::yield_now();
        }
        assert!(!core.is_ready());
        endpoint.clock.advance(seconds(40));
        assert!(endpoint.transport.wait_for(RequestKind::Config, tried + 1, PATIENCE), "after {tried}");
    }
    assert!(core.wait_ready(PATIENCE));
    assert_eq!((version(&core), core.config_status().failures), (Some(1), 0));
    pass(&endpoint, &core, seconds(20));
    assert_eq!(version(&core), Some(2));
}

#[test]
fn a_config_of_the_apps_own_is_refreshed_too() {
    let endpoint = Endpoint::new();
    endpoint.answer([served(2)]);
    let core = refreshing(&endpoint).config_json(config(1)).build().unwrap();
    assert_eq!(version(&core), Some(1));
    pass(&endpoint, &core, PERIOD);
    assert_eq!(version(&core), Some(2));
}

#[test]
fn a_first_fetch_that_is_only_slow_is_waited_for() {
    let endpoint = Endpoint::new();
    endpoint.answer([Answer::status(503), served(1)]);
    let building = std::thread::spawn({
        // The clock may run far ahead of the SDK's thread.
        let builder = refreshing(&endpoint).startup_timeout(seconds(1_000_000));
        move || builder.build()
    });
    while !building.is_finished() {
        endpoint.clock.advance(Duration::from_millis(1));
        std::thread::yield_now();
    }
    assert_eq!(version(&building.join().unwrap().unwrap()), Some(1));
}

#[test]
fn settings_that_cannot_be_are_errors() {
    let setting = |builder: CoreBuilder| match builder.build() {
        Err(BuildError::InvalidSetting { setting, .. }) => setting,
        other => panic!("{other:?}"),
    };
    let endpoint = Endpoint::new();
    let with = |refresh: RefreshConfig| setting(endpoint.builder().refresh(refresh));
    assert_eq!(with(RefreshConfig::new().interval(Duration::ZERO)), "refresh interval");
    assert_eq!(with(RefreshConfig::new().backoff_factor(0.5)), "refresh backoff_factor");
    assert_eq!(with(RefreshConfig::new().max_interval(seconds(1))), "refresh max_interval");
    assert_eq!(setting(Core::builder().config_json(config(1)).refresh(RefreshConfig::new())), "refresh");
    assert_eq!(endpoint.requests(), 0);
}
