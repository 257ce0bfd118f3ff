//! When requests came.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::Version;
use tokio::time::Instant;

/// The last request that was heard on a connection.
#[derive(Default)]
pub(super) struct Heard {
    last: Mutex<Option<(Version, Instant)>>,
}

impl Heard {
    /// A request's head has come.
    pub(super) fn request(&self, version: Version) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((version, Instant::now()));
    }

    fn last(&self) -> Option<(Version, Instant)> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Done where no request was heard for so long, the first. Hyper's own deadline begins once it knows the protocol, and
    /// knows none for HTTP/2.
    pub(super) async fn nothing(&self, deadline: Option<Duration>) {
        passed(deadline).await;
        if self.last().is_some() {
            std::future::pending().await
        }
    }

    /// Done where HTTP/2 is spoken and no further request was heard for so long.
    pub(super) async fn nothing_more(&self, deadline: Option<Duration>) {
        let Some(deadline) = deadline else { return std::future::pending().await };
        loop {
            let now = Instant::now();
            let due = match self.last() {
                Some((Version::HTTP_2, last)) => last + deadline,
                // Of the other protocol hyper watches each head.
                Some(_) => return std::future::pending().await,
                None => now + deadline,
            };
            if due <= now {
                return;
            }
            tokio::time::sleep_until(due).await;
        }
    }
}

/// Done after that time, where there is a deadline.
pub(super) async fn passed(deadline: Option<Duration>) {
    match deadline {
        Some(deadline) => tokio::time::sleep(deadline).await,
        None => std::future::pending().await,
    }
}
