//! The fetch, step by step, on durations alone.

use proptest::prelude::*;

use super::*;
use crate::config::ConfigError;
use crate::transport::RequestKind;

const CONFIG: &str = r#"{"account_id":"1","project":{"id":"2"}}"#;
const NO_TIME: Duration = Duration::ZERO;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn request() -> Request {
    let mut request = Request::get(RequestKind::Config, "https://h.test/v1/config/k?debug_token=tok", ms(10_000), 1000);
    request.authorization = Some(Secret::new("Bearer s3cret"));
    request
}

fn fetch(policy: FetchPolicy) -> Fetch {
    Fetch::new(request(), Some(Secret::new("tok")), policy)
}

fn status(status: u16) -> Result<Response, TransportError> {
    Ok(Response::new(status))
}

fn refused() -> Result<Response, TransportError> {
    Err(TransportError::not_sent("refused"))
}

/// Takes an outcome, and parses the config where it is one.
fn answered(
    fetch: &mut Fetch,
    outcome: Result<Response, TransportError>,
    now: Duration,
    unix_time: Duration,
    chance: f64,
) -> FetchStep {
    match fetch.answered(outcome, now, unix_time, chance) {
        FetchStep::Parse(served) => {
            let parsed = ProjectConfig::parse(&*served.text);
            fetch.parsed(served, parsed, now, chance)
        }
        step => step,
    }
}

/// A step in short: `send <ms>` (its timeout), `wait <ms>`, `config`, `not modified`, or the error.
fn short(step: &FetchStep) -> String {
    match step {
        FetchStep::Send(request) => format!("send {}", request.timeout.as_millis()),
        FetchStep::Parse(_) => "parse".to_owned(),
        FetchStep::WaitUntil { time, .. } => format!("wait {}", time.as_millis()),
        FetchStep::Done(Ok(Fetched::Config { .. })) => "config".to_owned(),
        FetchStep::Done(Ok(Fetched::NotModified { .. })) => "not modified".to_owned(),
        FetchStep::Done(Err(error)) => format!("{error:?}"),
    }
}

#[test]
fn a_good_answer_ends_it() {
    let mut fetch = fetch(FetchPolicy::until(ms(30_000)));
    assert_eq!(short(&fetch.next(NO_TIME)), "send 10000");
    let answer = Response::new(200).header("ETag", "\"7\"").body(CONFIG);
    let FetchStep::Done(Ok(Fetched::Config { config, tag, .. })) =
        answered(&mut fetch, Ok(answer), ms(5), NO_TIME, 0.0)
    else {
        panic!("a config is due")
    };
    assert_eq!((config.account_id(), config.project_id(), tag.etag.as_deref()), ("1", "2", Some("\"7\"")));
}

/// Pauses lie between half of 250, 500, 1000 ... ms and the whole; the last try ends at the deadline.
#[test]
fn retries_back_off_until_the_deadline() {
    let cases = [
        (0.0, [125_000, 250_000, 500_000, 1_000_000]),
        (0.5, [187_500, 375_000, 750_000, 1_500_000]),
        (1.0, [250_000, 500_000, 1_000_000, 2_000_000]),
    ];
    for (chance, pauses) in cases {
        let pauses = pauses.map(Duration::from_micros);
        let mut fetch = fetch(FetchPolicy::until(pauses.iter().sum::<Duration>() + ms(100)));
        let mut now = NO_TIME;
        for pause in pauses {
            fetch.next(now);
            let step = answered(&mut fetch, refused(), now, NO_TIME, chance);
            let FetchStep::WaitUntil { time, error: FetchError::Transport { .. } } = step else { panic!("{step:?}") };
            assert_eq!(time - now, pause);
            now = time;
        }
        assert_eq!(short(&fetch.next(now)), "send 100");
        // The next pause would end after the deadline, so the error is told now.
        let step = answered(&mut fetch, refused(), now + ms(1), NO_TIME, chance);
        assert!(matches!(step, FetchStep::Done(Err(FetchError::Transport { .. }))), "{step:?}");
    }
}

#[test]
fn a_late_start_tells_the_last_error() {
    let mut fetch = fetch(FetchPolicy::until(ms(1000)));
    fetch.next(NO_TIME);
    assert_eq!(short(&answered(&mut fetch, status(503), ms(10), NO_TIME, 0.0)), "wait 135");
    assert_eq!(short(&fetch.next(ms(1000))), "Status { status: 503 }");
    let mut fetch = self::fetch(FetchPolicy::until(ms(1000)));
    assert_eq!(short(&fetch.next(ms(1000))), "Timeout");
}

#[test]
fn what_retries_cannot_mend_ends_a_startup_at_once() {
    let cases = [
        (400, "Status { status: 400 }"),
        (401, "Unauthorized { status: 401 }"),
        (403, "Unauthorized { status: 403 }"),
        (404, "NotFound"),
        (410, "Status { status: 410 }"),
        (304, "Status { status: 304 }"),
        (302, "Status { status: 302 }"),
        (408, "wait 125"),
        (429, "wait 125"),
        (500, "wait 125"),
        (503, "wait 125"),
        (599, "wait 125"),
        (204, "wait 125"),
    ];
    for (code, expected) in cases {
        let mut fetch = fetch(FetchPolicy::until(ms(60_000)));
        fetch.next(NO_TIME);
        assert_eq!(short(&answered(&mut fetch, status(code), NO_TIME, NO_TIME, 0.0)), expected, "{code}");
    }
}

#[test]
fn an_unusable_config_is_tried_again() {
    let cases = [
        ("", ConfigError::Empty),
        (r#"{"account_id":"1","project":"#, ConfigError::Truncated),
        (r#"{"project":{"id":"2"}}"#, ConfigError::MissingAccountId),
    ];
    for (body, problem) in cases {
        let mut fetch = fetch(FetchPolicy::until(ms(60_000)));
        fetch.next(NO_TIME);
        let step = answered(&mut fetch, Ok(Response::new(200).body(body)), NO_TIME, NO_TIME, 0.0);
        let FetchStep::WaitUntil { error: FetchError::Config { source }, .. } = step else { panic!("{step:?}") };
        assert_eq!(source, problem);
    }
    let mut fetch = fetch(FetchPolicy::once(ms(60_000)));
    fetch.next(NO_TIME);
    let payload = r#"{"error":{"message":"no such key"}}"#;
    let step = answered(&mut fetch, Ok(Response::new(200).body(payload)), NO_TIME, NO_TIME, 0.0);
    let FetchStep::Done(Err(FetchError::Config { source: ConfigError::ErrorPayload { message, .. } })) = step else {
        panic!("{step:?}")
    };
    assert!(message.contains("no such key"), "{message}");
}

#[test]
fn servers_may_ask_for_a_longer_wait_up_to_five_minutes() {
    let cases = [
        ("0", "wait 125"),
        ("7", "wait 7000"),
        ("3600", "wait 300000"),
        // 784111777 seconds after the epoch, and the present is 30 seconds before.
        ("Sun, 06 Nov 1994 08:49:37 GMT", "wait 30000"),
        ("nonsense", "wait 125"),
    ];
    for (value, expected) in cases {
        let mut fetch = fetch(FetchPolicy::until(ms(600_000)));
        fetch.next(NO_TIME);
        let answer = Response::new(429).header("Retry-After", value);
        let now = Duration::from_secs(784_111_747);
        assert_eq!(short(&answered(&mut fetch, Ok(answer), NO_TIME, now, 0.0)), expected, "{value}");
    }
    // One that the deadline does not allow ends the fetch.
    let mut fetch = fetch(FetchPolicy::until(ms(5000)));
    fetch.next(NO_TIME);
    let answer = Response::new(503).header("Retry-After", "5");
    assert_eq!(short(&answered(&mut fetch, Ok(answer), NO_TIME, NO_TIME, 0.0)), "Status { status: 503 }");
}

#[test]
fn without_a_deadline_it_never_ends() {
    let mut fetch = fetch(FetchPolicy::for_ever(Duration::MAX));
    let mut now = NO_TIME;
    let mut pauses = Vec::new();
    for _ in 0..10 {
        assert_eq!(short(&fetch.next(now)), "send 10000");
        let FetchStep::WaitUntil { time, .. } = answered(&mut fetch, refused(), now, NO_TIME, 1.0) else { panic!() };
        pauses.push((time - now).as_millis());
        now = time;
    }
    assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    fetch.next(now);
    let FetchStep::WaitUntil { time, error } = answered(&mut fetch, status(404), now, NO_TIME, 0.0) else { panic!() };
    assert!(error.is_final());
    assert_eq!(time - now, Duration::from_secs(150), "half of the slow pace");
}

#[test]
fn previews_are_tried_once() {
    let mut fetch = fetch(FetchPolicy::once(ms(3000)));
    assert_eq!(short(&fetch.next(NO_TIME)), "send 3000");
    assert_eq!(short(&answered(&mut fetch, status(503), NO_TIME, NO_TIME, 0.0)), "Status { status: 503 }");
}

#[test]
fn a_tag_that_still_holds_ends_it() {
    let mut request = request();
    request.if_none_match = Some("\"7\"".into());
    let mut fetch = Fetch::new(request, None, FetchPolicy::for_ever(Duration::MAX));
    fetch.next(NO_TIME);
    assert_eq!(short(&answered(&mut fetch, status(304), NO_TIME, NO_TIME, 0.0)), "not modified");
}

#[test]
fn redirects_are_followed_without_the_secret_and_start_over_at_a_retry() {
    let mut fetch = fetch(FetchPolicy::until(ms(60_000)));
    fetch.next(NO_TIME);
    let away = Response::new(302).header("location", "https://other.test/c?debug_token=tok&a=b");
    let FetchStep::Send(request) = answered(&mut fetch, Ok(away), ms(55_000), NO_TIME, 0.0) else { panic!() };
    assert_eq!((request.url(), &request.authorization), ("https://other.test/c?a=b", &None));
    assert_eq!(request.timeout(), ms(5000));
    assert_eq!(short(&answered(&mut fetch, status(500), ms(55_000), NO_TIME, 0.0)), "wait 55125");
    let FetchStep::Send(request) = fetch.next(ms(55_125)) else { panic!() };
    assert_eq!(request.url(), "https://h.test/v1/config/k?debug_token=tok");
    assert!(request.authorization.is_some());
}

#[test]
fn a_sixth_redirect_and_a_downgrade_end_it() {
    let mut fetch = fetch(FetchPolicy::until(ms(60_000)));
    fetch.next(NO_TIME);
    for _ in 0..5 {
        let again = Response::new(307).header("location", "/v1/config/k");
        assert_eq!(short(&answered(&mut fetch, Ok(again), NO_TIME, NO_TIME, 0.0)), "send 10000");
    }
    let again = Response::new(307).header("location", "/v1/config/k");
    assert_eq!(short(&answered(&mut fetch, Ok(again), NO_TIME, NO_TIME, 0.0)), "Redirect { source: TooMany }");

    let mut fetch = self::fetch(FetchPolicy::until(ms(60_000)));
    fetch.next(NO_TIME);
    let down = Response::new(301).header("location", "http://h.test/");
    assert_eq!(short(&answered(&mut fetch, Ok(down), NO_TIME, NO_TIME, 0.0)), "Redirect { source: Insecure }");
}

#[test]
fn what_is_too_large_stays_too_large() {
    let too_large = Err(TransportError::new(TransportErrorKind::TooLarge, false));
    let longer_than_allowed = Ok(Response::new(200).body(" ".repeat(1001)));
    for outcome in [too_large, longer_than_allowed] {
        let mut fetch = fetch(FetchPolicy::until(ms(60_000)));
        fetch.next(NO_TIME);
        assert_eq!(short(&answered(&mut fetch, outcome, NO_TIME, NO_TIME, 0.0)), "TooLarge { limit: 1000 }");
    }
}

#[test]
fn errors_say_what_to_do_and_show_no_secret() {
    let mut fetch = fetch(FetchPolicy::once(ms(1000)));
    fetch.next(NO_TIME);
    let leaky = TransportError::ambiguous("failed at https://h.test/v1/config/k3y?debug_token=tok");
    let FetchStep::Done(Err(error)) = answered(&mut fetch, Err(leaky), NO_TIME, NO_TIME, 0.0) else { panic!() };
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "failed at https://h.test/v1/config/[redacted]");
    assert!(!format!("{error} {error:?} {fetch:?}").contains("k3y"));
    assert!(!format!("{fetch:?}").contains("s3cret"));
}

proptest! {
    /// Whatever the server does, a fetch with a deadline ends by it, and never sends with no time left.
    #[test]
    fn a_deadline_is_always_kept(
        deadline in 0u64..20_000,
        outcomes in proptest::collection::vec((0u16..600, 0u64..3000, 0.0f64..1.0, 0u64..20), 1..60),
    ) {
        let deadline = ms(deadline);
        let mut fetch = fetch(FetchPolicy::until(deadline));
        let mut now = NO_TIME;
        let mut step = fetch.next(now);
        for (code, took, chance, retry_after) in outcomes {
            step = match step {
                FetchStep::Send(request) => {
                    prop_assert!(now < deadline);
                    prop_assert_eq!(request.timeout, ms(10_000).min(deadline - now));
                    now += ms(took).min(request.timeout);
                    let outcome = match code {
                        0..100 => refused(),
                        100..200 => Err(TransportError::timeout()),
                        _ => Ok(Response::new(code).header("retry-after", retry_after.to_string())),
                    };
                    answered(&mut fetch, outcome, now, NO_TIME, chance)
                }
                FetchStep::WaitUntil { time, .. } => {
                    prop_assert!(time > now && time < deadline);
                    now = time;
                    fetch.next(now)
                }
                FetchStep::Done(_) | FetchStep::Parse(_) => break,
            };
        }
    }
}

#[test]
fn the_text_that_is_known_is_no_other_config() {
    let mut fetch = fetch(FetchPolicy::until(ms(30_000))).knowing(TextHash::of(CONFIG.as_bytes()));
    fetch.next(NO_TIME);
    let same = Response::new(200).header("ETag", "\"8\"").body(CONFIG);
    let step = fetch.answered(Ok(same), NO_TIME, NO_TIME, 0.0);
    let FetchStep::Done(Ok(Fetched::NotModified { etag })) = step else { panic!("{step:?}") };
    assert_eq!(etag.as_deref(), Some("\"8\""));
    fetch.next(NO_TIME);
    let other = Response::new(200).body(format!("{CONFIG} "));
    assert_eq!(short(&fetch.answered(Ok(other), NO_TIME, NO_TIME, 0.0)), "parse");
}
