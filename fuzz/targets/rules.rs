//! Any rule on any value, in an audience or a location: it matches or not, the same each time, within the work that it is
//! allowed.
#![no_main]

use std::borrow::Cow;
use std::sync::Arc;

use arbitrary::Arbitrary;
use convert_core::testing::{
    ConfigBuilder, EntityBuilder, ExperienceBuilder, RecordingTransport, Rules, VariationBuilder,
};
use convert_core::{AttributeValue, Attributes, CallOptions, ContextOptions, Core, Lookup, RuleData, RuleItem};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    items: Vec<Item<'a>>,
    values: Vec<(Key, Scalar<'a>)>,
    place: Place,
    /// Whether the visitor is bucketed into the experience that leaves may ask about.
    bucketed: bool,
}

/// Where the rules are, and what answers them.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum Place {
    Audience,
    Location,
    /// A location, with an app's own provider.
    Provider(Option<Unknown>),
}

/// What a provider says instead of a value.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum Unknown {
    NoDataFound,
    NeedMoreData,
}

#[derive(Arbitrary, Debug)]
struct Item<'a> {
    kind: Kind,
    operator: Operator,
    key: Key,
    negated: Option<bool>,
    /// `None`: the rule has no such member.
    value: Option<Scalar<'a>>,
    /// Whether it is an alternative to the one before.
    or: bool,
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum Kind {
    Text,
    Numeric,
    JsCondition,
    /// Asks whether the visitor is bucketed into an experience: into `other`, or into what the value names.
    BucketedInto {
        other: bool,
    },
    Untyped,
}

#[derive(Arbitrary, Debug)]
enum Operator {
    Equals,
    EqualsNumber,
    Matches,
    Less,
    LessEqual,
    Contains,
    IsIn,
    StartsWith,
    EndsWith,
    Regex,
    Exists,
    NotExists,
    DoesNotExist,
    Unknown,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Key {
    A,
    /// The same, since letters' cases are one.
    UpperA,
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

impl Kind {
    fn rule_type(self) -> Option<&'static str> {
        match self {
            Self::Text => Some("generic_text_key_value"),
            Self::Numeric => Some("generic_numeric_key_value"),
            Self::JsCondition => Some("js_condition"),
            Self::BucketedInto { .. } => Some("bucketed_into_experience_key"),
            Self::Untyped => None,
        }
    }
}

impl Operator {
    fn name(&self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::EqualsNumber => "equalsNumber",
            Self::Matches => "matches",
            Self::Less => "less",
            Self::LessEqual => "lessEqual",
            Self::Contains => "contains",
            Self::IsIn => "isIn",
            Self::StartsWith => "startsWith",
            Self::EndsWith => "endsWith",
            Self::Regex => "regexMatches",
            Self::Exists => "exists",
            Self::NotExists => "not_exists",
            Self::DoesNotExist => "doesNotExist",
            Self::Unknown => "sounds_like",
        }
    }
}

impl Key {
    fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::UpperA => "A",
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

impl Item<'_> {
    fn json(&self, negated: Option<bool>) -> Value {
        let mut leaf = json!({"matching": {"match_type": self.operator.name()}, "key": self.key.name()});
        if let Some(negated) = negated {
            leaf["matching"]["negated"] = json!(negated);
        }
        if let Some(rule_type) = self.kind.rule_type() {
            leaf["rule_type"] = json!(rule_type);
        }
        if let Some(value) = &self.value {
            leaf["value"] = value.json();
        }
        if self.kind == (Kind::BucketedInto { other: true }) {
            leaf["value"] = json!("other");
        }
        leaf
    }
}

/// An app's own provider: it has the values, or says why not.
#[derive(Debug)]
struct Provider {
    values: Attributes,
    unknown: Option<Unknown>,
}

impl RuleData for Provider {
    fn lookup(&self, item: &RuleItem<'_>) -> Lookup<'_> {
        match (item.key().and_then(|key| self.values.get(key)), self.unknown) {
            (Some(value), _) => Lookup::Value(Cow::Borrowed(value)),
            (None, None) => Lookup::Missing,
            (None, Some(Unknown::NoDataFound)) => Lookup::NoDataFound,
            (None, Some(Unknown::NeedMoreData)) => Lookup::NeedMoreData,
        }
    }
}

impl Case<'_> {
    fn rules(&self) -> Value {
        let mut all: Vec<Vec<Value>> = Vec::new();
        for item in &self.items {
            let leaf = item.json(item.negated);
            match all.last_mut() {
                Some(any) if item.or => any.push(leaf),
                _ => all.push(vec![leaf]),
            }
        }
        let all: Vec<Value> = all.into_iter().map(|any| json!({"OR_WHEN": any})).collect();
        json!({"OR": [{"AND": all}]})
    }

    fn attributes(&self) -> Attributes {
        let values = self.values.iter();
        values
            .map(|(key, value)| (key.name(), AttributeValue::try_from(value.json()).unwrap_or(AttributeValue::Null)))
            .collect()
    }

    /// Whether the visitor gets the page that these rules are for.
    fn is_matched(&self, rules: Value) -> bool {
        let all =
            |experience: ExperienceBuilder| experience.variation(VariationBuilder::new("101", "a").traffic(100.0));
        let (page, config) = (ExperienceBuilder::new("10", "page"), ConfigBuilder::new());
        let entity = |id: &str| EntityBuilder::new(id, "entity").rules(Rules::raw(rules));
        let config = match self.place {
            Place::Audience => config.audience(entity("5")).experience(all(page.audiences(["5"]))),
            _ => config.location(entity("6")).experience(all(page.locations(["6"]))),
        };
        let config = config.experience(all(ExperienceBuilder::new("11", "other")));
        let transport = RecordingTransport::new();
        let core = Core::builder().config_json(config.to_json()).async_transport(transport).build().unwrap();
        core.set_tracking_enabled(false);

        let values = self.attributes();
        let (context, call) = match self.place {
            Place::Audience => (ContextOptions::new().attributes(values), CallOptions::new()),
            Place::Location => (ContextOptions::new(), CallOptions::new().location(values)),
            Place::Provider(unknown) => {
                (ContextOptions::new(), CallOptions::new().location_data(Arc::new(Provider { values, unknown })))
            }
        };
        let visitor = core.create_context_with("visitor-1", context).unwrap();
        if self.bucketed {
            assert!(visitor.run_experience("other").is_some(), "it is for everybody");
        }
        let explained = || visitor.explain_experience_with("page", &call).reason.is_resolved();
        let is_matched = explained();
        assert_eq!(visitor.run_experience_with("page", &call).is_some(), is_matched, "both take the same path");
        assert_eq!(explained(), is_matched, "what is stored changes nothing");
        is_matched
    }
}

fuzz_target!(|case: Case| {
    let is_matched = case.is_matched(case.rules());
    // Of one leaf alone more can be said.
    let [item] = case.items.as_slice() else { return };
    let alone = |negated| json!({"OR": [{"AND": [{"OR_WHEN": [item.json(Some(negated))]}]}]});
    let (plain, negated) = (case.is_matched(alone(false)), case.is_matched(alone(true)));
    match item.kind {
        Kind::BucketedInto { other: true } if case.place == Place::Audience => {
            assert_eq!((plain, negated), (case.bucketed, !case.bucketed));
            assert_eq!(is_matched, case.bucketed != item.negated.unwrap_or(false));
        }
        // A condition's own result is not negated.
        Kind::JsCondition => {}
        _ => assert!(!(plain && negated), "a rule and its negation do not both match"),
    }
});
