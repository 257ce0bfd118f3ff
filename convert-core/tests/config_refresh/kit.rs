//! A project whose config is served by a script, on a clock moved by hand.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use convert_core::testing::{Answer, FixedJitter, ManualClock, RecordingTransport};
use convert_core::{Core, CoreBuilder, Event, RequestKind, Response};

/// Long enough for a machine under load; no test waits for it to pass.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A config with a goal that is named after its version, and one that is in all of them.
pub(crate) fn config(version: u32) -> String {
    let goal = |id: u32, key: &str| format!(r#"{{"id": "{id}", "key": "{key}", "name": "Goal"}}"#);
    let goals = [goal(8, "any"), goal(9, &format!("goal-{version}"))].join(",");
    format!(r#"{{"account_id": "1", "project": {{"id": "2"}}, "goals": [{goals}]}}"#)
}

/// The config of that version, with its tag.
pub(crate) fn served(version: u32) -> Answer {
    Answer::Respond(Response::new(200).header("ETag", format!("\"v{version}\"")).body(config(version)))
}

/// The same of a server that has no tags.
pub(crate) fn untagged(version: u32) -> Answer {
    Answer::Respond(Response::new(200).body(config(version)))
}

pub(crate) struct Endpoint {
    pub(crate) transport: RecordingTransport,
    pub(crate) clock: ManualClock,
}

impl Endpoint {
    pub(crate) fn new() -> Self {
        Self { transport: RecordingTransport::new(), clock: ManualClock::new() }
    }

    pub(crate) fn builder(&self) -> CoreBuilder {
        Core::builder()
            .sdk_key("1/2")
            .async_transport(self.transport.clone())
            .clock(self.clock.clone())
            .jitter(FixedJitter::new(0.5))
    }

    /// The next requests get these answers, in order.
    pub(crate) fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.transport.script(RequestKind::Config, answers);
    }

    pub(crate) fn requests(&self) -> usize {
        self.transport.requests(RequestKind::Config).len()
    }

    /// The tag that the last request was conditional on.
    pub(crate) fn last_tag(&self) -> Option<String> {
        let requests = self.transport.requests(RequestKind::Config);
        let headers: Vec<_> = requests.last()?.headers().collect();
        headers.iter().find(|(name, _)| *name == "If-None-Match").map(|(_, tag)| (*tag).to_owned())
    }
}

/// The version of the config in use.
pub(crate) fn version(core: &Core) -> Option<u32> {
    (1..100).find(|n| core.config().is_some_and(|config| config.goal(&format!("goal-{n}")).is_some()))
}

/// What the core tells of its config, in short, with the version in use at that moment.
pub(crate) fn told(core: &Core) -> Receiver<String> {
    let (tell, told) = channel();
    let (tell, watched) = (Mutex::new(tell), core.clone());
    core.on(move |event| {
        let version = version(&watched);
        let text = match event {
            Event::Ready { .. } => format!("ready {version:?}"),
            Event::ConfigUpdated { .. } => format!("updated {version:?}"),
            Event::ConfigFetchFailed { retry_in, .. } => {
                format!("failed {version:?}, again in {:?}", retry_in.map(|pause| pause.as_secs_f64()))
            }
            _ => return,
        };
        let _ = tell.lock().unwrap().send(text);
    })
    .forever();
    told
}

/// Returns once the SDK's thread has looked at everything that was to be done before the call.
pub(crate) fn settle(core: &Core) {
    let context = core.create_context(format!("v{}", core.stats().accepted.total())).unwrap();
    assert!(context.track_conversion("any").is_queued());
    assert_eq!(core.flush(PATIENCE).unwrap().delivered, 1);
}
