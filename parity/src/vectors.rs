//! The committed vectors, and the files around them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::fault::Fault;
use crate::scenario::Scenario;

/// Rows of single functions, which lie beside the scenarios but have other shapes.
const FUNCTION_ROWS: [&str; 3] = ["rule_comparisons.jsonl", "cast.jsonl", "regex.jsonl"];

/// This crate's folder.
#[must_use]
pub fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every committed file of scenarios, by name.
///
/// # Errors
/// [`Fault::Broken`] where the folder cannot be read.
pub fn scenario_files() -> Result<Vec<PathBuf>, Fault> {
    let folder = home().join("vectors");
    let broken = |error| Fault::broken(folder.display(), error);
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).map_err(broken)? {
        let path = entry.map_err(broken)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(".jsonl") && !FUNCTION_ROWS.contains(&name) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The scenarios of one file.
///
/// # Errors
/// [`Fault`] where the file cannot be read or a line is no scenario.
pub fn read(path: &Path) -> Result<Vec<Scenario>, Fault> {
    let text = fs::read_to_string(path).map_err(|error| Fault::broken(path.display(), error))?;
    text.lines().filter(|line| !line.trim().is_empty()).map(Scenario::parse).collect()
}
