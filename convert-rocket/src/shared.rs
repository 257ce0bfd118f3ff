//! What all requests share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use convert_core::Attributes;
use convert_core::web::{Cores, Settings, VisitorCookie};
use rocket::{Phase, Request, Rocket};

use crate::lifespan::Traffic;
use crate::rejection::ConvertRejection;

pub(crate) type Function<T> = Box<dyn Fn(&Request<'_>) -> T + Send + Sync>;

/// What the app says of a request.
#[derive(Default)]
pub(crate) struct Functions {
    pub(crate) visitor_id: Option<Function<Option<Arc<str>>>>,
    pub(crate) attributes: Option<Function<Attributes>>,
    pub(crate) location: Location,
    pub(crate) consent: Option<Function<bool>>,
    pub(crate) preview: Option<Function<bool>>,
    pub(crate) cookie: Option<Function<VisitorCookie>>,
}

/// Where a context is told that the visitor is.
#[derive(Default)]
pub(crate) enum Location {
    /// Where the request goes.
    #[default]
    OfRequest,
    /// Where the app says.
    Own(Function<Attributes>),
    /// Nowhere.
    None,
}

/// Managed by an ignited rocket.
pub(crate) struct Shared {
    pub(crate) cores: Cores,
    pub(crate) settings: Settings,
    pub(crate) functions: Functions,
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
