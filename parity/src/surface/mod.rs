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

pub(crate) use wired::deliver;

/// Runs scenarios through one face of the SDK. Each scenario starts with an SDK of its own.
pub trait Surface {
    /// The outcome of each step, in order.
    ///
    /// # Errors
    /// [`Fault`] where the scenario cannot be run at all.
    fn run(&mut self, scenario: &Scenario) -> Result<Vec<Value>, Fault>;
}

/// The faces that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SurfaceKind {
    /// `Core` and `Context`.
    Sync,
    /// `AsyncCore` and `AsyncContext`.
    Async,
    /// The axum crate, through its middleware.
    Axum,
    /// The actix crate, through its middleware.
    Actix,
    /// The rocket crate, through its fairing.
    Rocket,
}

impl SurfaceKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Sync, Self::Async, Self::Axum, Self::Actix, Self::Rocket];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Async => "async",
            Self::Axum => "axum",
            Self::Actix => "actix",
            Self::Rocket => "rocket",
        }
    }

    /// Opens the surface.
    #[must_use]
    pub fn open(self) -> Box<dyn Surface> {
        match self {
            Self::Sync => Box::new(sync::Sync),
            Self::Async => Box::new(asynchronous::Async),
            Self::Axum => Box::new(axum::Axum),
            Self::Actix => Box::new(actix::Actix),
            Self::Rocket => Box::new(rocket::Rocket),
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
