//! Deploy tokens: made, shown once, used, revoked; of projects and of groups.

use cairn::domain::Role;

use crate::browser::Browser;
use crate::fixtures::PASSWORD;
use crate::people::group_member;
use crate::support::archive::Module;
use crate::support::world::{MODULES, World, upload};

const PROJECT: &str = "/acme/network/-/settings/deploy_tokens";
const GROUP: &str = "/groups/acme/-/settings/deploy_tokens";

/// A private project with a module, in a group that `ada` owns.
fn world() -> World {
    let world = World::start();
    world.group("acme").project("acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    group_member(&world, "ada", Role::Owner, "acme");
    world
}

/// The status that Terraform gets with a token when it downloads the module.
fn downloads(world: &World, token: &str) -> u16 {
    world.anonymous().token(token).get(&format!("{MODULES}/acme/vpc/aws/1.0.0/download")).status
}

#[test]
fn a_token_is_made_copied_used_and_revoked() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("ada", PASSWORD).open("/acme/network/-/settings").click_text("Deploy tokens");
    browser.is_at(PROJECT).shows("No deploy token").audit_with_pictures("deploy-tokens-none");
    browser.fill("Name", "ci <of> us").fill("User name (optional)", "ci-user");
    browser.click_text("write_package_registry").click_text("Create deploy token for this project");
    browser.shows("it is not shown again").shows("its user name is ci-user");
    browser.audit_with_pictures("deploy-token-made");
    browser.click_text("Copy").shows("Copied");
    let token = browser.clipboard();
    assert_eq!(downloads(&world, &token), 204);
    let client = world.anonymous().token(&token);
    upload(&client, "acme/network", "vpc/aws", "1.1.0", Module::of("two")).must(201);
    browser.open(PROJECT).shows("ci <of> us").audit_with_pictures("deploy-tokens");
    assert!(!browser.text().contains(&token), "it is shown once");
    browser
        .click_in("ci <of> us", "Revoke")
        .shows("stops working at once")
        .audit()
        .screenshot("deploy-token-revoke");
    browser.click_text("Yes, revoke").shows("The deploy token was revoked.").shows("No deploy token");
    assert_eq!(downloads(&world, &token), 401);
    upload(&client, "acme/network", "vpc/aws", "1.2.0", Module::of("three")).must(401);
}

#[test]
fn a_token_of_a_group_is_made_and_revoked_without_scripts_on_a_dark_phone() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.without_scripts().dark().width(375).sign_in("ada", PASSWORD).open(GROUP);
    browser.audit_with_pictures("deploy-tokens-group");
    browser.fill("Name", "machine").fill_date("Expires on (optional)", "2999-12-31");
    browser.click_text("Create deploy token for this group").shows("it is not shown again").hides("Copied");
    let text = browser.text();
    let token = text.split_whitespace().find(|word| word.starts_with("cairn_"));
    let token = token.unwrap_or_else(|| panic!("no token in {text}")).to_owned();
    assert_eq!(downloads(&world, &token), 204, "it counts in every project below");
    let client = world.anonymous().token(&token);
    upload(&client, "acme/network", "vpc/aws", "1.1.0", Module::of("two")).must(403);
    browser.shows("2999-12-31").audit().click_in("machine", "Revoke").click_text("Yes, revoke");
    browser.shows("No deploy token");
    assert_eq!(downloads(&world, &token), 401);
}

#[test]
fn a_token_that_cannot_be_made_is_told_at_its_field() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("ada", PASSWORD).open(PROJECT);
    browser.fill("Name", "ci").fill_date("Expires on (optional)", "2001-01-01");
    browser.click_text("Create deploy token").shows("Nothing was changed.");
    let [complaint] = &browser.complaints()[..] else { panic!("{:?}", browser.complaints()) };
    assert!(complaint.starts_with("expires_at: It is in the past"), "{complaint}");
    assert_eq!(
        (browser.value("Name"), browser.value("Expires on (optional)")),
        ("ci".into(), "2001-01-01".into())
    );
    browser.fill_date("Expires on (optional)", "").click_text("read_package_registry");
    browser.click_text("Create deploy token").shows("Nothing was changed.").shows("No deploy token");
    browser.audit_with_pictures("deploy-tokens-wrong");
    assert_eq!(browser.value("Name"), "ci");
}

#[test]
fn a_token_is_made_with_the_keyboard() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser
        .sign_in("ada", PASSWORD)
        .open(PROJECT)
        .tab_to("textbox Name")
        .press("c")
        .press("i")
        .press("Enter");
    browser.shows("it is not shown again").tab_to("button Copy").press("Enter").shows("Copied");
    let token = browser.clipboard();
    assert_eq!(downloads(&world, &token), 204);
    browser.tab_to("DisclosureTriangle Revoke").press("Enter").shows("stops working at once").press("Tab");
    assert_eq!(browser.focused(), "button Yes, revoke");
    browser.press("Enter").shows("No deploy token");
    assert_eq!(downloads(&world, &token), 401);
}
