//! Large configs: one of some 8 MB of text, and one of rules.

use std::fmt::Write as _;

/// Experiences in the config.
pub const EXPERIENCES: usize = 10_000;

/// Experiences in the shape that the config endpoint serves, without the members that this SDK ignores: they would only
/// make the text larger. Each delivers features, and refers to an audience and a location with one rule, which it shares with
/// others.
pub fn config() -> String {
    let mut text =
        String::from(r#"{"account_id":"10035569","project":{"id":"10034190","name":"Large"},"experiences":["#);
    for i in 0..EXPERIENCES {
        let comma = if i == 0 { "" } else { "," };
        let audience = 1_003_000 + i % 500;
        let location = 1_004_000 + i % 100;
        write!(
            text,
            r#"{comma}{{"id":"{id}","name":"Checkout button test number {i}","type":"a\/b_fullstack","status":"active","environment":"production","settings":{{"matching_options":{{"audiences":"any","locations":"any"}}}},"key":"checkout-button-test-{i}","version":11,"locations":["{location}"],"site_area":null,"audiences":["{audience}"],"goals":["100322784"],"variations":["#,
            id = 100_300_000 + i,
        )
        .unwrap_or_default();
        for v in 0..2 {
            let comma = if v == 0 { "" } else { "," };
            let id = 1_003_100_000 + 2 * i + v;
            write!(
                text,
                r#"{comma}{{"id":"{id}","name":"Variation {v}","key":"{id}-variation-{v}","status":"running","changes":[{{"id":{id},"type":"fullStackFeature","data":{{"feature_id":{feature},"variables_data":{{"enabled":true,"caption":"Click button {v}"}}}}}}],"traffic_allocation":50.0}}"#,
                feature = 10_000 + i % 200,
            )
            .unwrap_or_default();
        }
        text.push_str("]}");
    }
    text.push_str(r#"],"audiences":["#);
    with_rules(&mut text, 500, 1_003_000, "country", "US");
    text.push_str(r#"],"locations":["#);
    with_rules(&mut text, 100, 1_004_000, "url", "/pricing");
    text.push_str(r#"],"features":["#);
    for i in 0..200 {
        let comma = if i == 0 { "" } else { "," };
        write!(
            text,
            r#"{comma}{{"id":"{id}","name":"Feature {i}","key":"feature-{i}","variables":[{{"key":"enabled","type":"boolean"}},{{"key":"caption","type":"string"}}]}}"#,
            id = 10_000 + i,
        )
        .unwrap_or_default();
    }
    text.push_str(
        r#"],"goals":[{"id":"100322784","key":"purchase","name":"Purchase","type":"revenue","rules":null}]}"#,
    );
    text
}

/// As many experiences, each with an audience of its own: three rules on three attributes, and for one in a hundred a fourth,
/// with a regular expression like no other.
pub fn targeted() -> String {
    let leaf = |kind: &str, operator: &str, key: &str, value: &str| {
        format!(
            r#"{{"OR_WHEN":[{{"rule_type":"generic_{kind}_key_value","matching":{{"match_type":"{operator}","negated":false}},"value":{value},"key":"{key}"}}]}}"#
        )
    };
    let (mut experiences, mut audiences) = (Vec::new(), Vec::new());
    for i in 0..EXPERIENCES {
        let mut rules = vec![
            leaf("text", "matches", "country", &format!("\"country-{}\"", i % 250)),
            leaf("text", "isIn", "plan", r#""free|gold|platinum""#),
            leaf("numeric", "less", "age", &(18 + i % 60).to_string()),
        ];
        if i % 100 == 0 {
            rules.push(leaf("text", "regexMatches", "url", &format!(r#""^/campaign-{i}/[a-z0-9]+$""#)));
        }
        let id = 1_003_000 + i;
        audiences.push(format!(
            r#"{{"id":"{id}","key":"audience-{i}","name":"Audience {i}","rules":{{"OR":[{{"AND":[{}]}}]}}}}"#,
            rules.join(",")
        ));
        let variation = |v: usize| {
            format!(r#"{{"id":"{}","key":"variation-{v}","status":"running","traffic_allocation":50.0}}"#, 2 * i + v)
        };
        experiences.push(format!(
            r#"{{"id":"{}","key":"targeted-{i}","audiences":["{id}"],"variations":[{},{}]}}"#,
            100_300_000 + i,
            variation(0),
            variation(1)
        ));
    }
    format!(
        r#"{{"account_id":"10035569","project":{{"id":"10034190"}},"experiences":[{}],"audiences":[{}]}}"#,
        experiences.join(","),
        audiences.join(",")
    )
}

fn with_rules(text: &mut String, count: usize, first_id: usize, key: &str, value: &str) {
    for i in 0..count {
        let comma = if i == 0 { "" } else { "," };
        write!(
            text,
            r#"{comma}{{"id":"{id}","key":"entity-{i}","name":"Entity {i}","rules":{{"OR":[{{"AND":[{{"OR_WHEN":[{{"rule_type":"generic_text_key_value","matching":{{"match_type":"matches","negated":false}},"value":"{value}","key":"{key}"}}]}}]}}]}}}}"#,
            id = first_id + i,
        )
        .unwrap_or_default();
    }
}
