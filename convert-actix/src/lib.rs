//! Convert experimentation SDK for actix-web: a middleware that gives each request its visitor.
//!
//! ```no_run
//! use actix_web::{App, HttpServer, web};
//! use convert_actix::{ConvertContext, ConvertMiddleware, core::Core};
//!
//! async fn pricing(convert: ConvertContext) -> String {
//!     let page = convert.run_experience("pricing-page");
//!     page.map_or("usual".to_owned(), |decision| decision.variation_key().to_owned())
//! }
//!
//! # #[cfg(feature = "reqwest")]
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let core = web::block(|| Core::from_sdk_key("100123/200456")).await??;
//!     let convert = ConvertMiddleware::new(&core);
//!     let app = move || App::new().wrap(convert.clone()).route("/pricing", web::get().to(pricing));
//!     let server = HttpServer::new(app).bind("127.0.0.1:3000")?;
//!     println!("http://127.0.0.1:3000/pricing");
//!     println!("{}", convert_actix::serve(server, core).await?);
//!     Ok(())
//! }
//! # #[cfg(not(feature = "reqwest"))]
//! # fn main() {}
//! ```
//!
//! The [`ConvertMiddleware`] is made once, and comes around everything that may ask for a context. A handler asks with
//! [`ConvertContext`], or [`AsyncConvertContext`] where the visitor store is asynchronous; other middleware asks with
//! [`ConvertExt`]; a request whose handler asks for nothing costs no evaluation, no store access, no event and no cookie.
//! [`serve`] runs the server until Ctrl-C or SIGTERM, then delivers what is queued. Import the core through [`core`]: it is
//! the version that this crate was built with.
//!
//! Actix runs one single-threaded runtime for each worker. Nothing of the SDK runs in them but the requests' own
//! decisions: deliveries and config refreshes have a thread of their own. So no runtime that ends takes events with it.
//!
//! Settings you will want:
//!
//! | what | where |
//! |---|---|
//! | plain HTTP while developing | `.cookie(VisitorCookie::new().secure(false))` on the middleware: browsers may drop `Secure` cookies there, and each request is then a new visitor |
//! | events that leave when there is little traffic | `auto_flush_interval` of `Core::builder()`; else ten must come together |
//! | a config that is kept fresh | `refresh` of the builder |
//! | a start that survives an outage | `last_known_good_file`, `start_unready` of the builder |
//! | consent | `.consent(\|request\| …)` on the middleware; yes by default |
//! | what audiences ask about | `.attributes(\|request\| …)` on the middleware |
//! | where the visitor is | the request's `url`, `path`, `host` and query, unless `.location(\|request\| …)` says otherwise |
//!
//! In a handler:
//!
//! | to | call |
//! |---|---|
//! | decide a feature, with its variables | `convert.run_feature("shipping-offer")`, then `is_enabled()`, `i64("from-amount")` |
//! | count a goal, with revenue | `convert.track_conversion_with("purchase", &ConversionOptions::new().revenue(49.9))` |
//! | see why there is no variation | `convert.explain_experience("pricing-page")`, which prints as a sentence |
//!
//! The [`guide`] has what comes next: the order of middleware, caches and CDNs, and tests without a network.
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
//! | `testing` | the test kit, `convert_actix::core::testing`: for `[dev-dependencies]` |
//! | `exit-hook` | `Core::register_exit_flush`: a last delivery when the process exits by itself (Unix) |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod arrival;
mod error;
mod extract;
mod future;
mod middleware;
mod report;
mod request;
mod serve;
mod service;

pub use convert_core as core;
pub use convert_core::web::{SameSite, Visitor, VisitorCookie, VisitorOrigin};

pub use error::ConvertError;
pub use extract::{AsyncConvertContext, AsyncConvertCore, ConvertContext, ConvertCore, ConvertExt};
pub use future::ResponseFuture;
pub use middleware::ConvertMiddleware;
pub use report::{ServeError, ServeReport};
pub use request::{do_not_track, global_privacy_control, request_location};
pub use serve::{Serve, Serving, serve};
pub use service::ConvertService;

#[doc = include_str!("../docs/guide.md")]
pub mod guide {}

#[cfg(doctest)]
mod readme {
    #[doc = include_str!("../README.md")]
    struct Package;
}
