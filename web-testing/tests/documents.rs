//! What a web crate says of itself stands on its page at the registry and in its documentation: the same in both, and of
//! the features all that there are.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::fs;
use std::path::Path;

const CRATES: [&str; 3] = ["convert-actix", "convert-axum", "convert-rocket"];

fn read(package: &str, file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(package).join(file)).unwrap()
}

/// The lines of all tables.
fn tables(text: &str) -> Vec<&str> {
    text.lines().map(|line| line.strip_prefix("//! ").unwrap_or(line)).filter(|line| line.starts_with('|')).collect()
}

#[test]
fn the_readme_and_the_documentation_have_the_same_tables() {
    for package in CRATES {
        let (readme, library) = (read(package, "README.md"), read(package, "src/lib.rs"));
        assert_eq!(tables(&readme), tables(&library), "{package}");
        assert!(tables(&readme).len() > 10, "{package}");
    }
}

#[test]
fn the_table_of_features_has_each_feature_once() {
    for package in CRATES {
        let (readme, manifest) = (read(package, "README.md"), read(package, "Cargo.toml"));
        let features = manifest.split("[features]").nth(1).unwrap().split("\n[").next().unwrap();
        let mut features: Vec<_> = features.lines().filter_map(|line| line.split_once(" = ")).collect();
        features.retain(|(name, _)| *name != "default");
        let section = readme.split("## Cargo features").nth(1).unwrap().split("\n## ").next().unwrap();
        let mut told: Vec<_> = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        told.sort_unstable();
        features.sort_unstable();
        assert_eq!(told, features.iter().map(|(name, _)| *name).collect::<Vec<_>>(), "{package}");
    }
}

#[test]
fn the_features_that_are_on_by_default_say_so() {
    for package in CRATES {
        let (readme, manifest) = (read(package, "README.md"), read(package, "Cargo.toml"));
        let default = manifest.lines().find_map(|line| line.strip_prefix("default = ")).unwrap();
        let mut default: Vec<_> = default.split('"').skip(1).step_by(2).collect();
        let mut told: Vec<_> =
            readme.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` (default)")).collect();
        default.sort_unstable();
        told.sort_unstable();
        assert_eq!(told.iter().map(|(name, _)| *name).collect::<Vec<_>>(), default, "{package}");
    }
}
