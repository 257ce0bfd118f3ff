//! Where requests go: the routes of the config and metrics endpoints, and what may be sent there.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::http_url::{HttpUrl, UrlProblem, encode_component, host_of};
use super::{Request, RequestKind};
use crate::redact::{MaskedKey, Secret};

const CONFIG_ENDPOINT: &str = "https://cdn-4.convertexperiments.com/api/v1";
const TRACK_ENDPOINT: &str = "https://[project_id].metrics.convertexperiments.com/v1";
const PROJECT_ID: &str = "[project_id]";

/// Why requests cannot be sent with the endpoints, keys and secrets given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndpointError {
    /// An endpoint is no URL that requests can go to.
    #[non_exhaustive]
    InvalidUrl {
        /// Which one: `config` or `track`.
        endpoint: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A secret would go over plain HTTP to another machine.
    #[non_exhaustive]
    InsecureSecret {
        /// Which endpoint: `config` or `track`.
        endpoint: &'static str,
    },
    /// The SDK key is neither `account id/project id` nor a token: it is empty, say, or holds a space or a line's end.
    InvalidSdkKey,
    /// The SDK key secret cannot stand in a header.
    InvalidSecret,
    /// The account or project id of the config cannot stand in the tracking URL.
    InvalidProject,
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidUrl { endpoint, problem } => {
                write!(f, "the {endpoint} endpoint {problem}: give a URL such as https://host/path, without a query")
            }
            Self::InsecureSecret { endpoint } => {
                write!(f, "the {endpoint} endpoint is plain HTTP to another machine, and a secret is set: use https://")
            }
            Self::InvalidSdkKey => f.write_str(
                "the SDK key is neither `account id/project id` nor a single token without spaces: copy it again from the \
                 project's settings",
            ),
            Self::InvalidSecret => f.write_str(
                "the SDK key secret is empty or holds characters that no secret has: copy it again from the project's settings",
            ),
            Self::InvalidProject => {
                f.write_str("the config's account or project id is not made of letters, digits, '-' and '_': check the config")
            }
        }
    }
}

impl std::error::Error for EndpointError {}

/// What decides where requests go and what they carry.
#[derive(Clone, Debug, Default)]
pub(crate) struct EndpointOptions {
    pub(crate) sdk_key: Option<String>,
    pub(crate) sdk_key_secret: Option<Secret>,
    pub(crate) debug_token: Option<Secret>,
    pub(crate) environment: Option<String>,
    pub(crate) low_cache: bool,
    pub(crate) config_endpoint: Option<String>,
    pub(crate) track_endpoint: Option<String>,
    pub(crate) request_timeout: Option<Duration>,
    pub(crate) max_config_bytes: Option<usize>,
}

/// The endpoints of one core, checked.
#[derive(Clone)]
pub(crate) struct Endpoints {
    config_base: String,
    track_base: String,
    sdk_key: Option<String>,
    authorization: Option<Secret>,
    debug_token: Option<Secret>,
    environment: Option<String>,
    low_cache: bool,
    request_timeout: Duration,
    max_config_bytes: usize,
}

impl Endpoints {
    pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
    pub(crate) const MAX_CONFIG_BYTES: usize = 64 * 1024 * 1024;

    pub(crate) fn new(options: EndpointOptions) -> Result<Self, EndpointError> {
        let config_base = base(options.config_endpoint.as_deref().unwrap_or(CONFIG_ENDPOINT));
        let track_base = base(options.track_endpoint.as_deref().unwrap_or(TRACK_ENDPOINT));
        let has_secret = options.sdk_key_secret.is_some();
        check_base("config", &config_base, has_secret || options.debug_token.is_some())?;
        check_base("track", &track_base.replacen(PROJECT_ID, "0", 1), has_secret)?;
        if options.sdk_key.as_deref().is_some_and(|key| !is_sdk_key(key)) {
            return Err(EndpointError::InvalidSdkKey);
        }
        let authorization = match options.sdk_key_secret {
            Some(secret) if is_header_token(secret.expose()) => {
                Some(Secret::new(format!("Bearer {}", secret.expose())))
            }
            Some(_) => return Err(EndpointError::InvalidSecret),
            None => None,
        };
        Ok(Self {
            config_base,
            track_base,
            sdk_key: options.sdk_key,
            authorization,
            debug_token: options.debug_token,
            environment: options.environment.filter(|name| !name.is_empty()),
            low_cache: options.low_cache,
            request_timeout: options.request_timeout.unwrap_or(Self::REQUEST_TIMEOUT),
            max_config_bytes: options.max_config_bytes.unwrap_or(Self::MAX_CONFIG_BYTES),
        })
    }

    /// The config endpoint's host, and port where it has one.
    pub(crate) fn config_host(&self) -> &str {
        host_of(&self.config_base)
    }

    /// How long a request may take.
    pub(crate) fn request_timeout(&self) -> Duration {
        self.request_timeout
    }

    /// The debug token, which redirects must not carry elsewhere.
    pub(crate) fn debug_token(&self) -> Option<&Secret> {
        self.debug_token.as_ref()
    }

    /// The GET of the project config; `None` without an SDK key.
    pub(crate) fn config_request(&self, if_none_match: Option<Arc<str>>) -> Option<Request> {
        let url = self.config_url(None)?;
        Some(Request { if_none_match, ..self.get(RequestKind::Config, url) })
    }

    /// The GET of one experience, whatever its status, for a preview; `None` without an SDK key.
    pub(crate) fn preview_request(&self, experience_id: &str) -> Option<Request> {
        let url = self.config_url(Some(experience_id))?;
        Some(self.get(RequestKind::Preview, url))
    }

    /// Where a project's events go. In direct-data mode (no SDK key) the route names account and project.
    pub(crate) fn tracking_url(&self, account_id: &str, project_id: &str) -> Result<Arc<str>, EndpointError> {
        // The project's id becomes part of the host: one that holds a slash would choose the host.
        if !is_id(account_id) || !is_id(project_id) {
            return Err(EndpointError::InvalidProject);
        }
        let base = self.track_base.replacen(PROJECT_ID, project_id, 1);
        let url = match &self.sdk_key {
            Some(key) => format!("{base}/track/{key}"),
            None => format!("{base}/track/{account_id}/{project_id}"),
        };
        Ok(url.into())
    }

    /// The POST of a batch to a [`tracking_url`](Self::tracking_url).
    pub(crate) fn tracking_request(&self, url: Arc<str>, body: impl Into<Vec<u8>>) -> Request {
        Request { authorization: self.authorization.clone(), ..Request::tracking(url, body, self.request_timeout) }
    }

    fn get(&self, kind: RequestKind, url: String) -> Request {
        let request = Request::get(kind, url, self.request_timeout, self.max_config_bytes);
        Request { authorization: self.authorization.clone(), ..request }
    }

    fn config_url(&self, experience_id: Option<&str>) -> Option<String> {
        let mut url = format!("{}/config/{}", self.config_base, self.sdk_key.as_deref()?);
        let mut separator = '?';
        let mut parameter = |name: &str, value: &str| {
            url.push(separator);
            url.push_str(name);
            url.push('=');
            url.push_str(&encode_component(value));
            separator = '&';
        };
        if let Some(environment) = &self.environment {
            parameter("environment", environment);
        }
        if let Some(id) = experience_id {
            parameter("exp", id);
        }
        if self.low_cache || self.debug_token.is_some() || experience_id.is_some() {
            parameter("_conv_low_cache", "1");
        }
        if let Some(token) = &self.debug_token {
            parameter("debug_token", token.expose());
        }
        Some(url)
    }
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoints")
            .field("config_base", &self.config_base)
            .field("track_base", &self.track_base)
            .field("sdk_key", &self.sdk_key.as_deref().map(|key| MaskedKey(key).to_string()))
            .field("authorization", &self.authorization)
            .field("debug_token", &self.debug_token)
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}

fn base(endpoint: &str) -> String {
    endpoint.strip_suffix('/').unwrap_or(endpoint).to_owned()
}

fn check_base(endpoint: &'static str, base: &str, carries_secret: bool) -> Result<(), EndpointError> {
    let invalid = |problem: &'static str| EndpointError::InvalidUrl { endpoint, problem };
    let url = HttpUrl::parse(base).map_err(UrlProblem::text).map_err(invalid)?;
    if base.contains(['?', '#']) {
        return Err(invalid("holds a query or a fragment"));
    }
    if carries_secret && !url.is_secure() && !url.is_loopback() {
        return Err(EndpointError::InsecureSecret { endpoint });
    }
    Ok(())
}

/// Keys stand in URLs as they are (`account/project` keeps its slash), so what ends a path, climbs in it or is escaped in it
/// is refused: asked for, it would be a key that does not exist, or something else. What else a token may hold is the
/// service's to know.
fn is_sdk_key(key: &str) -> bool {
    let is_segment_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte);
    key.split('/').all(|part| !matches!(part, "" | "." | "..") && part.bytes().all(is_segment_byte))
}

fn is_header_token(secret: &str) -> bool {
    !secret.is_empty() && secret.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn options() -> EndpointOptions {
        EndpointOptions { sdk_key: Some("100/200".to_owned()), ..EndpointOptions::default() }
    }

    fn config_url(options: EndpointOptions) -> String {
        Endpoints::new(options).unwrap().config_request(None).unwrap().url().to_owned()
    }

    #[test]
    fn the_default_endpoints() {
        let endpoints = Endpoints::new(options()).unwrap();
        let request = endpoints.config_request(Some("\"e\"".into())).unwrap();
        assert_eq!(request.url(), "https://cdn-4.convertexperiments.com/api/v1/config/100/200");
        assert_eq!(request.kind(), RequestKind::Config);
        assert_eq!(request.timeout(), Duration::from_secs(10));
        assert_eq!(request.max_response_bytes(), 64 << 20);
        assert!(request.headers().any(|header| header == ("If-None-Match", "\"e\"")));
        let url = endpoints.tracking_url("1", "200").unwrap();
        assert_eq!(&*url, "https://200.metrics.convertexperiments.com/v1/track/100/200");
    }

    /// The URL that the JavaScript SDK was seen to send for these options.
    #[test]
    fn parameters_stand_in_the_order_of_the_javascript_sdk() {
        let options = EndpointOptions {
            environment: Some("st aging&x".to_owned()),
            debug_token: Some(Secret::new("tok en&")),
            config_endpoint: Some("http://localhost:1/api/v1/".to_owned()),
            ..options()
        };
        assert_eq!(
            config_url(options.clone()),
            "http://localhost:1/api/v1/config/100/200?environment=st%20aging%26x&_conv_low_cache=1&debug_token=tok%20en%26"
        );
        let preview = Endpoints::new(options).unwrap().preview_request("77").unwrap();
        assert_eq!(
            preview.url(),
            "http://localhost:1/api/v1/config/100/200?environment=st%20aging%26x&exp=77&_conv_low_cache=1&debug_token=tok%20en%26"
        );
        assert_eq!(preview.kind(), RequestKind::Preview);
    }

    #[test]
    fn low_cache_is_sent_where_asked_and_for_previews() {
        assert!(config_url(EndpointOptions { low_cache: true, ..options() }).ends_with("/200?_conv_low_cache=1"));
        assert!(config_url(options()).ends_with("/config/100/200"));
        let preview = Endpoints::new(options()).unwrap().preview_request("1 2").unwrap();
        assert!(preview.url().ends_with("/200?exp=1%202&_conv_low_cache=1"), "{}", preview.url());
    }

    #[test]
    fn an_empty_environment_is_none() {
        assert!(config_url(EndpointOptions { environment: Some(String::new()), ..options() }).ends_with("/100/200"));
    }

    #[test]
    fn only_one_slash_and_one_template_are_replaced() {
        let options = EndpointOptions {
            config_endpoint: Some("https://h.test/v1//".to_owned()),
            track_endpoint: Some("https://[project_id].h.test/[project_id]/v1/".to_owned()),
            ..options()
        };
        let endpoints = Endpoints::new(options).unwrap();
        assert_eq!(endpoints.config_request(None).unwrap().url(), "https://h.test/v1//config/100/200");
        assert_eq!(&*endpoints.tracking_url("1", "2").unwrap(), "https://2.h.test/[project_id]/v1/track/100/200");
    }

    #[test]
    fn without_a_key_events_go_by_account_and_project() {
        let endpoints = Endpoints::new(EndpointOptions::default()).unwrap();
        assert!(endpoints.config_request(None).is_none());
        assert!(endpoints.preview_request("1").is_none());
        let url = endpoints.tracking_url("100", "200").unwrap();
        assert_eq!(&*url, "https://200.metrics.convertexperiments.com/v1/track/100/200");
    }

    #[test]
    fn a_hostile_project_id_cannot_choose_the_host() {
        let endpoints = Endpoints::new(options()).unwrap();
        for id in ["evil.test/", "evil.test#", "a b", "", "a@b", "1.2", "é"] {
            assert_eq!(endpoints.tracking_url("1", id), Err(EndpointError::InvalidProject), "{id}");
            assert_eq!(endpoints.tracking_url(id, "1"), Err(EndpointError::InvalidProject), "{id}");
        }
    }

    #[test]
    fn the_secret_goes_with_every_request() {
        let options = EndpointOptions { sdk_key_secret: Some(Secret::new("s3cret")), ..options() };
        let endpoints = Endpoints::new(options).unwrap();
        let url = endpoints.tracking_url("1", "2").unwrap();
        for request in [
            endpoints.config_request(None).unwrap(),
            endpoints.preview_request("1").unwrap(),
            endpoints.tracking_request(url, *b"{}"),
        ] {
            assert!(request.headers().any(|header| header == ("Authorization", "Bearer s3cret")));
        }
    }

    #[test]
    fn the_secret_never_goes_over_plain_http_to_another_machine() {
        let with = |config: Option<&str>, track: Option<&str>| EndpointOptions {
            sdk_key_secret: Some(Secret::new("s3cret")),
            config_endpoint: config.map(str::to_owned),
            track_endpoint: track.map(str::to_owned),
            ..options()
        };
        let refused = |options| Endpoints::new(options).unwrap_err();
        assert_eq!(refused(with(Some("http://h.test"), None)), EndpointError::InsecureSecret { endpoint: "config" });
        assert_eq!(refused(with(None, Some("http://h.test"))), EndpointError::InsecureSecret { endpoint: "track" });
        assert_eq!(
            refused(with(None, Some("http://[project_id].localhost"))),
            EndpointError::InsecureSecret { endpoint: "track" }
        );
        assert!(Endpoints::new(with(Some("http://127.0.0.1:9"), Some("http://localhost:9/v1"))).is_ok());
        let without = EndpointOptions { config_endpoint: Some("http://h.test".to_owned()), ..options() };
        assert!(Endpoints::new(without.clone()).is_ok());
        let token = EndpointOptions { debug_token: Some(Secret::new("t")), ..without };
        assert_eq!(refused(token), EndpointError::InsecureSecret { endpoint: "config" });
    }

    #[test]
    fn keys_secrets_and_urls_are_checked() {
        let placeholders = ["<key>", "${KEY}", "{account}/{project}"];
        let shapes = ["/", "1/", "/2", "1//2", "1/2/", "1/2//3", " 1/2", "1/2\n", "1/2\r\n", "a%2Fb"];
        let characters = ["", "a b", "a\tb", "a?b", "a#b", "a\\b", "../x", "a/..", "..", "clé", "a\0"];
        for key in placeholders.iter().chain(&shapes).chain(&characters) {
            let options = EndpointOptions { sdk_key: Some((*key).to_owned()), ..EndpointOptions::default() };
            assert_eq!(Endpoints::new(options).unwrap_err(), EndpointError::InvalidSdkKey, "{key:?}");
        }
        for key in ["1", "100123/200456", "sk_live-2.x~y", "dG9rZW4+eA==", "a:b", "1/2/3", "a@b!"] {
            let options = EndpointOptions { sdk_key: Some(key.to_owned()), ..EndpointOptions::default() };
            assert!(Endpoints::new(options).is_ok(), "{key:?}");
        }
        for secret in ["", "a b", "a\r\nX: y", "é"] {
            let options = EndpointOptions { sdk_key_secret: Some(Secret::new(secret)), ..options() };
            assert_eq!(Endpoints::new(options).unwrap_err(), EndpointError::InvalidSecret, "{secret:?}");
        }
        for url in [
            "",
            "h.test",
            "ftp://h.test",
            "https://u:p@h.test",
            "https://h.test?x=1",
            "https://h.test#x",
            "https://h t",
        ] {
            let options = EndpointOptions { config_endpoint: Some(url.to_owned()), ..options() };
            let error = Endpoints::new(options).unwrap_err();
            assert!(matches!(error, EndpointError::InvalidUrl { endpoint: "config", .. }), "{url}: {error:?}");
        }
        let template = EndpointOptions { config_endpoint: Some("https://[project_id].h.test".to_owned()), ..options() };
        assert!(Endpoints::new(template).is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        let options = EndpointOptions {
            sdk_key: Some("10035569/10034190".to_owned()),
            sdk_key_secret: Some(Secret::new("s3cret")),
            debug_token: Some(Secret::new("t0ken")),
            ..EndpointOptions::default()
        };
        let shown = format!("{:?} {:?}", Endpoints::new(options.clone()).unwrap(), options.sdk_key_secret);
        for secret in ["s3cret", "t0ken", "10035569", "10034190"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    proptest! {
        #[test]
        fn any_input_is_checked_without_panic(key in ".*", environment in ".*", token in ".*", config in ".*", track in ".*") {
            let with = |config_endpoint, track_endpoint| EndpointOptions {
                sdk_key: Some(key.clone()),
                environment: Some(environment.clone()),
                debug_token: Some(Secret::new(token.clone())),
                config_endpoint,
                track_endpoint,
                ..EndpointOptions::default()
            };
            let _ = Endpoints::new(with(Some(config), Some(track)));
            if let Ok(endpoints) = Endpoints::new(with(None, None)) {
                let request = endpoints.config_request(None).unwrap();
                let url = HttpUrl::parse(request.url());
                prop_assert!(url.is_ok(), "{:?}", request.url());
            }
        }
    }
}
