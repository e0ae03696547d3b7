//! The activity of a package: where it was published from, who vouches for that, and what happened to it since.

use serde_json::json;

use crate::browser::Browser;
use crate::support::archive::Module;
use crate::support::world::{World, upload};

const PROJECT: &str = "acme/network";
const API: &str = "/api/v4/projects/acme%2Fnetwork";
const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

/// Publishes `vpc/aws` 1.2.0 from a pipeline of that number.
fn publish_from(world: &World, pipeline: u64) {
    let page = format!("https://gitlab.example/acme/vpc/-/pipelines/{pipeline}");
    let job = json!({
        "ref": "v1.2.0", "sha": SHA, "user_id": "root", "job": { "name": "publish" },
        "pipeline": { "id": pipeline, "web_url": page, "source": "push" },
    });
    let opened = world.root().post(&format!("{API}/ci_jobs"), &job).must(201).json();
    let client = world.anonymous().with("JOB-TOKEN", opened["token"].as_str().unwrap());
    upload(&client, PROJECT, "vpc/aws", "1.2.0", Module::of("vpc")).must(201);
}

fn tells(browser: &Browser, activity: &str) {
    browser.open(activity).shows("Published as version 1.2.0 of vpc/aws in acme/network");
    browser.shows("vpc-aws-1.2.0.tgz").shows("#1 (push)").shows("#4 (push)").hides("#2 (push)");
    browser.shows("Verified by CI job 1 of this server").shows("2 older updates are archived.");
    let leads = |number: usize| {
        browser.link_at(&format!(".activity li:first-child .provenance dd:nth-of-type({number}) a"))
    };
    assert_eq!(leads(1), "https://gitlab.example/acme/vpc/-/pipelines/1");
    assert_eq!(leads(3), format!("https://gitlab.example/acme/vpc/-/commit/{SHA}"));
    assert_eq!(leads(4), "https://gitlab.example/acme/vpc/-/tree/v1.2.0");
    browser.audit_with_pictures("activity-ci");
}

#[test]
fn activity_shows_the_publication_the_last_five_updates_and_how_many_are_archived() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    world.group("acme").public_project(PROJECT);
    // Three times published and deleted, and published once more; then its file goes: seven updates.
    for pipeline in 1..=3 {
        publish_from(&world, pipeline);
        world.delete_package(PROJECT, "vpc/aws", "1.2.0");
    }
    publish_from(&world, 4);
    let id = world.package_id(PROJECT, "vpc/aws", "1.2.0");
    let files = format!("{API}/packages/{id}/package_files");
    let file = world.root().get(&files).must(200).json()[0]["id"].clone();
    world.root().delete(&format!("{files}/{file}")).must(204);
    let activity = format!("/{PROJECT}/-/infrastructure_registry/{id}?tab=activity");
    tells(&browser, &activity);
    browser.shows("Archive deleted").shows("(not there any more)");
    tells(browser.without_scripts().dark().width(375), &activity);
}

#[test]
fn what_a_publisher_says_of_itself_is_shown_as_not_verified() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    world.group("acme").public_project(PROJECT);
    let claim = json!({ "ref": "main", "sha": SHA, "user": "<b>ada</b>", "pipeline": { "id": 9 } });
    let client = world.root().with("X-Cairn-Provenance", &claim.to_string());
    upload(&client, PROJECT, "vpc/aws", "1.2.0", Module::of("vpc")).must(201);
    let id = world.package_id(PROJECT, "vpc/aws", "1.2.0");
    browser.open(&format!("/{PROJECT}/-/infrastructure_registry/{id}")).click_text("Activity");
    browser.shows("Not verified").shows("#9, started by <b>ada</b>").shows("01234567").axe();
}
