//! What the programs in `src/bin` share: where their logs go. Each of them is otherwise complete; `docs/runtimes.md` says which
//! is for whom.

/// Logs to standard error, from warnings on.
pub fn log() {
    let logs = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::WARN);
    logs.with_ansi(false).init();
}
