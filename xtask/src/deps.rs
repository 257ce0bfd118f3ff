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
    match WEB_FRAMEWORKS.iter().find(|framework| all.contains(**framework)) {
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

/// The names of the core's normal dependencies on this platform, itself aside.
fn dependencies(arguments: &[&str]) -> Result<BTreeSet<String>, String> {
    let tree = ["tree", "--package", "convert-core", "--edges", "normal", "--prefix", "none", "--format", "{p}"];
    let tree = output(cargo().args(tree).args(arguments))?;
    // Name and version: two versions of one crate count as two.
    let crates = tree.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.next().unwrap_or_default()))
    });
    let others = crates.filter(|(name, _)| *name != "convert-core");
    let with_version: BTreeSet<_> = others.clone().collect();
    let names: BTreeSet<String> = others.map(|(name, _)| name.to_owned()).collect();
    if with_version.len() == names.len() {
        return Ok(names);
    }
    Ok(with_version.into_iter().map(|(name, version)| format!("{name} {version}")).collect())
}
