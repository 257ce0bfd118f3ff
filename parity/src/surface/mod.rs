//! The faces of the SDK that scenarios run through.

mod actix;
mod asynchronous;
mod axum;
mod requestwise;
mod rocket;
mod setup;
mod stepwise;
mod sync;
mod told;
mod translate;
mod under_way;
mod wired;

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use crate::fault::Fault;
use crate::scenario::Scenario;

use requestwise::OnRequests;

pub use told::Requests;
pub(crate) use wired::deliver;

/// Runs scenarios through one face of the SDK. Each scenario starts with an SDK of its own.
pub trait Surface {
    /// The outcome of each step, in order.
    ///
    /// # Errors
    /// [`Fault`] where the scenario cannot be run at all.
    fn run(&mut self, scenario: &Scenario) -> Result<Vec<Value>, Fault>;

    /// The requests made so far; `None` where the surface makes none.
    fn requests(&self) -> Option<Requests> {
        None
    }
}

/// The faces that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SurfaceKind {
    /// `Core` and `Context`.
    Sync,
    /// `AsyncCore` and `AsyncContext`.
    Async,
    /// The axum crate, through its middleware and `ConvertContext`.
    Axum,
    /// The same through `AsyncConvertContext`.
    AxumAsync,
    /// The actix crate, through its middleware and `ConvertContext`.
    Actix,
    /// The same through `AsyncConvertContext`.
    ActixAsync,
    /// The rocket crate, through its fairing and `ConvertContext`.
    Rocket,
    /// The same through `AsyncConvertContext`.
    RocketAsync,
}

impl SurfaceKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Sync,
        Self::Async,
        Self::Axum,
        Self::AxumAsync,
        Self::Actix,
        Self::ActixAsync,
        Self::Rocket,
        Self::RocketAsync,
    ];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Async => "async",
            Self::Axum => "axum",
            Self::AxumAsync => "axum-async",
            Self::Actix => "actix",
            Self::ActixAsync => "actix-async",
            Self::Rocket => "rocket",
            Self::RocketAsync => "rocket-async",
        }
    }

    /// Opens the surface.
    #[must_use]
    pub fn open(self) -> Box<dyn Surface> {
        match self {
            Self::Sync => Box::new(sync::Sync),
            Self::Async => Box::new(asynchronous::Async),
            Self::Axum => Box::new(OnRequests::<axum::Web<sync::Sdk>>::new()),
            Self::AxumAsync => Box::new(OnRequests::<axum::Web<asynchronous::Sdk>>::new()),
            Self::Actix => Box::new(OnRequests::<actix::Web<sync::Sdk>>::new()),
            Self::ActixAsync => Box::new(OnRequests::<actix::Web<asynchronous::Sdk>>::new()),
            Self::Rocket => Box::new(OnRequests::<rocket::Web<sync::Sdk>>::new()),
            Self::RocketAsync => Box::new(OnRequests::<rocket::Web<asynchronous::Sdk>>::new()),
        }
    }
}

impl fmt::Display for SurfaceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for SurfaceKind {
    type Err = Fault;

    fn from_str(name: &str) -> Result<Self, Fault> {
        let kind = Self::ALL.into_iter().find(|kind| kind.name() == name);
        kind.ok_or_else(|| Fault::Usage(format!("no surface is called {name:?}; there are: {}", names(&Self::ALL))))
    }
}

fn names(kinds: &[SurfaceKind]) -> String {
    kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}
