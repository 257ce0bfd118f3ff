//! The public API of each published crate, compared with the list of it in `api`, and the crates it names with the guide.

mod foreign;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use self::foreign::Named;
use crate::features::published_crates;
use crate::toolchain::Compiler;
use crate::{Outcome, cargo, not_run, output, run, say};

/// Set for the process that stands in for rustdoc: the rustdoc to run.
const RUSTDOC: &str = "XTASK_API_RUSTDOC";

/// What rustdoc's JSON is read for: its format is that of one release.
const RUST: &str = "1.95";

/// Compares each list with the code, and the crates that the API names with those of the guide; `write` renews the lists
/// instead, and not the guide: what a crate's breaking release means is to be thought about.
pub(crate) fn check(write: bool) -> Outcome {
    let release = Compiler::at_hand()?.release;
    if release != RUST {
        let message =
            format!("api: the lists are made with Rust {RUST}, this is {release}; try RUSTUP_TOOLCHAIN={RUST}.0");
        return if write { Err(message) } else { not_run(&message) };
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let packages: Vec<String> = published_crates()?.into_iter().map(|package| package.name).collect();
    let mut differing = Vec::new();
    let mut named = Named::new();
    for package in &packages {
        let docs = json_of(&root, package)?;
        let found = list(&root, "items", &docs)?;
        for other in list(&root, "crates", &docs)?.lines().filter(|other| !is_one_of(&packages, other)) {
            named.entry(other.to_owned()).or_default().insert(package.clone());
        }
        let file = root.join(format!("api/{package}.txt"));
        if write {
            fs::write(&file, &found).map_err(|error| format!("{}: {error}", file.display()))?;
            continue;
        }
        let known = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        if known != found {
            show_difference(&known, &found);
            differing.push(package.clone());
        }
    }
    foreign::check(&root, &named)?;
    if differing.is_empty() {
        return Ok(());
    }
    Err(format!("the public API differs from its list: {}; `cargo xtask api --write` renews it", differing.join(", ")))
}

/// Whether the name that code has for a crate is that of one of the packages.
fn is_one_of(packages: &[String], name: &str) -> bool {
    packages.iter().any(|package| package.replace('-', "_") == name)
}

fn show_difference(known: &str, found: &str) {
    known.lines().filter(|line| !found.lines().any(|other| other == *line)).for_each(|line| say(&format!("- {line}")));
    found.lines().filter(|line| !known.lines().any(|other| other == *line)).for_each(|line| say(&format!("+ {line}")));
}

fn json_of(root: &Path, package: &str) -> Result<PathBuf, String> {
    run(json_docs(package)?.args(["--quiet", "--", "-Zunstable-options", "--output-format=json"]))?;
    Ok(target(root)?.join(format!("doc/{}.json", package.replace('-', "_"))))
}

fn list(root: &Path, what: &str, docs: &Path) -> Result<String, String> {
    let manifest = root.join("api/Cargo.toml");
    // Its own target directory: the workspace's lock file and features are not for it.
    let target = target(root)?.join("api");
    let mut lister = cargo();
    lister.args(["run", "--quiet", "--locked", "--manifest-path"]).arg(manifest).arg("--target-dir").arg(target);
    output(lister.args(["--", what]).arg(docs))
}

/// `cargo rustdoc`, with this program in the place of rustdoc: the JSON is unstable, and only rustdoc itself may know that it is
/// wanted. Said to cargo, it would build all dependencies anew.
fn json_docs(package: &str) -> Result<Command, String> {
    let own = env::current_exe().map_err(|error| error.to_string())?;
    let mut command = cargo();
    let rustdoc = env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into());
    command.env(RUSTDOC, rustdoc).env("RUSTDOC", own);
    command.args(["rustdoc", "--locked", "--package", package, "--all-features", "--lib"]);
    Ok(command)
}

fn target(root: &Path) -> Result<PathBuf, String> {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(target) => env::current_dir().map(|here| here.join(target)).map_err(|error| error.to_string()),
        None => Ok(root.join("target")),
    }
}

/// Whether this process was started in the place of rustdoc.
pub(crate) fn stands_in() -> bool {
    env::var_os(RUSTDOC).is_some()
}

/// Runs rustdoc as it was asked for, and lets it do what is unstable.
pub(crate) fn rustdoc() -> Outcome {
    let mut command = Command::new(env::var_os(RUSTDOC).unwrap_or_default());
    command.args(env::args_os().skip(1)).env("RUSTC_BOOTSTRAP", "1").env_remove(RUSTDOC);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("rustdoc failed: {status}")),
        Err(error) => Err(format!("rustdoc: {error}")),
    }
}
