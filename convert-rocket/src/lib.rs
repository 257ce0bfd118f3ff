//! Convert experimentation SDK for Rocket: a fairing and guards that give each request its visitor.
//!
//! ```no_run
//! # #[macro_use] extern crate rocket;
//! use convert_rocket::{ConvertContext, ConvertFairing};
//!
//! #[get("/pricing")]
//! fn pricing(convert: &ConvertContext) -> String {
//!     let page = convert.run_experience("pricing-page");
//!     page.map_or("usual".to_owned(), |decision| decision.variation_key().to_owned())
//! }
//!
//! #[launch]
//! fn rocket() -> _ {
//!     // Rocket.toml says: [default.convert] sdk_key = "100123/200456"
//!     rocket::build().attach(ConvertFairing::from_config()).mount("/", routes![pricing])
//! }
//! ```
//!
//! A handler asks for its visitor's context with the guard [`&ConvertContext`](ConvertContext), or with
//! [`&AsyncConvertContext`](AsyncConvertContext) where the visitor store is asynchronous; a request whose handler asks for
//! nothing costs no evaluation, no store access, no event and no cookie. An app whose handlers ask while no fairing is
//! attached does not launch, and is told what to attach.
//! Import the core through [`core`]: it is the version that this crate was built with.
//!
//! The launch waits for the config, at most 30 seconds (`startup_timeout`), and then fails; with `start_unready` the app starts
//! all the same. Without an account, say `config_file = "shop.json"` instead of the SDK key, and `tracking = false` to send
//! nothing. In a clone of the project, `cargo run --package convert-rocket --example rocket_storefront` opens a small shop that
//! needs no network and no account.
//!
//! - **Settings**: the table `convert` of Rocket's configuration, with its profiles and environment variables; see
//!   [`ConvertConfig`]. The fairing's methods say what no file can: functions over the request, a store of one's own.
//! - **The core** is managed state: [`&State<Core>`](core::Core) as a guard, `rocket.state::<Core>()` elsewhere.
//! - **The end**: when Rocket is told to stop, requests under way may finish within Rocket's grace; then what is queued is
//!   delivered. See [`ConvertFairing`]. After a launch that fails (the port is taken) `#[launch]` runs nothing more: where
//!   startup code tracks, `#[rocket::main]` with [`launch`] is the way that loses nothing.
//!
//! Settings you will want:
//!
//! | what | where |
//! |---|---|
//! | plain HTTP while developing | `cookie = { secure = false }` under `[debug.convert]`: browsers may drop `Secure` cookies there, and each request is then a new visitor |
//! | events that leave when there is little traffic | `auto_flush_interval = 30`; else ten must come together |
//! | a config that is kept fresh | `refresh = { interval = 300 }` |
//! | a start that survives an outage | `last_known_good_file`, `start_unready` |
//! | consent | `.consent(\|request\| …)` on the fairing; yes by default |
//! | what audiences ask about | `.attributes(\|request\| …)` on the fairing |
//! | where the visitor is | the request's `url`, `path`, `host` and query, unless `.location(\|request\| …)` says otherwise |
//!
//! In a handler:
//!
//! | to | call |
//! |---|---|
//! | decide a feature, with its variables | `convert.run_feature("shipping-offer")`, then `is_enabled()`, `i64("from-amount")` |
//! | count a goal, with revenue | `convert.track_conversion_with("purchase", &ConversionOptions::new().revenue(49.9))` |
//! | see why there is no variation | `convert.explain_experience("pricing-page")`, which prints as a sentence |
//! | see why, asked on another route | `convert.explain_experience_with("pricing-page", &CallOptions::new().location([("path", "/pricing")]))` |
//!
//! `ConversionOptions`, `CallOptions`, `CoreBuilder` and `Core` are in `convert_rocket::core`.
//!
//! The [`guide`] has more: settings, the order of fairings, caches and CDNs, how an app ends, tests without a network, and what
//! is supported.
//!
//! The guides of the core:
//! [getting started](crate::core::guide::getting_started),
//! [what can be decided](crate::core::guide::deciding),
//! [visitors and consent](crate::core::guide::visitors),
//! [delivery](crate::core::guide::delivery),
//! [testing](crate::core::guide::testing),
//! [a config by hand](crate::core::guide::config_by_hand),
//! [troubleshooting](crate::core::guide::troubleshooting).
//!
//! # Cargo features
//!
//! | feature | |
//! |---|---|
//! | `reqwest-rustls` (default) | HTTP over reqwest and rustls |
//! | `reqwest-native-tls` | the operating system's TLS instead: with `default-features = false` |
//! | `reqwest` | no TLS, or an HTTP client of the app's |
//! | `testing` | the test kit, `convert_rocket::core::testing`: for `[dev-dependencies]` |
//! | `exit-hook` | `Core::register_exit_flush`: a last delivery when the process exits by itself (Unix) |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod arrival;
mod config;
mod fairing;
mod guard;
mod launch;
mod lifespan;
mod rejection;
mod request;
mod shared;

pub use convert_core as core;
pub use convert_core::web::{SameSite, Visitor, VisitorCookie, VisitorOrigin};

pub use config::{ConvertConfig, KeyError, StartError};
pub use fairing::ConvertFairing;
pub use guard::{AsyncConvertContext, ConvertContext};
pub use launch::launch;
pub use rejection::ConvertRejection;
pub use request::{do_not_track, global_privacy_control, request_location};

/// Settings, the order of fairings, caches, how an app ends, tests without a network, and the versions that are supported.
pub mod guide {
    // The first definition of a link counts: these lead here, and those of the page to where it is read elsewhere.
    #![doc = ""]
    #![doc = "[`ConvertConfig`]: crate::ConvertConfig"]
    #![doc = "[`launch`]: crate::launch()"]
    #![doc = ""]
    #![doc = include_str!("../docs/guide.md")]
}

#[cfg(doctest)]
mod readme {
    #[doc = include_str!("../README.md")]
    struct Package;
}
