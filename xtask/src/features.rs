//! Each feature of each published crate must build without the others.

use serde_json::Value;

use crate::{Outcome, cargo, output, run};

pub(crate) fn check() -> Outcome {
    for package in published_crates()? {
        let build = |features: &str| {
            run(cargo().args([
                "check",
                "--locked",
                "--quiet",
                "--package",
                &package.name,
                "--no-default-features",
                "--features",
                features,
            ]))
        };
        build("")?;
        package.features.iter().try_for_each(|feature| build(feature))?;
    }
    Ok(())
}

/// A crate that goes to the registry.
pub(crate) struct Published {
    pub(crate) name: String,
    pub(crate) features: Vec<String>,
    /// What a registry page shows, and the manifest does not say.
    pub(crate) lacking: Vec<&'static str>,
}

const SHOWN: [&str; 8] =
    ["description", "documentation", "keywords", "categories", "license", "readme", "repository", "rust_version"];

pub(crate) fn published_crates() -> Result<Vec<Published>, String> {
    let metadata = output(cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    let packages = metadata.get("packages").and_then(Value::as_array).into_iter().flatten();
    let published = packages.filter(|package| package.get("publish").is_some_and(Value::is_null));
    Ok(published
        .filter_map(|package| {
            let features = package.get("features")?.as_object()?.keys().cloned().collect();
            let says = |field: &str| match package.get(field)? {
                Value::Array(words) => (!words.is_empty()).then_some(()),
                word => word.as_str().map(|_| ()),
            };
            let lacking = SHOWN.into_iter().filter(|field| says(field).is_none()).collect();
            Some(Published { name: package.get("name")?.as_str()?.to_owned(), features, lacking })
        })
        .collect())
}
