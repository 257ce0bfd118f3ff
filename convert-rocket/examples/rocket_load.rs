//! Load on this crate's server: see the `load` crate. `cargo xtask load rocket` runs it.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use convert_rocket::{ConvertContext, ConvertFairing};
use load::{Server, is_slow};
use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::{Config, State, get, routes, tokio};

pub(crate) fn main() -> ExitCode {
    load::main(|server| {
        rocket::execute(run(Arc::clone(server)))?;
        Ok(())
    })
}

async fn run(server: Arc<Server>) -> Result<(), Box<rocket::Error>> {
    let announce = AdHoc::on_liftoff("Announcement", |rocket| {
        Box::pin(async move {
            if let Some(server) = rocket.state::<Arc<Server>>() {
                server.listens_at(format_args!("{}:{}", rocket.config().address, rocket.config().port));
            }
        })
    });
    let config = Figment::from(Config::release_default()).merge(("port", 0)).merge(("log_level", "off"));
    let convert = ConvertFairing::new(server.core()).flush_deadline(Duration::from_secs(10));
    let app = rocket::custom(config).manage(server).attach(convert).attach(announce).mount("/", routes![work]);
    convert_rocket::launch(app).await?;
    Ok(())
}

#[get("/work/<id>")]
async fn work(server: &State<Arc<Server>>, id: u64, visitor: &ConvertContext) -> String {
    server.enter(id);
    if is_slow(id) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.handle(visitor)
}
