//! A small shop with an A/B test, a feature with variables, and a purchase goal. It needs no network and no account.
//!
//! `cargo run --package convert-axum --example axum_storefront`, then look where it says. `ADDRESS=0.0.0.0:3000` shows it to a
//! phone on the same network. Ctrl-C stops it, with everything delivered.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use convert_axum::{ConvertContext, ConvertLayer, VisitorCookie};
use serde::Deserialize;
use storefront::Storefront;
use tokio::net::TcpListener;

type Shop = State<Arc<Storefront>>;

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let shop = Arc::new(Storefront::open()?);

    // This shop is on plain HTTP, where browsers drop `Secure` cookies. Behind TLS, leave this line out.
    let cookie = VisitorCookie::new().secure(false);
    let convert = ConvertLayer::new(shop.core()).cookie(cookie).preview(true);

    let app = Router::new()
        .route("/", get(home))
        .route("/product/{slug}", get(product))
        .route("/buy/{slug}", post(buy))
        .route("/thanks", get(thanks))
        .route("/preview", get(preview))
        .route("/delivered", get(delivered))
        .route("/forget", post(forget))
        .route("/style.css", get(style))
        .fallback(not_found)
        .with_state(Arc::clone(&shop))
        .layer(convert);

    let address = std::env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(&address).await.map_err(|error| format!("{address}: {error}; set ADDRESS"))?;
    println!("Lowtide Coffee is open: http://{}  (Ctrl-C closes it)", listener.local_addr()?);
    let report = convert_axum::serve(listener, app, shop.core()).drain_deadline(Duration::from_secs(5)).await;
    println!("{report}");
    Ok(())
}

async fn home(State(shop): Shop, visitor: ConvertContext) -> Html<String> {
    Html(shop.home(&visitor))
}

async fn product(shop: Shop, visitor: ConvertContext, Path(slug): Path<String>) -> Response {
    match shop.product(&visitor, &slug) {
        Some(page) => Html(page).into_response(),
        None => not_found(shop, visitor).await.into_response(),
    }
}

async fn buy(shop: Shop, visitor: ConvertContext, Path(slug): Path<String>) -> Response {
    match shop.buy(&visitor, &slug) {
        Some(order) => Redirect::to(&format!("/thanks?order={order}")).into_response(),
        None => not_found(shop, visitor).await.into_response(),
    }
}

#[derive(Deserialize)]
struct Thanks {
    order: String,
}

async fn thanks(State(shop): Shop, visitor: ConvertContext, Query(thanks): Query<Thanks>) -> Html<String> {
    Html(shop.thanks(&visitor, &thanks.order))
}

async fn preview(State(shop): Shop, visitor: ConvertContext) -> Html<String> {
    Html(shop.preview(&visitor))
}

async fn delivered(State(shop): Shop, visitor: ConvertContext) -> Html<String> {
    Html(shop.delivered(&visitor).await)
}

async fn forget() -> impl IntoResponse {
    ([(SET_COOKIE, storefront::FORGET)], Redirect::to("/"))
}

async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css")], storefront::STYLE)
}

async fn not_found(State(shop): Shop, visitor: ConvertContext) -> (StatusCode, Html<String>) {
    (StatusCode::NOT_FOUND, Html(shop.not_found(&visitor)))
}
