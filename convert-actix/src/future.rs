//! The response's future.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::Error;
use actix_web::dev::ServiceResponse;
use pin_project_lite::pin_project;

use crate::arrival::Arrival;

pin_project! {
    /// The future of a [`ConvertService`](crate::ConvertService): the inner one, and then what the visitor asks of the
    /// response.
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        arrival: Option<Arrival>,
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn new(inner: F, arrival: Option<Arrival>) -> Self {
        Self { inner, arrival }
    }
}

impl<F, B> Future for ResponseFuture<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        Poll::Ready(match this.arrival.take() {
            Some(arrival) => with_visitor(result, arrival),
            None => result,
        })
    }
}

fn with_visitor<B>(result: Result<ServiceResponse<B>, Error>, arrival: Arrival) -> Result<ServiceResponse<B>, Error> {
    match result {
        Ok(mut response) => {
            arrival.leave_in(&mut response);
            Ok(response)
        }
        // It becomes a response further out, and stays the error that it is until then.
        Err(mut error) => {
            error.add_response_mapper(move |mut response| {
                arrival.leave_in_error(&mut response);
                response
            });
            Err(error)
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
