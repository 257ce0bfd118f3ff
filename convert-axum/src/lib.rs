//! Convert experimentation SDK for axum and every tower stack.
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
