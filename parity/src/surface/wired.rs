//! The synchronous SDK with its real transport.

use convert_core::{Core, ReqwestTransport};

use super::setup::{self, Posts};
use super::stepwise;
use super::sync::Sdk;
use crate::fault::Fault;
use crate::scenario::Scenario;

/// Runs a scenario whose releases go to the collector at `track_endpoint`, and gives back the SDK: dropped, it would send
/// what the scenario leaves unreleased.
pub(crate) fn deliver(scenario: &Scenario, track_endpoint: &str) -> Result<Core, Fault> {
    let posts = Posts::default();
    let builder =
        setup::builder(scenario, &posts).async_transport(ReqwestTransport::new()).track_endpoint(track_endpoint);
    let mut sdk = Sdk::new(scenario, builder, posts)?;
    stepwise::run_on(&mut sdk, scenario)?;
    Ok(sdk.into_core())
}
