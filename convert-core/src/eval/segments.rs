//! Report segments and custom segments.

use std::sync::Arc;

use crate::attributes::{AttributeValue, Attributes};
use crate::rules::{RuleOutcome, RuleSource};
use crate::text::Text;
use crate::visitor::{CUSTOM_SEGMENTS, is_report_segment};

use super::call::{Call, custom_segments};

/// Splits attributes into report segments and the rest.
pub(crate) fn split_report_segments(attributes: Attributes) -> (Attributes, Attributes) {
    if !attributes.iter().any(|(key, _)| is_report_segment(key)) {
        return (Attributes::new(), attributes);
    }
    attributes.into_iter().partition(|(key, _)| is_report_segment(key))
}

/// The report segments among `segments`, for the wire; `None` where there are none.
pub(crate) fn report_segments(segments: Attributes) -> Option<Arc<Attributes>> {
    let (report, _) = split_report_segments(segments);
    (!report.is_empty()).then(|| Arc::new(report))
}

/// The custom segments of `keys` that the visitor newly belongs to, in config order.
///
/// Once one has matched, every later one is added without evaluation, as in the reference. Segments that the visitor
/// is in already are skipped. `call.attributes` hold the rule data too.
pub(crate) fn match_custom_segments(call: &Call<'_>, keys: &[&str]) -> Vec<Text> {
    let mut matched = Vec::new();
    let mut latch = false;
    for segment in call.config.segments().iter().filter(|segment| keys.contains(&segment.key())) {
        if !latch {
            let Some(rules) = &segment.rules else { continue };
            // Attributes have no errors, as a provider may.
            let outcome = rules.evaluate(&call.input(RuleSource::Attributes(call.attributes), None));
            latch = outcome == RuleOutcome::Matched;
        }
        if latch && !call.is_in_segment(segment.id()) {
            matched.push(segment.id().into());
        }
    }
    matched
}

/// The segments to merge where custom segments were matched: the stored list, then the new ones.
pub(crate) fn with_custom_segments(stored: Option<&Attributes>, matched: &[Text]) -> Attributes {
    let known = custom_segments(stored).iter().cloned();
    let list = known.chain(matched.iter().cloned().map(AttributeValue::Text)).collect();
    Attributes::new().with(CUSTOM_SEGMENTS, AttributeValue::List(list))
}
