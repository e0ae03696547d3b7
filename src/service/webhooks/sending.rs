//! The task that sends what is due: few at once, fewer to one host, each again after a pause until it is taken or given up.
//!
//! Only this task takes from the queue, so nothing is sent twice at the same time. What a crash interrupts is still in the
//! queue and is sent again with the same id: receivers see each event at least once.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::{self, JoinError, JoinSet};

use super::{HookRequest, request};
use crate::domain::webhook::{Attempt, Delivery, DeliveryState, EventKind, FAILING_LONG, Webhook};
use crate::domain::{DeliveryId, HookId, ProjectId};
use crate::service::{Registry, ServiceError};
use crate::store::{Change, Snapshot, webhooks};

/// Requests under way at once.
const AT_ONCE: usize = 8;
/// Of them, to one host.
const AT_ONE_HOST: usize = 2;
/// Of one project at once: nobody's receivers that do not answer keep those of others waiting.
const OF_ONE_PROJECT: usize = 3;
/// Entries of the queue that are looked at for something that may be sent.
const LOOKED_AT: usize = 20_000;
/// The longest sleep: the machine's clock may be set meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);
/// How long to wait with what the database cannot do at present.
const STORE_PAUSE: Duration = Duration::from_secs(5);
/// How long a request may take.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// The status of the answer, or why there is none, in words for the maintainer.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<u16, String>> + Send + 'a>>;

/// Something that sends requests, only to where the administrator lets them go, and gives up after [`SEND_TIMEOUT`].
pub trait SendHook: Send + Sync {
    /// Sends one.
    fn send(&self, request: HookRequest) -> Sending<'_>;
}

/// What is under way.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<()>,
    sent: HashMap<task::Id, Sent>,
}

/// A delivery that is under way: to which host, for which project.
#[derive(Debug, Clone)]
struct Sent {
    delivery: DeliveryId,
    host: String,
    project: ProjectId,
}

impl UnderWay {
    fn has(&self, id: DeliveryId) -> bool {
        self.sent.values().any(|sent| sent.delivery == id)
    }

    fn ended(&mut self, ended: &Result<(task::Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => *id,
            Err(error) => {
                tracing::error!(%error, "sending a webhook panicked");
                error.id()
            }
        };
        self.sent.remove(&id);
    }
}

/// What to do now.
struct Plan {
    start: Vec<(Webhook, Delivery)>,
    sleep: Duration,
}

impl Registry {
    /// Sends what webhooks have to tell, until it is dropped.
    pub async fn send_webhooks(self, sender: Arc<dyn SendHook>) {
        let mut under_way = UnderWay::default();
        loop {
            let sleep = match self.start_due(&sender, &mut under_way).await {
                Ok(sleep) => sleep,
                Err(error) => {
                    tracing::warn!(%error, "the queue of webhooks cannot be read");
                    STORE_PAUSE
                }
            };
            let has_room = under_way.tasks.len() < AT_ONCE;
            tokio::select! {
                () = self.shared.hook_queued.notified(), if has_room => {}
                Some(ended) = under_way.tasks.join_next_with_id() => under_way.ended(&ended),
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    /// Starts what may be sent now, and says how long to wait for more.
    async fn start_due(
        &self,
        sender: &Arc<dyn SendHook>,
        under_way: &mut UnderWay,
    ) -> Result<Duration, ServiceError> {
        if under_way.tasks.len() >= AT_ONCE {
            return Ok(LONGEST_SLEEP);
        }
        let now = self.now();
        let sent: Vec<Sent> = under_way.sent.values().cloned().collect();
        let plan = self.read_long(move |snapshot| plan(snapshot, &sent, now)).await?;
        for (hook, delivery) in plan.start {
            debug_assert!(!under_way.has(delivery.id), "nothing is sent twice at once");
            let sent = Sent { delivery: delivery.id, host: hook.url.host(), project: hook.project };
            let sending = attempt(self.clone(), Arc::clone(sender), hook, delivery);
            let started = under_way.tasks.spawn(sending);
            under_way.sent.insert(started.id(), sent);
        }
        Ok(plan.sleep)
    }

    /// Writes how an attempt ended.
    async fn settle(&self, id: DeliveryId, attempt: Attempt) -> Result<(), ServiceError> {
        let first_pause = self.options().webhook_retry;
        self.store().write(move |change| settle(change, id, attempt, first_pause)).await
    }
}

/// What may be sent beside what is under way.
fn plan(snapshot: &Snapshot, sent: &[Sent], now: Timestamp) -> Result<Plan, ServiceError> {
    let mut at_host: HashMap<String, usize> = HashMap::new();
    let mut of_project: HashMap<ProjectId, usize> = HashMap::new();
    for Sent { host, project, .. } in sent {
        *at_host.entry(host.clone()).or_default() += 1;
        *of_project.entry(*project).or_default() += 1;
    }
    let mut hooks: HashMap<HookId, Option<Webhook>> = HashMap::new();
    let mut start = Vec::new();
    for (id, hook) in webhooks::due(snapshot, now, LOOKED_AT)? {
        if sent.len() + start.len() >= AT_ONCE {
            break;
        }
        let hook = match hooks.entry(hook) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(webhooks::webhook(snapshot, hook)?)
            }
        };
        let Some(hook) = hook else { continue };
        let busy = at_host.entry(hook.url.host()).or_default();
        let own = of_project.entry(hook.project).or_default();
        let taken = *busy >= AT_ONE_HOST || *own >= OF_ONE_PROJECT;
        if taken || sent.iter().any(|under_way| under_way.delivery == id) {
            continue;
        }
        if let Some(delivery) = webhooks::delivery(snapshot, id)? {
            *busy += 1;
            *own += 1;
            start.push((hook.clone(), delivery));
        }
    }
    let next = webhooks::next_due(snapshot, now)?.map(|at| at.duration_since(now).unsigned_abs());
    Ok(Plan { start, sleep: next.map_or(LONGEST_SLEEP, |next| next.min(LONGEST_SLEEP)) })
}

async fn attempt(registry: Registry, sender: Arc<dyn SendHook>, hook: Webhook, delivery: Delivery) {
    let base = registry.options().external_url.clone();
    let request = request::request(&hook, &delivery, base.as_deref(), registry.now());
    let answer = sender.send(request).await;
    let attempt = Attempt {
        at: registry.now(),
        status: answer.as_ref().ok().copied(),
        error: match answer {
            Ok(200..=299) => None,
            Ok(status @ 300..=399) => Some(format!(
                "the receiver answered {status}, and redirects are not followed: give the URL it leads to"
            )),
            Ok(status) => Some(format!("the receiver answered {status}")),
            Err(reason) => Some(reason),
        },
    };
    let (hook, event, host) = (hook.id.0, delivery.kind.as_str(), hook.url.host());
    match &attempt.error {
        None => tracing::debug!(hook, event, host, delivery = delivery.message, "a webhook was sent"),
        Some(error) => {
            tracing::info!(hook, event, host, delivery = delivery.message, error, "a webhook was not taken")
        }
    }
    // Until it is written that it was sent it keeps its place, so that it is not sent again at once.
    while let Err(error) = registry.settle(delivery.id, attempt.clone()).await {
        tracing::warn!(%error, hook, "what a webhook's receiver answered cannot be written; trying again");
        tokio::time::sleep(STORE_PAUSE).await;
    }
}

fn settle(
    change: &mut Change<'_>,
    id: DeliveryId,
    attempt: Attempt,
    first_pause: SignedDuration,
) -> Result<(), ServiceError> {
    // Either may have been removed while it was sent.
    let Some(before) = webhooks::delivery(change, id)? else { return Ok(()) };
    let Some(hook) = webhooks::webhook(change, before.hook)? else { return Ok(()) };
    let (at, delivered) = (attempt.at, attempt.error.is_none());
    let attempts = before.attempts.saturating_add(1);
    let mut after = Delivery { attempts, due_at: at, last: Some(attempt), ..before.clone() };
    let mut told = hook.clone();
    if delivered {
        after.state = DeliveryState::Delivered;
        (told.failing_since, told.disabled) = (None, None);
    } else {
        if before.kind != EventKind::Test {
            let since = *told.failing_since.get_or_insert(at);
            if told.disabled.is_none() && at.duration_since(since) >= FAILING_LONG {
                told.disabled = Some(why_disabled(&after, since));
                webhooks::drop_waiting(change, hook.id, Some(id))?;
            }
        }
        if told.disabled.is_some() || attempts >= before.kind.attempts() {
            after.state = DeliveryState::Failed;
        } else {
            after.due_at = at.checked_add(after.pause(first_pause)).unwrap_or(Timestamp::MAX);
        }
    }
    webhooks::replace(change, &before, &after)?;
    if told != hook {
        webhooks::put(change, &told)?;
    }
    Ok(())
}

fn why_disabled(last: &Delivery, since: Timestamp) -> String {
    let day = since.strftime("%Y-%m-%d");
    let error = last.last.as_ref().and_then(|attempt| attempt.error.as_deref()).unwrap_or_default();
    format!("nothing was taken since {day}; at last {error}")
}

#[cfg(test)]
mod tests;
