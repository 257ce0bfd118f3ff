//! Whether this is a thread of the SDK, where nothing may wait for the SDK's thread.

use std::cell::Cell;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling code runs inside the SDK's own work: an event handler or a transport of the app's.
pub(crate) fn is_inside() -> bool {
    // No value while the thread ends: nothing may wait then either.
    INSIDE.try_with(Cell::get).unwrap_or(true)
}

/// Marks the thread until the guard is dropped.
pub(super) fn enter() -> Inside {
    Inside { before: INSIDE.try_with(|inside| inside.replace(true)).unwrap_or(true) }
}

pub(super) struct Inside {
    before: bool,
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = INSIDE.try_with(|inside| inside.set(self.before));
    }
}
