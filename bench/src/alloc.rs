//! What a thread allocates.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static COUNTED: Cell<Option<Counted>> = const { Cell::new(None) };
}

/// What was allocated meanwhile.
#[derive(Clone, Copy, Default)]
pub struct Counted {
    /// How often.
    pub allocations: u64,
    /// The bytes that were not given back.
    pub live: i64,
}

/// The system's allocator, which counts for a thread while it is asked to, and else looks at one cell of the thread.
pub struct Counting;

fn count(bytes: i64, allocations: u64) {
    let _ = COUNTED.try_with(|counted| {
        if let Some(so_far) = counted.get() {
            let (allocations, live) = (so_far.allocations + allocations, so_far.live + bytes);
            counted.set(Some(Counted { allocations, live }));
        }
    });
}

// SAFETY: every call goes to the system's allocator unchanged; the counter is a plain cell of the calling thread.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64, 1);
        // SAFETY: the caller's own promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64, 1);
        // SAFETY: the caller's own promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as i64 - layout.size() as i64, 1);
        // SAFETY: the caller's own promise.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as i64), 0);
        // SAFETY: the caller's own promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Does the work, and counts what this thread allocates for it. What is timed is not counted.
pub fn counted<T>(work: impl FnOnce() -> T) -> (T, Counted) {
    COUNTED.set(Some(Counted::default()));
    let done = work();
    (done, COUNTED.take().unwrap_or_default())
}
