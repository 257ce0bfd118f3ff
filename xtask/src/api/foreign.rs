//! The crates whose types and traits stand in the public API, held to the table of them in the guide on stability.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::Outcome;

/// Crates, by the names that code has for them, with the packages that name them in their API.
pub(crate) type Named = BTreeMap<String, BTreeSet<String>>;

const GUIDE: &str = "convert-core/docs/stability.md";
const HEADING: &str = "## Types of other crates";

pub(crate) fn check(root: &Path, found: &Named) -> Outcome {
    let guide = fs::read_to_string(root.join(GUIDE)).map_err(|error| format!("{GUIDE}: {error}"))?;
    let differing = differences(&table(&guide), found);
    if differing.is_empty() { Ok(()) } else { Err(format!("{}: see the table of {GUIDE}", differing.join("; "))) }
}

/// The first column has a crate, as code; the second the packages that name it.
fn table(guide: &str) -> Named {
    let section = guide.split_once(HEADING).map_or("", |(_, section)| section);
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    let rows = section.lines().filter_map(|line| {
        let mut cells = line.strip_prefix('|')?.split('|');
        let name = code(cells.next()?).next()?.replace('-', "_");
        Some((name, code(cells.next()?).map(str::to_owned).collect()))
    });
    rows.collect()
}

/// What stands between backticks.
fn code(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

fn differences(known: &Named, found: &Named) -> Vec<String> {
    let pairs = |named: &Named| -> BTreeSet<(String, String)> {
        let each = named.iter();
        each.flat_map(|(name, packages)| packages.iter().map(|package| (name.clone(), package.clone()))).collect()
    };
    let (known, found) = (pairs(known), pairs(found));
    let more = found.difference(&known).map(|(name, package)| format!("the API of {package} names {name}"));
    let less = known.difference(&found).map(|(name, package)| format!("the API of {package} names {name} no more"));
    more.chain(less).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
# Stability

| `before` | `convert-core` |

## Types of other crates

Text with `code`.

| crate | in the API of | |
|---|---|---|
| `http` 1 | `convert-axum` | heads |
| `axum-core` 0.5 (as `axum`) | `convert-axum`, `convert-core` | |

## Next

| `after` | `convert-core` |
";

    fn named(pairs: &[(&str, &str)]) -> Named {
        let mut named = Named::new();
        for (name, package) in pairs {
            named.entry((*name).to_owned()).or_default().insert((*package).to_owned());
        }
        named
    }

    #[test]
    fn the_table_of_its_section_is_read() {
        let expected = named(&[("http", "convert-axum"), ("axum_core", "convert-axum"), ("axum_core", "convert-core")]);
        assert_eq!(table(TABLE), expected);
        assert_eq!(table("# Nothing"), Named::new());
    }

    #[test]
    fn a_crate_more_and_a_crate_less_are_told() {
        let known = named(&[("http", "convert-axum"), ("serde", "convert-core")]);
        assert!(differences(&known, &known).is_empty());
        let found = named(&[("http", "convert-axum"), ("http", "convert-core")]);
        let expected = ["the API of convert-core names http", "the API of convert-core names serde no more"];
        assert_eq!(differences(&known, &found), expected);
    }
}
