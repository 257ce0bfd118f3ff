//! Convert experimentation SDK for axum and every tower stack: a layer that gives each request its visitor.
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use convert_axum::{ConvertContext, ConvertLayer, core::Core};
//!
//! async fn pricing(convert: ConvertContext) -> String {
//!     let page = convert.run_experience("pricing-page");
//!     page.map_or("usual".to_owned(), |decision| decision.variation_key().to_owned())
//! }
//!
//! # #[cfg(all(feature = "serve", any(feature = "reqwest", feature = "reqwest-rustls", feature = "reqwest-native-tls")))]
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let core = tokio::task::spawn_blocking(|| Core::from_sdk_key("100123/200456")).await??;
//!     let app = Router::new().route("/pricing", get(pricing)).layer(ConvertLayer::new(&core));
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//!     println!("http://127.0.0.1:3000/pricing");
//!     println!("{}", convert_axum::serve(listener, app, core).await);
//!     Ok(())
//! }
//! # #[cfg(not(all(feature = "serve", any(feature = "reqwest", feature = "reqwest-rustls", feature = "reqwest-native-tls"))))]
//! # fn main() {}
//! ```
//!
//! The [`ConvertLayer`] comes around everything that may ask for a context. A handler asks with [`ConvertContext`], or
//! [`AsyncConvertContext`] where the visitor store is asynchronous; a request whose handler asks for nothing costs no
//! evaluation, no store access, no event and no cookie. [`serve`] runs the app until Ctrl-C or SIGTERM, then delivers what
//! is queued. Import the core through [`core`]: it is the version that this crate was built with.
//!
//! Settings you will want:
//!
//! | what | where |
//! |---|---|
//! | plain HTTP while developing | `.cookie(VisitorCookie::new().secure(false))` on the layer: browsers may drop `Secure` cookies there, and each request is then a new visitor |
//! | events that leave when there is little traffic | `auto_flush_interval` of `Core::builder()`; else ten must come together |
//! | a config that is kept fresh | `refresh` of the builder |
//! | a start that survives an outage | `last_known_good_file`, `start_unready` of the builder |
//! | consent | `.consent(\|parts\| …)` on the layer; yes by default |
//! | what audiences ask about | `.attributes(\|parts\| …)` on the layer |
//! | where the visitor is | the request's `url`, `path`, `host` and query, unless `.location(\|parts\| …)` says otherwise |
//!
//! In a handler:
//!
//! | to | call |
//! |---|---|
//! | decide a feature, with its variables | `convert.run_feature("shipping-offer")`, then `is_enabled()`, `i64("from-amount")` |
//! | count a goal, with revenue | `convert.track_conversion_with("purchase", &ConversionOptions::new().revenue(49.9))` |
//! | see why there is no variation | `convert.explain_experience("pricing-page")`, which prints as a sentence |
//!
//! The [`guide`] has more: layer order with authentication, sessions and tracing, caches and CDNs, tests without a
//! network, and what is supported.
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
//! | `serve` (default) | `serve` and `run`: the shutdown signal, the drain deadline, the last delivery |
//! | `http2` | HTTP/2 in `serve` |
//! | `reqwest-rustls` (default) | HTTP over reqwest and rustls |
//! | `reqwest-native-tls` | the operating system's TLS instead: with `default-features = false`, and `serve` named |
//! | `reqwest` | no TLS, or an HTTP client of the app's |
//! | `testing` | the test kit, `convert_axum::core::testing`: for `[dev-dependencies]` |
//! | `exit-hook` | `Core::register_exit_flush`: a last delivery when the process exits by itself (Unix) |

#![cfg_attr(not(feature = "serve"), doc = "")]
#![cfg_attr(not(feature = "serve"), doc = "[`serve`]: https://docs.rs/convert-axum/latest/convert_axum/fn.serve.html")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod arrival;
mod extract;
mod future;
mod layer;
mod rejection;
mod request;
#[cfg(feature = "serve")]
mod serve;
mod service;

pub use convert_core as core;
pub use convert_core::web::{SameSite, Visitor, VisitorCookie, VisitorOrigin};

pub use extract::{AsyncConvertContext, AsyncConvertCore, ConvertContext, ConvertCore};
pub use future::ResponseFuture;
pub use layer::ConvertLayer;
pub use rejection::ConvertRejection;
pub use request::{do_not_track, global_privacy_control, request_location};
#[cfg(feature = "serve")]
pub use serve::{Run, RunReport, Serve, ServeReport, Shutdown, run, serve};
pub use service::ConvertService;

/// Layer order, caches, tests without a network, and the versions that are supported.
pub mod guide {
    #![doc = include_str!("../docs/guide.md")]
}

#[cfg(doctest)]
mod readme {
    #[doc = include_str!("../README.md")]
    struct Package;
}
