//! Variations and the changes they make.

use super::extra::Extra;
use super::feature::FeatureDeclaration;
use super::identity::{Identity, identified};
use super::index::Collection;
use super::layout::Arm;
use super::places::Places;
use super::reader::{Place, list, text};
use super::variable::Variable;
use super::warnings::Warnings;
use crate::js;
use crate::json::Json;
use crate::text::Text;

const FEATURE_CHANGE: &str = "fullStackFeature";

/// A variation of an experience.
#[derive(Debug)]
pub struct Variation {
    identity: Identity,
    status: Text,
    traffic_allocation: f64,
    changes: Box<[Change]>,
    extra: Option<Box<str>>,
}

identified!(Variation, "variation");

impl Variation {
    /// The status as served; empty where the config gives none, which counts as `running`. Any other status takes no
    /// new visitors, and keeps those it has.
    #[must_use]
    pub fn status(&self) -> &str {
        &self.status
    }

    /// Percent of the traffic, as it was read: 100 where the config gives none.
    #[must_use]
    pub fn traffic_allocation(&self) -> f64 {
        self.traffic_allocation
    }

    /// What the variation changes.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The members that this SDK does not know, as the text of one JSON object.
    #[must_use]
    pub fn extra(&self) -> Option<&str> {
        self.extra.as_deref()
    }
}

/// One change of a variation.
#[derive(Debug)]
pub struct Change {
    id: Text,
    kind: Text,
    feature: Option<FeatureChange>,
    extra: Option<Box<str>>,
}

/// The part of a change that delivers a feature.
#[derive(Debug)]
pub(crate) struct FeatureChange {
    pub(crate) feature_id: Text,
    /// The declaration's position; `None` where the project declares no such feature.
    pub(crate) declaration: Option<u32>,
    /// `None` where the change has no `variables_data`.
    pub(crate) variables: Option<Box<[Variable]>>,
}

impl Change {
    /// The change's id; empty where the config gives none.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The change's type, such as `fullStackFeature` or `customCode`; only the former does anything in this SDK.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The id of the feature it delivers, if it delivers one.
    #[must_use]
    pub fn feature_id(&self) -> Option<&str> {
        self.feature.as_ref().map(|feature| feature.feature_id.as_str())
    }

    /// The variables it gives the feature; `None` where it delivers none or has no `variables_data`.
    #[must_use]
    pub fn variables(&self) -> Option<&[Variable]> {
        self.feature.as_ref()?.variables.as_deref()
    }

    /// The members that this SDK does not know, as the text of one JSON object. Those of `data` are inside `data`.
    #[must_use]
    pub fn extra(&self) -> Option<&str> {
        self.extra.as_deref()
    }

    pub(crate) fn feature(&self) -> Option<&FeatureChange> {
        self.feature.as_ref()
    }
}

/// The variations of one experience, just read.
#[derive(Default)]
pub(super) struct Variations {
    pub(super) variations: Vec<Variation>,
    by_id: Places,
    /// As many as were served with an id: a repeated id has no variation of its own, but takes part in the layout.
    pub(super) arms: Vec<Arm>,
    /// Positions of the declared features delivered, ascending.
    pub(super) features: Vec<u32>,
    /// Whether any feature is delivered, declared or not.
    pub(super) delivers_features: bool,
}

impl Variations {
    pub(super) fn read(
        served: &[Json<'_>],
        features: &Collection<FeatureDeclaration>,
        place: &Place<'_>,
        warnings: &mut Warnings,
    ) -> Self {
        let mut all = Self {
            variations: Vec::with_capacity(served.len()),
            arms: Vec::with_capacity(served.len()),
            ..Self::default()
        };
        for variation in served {
            all.push(variation, features, place, warnings);
        }
        all.features.sort_unstable();
        all.features.dedup();
        all
    }

    fn push(
        &mut self,
        served: &Json<'_>,
        features: &Collection<FeatureDeclaration>,
        place: &Place<'_>,
        warnings: &mut Warnings,
    ) {
        let changes = changes(served, features, place, warnings);
        // An experience can carry a feature by any of its variations, also by one that is skipped below.
        for change in changes.iter().filter_map(Change::feature) {
            self.delivers_features = true;
            self.features.extend(change.declaration);
        }
        let Some(identity) = Identity::read(served) else {
            place.warn(warnings, "a variation has no usable id (a non-empty text or a number) and is skipped");
            return;
        };
        let weight = traffic_allocation(served, &identity.id, place, warnings);
        let status = status(served);
        let earlier = self.by_id.find_in_growing(&self.variations, &identity.id, Variation::id);
        let Ok(position) = u32::try_from(earlier.unwrap_or(self.variations.len())) else { return };
        let running = status.is_empty() || status == "running";
        self.arms.push(Arm { id: identity.id.clone(), variation: position, weight, running });
        if earlier.is_some() {
            place.warn(warnings, format!("variation {} is there twice; only the first is returned", identity.id));
            return;
        }
        let modelled = &["id", "key", "name", "status", "traffic_allocation", "changes"];
        let extra = Extra::of(served, modelled).to_text();
        self.variations.push(Variation { identity, status, traffic_allocation: weight, changes, extra });
    }
}

/// Empty for what JavaScript takes as false.
fn status(served: &Json<'_>) -> Text {
    match served.get("status") {
        Some(status) if !status.is_falsy() => Text::new(status.js_string()),
        _ => Text::default(),
    }
}

/// A number or a numeric text is itself; missing is 100, and so, with a warning, is everything else.
fn traffic_allocation(served: &Json<'_>, id: &str, place: &Place<'_>, warnings: &mut Warnings) -> f64 {
    let weight = match served.get("traffic_allocation") {
        None => return 100.0,
        Some(number @ (Json::I64(_) | Json::U64(_) | Json::F64(_))) => number.js_number(),
        Some(text @ Json::Str(content)) if !js::trim(content).is_empty() => text.js_number(),
        Some(_) => f64::NAN,
    };
    if weight.is_finite() {
        return weight;
    }
    place.warn(warnings, format!("`traffic_allocation` of variation {id} is not a number and is read as 100"));
    100.0
}

fn changes(
    served: &Json<'_>,
    features: &Collection<FeatureDeclaration>,
    place: &Place<'_>,
    warnings: &mut Warnings,
) -> Box<[Change]> {
    let served = list(served, "changes", place, warnings);
    let mut changes = Vec::with_capacity(served.len());
    changes.extend(served.iter().filter_map(|change| Change::read(change, features, place, warnings)));
    changes.into_boxed_slice()
}

impl Change {
    fn read(
        served: &Json<'_>,
        features: &Collection<FeatureDeclaration>,
        place: &Place<'_>,
        warnings: &mut Warnings,
    ) -> Option<Self> {
        let Json::Object(_) = served else {
            place.warn(warnings, "a change is not an object and is skipped");
            return None;
        };
        let id = served.get("id").and_then(Json::id).unwrap_or_default();
        let kind = text(served, "type");
        let feature =
            if kind == FEATURE_CHANGE { FeatureChange::read(served, features, place, warnings) } else { None };
        let mut extra = Extra::of(served, &["id", "type"]);
        if feature.is_some() {
            extra = extra.without_data(&["feature_id", "variables_data"]);
        }
        Some(Self { id, kind, feature, extra: extra.to_text() })
    }
}

impl FeatureChange {
    fn read(
        served: &Json<'_>,
        features: &Collection<FeatureDeclaration>,
        place: &Place<'_>,
        warnings: &mut Warnings,
    ) -> Option<Self> {
        let data = served.get("data");
        let Some(feature_id) = data.and_then(|data| data.get("feature_id")?.id()) else {
            place.warn(warnings, "a change has no usable feature_id and delivers no feature");
            return None;
        };
        let declaration = features.position_by_id(&feature_id);
        let declared = declaration.and_then(|at| features.at(at));
        let variables = match data.and_then(|data| data.get("variables_data")) {
            Some(Json::Object(members)) => Some(Variable::read_all(members, declared)),
            Some(other) if !other.is_falsy() => {
                place.warn(
                    warnings,
                    format!("`variables_data` of feature {feature_id} is not an object and is ignored"),
                );
                None
            }
            _ => None,
        };
        Some(Self { feature_id, declaration, variables })
    }
}
