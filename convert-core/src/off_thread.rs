//! What blocks, waits or takes long, on a thread of its own.

use std::io;
use std::thread;

use crate::completion::{Completion, completion};

/// Starts `work` on a new thread. The completion is gone if it panics.
pub(crate) fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<Completion<T>> {
    let (done, result) = completion();
    thread::Builder::new().name("convert-sdk-work".to_owned()).spawn(move || done.complete(work()))?;
    Ok(result)
}
