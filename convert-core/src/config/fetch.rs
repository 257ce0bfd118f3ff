//! One fetch of the config, with its redirects and retries, as a state machine: no clock, no network, no chance of its own.

use std::fmt;
use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use super::{ConfigError, FetchError, ProjectConfig};
use crate::redact::Secret;
use crate::transport::{RedirectError, Request, Response, TransportError, TransportErrorKind, redirected};

/// More hops than any sound server makes.
const MAX_REDIRECTS: u32 = 5;

/// The longest wait that a server may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(5 * 60);

/// How a fetch goes on after a failure. Times are the injected clock's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FetchPolicy {
    first_backoff: Duration,
    max_backoff: Duration,
    /// No try starts, and none runs on, after this.
    deadline: Option<Duration>,
    after_final: AfterFinal,
    retries: bool,
}

/// What an error that another try would not mend leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AfterFinal {
    GiveUp,
    /// Keys are switched on and secrets corrected while an app runs, so it is tried again, at this slow pace.
    Every(Duration),
}

impl FetchPolicy {
    /// For an app that waits for its config: retries until the deadline, gives up at once on what retries cannot mend.
    pub(crate) fn until(deadline: Duration) -> Self {
        Self {
            first_backoff: Duration::from_millis(250),
            max_backoff: Duration::from_secs(30),
            deadline: Some(deadline),
            after_final: AfterFinal::GiveUp,
            retries: true,
        }
    }

    /// For an app that runs without a config meanwhile: retries for ever, with pauses of `at_most` this long.
    pub(crate) fn for_ever(at_most: Duration) -> Self {
        Self {
            first_backoff: Duration::from_millis(500),
            max_backoff: at_most.min(Duration::from_secs(60)),
            deadline: None,
            after_final: AfterFinal::Every(at_most.min(Duration::from_secs(5 * 60))),
            retries: true,
        }
    }

    /// For a preview, whose caller tries again when it likes.
    pub(crate) fn once(deadline: Duration) -> Self {
        Self { retries: false, ..Self::until(deadline) }
    }
}

/// What a fetch needs next.
#[derive(Debug)]
pub(crate) enum FetchStep {
    /// Send this now, and hand the outcome to [`Fetch::answered`].
    Send(Request),
    /// Parse this config, where that holds nobody up, and hand it back to [`Fetch::parsed`].
    Parse(Served),
    /// This try failed. Call [`Fetch::next`] at that time.
    WaitUntil { time: Duration, error: FetchError },
    /// The fetch has ended.
    Done(Result<Fetched, FetchError>),
}

/// What tells one served config from another.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConfigTag {
    /// The server's own word.
    pub(crate) etag: Option<Arc<str>>,
    /// For servers that have none.
    pub(crate) hash: Option<TextHash>,
}

/// A hash of a config's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextHash(u128);

impl TextHash {
    pub(crate) fn of(text: &[u8]) -> Option<Self> {
        murmur3::murmur3_x64_128(&mut Cursor::new(text), 0).ok().map(Self)
    }
}

impl fmt::Display for TextHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A config as it was served.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) text: Arc<Vec<u8>>,
    tag: ConfigTag,
    /// How long the server asks to wait, should the text be of no use.
    asked: Option<Duration>,
}

/// What a fetch brought.
#[derive(Debug)]
pub(crate) enum Fetched {
    Config {
        config: Box<ProjectConfig>,
        tag: ConfigTag,
        /// As served.
        text: Arc<Vec<u8>>,
    },
    /// The config that is known is still the present one. The server's word for it, where that was sent anew.
    NotModified { etag: Option<Arc<str>> },
}

/// One fetch of the config.
#[derive(Debug)]
pub(crate) struct Fetch {
    policy: FetchPolicy,
    debug_token: Option<Secret>,
    /// Of the config in use.
    known: Option<TextHash>,
    /// Where every try starts.
    first: Request,
    /// Where redirects led this try.
    current: Request,
    redirects: u32,
    failures: u32,
    last_error: Option<FetchError>,
    /// How long the server of the last failure asks to wait.
    asked: Option<Duration>,
}

impl Fetch {
    pub(crate) fn new(request: Request, debug_token: Option<Secret>, policy: FetchPolicy) -> Self {
        Self {
            policy,
            debug_token,
            known: None,
            current: request.clone(),
            first: request,
            redirects: 0,
            failures: 0,
            last_error: None,
            asked: None,
        }
    }

    /// With the config in use: its text served again is no other config.
    pub(crate) fn knowing(mut self, known: Option<TextHash>) -> Self {
        self.known = known;
        self
    }

    /// How long the server asked to wait at the last failure.
    pub(crate) fn asked_pause(&self) -> Option<Duration> {
        self.asked
    }

    /// What came cannot be used after all.
    pub(crate) fn refused(&mut self, error: FetchError, now: Duration, chance: f64) -> FetchStep {
        self.failed(error, now, None, chance)
    }

    /// Starts a try.
    pub(crate) fn next(&mut self, now: Duration) -> FetchStep {
        self.current = self.first.clone();
        self.redirects = 0;
        self.send(now)
    }

    /// Takes the outcome of the last request. `unix_time` is the present and `chance` a number from 0 to 1.
    pub(crate) fn answered(
        &mut self,
        outcome: Result<Response, TransportError>,
        now: Duration,
        unix_time: Duration,
        chance: f64,
    ) -> FetchStep {
        let response = match outcome {
            Ok(response) => response,
            Err(error) => return self.failed(self.sorted(error), now, None, chance),
        };
        if response.body.len() > self.first.max_response_bytes {
            let limit = self.first.max_response_bytes;
            return self.failed(FetchError::TooLarge { limit }, now, None, chance);
        }
        if let Some(next) = redirected(&self.current, &response, self.debug_token.as_ref()) {
            self.redirects += 1;
            let next = if self.redirects > MAX_REDIRECTS { Err(RedirectError::TooMany) } else { next };
            return match next {
                Ok(request) => {
                    self.current = request;
                    self.send(now)
                }
                Err(source) => self.failed(FetchError::Redirect { source }, now, None, chance),
            };
        }
        let error = match response.status {
            200..=299 => {
                let served = served(response, unix_time);
                return if served.tag.hash.is_some() && served.tag.hash == self.known {
                    FetchStep::Done(Ok(Fetched::NotModified { etag: served.tag.etag }))
                } else {
                    FetchStep::Parse(served)
                };
            }
            304 if self.first.if_none_match.is_some() => {
                return FetchStep::Done(Ok(Fetched::NotModified { etag: None }));
            }
            status @ (401 | 403) => FetchError::Unauthorized { status },
            404 => FetchError::NotFound,
            status => FetchError::Status { status },
        };
        self.failed(error, now, response.retry_after(unix_time), chance)
    }

    /// Takes the outcome of parsing a config.
    pub(crate) fn parsed(
        &mut self,
        served: Served,
        outcome: Result<ProjectConfig, ConfigError>,
        now: Duration,
        chance: f64,
    ) -> FetchStep {
        let Served { text, tag, asked } = served;
        match outcome {
            Ok(config) => FetchStep::Done(Ok(Fetched::Config { config: Box::new(config), tag, text })),
            Err(source) => self.failed(FetchError::Config { source }, now, asked, chance),
        }
    }

    fn send(&mut self, now: Duration) -> FetchStep {
        let mut request = self.current.clone();
        if let Some(deadline) = self.policy.deadline {
            let left = deadline.saturating_sub(now);
            if left.is_zero() {
                return FetchStep::Done(Err(self.last_error.take().unwrap_or(FetchError::Timeout)));
            }
            request.timeout = request.timeout.min(left);
        }
        FetchStep::Send(request)
    }

    fn failed(&mut self, error: FetchError, now: Duration, asked: Option<Duration>, chance: f64) -> FetchStep {
        self.failures = self.failures.saturating_add(1);
        self.asked = asked.map(|asked| asked.min(MAX_RETRY_AFTER));
        let pause = match self.policy.after_final {
            _ if !self.policy.retries => return FetchStep::Done(Err(error)),
            AfterFinal::GiveUp if error.is_final() => return FetchStep::Done(Err(error)),
            AfterFinal::Every(pace) if error.is_final() => spread(pace, chance),
            _ => spread(self.backoff(), chance),
        };
        let pause = pause.max(self.asked.unwrap_or_default());
        let time = now.saturating_add(pause);
        if self.policy.deadline.is_some_and(|deadline| time >= deadline) {
            // A wait that ends in nothing only holds the app up.
            return FetchStep::Done(Err(error));
        }
        self.last_error = Some(error.clone());
        FetchStep::WaitUntil { time, error }
    }

    /// Doubles from failure to failure.
    fn backoff(&self) -> Duration {
        let doublings = self.failures.saturating_sub(1).min(31);
        self.policy.first_backoff.saturating_mul(1 << doublings).min(self.policy.max_backoff)
    }

    fn sorted(&self, error: TransportError) -> FetchError {
        match error.kind() {
            TransportErrorKind::Timeout => FetchError::Timeout,
            TransportErrorKind::TooLarge => FetchError::TooLarge { limit: self.first.max_response_bytes },
            _ => FetchError::Transport { source: error },
        }
    }
}

/// Between half of a pause and the whole of it, so that many processes do not ask at once.
fn spread(pause: Duration, chance: f64) -> Duration {
    let half = pause / 2;
    half + half.mul_f64(chance.clamp(0.0, 1.0))
}

fn served(response: Response, unix_time: Duration) -> Served {
    let etag = response.header_value("etag").map(Arc::from);
    let tag = ConfigTag { etag, hash: TextHash::of(&response.body) };
    Served { asked: response.retry_after(unix_time), tag, text: Arc::new(response.body) }
}

#[cfg(test)]
mod tests;
