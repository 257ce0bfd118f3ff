//! The core's dependency budget.

use std::collections::BTreeSet;

use crate::{Outcome, cargo, output, say};

const WEB_FRAMEWORKS: [&str; 5] = ["axum", "axum-core", "actix-web", "rocket", "warp"];

/// The most normal dependencies that the core may have.
const WITHOUT_DEFAULTS: usize = 35;
const WITH_DEFAULTS: usize = 110;

pub(crate) fn check() -> Outcome {
    check_budget("without default features", &["--no-default-features"], WITHOUT_DEFAULTS)?;
    check_budget("with default features", &[], WITH_DEFAULTS)?;
    let all = dependencies(&["--all-features"])?;
    let is_there = |framework: &&&str| all.iter().any(|(name, _)| name == **framework);
    match WEB_FRAMEWORKS.iter().find(is_there) {
        Some(framework) => Err(format!("convert-core depends on {framework}: no web framework belongs there")),
        None => Ok(()),
    }
}

fn check_budget(what: &str, arguments: &[&str], limit: usize) -> Outcome {
    let count = dependencies(arguments)?.len();
    say(&format!("convert-core {what}: {count} dependencies (at most {limit})"));
    if count > limit {
        Err(format!("convert-core {what} has {count} dependencies, {limit} are allowed"))
    } else {
        Ok(())
    }
}

/// The core's normal dependencies on this platform, itself aside: name and version. Two versions of one crate are two.
pub(crate) fn dependencies(arguments: &[&str]) -> Result<BTreeSet<(String, String)>, String> {
    let tree = ["tree", "--package", "convert-core", "--edges", "normal", "--prefix", "none", "--format", "{p}"];
    let tree = output(cargo().args(tree).args(arguments))?;
    let crates = tree.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_owned(), words.next().unwrap_or_default().to_owned()))
    });
    Ok(crates.filter(|(name, _)| name != "convert-core").collect())
}
