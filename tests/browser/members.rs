//! Who has which role: added, changed, removed, for a time, and the last owner who stays.

use cairn::domain::Role;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::fixtures::{self, MAINTAINER, PASSWORD, PRIVATE};
use crate::people::{administrator, group_member, person};
use crate::support::world::World;

const GROUP: &str = "/groups/acme/-/settings/members";
const PROJECT: &str = "/acme/network/-/settings/members";

/// A group with a project; `ada` owns the group, `bob` has no role.
fn world() -> World {
    let world = World::start();
    world.group("acme").project("acme/network");
    group_member(&world, "ada", Role::Owner, "acme");
    person(&world, "bob");
    world
}

/// `bob` as a direct member of a place (`groups/acme`).
fn bob(world: &World, place: &str) -> Value {
    let member = format!("/api/v4/{place}/members/{}", world.user_id("bob"));
    world.root().get(&member).json()
}

/// Gives `bob` a role for a time, another one, and none.
fn gives_and_takes(world: &World, browser: &Browser) {
    browser.sign_in("ada", PASSWORD).open("/groups/acme/-/settings").click_text("Members").is_at(GROUP);
    browser.shows("Everyone with a role here").audit_with_pictures("members-group");
    browser.fill("User name", "bob").fill("Role", "Reporter").fill_date("Ends on (optional)", "2999-12-31");
    browser.click_text("Add to this group").shows("Bob is reporter now.").audit();
    let member = bob(world, "groups/acme");
    assert_eq!((&member["access_level"], &member["expires_at"]), (&json!(20), &json!("2999-12-31")));
    browser.fill("Role of Bob", "Maintainer").fill_date("Membership of Bob ends on (optional)", "");
    browser.click_text("Save Bob").shows("Bob is maintainer now.");
    let member = bob(world, "groups/acme");
    assert_eq!((&member["access_level"], &member["expires_at"]), (&json!(40), &Value::Null));
    browser.open(PROJECT).shows("Inherited from acme").audit_with_pictures("members-project");
    browser.open(GROUP).click_in("Bob", "Remove").shows("Bob loses the role of maintainer here.");
    browser.audit().screenshot("member-remove");
    browser.click_in("Bob loses", "Yes, remove").shows("The member was removed.").hides("Bob");
    assert_eq!(bob(world, "groups/acme")["access_level"], Value::Null);
}

#[test]
fn a_member_is_added_changed_and_removed() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    gives_and_takes(&world, &browser);
}

#[test]
fn a_member_is_added_changed_and_removed_without_scripts_on_a_dark_phone() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    gives_and_takes(&world, browser.without_scripts().dark().width(375));
}

#[test]
fn the_last_owner_cannot_go() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("ada", PASSWORD).open(GROUP);
    browser.click_in("@root", "Remove").click_text("Yes, remove").shows("The member was removed.");
    browser.click_in("@ada", "Remove").click_in("Ada loses", "Yes, remove").shows("Nothing was changed.");
    browser.shows("last owner").audit_with_pictures("members-last-owner");
    browser.open(GROUP).fill("Role of Ada", "Guest").click_text("Save Ada").shows("last owner");
    assert_eq!(browser.value("Role of Ada"), "guest", "what was chosen stays");
    let member = format!("/api/v4/groups/acme/members/{}", world.user_id("ada"));
    assert_eq!(world.root().get(&member).must(200).json()["access_level"], 50);
}

#[test]
fn what_cannot_be_given_is_told_at_its_field_and_stays_typed() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("ada", PASSWORD).open(PROJECT).shows("Add a member");
    browser.fill("User name", "bobby").fill("Role", "Owner").click_text("Add to this project");
    browser.shows("Nothing was changed.").audit_with_pictures("members-wrong");
    assert_eq!(browser.complaints(), ["username: It is nobody's: check the spelling."]);
    assert_eq!((browser.value("User name"), browser.value("Role")), ("bobby".to_owned(), "owner".to_owned()));
    browser.fill("User name", "bob").fill_date("Ends on (optional)", "2001-01-01");
    browser.click_text("Add to this project").shows("It is in the past");
    assert_eq!(browser.value("Ends on (optional)"), "2001-01-01");
    browser.fill_date("Ends on (optional)", "").click_text("Add to this project").shows("Bob is owner now.");
    browser.fill_date("Membership of Bob ends on (optional)", "2001-01-01").click_text("Save Bob");
    browser.shows("It is in the past").audit().screenshot("members-row-wrong");
    assert_eq!(browser.value("Membership of Bob ends on (optional)"), "2001-01-01");
    let [complaint] = &browser.complaints()[..] else { panic!("{:?}", browser.complaints()) };
    assert!(complaint.starts_with("expires_at: It is in the past"), "{complaint}");
}

#[test]
fn a_member_is_found_and_added_with_the_keyboard() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("ada", PASSWORD).open(GROUP);
    browser.tab_to("textbox User name");
    for letter in ["b", "o", "b"] {
        browser.press(letter);
    }
    browser.press("Tab").press("Down").press("Tab").press("Tab").press("Tab");
    browser.tab_to("button Add to this group").press("Enter").shows("Bob is maintainer now.");
    browser.tab_to("searchbox Find a member").press("b").press("o").press("b").press("Enter");
    browser.shows("@bob").hides("@root");
    assert_eq!(browser.value("Find a member"), "bob");
    browser.fill("Find a member", "nobody").press("Enter").shows("Nobody is found").audit();
    browser.click_text("list all members").shows("@root");
}

#[test]
fn whoever_gives_up_the_own_role_is_led_away() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("ada", PASSWORD).open(GROUP).fill("Role of Ada", "Guest").click_text("Save Ada");
    browser.is_at("/acme").shows("Ada is guest now.").hides("Settings");
}

#[test]
fn members_with_long_names_fit_every_window() {
    let world = World::start();
    fixtures::fill(&world);
    administrator(&world, "boss");
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("boss", PASSWORD).open(&format!("/{PRIVATE}/-/settings/members")).shows(MAINTAINER);
    browser.audit_with_pictures("members-long");
}
