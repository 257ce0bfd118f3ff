//! Every family of vectors, on every surface that is built.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use parity::check::Report;
use parity::surface::SurfaceKind;
use parity::vectors;

const FAMILIES: [&str; 16] = [
    "anchored",
    "deviations",
    "features",
    "found",
    "hash-order",
    "limits",
    "lookups",
    "preview",
    "previewed",
    "qualify",
    "rules",
    "segments",
    "state",
    "store",
    "tracking",
    "wide",
];

#[test]
fn every_family_is_there() {
    let files = vectors::scenario_files().unwrap();
    let families: Vec<&str> = files.iter().map(|file| file.file_stem().unwrap().to_str().unwrap()).collect();
    assert_eq!(families, FAMILIES);
}

#[test]
fn every_vector_matches_on_every_surface() {
    for kind in SurfaceKind::ALL {
        let mut surface = kind.open();
        for file in vectors::scenario_files().unwrap() {
            let mut report = Report::default();
            for scenario in vectors::read(&file).unwrap() {
                report.check(surface.as_mut(), &scenario).unwrap();
            }
            assert!(report.scenarios() > 0, "{} holds no scenario", file.display());
            let first = report.differences().first().map(ToString::to_string);
            assert_eq!(first, None, "{kind}\n{report}");
        }
    }
}
