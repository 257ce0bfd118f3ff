//! The service that the middleware makes.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};

use crate::arrival::Arrival;
use crate::future::ResponseFuture;
use crate::middleware::Shared;

/// A service whose requests carry their visitor; see [`ConvertMiddleware`](crate::ConvertMiddleware).
pub struct ConvertService<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> ConvertService<S> {
    pub(crate) fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }
}

impl<S, B> Service<ServiceRequest> for ConvertService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let arrival = Arrival::enter(&self.shared, &request);
        ResponseFuture::new(self.inner.call(request), arrival)
    }
}

impl<S: fmt::Debug> fmt::Debug for ConvertService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConvertService").field("inner", &self.inner).finish_non_exhaustive()
    }
}
