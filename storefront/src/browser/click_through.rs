//! What a person would try in the shop.

use serde_json::Value;

use super::{Browser, Failure};

/// Clicks through the shop at `base`, such as `http://127.0.0.1:3000`, as its only visitor.
///
/// # Errors
/// [`Failure`] says what was not as it should be.
pub fn click_through(browser: &Browser, base: &str) -> Result<(), Failure> {
    let visitor = first_visit(browser, base)?;
    let delivered = buys(browser, &visitor)?;
    previews(browser, base)?;
    browser.open(&format!("{base}/delivered"))?;
    check(number(browser, "#accepted")? == delivered, "previews are not tracked")?;
    becomes_somebody_else(browser, &visitor)?;
    browser.open(&format!("{base}/no/such/page"))?;
    check(browser.has("#not-found")?, "an unknown page says so")
}

/// Checks that the shop at `base` fits onto a phone.
///
/// # Errors
/// [`Failure`] says which page does not.
pub fn on_a_phone(browser: &Browser, base: &str) -> Result<(), Failure> {
    let variations = ["/?convert_preview=100910.1009101", "/?convert_preview=100910.1009102"];
    for path in variations.into_iter().chain(["/product/low-light", "/preview", "/delivered"]) {
        browser.open(&format!("{base}{path}"))?;
        let fits = browser.evaluate("document.documentElement.scrollWidth <= window.innerWidth")?;
        check(fits == Value::Bool(true), &format!("{path} fits onto the screen"))?;
    }
    Ok(())
}

/// The visitor's id.
fn first_visit(browser: &Browser, base: &str) -> Result<String, Failure> {
    browser.open(base)?;
    let visitor = browser.text("#visitor")?;
    let cookie = browser.cookie("convert_visitor_id")?.unwrap_or_default();
    let is = |member: &str, value: Value| cookie.get(member) == Some(&value);
    check(is("value", Value::from(visitor.as_str())), "the cookie keeps the visitor that the page decided for")?;
    check(is("httpOnly", true.into()) && is("sameSite", "Lax".into()), "the cookie is out of the reach of scripts")?;
    let bold = browser.has("#hero-bold")?;
    check(bold != browser.has("#hero-quiet")?, "one variation is shown")?;
    browser.open(base)?;
    check(browser.text("#visitor")? == visitor, "the visitor stays the same")?;
    check(browser.has("#hero-bold")? == bold, "and sees the same again")?;
    check(browser.has("#shipping-bar b")?, "the feature's variables are shown")?;
    Ok(visitor)
}

/// How many events were delivered.
fn buys(browser: &Browser, visitor: &str) -> Result<u64, Failure> {
    browser.follow(".item")?;
    check(browser.text("h1")? == "Slack Water", "the first product opens")?;
    browser.follow("#buy")?;
    check(browser.has("#thanks")?, "the purchase is thanked for")?;
    browser.follow("#to-delivered")?;
    let table = browser.text("table")?;
    for told in ["Home page opening", "Free shipping from", "Product viewed", "Purchase: €14.50"] {
        check(table.contains(told), &format!("{told:?} was delivered"))?;
    }
    let own = visitor.get(..8).unwrap_or(visitor);
    check(browser.text(".own code")? == own, "the events are this visitor's")?;
    let delivered = number(browser, "#delivered")?;
    check(number(browser, "#accepted")? == delivered, "every event was delivered")?;
    check(number(browser, "#pending")? == 0 && number(browser, "#dropped")? == 0, "none waits, none is lost")?;
    // Two decisions, the view, and the purchase with its transaction.
    check(delivered == 5, &format!("five events were delivered, not {delivered}"))?;
    Ok(delivered)
}

fn previews(browser: &Browser, base: &str) -> Result<(), Failure> {
    for variation in ["quiet", "bold"] {
        browser.open(&format!("{base}/preview"))?;
        browser.follow(&format!("#preview-{variation}"))?;
        check(browser.has(&format!("#hero-{variation}"))?, &format!("the preview shows {variation}"))?;
        check(browser.has("#previewing")?, "the page says that it is a preview")?;
    }
    Ok(())
}

fn becomes_somebody_else(browser: &Browser, visitor: &str) -> Result<(), Failure> {
    browser.click("summary")?;
    browser.follow("#forget")?;
    check(browser.text("#visitor")? != visitor, "a forgotten visitor is a new one")
}

fn number(browser: &Browser, selector: &str) -> Result<u64, Failure> {
    let text = browser.text(selector)?;
    text.parse().map_err(|_| Failure::new(format!("{selector} is no number: {text}")))
}

fn check(holds: bool, what: &str) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::new(format!("this does not hold: {what}"))) }
}
