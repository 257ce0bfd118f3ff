//! Any query: previews and forced variations are ids or nothing, and the location has bounds.
#![no_main]

use convert_core::Preview;
use convert_core::web::{RequestUrl, forced_variations_of, preview_of};
use libfuzzer_sys::fuzz_target;

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fuzz_target!(|query: &str| {
    for preview in [preview_of(query), Preview::parse(query)].into_iter().flatten() {
        assert!(is_id(preview.experience_id()) && is_id(preview.variation_id()));
        let link = format!("convert_preview={}.{}", preview.experience_id(), preview.variation_id());
        assert_eq!(preview_of(&link), Some(preview));
    }
    assert!(forced_variations_of(query).iter().all(|id| is_id(id)));
    let location = RequestUrl::new("https", "shop.example", "/", Some(query)).location();
    assert!(location.len() <= RequestUrl::MAX_PARAMETERS + 3);
});
