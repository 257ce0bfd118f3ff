//! The synchronous SDK with its real transport.

use convert_core::testing::Collector;
use convert_core::{Core, ReqwestTransport};

use super::setup::{self, Posts};
use super::stepwise;
use super::sync::Sdk;
use crate::fault::Fault;
use crate::scenario::Scenario;

/// Runs a scenario whose releases go to the collector; with an SDK key and its secret, the config comes from there.
///
/// Gives back the SDK: dropped, it would say that it gives up what the scenario leaves unreleased.
pub(crate) fn deliver(scenario: &Scenario, collector: &Collector, key: Option<(&str, &str)>) -> Result<Core, Fault> {
    let builder = setup::settings(scenario)
        .async_transport(ReqwestTransport::new())
        .track_endpoint(format!("{}/[project_id]", collector.track_endpoint()));
    let builder = match key {
        Some((key, secret)) => builder
            .sdk_key(format!("{key}/{}", scenario.id))
            .sdk_key_secret(secret)
            .config_endpoint(collector.track_endpoint()),
        None => builder.config_json(scenario.config.get()),
    };
    let mut sdk = Sdk::new(scenario, builder, Posts::default())?;
    stepwise::run_on(&mut sdk, scenario)?;
    Ok(sdk.into_core())
}
