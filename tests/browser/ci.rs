//! Trusted publishers and the job token allowlist, as maintainers set them up.

use cairn::domain::Role;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::fixtures::PASSWORD;
use crate::people::project_member;
use crate::support::server::Server;
use crate::support::world::World;

const PAGE: &str = "/acme/network/-/settings/ci";
const GITLAB: &str = "https://gitlab.platform-engineering.example.com";

/// A private project that `ada` maintains, on a server with that configuration.
fn world(config: &str) -> World {
    let world = World::on(Server::builder().config(config));
    world.group("acme").project("acme/network").project("acme/pipelines");
    project_member(&world, "ada", Role::Maintainer, "acme/network");
    world.member("ada", Role::Guest, "acme/pipelines");
    world
}

fn configured() -> World {
    world(&format!(
        "[[ci.gitlab]]\nurl = \"{GITLAB}\"\n[[ci.issuer]]\nurl = \"https://token.actions.githubusercontent.com\"\n\
         audience = \"cairn\"\njwks_file = \"/nowhere/keys.jwks\"\n"
    ))
}

fn publishers(world: &World) -> Value {
    world.root().get("/api/v4/projects/acme%2Fnetwork/trusted_publishers").must(200).json()
}

#[test]
fn a_trusted_publisher_is_added_and_removed() {
    let world = configured();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("ada", PASSWORD).open("/acme/network/-/settings").click_text("CI");
    browser.is_at(PAGE).shows("No trusted publisher").audit_with_pictures("ci-none");
    browser.fill("Name (optional)", "releases <of> us").fill("Issuer", GITLAB);
    browser
        .fill("Claim 1", "project_path")
        .fill("Pattern 1", "platform-engineering/terraform/modules/network");
    browser.fill("Claim 2 (optional)", "ref").fill("Pattern 2 (optional)", "v*");
    browser.click_text("More claims").fill("Claim 6 (optional)", "ref_protected");
    browser.fill("Pattern 6 (optional)", "true").click_text("Once").click_text("Add trusted publisher");
    browser.shows("“releases <of> us” is a trusted publisher now.").audit_with_pictures("ci");
    let stored = publishers(&world)[0].clone();
    assert_eq!(
        stored["claims"],
        json!({
            "project_path": "platform-engineering/terraform/modules/network", "ref": "v*", "ref_protected": "true",
        })
    );
    assert_eq!((&stored["issuer"], &stored["once"]), (&json!(GITLAB), &json!(true)));
    assert_eq!(stored["access_level"], 30, "developer, unless another is chosen");
    browser
        .click_in("releases <of> us", "Remove")
        .shows("are refused at once")
        .audit()
        .screenshot("ci-remove");
    browser
        .click_text("Yes, remove")
        .shows("The trusted publisher was removed.")
        .shows("No trusted publisher");
    assert_eq!(publishers(&world), json!([]));
}

#[test]
fn what_is_wrong_is_told_at_its_field_without_scripts_on_a_dark_phone() {
    let world = world("");
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.without_scripts().dark().width(375).sign_in("ada", PASSWORD).open(PAGE);
    browser.shows("No issuer is configured on this server yet.").fill("Issuer", GITLAB);
    browser.fill("Claim 1", "ref").fill("Pattern 1", "v*").fill("Claim 2 (optional)", "project_path");
    browser.fill("Pattern 2 (optional)", "*").click_text("Reporter").click_text("Add trusted publisher");
    browser.shows("Nothing was changed.");
    let [complaint] = &browser.complaints()[..] else { panic!("{:?}", browser.complaints()) };
    assert!(complaint.starts_with("pattern_2: A pattern of nothing but * matches everything"), "{complaint}");
    browser.audit_with_pictures("ci-wrong");
    for (label, typed) in [
        ("Issuer", GITLAB),
        ("Claim 1", "ref"),
        ("Pattern 1", "v*"),
        ("Claim 2 (optional)", "project_path"),
        ("Pattern 2 (optional)", "*"),
    ] {
        assert_eq!(browser.value(label), typed, "{label}");
    }
    browser.fill("Pattern 2 (optional)", "acme/vpc").click_text("Add trusted publisher");
    browser.shows("is a trusted publisher now");
    assert_eq!(publishers(&world)[0]["access_level"], 20, "the role that was chosen stays chosen");
}

#[test]
fn a_project_goes_on_the_allowlist_and_off_it_again() {
    let world = configured();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser
        .sign_in("ada", PASSWORD)
        .open(PAGE)
        .fill("Project", "acme/nothing")
        .click_text("Add to the allowlist");
    browser.shows("Nothing was changed.");
    assert_eq!(browser.complaints(), ["target: You see no project of that path: check the spelling."]);
    assert_eq!(browser.value("Project"), "acme/nothing");
    browser.fill("Project", "acme/pipelines").click_text("Add to the allowlist");
    browser.shows("Jobs of acme/pipelines may use this project now.").audit();
    browser.click_in("acme/pipelines", "Remove").shows("may not use this project any more").audit();
    browser.click_text("Yes, remove").shows("The project was removed from the allowlist.");
}

#[test]
fn developers_are_shown_no_ci_settings() {
    let world = configured();
    project_member(&world, "dev", Role::Developer, "acme/network");
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("dev", PASSWORD).open("/acme/network").hides("Settings");
    browser.open(PAGE).hides("Trusted publishers").audit();
}
