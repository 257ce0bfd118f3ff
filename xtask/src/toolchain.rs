//! The compiler at hand.

use std::process::Command;

use crate::output;

pub(crate) struct Compiler {
    /// Without the patch number, such as `1.95`.
    pub(crate) release: String,
    /// The machine it runs on, and builds for.
    pub(crate) host: String,
}

impl Compiler {
    pub(crate) fn at_hand() -> Result<Self, String> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        Self::read(&output(Command::new(rustc).arg("-vV"))?)
    }

    /// What `rustc -vV` says.
    fn read(version: &str) -> Result<Self, String> {
        let line = |name: &str| {
            let line = version.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            line.ok_or_else(|| format!("rustc says no `{name}`"))
        };
        let release: Vec<&str> = line("release:")?.split('.').take(2).collect();
        Ok(Self { release: release.join("."), host: line("host:")?.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_without_its_patch_number() {
        let said = "rustc 1.95.0 (abc 2026-04-14)\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\nrelease: 1.95.0\n";
        let read = Compiler::read(said).map(|compiler| (compiler.release, compiler.host));
        assert_eq!(read, Ok(("1.95".to_owned(), "x86_64-unknown-linux-gnu".to_owned())));
        assert!(Compiler::read("rustc 1.95.0").is_err_and(|error| error.contains("release:")));
    }
}
