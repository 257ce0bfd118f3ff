//! What the programs in `src/bin` share: where their logs go, and the config of their tests. Each of them is otherwise complete; `docs/runtimes.md` says which
//! is for whom.

/// Logs to standard error, from warnings on.
pub fn log() {
    let logs = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::WARN);
    logs.with_ansi(false).init();
}

/// The config of a small shop, for an endpoint on this machine to serve.
///
/// # Errors
/// Outside of the repository, where the file is.
pub fn shop() -> std::io::Result<String> {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../convert-core/examples/shop.json"))
}
