//! What one context sees: a config, the visitor's state, and what both make of the visitor's attributes.

use std::borrow::Cow;
use std::sync::Arc;

use crate::attributes::{AttributeError, Attributes};
use crate::config::ProjectConfig;
use crate::eval::{Call, EvalSettings, Force, report_segments, split_report_segments};
use crate::rules::Provider;
use crate::text::Text;
use crate::visitor::VisitorState;

use super::inner::{Subject, Unstored};
use super::options::CallOptions;
use super::preview::ActivePreview;

/// An immutable picture. A context makes a new one when the config, the state, its attributes or its preview change.
#[derive(Debug)]
pub(crate) struct View {
    /// The config and the key of the state; `None` while no config is loaded.
    pub(super) subject: Option<Subject>,
    pub(super) state: VisitorState,
    /// The store's version of `state`; `None` where the state must be loaded at every call.
    pub(super) version: Option<u64>,
    pub(super) own: Option<Arc<OwnAttributes>>,
    /// Report segments, stored and pending: what rules see as the visitor's segments, and what events carry.
    segments: Option<Arc<Attributes>>,
    /// Stored segments and the context's attributes merged; `None` where the latter are all there is.
    effective: Option<Attributes>,
    pub(super) preview: Option<ActivePreview>,
    /// Holds what the store failed to take: it is part of `state`, and to be stored.
    pub(super) unstored: Option<Arc<Unstored>>,
    /// Whether something waits for the next call to store it: that, or report segments.
    pub(super) has_to_store: bool,
}

static NONE: Attributes = Attributes::new();

/// The attributes that a context was given.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnAttributes {
    /// Those that are no report segments.
    plain: Attributes,
    /// Report segments that are not stored yet.
    pending: Attributes,
}

impl OwnAttributes {
    pub(super) fn new(attributes: Attributes) -> Option<Arc<Self>> {
        if attributes.is_empty() {
            return None;
        }
        let (pending, plain) = split_report_segments(attributes);
        Some(Arc::new(Self { plain, pending }))
    }

    pub(super) fn merged(&self, newer: Attributes) -> Self {
        let mut merged = self.clone();
        let (pending, plain) = split_report_segments(newer);
        merged.plain.merge_from(&plain);
        merged.pending.merge_from(&pending);
        merged
    }

    /// Whether they nest no deeper than they may.
    pub(super) fn check_depth(&self) -> Result<(), AttributeError> {
        self.plain.check_depth().and_then(|()| self.pending.check_depth())
    }

    /// Those that are not nested too deep.
    #[cfg(feature = "web")]
    pub(super) fn without_too_deep(self: Arc<Self>) -> Option<Arc<Self>> {
        let Self { plain, pending } = &*self;
        let (plain, pending) = (plain.usable(), pending.usable());
        (!plain.is_empty() || !pending.is_empty()).then(|| Arc::new(Self { plain, pending }))
    }

    /// The same once the report segments are stored.
    pub(super) fn stored(&self) -> Option<Arc<Self>> {
        Self::new(self.plain.clone())
    }
}

impl View {
    pub(super) fn new(
        subject: Option<Subject>,
        state: VisitorState,
        version: Option<u64>,
        own: Option<Arc<OwnAttributes>>,
        preview: Option<ActivePreview>,
        unstored: Option<Arc<Unstored>>,
    ) -> Self {
        let has_to_store = unstored.is_some() || own.as_ref().is_some_and(|own| !own.pending.is_empty());
        let mut view =
            Self { subject, state, version, own, segments: None, effective: None, preview, unstored, has_to_store };
        if view.state.segments().is_some() || !view.pending().is_empty() {
            let mut segments = view.state.segments().cloned().unwrap_or_default();
            segments.merge_from(view.pending());
            let mut effective = segments.clone();
            effective.merge_from(view.plain());
            view.segments = report_segments(segments);
            view.effective = Some(effective);
        }
        view
    }

    /// The config that decides, where one is loaded.
    pub(super) fn config(&self) -> Option<&ProjectConfig> {
        self.subject.as_ref().map(|subject| &*subject.snapshot.config)
    }

    /// The config that a previewed decision refers to.
    pub(super) fn previewed_config(&self) -> Option<&ProjectConfig> {
        self.preview.as_ref().map(|preview| &*preview.config)
    }

    /// The visitor's effective attributes, those of a call aside.
    pub(super) fn attributes(&self) -> &Attributes {
        self.effective.as_ref().unwrap_or_else(|| self.plain())
    }

    pub(super) fn segments(&self) -> Option<&Arc<Attributes>> {
        self.segments.as_ref()
    }

    /// Report segments that came with the context's attributes and are not stored yet.
    pub(super) fn pending(&self) -> &Attributes {
        self.own.as_ref().map_or(&NONE, |own| &own.pending)
    }

    fn plain(&self) -> &Attributes {
        self.own.as_ref().map_or(&NONE, |own| &own.plain)
    }

    /// The attributes of one call: the context's, with the call's merged over them.
    #[inline]
    pub(super) fn merged(&self, attributes: &Attributes) -> Cow<'_, Attributes> {
        if attributes.is_empty() {
            return Cow::Borrowed(self.attributes());
        }
        let mut merged = self.attributes().clone();
        merged.merge_from(attributes);
        Cow::Owned(merged)
    }
}

/// What of a context does not change, for building calls.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) visitor: &'a Arc<str>,
    pub(super) settings: &'a EvalSettings,
    /// Where the visitor is, for calls that do not say so.
    pub(super) location: Option<&'a Provider>,
    /// What calls force which force nothing themselves.
    pub(super) force_variations: &'a [Text],
    pub(super) tracking: bool,
    /// Events count as dropped from now on.
    pub(super) is_closed: bool,
    pub(super) storage: bool,
    pub(super) observed: bool,
}

impl View {
    /// One call on this view, with its config.
    #[inline]
    pub(super) fn call<'a>(
        &'a self,
        config: &'a ProjectConfig,
        setting: Setting<'a>,
        attributes: &'a Attributes,
        options: &'a CallOptions,
    ) -> Call<'a> {
        Call {
            config,
            settings: setting.settings,
            visitor: setting.visitor,
            state: &self.state,
            segments: self.segments.as_ref(),
            attributes,
            location: options.location.as_ref().or(setting.location),
            ignore_location: options.ignore_location,
            environment: options.environment.as_deref().or(setting.settings.environment.as_deref()),
            tracking: setting.tracking && options.tracking,
            storage: setting.storage && options.storage,
            force: match options.force_variation.as_slice() {
                [] => Force { variation_ids: setting.force_variations, persist: false },
                own => Force { variation_ids: own, persist: options.persist_forced },
            },
            preview: self.preview.as_ref().map(ActivePreview::previewed),
            observed: setting.observed,
        }
    }
}
