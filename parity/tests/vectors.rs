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
    let mut asked = Vec::new();
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
        asked.extend(surface.requests().map(|requests| (kind, requests)));
    }
    assert_eq!(asked.len(), 6, "three web crates, each with both kinds of context");
    for (kind, requests) in asked {
        // Each way of telling a request something is taken often enough that its loss is noticed.
        assert!(requests.by_cookie > 4_000 && requests.by_header > 20, "{kind}: {requests:?}");
        assert!(requests.by_link > 200 && requests.by_handler > 20, "{kind}: {requests:?}");
    }
}
