//! A large config keeps at most twice its text's size in memory, and nothing of the parsed document; so does one of rules.
#![allow(unreachable_pub, reason = "what benchmarks share")]
#![allow(unsafe_code, reason = "counting what is allocated takes a global allocator")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use convert_core::ProjectConfig;

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[path = "../benches/common/large.rs"]
mod large;

/// One test for both: what another test allocates meanwhile would count.
#[test]
fn a_large_config_lives_in_twice_its_text() {
    let (text, config, live) = loaded(large::config());
    assert!(config.experience("checkout-button-test-9999").is_some());
    assert!(live <= 2 * text.len(), "{live} bytes live for {} bytes of text", text.len());
    drop(config);

    let (text, config, live) = loaded(large::targeted());
    assert!(config.experience("targeted-9999").is_some());
    assert!(live <= 2 * text.len(), "{live} bytes live for {} bytes of text with rules", text.len());
}

/// A config with its text, and the bytes that it keeps.
fn loaded(text: String) -> (String, ProjectConfig, usize) {
    let before = LIVE.load(Ordering::Relaxed);
    let config = ProjectConfig::parse(&text).unwrap();
    let live = LIVE.load(Ordering::Relaxed) - before;
    assert_eq!(config.experiences().len(), large::EXPERIENCES);
    assert_eq!(config.warning_count(), 0, "{:?}", config.warnings().first());
    (text, config, live)
}
