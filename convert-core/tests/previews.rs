//! Previews of experiences that the config in use does not have.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use convert_core::testing::{Answer, ManualClock, RecordingTransport};
use convert_core::{
    AsyncCore, ContextOptions, Core, CoreBuilder, DecisionSource, Event, Preview, PreviewOutcome, RequestKind,
};
use futures_executor::block_on;

const PATIENCE: Duration = Duration::from_secs(60);

const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A config with one experience of two variations, `{id}1` and `{id}2`.
fn config(experience_id: &str) -> String {
    format!(
        r#"{{"account_id": "1", "project": {{"id": "2"}}, "experiences": [{{"id": "{experience_id}",
            "key": "experience-{experience_id}", "name": "E", "version": 11, "variations": [
                {{"id": "{experience_id}1", "key": "a", "name": "A", "traffic_allocation": 100}},
                {{"id": "{experience_id}2", "key": "b", "name": "B", "traffic_allocation": 0}}]}}]}}"#
    )
}

/// A core whose config has experience 1.
fn live() -> (CoreBuilder, RecordingTransport, ManualClock) {
    let (transport, clock) = (RecordingTransport::new(), ManualClock::new());
    let builder =
        Core::builder().sdk_key("1/2").config_json(config("1")).async_transport(transport.clone()).clock(clock.clone());
    (builder, transport, clock)
}

fn urls(transport: &RecordingTransport) -> Vec<String> {
    transport.requests(RequestKind::Preview).iter().map(|request| request.url().to_owned()).collect()
}

fn release(transport: &RecordingTransport, answer: &Answer) {
    // A request is on record a moment before it hangs.
    while transport.release(RequestKind::Preview, answer) == 0 {
        std::thread::yield_now();
    }
}

#[test]
fn an_experience_of_the_config_in_use_is_not_fetched() {
    let (builder, transport, _) = live();
    let core = builder.build().unwrap();
    let context = core.create_context("ada").unwrap();
    assert_eq!(context.set_preview(&Preview::new("1", "12")), PreviewOutcome::Active);
    assert_eq!(context.run_experience("experience-1").unwrap().variation_id(), "12");
    // It is the config in use that says which variations there are.
    assert_eq!(context.set_preview(&Preview::new("1", "99")), PreviewOutcome::VariationNotFound);
    assert_eq!(context.set_preview(&Preview::new("", "12")), PreviewOutcome::ExperienceNotFound);
    assert!(urls(&transport).is_empty());
}

#[test]
fn a_draft_is_fetched_shown_and_leaves_no_trace() {
    let (builder, transport, _) = live();
    transport.script(RequestKind::Preview, [Answer::body(config("7"))]);
    let core = builder.environment("live").debug_token("tok").build().unwrap();
    let context = core.create_context_with("ada", ContextOptions::new().attributes([("country", "NL")])).unwrap();
    assert_eq!(context.set_preview(&Preview::new("7", "72")), PreviewOutcome::Active);
    assert!(urls(&transport)[0].ends_with("/config/1/2?environment=live&exp=7&_conv_low_cache=1&debug_token=tok"));

    let decision = context.run_experience("experience-7").unwrap();
    assert_eq!((decision.variation_id(), decision.source()), ("72", DecisionSource::Preview));
    assert_eq!((decision.experience_name(), decision.variation_name()), ("E", "B"));
    assert_eq!(context.run_experiences().len(), 2, "the live one, and the previewed one");
    assert!(context.run_experience("experience-1").is_some());
    assert!(context.visitor_state().is_empty());
    assert_eq!(core.stats().accepted.total(), 0);
    // The config in use is as before.
    assert!(core.config().unwrap().experience("experience-7").is_none());
    context.clear_preview();
    assert!(context.run_experience("experience-7").is_none());
}

#[test]
fn what_was_fetched_is_at_hand_for_sixty_seconds_from_its_start() {
    let (builder, transport, clock) = live();
    transport.otherwise(RequestKind::Preview, Answer::body(config("7")));
    let core = builder.build().unwrap();
    let set = |variation: &str| core.create_context("ada").unwrap().set_preview(&Preview::new("7", variation));
    assert_eq!(set("71"), PreviewOutcome::Active);
    assert_eq!(set("99"), PreviewOutcome::VariationNotFound);
    clock.advance(seconds(60) - Duration::from_nanos(1));
    assert_eq!(set("72"), PreviewOutcome::Active);
    // A context that is made with it finds it too, without any wait.
    let options = || ContextOptions::new().preview(Preview::new("7", "72"));
    assert!(core.create_context_with("ada", options()).unwrap().run_experience("experience-7").is_some());
    assert_eq!(urls(&transport).len(), 1);

    clock.advance(Duration::from_nanos(1));
    assert!(core.create_context_with("ada", options()).unwrap().run_experience("experience-7").is_none());
    assert_eq!(set("72"), PreviewOutcome::Active);
    assert_eq!(urls(&transport).len(), 2);
}

#[test]
fn a_failure_clears_the_preview_and_is_not_remembered() {
    let (builder, transport, _) = live();
    let answers = [
        Answer::status(503),
        Answer::Unreachable,
        Answer::body("not a config"),
        Answer::Panic,
        Answer::body(config("8")),
        Answer::body(config("7")),
    ];
    transport.script(RequestKind::Preview, answers);
    let core = builder.build().unwrap();
    let context = core.create_context("ada").unwrap();
    for _ in 0..4 {
        assert_eq!(context.set_preview(&Preview::new("1", "12")), PreviewOutcome::Active);
        assert_eq!(context.set_preview(&Preview::new("7", "71")), PreviewOutcome::Unavailable);
        assert_eq!(context.run_experience("experience-1").unwrap().variation_id(), "11", "decided, not previewed");
    }
    // The endpoint does not know it. That is an answer, and remembered.
    assert_eq!(context.set_preview(&Preview::new("7", "71")), PreviewOutcome::ExperienceNotFound);
    assert_eq!(context.set_preview(&Preview::new("7", "71")), PreviewOutcome::ExperienceNotFound);
    assert_eq!(urls(&transport).len(), 5);
    // Nothing of this is a failure of the config in use.
    assert!(!core.config_status().is_stale());
}

#[test]
fn who_asks_for_what_is_under_way_waits_for_the_same_request() {
    let (builder, transport, _) = live();
    transport.otherwise(RequestKind::Preview, Answer::Hang);
    let core = AsyncCore::from(builder.build().unwrap());
    let contexts: Vec<_> = (0..5).map(|n| core.create_context(format!("v{n}")).unwrap()).collect();
    let previews: Vec<_> = (0..5).map(|n| Preview::new("7", format!("7{}", n % 2 + 1))).collect();
    let mut waiting: Vec<_> =
        contexts.iter().zip(&previews).map(|(context, preview)| Box::pin(context.set_preview(preview))).collect();
    for future in &mut waiting {
        assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    // One of them is given up; the others get theirs.
    drop(waiting.remove(0));
    release(&transport, &Answer::body(config("7")));
    for future in waiting {
        assert_eq!(block_on(future), PreviewOutcome::Active);
    }
    assert_eq!(urls(&transport).len(), 1);
    assert!(block_on(contexts[0].run_experience("experience-7")).is_none());
    assert_eq!(block_on(contexts[1].run_experience("experience-7")).unwrap().variation_id(), "72");
}

#[test]
fn the_last_call_has_the_last_word() {
    let (builder, transport, _) = live();
    transport.otherwise(RequestKind::Preview, Answer::Hang);
    let core = AsyncCore::from(builder.build().unwrap());
    let context = core.create_context("ada").unwrap();
    let draft = Preview::new("7", "72");
    let mut slow = pin!(context.set_preview(&draft));
    assert!(slow.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(block_on(context.set_preview(&Preview::new("1", "12"))), PreviewOutcome::Active);
    release(&transport, &Answer::body(config("7")));
    assert_eq!(block_on(slow), PreviewOutcome::Active, "it was found, though another is shown");
    assert_eq!(block_on(context.run_experience("experience-1")).unwrap().variation_id(), "12");
    assert!(block_on(context.run_experience("experience-7")).is_none());
}

#[test]
fn a_fetch_that_hangs_is_waited_for_until_the_requests_timeout() {
    let (builder, transport, clock) = live();
    transport.otherwise(RequestKind::Preview, Answer::Hang);
    let core = builder.request_timeout(seconds(5)).build().unwrap();
    let setting = std::thread::spawn({
        let context = core.create_context("ada").unwrap();
        move || context.set_preview(&Preview::new("7", "71"))
    });
    assert!(transport.wait_for(RequestKind::Preview, 1, PATIENCE));
    // Behind the first one, and no longer for that.
    let loading = core.load_preview(&Preview::new("8", "81"));
    clock.advance(seconds(5));
    assert_eq!(setting.join().unwrap(), PreviewOutcome::Unavailable);
    assert_eq!(block_on(loading), PreviewOutcome::Unavailable);
}

#[test]
fn asynchronous_code_loads_a_preview_for_a_synchronous_context() {
    let (builder, transport, _) = live();
    transport.otherwise(RequestKind::Preview, Answer::body(config("7")));
    let core = builder.build().unwrap();
    let preview = Preview::parse("7.72").unwrap();
    assert_eq!(block_on(core.load_preview(&preview)), PreviewOutcome::Active);
    assert_eq!(block_on(core.load_preview(&Preview::new("7", "99"))), PreviewOutcome::VariationNotFound);
    let context = core.create_context_with("ada", ContextOptions::new().preview(preview)).unwrap();
    assert_eq!(context.run_experience("experience-7").unwrap().variation_id(), "72");
    assert_eq!(urls(&transport).len(), 1);
}

#[test]
fn no_more_than_32_are_kept_or_under_way() {
    let (builder, transport, _) = live();
    transport.otherwise(RequestKind::Preview, Answer::Hang);
    let core = builder.build().unwrap();
    let loading: Vec<_> = (100..132).map(|id| core.load_preview(&Preview::new(id.to_string(), "1"))).collect();
    assert!(transport.wait_for(RequestKind::Preview, 1, PATIENCE));
    // One too many is refused at once.
    assert_eq!(block_on(core.load_preview(&Preview::new("132", "1"))), PreviewOutcome::Unavailable);
    transport.otherwise(RequestKind::Preview, Answer::body(config("7")));
    release(&transport, &Answer::body(config("7")));
    for loaded in loading {
        assert_eq!(block_on(loaded), PreviewOutcome::ExperienceNotFound);
    }
    // With all of them there, the oldest makes room.
    assert_eq!(block_on(core.load_preview(&Preview::new("133", "1"))), PreviewOutcome::ExperienceNotFound);
    let requests = urls(&transport).len();
    assert_eq!(block_on(core.load_preview(&Preview::new("101", "1"))), PreviewOutcome::ExperienceNotFound);
    assert_eq!(urls(&transport).len(), requests);
    assert_eq!(block_on(core.load_preview(&Preview::new("100", "1"))), PreviewOutcome::ExperienceNotFound);
    assert_eq!(urls(&transport).len(), requests + 1);
}

/// What a web crate makes of a request with a preview link.
fn follow_link(core: &Core, experience_id: &str) -> Option<String> {
    let preview = Preview::new(experience_id, format!("{experience_id}2"));
    let context = core.create_context_with("ada", ContextOptions::new().preview(preview)).unwrap();
    let decision = context.run_experience(&format!("experience-{experience_id}"))?;
    Some(decision.variation_id().to_owned())
}

#[test]
fn a_link_to_a_draft_waits_for_nothing_and_shows_it_to_who_comes_next() {
    let (builder, transport, clock) = live();
    transport.otherwise(RequestKind::Preview, Answer::Hang);
    let core = builder.build().unwrap();
    assert_eq!(follow_link(&core, "7"), None);
    assert_eq!(follow_link(&core, "7"), None, "while it is under way, too");
    let fetched = core.load_preview(&Preview::new("7", "72"));
    release(&transport, &Answer::body(config("7")));
    assert_eq!(block_on(fetched), PreviewOutcome::Active);
    assert_eq!(follow_link(&core, "7").as_deref(), Some("72"));
    assert_eq!(urls(&transport).len(), 1);
    assert_eq!(core.stats().accepted.total(), 0);

    // And again where that was too long ago.
    clock.advance(seconds(60));
    assert_eq!(follow_link(&core, "7"), None);
    let fetched = core.load_preview(&Preview::new("7", "72"));
    release(&transport, &Answer::body(config("7")));
    assert_eq!(block_on(fetched), PreviewOutcome::Active);
    assert_eq!(follow_link(&core, "7").as_deref(), Some("72"));
    assert_eq!(urls(&transport).len(), 2);
}

/// Those who send links choose the ids: made up, unheard of, or failing ones.
#[test]
fn links_have_no_more_than_32_experiences_fetched_in_a_minute() {
    let (builder, transport, clock) = live();
    transport.otherwise(RequestKind::Preview, Answer::Hang);
    let core = builder.build().unwrap();
    let follow = |ids: std::ops::Range<u32>| ids.for_each(|id| assert_eq!(follow_link(&core, &id.to_string()), None));
    assert_eq!(follow_link(&core, &"9".repeat(33)), None);
    follow(100..400);
    // They are sent one after the other, the last one last.
    let last = core.load_preview(&Preview::new("131", "1"));
    assert!(transport.wait_for(RequestKind::Preview, 1, PATIENCE));
    transport.otherwise(RequestKind::Preview, Answer::status(404));
    release(&transport, &Answer::status(404));
    assert_eq!(block_on(last), PreviewOutcome::Unavailable);
    assert_eq!(urls(&transport).len(), 32);
    // That they failed is remembered, and counts; who waits for one asks again.
    follow(100..400);
    assert_eq!(block_on(core.load_preview(&Preview::new("131", "1"))), PreviewOutcome::Unavailable);
    assert_eq!(urls(&transport).len(), 33);

    clock.advance(seconds(60));
    follow(400..700);
    assert!(transport.wait_for(RequestKind::Preview, 33 + 32, PATIENCE));
}

#[test]
fn nothing_waits_without_a_key_after_close_or_in_a_handler() {
    let core = Core::from_json(config("1")).unwrap();
    let context = core.create_context("ada").unwrap();
    assert_eq!(context.set_preview(&Preview::new("7", "71")), PreviewOutcome::ExperienceNotFound);

    let (builder, transport, _) = live();
    transport.otherwise(RequestKind::Preview, Answer::Hang);
    let core = builder.build().unwrap();
    let under_way = core.load_preview(&Preview::new("7", "71"));
    let (tell, told) = std::sync::mpsc::channel();
    let (context, tell) = (core.create_context("ada").unwrap(), std::sync::Mutex::new(tell));
    core.on(move |event| {
        if matches!(event, Event::QueueReleased { .. }) {
            tell.lock().unwrap().send(context.set_preview(&Preview::new("7", "71"))).unwrap();
        }
    })
    .forever();
    assert!(core.create_context("bob").unwrap().run_experience("experience-1").is_some());
    core.flush(PATIENCE).unwrap();
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), PreviewOutcome::Unavailable);
    core.close(PATIENCE);
    assert_eq!(block_on(under_way), PreviewOutcome::Unavailable);
    let after = core.create_context("ada").unwrap().set_preview(&Preview::new("7", "71"));
    assert_eq!(after, PreviewOutcome::Unavailable);
}

#[test]
fn before_the_first_config_there_are_no_previews() {
    let transport = RecordingTransport::new();
    transport.otherwise(RequestKind::Config, Answer::Hang);
    let core = Core::builder().sdk_key("1/2").async_transport(transport.clone()).start_unready(true).build().unwrap();
    let context = core.create_context("ada").unwrap();
    assert_eq!(context.set_preview(&Preview::new("7", "71")), PreviewOutcome::SdkNotReady);
    assert!(urls(&transport).is_empty());
}
