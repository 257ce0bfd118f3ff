//! A small shop with an A/B test, a feature with variables, and a purchase goal. It needs no network and no account.
//!
//! `cargo run --package convert-rocket --example rocket_storefront`, then look where it says. `ADDRESS=0.0.0.0:3000` shows it to a
//! phone on the same network. Ctrl-C stops it, with everything delivered.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::net::SocketAddr;

use convert_rocket::{ConvertContext, ConvertFairing, VisitorCookie};
use rocket::fairing::AdHoc;
use rocket::http::Header;
use rocket::response::Redirect;
use rocket::response::content::{RawCss, RawHtml};
use rocket::{Config, Request, Responder, State, catch, catchers, get, post, routes, uri};
use storefront::Storefront;

type Shop = State<Storefront>;

#[rocket::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let shop = Storefront::open()?;
    let core = shop.core().clone();

    // This shop is on plain HTTP, where browsers drop `Secure` cookies. Behind TLS, leave this line out.
    let cookie = VisitorCookie::new().secure(false);
    let convert = ConvertFairing::new(&core).cookie(cookie).preview(true);

    let address = std::env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let address: SocketAddr = address.parse().map_err(|error| format!("{address}: {error}; set ADDRESS"))?;
    let config =
        Config::figment().merge(("address", address.ip())).merge(("port", address.port())).merge(("log_level", "off"));

    let app = rocket::custom(config)
        .manage(shop)
        .attach(convert)
        .attach(AdHoc::on_liftoff("Opening", |rocket| Box::pin(async move { open(rocket.config()) })))
        .mount("/", routes![home, product, buy, thanks, preview, delivered, forget, style])
        .register("/", catchers![not_found]);
    convert_rocket::launch(app).await?;

    let stats = core.stats();
    println!(
        "stopped: {} delivered, {} dropped, {} pending",
        stats.delivered.total(),
        stats.dropped.total(),
        stats.pending.total()
    );
    Ok(())
}

fn open(config: &Config) {
    println!("Lowtide Coffee is open: http://{}:{}  (Ctrl-C closes it)", config.address, config.port);
}

#[get("/")]
fn home(shop: &Shop, visitor: &ConvertContext) -> RawHtml<String> {
    RawHtml(shop.home(visitor))
}

#[get("/product/<slug>")]
fn product(shop: &Shop, visitor: &ConvertContext, slug: &str) -> Option<RawHtml<String>> {
    shop.product(visitor, slug).map(RawHtml)
}

#[post("/buy/<slug>")]
fn buy(shop: &Shop, visitor: &ConvertContext, slug: &str) -> Option<Redirect> {
    let order = shop.buy(visitor, slug)?;
    Some(Redirect::to(uri!(thanks(order))))
}

#[get("/thanks?<order>")]
fn thanks(shop: &Shop, visitor: &ConvertContext, order: &str) -> RawHtml<String> {
    RawHtml(shop.thanks(visitor, order))
}

#[get("/preview")]
fn preview(shop: &Shop, visitor: &ConvertContext) -> RawHtml<String> {
    RawHtml(shop.preview(visitor))
}

#[get("/delivered")]
async fn delivered(shop: &Shop, visitor: &ConvertContext) -> RawHtml<String> {
    RawHtml(shop.delivered(visitor).await)
}

/// A redirect that makes the browser a new visitor.
#[derive(Responder)]
struct Forgotten {
    to: Redirect,
    cookie: Header<'static>,
}

#[post("/forget")]
fn forget() -> Forgotten {
    Forgotten { to: Redirect::to(uri!(home)), cookie: Header::new("Set-Cookie", storefront::FORGET) }
}

#[get("/style.css")]
fn style() -> RawCss<&'static str> {
    RawCss(storefront::STYLE)
}

/// Catchers have no guards, and ask the request.
#[catch(404)]
fn not_found(request: &Request<'_>) -> Option<RawHtml<String>> {
    let shop = request.rocket().state::<Storefront>()?;
    Some(RawHtml(shop.not_found(ConvertContext::of(request).ok()?)))
}
