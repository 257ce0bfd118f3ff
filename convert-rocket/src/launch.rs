//! A launch that may fail.

use std::sync::{Arc, OnceLock};

use rocket::{Build, Error, Ignite, Rocket};

use crate::shared::Shared;

/// Where the fairing leaves what it made, for a rocket that is gone when its launch has failed.
#[derive(Clone, Default)]
pub(crate) struct Launching(Arc<OnceLock<Arc<Shared>>>);

impl Launching {
    pub(crate) fn made(&self, shared: &Arc<Shared>) {
        // The only one: a rocket ignites once, with one fairing of this kind.
        let _ = self.0.set(Arc::clone(shared));
    }
}

/// Launches a rocket, and delivers what was tracked however that ends.
///
/// Rocket runs the fairing's shutdown callback only where the server was running and was told to stop. A launch that fails
/// before (two routes collide, the port is taken) or otherwise returns an error leaves events queued that startup code, or a
/// request that outlived the shutdown, had tracked: they are delivered here, within the fairing's
/// [`flush_deadline`](crate::ConvertFairing::flush_deadline). With Rocket's own `launch()`, keep a handle of the core and
/// close it afterwards: that does the same. After `#[launch]` no code of the app runs, so what a failed launch leaves is lost.
///
/// # Errors
/// What Rocket's own `launch` answers with.
///
/// ```no_run
/// use convert_rocket::ConvertFairing;
///
/// #[rocket::main]
/// async fn main() -> Result<(), rocket::Error> {
///     let app = rocket::build().attach(ConvertFairing::from_config());
///     convert_rocket::launch(app).await?;
///     Ok(())
/// }
/// ```
pub async fn launch(rocket: Rocket<Build>) -> Result<Rocket<Ignite>, Error> {
    let launching = Launching::default();
    let result = rocket.manage(launching.clone()).launch().await;
    if let Some(shared) = launching.0.get() {
        shared.close().await;
    }
    result
}
