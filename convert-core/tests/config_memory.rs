//! A large config keeps at most twice its text's size in memory, and nothing of the parsed document.
#![allow(unsafe_code, reason = "counting what is allocated takes a global allocator")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use convert_core::ProjectConfig;

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const EXPERIENCES: usize = 10_000;

/// Experiences in the shape that the config endpoint serves, without the members that this SDK ignores: they would only
/// make the text larger. Some have rules of their own, some deliver features, some refer to audiences and locations.
fn large_config() -> String {
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
        .unwrap();
        for v in 0..2 {
            let comma = if v == 0 { "" } else { "," };
            let id = 1_003_100_000 + 2 * i + v;
            write!(
                text,
                r#"{comma}{{"id":"{id}","name":"Variation {v}","key":"{id}-variation-{v}","status":"running","changes":[{{"id":{id},"type":"fullStackFeature","data":{{"feature_id":{feature},"variables_data":{{"enabled":true,"caption":"Click button {v}"}}}}}}],"traffic_allocation":50.0}}"#,
                feature = 10_000 + i % 200,
            )
            .unwrap();
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
        .unwrap();
    }
    text.push_str(
        r#"],"goals":[{"id":"100322784","key":"purchase","name":"Purchase","type":"revenue","rules":null}]}"#,
    );
    text
}

fn with_rules(text: &mut String, count: usize, first_id: usize, key: &str, value: &str) {
    for i in 0..count {
        let comma = if i == 0 { "" } else { "," };
        write!(
            text,
            r#"{comma}{{"id":"{id}","key":"entity-{i}","name":"Entity {i}","rules":{{"OR":[{{"AND":[{{"OR_WHEN":[{{"rule_type":"generic_text_key_value","matching":{{"match_type":"matches","negated":false}},"value":"{value}","key":"{key}"}}]}}]}}]}}}}"#,
            id = first_id + i,
        )
        .unwrap();
    }
}

#[test]
fn a_large_config_lives_in_twice_its_text() {
    let text = large_config();
    let before = LIVE.load(Ordering::Relaxed);
    let config = ProjectConfig::parse(&text).unwrap();
    let live = LIVE.load(Ordering::Relaxed) - before;

    assert_eq!(config.experiences().len(), EXPERIENCES);
    assert_eq!(config.warning_count(), 0, "{:?}", config.warnings().first());
    assert!(config.experience("checkout-button-test-9999").is_some());
    assert!(live <= 2 * text.len(), "{live} bytes live for {} bytes of text", text.len());
}
