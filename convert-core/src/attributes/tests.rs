use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn attributes(value: Value) -> Attributes {
    Attributes::try_from(value).unwrap()
}

#[test]
fn common_types_convert() {
    let attributes = Attributes::from([
        ("bool", AttributeValue::from(true)),
        ("i8", AttributeValue::from(-1_i8)),
        ("u32", AttributeValue::from(1_u32)),
        ("small u64", AttributeValue::from(1_u64)),
        ("large u64", AttributeValue::from(u64::MAX)),
        ("usize", AttributeValue::from(2_usize)),
        ("f32", AttributeValue::from(0.5_f32)),
        ("str", AttributeValue::from("a")),
        ("String", AttributeValue::from(String::from("a"))),
        ("none", AttributeValue::from(None::<i64>)),
        ("some", AttributeValue::from(Some("a"))),
        ("vec", AttributeValue::from(vec![1, 2])),
        ("map", AttributeValue::from(Attributes::new().with("x", 1))),
    ]);
    let expected = json!({
        "bool": true, "i8": -1, "u32": 1, "small u64": 1, "large u64": u64::MAX, "usize": 2, "f32": 0.5,
        "str": "a", "String": "a", "none": null, "some": "a", "vec": [1, 2], "map": {"x": 1},
    });
    assert_eq!(serde_json::to_value(&attributes).unwrap(), expected);
    assert_eq!(Attributes::try_from(&expected).unwrap(), attributes);
    assert_eq!(attributes.get("small u64"), Some(&AttributeValue::I64(1)));
    assert_eq!(attributes.get("large u64"), Some(&AttributeValue::U64(u64::MAX)));
}

#[test]
fn a_set_is_ordered_and_names_are_unique() {
    let mut set = Attributes::from([("b", 1), ("a", 2), ("b", 3)]);
    assert_eq!(set.iter().collect::<Vec<_>>(), [("a", &2.into()), ("b", &3.into())]);
    assert_eq!(set.insert("a", 9), Some(2.into()));
    assert_eq!(set.insert("c", "x"), None);
    assert_eq!(set.remove("b"), Some(3.into()));
    assert_eq!(set.remove("b"), None);
    assert_eq!((set.len(), set.is_empty()), (2, false));
    set.extend([("c", 0)]);
    assert_eq!(set.into_iter().collect::<Vec<_>>(), [("a".into(), 9.into()), ("c".into(), 0.into())]);
}

#[test]
fn names_are_case_sensitive_unless_asked() {
    let set = Attributes::from([("Plan", 1), ("plan", 2), ("LAND", 3)]);
    assert_eq!(set.get("PLAN"), None);
    assert_eq!(set.get_ignoring_case("PLAN"), Some(&1.into()));
    assert_eq!(set.get_ignoring_case("plan"), Some(&2.into()));
    assert_eq!(set.get_ignoring_case("land"), Some(&3.into()));
    assert_eq!(set.get_ignoring_case("other"), None);
}

#[test]
fn merging_is_the_javascript_sdks() {
    let mut older = attributes(json!({
        "scalar": 1, "kept": "k", "map": {"a": 1, "b": [1]}, "list": [1, "1", {"x": 1}], "mixed": [1], "was": {"a": 1},
    }));
    older.merge_from(&attributes(json!({
        "scalar": null, "map": {"b": [2, 1.0], "c": 3}, "list": [2, 2, 1.0, {"x": 1}], "mixed": {"m": 1}, "was": 5,
        "fresh": [1, 1],
    })));
    let expected = json!({
        "scalar": null, "kept": "k", "map": {"a": 1, "b": [2, 1.0], "c": 3}, "list": [2, 1.0, {"x": 1}, "1", {"x": 1}],
        "mixed": {"m": 1}, "was": 5, "fresh": [1, 1],
    });
    assert_eq!(older, attributes(expected));

    let mut empty = Attributes::new();
    empty.merge_from(&older);
    assert_eq!(empty, older);
}

fn nested(levels: usize) -> AttributeValue {
    (0..levels).fold(AttributeValue::from(7), |inner, level| {
        if level % 2 == 0 { AttributeValue::List(vec![inner]) } else { Attributes::new().with("x", inner).into() }
    })
}

#[test]
fn depth_is_bounded() {
    // The set itself is the first level.
    assert_eq!(Attributes::new().with("x", nested(127)).check_depth(), Ok(()));
    assert_eq!(Attributes::new().with("x", nested(128)).check_depth(), Err(AttributeError::TooDeep));

    let value = |levels: usize| (0..levels).fold(json!(7), |inner, _| json!({ "x": inner }));
    assert!(Attributes::try_from(value(128)).unwrap().check_depth().is_ok());
    assert_eq!(Attributes::try_from(value(129)), Err(AttributeError::TooDeep));
    assert!(AttributeValue::try_from(value(128)).unwrap().fits_in(128));
    assert_eq!(AttributeValue::try_from(value(129)), Err(AttributeError::TooDeep));
}

#[test]
fn what_is_far_too_deep_drops_without_recursion() {
    let deep = Attributes::new().with("x", nested(1_000_000));
    assert_eq!(deep.check_depth(), Err(AttributeError::TooDeep));
    drop(deep);
    assert_eq!(nested(1_000_000).unless_too_deep(), None);
    assert_eq!(nested(128).unless_too_deep(), Some(nested(128)));
    assert_eq!(nested(129).unless_too_deep(), None);
}

#[test]
fn only_objects_are_sets() {
    assert_eq!(Attributes::try_from(json!([1])), Err(AttributeError::NotAnObject));
    assert!(serde_json::from_str::<Attributes>("7").is_err());
    let read: Attributes = serde_json::from_str(r#"{"a":1,"a":2}"#).unwrap();
    assert_eq!(read, Attributes::from([("a", 2)]));
}

proptest! {
    #[test]
    fn a_lookup_finds_what_a_map_finds(entries in prop::collection::vec(("[a-e]{0,2}", any::<i64>()), 0..24)) {
        let set: Attributes = entries.clone().into_iter().collect();
        let map: std::collections::BTreeMap<String, i64> = entries.into_iter().collect();
        prop_assert_eq!(set.len(), map.len());
        for (name, number) in &map {
            prop_assert_eq!(set.get(name), Some(&AttributeValue::I64(*number)));
        }
        prop_assert_eq!(set.get("zz"), None);
    }

    #[test]
    fn a_set_survives_its_json(entries in prop::collection::btree_map(".*", any::<f64>(), 0..12)) {
        let set: Attributes = entries.into_iter().collect();
        let read: Attributes = serde_json::from_str(&serde_json::to_string(&set).unwrap()).unwrap();
        prop_assert_eq!(read.len(), set.len());
        for (name, value) in set.iter() {
            prop_assert!(read.get(name).unwrap().is_same(value), "{} {:?}", name, value);
        }
    }
}

#[test]
fn an_attribute_that_is_not_known_is_left_out() {
    let plan = |known: Option<&str>| Attributes::from(known.map(|plan| ("plan", plan)));
    assert_eq!(plan(Some("gold")), Attributes::from([("plan", "gold")]));
    assert!(plan(None).is_empty());
}
