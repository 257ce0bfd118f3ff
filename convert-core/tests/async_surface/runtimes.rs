//! The same visit on every kind of executor.

use convert_core::testing::{Answer, RecordingTransport};
use convert_core::{AsyncContext, AsyncCore, ContextOptions, ConversionOptions, Core, Preview, RequestKind};

use crate::kit::{pricing, seconds, sent, shop};

fn visitor(core: &AsyncCore) -> AsyncContext {
    core.create_context_with("ada", ContextOptions::new().attributes([("member", true)])).unwrap()
}

/// Uses every call there is; the answers and the events in one text.
async fn visit(core: AsyncCore, transport: RecordingTransport) -> String {
    let context = visitor(&core);
    let page = context.run_experience_with("pricing-page", &pricing()).await.map(|decision| decision.to_owned());
    let all: Vec<_> = context.run_experiences().await.iter().map(|decision| decision.to_owned()).collect();
    let offer = context.run_feature("shipping-offer").await;
    let amount = context.i64_variable("shipping-offer", "from-amount").await;
    let bought = context.track_conversion_with("purchase", &ConversionOptions::new().revenue(49.9)).await;
    let again = context.track_conversion("purchase").await;
    context.set_default_segments([("country", "NL")]).await;
    let segments = context.run_custom_segments(&["no-such"]).await;
    let state = serde_json::to_string(&context.visitor_state().await).unwrap();
    core.flush(seconds(5)).await.unwrap();
    core.close(seconds(5)).await;
    let events = sent(&transport);
    format!("{page:?} {all:?} {} {amount:?} {bought:?} {again:?} {segments:?} {state} {events:?}", offer.is_enabled())
}

/// The same calls of the synchronous surface.
fn visit_synchronously() -> String {
    let (builder, transport, _) = shop();
    let core = builder.build().unwrap();
    let context = core.create_context_with("ada", ContextOptions::new().attributes([("member", true)])).unwrap();
    let page = context.run_experience_with("pricing-page", &pricing()).map(|decision| decision.to_owned());
    let all: Vec<_> = context.run_experiences().iter().map(|decision| decision.to_owned()).collect();
    let offer = context.run_feature("shipping-offer");
    let amount = context.i64_variable("shipping-offer", "from-amount");
    let bought = context.track_conversion_with("purchase", &ConversionOptions::new().revenue(49.9));
    let again = context.track_conversion("purchase");
    context.set_default_segments([("country", "NL")]);
    let segments = context.run_custom_segments(&["no-such"]);
    let state = serde_json::to_string(&context.visitor_state()).unwrap();
    core.flush(seconds(5)).unwrap();
    core.close(seconds(5));
    let events = sent(&transport);
    format!("{page:?} {all:?} {} {amount:?} {bought:?} {again:?} {segments:?} {state} {events:?}", offer.is_enabled())
}

/// Three events: two decisions, and a conversion that comes with a transaction.
#[test]
fn both_surfaces_answer_and_send_the_same() {
    let (builder, transport, _) = shop();
    let outcome = futures_executor::block_on(async { visit(builder.build_async().await.unwrap(), transport).await });
    assert_eq!(outcome, visit_synchronously());
    assert!(outcome.contains("Queued { events: 2 }") && outcome.contains("Deduplicated"), "{outcome}");
    assert!(outcome.contains("\"ada bucketing 100300001\", \"ada bucketing 100300002\""), "{outcome}");
}

#[test]
fn on_tokio_with_many_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let (builder, transport, _) = shop();
    let outcome = runtime.block_on(async move {
        let core = builder.build_async().await.unwrap();
        tokio::spawn(visit(core, transport)).await.unwrap()
    });
    assert_eq!(outcome, visit_synchronously());
}

#[test]
fn on_tokio_with_one_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (builder, transport, _) = shop();
    let outcome = runtime.block_on(async move { visit(builder.build_async().await.unwrap(), transport).await });
    assert_eq!(outcome, visit_synchronously());
}

/// A worker of an actix server is an arbiter: a thread with a loop of its own, whose tasks never move.
#[test]
fn in_an_actix_worker() {
    let (builder, transport, _) = shop();
    let system = actix_rt::System::new();
    let worker = actix_rt::Arbiter::new();
    let (tell, told) = std::sync::mpsc::channel();
    let started = worker.spawn(async move {
        let core = builder.build_async().await.unwrap();
        let visit = actix_rt::spawn(visit(core, transport));
        tell.send(visit.await.unwrap()).unwrap();
        actix_rt::System::current().stop();
    });
    assert!(started);
    system.run().unwrap();
    assert_eq!(told.recv().unwrap(), visit_synchronously());
    worker.stop();
    worker.join().unwrap();
}

#[test]
fn in_a_local_task_set() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let local = tokio::task::LocalSet::new();
    let (builder, transport, _) = shop();
    let outcome = local.block_on(&runtime, async move {
        let core = builder.build_async().await.unwrap();
        tokio::task::spawn_local(visit(core, transport)).await.unwrap()
    });
    assert_eq!(outcome, visit_synchronously());
}

/// The deadlines are the SDK's own: a runtime without timers will do.
#[test]
fn waits_end_without_a_timer_of_the_executor() {
    let (builder, transport, clock) = shop();
    transport.otherwise(RequestKind::Tracking, Answer::Hang);
    let core = AsyncCore::from(builder.build().unwrap());
    let context = core.create_context("ada").unwrap();
    let waiter = std::thread::spawn({
        let core = core.clone();
        move || {
            futures_executor::block_on(async {
                assert!(context.track_conversion("purchase").await.is_queued());
                core.flush(seconds(3)).await
            })
        }
    });
    assert!(transport.wait_for(RequestKind::Tracking, 1, seconds(60)));
    clock.advance(seconds(3));
    let error = waiter.join().unwrap().unwrap_err();
    assert_eq!(error.report().pending, 1, "{error}");
}

#[test]
fn a_runtime_that_ends_takes_no_event_with_it() {
    let (builder, transport, _) = shop();
    transport.script(RequestKind::Tracking, [Answer::Hang]);
    let core = AsyncCore::from(builder.build().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let flushing = runtime.spawn({
        let core = core.clone();
        async move {
            let context = core.create_context("ada").unwrap();
            assert!(context.track_conversion("purchase").await.is_queued());
            core.flush(seconds(3600)).await
        }
    });
    assert!(transport.wait_for(RequestKind::Tracking, 1, seconds(60)));
    runtime.shutdown_background();
    assert!(futures_executor::block_on(flushing).unwrap_err().is_cancelled());
    // The request is on record a moment before it hangs.
    while transport.release(RequestKind::Tracking, &Answer::status(200)) == 0 {
        std::thread::yield_now();
    }
    let report = futures_executor::block_on(core.close(seconds(5)));
    assert_eq!((report.pending, core.stats().delivered.total()), (0, 1));
}

#[test]
fn every_future_is_send() {
    fn check<T: Send>(future: T) -> T {
        future
    }
    let core = AsyncCore::from_json(crate::kit::SHOP).unwrap();
    let context = core.create_context("ada").unwrap();
    let options = pricing();
    let conversion = ConversionOptions::new();
    drop((
        check(AsyncCore::from_sdk_key("1/2")),
        check(AsyncCore::from_file("x")),
        check(AsyncCore::from_env()),
        check(Core::builder().build_async()),
        check(core.wait_ready(seconds(1))),
        check(core.flush(seconds(1))),
        check(core.close(seconds(1))),
    ));
    drop((
        check(context.run_experience("x")),
        check(context.run_experience_with("x", &options)),
        check(context.run_experiences_with(&options)),
        check(context.run_feature_with("x", &options)),
        check(context.run_features_with(&options)),
        check(context.is_feature_enabled("x")),
        check(context.json_variable("x", "y")),
        check(context.track_conversion_with("x", &conversion)),
        check(context.set_default_segments([("country", "NL")])),
        check(context.run_custom_segments_with(&["x"], [("a", 1)])),
    ));
    drop((
        check(context.set_preview(&Preview::new("1", "2"))),
        check(context.explain_experience_with("x", &options)),
        check(context.explain_feature_with("x", &options)),
        check(context.explain_goal_with("x", &conversion)),
        check(context.visitor_state()),
        check(context.segments()),
    ));
}
