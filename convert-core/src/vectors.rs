//! The official SDK's answers, for unit tests.

use std::fs;
use std::path::Path;

/// A file of `parity/vectors`. The repository has them and the published package does not: there it is `None`, and the test has
/// nothing to compare with.
pub(crate) fn vectors(file: &str) -> Option<String> {
    let parity = Path::new(env!("CARGO_MANIFEST_DIR")).join("../parity");
    parity.is_dir().then(|| fs::read_to_string(parity.join("vectors").join(file)).unwrap())
}
