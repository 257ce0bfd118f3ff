//! What not to do: no flush, no close, no hook. The program ends as it would without the SDK, and the log says how many events
//! it took with it.
//!
//! `cargo run -p runtimes --bin collector -- cargo run -p runtimes --bin never_flushed`

use std::error::Error;

use convert_core::Core;

fn main() -> Result<(), Box<dyn Error>> {
    runtimes::log();
    let core = Core::from_env()?;
    for name in ["ada", "grace", "edsger"] {
        core.create_context(name)?.track_conversion("purchase");
    }
    Ok(())
}
