//! What all requests share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use convert_core::web::{Cores, Framework, Functions, Settings};
use rocket::{Phase, Request, Rocket};

use crate::lifespan::Traffic;
use crate::rejection::ConvertRejection;

/// Rocket: what its requests are.
#[derive(Clone)]
pub(crate) enum OfRocket {}

impl Framework for OfRocket {
    type Request<'r> = Request<'r>;
}

/// Managed by an ignited rocket.
pub(crate) struct Shared {
    pub(crate) cores: Cores,
    pub(crate) settings: Settings,
    pub(crate) functions: Functions<OfRocket>,
    pub(crate) flush_deadline: Duration,
    pub(crate) traffic: Traffic,
    /// What is configured, for Rocket's launch log.
    pub(crate) launch_log: Vec<String>,
}

impl Shared {
    /// What the attached fairing left in the rocket.
    pub(crate) fn of<P: Phase>(rocket: &Rocket<P>) -> Result<&Arc<Self>, ConvertRejection> {
        rocket.state::<Arc<Self>>().ok_or(ConvertRejection::MissingFairing)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("cores", &self.cores).field("settings", &self.settings).finish_non_exhaustive()
    }
}
