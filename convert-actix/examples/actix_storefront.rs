//! A small shop with an A/B test, a feature with variables, and a purchase goal. It needs no network and no account.
//!
//! `cargo run --package convert-actix --example actix_storefront`, then look where it says. `ADDRESS=0.0.0.0:3000` shows it to a
//! phone on the same network. Ctrl-C stops it, with everything delivered.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::time::Duration;

use actix_web::http::header::{ContentType, SET_COOKIE};
use actix_web::web::{self, Data, Html, Path, Query, Redirect, ServiceConfig};
use actix_web::{App, Either, HttpResponse, HttpServer, Responder};
use convert_actix::{ConvertContext, ConvertMiddleware, VisitorCookie};
use serde::Deserialize;
use storefront::Storefront;

type Shop = Data<Storefront>;

#[actix_web::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let shop = Data::new(Storefront::open()?);
    let core = shop.core().clone();

    // This shop is on plain HTTP, where browsers drop `Secure` cookies. Behind TLS, leave this line out.
    let cookie = VisitorCookie::new().secure(false);
    let convert = ConvertMiddleware::new(&core).cookie(cookie).preview(true);

    // The shop has the endpoint that events go to: it stays open until the last are delivered.
    let served = Data::clone(&shop);
    let app = move || App::new().app_data(Data::clone(&served)).configure(routes).wrap(convert.clone());
    let address = std::env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let server = HttpServer::new(app).bind(&address).map_err(|error| format!("{address}: {error}; set ADDRESS"))?;
    for address in server.addrs() {
        println!("Lowtide Coffee is open: http://{address}  (Ctrl-C closes it)");
    }
    let report = convert_actix::serve(server, core).drain_deadline(Duration::from_secs(5)).await?;
    drop(shop);
    println!("{report}");
    Ok(())
}

fn routes(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(home))
        .route("/product/{slug}", web::get().to(product))
        .route("/buy/{slug}", web::post().to(buy))
        .route("/thanks", web::get().to(thanks))
        .route("/preview", web::get().to(preview))
        .route("/delivered", web::get().to(delivered))
        .route("/forget", web::post().to(forget))
        .route("/style.css", web::get().to(style))
        .default_service(web::to(not_found));
}

async fn home(shop: Shop, visitor: ConvertContext) -> Html {
    Html::new(shop.home(&visitor))
}

async fn product(shop: Shop, visitor: ConvertContext, slug: Path<String>) -> HttpResponse {
    match shop.product(&visitor, &slug) {
        Some(page) => HttpResponse::Ok().content_type(ContentType::html()).body(page),
        None => not_found(shop, visitor).await,
    }
}

async fn buy(shop: Shop, visitor: ConvertContext, slug: Path<String>) -> Either<Redirect, HttpResponse> {
    match shop.buy(&visitor, &slug) {
        Some(order) => Either::Left(Redirect::to(format!("/thanks?order={order}")).see_other()),
        None => Either::Right(not_found(shop, visitor).await),
    }
}

#[derive(Deserialize)]
struct Thanks {
    order: String,
}

async fn thanks(shop: Shop, visitor: ConvertContext, thanks: Query<Thanks>) -> Html {
    Html::new(shop.thanks(&visitor, &thanks.order))
}

async fn preview(shop: Shop, visitor: ConvertContext) -> Html {
    Html::new(shop.preview(&visitor))
}

async fn delivered(shop: Shop, visitor: ConvertContext) -> Html {
    Html::new(shop.delivered(&visitor).await)
}

async fn forget() -> impl Responder {
    Redirect::to("/").see_other().customize().insert_header((SET_COOKIE, storefront::FORGET))
}

async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css").body(storefront::STYLE)
}

async fn not_found(shop: Shop, visitor: ConvertContext) -> HttpResponse {
    HttpResponse::NotFound().content_type(ContentType::html()).body(shop.not_found(&visitor))
}
