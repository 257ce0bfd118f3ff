//! Fuzzing on the stable toolchain: what `cargo fuzz run` does, without the sanitizers that need another one.

use std::fs;
use std::path::{Path, PathBuf};

use crate::toolchain::Compiler;
use crate::{Outcome, cargo, run};

/// How the fuzzer sees which code an input reaches.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1 \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

const TARGETS: [&str; 4] = ["config", "cookies", "previews", "rules"];

/// An input that takes longer, in seconds, is a finding.
const SLOW: u32 = 20;

/// Runs each target, or the one that is named, for so many seconds.
pub(crate) fn fuzz(only: Option<&str>, seconds: u32) -> Outcome {
    let targets: Vec<&str> = TARGETS.into_iter().filter(|target| only.is_none_or(|only| only == *target)).collect();
    if targets.is_empty() {
        return Err(format!("the targets are {}", TARGETS.join(", ")));
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let host = Compiler::at_hand()?.host;
    // With a target named, build scripts and macros are built without the fuzzer's instrumentation.
    let mut build = cargo();
    build.args(["build", "--release", "--target", &host]).env("RUSTFLAGS", COVERAGE).current_dir(&folder);
    run(&mut build)?;
    let programs = folder.join("target").join(&host).join("release");
    targets.into_iter().try_for_each(|target| run_target(&folder, &programs, target, seconds))
}

fn run_target(folder: &Path, programs: &Path, target: &str, seconds: u32) -> Outcome {
    let made = |name: &str| -> Result<PathBuf, String> {
        let path = folder.join(name).join(target);
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    };
    let (corpus, artifacts) = (made("corpus")?, made("artifacts")?);
    let mut fuzzer = std::process::Command::new(programs.join(target));
    fuzzer.arg(corpus).arg(folder.join("seeds").join(target));
    fuzzer.args([&format!("-max_total_time={seconds}"), &format!("-timeout={SLOW}"), "-print_final_stats=1"]);
    // The fuzzer takes this as the start of a file's name.
    fuzzer.arg(format!("-artifact_prefix={}/", artifacts.display()));
    let dictionary = folder.join("dictionaries").join(target);
    if dictionary.exists() {
        fuzzer.arg(format!("-dict={}", dictionary.display()));
    }
    run(&mut fuzzer)
}
