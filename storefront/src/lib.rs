//! Lowtide Coffee: a small shop on the Convert SDK, for the examples of every web crate.
//!
//! Plain strings in, HTML out: a web crate's example adds the routes and hands over each request's context.
//!
//! | route | what it does |
//! |---|---|
//! | `GET /` | [`Storefront::home`]: the A/B test |
//! | `GET /product/{slug}` | [`Storefront::product`] |
//! | `POST /buy/{slug}` | [`Storefront::buy`], then a redirect (303) to `/thanks?order={order}` |
//! | `GET /thanks?order={order}` | [`Storefront::thanks`] |
//! | `GET /preview` | [`Storefront::preview`]: links to each variation |
//! | `GET /delivered` | [`Storefront::delivered`]: what arrived at the metrics endpoint |
//! | `POST /forget` | a redirect (303) to `/` with [`FORGET`] as `Set-Cookie` |
//! | `GET /style.css` | [`STYLE`] |
//! | anything else | [`Storefront::not_found`], with status 404 |
//!
//! [`browser`] clicks through all of it.

pub mod browser;
mod catalogue;
mod layout;
mod ledger;
mod pages;

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use convert_core::testing::Collector;
use convert_core::{AsyncCore, Context, ConversionOptions, Core};

/// The style sheet, to serve as `text/css`.
pub const STYLE: &str = layout::STYLE;

/// The `Set-Cookie` that makes a browser a new visitor.
pub const FORGET: &str = "convert_visitor_id=; Max-Age=0; Path=/";

/// How long the page of what was delivered waits for what is still queued.
const PATIENCE: Duration = Duration::from_secs(2);

/// The shop: a core over its config, and the endpoint that events are delivered to, in this same program.
#[derive(Debug)]
pub struct Storefront {
    core: Core,
    collector: Collector,
    orders: AtomicU64,
}

impl Storefront {
    /// Opens the shop.
    ///
    /// # Errors
    /// Where no port for the endpoint is free.
    pub fn open() -> Result<Self, Box<dyn Error + Send + Sync>> {
        let collector = Collector::start()?;
        let core = Core::builder()
            .config_json(include_str!("config.json"))
            .track_endpoint(collector.track_endpoint())
            .auto_flush_interval(Duration::from_secs(1))
            .build()?;
        Ok(Self { core, collector, orders: AtomicU64::new(1) })
    }

    /// The core, for the web crate's middleware.
    #[must_use]
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// The home page.
    #[must_use]
    pub fn home(&self, visitor: &Context) -> String {
        pages::home(visitor)
    }

    /// A product's page; `None` where there is no such product.
    #[must_use]
    pub fn product(&self, visitor: &Context, slug: &str) -> Option<String> {
        Some(pages::product(visitor, catalogue::product(slug)?))
    }

    /// Buys a product: tracks the purchase with its revenue, and answers with the order's number. Every order counts, not
    /// the visitor's first alone.
    pub fn buy(&self, visitor: &Context, slug: &str) -> Option<String> {
        let product = catalogue::product(slug)?;
        let order = format!("LT-{:04}", self.orders.fetch_add(1, Ordering::Relaxed));
        let purchase = ConversionOptions::new()
            .revenue(product.revenue())
            .products_count(1)
            .transaction_id(order.as_str())
            .force_multiple(true);
        visitor.track_conversion_with("purchase", &purchase);
        Some(order)
    }

    /// The page after an order.
    #[must_use]
    pub fn thanks(&self, visitor: &Context, order: &str) -> String {
        pages::thanks(visitor, order)
    }

    /// The page of preview links.
    #[must_use]
    pub fn preview(&self, visitor: &Context) -> String {
        pages::preview(visitor, self.core.config().as_deref())
    }

    /// The page of what was delivered. Delivers what is queued first.
    pub async fn delivered(&self, visitor: &Context) -> String {
        // What cannot be delivered now shows as pending.
        let _ = AsyncCore::from(self.core.clone()).flush(PATIENCE).await;
        let stats = self.core.stats();
        ledger::delivered(visitor, self.core.config().as_deref(), &self.collector.events(), &stats)
    }

    /// The page for any other path.
    #[must_use]
    pub fn not_found(&self, visitor: &Context) -> String {
        pages::not_found(visitor)
    }
}
