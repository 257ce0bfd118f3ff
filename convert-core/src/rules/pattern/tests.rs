use super::*;

fn matches(pattern: &str, text: &str) -> Option<bool> {
    Pattern::compile(pattern, Arc::default()).unwrap().is_match(&text.to_lowercase())
}

#[test]
fn smoke() {
    assert_eq!(matches("^a.c$", "ABC"), Some(true));
    assert_eq!(matches(r"\bfoo\B", "foobar"), Some(true));
    assert_eq!(matches(r"(?<!x)(a)\1", "aa"), Some(true));
}
