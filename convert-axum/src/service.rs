//! The service that the layer makes.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use crate::arrival::Arrival;
use crate::future::ResponseFuture;
use crate::layer::Shared;

/// A service whose requests carry their visitor; see [`ConvertLayer`](crate::ConvertLayer).
#[derive(Clone)]
pub struct ConvertService<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> ConvertService<S> {
    pub(crate) fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }

    /// Leaves a place for the visitor in the request, unless the same layer did so before.
    fn receive<B>(&self, request: Request<B>) -> (Request<B>, Option<Arrival>) {
        let outer = Arrival::of(request.extensions());
        if outer.as_ref().is_some_and(|outer| outer.is_of(&self.shared)) {
            return (request, None);
        }
        let (mut parts, body) = request.into_parts();
        let arrival = Arrival::enter(&self.shared, &mut parts, outer);
        (Request::from_parts(parts, body), Some(arrival))
    }
}

impl<S, B, R> Service<Request<B>> for ConvertService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (request, arrival) = self.receive(request);
        ResponseFuture::new(self.inner.call(request), arrival)
    }
}

impl<S: fmt::Debug> fmt::Debug for ConvertService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConvertService").field("inner", &self.inner).finish_non_exhaustive()
    }
}
