//! The body of a tracking request.

use std::io::Write as _;

use hashbrown::HashMap;

use super::event::{EventKind, TrackingEvent};
use crate::attributes::{AttributeValue, Attributes};
use crate::js::NumberText;

/// What every body says besides its events.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope<'a> {
    pub(crate) enrich_data: bool,
    pub(crate) account_id: &'a str,
    pub(crate) project_id: &'a str,
    pub(crate) source: &'a str,
}

impl Envelope<'_> {
    /// An upper bound of the bytes a body has besides its events.
    pub(crate) fn size_bound(&self) -> usize {
        80 + text_bound(self.account_id) + text_bound(self.project_id) + text_bound(self.source)
    }
}

/// A body, and how many visitors are in it.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    pub(crate) visitors: usize,
}

/// Writes the events, grouped by visitor in the order the visitors were first seen.
pub(crate) fn write<'a>(envelope: &Envelope<'_>, events: impl ExactSizeIterator<Item = &'a TrackingEvent>) -> Body {
    let mut groups: HashMap<&str, usize> = HashMap::with_capacity(events.len());
    let mut order: Vec<(usize, &TrackingEvent)> = Vec::with_capacity(events.len());
    for event in events {
        let next = groups.len();
        order.push((*groups.entry(&*event.visitor).or_insert(next), event));
    }
    // Stable, so each visitor's events keep their order.
    order.sort_by_key(|(group, _)| *group);

    let mut out = Vec::with_capacity(envelope.size_bound() + 256 * order.len());
    out.extend_from_slice(b"{\"enrichData\":");
    out.extend_from_slice(if envelope.enrich_data { b"true" } else { b"false" });
    out.extend_from_slice(b",\"accountId\":");
    write_text(&mut out, envelope.account_id);
    out.extend_from_slice(b",\"projectId\":");
    write_text(&mut out, envelope.project_id);
    out.extend_from_slice(b",\"source\":");
    write_text(&mut out, envelope.source);
    out.extend_from_slice(b",\"visitors\":[");
    write_list(&mut out, order.chunk_by(|(a, _), (b, _)| a == b), write_visitor);
    out.extend_from_slice(b"]}");
    Body { bytes: out, visitors: groups.len() }
}

fn write_visitor(out: &mut Vec<u8>, events: &[(usize, &TrackingEvent)]) {
    let Some((_, first)) = events.first() else { return };
    out.extend_from_slice(b"{\"visitorId\":");
    write_text(out, &first.visitor);
    let segments = events.iter().rev().filter_map(|(_, event)| event.segments.as_deref()).find(|set| !set.is_empty());
    if let Some(segments) = segments {
        out.extend_from_slice(b",\"segments\":");
        write_map(out, segments);
    }
    out.extend_from_slice(b",\"events\":[");
    write_list(out, events.iter(), |out, (_, event)| write_event(out, event));
    out.extend_from_slice(b"]}");
}

fn write_event(out: &mut Vec<u8>, event: &TrackingEvent) {
    match &event.kind {
        EventKind::Bucketing { experience_id, variation_id } => {
            out.extend_from_slice(b"{\"eventType\":\"bucketing\",\"data\":{\"experienceId\":");
            write_text(out, experience_id);
            out.extend_from_slice(b",\"variationId\":");
            write_text(out, variation_id);
        }
        EventKind::Conversion { goal_id, transaction, bucketing } => {
            out.extend_from_slice(b"{\"eventType\":\"conversion\",\"data\":{\"goalId\":");
            write_text(out, goal_id);
            if let Some(transaction) = transaction {
                out.extend_from_slice(b",\"goalData\":[");
                write_list(out, transaction.goal_data.iter(), |out, (key, value)| {
                    out.extend_from_slice(b"{\"key\":");
                    write_text(out, key);
                    out.extend_from_slice(b",\"value\":");
                    write_value(out, value);
                    out.push(b'}');
                });
                out.push(b']');
            }
            if let Some(bucketing) = bucketing {
                out.extend_from_slice(b",\"bucketingData\":{");
                write_list(out, bucketing.iter(), |out, (experience_id, variation_id)| {
                    write_text(out, experience_id);
                    out.push(b':');
                    write_text(out, variation_id);
                });
                out.push(b'}');
            }
        }
    }
    out.extend_from_slice(b"}}");
}

fn write_list<T>(out: &mut Vec<u8>, items: impl Iterator<Item = T>, mut write: impl FnMut(&mut Vec<u8>, T)) {
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(out, item);
    }
}

fn write_map(out: &mut Vec<u8>, map: &Attributes) {
    out.push(b'{');
    write_list(out, map.iter(), |out, (key, value)| {
        write_text(out, key);
        out.push(b':');
        write_value(out, value);
    });
    out.push(b'}');
}

/// As `JSON.stringify` writes it. The depth of values is bounded where they enter the SDK.
fn write_value(out: &mut Vec<u8>, value: &AttributeValue) {
    match value {
        AttributeValue::Bool(true) => out.extend_from_slice(b"true"),
        AttributeValue::Bool(false) => out.extend_from_slice(b"false"),
        // Writing to a Vec cannot fail.
        AttributeValue::I64(number) => drop(write!(out, "{number}")),
        AttributeValue::U64(number) => drop(write!(out, "{number}")),
        AttributeValue::F64(number) if number.is_finite() => {
            out.extend_from_slice(NumberText::new(*number).as_str().as_bytes());
        }
        AttributeValue::Null | AttributeValue::F64(_) => out.extend_from_slice(b"null"),
        AttributeValue::Text(text) => write_text(out, text),
        AttributeValue::List(items) => {
            out.push(b'[');
            write_list(out, items.iter(), write_value);
            out.push(b']');
        }
        AttributeValue::Map(map) => write_map(out, map),
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    // Writing a text to a Vec cannot fail.
    let _ = serde_json::to_writer(out, text);
}

/// An upper bound of the bytes that the event adds to a body.
pub(crate) fn size_bound(event: &TrackingEvent) -> u32 {
    /// The fixed texts of a visitor and an event, with their commas.
    const FRAME: usize = 144;
    let segments = event.segments.as_deref().map_or(0, map_bound);
    let kind = match &event.kind {
        EventKind::Bucketing { experience_id, variation_id } => text_bound(experience_id) + text_bound(variation_id),
        EventKind::Conversion { goal_id, transaction, bucketing } => {
            let goal_data = transaction.iter().flat_map(|transaction| &transaction.goal_data);
            let goal_data: usize = goal_data.map(|(key, value)| 20 + text_bound(key) + value_bound(value)).sum();
            let bucketing = bucketing.iter().flat_map(|pairs| pairs.iter());
            let bucketing: usize = bucketing.map(|(key, value)| 2 + text_bound(key) + text_bound(value)).sum();
            text_bound(goal_id) + 32 + goal_data + bucketing
        }
    };
    u32::try_from(FRAME + text_bound(&event.visitor) + segments + kind).unwrap_or(u32::MAX)
}

fn map_bound(map: &Attributes) -> usize {
    map.iter().map(|(key, value)| 2 + text_bound(key) + value_bound(value)).sum::<usize>() + 2
}

fn value_bound(value: &AttributeValue) -> usize {
    match value {
        // The longest number is a negative one with 17 digits and an exponent.
        AttributeValue::Null
        | AttributeValue::Bool(_)
        | AttributeValue::I64(_)
        | AttributeValue::U64(_)
        | AttributeValue::F64(_) => 32,
        AttributeValue::Text(text) => text_bound(text),
        AttributeValue::List(items) => items.iter().map(|item| 1 + value_bound(item)).sum::<usize>() + 2,
        AttributeValue::Map(map) => map_bound(map),
    }
}

/// The quotes, and up to six bytes (`\u001f`) for each one that is escaped.
#[inline]
fn text_bound(text: &str) -> usize {
    let bytes = text.as_bytes();
    let escaped = if has_escaped(bytes) { bytes.iter().filter(|byte| is_escaped(**byte)).count() } else { 0 };
    bytes.len() + 2 + 5 * escaped
}

fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Whether any byte is escaped. Looked at in blocks: every event's texts pass here, and most have none.
#[inline]
fn has_escaped(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk() else { return bytes.iter().any(|byte| is_escaped(*byte)) };
    // The last block overlaps the one before it.
    bytes.chunks_exact(8).filter_map(|block| block.first_chunk()).chain([last]).any(|block| block_has_escaped(*block))
}

#[inline]
fn block_has_escaped(block: [u8; 8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const TOPS: u64 = u64::from_ne_bytes([0x80; 8]);
    let block = u64::from_ne_bytes(block);
    // A byte below `limit` borrows into its top bit, which it does not have itself.
    let has_below = |block: u64, limit: u64| block.wrapping_sub(ONES * limit) & !block & TOPS;
    let has = |byte: u8| has_below(block ^ (ONES * u64::from(byte)), 1);
    has_below(block, 0x20) | has(b'"') | has(b'\\') != 0
}

#[cfg(test)]
mod tests;
