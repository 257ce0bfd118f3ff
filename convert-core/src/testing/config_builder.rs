//! Builders of served configs, in the JSON that the config endpoint answers with.

use serde_json::{Map, Value, json};

use super::rules_builder::Rules;

/// Declares a builder over the members of one JSON object.
macro_rules! members {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        #[must_use]
        pub struct $name(Map<String, Value>);

        impl $name {
            /// Sets any member to any value: for what this builder has no method for, and for what should be odd.
            pub fn set(mut self, member: &str, value: impl Into<Value>) -> Self {
                self.0.insert(member.to_owned(), value.into());
                self
            }
        }

        impl From<$name> for Value {
            fn from(builder: $name) -> Self {
                Value::Object(builder.0)
            }
        }
    };
}

/// The same members, with one more item at the end of a list; what is no list is replaced by one.
fn pushed(mut members: Map<String, Value>, list: &str, item: Value) -> Map<String, Value> {
    match members.get_mut(list).and_then(Value::as_array_mut) {
        Some(items) => items.push(item),
        None => {
            members.insert(list.to_owned(), json!([item]));
        }
    }
    members
}

/// The members that every entity starts with; its name is its key.
fn entity(id: &str, key: &str) -> Map<String, Value> {
    [("id", id), ("key", key), ("name", key)].into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}

members! {
    /// Builds a served project config.
    ///
    /// ```
    /// use convert_core::ProjectConfig;
    /// use convert_core::testing::{ConfigBuilder, EntityBuilder, ExperienceBuilder, Rule, VariationBuilder};
    ///
    /// let text = ConfigBuilder::new()
    ///     .audience(EntityBuilder::new("5", "in-the-us").rules(Rule::matches("country", "US")))
    ///     .experience(
    ///         ExperienceBuilder::new("10", "checkout")
    ///             .audiences(["5"])
    ///             .variation(VariationBuilder::new("101", "original").traffic(50.0))
    ///             .variation(VariationBuilder::new("102", "one-page").traffic(50.0)),
    ///     )
    ///     .to_json();
    ///
    /// let config = ProjectConfig::parse(&text)?;
    /// assert_eq!(config.experience("checkout").map(|experience| experience.variations().len()), Some(2));
    /// assert!(config.warnings().is_empty());
    /// # Ok::<(), convert_core::ConfigError>(())
    /// ```
    ConfigBuilder
}

impl Default for ConfigBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl ConfigBuilder {
    /// A config of account `1001` and project `2002` with nothing in it.
    pub fn new() -> Self {
        Self(Map::new()).ids("1001", "2002")
    }

    /// Sets the account's and the project's id.
    pub fn ids(self, account_id: &str, project_id: &str) -> Self {
        self.set("account_id", account_id).set("project", json!({"id": project_id, "name": "Test project"}))
    }

    /// Adds an experience.
    pub fn experience(self, experience: ExperienceBuilder) -> Self {
        Self(pushed(self.0, "experiences", experience.into()))
    }

    /// Adds an experience with two variations that share all traffic: ids `{id}1` and `{id}2`, keys `original` and
    /// `variation`.
    pub fn simple_experience(self, id: &str, key: &str) -> Self {
        let variation = |digit, key| VariationBuilder::new(&format!("{id}{digit}"), key).traffic(50.0);
        let experience = ExperienceBuilder::new(id, key).variation(variation(1, "original"));
        self.experience(experience.variation(variation(2, "variation")))
    }

    /// Adds a declared feature.
    pub fn feature(self, feature: FeatureBuilder) -> Self {
        Self(pushed(self.0, "features", feature.into()))
    }

    /// Adds a goal.
    pub fn goal(self, goal: EntityBuilder) -> Self {
        Self(pushed(self.0, "goals", goal.into()))
    }

    /// Adds an audience.
    pub fn audience(self, audience: EntityBuilder) -> Self {
        Self(pushed(self.0, "audiences", audience.into()))
    }

    /// Adds a segment.
    pub fn segment(self, segment: EntityBuilder) -> Self {
        Self(pushed(self.0, "segments", segment.into()))
    }

    /// Adds a location.
    pub fn location(self, location: EntityBuilder) -> Self {
        Self(pushed(self.0, "locations", location.into()))
    }

    /// Lists an experience id as archived.
    pub fn archive(self, experience_id: &str) -> Self {
        Self(pushed(self.0, "archived_experiences", experience_id.into()))
    }

    /// The config as a JSON tree.
    #[must_use]
    pub fn build(self) -> Value {
        self.into()
    }

    /// The config as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }
}

members! {
    /// Builds an experience of config version 11, with no restriction and no variation.
    ExperienceBuilder
}

impl ExperienceBuilder {
    /// Starts an experience.
    pub fn new(id: &str, key: &str) -> Self {
        Self(entity(id, key)).set("type", "a/b_fullstack").set("version", 11)
    }

    /// Adds a variation.
    pub fn variation(self, variation: VariationBuilder) -> Self {
        Self(pushed(self.0, "variations", variation.into()))
    }

    /// Sets the version: above 11, variations have anchored ranges.
    pub fn version(self, version: impl Into<Value>) -> Self {
        self.set("version", version)
    }

    /// Limits the experience to an environment.
    pub fn environment(self, environment: &str) -> Self {
        self.set("environment", environment)
    }

    /// Attaches audiences and segments, by id; any one audience is enough.
    pub fn audiences<'a>(self, ids: impl IntoIterator<Item = &'a str>) -> Self {
        self.set("audiences", ids.into_iter().collect::<Vec<_>>())
    }

    /// Asks for all attached audiences.
    pub fn all_audiences(self) -> Self {
        self.set("settings", json!({"matching_options": {"audiences": "all"}}))
    }

    /// Attaches locations, by id.
    pub fn locations<'a>(self, ids: impl IntoIterator<Item = &'a str>) -> Self {
        self.set("locations", ids.into_iter().collect::<Vec<_>>())
    }

    /// Gives the experience location rules of its own; they count where it has no locations.
    pub fn site_area(self, rules: impl Into<Rules>) -> Self {
        self.set("site_area", rules.into())
    }
}

members! {
    /// Builds a running variation. It has no traffic allocation, which counts as 100 percent.
    VariationBuilder
}

impl VariationBuilder {
    /// Starts a variation.
    pub fn new(id: &str, key: &str) -> Self {
        Self(entity(id, key)).set("status", "running")
    }

    /// Sets the traffic allocation, in percent.
    pub fn traffic(self, percent: f64) -> Self {
        self.set("traffic_allocation", percent)
    }

    /// Sets the status, such as `stopped`.
    pub fn status(self, status: &str) -> Self {
        self.set("status", status)
    }

    /// Delivers a feature, with the values of its variables (a JSON object).
    pub fn feature(self, feature_id: &str, variables: Value) -> Self {
        let data = json!({"feature_id": feature_id, "variables_data": variables});
        self.change("fullStackFeature", data)
    }

    /// Adds a change of any type.
    pub fn change(self, kind: &str, data: Value) -> Self {
        Self(pushed(self.0, "changes", json!({"type": kind, "data": data})))
    }
}

members! {
    /// Builds a declared feature.
    FeatureBuilder
}

impl FeatureBuilder {
    /// Starts a feature without variables.
    pub fn new(id: &str, key: &str) -> Self {
        Self(entity(id, key))
    }

    /// Declares a variable; `kind` is `boolean`, `integer`, `float`, `string` or `json`.
    pub fn variable(self, key: &str, kind: &str) -> Self {
        Self(pushed(self.0, "variables", json!({"key": key, "type": kind})))
    }
}

members! {
    /// Builds an audience, a segment, a location or a goal: what is an id, a key and rules.
    EntityBuilder
}

impl EntityBuilder {
    /// Starts an entity without rules.
    pub fn new(id: &str, key: &str) -> Self {
        Self(entity(id, key))
    }

    /// Sets the rules.
    pub fn rules(self, rules: impl Into<Rules>) -> Self {
        self.set("rules", rules.into())
    }

    /// Makes an audience permanent: it is not checked again once a visitor has a variation.
    pub fn permanent(self) -> Self {
        self.set("type", "permanent")
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules_builder::Rule;
    use super::*;
    use crate::attributes::Attributes;
    use crate::config::{AudienceMode, LocationGate, ProjectConfig};
    use crate::rules::{RuleInput, RuleOutcome, RuleSource};

    #[test]
    fn everything_that_is_built_is_read() {
        let config = ConfigBuilder::new()
            .ids("7", "8")
            .audience(EntityBuilder::new("1", "aud").rules(Rule::matches("country", "US")).permanent())
            .segment(EntityBuilder::new("2", "seg").rules(Rules::any([Rule::exists("a"), Rule::less("b", 5)])))
            .location(EntityBuilder::new("3", "loc").rules(Rule::contains("url", "/a")))
            .goal(EntityBuilder::new("4", "goal").set("type", "revenue"))
            .feature(FeatureBuilder::new("5", "feat").variable("size", "integer").variable("on", "boolean"))
            .experience(
                ExperienceBuilder::new("10", "e")
                    .version(12)
                    .environment("live")
                    .audiences(["1", "2"])
                    .all_audiences()
                    .locations(["3"])
                    .variation(VariationBuilder::new("101", "a").traffic(25.0).feature("5", json!({"size": "3"})))
                    .variation(VariationBuilder::new("102", "b").status("stopped").change("customCode", json!({}))),
            )
            .experience(ExperienceBuilder::new("20", "f").site_area(Rule::matches("url", "/b")))
            .simple_experience("30", "g")
            .archive("20")
            .to_json();
        let config = ProjectConfig::parse(config).unwrap();
        assert_eq!(config.warning_count(), 0, "{:?}", config.warnings());
        assert_eq!((config.account_id(), config.project_id()), ("7", "8"));

        let e = config.experience("e").unwrap();
        assert_eq!((e.environment(), e.audience_mode, e.is_archived()), (Some("live"), AudienceMode::All, false));
        assert_eq!((e.audiences.len(), e.segments.len()), (1, 1));
        assert!(matches!(&e.location_gate, LocationGate::Locations(found) if found.len() == 1));
        assert_eq!(e.variations()[0].changes()[0].variables().unwrap()[0].value().as_i64(), Some(3));
        assert_eq!(e.variations()[1].status(), "stopped");
        assert!(config.has_anchored_layout());

        let f = config.experience("f").unwrap();
        assert!(f.is_archived() && matches!(f.location_gate, LocationGate::SiteArea(_)));
        let keys: Vec<&str> = config.experience("g").unwrap().variations().iter().map(|v| v.key()).collect();
        assert_eq!(keys, ["original", "variation"]);
        assert!(config.audiences()[0].is_permanent());
        assert_eq!(config.goals()[0].kind(), "revenue");
        assert_eq!(config.feature("feat").unwrap().carriers(), [0]);
    }

    #[test]
    fn rules_mean_what_they_say() {
        let outcome = |rules: Rules, country: &str| {
            let config = ConfigBuilder::new().goal(EntityBuilder::new("1", "g").rules(rules)).to_json();
            let config = ProjectConfig::parse(config).unwrap();
            let data = Attributes::from([("country", country)]);
            let input = RuleInput { data: RuleSource::Attributes(&data), exclusion: None, keys_case_sensitive: true };
            config.goals()[0].rules.as_ref().unwrap().evaluate(&input) == RuleOutcome::Matched
        };
        assert!(outcome(Rule::matches("country", "us").into(), "US"));
        assert!(!outcome(Rule::matches("country", "us").negated().into(), "US"));
        assert!(outcome(Rule::is_in("country", ["us", "ca"]).into(), "ca"));
        let both = || [Rule::contains("country", "u"), Rule::contains("country", "s")];
        assert!(outcome(Rules::all(both()), "us") && !outcome(Rules::all(both()), "u"));
        assert!(outcome(Rules::any(both()), "u") && !outcome(Rules::any(both()), "x"));
        assert!(!outcome(Rules::raw(json!({})), "us"));
    }
}
