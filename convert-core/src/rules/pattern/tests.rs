use proptest::prelude::*;

use super::*;
use crate::json::Json;
use crate::vectors::vectors;

fn compile(pattern: &str) -> Result<Pattern, Fault> {
    Pattern::compile(pattern.into(), Arc::default())
}

fn is_match(pattern: &str, text: &str) -> Option<bool> {
    compile(pattern).unwrap().is_match(&text.to_lowercase())
}

#[track_caller]
fn assert_matches(pattern: &str, matching: &[&str], others: &[&str]) {
    for text in matching {
        assert_eq!(is_match(pattern, text), Some(true), "{pattern:?} {text:?}");
    }
    for text in others {
        assert_eq!(is_match(pattern, text), Some(false), "{pattern:?} {text:?}");
    }
}

/// Rows of random patterns and subjects with the answers of V8, JavaScript's engine in Node: `m` is null where the
/// pattern is a syntax error.
#[test]
fn patterns_agree_with_v8() {
    let Some(text) = vectors("regex.jsonl") else { return };
    let mut patterns = Patterns::default();
    let (mut rows, mut syntax_errors) = (0, 0);
    for line in text.lines() {
        let row = Json::parse(line).unwrap();
        let field = |name: &str| row.get(name).and_then(Json::as_str).unwrap();
        let expected = row.get("m").and_then(Json::as_bool);
        rows += 1;
        match (patterns.compile(field("p")), expected) {
            (Ok(pattern), Some(_)) => {
                assert_eq!(pattern.is_match(&crate::js::lower(field("s"))), expected, "{line}");
            }
            (Err(Fault::Syntax), None) => syntax_errors += 1,
            (compiled, _) => panic!("{line} {compiled:?}"),
        }
    }
    assert!(rows > 5_000 && syntax_errors > 50, "{rows} {syntax_errors}");
    assert_eq!(patterns.over_limit(), 0);
}

#[test]
fn classes_and_anchors_are_ecmascripts() {
    assert_matches(r"^\d+$", &["12"], &["١٢", "12\n", "1a"]);
    assert_matches(r"^\w+$", &["Az_9"], &["é", "a-b"]);
    assert_matches(r"^\s$", &["\u{feff}", "\u{a0}", "\u{2028}", "\t"], &["\u{85}", "\u{200b}"]);
    assert_matches(r"^.$", &["a", "\u{85}", "é"], &["\n", "\r", "\u{2028}", "\u{2029}", "😀"]);
    assert_matches(r"\bcafé\b", &[], &["café", "a café"]);
    assert_matches(r"\bcaf", &["café"], &["decaf"]);
    assert_matches("^a$", &["a"], &["a\nb", "b\na"]);
    assert_matches("[]", &[], &["", "a"]);
    assert_matches("[^]", &["\n", "a"], &[""]);
    assert_matches("", &["", "a"], &[]);
}

#[test]
fn characters_are_code_units() {
    assert_matches("^..$", &["😀"], &["a😀"]);
    assert_matches(r"^\ud83d\ude00$", &["😀"], &["😁"]);
    assert_matches(r"\ud83d", &["😀"], &["a"]);
    assert_matches("^😀+$", &["😀"], &["😀😀"]);
    assert_matches("^[😀]{2}$", &["😀"], &["aa"]);
    assert_matches("^[^a]$", &["é"], &["😀", "a"]);
    assert_eq!(compile("[😀-😎]").unwrap_err(), Fault::Syntax);
}

#[test]
fn case_is_folded_as_ecmascript_folds_it() {
    assert_matches("^straße$", &["STRAßE"], &["STRASSE"]);
    assert_matches("^K$", &["k", "K", "\u{212a}"], &["q"]);
    assert_matches("^\u{212a}$", &[], &["k", "K"]);
    assert_matches("^S$", &["s"], &["ſ"]);
    assert_matches("^[a-z]$", &["K"], &["ſ"]);
    assert_matches("^Σ$", &["σ", "Σ"], &[]);
    assert_matches("^[^A]$", &["b"], &["a", "A"]);
    assert_matches("^µ$", &["\u{3bc}", "\u{39c}"], &["u"]);
}

#[test]
fn annex_b_is_lenient() {
    assert_matches("^a{$", &["a{"], &[]);
    assert_matches("^a{,2}]}$", &["a{,2}]}"], &["aa]}"]);
    assert_matches(r"^\u{3}$", &["uuu"], &[]);
    assert_matches(r"^\a\-\_\k\p$", &["a-_kp"], &[]);
    assert_matches(r"^\101\8\0$", &["a8\0"], &[]);
    assert_matches(r"^\cJ\c!$", &["\n\\c!"], &[]);
    assert_matches(r"^[\c_][\w-z][a-\d]$", &["\u{1f}-5", "\u{1f}zA"], &[]);
    assert_matches(r"^(?:(?=a)*a(?!b)?)$", &["a"], &[]);
    assert_matches(r"^[\b]$", &["\u{8}"], &["b"]);
}

#[test]
fn what_javascript_refuses_is_refused() {
    for pattern in [
        "[",
        "(",
        ")",
        "a)",
        "*",
        "a**",
        "^*",
        r"\b+",
        "a{2,1}",
        "{1}",
        "(?i)a",
        "(?i:a)",
        "(?<n",
        "(?<1>a)",
        "(?P<n>a)",
        r"(?<n>a)\k",
        r"(?<n>a)\k<m>",
        "(?<n>a)(?<n>b)",
        "[z-a]",
        "\\",
        "(?<=a)*",
        "(?",
        "(?#c)",
        r"(?<n>a)[\k]",
    ] {
        assert_eq!(compile(pattern).unwrap_err(), Fault::Syntax, "{pattern}");
    }
}

#[test]
fn looking_around_and_referring_back_work() {
    assert_matches(r"^(?=.*\d)(?!.*x).{3,}$", &["ab1"], &["abc", "x12"]);
    assert_matches(r"(?<!un)known", &["known"], &["unknown"]);
    assert_matches(r"(?<=^/[a-z]+/)x", &["/shop/x"], &["/1/x", "/x"]);
    assert_matches(r"^(a|b)\1$", &["AA", "bb"], &["ab"]);
    assert_matches(r"^(?<q>['\u0022]).*\k<q>$", &["'x'", "\"x\""], &["'x\""]);
    assert_matches(r"^\1(a)$", &["a"], &["aa"]);
    assert_matches(r"^(a\1)$", &["a"], &["aa"]);
    assert_matches(r"^(?:(a)|b)\1$", &["aa", "b"], &["a"]);
    assert_matches(r"^(x){0}(b)\2\1$", &["bb"], &["b"]);
}

#[test]
fn each_round_forgets_what_the_last_captured() {
    assert_matches(r"^(?:(a)|b)*\1$", &["ab", "aa", "b"], &[]);
    assert_matches(r"^(z)((a+)?(b+)?(c))*\3\4x$", &["zaacbbbcacax", "zx"], &["zaacbbbcacx"]);
    assert_matches(r"^(?:(?=(a))a|b)+\1!$", &["ab!", "aa!"], &["c!"]);
}

#[test]
fn references_compare_without_case() {
    assert_matches(r"^(.)\1x$", &["σσx", "σςx"], &["σax"]);
}

#[test]
fn rounds_that_take_nothing_end_a_repetition() {
    assert_matches(r"^(?:(?=a)|b)*c", &["bbc", "c"], &["ac"]);
    assert_matches(r"^(?:a*?(?=b|$)){2,}b?$", &["aab", "", "b"], &["aac"]);
    assert_matches(r"^(?=(a*)*$)(a?){3}\2$", &["aa", "aaa", ""], &["b", "aaaaa"]);
}

#[test]
fn a_look_behind_reads_backwards() {
    assert_matches(r"(?<=(a)\1)b", &["ab"], &["b"]);
    assert_matches(r"(?<=\1(a))b", &["aab"], &["ab"]);
    assert_matches(r"(?<=a+\b)!", &["aa!"], &["b!", "!"]);
    assert_matches(r"(?<=(?!x)a*)b", &["b", "aab"], &[]);
    assert_matches(r"^a(?:(?<=a))?(?:(?<=a)){2}b", &["ab"], &["b"]);
    // The right group takes first.
    assert_matches(r"(?<=^(\d+)(\d+))x\2$", &["1053x053"], &["1053x3"]);
    assert_matches(r"(?<!^a{2,3}(?:b|cd)*)e", &["abe", "aacbe"], &["aacde", "aae"]);
}

#[test]
fn what_was_looked_for_is_settled() {
    assert_matches(r"^(?=(a+))a*b\1$", &[], &["aab"]);
    assert_matches(r"(?=(a+))a*b\1", &["aaba"], &[]);
    assert_matches(r"(.*?)a(?!(a+)b\2c)\2(.*)", &["baaabaac"], &["b"]);
}

#[test]
fn known_difference_large_patterns_cannot_be_run() {
    // JavaScript runs the first two, and the third where its stack allows.
    let long = "a".repeat(MAX_PATTERN + 1);
    let large = "\\W".repeat(MAX_PATTERN / 2);
    let deep = format!("{}{}", "(".repeat(parse::MAX_DEPTH + 1), ")".repeat(parse::MAX_DEPTH + 1));
    for pattern in [&long, &large, &deep] {
        assert_eq!(compile(pattern).unwrap_err(), Fault::TooLarge, "{pattern:.40}");
    }
    assert!(compile(&deep[1..deep.len() - 1]).is_ok());
    assert_eq!(compile(&"(".repeat(10_000)).unwrap_err(), Fault::TooLarge);
    // A count that no subject can reach needs no program.
    assert_matches("^a{0,4294967296}$", &["aaa"], &["b"]);
    assert_matches("^a{4294967296}$", &[], &["aaa"]);
}

#[test]
fn patterns_too_large_for_the_linear_engine_are_run_by_the_machine() {
    let pages: Vec<String> = (0..400).map(|page| format!("/path/of/page/{page}")).collect();
    let list = format!("^https://[^/]+(?:{})$", pages.join("|"));
    for source in [&list, "(?:a{1000}){1000}", "^(){70000}$", r"(?:[^\W\d]{90}[^\s\d]{90}){40}"] {
        assert!(matches!(compile(source).unwrap().engine, Engine::Backtracking(_)), "{source:.40}");
    }
    assert_matches(&list, &["https://example.com/path/of/page/399"], &["https://example.com/path/of/page/400"]);
    assert_matches("^(?:a{100}){100}$", &[&"a".repeat(10_000)], &[&"a".repeat(10_001)]);
}

#[test]
fn known_difference_subjects_are_bounded() {
    // JavaScript: true for all.
    let mut patterns = Patterns::default();
    for pattern in ["^a+$", "^(?:[a-z]{60}|a*){9}$", "^a+(?!b)$", "^(?:a{1000}){0,1000}a*$"] {
        let pattern = patterns.compile(pattern).unwrap();
        assert_eq!(pattern.is_match(&"a".repeat(MAX_SUBJECT)), Some(true), "{pattern:?}");
        assert_eq!(pattern.is_match(&"a".repeat(MAX_SUBJECT + 1)), None);
    }
    assert_eq!(patterns.over_limit(), 4);
}

/// The linear engine meets each state of its program at most once for each byte of a subject, so the product bounds
/// its work.
#[test]
fn the_product_of_program_and_subject_is_bounded() {
    for source in [
        "a",
        r"^https?://[^/]+/pricing(/.*)?$",
        r"[a-z]{1,300}[0-9]",
        r"(a|ab|abc|b|bc|c){1,150}d",
        r"(?:a|b)*a(?:a|b){300}!",
        r"a.{40}!",
        r"(.+.+)+é{90}",
    ] {
        let pattern = compile(source).unwrap();
        let Engine::Linear(linear) = &pattern.engine else { panic!("{source}") };
        assert!((MAX_PRODUCT / MAX_COMPILED..=MAX_PRODUCT / MIN_COMPILED).contains(&linear.longest), "{source}");
        // The program is no larger than what its longest subject was reckoned with.
        let within =
            |limit| regex::RegexBuilder::new(linear.regex.as_str()).nest_limit(1_000).size_limit(limit).build();
        assert!(within(MAX_PRODUCT / linear.longest).is_ok(), "{source}");
        // No longer subject is given to it.
        assert!(linear.is_match(&"a".repeat(linear.longest)).is_some(), "{source}");
        assert_eq!(linear.is_match(&"a".repeat(linear.longest + 1)), None, "{source}");
    }
}

#[test]
fn ordinary_patterns_run_on_long_subjects() {
    let url = |path: &str| format!("https://example.com{path}?{}", "utm_source=newsletter&".repeat(100));
    assert!(url("").len() > 2_048);
    assert_matches(
        r"^https?://[^/]+/pricing(/.*)?$",
        &[&url("/pricing/"), &format!("http://é.test/pricing/{}", "/日本".repeat(300))],
        &[&url("/pricing"), &url("/shop")],
    );
    assert_matches(r"^(?!.*/admin).*\?.*utm_source=", &[&url("/shop")], &[&url("/admin")]);
    assert_matches(r"^(?:(?!/admin).)*$", &[&url("/shop")], &[&url("/admin")]);
    assert_matches(r"/shop(?!/cart).*&$", &[&url("/shop/1")], &[&url("/shop/cart")]);
    assert_matches(r"(?<!utm_)source=", &[], &[&url("/shop")]);
    assert_matches(r"([&?]utm_source=[a-z]+)\1$", &[], &[&url("/shop")]);
    assert_matches(r"(&utm_source=[a-z]+)\1&$", &[&url("/shop")], &[]);
}

fn steps_taken(source: &str, text: &str) -> Option<usize> {
    let program = Program::new(&parse(source).unwrap());
    let text: Vec<u16> = text.encode_utf16().collect();
    let mut left = MAX_STEPS;
    machine::is_match(&program, &text, &mut left).ok().map(|_| MAX_STEPS - left)
}

#[test]
fn a_step_is_counted_for_each_thing_done() {
    // Looking at the start, then at the first unit, and back: two steps for each of two places; the last has no unit.
    assert_eq!(steps_taken("(?=)a", "b"), Some(6));
    // A run costs its units, and one for each that it gives back.
    let run = |units: usize| steps_taken("^(?=)[ab]*[c]", &"a".repeat(units)).unwrap();
    assert_eq!(run(101) - run(100), 4);
    // Anchored, what rules are written with costs a few steps for each code unit.
    let anchored = |units: usize| steps_taken("^(?:(?!foo).)*$", &"a".repeat(units)).unwrap();
    assert!(anchored(2_000) < 40_000 && anchored(2_000) <= 2 * anchored(1_000));
}

#[test]
fn work_over_the_limit_is_given_up_and_counted() {
    let mut patterns = Patterns::default();
    let hostile = patterns.compile(r"^(?=((a+)+)+\2$)x?").unwrap();
    let text = format!("{}!", "a".repeat(60));
    assert_eq!(hostile.is_match(&text), None);
    assert_eq!(hostile.is_match(&text), None);
    assert_eq!(patterns.over_limit(), 2);
    assert_eq!(hostile.is_match("aa"), Some(true));
    // Without a reference the same expression takes time linear in the subject.
    let linear = patterns.compile(r"^((a+)+)+$").unwrap();
    assert_eq!(linear.is_match(&text), Some(false));
    // Neither looking around in rounds nor long captures hide work from the count.
    let text = "a".repeat(4_096);
    for source in [
        r"[a-z]{1,2000}[0-9]",
        r"(a|ab|abc|b|bc|c){1,300}d",
        r"(?=a)(?:a*)*b",
        r"(?=(?:(?=(?:(?=a*)a)*)a)*)b",
        r"(?=a)(?:a*){4294967295}b",
        r"(?=(a*))(?:\1|a)*b",
        r"(?<=c(?:a|a)*)",
        r"(?=(?:()()()()()()()()a|a)*b)",
    ] {
        assert_eq!(patterns.compile(source).unwrap().is_match(&text), None, "{source}");
    }
}

#[test]
fn the_trail_is_bounded() {
    // One entry for each of these rounds would be more than memory is given for.
    let text = "ab".repeat(8_192);
    let deep = r"^(?=(?:(?:(a)|(b))(?:)(?:(?=)|x)(?:(?=)|y)(?:(?=)|z)){0,99999}!)";
    assert_eq!(is_match(deep, &text), None);
    assert!(steps_taken(deep, &text).is_none());
}

#[test]
fn equal_patterns_are_one() {
    let mut patterns = Patterns::default();
    let first = patterns.compile("a+").unwrap();
    assert!(Arc::ptr_eq(&first, &patterns.compile("a+").unwrap()));
    assert_eq!(patterns.compile("(").unwrap_err(), Fault::Syntax);
    assert_eq!(patterns.compile("(").unwrap_err(), Fault::Syntax);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_text_is_a_pattern_or_refused(source in r"[ab\\\[\](){}|*+?.^$=!<>:,0-9dwscukx-]{0,24}", subject in "[ab1 -]{0,8}") {
        if let Ok(pattern) = compile(&source) {
            prop_assert!(pattern.is_match(&subject).is_some());
        }
    }

    #[test]
    fn both_engines_agree(source in r"[ab\\\[\](){}|*+?.^$:,0-3wdb-]{0,20}", subject in "[ab1 -]{0,12}") {
        if let Ok(Pattern { engine: Engine::Linear(linear), .. }) = compile(&source) {
            let text: Vec<u16> = subject.encode_utf16().collect();
            let program = Program::new(&parse(&source).unwrap());
            let mut steps = MAX_STEPS;
            if let Ok(result) = machine::is_match(&program, &text, &mut steps) {
                prop_assert_eq!(linear.is_match(&subject), Some(result));
            }
        }
    }

    #[test]
    fn an_escaped_text_matches_where_it_is_contained(text in "\\PC{0,8}", around in "\\PC{0,8}") {
        let escaped: String = text
            .chars()
            .map(|c| if c.is_ascii_punctuation() { format!("\\{c}") } else { c.to_string() })
            .collect();
        // Lower case both ways: a letter whose lower case is another's is a matter of folding, not of escaping.
        let (escaped, text, around) = (escaped.to_lowercase(), text.to_lowercase(), around.to_lowercase());
        prop_assert_eq!(compile(&escaped).unwrap().is_match(&format!("{around}{text}{around}")), Some(true));
    }

    #[test]
    fn a_class_holds_what_its_complement_does_not(c: char, class in r"[a-z0-9\\wds-]{1,6}") {
        let text = c.to_lowercase().to_string();
        if let (Ok(inside), Ok(outside)) = (compile(&format!("^[{class}]$")), compile(&format!("^[^{class}]$"))) {
            if text.encode_utf16().count() == 1 {
                prop_assert_ne!(inside.is_match(&text), outside.is_match(&text));
            }
        }
    }
}
