//! Any rule on any value: it matches or not, the same each time, within the work that it is allowed.
#![no_main]

use arbitrary::Arbitrary;
use convert_core::testing::{
    ConfigBuilder, EntityBuilder, ExperienceBuilder, RecordingTransport, Rules, VariationBuilder,
};
use convert_core::{AttributeValue, Attributes, ContextOptions, Core};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    items: Vec<Item<'a>>,
    values: Vec<(Key, Scalar<'a>)>,
}

#[derive(Arbitrary, Debug)]
struct Item<'a> {
    operator: Operator,
    key: Key,
    negated: Option<bool>,
    value: Scalar<'a>,
    /// Whether it is an alternative to the one before.
    or: bool,
}

#[derive(Arbitrary, Debug)]
enum Operator {
    Equals,
    Less,
    LessEqual,
    Contains,
    IsIn,
    StartsWith,
    EndsWith,
    Regex,
    Exists,
    NotExists,
    Unknown,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Key {
    A,
    B,
    C,
}

#[derive(Arbitrary, Debug)]
enum Scalar<'a> {
    Null,
    Bool(bool),
    Whole(i64),
    Float(f64),
    Text(&'a str),
    List(Vec<&'a str>),
}

impl Operator {
    fn name(&self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::Less => "less",
            Self::LessEqual => "lessEqual",
            Self::Contains => "contains",
            Self::IsIn => "isIn",
            Self::StartsWith => "startsWith",
            Self::EndsWith => "endsWith",
            Self::Regex => "regexMatches",
            Self::Exists => "exists",
            Self::NotExists => "not_exists",
            Self::Unknown => "sounds_like",
        }
    }
}

impl Key {
    fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
            Self::C => "c",
        }
    }
}

impl Scalar<'_> {
    fn json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => json!(value),
            Self::Whole(value) => json!(value),
            Self::Float(value) => json!(value),
            Self::Text(value) => json!(value),
            Self::List(values) => json!(values),
        }
    }
}

fn rules(items: &[Item]) -> Value {
    let mut all: Vec<Vec<Value>> = Vec::new();
    for item in items {
        let mut matching = json!({"match_type": item.operator.name()});
        if let Some(negated) = item.negated {
            matching["negated"] = json!(negated);
        }
        let leaf = json!({
            "rule_type": "generic_text_key_value", "matching": matching, "key": item.key.name(), "value": item.value.json()
        });
        match all.last_mut() {
            Some(any) if item.or => any.push(leaf),
            _ => all.push(vec![leaf]),
        }
    }
    let all: Vec<Value> = all.into_iter().map(|any| json!({"OR_WHEN": any})).collect();
    json!({"OR": [{"AND": all}]})
}

fuzz_target!(|case: Case| {
    let config = ConfigBuilder::new()
        .audience(EntityBuilder::new("5", "audience").rules(Rules::raw(rules(&case.items))))
        .experience(
            ExperienceBuilder::new("10", "page")
                .audiences(["5"])
                .variation(VariationBuilder::new("101", "a").traffic(100.0)),
        );
    let core =
        Core::builder().config_json(config.to_json()).async_transport(RecordingTransport::new()).build().unwrap();
    core.set_tracking_enabled(false);
    let attributes: Attributes = case
        .values
        .iter()
        .map(|(key, value)| (key.name(), AttributeValue::try_from(value.json()).unwrap_or(AttributeValue::Null)))
        .collect();
    let visitor = core.create_context_with("visitor-1", ContextOptions::new().attributes(attributes)).unwrap();
    let explained = visitor.explain_experience("page").reason;
    assert_eq!(visitor.run_experience("page").is_some(), explained.is_resolved());
    assert_eq!(visitor.explain_experience("page").reason.is_resolved(), explained.is_resolved());
});
