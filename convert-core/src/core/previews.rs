//! Experiences fetched for previews: drafts and paused ones, which the config in use does not have.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use crate::chain::Chain;
use crate::completion::{Completer, Completion, completion, lock};
use crate::config::{FetchError, FetchPolicy, Fetched, ProjectConfig};
use crate::text::Text;
use crate::transport::Request;

use super::keeper::{Failed, Fetcher};

/// How long an experience is kept, from when its request starts.
const TIME_TO_LIVE: Duration = Duration::from_secs(60);

/// The most experiences kept or under way: whoever opens preview links chooses their ids.
const LIMIT: usize = 32;

/// The longest id, in bytes, that is fetched for a link alone.
const LONGEST_ID: usize = 32;

pub(crate) type PreviewFetch = Completion<Result<Arc<ProjectConfig>, FetchError>>;

/// The experiences of one core. They are all of its SDK key, environment and debug token.
pub(crate) struct Previews {
    fetcher: Arc<Fetcher>,
    entries: Mutex<Vec<Entry>>,
}

struct Entry {
    experience_id: Text,
    started: Duration,
    state: State,
}

enum State {
    /// Who waits for it.
    UnderWay(Vec<Completer<Result<Arc<ProjectConfig>, FetchError>>>),
    There(Arc<ProjectConfig>),
    /// Remembered for those who only follow a link; who waits for it tries again.
    Failed,
}

impl Entry {
    fn under_way(
        experience_id: &Text,
        started: Duration,
        waiting: Vec<Completer<Result<Arc<ProjectConfig>, FetchError>>>,
    ) -> Self {
        Self { experience_id: experience_id.clone(), started, state: State::UnderWay(waiting) }
    }

    fn is_kept(&self, now: Duration) -> bool {
        matches!(self.state, State::UnderWay(_)) || now < self.started.saturating_add(TIME_TO_LIVE)
    }
}

impl Previews {
    pub(super) fn new(fetcher: Arc<Fetcher>) -> Arc<Self> {
        Arc::new(Self { fetcher, entries: Mutex::default() })
    }

    /// The config with an experience, if it was fetched a short time ago.
    pub(crate) fn known(&self, experience_id: &str) -> Option<Arc<ProjectConfig>> {
        let now = self.fetcher.now();
        let entries = lock(&self.entries);
        entries.iter().find(|entry| entry.experience_id == experience_id && entry.is_kept(now)).and_then(|entry| {
            match &entry.state {
                State::There(config) => Some(Arc::clone(config)),
                State::UnderWay(_) | State::Failed => None,
            }
        })
    }

    /// Fetches the config with an experience that a link asks for, for requests to come: nobody waits for it. Whoever sends
    /// links can have no more than [`LIMIT`] fetched in [`TIME_TO_LIVE`], and drive out none that is kept.
    pub(crate) fn fetch_ahead(self: &Arc<Self>, experience_id: &Text) {
        if experience_id.len() > LONGEST_ID {
            return;
        }
        let Some(request) = self.fetcher.endpoints.preview_request(experience_id) else { return };
        let now = self.fetcher.now();
        {
            let mut entries = lock(&self.entries);
            entries.retain(|entry| entry.is_kept(now));
            if entries.len() >= LIMIT || entries.iter().any(|entry| entry.experience_id == *experience_id) {
                return;
            }
            entries.push(Entry::under_way(experience_id, now, Vec::new()));
        }
        self.start(experience_id, request, now);
    }

    /// Fetches the config with an experience, or joins the fetch under way; gone where there is no SDK key, or too much is
    /// under way.
    pub(crate) fn fetch(self: &Arc<Self>, experience_id: &Text) -> PreviewFetch {
        let (done, fetched) = completion();
        let Some(request) = self.fetcher.endpoints.preview_request(experience_id) else { return fetched };
        let now = self.fetcher.now();
        {
            let mut entries = lock(&self.entries);
            let is_it = |entry: &Entry| entry.experience_id == *experience_id;
            entries.retain(|entry| entry.is_kept(now) && !(is_it(entry) && matches!(entry.state, State::Failed)));
            match entries.iter_mut().find(|entry| is_it(entry)) {
                Some(Entry { state: State::There(config), .. }) => {
                    done.complete(Ok(Arc::clone(config)));
                    return fetched;
                }
                Some(Entry { state: State::UnderWay(waiting), .. }) => {
                    waiting.push(done);
                    return fetched;
                }
                Some(Entry { state: State::Failed, .. }) | None => {}
            }
            if entries.len() >= LIMIT {
                // In order of start, so the first is the oldest.
                let Some(oldest) = entries.iter().position(|entry| !matches!(entry.state, State::UnderWay(_))) else {
                    return fetched;
                };
                entries.remove(oldest);
            }
            entries.push(Entry::under_way(experience_id, now, vec![done]));
        }
        self.start(experience_id, request, now);
        fetched
    }

    fn start(self: &Arc<Self>, experience_id: &Text, request: Request, now: Duration) {
        let task = Task { previews: Arc::clone(self), experience_id: experience_id.clone(), ended: false };
        let deadline = now.saturating_add(request.timeout());
        self.fetcher.background.spawn(Box::pin(task.run(request, deadline)));
    }

    fn end(&self, experience_id: &str, fetched: Option<Result<Arc<ProjectConfig>, FetchError>>) {
        let waiting = {
            let mut entries = lock(&self.entries);
            let Some(place) = entries.iter().position(|entry| entry.experience_id == experience_id) else { return };
            let ended = match (&fetched, entries.get_mut(place)) {
                (Some(Ok(config)), Some(entry)) => {
                    std::mem::replace(&mut entry.state, State::There(Arc::clone(config)))
                }
                (Some(Err(_)), Some(entry)) => std::mem::replace(&mut entry.state, State::Failed),
                _ => entries.remove(place).state,
            };
            match ended {
                State::UnderWay(waiting) => waiting,
                State::There(_) | State::Failed => return,
            }
        };
        if let Some(fetched) = fetched {
            for done in waiting {
                done.complete(fetched.clone());
            }
        }
    }
}

impl fmt::Debug for Previews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Previews").field("entries", &lock(&self.entries).len()).finish_non_exhaustive()
    }
}

/// One fetch on the SDK's thread.
struct Task {
    previews: Arc<Previews>,
    experience_id: Text,
    ended: bool,
}

impl Task {
    async fn run(mut self, request: Request, deadline: Duration) {
        let fetched = match self.fetch(request, deadline).await {
            Ok(Fetched::Config { config, .. }) => Ok(Arc::from(config)),
            // It was asked for without a tag.
            Ok(Fetched::NotModified { .. }) => Err(FetchError::Status { status: 304 }),
            Err(error) => Err(error),
        };
        if let Err(error) = &fetched {
            let (id, host) = (&self.experience_id, self.previews.fetcher.endpoints.config_host());
            let cause = Chain(error);
            tracing::warn!(target: "convert", "the preview of experience {id} could not be fetched from {host}: {cause}");
        }
        self.previews.end(&self.experience_id, Some(fetched));
        self.ended = true;
    }

    /// One try, until the deadline: others may be before it.
    async fn fetch(&self, request: Request, deadline: Duration) -> Result<Fetched, FetchError> {
        let fetcher = &self.previews.fetcher;
        let mut fetch = fetcher.fetch(request, FetchPolicy::once(deadline));
        let (mut attempt, mut alarm) = (pin!(fetcher.attempt(&mut fetch)), fetcher.background.sleep_until(deadline));
        poll_fn(|cx| match attempt.as_mut().poll(cx) {
            Poll::Ready(outcome) => Poll::Ready(outcome.map_err(|Failed { error, .. }| error)),
            Poll::Pending => Pin::new(&mut alarm).poll(cx).map(|()| Err(FetchError::Timeout)),
        })
        .await
    }
}

/// A task that ends early, with the core, leaves nobody waiting.
impl Drop for Task {
    fn drop(&mut self) {
        if !self.ended {
            self.previews.end(&self.experience_id, None);
        }
    }
}
