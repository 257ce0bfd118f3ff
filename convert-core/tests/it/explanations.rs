//! What an explanation names: the audiences, locations and segments, and the rules that do not match.

use std::sync::Arc;

use convert_core::testing::{
    ConfigBuilder, EntityBuilder, ExperienceBuilder, RecordingTransport, Rule, Rules, VariationBuilder,
};
use convert_core::{
    AttributeValue, Attributes, CallOptions, Context, ContextOptions, Core, EntityKind, Lookup, Reason, RuleData,
    RuleItem, RuleMismatch,
};
use serde_json::json;

/// A visitor without attributes.
const NONE: Attributes = Attributes::new();

fn experience(id: &str, key: &str) -> ExperienceBuilder {
    ExperienceBuilder::new(id, key).variation(VariationBuilder::new(&format!("{id}1"), "on"))
}

fn core(config: ConfigBuilder) -> Core {
    Core::builder().config_json(config.to_json()).async_transport(RecordingTransport::new()).build().unwrap()
}

/// A visitor whose values are all secret.
fn visitor(core: &Core, attributes: impl Into<Attributes>) -> Context {
    core.create_context_with("v1", ContextOptions::new().attributes(attributes)).unwrap()
}

/// The part of the sentence behind the reason.
fn named(context: &Context, key: &str, options: &CallOptions) -> String {
    let explanation = context.explain_experience_with(key, options);
    let shown = explanation.to_string();
    let start = format!("experience `{key}`: {}", explanation.reason);
    let named = shown.strip_prefix(&start).unwrap().trim_start().to_owned();
    for text in [shown, format!("{explanation:?}"), serde_json::to_string(&explanation).unwrap()] {
        assert!(!text.contains("SECRET"), "{text}");
    }
    named
}

fn why(audience: EntityBuilder, attributes: impl Into<Attributes>) -> String {
    let core = core(ConfigBuilder::new().audience(audience).experience(experience("10", "x").audiences(["1"])));
    named(&visitor(&core, attributes), "x", &CallOptions::new())
}

fn members(rules: impl Into<Rules>) -> EntityBuilder {
    EntityBuilder::new("1", "members").rules(rules)
}

#[test]
fn an_audience_is_named_with_the_attribute_that_is_missing_or_differs() {
    let plan = || members(Rule::matches("plan", "gold"));
    assert_eq!(why(plan(), NONE), "(audience `members`: `plan` is not given)");
    assert_eq!(why(plan(), [("plan", "SECRET")]), "(audience `members`: `plan` does not match)");
    assert_eq!(why(plan(), [("Plan", "gold")]), "(audience `members`: `plan` is not given, but `Plan` is)");
    // A value that is there and excluded; and one that is absent, which a negated rule does not match either.
    let others = || members(Rule::matches("plan", "SECRET").negated());
    assert_eq!(why(others(), [("plan", "SECRET")]), "(audience `members`: `plan` does not match)");
    assert_eq!(why(others(), NONE), "(audience `members`: `plan` is not given)");
    // Neither is true of a text beside a number.
    assert_eq!(
        why(members(Rule::less("age", 30)), [("age", "SECRET")]),
        "(audience `members`: `age` cannot be compared)"
    );
    assert_eq!(why(members(Rule::exists("plan")), NONE), "(audience `members`: `plan` is not given)");
}

#[test]
fn what_can_never_match_is_told_apart() {
    let never = "(audience `members`: a rule that can never match: see the config's warnings)";
    assert_eq!(why(members(Rule::new("sounds-like", "plan", "gold")), [("plan", "gold")]), never);
    assert_eq!(why(members(Rule::matches("plan", "gold").set("matching", json!(null))), [("plan", "gold")]), never);
    assert_eq!(why(EntityBuilder::new("1", "members"), NONE), "(audience `members`: it has no rules that could match)");
    assert_eq!(
        why(members(Rules::raw(json!({"OR": []}))), NONE),
        "(audience `members`: it has no rules that could match)"
    );
}

#[test]
fn of_each_alternative_the_first_condition_that_fails_is_told() {
    let all = || members(Rules::all([Rule::matches("plan", "gold"), Rule::matches("country", "nl")]));
    assert_eq!(why(all(), [("plan", "gold")]), "(audience `members`: `country` is not given)");
    assert_eq!(why(all(), NONE), "(audience `members`: `plan` is not given)");
    let any = members(Rules::any([Rule::matches("plan", "gold"), Rule::matches("country", "nl")]));
    assert_eq!(why(any, [("plan", "x")]), "(audience `members`: `plan` does not match, `country` is not given)");
    let condition = |rule: Rule| json!({"OR_WHEN": [serde_json::Value::from(rule)]});
    let alternatives = Rules::raw(json!({"OR": [
        {"AND": [condition(Rule::matches("plan", "gold")), condition(Rule::matches("country", "nl"))]},
        {"AND": [condition(Rule::matches("plan", "gold")), condition(Rule::matches("staff", "yes"))]},
        {"AND": [condition(Rule::matches("tester", "yes"))]},
    ]}));
    // The first two alternatives fail for the same reason, which is told once.
    assert_eq!(why(members(alternatives), NONE), "(audience `members`: `plan` is not given, `tester` is not given)");
}

#[test]
fn where_all_audiences_are_needed_those_that_match_are_not_named() {
    let config = ConfigBuilder::new()
        .audience(EntityBuilder::new("1", "gold").rules(Rule::matches("plan", "gold")))
        .audience(EntityBuilder::new("2", "").set("name", "From here").rules(Rule::matches("country", "nl")))
        .audience(EntityBuilder::new("3", "").rules(Rule::exists("email")))
        .experience(experience("10", "all").audiences(["1", "2", "3"]).all_audiences())
        .experience(experience("20", "any").audiences(["1", "2"]));
    let core = core(config);
    // By key, else by name, else by id.
    let gold = visitor(&core, [("plan", "gold")]);
    assert_eq!(
        named(&gold, "all", &CallOptions::new()),
        "(audience `From here`: `country` is not given; audience `3`: `email` is not given)"
    );
    let stranger = visitor(&core, NONE);
    assert_eq!(
        named(&stranger, "any", &CallOptions::new()),
        "(audience `gold`: `plan` is not given; audience `From here`: `country` is not given)"
    );
    // The attributes of the call count, and where all is well nothing is named.
    let options = CallOptions::new().attributes([("plan", "gold")]);
    let explanation = stranger.explain_experience_with("any", &options);
    assert!(explanation.reason.is_resolved() && explanation.mismatches.is_empty());
}

#[test]
fn mutual_exclusion_names_the_other_experience() {
    let config = ConfigBuilder::new()
        .audience(EntityBuilder::new("1", "in").rules(Rule::is_bucketed_into("first")))
        .audience(EntityBuilder::new("2", "out").rules(Rule::is_bucketed_into("first").negated()))
        .experience(experience("10", "first"))
        .experience(experience("20", "with").audiences(["1"]))
        .experience(experience("30", "without").audiences(["2"]));
    let core = core(config);
    let context = visitor(&core, NONE);
    assert_eq!(named(&context, "with", &CallOptions::new()), "(audience `in`: not in experience `first`)");
    context.run_experience("first").unwrap();
    assert_eq!(named(&context, "without", &CallOptions::new()), "(audience `out`: in experience `first`)");
}

#[derive(Debug)]
struct Page(&'static str);

impl RuleData for Page {
    fn lookup(&self, item: &RuleItem<'_>) -> Lookup<'_> {
        if item.rule_type() == "url" { Lookup::from(self.0) } else { Lookup::Missing }
    }
}

#[test]
fn locations_are_named_and_an_experiences_own_rules() {
    let url = Rule::new("contains", "path", "/pricing").set("rule_type", "url");
    let config = ConfigBuilder::new()
        .location(EntityBuilder::new("1", "pricing").rules(Rules::any([url, Rule::exists("hash")])))
        .location(EntityBuilder::new("2", "nowhere"))
        .experience(experience("10", "there").locations(["1", "2"]))
        .experience(experience("20", "area").site_area(Rule::matches("path", "/area")));
    let core = core(config);
    let context = visitor(&core, NONE);
    let at = |path: &'static str| CallOptions::new().location([("path", path)]);
    let nowhere = "location `nowhere`: it has no rules that could match";
    assert_eq!(
        named(&context, "there", &at("/SECRET")),
        format!("(location `pricing`: `path` does not match, `hash` is not given; {nowhere})")
    );
    assert_eq!(named(&context, "area", &at("/SECRET")), "(its own rules: `path` does not match)");
    assert_eq!(context.explain_experience_with("area", &at("/b")).mismatches[0].kind, EntityKind::Experience);
    // An app's own provider is asked by the rule's type, too.
    assert_eq!(
        named(&context, "there", &CallOptions::new().location_data(Arc::new(Page("/SECRET")))),
        format!("(location `pricing`: `path` does not match, `hash` is not given; {nowhere})")
    );
    // Not a mismatch: nothing was asked.
    assert!(context.explain_experience("there").mismatches.is_empty());
}

#[test]
fn the_parts_are_there_for_programs() {
    let config = ConfigBuilder::new()
        .audience(EntityBuilder::new("1", "members").set("name", "Members").rules(Rule::matches("plan", "gold")))
        .segment(EntityBuilder::new("7", "vip").rules(Rule::matches("plan", "gold")))
        .experience(experience("10", "x").audiences(["1"]))
        .experience(experience("20", "y").audiences(["7"]));
    let core = core(config);
    let explanation = visitor(&core, NONE).explain_experience("x");
    assert_eq!(explanation.reason, Reason::AudienceMismatch);
    let mismatch = &explanation.mismatches[0];
    assert_eq!((mismatch.kind, mismatch.id.as_str(), mismatch.name.as_str()), (EntityKind::Audience, "1", "Members"));
    assert!(matches!(&mismatch.rules[..], [RuleMismatch::Missing { attribute, .. }] if attribute == "plan"));
    assert_eq!(
        serde_json::to_value(&explanation).unwrap()["mismatches"],
        json!([{"kind": "audience", "id": "1", "key": "members", "name": "Members", "rules": [
            {"cause": "missing", "attribute": "plan", "similar": null}
        ]}])
    );
    // Nobody put the visitor into the segment: its rules are not looked at by a decision.
    let number = ContextOptions::new().attributes([("plan", AttributeValue::from(1))]);
    let context = core.create_context_with("v1", number).unwrap();
    assert_eq!(named(&context, "y", &CallOptions::new()), "(segment `vip`)");
}

#[test]
fn a_feature_is_explained_by_its_experiences_names_too() {
    let carries = VariationBuilder::new("101", "on").feature("801", json!({}));
    let config = ConfigBuilder::new()
        .feature(convert_core::testing::FeatureBuilder::new("801", "banner"))
        .audience(members(Rule::matches("plan", "gold")))
        .experience(ExperienceBuilder::new("10", "rollout").variation(carries).audiences(["1"]));
    let core = core(config);
    assert_eq!(
        visitor(&core, NONE).explain_feature("banner").to_string(),
        "feature `banner`: no variation that the visitor is in delivers it; experience `rollout`: the visitor is not in \
         the experience's audiences (audience `members`: `plan` is not given)"
    );
}
