//! The project config: from text to an immutable, indexed whole.

use std::fmt;

use super::document::Document;
use super::error::ConfigError;
use super::experience::{Experience, Targets};
use super::feature::FeatureDeclaration;
use super::goal::Goal;
use super::index::Collection;
use super::layout::Layout;
use super::reader::{archived, collection};
use super::targeting::{Audience, Location, Segment};
use super::warnings::{ConfigWarning, Warnings};
use crate::json::{Json, is_too_deep};
use crate::text::Text;

/// Far above any project; it also keeps every position within 32 bits.
const LIMIT: usize = 64 * 1024 * 1024;

/// A project's config, as served, compiled for evaluation. Immutable.
///
/// Reading is tolerant: ids may be numbers, lists may be null, unknown members are accepted everywhere, and a bad entity
/// is skipped with a [warning](Self::warnings), never the whole config.
pub struct ProjectConfig {
    account_id: Text,
    project_id: Text,
    pub(crate) experiences: Collection<Experience>,
    pub(crate) features: Collection<FeatureDeclaration>,
    pub(crate) goals: Collection<Goal>,
    pub(crate) audiences: Collection<Audience>,
    pub(crate) segments: Collection<Segment>,
    pub(crate) locations: Collection<Location>,
    /// Positions of the experiences that can deliver any feature, declared or not, in config order.
    feature_carriers: Box<[u32]>,
    pub(crate) warnings: Warnings,
}

impl ProjectConfig {
    /// Reads the JSON that the config endpoint serves.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where the text is no usable config as a whole; it says what to do.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        let bytes = text.as_ref();
        if bytes.len() > LIMIT {
            return Err(ConfigError::TooLarge { bytes: bytes.len(), limit: LIMIT });
        }
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let text = std::str::from_utf8(bytes)
            .map_err(|error| ConfigError::NotJson { reason: format!("not UTF-8 at byte {}", error.valid_up_to()) })?;
        if text.trim().is_empty() {
            return Err(ConfigError::Empty);
        }
        if !text.trim_start().starts_with('{') {
            return Err(not_an_object(text));
        }
        Self::compile(serde_json::from_str(text).map_err(|error| syntax_error(&error))?)
    }

    fn compile(document: Document<'_>) -> Result<Self, ConfigError> {
        if !document.error.is_falsy() {
            return Err(ConfigError::ErrorPayload { message: error_message(&document.error) });
        }
        let account_id = document.account_id.id().ok_or(ConfigError::MissingAccountId)?;
        let project_id = document.project_id().ok_or(ConfigError::MissingProjectId)?;

        let mut warnings = Warnings::default();
        let warnings_ref = &mut warnings;
        let audiences =
            collection(document.audiences, "audiences", "audience", warnings_ref, |served, identity, warnings| {
                Some(Audience::read(served, identity, warnings))
            });
        let segments =
            collection(document.segments, "segments", "segment", warnings_ref, |served, identity, warnings| {
                Some(Segment::read(served, identity, warnings))
            });
        let locations =
            collection(document.locations, "locations", "location", warnings_ref, |served, identity, warnings| {
                Some(Location::read(served, identity, warnings))
            });
        let goals = collection(document.goals, "goals", "goal", warnings_ref, |served, identity, warnings| {
            Some(Goal::read(served, identity, warnings))
        });
        let mut features =
            collection(document.features, "features", "feature", warnings_ref, |served, identity, warnings| {
                Some(FeatureDeclaration::read(served, identity, warnings))
            });

        let mut carriers = Carriers::new(features.len());
        let archived = archived(document.archived_experiences, warnings_ref);
        let targets = Targets {
            audiences: &audiences,
            segments: &segments,
            locations: &locations,
            features: &features,
            archived: &archived,
        };
        let experiences = collection(
            document.experiences,
            "experiences",
            "experience",
            warnings_ref,
            |served, identity, warnings| {
                let loaded = targets.read(served, identity, warnings)?;
                carriers.add(&loaded.features, loaded.delivers_features);
                Some(loaded.experience)
            },
        );
        for (feature, carriers) in features.iter_mut().zip(carriers.by_feature) {
            feature.carriers = carriers.into_boxed_slice();
        }

        warnings.patterns.forget();
        Ok(Self {
            account_id,
            project_id,
            experiences,
            features,
            goals,
            audiences,
            segments,
            locations,
            feature_carriers: carriers.of_any.into_boxed_slice(),
            warnings,
        })
    }

    /// The account's id.
    #[must_use]
    pub fn account_id(&self) -> &str {
        &self.account_id
    }

    /// The project's id.
    #[must_use]
    pub fn project_id(&self) -> &str {
        &self.project_id
    }

    /// The experiences, in config order.
    #[must_use]
    pub fn experiences(&self) -> &[Experience] {
        self.experiences.as_slice()
    }

    /// The experience with a key.
    #[must_use]
    pub fn experience(&self, key: &str) -> Option<&Experience> {
        self.experiences.by_key(key)
    }

    /// The experience with an id.
    #[must_use]
    pub fn experience_by_id(&self, id: &str) -> Option<&Experience> {
        self.experiences.by_id(id)
    }

    /// The declared features, in config order.
    #[must_use]
    pub fn features(&self) -> &[FeatureDeclaration] {
        self.features.as_slice()
    }

    /// The declared feature with a key.
    #[must_use]
    pub fn feature(&self, key: &str) -> Option<&FeatureDeclaration> {
        self.features.by_key(key)
    }

    /// The declared feature with an id.
    #[must_use]
    pub fn feature_by_id(&self, id: &str) -> Option<&FeatureDeclaration> {
        self.features.by_id(id)
    }

    /// The goals, in config order.
    #[must_use]
    pub fn goals(&self) -> &[Goal] {
        self.goals.as_slice()
    }

    /// The goal with a key.
    #[must_use]
    pub fn goal(&self, key: &str) -> Option<&Goal> {
        self.goals.by_key(key)
    }

    /// The goal with an id.
    #[must_use]
    pub fn goal_by_id(&self, id: &str) -> Option<&Goal> {
        self.goals.by_id(id)
    }

    /// The audiences, in config order.
    #[must_use]
    pub fn audiences(&self) -> &[Audience] {
        self.audiences.as_slice()
    }

    /// The segments, in config order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        self.segments.as_slice()
    }

    /// The locations, in config order.
    #[must_use]
    pub fn locations(&self) -> &[Location] {
        self.locations.as_slice()
    }

    /// What was odd in the served text and how it was read: the first thousand of them.
    #[must_use]
    pub fn warnings(&self) -> &[ConfigWarning] {
        self.warnings.list()
    }

    /// How many warnings there were, those beyond the first thousand included.
    #[must_use]
    pub fn warning_count(&self) -> usize {
        self.warnings.total()
    }

    /// Positions of the experiences that can deliver any feature, whatever the status or traffic of their variations.
    pub(crate) fn feature_carriers(&self) -> &[u32] {
        &self.feature_carriers
    }

    /// How many comparisons with regular expressions were given up for their size or work.
    pub(crate) fn regex_limit_reached(&self) -> u64 {
        self.warnings.patterns.over_limit()
    }

    /// Whether some experience has anchored arms, which stay on a scale of 10,000 whatever `max_traffic` is.
    pub(crate) fn has_anchored_layout(&self) -> bool {
        self.experiences().iter().any(|experience| matches!(experience.layout, Layout::Anchored(_)))
    }
}

impl fmt::Debug for ProjectConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProjectConfig")
            .field("account_id", &self.account_id)
            .field("project_id", &self.project_id)
            .field("experiences", &self.experiences.len())
            .field("features", &self.features.len())
            .field("goals", &self.goals.len())
            .field("audiences", &self.audiences.len())
            .field("segments", &self.segments.len())
            .field("locations", &self.locations.len())
            .field("warnings", &self.warnings.total())
            .finish_non_exhaustive()
    }
}

/// Which experiences can deliver which feature.
struct Carriers {
    by_feature: Vec<Vec<u32>>,
    of_any: Vec<u32>,
    next: u32,
}

impl Carriers {
    fn new(features: usize) -> Self {
        Self { by_feature: vec![Vec::new(); features], of_any: Vec::new(), next: 0 }
    }

    /// Notes the next experience.
    fn add(&mut self, features: &[u32], delivers_features: bool) {
        for &feature in features {
            if let Some(carriers) = self.by_feature.get_mut(feature as usize) {
                carriers.push(self.next);
            }
        }
        if delivers_features {
            self.of_any.push(self.next);
        }
        self.next += 1;
    }
}

fn syntax_error(error: &serde_json::Error) -> ConfigError {
    if is_too_deep(error) {
        ConfigError::TooDeep
    } else if error.is_eof() {
        ConfigError::Truncated
    } else {
        ConfigError::NotJson { reason: error.to_string() }
    }
}

/// What a text is that is no JSON object.
fn not_an_object(text: &str) -> ConfigError {
    let found = match Json::parse(text) {
        Ok(Json::Null) => "null",
        Ok(Json::Bool(_)) => "a boolean",
        Ok(Json::I64(_) | Json::U64(_) | Json::F64(_)) => "a number",
        Ok(Json::Str(_)) => "a text",
        Ok(Json::Array(_)) => "a list",
        Ok(Json::Object(_)) => "an object",
        Err(error) => return syntax_error(&error),
    };
    ConfigError::NotAnObject { found }
}

/// The payload's own words where it has some, else the payload, short enough for a log line.
fn error_message(error: &Json<'_>) -> String {
    let words = error.get("message").unwrap_or(error);
    let text = words.as_str().map_or_else(|| words.to_text(), str::to_owned);
    text.chars().take(300).collect()
}
