use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::text::Text;
use crate::tracking::Transaction;

const ENVELOPE: Envelope<'_> = Envelope { enrich_data: true, account_id: "100", project_id: "200", source: "rust-sdk" };

fn bucketing(visitor: &str, experience: &str, variation: &str) -> TrackingEvent {
    let kind = EventKind::Bucketing { experience_id: experience.into(), variation_id: variation.into() };
    TrackingEvent { visitor: visitor.into(), segments: None, kind }
}

fn conversion(visitor: &str, goal: &str) -> TrackingEvent {
    let kind = EventKind::Conversion { goal_id: goal.into(), transaction: None, bucketing: None };
    TrackingEvent { visitor: visitor.into(), segments: None, kind }
}

fn with_segments(mut event: TrackingEvent, segments: Attributes) -> TrackingEvent {
    event.segments = Some(Arc::new(segments));
    event
}

fn body(events: &[TrackingEvent]) -> (Value, String, usize) {
    let body = write(&ENVELOPE, events.iter());
    let text = String::from_utf8(body.bytes).unwrap();
    (serde_json::from_str(&text).unwrap(), text, body.visitors)
}

#[test]
fn the_body_has_the_wire_shape() {
    let pairs: Arc<[(Text, Text)]> = [("e1".into(), "v1".into()), ("e2".into(), "v2".into())].into();
    let goal_data = vec![
        ("amount".into(), 10.5.into()),
        ("productsCount".into(), 2.0.into()),
        ("transactionId".into(), "tx-1".into()),
        ("customDimension1".into(), AttributeValue::List(vec!["a".into(), "b".into()])),
    ];
    let transaction = TrackingEvent {
        visitor: "ann".into(),
        segments: None,
        kind: EventKind::Conversion {
            goal_id: "g1".into(),
            transaction: Some(Arc::new(Transaction { goal_data })),
            bucketing: Some(pairs),
        },
    };
    let (value, _, visitors) =
        body(&[bucketing("ann", "e1", "v1"), bucketing("bob", "e1", "v9"), conversion("ann", "g1"), transaction]);
    assert_eq!(visitors, 2);
    assert_eq!(
        value,
        json!({
            "enrichData": true, "accountId": "100", "projectId": "200", "source": "rust-sdk",
            "visitors": [
                { "visitorId": "ann", "events": [
                    { "eventType": "bucketing", "data": { "experienceId": "e1", "variationId": "v1" } },
                    { "eventType": "conversion", "data": { "goalId": "g1" } },
                    { "eventType": "conversion", "data": {
                        "goalId": "g1",
                        "goalData": [
                            { "key": "amount", "value": 10.5 },
                            { "key": "productsCount", "value": 2 },
                            { "key": "transactionId", "value": "tx-1" },
                            { "key": "customDimension1", "value": ["a", "b"] },
                        ],
                        "bucketingData": { "e1": "v1", "e2": "v2" },
                    } },
                ] },
                { "visitorId": "bob", "events": [
                    { "eventType": "bucketing", "data": { "experienceId": "e1", "variationId": "v9" } },
                ] },
            ],
        })
    );
}

#[test]
fn the_last_segments_that_are_not_empty_are_sent() {
    let first = with_segments(bucketing("ann", "e", "v"), Attributes::new().with("country", "NL"));
    let second = with_segments(conversion("ann", "g"), Attributes::new().with("country", "BE"));
    let empty = with_segments(conversion("ann", "g"), Attributes::new());
    let (value, ..) = body(&[first, second, conversion("ann", "g"), empty, conversion("bob", "g")]);
    assert_eq!(value["visitors"][0]["segments"], json!({ "country": "BE" }));
    assert_eq!(value["visitors"][1].get("segments"), None);
}

#[test]
fn visitors_come_in_first_seen_order_and_keep_their_events_in_order() {
    let visitors = ["c", "a", "b", "a", "c", "b", "a"];
    let events: Vec<_> = visitors.iter().enumerate().map(|(n, id)| conversion(id, &n.to_string())).collect();
    let (value, ..) = body(&events);
    let seen: Vec<(String, Vec<String>)> = value["visitors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|visitor| {
            let goals = visitor["events"].as_array().unwrap().iter();
            let goals = goals.map(|event| event["data"]["goalId"].as_str().unwrap().to_owned());
            (visitor["visitorId"].as_str().unwrap().to_owned(), goals.collect())
        })
        .collect();
    let expected = [("c", vec!["0", "4"]), ("a", vec!["1", "3", "6"]), ("b", vec!["2", "5"])];
    let expected: Vec<_> =
        expected.map(|(id, goals)| (id.to_owned(), goals.into_iter().map(str::to_owned).collect())).into();
    assert_eq!(seen, expected);
}

#[test]
fn numbers_are_written_as_javascript_writes_them() {
    for (number, text) in
        [(1.0, "1"), (-0.0, "0"), (0.1, "0.1"), (1e21, "1e+21"), (1e-7, "1e-7"), (123_456_789.5, "123456789.5")]
    {
        let mut out = Vec::new();
        write_value(&mut out, &AttributeValue::F64(number));
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }
}

#[test]
fn odd_visitor_ids_stay_valid_json() {
    for id in ["\0", "line\nbreak", "quote\"", "back\\slash", "😀", "\u{2028}", "\u{7f}"] {
        assert_eq!(body(&[conversion(id, "g")]).0["visitors"][0]["visitorId"], json!(id));
    }
}

fn attribute() -> impl Strategy<Value = AttributeValue> {
    let leaf = prop_oneof![
        Just(AttributeValue::Null),
        any::<bool>().prop_map(AttributeValue::Bool),
        any::<i64>().prop_map(AttributeValue::I64),
        any::<u64>().prop_map(AttributeValue::U64),
        any::<f64>().prop_map(AttributeValue::F64),
        any::<String>().prop_map(|text| AttributeValue::Text(text.into())),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(AttributeValue::List),
            prop::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|pairs| AttributeValue::Map(pairs.into_iter().collect())),
        ]
    })
}

fn event() -> impl Strategy<Value = TrackingEvent> {
    let pairs = |value| prop::collection::vec((any::<String>(), value), 0..4);
    let segments = prop::option::of(pairs(attribute().boxed()))
        .prop_map(|pairs| pairs.map(|pairs| Arc::new(pairs.into_iter().collect::<Attributes>())));
    let bucketing = (any::<String>(), any::<String>())
        .prop_map(|(e, v)| EventKind::Bucketing { experience_id: e.into(), variation_id: v.into() });
    let conversion = (
        any::<String>(),
        prop::option::of(pairs(attribute().boxed())),
        prop::option::of(pairs(any::<String>().prop_map(|text| AttributeValue::Text(text.into())).boxed())),
    )
        .prop_map(|(goal, data, stored)| EventKind::Conversion {
            goal_id: goal.into(),
            transaction: data.map(|data| {
                let goal_data = data.into_iter().map(|(key, value)| (key.into(), value)).collect();
                Arc::new(Transaction { goal_data })
            }),
            bucketing: stored.map(|stored| stored.iter().map(|(key, _)| (key.into(), key.into())).collect()),
        });
    (any::<String>(), segments, prop_oneof![bucketing, conversion])
        .prop_map(|(visitor, segments, kind)| TrackingEvent { visitor: visitor.into(), segments, kind })
}

proptest! {
    #[test]
    fn every_body_is_json_and_no_larger_than_its_bound(events in prop::collection::vec(event(), 0..12)) {
        let (value, text, visitors) = body(&events);
        prop_assert_eq!(value["visitors"].as_array().unwrap().len(), visitors);
        let bound: usize = events.iter().map(|event| size_bound(event) as usize).sum();
        prop_assert!(text.len() <= bound + ENVELOPE.size_bound(), "{} > {}", text.len(), bound);
    }
}

#[test]
fn the_bound_counts_every_escaped_byte() {
    for length in 1..20 {
        for (place, byte) in (0..length).flat_map(|place| (0..0x80).map(move |byte| (place, byte))) {
            let mut text = vec![b'x'; length];
            text[place] = byte;
            let escaped = usize::from(byte < 0x20 || byte == b'"' || byte == b'\\');
            let text = String::from_utf8(text).unwrap();
            assert_eq!(text_bound(&text), length + 2 + 5 * escaped, "{text:?}");
        }
    }
    let several = "😀 \"é\" and\na line";
    assert_eq!(text_bound(several), several.len() + 2 + 5 * 3);
}
