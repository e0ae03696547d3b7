//! Webhooks by number and by project; what they have to tell, by when it is due; and what they told last.

use std::ops::ControlFlow;

use jiff::Timestamp;

use super::notes::Note;
use super::tables::{
    HOOK_FINISHED, HOOK_QUEUE, HOOK_WAITING, HookQueued, PROJECT_WEBHOOKS, Present, WEBHOOK_DELIVERIES,
    WEBHOOKS,
};
use super::{Change, Reader, StoreError};
use crate::domain::webhook::{Delivery, DeliveryState, Webhook};
use crate::domain::{DeliveryId, HookId, ProjectId};

/// Deliveries of a webhook that are kept after their end.
pub const KEPT_FINISHED: usize = 20;
/// Deliveries of a webhook that wait at most: what a receiver that is down for days may miss.
pub const MAX_WAITING: usize = 100;

/// A webhook by number.
pub fn webhook(reader: &impl Reader, id: HookId) -> Result<Option<Webhook>, StoreError> {
    reader.get(&WEBHOOKS, id.0)
}

/// The webhooks of a project, in order of number.
pub fn in_project(reader: &impl Reader, project: ProjectId) -> Result<Vec<Webhook>, StoreError> {
    let mut numbers = Vec::new();
    reader.scan(&PROJECT_WEBHOOKS, (project.0, 0)..=(project.0, u64::MAX), |(_, id), Present| {
        numbers.push(id);
        ControlFlow::Continue(())
    })?;
    numbers.into_iter().map(|id| reader.require(&WEBHOOKS, id)).collect()
}

/// Writes a webhook.
pub fn put(change: &mut Change<'_>, hook: &Webhook) -> Result<(), StoreError> {
    change.put(&WEBHOOKS, hook.id.0, hook)?;
    change.put(&PROJECT_WEBHOOKS, (hook.project.0, hook.id.0), &Present)
}

/// Removes a webhook with everything it told and had to tell.
pub fn remove(change: &mut Change<'_>, hook: &Webhook) -> Result<(), StoreError> {
    for delivery in waiting(change, hook.id)? {
        let delivery = change.require(&WEBHOOK_DELIVERIES, delivery)?;
        remove_delivery(change, &delivery);
    }
    for (_, delivery) in finished(change, hook.id)? {
        let delivery = change.require(&WEBHOOK_DELIVERIES, delivery)?;
        remove_delivery(change, &delivery);
    }
    change.remove(&WEBHOOKS, hook.id.0);
    change.remove(&PROJECT_WEBHOOKS, (hook.project.0, hook.id.0));
    Ok(())
}

pub(super) fn remove_all_of(change: &mut Change<'_>, project: ProjectId) -> Result<(), StoreError> {
    for hook in in_project(change, project)? {
        remove(change, &hook)?;
    }
    Ok(())
}

/// A delivery by number.
pub fn delivery(reader: &impl Reader, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
    reader.get(&WEBHOOK_DELIVERIES, id.0)
}

/// How many deliveries of a webhook wait.
pub fn count_waiting(reader: &impl Reader, hook: HookId) -> Result<usize, StoreError> {
    Ok(waiting(reader, hook)?.len())
}

/// The deliveries that are due by then, the oldest first: number and webhook, `bound` of them at most.
pub fn due(
    reader: &impl Reader,
    by: Timestamp,
    bound: usize,
) -> Result<Vec<(DeliveryId, HookId)>, StoreError> {
    let mut found = Vec::new();
    reader.scan(&HOOK_QUEUE, ..=(by.as_millisecond(), u64::MAX), |(_, id), HookQueued(hook)| {
        found.push((DeliveryId(id), hook));
        if found.len() < bound { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(found)
}

/// When the first delivery is due that is not by then.
pub fn next_due(reader: &impl Reader, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let mut found = None;
    reader.scan(&HOOK_QUEUE, (after.as_millisecond().saturating_add(1), 0).., |(at, _), HookQueued(_)| {
        found = Timestamp::from_millisecond(at).ok();
        ControlFlow::Break(())
    })?;
    Ok(found)
}

/// What a webhook told and has to tell: the newest of those that wait, then the finished, newest first.
pub fn recent(reader: &impl Reader, hook: HookId) -> Result<Vec<Delivery>, StoreError> {
    let waiting = waiting(reader, hook)?.into_iter().rev().take(KEPT_FINISHED);
    let finished = finished(reader, hook)?.into_iter().rev().map(|(_, id)| id);
    waiting.chain(finished).map(|id| reader.require(&WEBHOOK_DELIVERIES, id)).collect()
}

/// Queues a new delivery, and tells once it is durable that there is one.
pub fn queue(change: &mut Change<'_>, delivery: &Delivery) -> Result<(), StoreError> {
    put_delivery(change, delivery)?;
    change.note(Note::HookQueued);
    Ok(())
}

/// Writes a delivery in the place of what it was before. Of the finished ones, the oldest go.
pub fn replace(change: &mut Change<'_>, before: &Delivery, after: &Delivery) -> Result<(), StoreError> {
    remove_delivery(change, before);
    put_delivery(change, after)?;
    if after.state != DeliveryState::Waiting {
        let kept = finished(change, after.hook)?;
        let excess = (kept.len() + 1).saturating_sub(KEPT_FINISHED);
        for (_, old) in kept.into_iter().take(excess) {
            let old = change.require(&WEBHOOK_DELIVERIES, old)?;
            remove_delivery(change, &old);
        }
    }
    Ok(())
}

/// Gives up everything that waits for a webhook, except one delivery that is being written.
pub fn drop_waiting(
    change: &mut Change<'_>,
    hook: HookId,
    except: Option<DeliveryId>,
) -> Result<(), StoreError> {
    for id in waiting(change, hook)?.into_iter().filter(|id| Some(DeliveryId(*id)) != except) {
        let delivery = change.require(&WEBHOOK_DELIVERIES, id)?;
        remove_delivery(change, &delivery);
    }
    Ok(())
}

fn waiting(reader: &impl Reader, hook: HookId) -> Result<Vec<u64>, StoreError> {
    let mut found = Vec::new();
    reader.scan(&HOOK_WAITING, (hook.0, 0)..=(hook.0, u64::MAX), |(_, id), Present| {
        found.push(id);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// In order of their end.
fn finished(reader: &impl Reader, hook: HookId) -> Result<Vec<(i64, u64)>, StoreError> {
    let mut found = Vec::new();
    let range = (hook.0, i64::MIN, 0)..=(hook.0, i64::MAX, u64::MAX);
    reader.scan(&HOOK_FINISHED, range, |(_, at, id), Present| {
        found.push((at, id));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

fn put_delivery(change: &mut Change<'_>, delivery: &Delivery) -> Result<(), StoreError> {
    let (hook, at, id) = (delivery.hook, delivery.due_at.as_millisecond(), delivery.id.0);
    change.put(&WEBHOOK_DELIVERIES, id, delivery)?;
    if delivery.state == DeliveryState::Waiting {
        change.put(&HOOK_QUEUE, (at, id), &HookQueued(hook))?;
        change.put(&HOOK_WAITING, (hook.0, id), &Present)
    } else {
        change.put(&HOOK_FINISHED, (hook.0, at, id), &Present)
    }
}

fn remove_delivery(change: &mut Change<'_>, delivery: &Delivery) {
    let (hook, at, id) = (delivery.hook, delivery.due_at.as_millisecond(), delivery.id.0);
    change.remove(&WEBHOOK_DELIVERIES, id);
    change.remove(&HOOK_QUEUE, (at, id));
    change.remove(&HOOK_WAITING, (hook.0, id));
    change.remove(&HOOK_FINISHED, (hook.0, at, id));
}
