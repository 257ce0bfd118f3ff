//! The C library's list of functions to call at exit: the crate's only unsafe code.
#![allow(unsafe_code, reason = "the operating system offers this as a C function")]

use std::panic::catch_unwind;
use std::sync::OnceLock;

/// Asks the C library to call us at exit, once in a process. False where it refuses.
pub(super) fn hook() -> bool {
    static HOOKED: OnceLock<bool> = OnceLock::new();
    // SAFETY: `atexit` takes a function that lives as long as the process and needs no argument. Ours unwinds into
    // nobody: panics are caught. It may run on any thread that calls `exit`, while others still run, and touches only
    // what is shared between threads anyway.
    *HOOKED.get_or_init(|| unsafe { libc::atexit(at_exit) } == 0)
}

extern "C" fn at_exit() {
    // There is nobody left to tell of a panic.
    let _ = catch_unwind(super::flush_all);
}
