//! What the queue and its wake-up are locked with: the standard library's locks, or the model checker's in their place.

#[cfg(not(all(test, convert_model)))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic::AtomicBool};

#[cfg(all(test, convert_model))]
pub(crate) use loom::sync::{Mutex, MutexGuard, atomic::AtomicBool};
