//! Cores whose events go nowhere.

use std::future::ready;
use std::time::Duration;

use convert_core::{AsyncTransport, BoxFuture, Core, CoreBuilder, Request, Response, TransportError};
use serde_json::json;

use crate::common;

/// The key of an experience that asks nothing of a visitor.
pub const EVERYWHERE: &str = "everywhere";

/// Takes every request, and keeps none.
pub struct Taking;

impl AsyncTransport for Taking {
    fn send(&self, _: Request) -> BoxFuture<'static, Result<Response, TransportError>> {
        Box::pin(ready(Ok(Response::new(200))))
    }
}

/// A core with the experience with one rule, and one for everybody. It delivers when it is told to.
pub fn core(set: impl FnOnce(CoreBuilder) -> CoreBuilder) -> Core {
    let mut config = common::config(1);
    if let Some(experiences) = config["experiences"].as_array_mut() {
        let half = |id: &str, key: &str| json!({"id": id, "key": key, "traffic_allocation": 50});
        let variations = [half("1", "a"), half("2", "b")];
        experiences.push(json!({"id": "100200000", "key": EVERYWHERE, "variations": variations}));
    }
    let builder = Core::builder().config_data(&config).async_transport(Taking).batch_size(usize::MAX);
    set(builder).build().expect("the config is in order")
}

/// Delivers what is queued, so that the queue is as empty as it usually is.
pub fn deliver(core: &Core) {
    core.flush(Duration::from_secs(60)).expect("it takes all");
}
