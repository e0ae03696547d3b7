//! The page of a project's webhooks: adding, testing, switching on again, removing, and what it says of what was sent.

use cairn::domain::Role;
use serde_json::json;

use crate::people::member;
use crate::support::eventually;
use crate::support::receiver::{Answer, Receiver};
use crate::support::server::Server;
use crate::support::world::World;

const PAGE: &str = "/acme/network/-/settings/webhooks";
const API: &str = "/api/v4/projects/acme%2Fnetwork/hooks";
const SECRET: &str = "a-secret-of-the-tests-0123456789";
/// Markup in the place of a name.
const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'&";

fn world() -> World {
    let world = World::on(Server::builder().flag("--webhook-allow=127.0.0.1"));
    world.group("acme").project("acme/network");
    world
}

#[test]
fn a_webhook_is_added_tested_and_removed() {
    let world = world();
    let ada = member(&world, "ada", Role::Maintainer, "acme/network");
    let receiver = Receiver::answering("503 Service Unavailable");
    let url = receiver.url();
    let fields = [("url", url.as_str()), ("name", HOSTILE), ("token", SECRET), ("packages", "1")];
    assert!(ada.page(PAGE).text().contains("No webhook"));
    ada.submit(PAGE, PAGE, &fields).must(303);
    let stored = world.root().get(API).must(200).json();
    assert_eq!(stored[0]["name"], HOSTILE);
    assert_eq!((&stored[0]["package_events"], &stored[0]["project_events"]), (&json!(true), &json!(false)));
    let hook = format!("{PAGE}/{}", stored[0]["id"]);
    ada.submit(PAGE, &format!("{hook}/test"), &[]).must(303);
    eventually("the page shows the answer", || {
        let page = ada.page(PAGE).text();
        assert!(!page.contains("<img src=x") && !page.contains(SECRET), "{page}");
        page.contains("the receiver answered 503") && page.contains("failed")
    });
    receiver.set(Answer::Status("200 OK".to_owned()));
    ada.submit(PAGE, &format!("{hook}/test"), &[]).must(303);
    eventually("the page shows success", || ada.page(PAGE).text().contains("delivered"));
    ada.submit(PAGE, &format!("{hook}/enable"), &[]).must(303);
    ada.submit(PAGE, &format!("{hook}/remove"), &[]).must(303);
    assert_eq!(world.root().get(API).must(200).json(), json!([]));
    for gone in ["remove", "test", "enable", "other"] {
        ada.submit(PAGE, &format!("{hook}/{gone}"), &[]).must(404);
    }
}

#[test]
fn a_secret_that_is_made_up_is_shown_once() {
    let world = world();
    let ada = member(&world, "ada", Role::Maintainer, "acme/network");
    ada.submit(PAGE, PAGE, &[("url", "https://hooks.example"), ("settings", "1")]).must(303);
    let shown = ada.page(PAGE);
    assert_eq!(shown.header("cache-control"), Some("private, no-store"));
    assert!(shown.text().contains("<code>whsec_"));
    assert!(!ada.page(PAGE).text().contains("whsec_"), "once");
}

#[test]
fn what_cannot_be_used_is_said_beside_its_field_and_groups_have_no_webhooks() {
    let world = world();
    let ada = member(&world, "ada", Role::Maintainer, "acme/network");
    for (fields, words) in [
        (&[("url", "")][..], "It must be an http or https URL"),
        (&[("url", "https://a:b@hooks.example")], "It must hold no user name"),
        (&[("url", "https://hooks.example"), ("token", "short-secret")], "It must have 16 to 255"),
    ] {
        let refused = ada.submit(PAGE, PAGE, fields).must(422).text();
        assert!(refused.contains(words) && !refused.contains("short-secret"), "{fields:?}: {refused}");
    }
    let boss = crate::people::administrator(&world, "boss");
    let group = "/groups/acme/-/settings";
    boss.get(&format!("{group}/webhooks")).must(404);
    assert!(!boss.page(group).text().contains("Webhooks"));
    boss.submit(group, &format!("{group}/webhooks"), &[("url", "https://hooks.example")]).must(404);
}
