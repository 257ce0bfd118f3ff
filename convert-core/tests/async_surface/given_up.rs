//! Every call, given up at every point where it waits: no event is lost, no state is half-written.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use convert_core::testing::RecordingTransport;
use convert_core::{
    Applied, AsyncContext, AsyncCore, AsyncDataStore, AttributeValue, BoxFuture, ContextOptions, ConversionOptions,
    DataStore, GoalMark, MemoryStore, Preview, StateChange, StateKey, StoreError, VisitorState,
};
use futures_executor::block_on;

use crate::kit::{poll_once, pricing, seconds, sent, shop};

/// A store in memory that waits once before each call takes effect, and once after.
#[derive(Clone, Debug, Default)]
struct Hesitant(Arc<MemoryStore>);

impl Hesitant {
    fn hesitate<'a, T: Send + 'a>(&'a self, call: impl FnOnce(&MemoryStore) -> T + Send + 'a) -> BoxFuture<'a, T> {
        Box::pin(async move {
            once().await;
            let answer = call(&self.0);
            once().await;
            answer
        })
    }
}

/// Waits until it is polled again.
fn once() -> impl Future<Output = ()> + Send {
    let mut waited = false;
    std::future::poll_fn(move |cx| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

impl AsyncDataStore for Hesitant {
    fn load<'a>(&'a self, key: &'a StateKey) -> BoxFuture<'a, Result<Option<VisitorState>, StoreError>> {
        self.hesitate(move |store| store.load(key))
    }

    fn apply<'a>(&'a self, key: &'a StateKey, change: &'a StateChange) -> BoxFuture<'a, Result<Applied, StoreError>> {
        self.hesitate(move |store| store.apply(key, change))
    }

    fn mark_goal<'a>(&'a self, key: &'a StateKey, mark: &'a GoalMark) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.hesitate(move |store| store.mark_goal(key, mark))
    }
}

/// A visit that was given up: what is stored and what is queued of it.
struct Visit {
    core: AsyncCore,
    context: AsyncContext,
    store: Hesitant,
    transport: RecordingTransport,
}

impl Visit {
    fn new() -> Self {
        let (builder, transport, _) = shop();
        let store = Hesitant::default();
        let core = block_on(builder.async_data_store(store.clone()).build_async()).unwrap();
        let options =
            ContextOptions::new().attributes([("member", true.into()), ("country", AttributeValue::from("NL"))]);
        let context = core.create_context_with("ada", options).unwrap();
        Self { core, context, store, transport }
    }

    fn state(&self) -> VisitorState {
        self.store.0.load(&StateKey::new("100123", "200456", "ada")).unwrap().unwrap_or_default()
    }

    /// All that was queued, as `visitor kind id`.
    fn events(&self) -> Vec<String> {
        block_on(self.core.close(seconds(5)));
        let stats = self.core.stats();
        assert_eq!((stats.pending.total(), stats.dropped.total()), (0, 0));
        sent(&self.transport)
    }
}

/// Polls `call` so often, and drops it. Whether it had ended.
fn give_up<F: Future>(call: F, polls: usize) -> bool {
    let mut call = pin!(call);
    (0..polls).any(|_| call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready())
}

/// Gives up a call after no poll, one, two, and so on, until it is through. How often it waits.
fn at_every_point(mut given_up_after: impl FnMut(usize) -> bool) -> usize {
    (0..100).find(|polls| given_up_after(*polls)).unwrap() - 1
}

type Calling<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A call that decides: an experience is stored if and only if it is tracked in the end, and once more calls agree.
fn decides(call: impl for<'a> Fn(&'a AsyncContext) -> Calling<'a, ()>) -> usize {
    at_every_point(|polls| {
        let visit = Visit::new();
        let ended = give_up(call(&visit.context), polls);
        let stored = visit.state();
        let queued = visit.core.stats().accepted.bucketing;
        assert!(stored.is_empty() || queued > 0, "stored and not tracked, after {polls}");
        // The same, to its end: the decision stands, and what was stored is not decided again.
        block_on(call(&visit.context));
        for experience in ["100300001", "100300002"] {
            let (before, after) =
                (stored.variation_id(experience), visit.state().variation_id(experience).map(str::to_owned));
            assert!(before.is_none() || before == after.as_deref(), "{before:?} {after:?}, after {polls}");
        }
        let state = visit.state();
        let events = visit.events();
        for experience in ["100300001", "100300002"] {
            let tracked = events.iter().any(|event| *event == format!("ada bucketing {experience}"));
            assert_eq!(state.variation_id(experience).is_some(), tracked, "{experience}, after {polls}: {events:?}");
        }
        ended
    })
}

#[test]
fn an_experience() {
    let waits = decides(|context| {
        Box::pin(async move {
            let _ = context.run_experience_with("pricing-page", &pricing()).await;
        })
    });
    assert_eq!(waits, 4, "before and after the load, and the change");
}

#[test]
fn all_experiences() {
    let waits = decides(|context| {
        Box::pin(async move {
            let _ = context.run_experiences_with(&pricing()).await;
        })
    });
    assert_eq!(waits, 4);
}

#[test]
fn features_and_their_variables() {
    assert_eq!(decides(|context| Box::pin(async move { drop(context.run_features().await) })), 4);
    let waits = decides(|context| {
        Box::pin(async move {
            let _ = context.is_feature_enabled("shipping-offer").await;
        })
    });
    assert_eq!(waits, 4);
    let waits = decides(|context| {
        Box::pin(async move {
            let _ = context.i64_variable("shipping-offer", "from-amount").await;
        })
    });
    assert_eq!(waits, 4);
}

/// However it is given up, and however often it is tried, the goal counts once.
#[test]
fn a_conversion() {
    let options = ConversionOptions::new().revenue(49.9);
    let waits = at_every_point(|polls| {
        let visit = Visit::new();
        let ended = give_up(visit.context.track_conversion_with("purchase", &options), polls);
        let queued = visit.core.stats().accepted.conversions;
        assert!(!visit.state().has_goal("purchase") || queued == 2, "marked and not tracked, after {polls}");
        assert!(queued == 0 || queued == 2, "half of it, after {polls}");
        let again = block_on(visit.context.track_conversion_with("purchase", &options));
        assert_eq!(again.is_queued(), queued == 0, "after {polls}");
        assert_eq!(visit.events(), ["ada conversion 100400001"; 2], "after {polls}");
        ended
    });
    assert_eq!(waits, 6, "before and after the load, the mark, and the change");
}

#[test]
fn segments() {
    let waits = at_every_point(|polls| {
        let visit = Visit::new();
        let ended = give_up(visit.context.set_default_segments([("browser", "CH"), ("source", "ad")]), polls);
        // All of them or none.
        let taken = visit.state().segments().map_or(0, |segments| {
            ["browser", "source", "country"].iter().filter(|key| segments.get(key).is_some()).count()
        });
        assert!(taken == 0 || taken == 3, "{taken}, after {polls}");
        block_on(visit.context.set_default_segments([("browser", "CH"), ("source", "ad")]));
        let state = visit.state();
        let segments = state.segments().unwrap();
        assert_eq!((segments.get("browser"), segments.get("source")), (Some(&"CH".into()), Some(&"ad".into())));
        assert!(visit.events().is_empty());
        ended
    });
    assert_eq!(waits, 4);
    let waits = at_every_point(|polls| {
        let visit = Visit::new();
        let ended = give_up(visit.context.run_custom_segments(&["no-such"]), polls);
        assert!(visit.events().is_empty());
        ended
    });
    assert!(waits >= 2);
}

/// Two first calls whose waits alternate both load before either stores: one of them announces the decision.
#[test]
fn deciding_twice_at_once() {
    let visit = Visit::new();
    let other = visit.core.create_context("ada").unwrap();
    let options = pricing();
    let mut calls: Vec<_> = [&visit.context, &other]
        .into_iter()
        .map(|context| Box::pin(context.run_experience_with("pricing-page", &options)))
        .collect();
    while !calls.is_empty() {
        calls.retain_mut(|call| match poll_once(call.as_mut()) {
            Poll::Ready(decision) => {
                assert!(decision.unwrap().is_new());
                false
            }
            Poll::Pending => true,
        });
    }
    assert_eq!(visit.events(), ["ada bucketing 100300001"]);
}

/// What only looks leaves no trace, whenever it is given up.
#[test]
fn looking() {
    fn leaves_no_trace(call: impl for<'a> Fn(&'a AsyncContext) -> Calling<'a, ()>) {
        let waits = at_every_point(|polls| {
            let visit = Visit::new();
            let ended = give_up(call(&visit.context), polls);
            assert!(visit.state().is_empty() && visit.events().is_empty());
            ended
        });
        assert_eq!(waits, 2, "before and after the load");
    }
    leaves_no_trace(|context| Box::pin(async move { drop(context.explain_experience("pricing-page").await) }));
    leaves_no_trace(|context| Box::pin(async move { drop(context.explain_feature("shipping-offer").await) }));
    leaves_no_trace(|context| {
        Box::pin(async move {
            let _ = context.explain_goal("purchase").await;
        })
    });
    leaves_no_trace(|context| Box::pin(async move { drop(context.visitor_state().await) }));
    leaves_no_trace(|context| Box::pin(async move { drop(context.segments().await) }));
}

/// A preview of the config in use is set at once, and nothing of the visit is stored or tracked under it.
#[test]
fn a_preview() {
    let visit = Visit::new();
    let preview = Preview::new("100300001", "1003000011");
    drop(visit.context.set_preview(&preview));
    assert!(give_up(visit.context.set_preview(&preview), 1));
    let waits = at_every_point(|polls| give_up(visit.context.run_experience_with("pricing-page", &pricing()), polls));
    assert_eq!(waits, 2, "the load only");
    assert!(visit.state().is_empty() && visit.events().is_empty());
}
