//! What goes to the registry with each published crate.

use std::fs;
use std::path::Path;

use crate::features::{Published, published_crates};
use crate::{Outcome, cargo, output, run};

/// What a package must have beside its manifest and source.
const NEEDED: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"];
/// What else may be in it: what cargo adds, and these folders.
const ADDED: [&str; 4] = [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml", "Cargo.toml.orig"];
const FOLDERS: [&str; 5] = ["benches", "docs", "examples", "src", "tests"];

/// Packages the workspace without building it, and looks at what would be published. `cargo package --workspace` builds it, too.
pub(crate) fn check() -> Outcome {
    for package in published_crates()? {
        check_contents(&package).map_err(|fault| format!("{}: {fault}", package.name))?;
    }
    run(cargo().args(["package", "--workspace", "--locked", "--no-verify", "--allow-dirty", "--quiet"]))
}

fn check_contents(package: &Published) -> Outcome {
    if let Some(lacking) = package.lacking.first() {
        return Err(format!("the manifest has no `{lacking}`"));
    }
    let list = output(cargo().args([
        "package",
        "--list",
        "--locked",
        "--allow-dirty",
        "--quiet",
        "--package",
        &package.name,
    ]))?;
    let files: Vec<&str> = list.lines().collect();
    if let Some(lacking) = NEEDED.iter().find(|file| !files.contains(file)) {
        return Err(format!("`{lacking}` is not in the package"));
    }
    let is_known = |file: &str| match file.split_once(['/', '\\']) {
        Some((folder, _)) => FOLDERS.contains(&folder),
        None => NEEDED.contains(&file) || ADDED.contains(&file),
    };
    if let Some(odd) = files.iter().find(|file| !is_known(file)) {
        return Err(format!("`{odd}` does not belong into the package"));
    }
    // Those of a crate are links to the files at the top, which a system without links checks out as a path.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    for licence in NEEDED.iter().filter(|file| file.starts_with("LICENSE")) {
        if read(&root.join(&package.name).join(licence))? != read(&root.join(licence))? {
            return Err(format!("`{licence}` is not the one at the top"));
        }
    }
    Ok(())
}
