//! The axum crate.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::Poll;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::{Extension, Router};
use convert_axum::{ConvertContext, ConvertLayer};
use convert_core::{Context, Core};
use futures_channel::oneshot;
use futures_executor::block_on;
use serde_json::Value;
use tower::ServiceExt;

use super::Surface;
use super::requestwise::{self, Requestwise, Told};
use super::setup::{self, PATIENCE, Posts};
use crate::fault::Fault;
use crate::scenario::Scenario;

/// Runs scenarios through the axum crate's layer and extractor.
#[derive(Debug)]
pub(super) struct Axum;

impl Surface for Axum {
    fn run(&mut self, scenario: &Scenario) -> Result<Vec<Value>, Fault> {
        requestwise::run::<Web>(scenario)
    }
}

struct Web {
    core: Core,
    posts: Posts,
    app: Router,
}

/// A response that waits for its handler to be let go.
struct UnderWay {
    response: Pin<Box<dyn Future<Output = Response>>>,
    go: oneshot::Sender<()>,
}

/// Between the handler of a request and the steps.
#[derive(Clone)]
struct Meeting {
    context: mpsc::Sender<Context>,
    go: Arc<Mutex<Option<oneshot::Receiver<()>>>>,
}

async fn handler(convert: ConvertContext, Extension(meeting): Extension<Meeting>) {
    let _ = meeting.context.send(convert.into_inner());
    let go = meeting.go.lock().ok().and_then(|mut go| go.take());
    if let Some(go) = go {
        let _ = go.await;
    }
}

impl Requestwise for Web {
    type Request = UnderWay;

    fn open(scenario: &Scenario) -> Result<Self, Fault> {
        let posts = Posts::default();
        let mut builder = setup::builder(scenario, &posts);
        if let Some(store) = setup::store(scenario)? {
            builder = builder.data_store(store);
        }
        let core = builder.build().map_err(|error| Fault::broken(&scenario.id, error))?;
        // A scenario's steps say the location themselves, or mean that there is none.
        let layer = ConvertLayer::new(&core)
            .visitor_id(|parts| Some(parts.extensions.get::<Told>()?.visitor_id.clone()))
            .attributes(|parts| parts.extensions.get::<Told>().map(|told| told.attributes.clone()).unwrap_or_default())
            .no_location();
        let app = Router::new().fallback(handler).layer(layer);
        Ok(Self { core, posts, app })
    }

    fn begin(&self, told: Told) -> Result<(UnderWay, Context), Fault> {
        let (go, gone) = oneshot::channel();
        let (sender, contexts) = mpsc::channel();
        let meeting = Meeting { context: sender, go: Arc::new(Mutex::new(Some(gone))) };
        let mut request = Request::new(Body::empty());
        request.extensions_mut().insert(told);
        request.extensions_mut().insert(meeting);
        let app = self.app.clone();
        let response = async move { app.oneshot(request).await.unwrap_or_else(|never| match never {}) };
        let mut response: Pin<Box<dyn Future<Output = Response>>> = Box::pin(response);
        // As far as the handler goes without being let go.
        block_on(poll_fn(|cx| Poll::Ready(response.as_mut().poll(cx).is_ready())));
        let context = contexts.try_recv().map_err(|error| Fault::broken("the handler has no context", error))?;
        Ok((UnderWay { response, go }, context))
    }

    fn end(&self, request: UnderWay) -> Result<(), Fault> {
        let _ = request.go.send(());
        let response = block_on(request.response);
        if response.status().is_success() && !response.headers().contains_key("set-cookie") {
            Ok(())
        } else {
            Err(Fault::Broken(format!("the request was answered with {:?}", response.into_parts().0)))
        }
    }

    fn flush(&mut self) -> Result<Value, Fault> {
        self.core.flush(PATIENCE).map_err(|error| Fault::broken("flush", error))?;
        self.posts.next()
    }
}
