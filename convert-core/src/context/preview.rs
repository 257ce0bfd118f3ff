//! Previews: one variation shown to whoever has the link.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::config::{FetchError, ProjectConfig};
use crate::core::{PreviewFetch, Shared, Snapshot};
use crate::eval::Previewed;
use crate::text::Text;

/// A variation to preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    pub(crate) experience_id: Text,
    pub(crate) variation_id: Text,
}

impl Preview {
    /// The preview of a variation, by the ids of its experience and itself.
    #[must_use]
    pub fn new(experience_id: impl Into<Text>, variation_id: impl Into<Text>) -> Self {
        Self { experience_id: experience_id.into(), variation_id: variation_id.into() }
    }

    /// Reads the value of the query parameter `convert_preview`: `{experience id}.{variation id}`, both ASCII digits.
    ///
    /// ```
    /// use convert_core::Preview;
    ///
    /// assert!(Preview::parse("100334665.1003142551").is_some());
    /// assert!(Preview::parse("100334665").is_none());
    /// ```
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let (experience_id, variation_id) = value.split_once('.')?;
        let is_id = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        (is_id(experience_id) && is_id(variation_id)).then(|| Self::new(experience_id, variation_id))
    }

    /// The experience's id.
    #[must_use]
    pub fn experience_id(&self) -> &str {
        &self.experience_id
    }

    /// The variation's id.
    #[must_use]
    pub fn variation_id(&self) -> &str {
        &self.variation_id
    }
}

/// What became of a preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PreviewOutcome {
    /// It is active.
    Active,
    /// There is no such experience; no preview is active.
    ExperienceNotFound,
    /// The experience has no such variation; no preview is active.
    VariationNotFound,
    /// No config is loaded yet; no preview is active.
    SdkNotReady,
    /// The config in use has no such experience, and it could not be fetched in time; no preview is active.
    Unavailable,
}

impl fmt::Display for PreviewOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "it is active",
            Self::ExperienceNotFound => "there is no such experience",
            Self::VariationNotFound => "the experience has no such variation",
            Self::SdkNotReady => "no config is loaded yet",
            Self::Unavailable => "the experience is not in the config in use, and could not be fetched in time",
        })
    }
}

/// Has a preview at hand for some time; its outcome for who sets it then.
pub(crate) fn load_preview(shared: &Shared, preview: &Preview) -> impl Future<Output = PreviewOutcome> + Send + use<> {
    let found = match ActivePreview::seek(shared, shared.snapshot(), preview) {
        Sought::Known(found) => Ok(outcome(&found)),
        Sought::UnderWay(fetch) => Err((shared.preview_fetched(fetch), preview.clone())),
    };
    async move {
        match found {
            Ok(outcome) => outcome,
            Err((fetch, preview)) => outcome(&ActivePreview::fetched(fetch.await, &preview)),
        }
    }
}

pub(super) fn outcome(found: &Result<ActivePreview, PreviewOutcome>) -> PreviewOutcome {
    found.as_ref().err().copied().unwrap_or(PreviewOutcome::Active)
}

/// A preview that was found in a config.
#[derive(Clone, Debug)]
pub(crate) struct ActivePreview {
    pub(crate) config: Arc<ProjectConfig>,
    pub(crate) experience: u32,
    pub(crate) variation: u32,
}

/// Where a preview is to be found.
pub(super) enum Sought {
    /// It is known.
    Known(Result<ActivePreview, PreviewOutcome>),
    /// It is being fetched.
    UnderWay(PreviewFetch),
}

impl ActivePreview {
    /// Looks in what is at hand, and fetches nothing.
    pub(super) fn at_hand(shared: &Shared, snapshot: &Snapshot, preview: &Preview) -> Result<Self, PreviewOutcome> {
        match Self::find(&snapshot.config, preview) {
            Err(PreviewOutcome::ExperienceNotFound) => match shared.previews.known(&preview.experience_id) {
                Some(config) => Self::find(&config, preview),
                None => Err(PreviewOutcome::ExperienceNotFound),
            },
            found => found,
        }
    }

    /// Looks in what is at hand, and starts a fetch where that does not have the experience.
    pub(super) fn seek(shared: &Shared, snapshot: Option<Arc<Snapshot>>, preview: &Preview) -> Sought {
        let Some(snapshot) = snapshot else { return Sought::Known(Err(PreviewOutcome::SdkNotReady)) };
        let is_whole = !preview.experience_id.is_empty() && !preview.variation_id.is_empty();
        match Self::at_hand(shared, &snapshot, preview) {
            Err(PreviewOutcome::ExperienceNotFound) if is_whole && shared.can_fetch() => {
                Sought::UnderWay(shared.previews.fetch(&preview.experience_id))
            }
            found => Sought::Known(found),
        }
    }

    /// What a fetch brought; `None` where it was not waited for to the end.
    pub(super) fn fetched(
        fetched: Option<Result<Arc<ProjectConfig>, FetchError>>,
        preview: &Preview,
    ) -> Result<Self, PreviewOutcome> {
        match fetched {
            Some(Ok(config)) => Self::find(&config, preview),
            Some(Err(_)) | None => Err(PreviewOutcome::Unavailable),
        }
    }

    pub(crate) fn find(config: &Arc<ProjectConfig>, preview: &Preview) -> Result<Self, PreviewOutcome> {
        let experience = config.experiences.position_by_id(&preview.experience_id);
        let experience = experience.ok_or(PreviewOutcome::ExperienceNotFound)?;
        let found = config.experiences.at(experience).ok_or(PreviewOutcome::ExperienceNotFound)?;
        let variation = found.variation_position(&preview.variation_id).ok_or(PreviewOutcome::VariationNotFound)?;
        Ok(Self { config: config.clone(), experience, variation })
    }

    pub(crate) fn previewed(&self) -> Previewed<'_> {
        Previewed { config: &self.config, experience: self.experience, variation: self.variation }
    }
}
