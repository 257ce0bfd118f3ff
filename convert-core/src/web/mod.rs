//! What the web crates share: who a request comes from, what it asks for, and what its response sets.
//!
//! Plain strings in, plain strings out: no type of any web framework or HTTP crate. An app on axum, actix-web or Rocket
//! uses the crate for its framework; a crate for another framework is built on this module:
//!
//! 1. [`Visitor::identify`] finds the visitor: the app's id, the one in the [`VisitorCookie`], or a new one.
//! 2. [`Settings::context_options`] says what the context is told: consent, preview, forced variations.
//!    [`ContextOptions::location_of`](crate::ContextOptions::location_of) adds where the visitor is.
//! 3. A [`Visit`] keeps the contexts of the request, so that every extraction of one request shares them.
//! 4. The response sets [`VisitorCookie::set_cookie`] where [`Visitor::needs_cookie`], and says what
//!    [`Settings::cache_control`] does where a context was asked for.
//! 5. A request may pass several middlewares of one app, nested. Those whose cookies have one name
//!    ([`VisitorCookie::has_name_of`]) share who it comes from ([`Visitor::or_minted_before`]), and one of them sets the cookie.
//!
//! With the feature `lifespan`, `Lifespan` runs a server on tokio until a signal ends it, and then delivers what is queued.

mod consent;
mod cookie;
mod cores;
mod functions;
#[cfg(feature = "lifespan")]
mod lifespan;
mod location;
mod percent;
mod settings;
mod visit;
mod visit_once;
mod visitor;

pub use consent::{do_not_track, global_privacy_control};
pub use cookie::{CookieError, SameSite, VisitorCookie};
pub use cores::Cores;
#[doc(hidden)]
pub use functions::{Framework, Functions};
#[cfg(feature = "lifespan")]
pub use lifespan::{Lifespan, RunReport};
pub(crate) use location::KeptUrl;
pub use location::{RequestUrl, forced_variations_of, preview_of, request_scheme};
pub use settings::Settings;
pub use visit::Visit;
#[doc(hidden)]
pub use visit_once::VisitOnce;
pub use visitor::{MAX_VISITOR_ID, Visitor, VisitorOrigin, is_visitor_id};
