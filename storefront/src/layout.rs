//! What every page has around it.

use std::fmt::Write;

use convert_core::Context;

use crate::catalogue::Product;

pub(crate) const STYLE: &str = include_str!("style.css");

/// Makes a text safe to stand in HTML, in attributes too.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(character),
        }
    }
    safe
}

/// A whole page.
pub(crate) fn page(title: &str, visitor: &Context, body: &str) -> String {
    let mut html = String::with_capacity(body.len() + 4096);
    let title = escape(title);
    // Writing to a text cannot fail.
    let _ = write!(
        html,
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Lowtide Coffee</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='%232f6f73'/%3E%3C/svg%3E">
<link rel="stylesheet" href="/style.css">
</head>
<body>
{bar}
<header><a class="brand" href="/">Lowtide <span>Coffee</span></a>
<nav><a href="/preview">Preview</a><a id="to-delivered" href="/delivered">Delivered</a></nav></header>
<main>
{body}
</main>
{visit}
</body>
</html>
"#,
        bar = shipping_bar(visitor),
        visit = visit(visitor),
    );
    html
}

/// The feature with variables: text, amount and tone are decided, not deployed.
fn shipping_bar(visitor: &Context) -> String {
    let feature = visitor.run_feature("shipping-bar");
    match (feature.str("text"), feature.i64("from"), feature.str("tone")) {
        (Ok(text), Ok(from), Ok(tone)) => {
            let (text, tone) = (escape(text), escape(tone));
            format!(r#"<p class="bar {tone}" id="shipping-bar">{text} <b>from €{from}</b></p>"#)
        }
        _ => String::new(),
    }
}

/// What was decided for this visitor, for whoever shows the shop around.
fn visit(visitor: &Context) -> String {
    let mut rows = String::new();
    for decision in visitor.run_experiences() {
        let (experience, variation) = (escape(decision.experience_name()), escape(decision.variation_name()));
        let source = format!("{:?}", decision.source()).to_lowercase();
        let _ = write!(rows, "<li>{experience}: <b>{variation}</b> <small>{source}</small></li>");
    }
    let id = escape(visitor.visitor_id());
    format!(
        r#"<footer><details><summary>This visit</summary>
<p>Visitor <code id="visitor">{id}</code></p><ul>{rows}</ul>
<form method="post" action="/forget"><button class="quiet" id="forget">Start as a new visitor</button></form>
</details></footer>"#
    )
}

/// A bag of coffee, drawn.
pub(crate) fn bag(product: &Product) -> String {
    let (colour, name) = (product.colour, escape(product.name));
    format!(
        r##"<svg viewBox="0 0 120 150" role="img" aria-label="A bag of {name}"><path d="M22 20h76l8 118a8 8 0 0 1-8 8H22a8 8 0 0 1-8-8z" fill="{colour}"/><path d="M22 20h76v-8a6 6 0 0 0-6-6H28a6 6 0 0 0-6 6z" fill="{colour}" opacity=".7"/><rect x="32" y="58" width="56" height="48" rx="4" fill="#fff" opacity=".92"/><path d="M38 90q8-9 16 0t16 0 12-2" fill="none" stroke="{colour}" stroke-width="3" stroke-linecap="round"/><circle cx="60" cy="73" r="5" fill="{colour}"/></svg>"##
    )
}
