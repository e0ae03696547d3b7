//! The queue against a receiver that answers what the test says, with a clock that the test sets.

use std::sync::Mutex;

use super::super::{NewWebhook, WebhookChange};
use super::*;
use crate::domain::Visibility;
use crate::domain::webhook::{MAX_ATTEMPTS, Subscriptions};
use crate::service::Caller;
use crate::service::fixture::World;
use crate::service::projects::ProjectChange;

const PROJECT: &str = "acme/network";

async fn world() -> (World, Webhook) {
    let world = World::empty().await;
    world.group("acme", Visibility::Public).await;
    world.project(PROJECT, Visibility::Private).await;
    let hook = add(&world, "https://hooks.example/one").await;
    (world, hook)
}

async fn add(world: &World, url: &str) -> Webhook {
    let new = NewWebhook {
        url: url.parse().unwrap(),
        name: None,
        secret: None,
        events: Subscriptions { packages: true, settings: true },
    };
    world.registry.add_webhook(&Caller::Operator, PROJECT, new).await.unwrap().hook
}

/// Changes the description, so that there is something to tell.
async fn describe(world: &World, text: &str) {
    let change = ProjectChange { description: Some(text.to_owned()), ..ProjectChange::default() };
    world.registry.update_project(&Caller::Operator, PROJECT, change).await.unwrap();
}

fn due(world: &World, sent: &[Sent]) -> Vec<Delivery> {
    let now = world.registry.now();
    let plan = world.registry.store().read(|snapshot| plan(snapshot, sent, now)).unwrap();
    plan.start.into_iter().map(|(_, delivery)| delivery).collect()
}

async fn end(world: &World, delivery: &Delivery, status: Result<u16, &str>) {
    let error = match status {
        Ok(_) => None,
        Err(reason) => Some(reason.to_owned()),
    };
    let attempt = Attempt { at: world.registry.now(), status: status.ok(), error };
    world.registry.settle(delivery.id, attempt).await.unwrap();
}

fn deliveries(world: &World, hook: &Webhook) -> Vec<Delivery> {
    world.registry.webhook_deliveries(&Caller::Operator, PROJECT, hook.id).unwrap()
}

fn stored(world: &World, hook: &Webhook) -> Webhook {
    world.registry.webhook(&Caller::Operator, PROJECT, hook.id).unwrap()
}

#[tokio::test]
async fn what_is_refused_comes_again_later_and_later_until_it_is_given_up() {
    let (world, hook) = world().await;
    describe(&world, "new").await;
    let mut pauses = Vec::new();
    for attempt in 1..=MAX_ATTEMPTS {
        let [delivery] = due(&world, &[]).try_into().unwrap();
        assert_eq!((delivery.attempts, delivery.hook), (attempt - 1, hook.id));
        end(&world, &delivery, Err("the receiver answered 500")).await;
        assert_eq!(due(&world, &[]), [], "not again at once");
        let [after] = deliveries(&world, &hook).try_into().unwrap();
        if attempt == MAX_ATTEMPTS {
            assert_eq!(after.state, DeliveryState::Failed);
        } else {
            let pause = after.due_at.duration_since(world.registry.now());
            pauses.push(pause.as_secs());
            world.pass(pause.as_secs() + 1);
        }
    }
    assert!(pauses.is_sorted() && pauses[0] >= 10 && pauses.iter().sum::<i64>() > 86_400, "{pauses:?}");
    world.pass(1_000_000);
    assert_eq!(due(&world, &[]), [], "given up");
    let [failed] = deliveries(&world, &hook).try_into().unwrap();
    assert_eq!(failed.attempts, MAX_ATTEMPTS);
    assert_eq!(failed.last.unwrap().error.unwrap(), "the receiver answered 500");
}

#[tokio::test]
async fn a_webhook_that_fails_for_days_is_switched_off_and_a_change_switches_it_on() {
    let (world, hook) = world().await;
    describe(&world, "one").await;
    let [first] = due(&world, &[]).try_into().unwrap();
    end(&world, &first, Err("no answer")).await;
    assert!(stored(&world, &hook).failing_since.is_some());
    world.pass(FAILING_LONG.as_secs());
    describe(&world, "two").await;
    let second = due(&world, &[]).pop().unwrap();
    end(&world, &second, Err("no answer")).await;
    let off = stored(&world, &hook);
    assert_eq!(off.disabled.unwrap(), "nothing was taken since 2026-03-01; at last no answer");
    describe(&world, "three").await;
    assert_eq!(due(&world, &[]), [], "neither what waited nor anything new");

    let change = WebhookChange::default();
    world.registry.update_webhook(&Caller::Operator, PROJECT, hook.id, change).await.unwrap();
    assert_eq!(stored(&world, &hook), hook, "as it was");
    describe(&world, "four").await;
    assert_eq!(due(&world, &[]).len(), 1);
}

#[tokio::test]
async fn a_test_is_sent_once_and_switches_a_webhook_on_when_it_is_taken() {
    let (world, hook) = world().await;
    let test = async || world.registry.test_webhook(&Caller::Operator, PROJECT, hook.id).await.unwrap();
    test().await;
    let [refused] = due(&world, &[]).try_into().unwrap();
    end(&world, &refused, Err("no answer")).await;
    assert_eq!(deliveries(&world, &hook)[0].state, DeliveryState::Failed, "once");
    let off = Webhook { disabled: Some("it failed".to_owned()), ..hook.clone() };
    world.registry.store().write(move |change| webhooks::put(change, &off)).await.unwrap();
    test().await;
    let [taken] = due(&world, &[]).try_into().unwrap();
    end(&world, &taken, Ok(204)).await;
    assert_eq!(stored(&world, &hook), hook);
}

#[tokio::test]
async fn one_receiver_does_not_hold_up_the_others_and_nothing_is_sent_twice_at_once() {
    let (world, hook) = world().await;
    for number in 0..20 {
        describe(&world, &number.to_string()).await;
    }
    let other = add(&world, "https://other.example/").await;
    describe(&world, "last").await;
    let started = due(&world, &[]);
    let of = |hook: &Webhook| started.iter().filter(|delivery| delivery.hook == hook.id).count();
    assert_eq!((of(&hook), of(&other)), (AT_ONE_HOST, 1));
    let sent: Vec<_> = started
        .iter()
        .map(|delivery| {
            let host = if delivery.hook == hook.id { "hooks.example" } else { "other.example" };
            Sent { delivery: delivery.id, host: host.to_owned(), project: hook.project }
        })
        .collect();
    assert_eq!(due(&world, &sent), []);
    let elsewhere =
        |id: u64| Sent { delivery: DeliveryId(id), host: format!("{id}.example"), project: ProjectId(id) };
    let full: Vec<_> = (1000..).take(AT_ONCE).map(elsewhere).collect();
    assert_eq!(due(&world, &full), []);
}

#[tokio::test]
async fn the_receivers_of_one_project_do_not_hold_up_those_of_others() {
    let (world, _) = world().await;
    for number in 0..AT_ONCE {
        add(&world, &format!("https://receiver-{number}.example/")).await;
    }
    describe(&world, "one").await;
    assert_eq!(due(&world, &[]).len(), OF_ONE_PROJECT);
}

#[tokio::test]
async fn the_last_that_ended_are_kept_and_what_waits_is_bounded() {
    let (world, hook) = world().await;
    for number in 0..webhooks::KEPT_FINISHED + 5 {
        describe(&world, &number.to_string()).await;
        let delivery = due(&world, &[]).pop().unwrap();
        end(&world, &delivery, Ok(200)).await;
        world.pass(1);
    }
    let kept = deliveries(&world, &hook);
    assert_eq!(kept.len(), webhooks::KEPT_FINISHED);
    assert!(kept.is_sorted_by(|newer, older| newer.due_at > older.due_at), "newest first");
    let one = Delivery { state: DeliveryState::Waiting, ..kept[0].clone() };
    let full = move |change: &mut Change<'_>| {
        for number in 0..webhooks::MAX_WAITING as u64 {
            webhooks::queue(change, &Delivery { id: DeliveryId(1000 + number), ..one.clone() })?;
        }
        Ok::<_, ServiceError>(())
    };
    world.registry.store().write(full).await.unwrap();
    describe(&world, "one too many").await;
    let waiting = world.registry.store().read(|snapshot| webhooks::count_waiting(snapshot, hook.id)).unwrap();
    assert_eq!(waiting, webhooks::MAX_WAITING);
}

#[tokio::test]
async fn removing_a_webhook_or_its_project_leaves_nothing_behind() {
    let (world, hook) = world().await;
    describe(&world, "one").await;
    let under_way = due(&world, &[]).pop().unwrap();
    describe(&world, "two").await;
    world.registry.remove_webhook(&Caller::Operator, PROJECT, hook.id).await.unwrap();
    end(&world, &under_way, Ok(200)).await;
    assert_eq!(due(&world, &[]), []);
    let other = add(&world, "https://other.example/").await;
    describe(&world, "three").await;
    world.registry.delete_project(&Caller::Operator, PROJECT).await.unwrap();
    world
        .registry
        .store()
        .read(|snapshot| {
            assert_eq!(webhooks::webhook(snapshot, other.id)?, None);
            assert_eq!(webhooks::due(snapshot, Timestamp::MAX, 10)?, []);
            Ok::<_, ServiceError>(())
        })
        .unwrap();
}

/// Keeps what it is sent, and takes it.
#[derive(Default)]
struct Receiver(Mutex<Vec<HookRequest>>);

impl SendHook for Receiver {
    fn send(&self, request: HookRequest) -> Sending<'_> {
        self.0.lock().unwrap().push(request);
        Box::pin(async { Ok(200) })
    }
}

#[tokio::test]
async fn the_task_sends_what_is_queued_before_and_while_it_runs() {
    let (world, hook) = world().await;
    describe(&world, "before").await;
    let receiver = Arc::new(Receiver::default());
    let task = tokio::spawn(world.registry.clone().send_webhooks(Arc::clone(&receiver) as Arc<dyn SendHook>));
    let delivered = || {
        deliveries(&world, &hook).iter().filter(|delivery| delivery.state == DeliveryState::Delivered).count()
    };
    for (count, text) in [(1, "while it runs"), (2, "the end")] {
        while delivered() < count {
            task::yield_now().await;
        }
        describe(&world, text).await;
    }
    task.abort();
    let sent = receiver.0.lock().unwrap();
    let body: serde_json::Value = serde_json::from_str(&sent[1].body).unwrap();
    assert_eq!(body["event"], "project.changed");
    assert_eq!(
        body["changes"]["description"],
        serde_json::json!({ "from": "before", "to": "while it runs" })
    );
    assert_eq!(body["actor"], serde_json::json!({ "kind": "operator", "name": null }));
    assert!(!format!("{sent:?}").contains(hook.secret.reveal()));
}
