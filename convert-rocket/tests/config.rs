//! The table `convert` of Rocket's configuration: what it sets, and how it names what is wrong.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::result_large_err,
    reason = "tests may panic; errors are figment's"
)]

#[macro_use]
extern crate rocket;

mod common;

use std::path::Path;

use common::{figment, get};
use convert_rocket::core::testing::RecordingTransport;
use convert_rocket::core::{Core, RequestKind};
use convert_rocket::{ConvertConfig, ConvertContext, ConvertFairing, KeyError, StartError, VisitorCookie};
use rocket::error::ErrorKind;
use rocket::figment::Figment;
use rocket::figment::providers::{Env, Format, Toml};
use rocket::local::blocking::Client;
use web_testing::{builder, shop};

#[get("/me")]
fn me(convert: &ConvertContext) -> String {
    convert.visitor_id().to_owned()
}

fn with(toml: &str) -> Figment {
    figment().merge(Toml::string(toml).nested())
}

fn client(figment: Figment, fairing: ConvertFairing) -> Client {
    Client::untracked(rocket::custom(figment).attach(fairing).mount("/", routes![me])).unwrap()
}

/// What is wrong with these settings.
fn wrong(toml: &str) -> KeyError {
    ConvertConfig::from_figment(&with(toml)).unwrap_err()
}

/// What keeps a core from being made with these settings.
fn fails(toml: &str) -> StartError {
    let config = ConvertConfig::from_figment(&with(toml)).unwrap();
    let builder = Core::builder().async_transport(RecordingTransport::new());
    rocket::execute(async { config.build_core(builder).await.unwrap_err() })
}

/// A transport that answers with a config.
fn serving() -> RecordingTransport {
    let transport = RecordingTransport::new();
    transport.otherwise(RequestKind::Config, convert_rocket::core::testing::Answer::body(shop()));
    transport
}

#[test]
fn a_cookie_that_browsers_would_drop_keeps_the_rocket_from_igniting() {
    let ignites = |toml: &str, cookie: VisitorCookie| {
        let fairing = ConvertFairing::from_builder(builder()).cookie(cookie);
        match Client::untracked(rocket::custom(with(toml)).attach(fairing)) {
            Ok(_) => true,
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::FailedFairings(failed) if failed.len() == 1), "{error}");
                false
            }
        }
    };
    for cookie in [
        "max_age = 0",
        "max_age = 0.9",
        "same_site = 'none', secure = false",
        "name = '__Host-v', secure = false",
        "name = '__Host-v', domain = 'shop.example'",
        "name = '__Host-v', path = '/shop'",
    ] {
        assert!(!ignites(&format!("[default.convert]\ncookie = {{ {cookie} }}"), VisitorCookie::new()), "{cookie}");
    }
    // The table and the method count together.
    let host = || VisitorCookie::new().name("__Host-v").unwrap();
    let path = "[default.convert]\ncookie = { path = '/shop' }";
    assert!(ignites(path, VisitorCookie::new()));
    assert!(!ignites(path, host()));
    assert!(ignites("[default.convert]\ncookie = { max_age = 'session' }", host()));
}

#[test]
fn a_config_of_rocket_makes_the_core_and_says_how_requests_are_treated() {
    let settings = r#"
        [default.convert]
        sdk_key = "100123/200456"
        sdk_key_secret = "hush"
        environment = "production"
        config_endpoint = "https://config.example"
        track_endpoint = "https://track.example"
        low_cache = true
        request_timeout = 3
        startup_timeout = 2.5
        refresh = { interval = 60, jitter = 5, max_interval = 120, backoff_factor = 1.5 }
        batch_size = 2
        auto_flush_interval = 1
        visitor_limit = 10
        visitor_time_to_live = 3600
        mint_always = true
        private_responses = false
        flush_deadline = 1
        cookie = { name = "shop", path = "/s", domain = "a.example", max_age = 60, same_site = "strict", secure = false, http_only = false }
    "#;
    let transport = serving();
    let fairing = ConvertFairing::from_builder(Core::builder().async_transport(transport.clone()));
    let client = client(with(settings), fairing);
    let asked = transport.requests(RequestKind::Config);
    let asked = asked.first().unwrap();
    assert!(asked.url().starts_with("https://config.example/config/100123/200456?"), "{}", asked.url());
    assert!(asked.url().contains("environment=production") && asked.url().contains("_conv_low_cache=1"));

    let answer = get(&client, "/nowhere");
    let cookies = answer.set_cookies().concat();
    let (start, end) = ("shop=", "; Max-Age=60; Domain=a.example; Path=/s; SameSite=Strict");
    assert!(cookies.starts_with(start) && cookies.ends_with(end), "{cookies}");
    assert!(answer.headers.iter().all(|(name, _)| !name.eq_ignore_ascii_case("cache-control")), "{answer:?}");

    let core = client.rocket().state::<Core>().unwrap();
    assert!(core.create_context("v").unwrap().track_conversion("purchase").is_queued());
    client.terminate();
    let sent = transport.requests(RequestKind::Tracking);
    assert!(sent.first().unwrap().url().starts_with("https://track.example"), "{}", sent.first().unwrap().url());
}

#[test]
fn the_configuration_goes_before_the_fairings_methods_and_profiles_before_the_default() {
    let named = |name: &str| VisitorCookie::new().name(name).unwrap();
    let fairing = || ConvertFairing::from_builder(builder()).cookie(named("by-method").secure(false));
    let name = |figment| {
        let answer = get(&client(figment, fairing()), "/me");
        answer.set_cookies().concat().split('=').next().unwrap().to_owned()
    };
    assert_eq!(name(figment()), "by-method");
    let both = "[default.convert.cookie]\nname = 'by-default'\n[release.convert.cookie]\nname = 'by-release'";
    assert_eq!(name(with(both)), "by-default");
    assert_eq!(name(with(both).select("release")), "by-release");
    // What the table does not say stays as the method said it.
    let answer = get(&client(with(both), fairing()), "/me");
    assert!(!answer.set_cookies().concat().contains("Secure"));
}

#[test]
fn environment_variables_are_read_as_rocket_reads_its_own() {
    figment::Jail::expect_with(|jail| {
        jail.set_env("ROCKET_CONVERT", r#"{ config_file = "shop.json", cookie = { name = "by-env" } }"#);
        jail.create_file("shop.json", &shop())?;
        jail.create_file("Rocket.toml", "[default.convert]\nbatch_size = 3\ncookie = { name = 'by-file' }")?;
        let figment = rocket::Config::figment().merge(("log_level", "off"));
        let client = client(figment, ConvertFairing::from_config());
        let answer = get(&client, "/me");
        assert!(answer.set_cookies().concat().starts_with("by-env="));
        Ok(())
    });
}

#[test]
fn a_file_is_looked_for_beside_the_file_that_names_it() {
    figment::Jail::expect_with(|jail| {
        let folder = jail.directory().join("settings");
        std::fs::create_dir(&folder).unwrap();
        jail.create_file(Path::new("settings/shop.json"), &shop())?;
        jail.create_file(Path::new("settings/Rocket.toml"), "[default.convert]\nconfig_file = 'shop.json'")?;
        let figment = figment().merge(Toml::file(folder.join("Rocket.toml")).nested());
        assert!(client(figment, ConvertFairing::from_config()).rocket().state::<Core>().unwrap().is_ready());
        Ok(())
    });
}

#[test]
fn a_core_of_the_apps_own_needs_no_key_and_other_settings_still_count() {
    let settings = with("[default.convert]\nsdk_key = '1/2'\nmint_always = true");
    let client = client(settings, ConvertFairing::new(web_testing::core()));
    assert!(get(&client, "/nowhere").minted().is_some());
}

#[test]
fn a_key_that_cannot_be_used_is_named_with_its_place() {
    for (toml, key) in [
        ("batch_size = 0", "convert.batch_size"),
        ("batch_size = 'many'", "convert.batch_size"),
        ("sdk_kei = '1/2'", "convert.sdk_kei"),
        ("request_timeout = -1", "convert.request_timeout"),
        ("tracking = 'sometimes'", "convert.tracking"),
        ("refresh = { interval = 'often' }", "convert.refresh.interval"),
        ("refresh = { every = 1 }", "convert.refresh.every"),
        ("cookie = { name = 'a b' }", "convert.cookie.name"),
        ("cookie = { path = 'shop' }", "convert.cookie.path"),
        ("cookie = { max_age = 'long' }", "convert.cookie.max_age"),
        ("cookie = { same_site = 'some' }", "convert.cookie.same_site"),
        ("visitor_limit = 0", "convert.visitor_limit"),
    ] {
        let error = wrong(&format!("[default.convert]\n{toml}"));
        assert_eq!(error.key(), key);
        assert!(error.to_string().starts_with(&format!("the key `{key}` cannot be used: ")), "{error}");
        assert!(error.found_in().unwrap().contains("TOML"), "{error}");
    }
    assert_eq!(wrong("[default]\nconvert = 1").key(), "convert");
}

#[test]
fn a_file_or_the_environment_is_named_as_the_place() {
    figment::Jail::expect_with(|jail| {
        jail.create_file("Rocket.toml", "[default.convert]\nbatch_size = 0")?;
        let error = ConvertConfig::from_figment(&rocket::Config::figment()).unwrap_err();
        assert!(error.found_in().unwrap().ends_with("Rocket.toml"), "{error}");
        jail.set_env("SHOP_CONVERT", "{ batch_size = 0 }");
        let error = ConvertConfig::from_figment(&Figment::from(Env::prefixed("SHOP_").global())).unwrap_err();
        assert!(error.found_in().unwrap().contains("SHOP_"), "{error}");
        Ok(())
    });
}

#[test]
fn a_variable_that_is_no_table_is_never_shown() {
    for variable in common::MALFORMED {
        figment::Jail::expect_with(|jail| {
            jail.set_env("ROCKET_CONVERT", variable);
            let error = ConvertConfig::from_figment(&rocket::Config::figment()).unwrap_err();
            assert_eq!(error.key(), "convert");
            let told = format!("{error}");
            assert!(told.contains("it must be a table, such as `{ sdk_key = \"…\" }`"), "{told}");
            assert!(told.contains("ROCKET_"), "{told}");
            for shown in [told, format!("{error:?}"), format!("{:?}", StartError::from(error))] {
                assert!(!shown.contains("1234567890"), "{shown}");
            }
            Ok(())
        });
    }
}

#[test]
fn a_file_that_cannot_be_read_is_no_missing_table() {
    figment::Jail::expect_with(|jail| {
        jail.create_file("Rocket.toml", "[default.convert]\nsdk_key_secret = s-1234567890\ntracking = false\n")?;
        let error = ConvertConfig::from_figment(&rocket::Config::figment()).unwrap_err();
        let told = format!("{error}");
        assert!(told.contains("TOML parse error at line 2") && told.contains("Rocket.toml"), "{told}");
        for shown in [told, format!("{error:?}")] {
            assert!(!shown.contains("1234567890"), "{shown}");
        }
        Ok(())
    });
}

#[test]
fn a_value_that_took_its_neighbours_along_is_not_shown() {
    for (variable, key, expected) in [
        (r#"{ batch_size = 7 debug_token = "1234567890" }"#, "convert.batch_size", "a nonzero usize"),
        (r#"{ cookie = secure debug_token = "1234567890" }"#, "convert.cookie", "it must be a table"),
        (
            r#"{ cookie = { same_site = lax debug_token = "1234567890" } }"#,
            "convert.cookie.same_site",
            "one of: strict, lax, none",
        ),
    ] {
        figment::Jail::expect_with(|jail| {
            jail.set_env("ROCKET_CONVERT", variable);
            let error = ConvertConfig::from_figment(&rocket::Config::figment()).unwrap_err();
            assert_eq!(error.key(), key);
            assert!(error.to_string().contains(expected), "{error}");
            assert!(!format!("{error} {error:?}").contains("1234567890"), "{error:?}");
            Ok(())
        });
    }
}

#[test]
fn what_the_core_refuses_is_named_too() {
    let key = |toml: &str| fails(&format!("[default.convert]\n{toml}")).key().unwrap();
    assert_eq!(key(""), "convert.sdk_key");
    assert_eq!(key("sdk_key = ''"), "convert.sdk_key");
    assert_eq!(key("sdk_key = '1/2'\nsdk_key_secret = ''"), "convert.sdk_key_secret");
    assert_eq!(key("sdk_key = '1/2'\nconfig_endpoint = 'ftp://x'"), "convert.config_endpoint");
    assert_eq!(key("sdk_key = '1/2'\ntrack_endpoint = 'x'"), "convert.track_endpoint");
    assert_eq!(key("sdk_key = '1/2'\nrequest_timeout = 0"), "convert.request_timeout");
    assert_eq!(key("sdk_key = '1/2'\nrefresh = { interval = 0 }"), "convert.refresh.interval");
    assert_eq!(key("config_file = 'nowhere.json'"), "convert.config_file");
    let error = fails("[default.convert]\nsdk_key = '1/2'\nstartup_timeout = 0");
    assert_eq!(
        error.to_string(),
        "`startup_timeout` must be above 0; see the key `convert.startup_timeout` of Rocket's configuration"
    );
}

#[test]
fn a_launch_fails_with_its_fairing() {
    let app = rocket::custom(with("[default.convert]\nbatch_size = 0")).attach(ConvertFairing::from_config());
    let error = Client::untracked(app).unwrap_err();
    let ErrorKind::FailedFairings(failed) = error.kind() else { panic!("{error:?}") };
    assert_eq!(failed.iter().map(|info| info.name).collect::<Vec<_>>(), ["Convert"]);
}

#[test]
fn secrets_are_never_shown() {
    let settings = "[default.convert]\nsdk_key = 'key-1234567890'\nsdk_key_secret = 's-1234567890'\n\
                    debug_token = 't-1234567890'\nconfig_endpoint = 'https://user:p-1234567890@x.example'";
    let config = ConvertConfig::from_figment(&with(settings)).unwrap();
    let shown = format!("{config:?} {config:#?}");
    assert!(!shown.contains("1234567890"), "{shown}");
    assert!(shown.contains("[redacted]"));
    for key in ["sdk_key", "sdk_key_secret", "debug_token"] {
        // As an environment variable of digits would be read.
        let error = wrong(&format!("[default.convert]\n{key} = 1234567890"));
        assert_eq!(error.key(), format!("convert.{key}"));
        assert!(!format!("{error} {error:?}").contains("1234567890"), "{error:?}");
    }
    let error = fails(settings);
    assert_eq!(error.key().unwrap(), "convert.config_endpoint");
    assert!(!format!("{error} {error:?}").contains("1234567890"), "{error:?}");
}
