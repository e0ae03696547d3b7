//! The indexes of webhooks: by project, and of what they have to tell by time and by webhook.

use std::ops::ControlFlow;

use super::{Verified, unless};
use crate::domain::webhook::DeliveryState;
use crate::store::tables::{
    HOOK_FINISHED, HOOK_QUEUE, HOOK_WAITING, HookQueued, PROJECT_WEBHOOKS, PROJECTS, WEBHOOK_DELIVERIES,
    WEBHOOKS,
};
use crate::store::{Reader, Snapshot, StoreError};

/// Checks what leads from projects to webhooks and from webhooks to deliveries, and back.
pub(super) fn check(reader: &Snapshot, verified: &mut Verified) -> Result<(), StoreError> {
    check_each!(reader, verified, WEBHOOKS, |id, hook| {
        let listed = reader.get(&PROJECT_WEBHOOKS, (hook.project.0, id))?.is_some();
        let both = listed && reader.get(&PROJECTS, hook.project.0)?.is_some();
        Ok(unless(both, || format!("webhook {id} is in no project")))
    });
    check_each!(reader, verified, PROJECT_WEBHOOKS, |(project, id), _| {
        let same = reader.get(&WEBHOOKS, id)?.is_some_and(|hook| hook.project.0 == project);
        Ok(unless(same, || format!("webhook {id} of project {project} does not exist")))
    });
    check_each!(reader, verified, WEBHOOK_DELIVERIES, |id, delivery| {
        let (hook, at) = (delivery.hook, delivery.due_at.as_millisecond());
        let queued = reader.get(&HOOK_QUEUE, (at, id))? == Some(HookQueued(hook))
            && reader.get(&HOOK_WAITING, (hook.0, id))?.is_some();
        let finished = reader.get(&HOOK_FINISHED, (hook.0, at, id))?.is_some();
        let waits = delivery.state == DeliveryState::Waiting;
        let whole = (queued, finished) == (waits, !waits) && reader.get(&WEBHOOKS, hook.0)?.is_some();
        Ok(unless(whole, || format!("delivery {id} of webhook {hook} is not in every index")))
    });
    check_each!(reader, verified, HOOK_QUEUE, |(at, id), HookQueued(hook)| {
        let found = reader.get(&WEBHOOK_DELIVERIES, id)?;
        let same = found.is_some_and(|found| (found.due_at.as_millisecond(), found.hook) == (at, hook));
        Ok(unless(same, || format!("delivery {id} does not exist or is due at another time")))
    });
    check_each!(reader, verified, HOOK_WAITING, |(hook, id), _| {
        let same = reader.get(&WEBHOOK_DELIVERIES, id)?.is_some_and(|found| found.hook.0 == hook);
        Ok(unless(same, || format!("delivery {id} of webhook {hook} does not exist")))
    });
    check_each!(reader, verified, HOOK_FINISHED, |(hook, at, id), _| {
        let found = reader.get(&WEBHOOK_DELIVERIES, id)?;
        let same = found.is_some_and(|found| (found.hook.0, found.due_at.as_millisecond()) == (hook, at));
        Ok(unless(same, || format!("delivery {id} of webhook {hook} does not exist")))
    });
    Ok(())
}
