//! The general settings of projects and groups: every form of them, what it says when it cannot, and who sees it.

use cairn::domain::Role;
use serde_json::json;

use crate::browser::Browser;
use crate::fixtures::{self, LONG_GROUP, LONG_PROJECT, PASSWORD};
use crate::people::{administrator, group_member, project_member};
use crate::support::archive::Module;
use crate::support::world::{MODULES, World};

const PROJECT: &str = "/acme/network/-/settings";
const GROUP: &str = "/groups/acme/-/settings";
/// Words of the label of the *Packages* switch.
const PACKAGES: &str = "This project has a package registry";

/// `acme/network` with a module, and `ada`, who maintains it.
fn world() -> World {
    let world = World::start();
    world.group("acme").project("acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    project_member(&world, "ada", Role::Maintainer, "acme/network");
    world
}

/// The same with `ada` as owner of the group.
fn owned() -> World {
    let world = World::start();
    world.group("acme").project("acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    group_member(&world, "ada", Role::Owner, "acme");
    world
}

/// How many versions of the module Terraform is offered.
fn versions(world: &World) -> usize {
    let answer = world.root().get(&format!("{MODULES}/acme/vpc/aws/versions"));
    answer.must(200).json()["modules"][0]["versions"].as_array().map_or(0, Vec::len)
}

/// Switches *Packages* off and on again, and looks at what that does elsewhere.
fn switches(world: &World, browser: &Browser) {
    browser.sign_in("ada", PASSWORD).open("/acme/network").open_menu().shows("Infrastructure Registry");
    browser.click_text("Settings").is_at(PROJECT).audit_with_pictures("project-settings");
    browser.click_text(PACKAGES).click_in("Project features", "Save").shows("The settings were saved.");
    browser.shows("nobody can publish or pull").open_menu().hides("Infrastructure Registry");
    browser.audit_with_pictures("project-settings-off");
    assert_eq!(versions(world), 0, "Terraform finds nothing");
    browser.open("/acme/network").shows("the setting is called Packages").open_menu();
    browser.hides("Infrastructure Registry");
    browser.open("/acme/network/-/infrastructure_registry").shows("is switched off").hides("vpc").audit();
    browser.open("/acme/network").click_text("its settings").is_at(PROJECT);
    browser.click_text(PACKAGES).click_in("Project features", "Save").shows("The settings were saved.");
    browser
        .hides("nobody can publish or pull")
        .open_menu()
        .click_text("Infrastructure Registry")
        .shows("1.0.0");
    assert_eq!(versions(world), 1, "everything is back");
}

#[test]
fn packages_are_switched_off_and_on_again() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    switches(&world, &browser);
}

#[test]
fn packages_are_switched_off_and_on_again_without_scripts_on_a_dark_phone() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    switches(&world, browser.without_scripts().dark().width(375));
}

#[test]
fn a_project_gets_another_name_visibility_and_path() {
    let world = owned();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("ada", PASSWORD).open(PROJECT);
    browser.fill("Name", "The <b>network</b>").fill("Description (optional)", "Of all of us.");
    browser.click_in("Description", "Save").shows("The settings were saved.").shows("The <b>network</b>");
    // On a page that does not say yet that something was saved.
    browser.open(PROJECT);
    browser.click_text("Public Everyone, without").click_text("Members of the project or of a group");
    browser.click_in("Project features", "Save").shows("The settings were saved.");
    let project = world.root().get("/api/v4/projects/acme%2Fnetwork").must(200).json();
    let levels = [&project["visibility"], &project["package_registry_access_level"], &project["description"]];
    assert_eq!(levels, [&json!("public"), &json!("private"), &json!("Of all of us.")]);
    browser.fill("Path", "net").click_text("Change path").is_at("/acme/net/-/settings");
    browser.shows("The project is called acme/net now.").audit();
    browser.open(PROJECT).is_at("/acme/net/-/settings");
    browser.open("/acme/network").is_at("/acme/net").shows("Of all of us.");
    browser.open("/acme/network/-/infrastructure_registry").is_at("/acme/net/-/infrastructure_registry");
}

#[test]
fn a_group_gets_another_path_and_a_rule_for_duplicates() {
    let world = owned();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("ada", PASSWORD).open("/acme").click_text("Settings").is_at(GROUP);
    browser.audit_with_pictures("group-settings");
    browser.click_text("Allow duplicates").fill("Exceptions (optional)", "legacy-.*/aws");
    browser.click_in("Allow duplicates", "Save").shows("The settings were saved.");
    let group = world.root().get("/api/v4/groups/acme").must(200).json();
    assert_eq!(group["terraform_module_duplicates_allowed"], true);
    assert_eq!(browser.value("Exceptions (optional)"), "legacy-.*/aws");
    browser.click_text("Internal Every signed-in user").click_in("Visibility", "Save");
    browser.shows("The settings were saved.");
    browser.fill("Path", "umbrella").click_text("Change path").is_at("/groups/umbrella/-/settings");
    browser.shows("The group is called umbrella now.");
    browser.open(GROUP).is_at("/groups/umbrella/-/settings");
    browser.open("/acme/network").is_at("/umbrella/network").shows("umbrella/vpc/aws");
    let moved = format!("{MODULES}/umbrella/vpc/aws/versions");
    world.root().get(&moved).must(200);
}

/// Sends what cannot be saved, form by form.
fn is_told(browser: &Browser) {
    browser.sign_in("ada", PASSWORD).open(PROJECT);
    browser.fill("Name", " ").fill("Description (optional)", "kept text").click_in("Description", "Save");
    browser.shows("Nothing was changed.");
    assert_eq!(browser.complaints(), ["name: It is empty: give it a text."]);
    assert_eq!(browser.value("Description (optional)"), "kept text");
    browser.audit_with_pictures("project-settings-wrong");
    browser.click_text("Go to the form");
    assert!(browser.url().ends_with("#general"), "{}", browser.url());
    browser.open(PROJECT).fill("Path", "a b").click_text("Change path").shows("Nothing was changed.");
    assert_eq!(browser.value("Path"), "a b");
    let [complaint] = &browser.complaints()[..] else { panic!("{:?}", browser.complaints()) };
    assert!(complaint.starts_with("path: ") && complaint.contains("not allowed"), "{complaint}");
    browser.open(PROJECT).click_text("Delete this project").shows("acme/network goes for good");
    browser.fill("Type acme/network to confirm", "network").press("Enter").shows("Nothing was changed.");
    assert_eq!(browser.value("Type acme/network to confirm"), "network", "the question is open again");
    browser.audit().screenshot("project-delete-wrong");
    browser.open(GROUP).fill("Exceptions (optional)", "(a").click_in("Allow duplicates", "Save");
    browser.shows("Nothing was changed.");
    assert_eq!(browser.value("Exceptions (optional)"), "(a");
    let [complaint] = &browser.complaints()[..] else { panic!("{:?}", browser.complaints()) };
    assert!(complaint.starts_with("exception_regex: It is not usable"), "{complaint}");
    browser.audit_with_pictures("group-settings-wrong");
}

#[test]
fn what_cannot_be_saved_is_told_at_its_field_and_stays_typed() {
    let world = owned();
    let Some(browser) = Browser::start(&world.server) else { return };
    is_told(&browser);
}

#[test]
fn what_cannot_be_saved_is_told_without_scripts_too() {
    let world = owned();
    let Some(browser) = Browser::start(&world.server) else { return };
    is_told(browser.without_scripts().width(320));
}

#[test]
fn a_project_and_its_group_are_deleted_after_their_names_were_typed() {
    let world = owned();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("ada", PASSWORD).open(PROJECT).shows("holds 1 package");
    browser.click_text("Delete this project").shows("and with it 1 package").audit_with_pictures("delete");
    browser.fill("Type acme/network to confirm", "acme/network").press("Enter");
    browser.is_at("/acme").shows("The project acme/network was deleted.").audit();
    assert_eq!(versions(&world), 0);
    browser.open(GROUP).shows("holds no packages").click_text("Delete this group");
    browser.fill("Type acme to confirm", "acme").press("Enter");
    browser.is_at("/").shows("The group acme was deleted.").shows("You are a member of no group");
    world.root().get("/api/v4/groups/acme").must(404);
}

#[test]
fn a_project_is_changed_with_the_keyboard_alone() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("ada", PASSWORD).open(PROJECT);
    browser.tab_to("textbox Name").press("End").press("!").press("Tab");
    assert_eq!(browser.focused(), "textbox Description (optional)");
    browser.press("Tab");
    assert_eq!(browser.focused(), "button Save");
    browser.press("Enter").shows("The settings were saved.");
    assert_eq!(browser.value("Name"), "network!");
    browser.tab_to("radio Private Members only.").press("Down").press("Tab");
    assert!(browser.focused().starts_with("checkbox Packages"), "{}", browser.focused());
    browser.press("Space").press("Tab").press("Tab");
    assert_eq!(browser.focused(), "button Save");
    browser.press("Enter").shows("nobody can publish or pull");
    let project = world.root().get("/api/v4/projects/acme%2Fnetwork").must(200).json();
    let levels = [&project["visibility"], &project["package_registry_access_level"]];
    assert_eq!(levels, [&json!("internal"), &json!("disabled")]);
}

#[test]
fn the_instance_says_what_it_overrides() {
    let world = world();
    world.settings(&json!({ "packages_enabled": false }));
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("ada", PASSWORD).open(PROJECT).shows("counts once an administrator has switched it on");
    browser.hides("Infrastructure Registry").audit_with_pictures("project-settings-instance-off");
}

#[test]
fn settings_of_long_names_fit_every_window() {
    let world = World::start();
    fixtures::fill(&world);
    administrator(&world, "boss");
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("boss", PASSWORD);
    browser.open(&format!("/{LONG_PROJECT}/-/settings")).audit_with_pictures("project-settings-long");
    browser.click_text("Delete this project").audit();
    browser.open(&format!("/groups/{LONG_GROUP}/-/settings")).audit_with_pictures("group-settings-long");
}

/// What the pages of a project and its group offer to whoever is signed in.
fn offered(browser: &Browser) -> Vec<&'static str> {
    let on_project = browser.open("/acme/network").shows("acme/vpc/aws").text();
    let on_group = browser.open("/acme").shows("Projects").text();
    let settings = browser.open(PROJECT).text();
    let asked = [
        (on_project, &["Publish a module", "Settings"][..]),
        (settings, &["Delete this project"]),
        (on_group, &["New project", "New subgroup", "Settings", "Admin"]),
    ];
    let offers = asked.iter().flat_map(|(page, names)| names.iter().filter(|name| page.contains(**name)));
    offers.copied().collect()
}

#[test]
fn everybody_is_offered_what_the_role_allows() {
    let world = World::start();
    world.group("acme").public_project("acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    let Some(browser) = Browser::start(&world.server) else { return };
    for role in [Role::Guest, Role::Developer, Role::Maintainer, Role::Owner] {
        group_member(&world, role.as_str(), role, "acme");
    }
    administrator(&world, "administrator");
    let everything = [
        "Publish a module",
        "Settings",
        "Delete this project",
        "New project",
        "New subgroup",
        "Settings",
        "Admin",
    ];
    assert_eq!(offered(&browser), [""; 0], "nobody");
    for (who, expected) in [
        ("guest", &[][..]),
        ("developer", &["Publish a module", "New project"]),
        ("maintainer", &["Publish a module", "Settings", "New project", "New subgroup"]),
        ("owner", &everything[..6]),
        ("administrator", &everything),
    ] {
        browser.sign_in(who, PASSWORD);
        assert_eq!(offered(&browser), expected, "{who}");
        browser.open("/").click_text(who).click_text("Sign out").shows("Public modules");
    }
}
