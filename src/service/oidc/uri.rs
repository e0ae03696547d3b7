//! Keys from the issuer itself: fetched by one task in the background, never by a request.
//!
//! The task fetches at the start, every hour, sooner after a failure, and when it is asked. Requests look at what it
//! last published; those that need newer keys ask, and wait a little for the one fetch they share.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::jwks::KeySet;
use super::source::Known;
use super::{FETCH_TIMEOUT, FetchKeys};
use crate::domain::issuer::{Issuer, SecureUrl};

/// How long fetched keys are used before they are fetched again.
const REFRESH: Duration = Duration::from_hours(1);
/// How long to wait after a failure.
const RETRY: Duration = Duration::from_mins(1);
/// How often tokens with unknown keys may cause a fetch: anybody can make up such a token.
const ASK_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// How long a request waits for a fetch.
const WAIT: Duration = Duration::from_secs(5);

/// The keys of an issuer that publishes them.
#[derive(Debug)]
pub(super) struct UriKeys {
    state: watch::Sender<State>,
    ask: mpsc::Sender<()>,
    task: AbortHandle,
}

/// What the task has told, and what it was asked.
#[derive(Debug, Clone, Default)]
struct State {
    keys: Option<Arc<KeySet>>,
    /// Why the last fetch failed.
    problem: Option<Arc<str>>,
    /// How many fetches have ended.
    rounds: u64,
    /// Whether one is under way, or was asked for.
    is_fetching: bool,
    asked_at: Option<Timestamp>,
}

impl Drop for UriKeys {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl UriKeys {
    /// Begins to fetch, until this is dropped. Needs a tokio runtime.
    pub(super) fn start(issuer: &Issuer, url: &SecureUrl, fetch: Arc<dyn FetchKeys>) -> Self {
        let state = watch::Sender::new(State { is_fetching: true, ..State::default() });
        let (ask, asked) = mpsc::channel(1);
        let fetcher = Fetcher { issuer: issuer.clone(), url: url.clone(), fetch, state: state.clone() };
        let task = tokio::spawn(fetcher.run(asked)).abort_handle();
        Self { state, ask, task }
    }

    /// The keys last fetched. If there are none, has them fetched, and waits a little.
    pub(super) async fn current(&self, now: Timestamp) -> Result<Known, String> {
        let known = self.state.borrow().keys.clone();
        if let Some(keys) = known {
            return Ok(Known { keys, is_fresh: false });
        }
        let state = match self.next_round(now).await {
            Some(state) => state?,
            None => self.state.borrow().clone(),
        };
        let problem = || state.problem.as_deref().unwrap_or("they were not fetched yet").to_owned();
        state.keys.clone().map(|keys| Known { keys, is_fresh: true }).ok_or_else(problem)
    }

    /// The keys after the fetch that is under way, or after one more if it is time for that.
    pub(super) async fn newer(&self, now: Timestamp) -> Option<Result<Arc<KeySet>, String>> {
        let state = self.next_round(now).await?;
        Some(state.and_then(|state| match (state.problem, state.keys) {
            (None, Some(keys)) => Ok(keys),
            (problem, _) => Err(problem.as_deref().unwrap_or("there are none").to_owned()),
        }))
    }

    /// Waits until a fetch ends: the one under way, or a new one. All who wait share it.
    async fn next_round(&self, now: Timestamp) -> Option<Result<State, String>> {
        let (mut rounds, mut is_fetching, mut ask) = (0, false, false);
        // Nobody need hear of this change, but of two who come at once only one may ask.
        self.state.send_if_modified(|state| {
            ask = !state.is_fetching && state.may_be_asked(now);
            if ask {
                state.asked_at = Some(now);
                state.is_fetching = true;
            }
            (rounds, is_fetching) = (state.rounds, state.is_fetching);
            false
        });
        if ask {
            // Full means that the task has not taken the last one yet; closed, that the runtime is shutting down.
            let _ = self.ask.try_send(());
        }
        if !is_fetching {
            return None;
        }
        let mut told = self.state.subscribe();
        let ended = timeout(WAIT, told.wait_for(|state| state.rounds > rounds)).await;
        Some(match ended {
            Ok(Ok(state)) => Ok(state.clone()),
            Ok(Err(_task_ended)) => Err("the server is stopping".to_owned()),
            Err(_elapsed) => Err(format!("no answer within {} s", WAIT.as_secs())),
        })
    }
}

impl State {
    /// Whether it is long enough since somebody asked. A clock that was set back must not keep us from asking.
    fn may_be_asked(&self, now: Timestamp) -> bool {
        let age = self.asked_at.map(|last| last.duration_until(now));
        age.is_none_or(|age| age >= ASK_EVERY || age.is_negative())
    }
}

/// The task that fetches.
struct Fetcher {
    issuer: Issuer,
    url: SecureUrl,
    fetch: Arc<dyn FetchKeys>,
    state: watch::Sender<State>,
}

impl Fetcher {
    async fn run(self, mut asked: mpsc::Receiver<()>) {
        loop {
            // Whoever asked until now is served by the fetch that begins.
            let _ = asked.try_recv();
            self.state.send_modify(|state| state.is_fetching = true);
            let fetched = self.fetch().await;
            let pause = if fetched.is_ok() { REFRESH } else { RETRY };
            self.tell(fetched);
            // Asked or not, it is time.
            let _ = timeout(pause, asked.recv()).await;
        }
    }

    async fn fetch(&self) -> Result<KeySet, String> {
        let fetched = timeout(FETCH_TIMEOUT, self.fetch.fetch(self.url.as_url())).await;
        let bytes = fetched
            .map_err(|_elapsed| format!("no answer from {} within {} s", self.url, FETCH_TIMEOUT.as_secs()))?
            .map_err(|error| error.to_string())?;
        KeySet::parse(&bytes).map_err(|error| format!("{}: {error}", self.url))
    }

    fn tell(&self, fetched: Result<KeySet, String>) {
        let issuer = &self.issuer;
        self.state.send_modify(|state| {
            state.rounds += 1;
            state.is_fetching = false;
            match fetched {
                Ok(keys) => {
                    if state.keys.as_deref() != Some(&keys) {
                        tracing::info!(%issuer, keys = keys.count(), "keys of a CI issuer were fetched");
                        state.keys = Some(Arc::new(keys));
                    }
                    state.problem = None;
                }
                Err(problem) => {
                    let old = if state.keys.is_some() {
                        "the old ones stay valid"
                    } else {
                        "its tokens are refused"
                    };
                    tracing::warn!(%issuer, problem, "keys of a CI issuer cannot be fetched: {old}");
                    state.problem = Some(problem.into());
                }
            }
        });
    }
}
