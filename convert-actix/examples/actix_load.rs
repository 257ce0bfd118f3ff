//! Load on a server of this crate, with one worker and with four: see the `load` crate. `cargo xtask load actix` runs it.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{self, Data, Path};
use actix_web::{App, HttpServer};
use convert_actix::{ConvertContext, ConvertMiddleware, serve};
use load::{Server, is_slow};

pub(crate) fn main() -> ExitCode {
    load::main_with_workers(&[1, 4], |server, workers| {
        actix_web::rt::System::new().block_on(run(Arc::clone(server), workers))
    })
}

async fn run(server: Arc<Server>, workers: usize) -> Result<(), Box<dyn Error>> {
    let convert = ConvertMiddleware::new(server.core());
    let data = Data::from(Arc::clone(&server));
    let app =
        move || App::new().app_data(Data::clone(&data)).route("/work/{id}", web::get().to(work)).wrap(convert.clone());
    let http = HttpServer::new(app).workers(workers).bind("127.0.0.1:0")?;
    for address in http.addrs() {
        server.listens_at(address);
    }
    serve(http, server.core()).flush_deadline(Duration::from_secs(10)).await?;
    Ok(())
}

async fn work(server: Data<Server>, id: Path<u64>, visitor: ConvertContext) -> String {
    server.enter(*id);
    if is_slow(*id) {
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
    server.handle(&visitor)
}
