//! Convert experimentation SDK for actix-web: a middleware that gives each request its visitor.
//!
//! ```no_run
//! use actix_web::{App, HttpServer, web};
//! use convert_actix::{ConvertContext, ConvertMiddleware, core::Core};
//!
//! async fn pricing(convert: ConvertContext) -> String {
//!     let page = convert.run_experience("pricing-page");
//!     page.map_or("table".to_owned(), |decision| decision.variation_key().to_owned())
//! }
//!
//! # #[cfg(feature = "reqwest")]
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let core = web::block(|| Core::from_sdk_key("100123/200456")).await??;
//!     let convert = ConvertMiddleware::new(&core);
//!     let app = move || App::new().wrap(convert.clone()).route("/pricing", web::get().to(pricing));
//!     let server = HttpServer::new(app).bind("127.0.0.1:3000")?;
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
//! The [`guide`] has what comes next: the order of middleware, caches and CDNs, and tests without a network.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod arrival;
mod error;
mod extract;
mod future;
mod middleware;
mod request;
mod serve;
mod service;

pub use convert_core as core;
pub use convert_core::web::{SameSite, Visitor, VisitorCookie, VisitorOrigin};

pub use error::ConvertError;
pub use extract::{AsyncConvertContext, AsyncConvertCore, ConvertContext, ConvertCore, ConvertExt};
pub use future::ResponseFuture;
pub use middleware::ConvertMiddleware;
pub use request::{do_not_track, global_privacy_control, request_location};
pub use serve::{Serve, ServeReport, Serving, serve};
pub use service::ConvertService;

#[doc = include_str!("../docs/guide.md")]
pub mod guide {}

#[cfg(doctest)]
mod readme {
    #[doc = include_str!("../README.md")]
    struct Package;
}
