//! What a context, and a single call, can be told.

use std::sync::Arc;

use crate::attributes::{AttributeError, Attributes};
use crate::rules::{Provider, RuleData};
use crate::text::Text;

use super::preview::Preview;
use super::view::OwnAttributes;

/// What a new [`Context`](crate::Context) can be told.
///
/// ```
/// use convert_core::ContextOptions;
///
/// let options = ContextOptions::new().attributes([("plan", "gold")]).consent(false);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ContextOptions {
    /// Ready for a context; `None` where there are none. Contexts of one request share them.
    pub(super) attributes: Option<Arc<OwnAttributes>>,
    pub(crate) location: Option<Provider>,
    pub(crate) force_variations: Vec<Text>,
    pub(crate) preview: Option<Preview>,
    pub(crate) tracking: bool,
    pub(crate) storage: bool,
    pub(crate) pinned: bool,
}

impl Default for ContextOptions {
    fn default() -> Self {
        Self {
            attributes: None,
            location: None,
            force_variations: Vec::new(),
            preview: None,
            tracking: true,
            storage: true,
            pinned: false,
        }
    }
}

impl ContextOptions {
    /// No attributes; decisions are stored and tracked.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is known of the visitor. Report segments among them (`country`, `browser`, `devices`, `source`,
    /// `campaign`, `visitorType`, `customSegments`) are stored with the first decision, conversion or segment call.
    pub fn attributes(mut self, attributes: impl Into<Attributes>) -> Self {
        self.attributes = OwnAttributes::new(attributes.into());
        self
    }

    /// Where the visitor is, for calls that do not say so themselves. Values nested deeper than
    /// [`AttributeValue::MAX_DEPTH`](crate::AttributeValue::MAX_DEPTH) are left out with a warning, here and below.
    ///
    /// ```
    /// use convert_core::{CallOptions, ContextOptions, Core};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let core = Core::from_file("examples/shop.json")?;
    /// let options = ContextOptions::new().location([("path", "/pricing")]);
    /// let context = core.create_context_with("visitor-1", options)?;
    /// assert!(context.run_experience("pricing-page").is_some());
    ///
    /// // A call that says where the visitor is replaces it whole.
    /// let elsewhere = CallOptions::new().location([("path", "/about")]);
    /// assert!(context.run_experience_with("pricing-page", &elsewhere).is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn location(mut self, location: impl Into<Attributes>) -> Self {
        self.location = Some(Provider::Attributes(location.into().without_too_deep()));
        self
    }

    /// [`location`](Self::location), made when an experience that is limited to locations is first asked for.
    pub fn location_from(mut self, location: impl Fn() -> Attributes + Send + Sync + 'static) -> Self {
        self.location = Some(Provider::lazy(location));
        self
    }

    /// [`location`](Self::location), made of a request's URL when an experience that is limited to locations is first asked
    /// for. The URL is copied.
    #[cfg(feature = "web")]
    pub fn location_of(mut self, url: crate::web::RequestUrl<'_>) -> Self {
        self.location = Some(Provider::Url(crate::web::KeptUrl::new(url)));
        self
    }

    /// The variations, by id, that calls force which force none themselves; see
    /// [`CallOptions::force_variation`]. They are neither stored nor tracked.
    pub fn force_variations<V: Into<Text>>(mut self, variation_ids: impl IntoIterator<Item = V>) -> Self {
        self.force_variations = variation_ids.into_iter().map(Into::into).collect();
        self
    }

    /// Shows one variation from the start, and leaves no trace of the visit. It is looked for in the config in use and
    /// among the previews that were fetched in the last 60 seconds.
    ///
    /// Where neither has it, as with a draft, this context decides as without a preview, and does not wait: its first call
    /// has the experience fetched for contexts to come, if there is an SDK key. That happens for at most 32 experiences
    /// in 60 seconds, as the ids may come from links. [`load_preview`](crate::Core::load_preview) beforehand has it ready.
    pub fn preview(mut self, preview: impl Into<Option<Preview>>) -> Self {
        self.preview = preview.into();
        self
    }

    /// Whether events are sent; true by default. Without, conversions answer `Suppressed`.
    pub fn tracking(mut self, tracking: bool) -> Self {
        self.tracking = tracking;
        self
    }

    /// Whether anything is written to the visitor store; true by default.
    pub fn storage(mut self, storage: bool) -> Self {
        self.storage = storage;
        self
    }

    /// Whether the visitor agreed to be followed: without consent nothing is stored and nothing is sent.
    pub fn consent(self, consent: bool) -> Self {
        self.tracking(consent).storage(consent)
    }

    /// Keeps the config that the context first sees, for the context's whole life; by default a refreshed config is
    /// used from the next call on. Meant for contexts that live as long as one request.
    pub fn pinned(mut self, pinned: bool) -> Self {
        self.pinned = pinned;
        self
    }

    /// Whether the attributes nest no deeper than they may.
    pub(crate) fn check_depth(&self) -> Result<(), AttributeError> {
        self.attributes.as_ref().map_or(Ok(()), |attributes| attributes.check_depth())
    }

    /// The same without the attributes that are nested too deep, for calls that cannot fail.
    #[cfg(feature = "web")]
    pub(crate) fn without_too_deep(mut self) -> Self {
        if self.check_depth().is_err() {
            self.attributes = self.attributes.and_then(OwnAttributes::without_too_deep);
        }
        self
    }
}

/// What a single decision or feature call can be told.
///
/// ```
/// use convert_core::CallOptions;
///
/// let options = CallOptions::new().location([("url", "https://example.com/pricing")]).tracking(false);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct CallOptions {
    pub(crate) attributes: Attributes,
    pub(crate) location: Option<Provider>,
    pub(crate) ignore_location: bool,
    pub(crate) environment: Option<Text>,
    pub(crate) tracking: bool,
    pub(crate) storage: bool,
    pub(crate) force_variation: Option<Text>,
    pub(crate) persist_forced: bool,
    pub(crate) type_casting: bool,
    pub(crate) experience_keys: Vec<Text>,
}

impl CallOptions {
    const DEFAULT: Self = Self {
        attributes: Attributes::new(),
        location: None,
        ignore_location: false,
        environment: None,
        tracking: true,
        storage: true,
        force_variation: None,
        persist_forced: false,
        type_casting: true,
        experience_keys: Vec::new(),
    };

    /// The defaults, made once: a constant would be made and dropped at each call.
    #[inline]
    pub(super) fn told_nothing() -> &'static Self {
        static DEFAULT: CallOptions = CallOptions::DEFAULT;
        &DEFAULT
    }
}

impl Default for CallOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl CallOptions {
    /// The defaults: no location attributes given, stored, tracked, cast.
    pub fn new() -> Self {
        Self::default()
    }

    /// Visitor attributes for this call, merged over the context's. Values nested deeper than
    /// [`AttributeValue::MAX_DEPTH`](crate::AttributeValue::MAX_DEPTH) are left out with a warning, here and below.
    pub fn attributes(mut self, attributes: impl Into<Attributes>) -> Self {
        self.attributes = attributes.into().without_too_deep();
        self
    }

    /// Where the visitor is, instead of what the context was told. Without either, experiences that are limited to
    /// locations do not qualify; given but empty, their rules are evaluated against nothing.
    pub fn location(mut self, location: impl Into<Attributes>) -> Self {
        self.location = Some(Provider::Attributes(location.into().without_too_deep()));
        self
    }

    /// Where the visitor is, from the app's own provider.
    pub fn location_data(mut self, location: Arc<dyn RuleData>) -> Self {
        self.location = Some(Provider::Custom(location));
        self
    }

    /// Lets every experience pass its location gate.
    pub fn ignore_location(mut self, ignore_location: bool) -> Self {
        self.ignore_location = ignore_location;
        self
    }

    /// The environment for this call; an empty one counts as not given.
    pub fn environment(mut self, environment: impl Into<Text>) -> Self {
        self.environment = Some(environment.into()).filter(|environment| !environment.is_empty());
        self
    }

    /// Whether a fresh decision is sent as an event; true by default.
    pub fn tracking(mut self, tracking: bool) -> Self {
        self.tracking = tracking;
        self
    }

    /// Whether a fresh decision is stored; true by default.
    pub fn storage(mut self, storage: bool) -> Self {
        self.storage = storage;
        self
    }

    /// Answers with this variation of a qualifying experience, whatever the visitor's bucket. It is named by its **id**, not
    /// its key; one that the experience does not have is ignored. It is neither stored nor tracked, unless
    /// [`persist_forced`](Self::persist_forced) asks for it. Feature calls ignore it.
    pub fn force_variation(mut self, variation_id: impl Into<Text>) -> Self {
        self.force_variation = Some(variation_id.into());
        self
    }

    /// Stores and tracks a forced variation like a decision of the SDK's own, as the JavaScript SDK does.
    pub fn persist_forced(mut self, persist: bool) -> Self {
        self.persist_forced = persist;
        self
    }

    /// Whether feature variables are cast to their declared types; true by default.
    pub fn type_casting(mut self, type_casting: bool) -> Self {
        self.type_casting = type_casting;
        self
    }

    /// Limits a feature call to these experiences; an empty list does not limit.
    pub fn experience_keys<K: Into<Text>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        self.experience_keys = keys.into_iter().map(Into::into).collect();
        self
    }
}
