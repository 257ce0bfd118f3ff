//! What every web crate can be told.

use crate::context::ContextOptions;

use super::{Visitor, VisitorCookie, forced_variations_of, preview_of};

/// The settings of a middleware that no framework's types take part in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Settings {
    cookie: VisitorCookie,
    preview: bool,
    forced_variations: bool,
    mint_always: bool,
    private_responses: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

impl Settings {
    /// The defaults: the official SDK's cookie; neither previews nor forced variations; an id only where one is needed; no
    /// visitor's response in a cache that others share.
    pub const fn new() -> Self {
        Self {
            cookie: VisitorCookie::new(),
            preview: false,
            forced_variations: false,
            mint_always: false,
            private_responses: true,
        }
    }

    /// The visitor's cookie. One that [browsers would drop](VisitorCookie::check) is warned of.
    pub fn cookie(mut self, cookie: VisitorCookie) -> Self {
        if let Err(error) = cookie.check() {
            tracing::warn!(target: "convert", "browsers will not keep the visitor's cookie: {error}");
        }
        self.cookie = cookie;
        self
    }

    /// Whether `?convert_preview={experience id}.{variation id}` previews a variation; false by default.
    pub fn preview(mut self, preview: bool) -> Self {
        self.preview = preview;
        self
    }

    /// Whether `?convert_force={experience id}.{variation id}` forces a variation; false by default.
    pub fn forced_variations(mut self, forced_variations: bool) -> Self {
        self.forced_variations = forced_variations;
        self
    }

    /// Whether requests that ask for no context get a visitor too; false by default.
    pub fn mint_always(mut self, mint_always: bool) -> Self {
        self.mint_always = mint_always;
        self
    }

    /// Whether a response that depends on the visitor, or sets its cookie, says `Cache-Control: private` where it says nothing
    /// of caches itself; true by default.
    pub fn private_responses(mut self, private_responses: bool) -> Self {
        self.private_responses = private_responses;
        self
    }

    /// The visitor's cookie.
    pub fn visitor_cookie(&self) -> &VisitorCookie {
        &self.cookie
    }

    /// Whether requests that ask for no context get a visitor too.
    #[must_use]
    pub fn mints_always(&self) -> bool {
        self.mint_always
    }

    /// What `Cache-Control` says in a response that depends on the visitor, or sets its cookie, and has no such header of the
    /// app's; `None` where that is left to the app.
    #[must_use]
    pub fn cache_control(&self) -> Option<&'static str> {
        // `no-store` would have browsers fetch a page again that somebody goes back to: that is for the app to say.
        self.private_responses.then_some("private")
    }

    /// What the context of a request is told, the attributes of visitor and location aside: it keeps one config for the
    /// whole request, leaves no trace without consent, and follows preview and force links where they are on.
    pub fn context_options(&self, visitor: &Visitor, query: Option<&str>) -> ContextOptions {
        self.options(visitor, query, |preview| preview)
    }

    /// `previews` has the last word on preview links; it is asked where a link may be.
    pub(super) fn options(
        &self,
        visitor: &Visitor,
        query: Option<&str>,
        previews: impl FnOnce(bool) -> bool,
    ) -> ContextOptions {
        let options = ContextOptions::new().pinned(true).consent(visitor.has_consent());
        let Some(query) = query else { return options };
        let options = if previews(self.preview) { options.preview(preview_of(query)) } else { options };
        if self.forced_variations { options.force_variations(forced_variations_of(query)) } else { options }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::warned::warnings;
    use crate::web::SameSite;

    fn options(settings: &Settings, consent: bool) -> ContextOptions {
        let visitor = Visitor::identify(consent, Some("v".into()), &VisitorCookie::new(), [""]);
        settings.context_options(&visitor, Some("convert_preview=1.2&convert_force=3.4"))
    }

    #[test]
    fn a_cookie_that_browsers_would_drop_is_warned_of() {
        let insecure = VisitorCookie::new().same_site(SameSite::None).secure(false);
        assert_eq!(warnings(|| drop(Settings::new().cookie(insecure))), 1);
        assert_eq!(warnings(|| drop(Settings::new().cookie(VisitorCookie::new().max_age(None)))), 0);
    }

    #[test]
    fn responses_are_kept_from_shared_caches_unless_the_app_says_otherwise() {
        assert_eq!(Settings::new().cache_control(), Some("private"));
        assert_eq!(Settings::new().private_responses(false).cache_control(), None);
    }

    #[test]
    fn links_count_only_where_they_are_switched_on() {
        let off = options(&Settings::new(), true);
        assert!(off.preview.is_none() && off.force_variations.is_empty() && off.pinned);
        let on = options(&Settings::new().preview(true).forced_variations(true), true);
        assert_eq!(on.preview.unwrap().variation_id(), "2");
        assert_eq!(on.force_variations, ["4"]);
    }

    #[test]
    fn without_consent_nothing_is_stored_or_tracked() {
        let options = options(&Settings::new(), false);
        assert!(!options.storage && !options.tracking);
    }
}
