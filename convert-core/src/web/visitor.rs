//! Who a request comes from.

use std::fmt;
use std::sync::{Arc, OnceLock};

use uuid::Uuid;

use super::VisitorCookie;
use crate::redact::VisitorRef;

/// The longest visitor id that is taken from a client, in bytes.
pub const MAX_VISITOR_ID: usize = 128;

/// Whether an id that a client sent can be used: 1 to [`MAX_VISITOR_ID`] letters, digits or `-._~:@|+/=`, all ASCII.
///
/// Nothing of it needs escaping in a log, in HTML or in JSON.
#[must_use]
pub fn is_visitor_id(id: &str) -> bool {
    let is_allowed = |byte: u8| ALLOWED.get(usize::from(byte)).is_some_and(|allowed| *allowed);
    (1..=MAX_VISITOR_ID).contains(&id.len()) && id.bytes().all(is_allowed)
}

/// By byte, whether a visitor id may have it: one look-up for each, as every request has an id checked.
#[allow(clippy::indexing_slicing, reason = "the compiler runs it")]
static ALLOWED: [bool; 256] = {
    let mut allowed = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        let is_mark = matches!(byte, b'-' | b'.' | b'_' | b'~' | b':' | b'@' | b'|' | b'+' | b'/' | b'=');
        allowed[byte as usize] = byte.is_ascii_alphanumeric() || is_mark;
        byte += 1;
    }
    allowed
};

/// The visitor of one request. `Debug` shows a pseudonym of the id, as logs do.
#[derive(Clone, PartialEq, Eq)]
pub struct Visitor {
    id: Arc<str>,
    origin: VisitorOrigin,
}

/// Where a visitor's id comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VisitorOrigin {
    /// The app said it.
    App,
    /// The visitor's cookie.
    Cookie,
    /// It was made for this request, and the response sets it as a cookie.
    Minted,
    /// It was made for this request and ends with it: there is no consent.
    Ephemeral,
}

impl Visitor {
    /// Finds out who a request comes from: with consent, the id that the app says, else the one in the visitor's
    /// cookie, else a new one; without, a new one that nobody keeps. An app's id of white space only counts as none.
    pub fn identify<'a, H: AsRef<[u8]> + ?Sized + 'a>(
        consent: bool,
        app: Option<Arc<str>>,
        cookie: &VisitorCookie,
        cookie_headers: impl IntoIterator<Item = &'a H>,
    ) -> Self {
        if !consent {
            return Self::new(mint(), VisitorOrigin::Ephemeral);
        }
        if let Some(id) = app.filter(|id| !id.trim().is_empty()) {
            return Self::new(id, VisitorOrigin::App);
        }
        match cookie.find(cookie_headers) {
            Some(id) => Self::new(Arc::from(id), VisitorOrigin::Cookie),
            None => Self::new(mint(), VisitorOrigin::Minted),
        }
    }

    /// Where several middlewares that share a cookie find out who one request comes from: the visitor that the first of them
    /// minted, instead of another one. `minted` is theirs in common.
    #[must_use]
    pub fn or_minted_before(self, minted: &OnceLock<Self>) -> Self {
        if self.needs_cookie() { minted.get_or_init(|| self).clone() } else { self }
    }

    fn new(id: Arc<str>, origin: VisitorOrigin) -> Self {
        Self { id, origin }
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The id, to share.
    #[must_use]
    pub fn shared_id(&self) -> Arc<str> {
        Arc::clone(&self.id)
    }

    /// Where the id comes from.
    #[must_use]
    pub fn origin(&self) -> VisitorOrigin {
        self.origin
    }

    /// Whether the response must set the visitor's cookie.
    #[must_use]
    pub fn needs_cookie(&self) -> bool {
        self.origin == VisitorOrigin::Minted
    }

    /// Whether the visitor may be followed.
    #[must_use]
    pub fn has_consent(&self) -> bool {
        self.origin != VisitorOrigin::Ephemeral
    }
}

impl fmt::Debug for Visitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = format_args!("{}", VisitorRef(&self.id));
        f.debug_struct("Visitor").field("id", &id).field("origin", &self.origin).finish()
    }
}

/// A new random id: a UUID of version 4.
fn mint() -> Arc<str> {
    let mut text = Uuid::encode_buffer();
    Arc::from(&*Uuid::new_v4().hyphenated().encode_lower(&mut text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identify(consent: bool, app: Option<&str>, cookies: &[&str]) -> Visitor {
        Visitor::identify(consent, app.map(Arc::from), &VisitorCookie::new(), cookies.iter().copied())
    }

    #[test]
    fn ids_of_clients_are_bounded() {
        for id in ["a", "0b5b2bd0-8a4c-4c6f-9d5e-111111111111", "mail@example.com", "a|b~c:d_e.f+g/h="] {
            assert!(is_visitor_id(id), "{id:?}");
        }
        for id in ["", " ", "a b", "a\0", "a\n", "a\u{7f}", "é", "<script>", "\"", "a;b", "a,b"] {
            assert!(!is_visitor_id(id), "{id:?}");
        }
        assert!(is_visitor_id(&"a".repeat(MAX_VISITOR_ID)));
        assert!(!is_visitor_id(&"a".repeat(MAX_VISITOR_ID + 1)));
    }

    #[test]
    fn the_apps_id_goes_before_the_cookie_and_the_cookie_before_a_new_one() {
        let cookie = ["convert_visitor_id=from-cookie"];
        let by_app = identify(true, Some("from app"), &cookie);
        assert_eq!((by_app.id(), by_app.origin()), ("from app", VisitorOrigin::App));
        for app in [None, Some(""), Some(" \t")] {
            let by_cookie = identify(true, app, &cookie);
            assert_eq!((by_cookie.id(), by_cookie.origin()), ("from-cookie", VisitorOrigin::Cookie));
            assert!(!by_cookie.needs_cookie());
        }
        let minted = identify(true, None, &[]);
        assert!(minted.needs_cookie() && is_visitor_id(minted.id()));
        assert_eq!(Uuid::parse_str(minted.id()).unwrap().get_version_num(), 4);
        assert_ne!(minted.id(), identify(true, None, &[]).id());
    }

    #[test]
    fn of_several_that_mint_the_first_counts() {
        let minted = OnceLock::new();
        let found = |cookies: &[&str]| identify(true, None, cookies).or_minted_before(&minted);
        assert_eq!(found(&["convert_visitor_id=known"]).id(), "known");
        let first = found(&[]);
        assert_eq!(found(&[]), first);
        assert_eq!(found(&["convert_visitor_id=known"]).id(), "known");
        assert_ne!(identify(false, None, &[]).or_minted_before(&minted), first, "nobody without consent is somebody");
    }

    #[test]
    fn the_id_is_not_shown_in_clear() {
        let shown = format!("{:?}", identify(true, Some("ada@example.com"), &[]));
        assert!(!shown.contains("ada") && shown.contains("App"), "{shown}");
        assert_eq!(shown, format!("{:?}", identify(true, Some("ada@example.com"), &[])), "lines can be told together");
    }

    #[test]
    fn without_consent_nobody_is_known() {
        let visitor = identify(false, Some("from-app"), &["convert_visitor_id=from-cookie"]);
        assert_eq!(visitor.origin(), VisitorOrigin::Ephemeral);
        assert!(!visitor.needs_cookie() && !visitor.has_consent());
        assert!(!["from-app", "from-cookie"].contains(&visitor.id()));
    }
}
