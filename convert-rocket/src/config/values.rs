//! Kinds of values in the configuration. `Display` shows them as Rocket's launch log shows its own.

use std::fmt;
use std::time::Duration;

use convert_core::RefreshConfig;
use convert_core::web::{CookieError, SameSite, VisitorCookie};
use serde::de::{Deserialize, Deserializer, Error};

/// A text that is never shown.
#[derive(Clone)]
pub(super) struct Secret(pub(super) String);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The error of another kind of value would show it.
        String::deserialize(deserializer).map(Self).map_err(|_| D::Error::custom("it must be text, in double quotes"))
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A time in seconds.
#[derive(Clone, Copy)]
pub(super) struct Seconds(pub(super) Duration);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        let range = |_| D::Error::custom(format!("it must be a number of seconds, 0 or more, not {seconds}"));
        Duration::try_from_secs_f64(seconds).map(Self).map_err(range)
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// A value as it is shown, where there is one.
pub(super) fn shown(value: &Option<impl fmt::Display>) -> Option<String> {
    value.as_ref().map(ToString::to_string)
}

/// The members of a table that are there.
fn members(
    f: &mut fmt::Formatter<'_>,
    members: impl IntoIterator<Item = (&'static str, Option<String>)>,
) -> fmt::Result {
    let said = members.into_iter().filter_map(|(key, value)| Some(format!("{key} = {}", value?)));
    f.write_str(&said.collect::<Vec<_>>().join(", "))
}

/// How often the config is fetched again.
#[derive(Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refresh {
    interval: Option<Seconds>,
    jitter: Option<Seconds>,
    backoff_factor: Option<f64>,
    max_interval: Option<Seconds>,
}

impl Refresh {
    pub(super) fn config(&self) -> RefreshConfig {
        let mut config = RefreshConfig::new();
        if let Some(Seconds(interval)) = self.interval {
            config = config.interval(interval);
        }
        if let Some(Seconds(jitter)) = self.jitter {
            config = config.jitter(jitter);
        }
        if let Some(factor) = self.backoff_factor {
            config = config.backoff_factor(factor);
        }
        if let Some(Seconds(ceiling)) = self.max_interval {
            config = config.max_interval(ceiling);
        }
        config
    }
}

impl fmt::Display for Refresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = [
            ("interval", shown(&self.interval)),
            ("jitter", shown(&self.jitter)),
            ("backoff_factor", shown(&self.backoff_factor)),
            ("max_interval", shown(&self.max_interval)),
        ];
        members(f, said)
    }
}

/// The visitor's cookie.
#[derive(Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cookie {
    name: Option<String>,
    path: Option<String>,
    domain: Option<String>,
    max_age: Option<MaxAge>,
    same_site: Option<Site>,
    secure: Option<bool>,
    http_only: Option<bool>,
}

#[derive(Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Site {
    Strict,
    Lax,
    None,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Strict => "strict",
            Self::Lax => "lax",
            Self::None => "none",
        })
    }
}

/// How long a cookie is kept.
#[derive(Clone, Copy)]
struct MaxAge(Option<Duration>);

impl<'de> Deserialize<'de> for MaxAge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Value {
            Seconds(Seconds),
            Word(String),
        }
        match Value::deserialize(deserializer) {
            Ok(Value::Seconds(Seconds(age))) => Ok(Self(Some(age))),
            Ok(Value::Word(word)) if word == "session" => Ok(Self(None)),
            _ => Err(D::Error::custom("it must be a number of seconds, 0 or more, or \"session\"")),
        }
    }
}

impl fmt::Display for MaxAge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(age) => Seconds(age).fmt(f),
            None => f.write_str("session"),
        }
    }
}

impl fmt::Display for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = [
            ("name", shown(&self.name)),
            ("path", shown(&self.path)),
            ("domain", shown(&self.domain)),
            ("max_age", shown(&self.max_age)),
            ("same_site", shown(&self.same_site)),
            ("secure", shown(&self.secure)),
            ("http_only", shown(&self.http_only)),
        ];
        members(f, said)
    }
}

impl Cookie {
    /// What is said here, over what was said before; else the member that is wrong.
    pub(super) fn over(&self, mut cookie: VisitorCookie) -> Result<VisitorCookie, (&'static str, CookieError)> {
        if let Some(name) = &self.name {
            cookie = cookie.name(name).map_err(|error| ("name", error))?;
        }
        if let Some(path) = &self.path {
            cookie = cookie.path(path).map_err(|error| ("path", error))?;
        }
        if let Some(domain) = &self.domain {
            cookie = cookie.domain(domain).map_err(|error| ("domain", error))?;
        }
        if let Some(MaxAge(age)) = self.max_age {
            cookie = cookie.max_age(age);
        }
        if let Some(site) = self.same_site {
            cookie = cookie.same_site(match site {
                Site::Strict => SameSite::Strict,
                Site::Lax => SameSite::Lax,
                Site::None => SameSite::None,
            });
        }
        if let Some(secure) = self.secure {
            cookie = cookie.secure(secure);
        }
        if let Some(http_only) = self.http_only {
            cookie = cookie.http_only(http_only);
        }
        Ok(cookie)
    }
}
