//! The pages that visitors see.

use std::fmt::Write;

use convert_core::{Context, DecisionSource, ProjectConfig};

use crate::catalogue::{PRODUCTS, Product};
use crate::layout::{bag, escape, page};

/// The A/B test: what the home page opens with, and how it lays the shelf out.
pub(crate) fn home(visitor: &Context) -> String {
    let hero = visitor.run_experience("home-hero");
    let is_bold = hero.as_ref().is_some_and(|decision| decision.variation_key() == "bold");
    let previewed = hero.is_some_and(|decision| decision.source() == DecisionSource::Preview);
    let mut body = String::new();
    if previewed {
        body.push_str(r#"<p class="note" id="previewing">A preview: nothing of it is stored or sent.</p>"#);
    }
    body.push_str(if is_bold {
        r#"<section class="hero bold" id="hero-bold"><h1>Good coffee comes in with the tide.</h1>
<p>Four roasts, bagged this week, on your doorstep before the weekend.</p><a class="button" href="/product/slack-water">Start with Slack Water</a></section>"#
    } else {
        r#"<section class="hero" id="hero-quiet"><h1>Coffee, roasted on Tuesdays</h1>
<p>We roast four coffees by the harbour and post them the day after.</p></section>"#
    });
    body.push_str(if is_bold { r#"<div class="shelf cards">"# } else { r#"<div class="shelf list">"# });
    for product in &PRODUCTS {
        let Product { slug, name, origin, notes, .. } = product;
        let _ = write!(
            body,
            r#"<a class="item" href="/product/{slug}">{bag}<span><b>{name}</b><small>{origin}</small><em>{notes}</em></span><i>{price}</i></a>"#,
            bag = bag(product),
            price = product.price(),
        );
    }
    body.push_str("</div>");
    page("Home", visitor, &body)
}

pub(crate) fn product(visitor: &Context, product: &Product) -> String {
    visitor.track_conversion("product-viewed");
    let Product { slug, name, origin, notes, story, .. } = product;
    let shipping = visitor.i64_variable("shipping-bar", "from").map_or(String::new(), |from| {
        if product.revenue() >= f64::from(i32::try_from(from).unwrap_or(i32::MAX)) {
            "<p class=\"note\">Ships free.</p>".to_owned()
        } else {
            format!("<p class=\"note\">Ships free with orders from €{from}.</p>")
        }
    });
    let body = format!(
        r#"<article class="product"><div class="picture">{bag}</div><div>
<p class="crumb"><a href="/">All coffees</a></p><h1>{name}</h1><p class="origin">{origin}</p><p>{story}</p><p><em>Tastes of {notes}.</em></p>
<p class="price">{price} <small>250 g, whole beans</small></p>{shipping}
<form method="post" action="/buy/{slug}"><button class="button" id="buy">Buy a bag</button></form></div></article>"#,
        bag = bag(product),
        price = product.price(),
    );
    page(name, visitor, &body)
}

pub(crate) fn thanks(visitor: &Context, order: &str) -> String {
    let body = format!(
        r#"<section class="hero" id="thanks"><h1>Thank you.</h1><p>Order <code>{}</code> is roasted on Tuesday. A purchase was counted for your visit.</p>
<p><a class="button" href="/">Back to the shop</a> <a class="button quiet" href="/delivered">See what was delivered</a></p></section>"#,
        escape(order)
    );
    page("Thank you", visitor, &body)
}

/// The links that show one variation to whoever has them.
pub(crate) fn preview(visitor: &Context, config: Option<&ProjectConfig>) -> String {
    let mut body = "<h1>Preview links</h1><p>Each link shows one variation, whoever opens it. Such a visit is neither stored nor counted.</p>".to_owned();
    for experience in config.map(ProjectConfig::experiences).unwrap_or_default() {
        let _ = write!(body, "<h2>{}</h2><p class=\"links\">", escape(experience.name()));
        for variation in experience.variations() {
            let (experience, key, id) = (escape(experience.id()), escape(variation.key()), escape(variation.id()));
            let name = escape(variation.name());
            let _ = write!(
                body,
                r#"<a class="button quiet" id="preview-{key}" href="/?convert_preview={experience}.{id}">{name}</a> "#
            );
        }
        body.push_str("</p>");
    }
    page("Preview", visitor, &body)
}

pub(crate) fn not_found(visitor: &Context) -> String {
    page(
        "Not found",
        visitor,
        r#"<section class="hero" id="not-found"><h1>Out with the tide.</h1><p>There is no such page.</p><a class="button" href="/">To the shop</a></section>"#,
    )
}
