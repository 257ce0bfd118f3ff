//! Prints the public API in a file of rustdoc's JSON. `cargo xtask api` makes that file and compares.
//!
//! `api items FILE.json` prints one item per line; `api crates FILE.json` the other crates that these name, but for the standard
//! library's.

use std::collections::BTreeSet;
use std::error::Error;
use std::ffi::OsString;
use std::io::{Write, stdout};

use public_api::tokens::Token;
use public_api::{Builder, PublicItem};

const USAGE: &str = "usage: api items FILE.json | api crates FILE.json";
const STANDARD: [&str; 3] = ["alloc", "core", "std"];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let [what, file] = arguments.as_slice() else { return Err(USAGE.into()) };
    // What every type has is noise in a list that people read.
    let builder = Builder::from_rustdoc_json(file).omit_blanket_impls(true).omit_auto_trait_impls(true);
    let lines: Vec<String> = match what.to_str() {
        // So is what it derives.
        Some("items") => builder.omit_auto_derived_impls(true).build()?.items().map(ToString::to_string).collect(),
        Some("crates") => {
            let crates: BTreeSet<String> = builder.build()?.items().flat_map(crates_of).collect();
            crates.into_iter().collect()
        }
        _ => return Err(USAGE.into()),
    };
    let mut out = stdout().lock();
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    Ok(())
}

/// The first words of its paths. In a listed path each is a crate: what is imported is listed by its full path.
fn crates_of(item: &PublicItem) -> Vec<String> {
    let texts: Vec<&str> = item.tokens().map(Token::text).collect();
    let mut crates = Vec::new();
    for (at, token) in item.tokens().enumerate() {
        let Token::Identifier(name) = token else { continue };
        let starts = at.checked_sub(1).and_then(|before| texts.get(before)) != Some(&"::");
        let leads_on = texts.get(at + 1) == Some(&"::");
        // What a macro has written for itself is nobody's to use.
        let is_private = texts.get(at + 2) == Some(&"__private");
        if starts && leads_on && !is_private && !STANDARD.contains(&name.as_str()) {
            crates.push(name.clone());
        }
    }
    crates
}
