//! A launch that may fail.

use rocket::{Build, Error, Ignite, Rocket};

use crate::shared::Shared;

/// Launches a rocket, and delivers what was tracked however that ends.
///
/// Rocket runs the fairing's shutdown callback only where the server was running and was told to stop. A launch that fails
/// before (the port is taken) or otherwise returns an error leaves events queued that startup code, or a request that
/// outlived the shutdown, had tracked: they are delivered here, within the fairing's
/// [`flush_deadline`](crate::ConvertFairing::flush_deadline). Where Rocket's `#[launch]` is wanted, or `launch()` itself,
/// keep a handle of the core and close it afterwards: that does the same.
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
    let rocket = rocket.ignite().await?;
    let shared = Shared::of(&rocket).ok().map(std::sync::Arc::clone);
    let result = rocket.launch().await;
    if let Some(shared) = shared {
        shared.close(shared.flush_deadline).await;
    }
    result
}
