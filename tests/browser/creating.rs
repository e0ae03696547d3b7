//! New groups, subgroups and projects by their forms, and the list of all groups.

use cairn::domain::{Role, Visibility};
use serde_json::json;

use crate::browser::Browser;
use crate::fixtures::{self, LONG_GROUP, PASSWORD};
use crate::people::{group_member, person};
use crate::support::archive::Module;
use crate::support::world::World;

/// A group, one in it, and a project there, up to its first module.
fn makes_everything(world: &World, browser: &Browser) {
    browser.sign_in("ada", PASSWORD).click_text("New group").is_at("/groups/new");
    browser.audit_with_pictures("new-group");
    browser.fill("Name", "Acme & Sons").fill("Description (optional)", "All of us.");
    browser.click_text("Public Everyone, without").click_text("Create group").is_at("/acme-sons");
    browser.shows("The group acme-sons was created.").shows("All of us.");
    browser.click_text("New subgroup").is_at("/groups/new").shows("New subgroup");
    assert_eq!(browser.value("Parent group (optional)"), "acme-sons");
    browser.fill("Name", "Platform").fill("Path (optional)", "plat").click_text("Create group");
    browser.is_at("/acme-sons/plat").click_text("New project").is_at("/projects/new");
    assert_eq!(browser.value("Group (optional)"), "acme-sons/plat");
    browser.audit_with_pictures("new-project");
    browser.fill("Name", "Network").click_text("Create project").is_at("/acme-sons/plat/network");
    browser.shows("The project acme-sons/plat/network was created.").shows("Nothing is published here yet");
    world.publish("acme-sons/plat/network", "vpc/aws", "1.0.0", Module::of("one"));
    browser.open("/acme-sons/plat/network").shows("acme-sons/vpc/aws");
    let group = world.root().get("/api/v4/groups/acme-sons").must(200).json();
    assert_eq!((&group["name"], &group["visibility"]), (&json!("Acme & Sons"), &json!("public")));
}

#[test]
fn a_group_a_subgroup_and_a_project_are_made() {
    let world = World::start();
    person(&world, "ada");
    let Some(browser) = Browser::start(&world.server) else { return };
    makes_everything(&world, &browser);
}

#[test]
fn a_group_a_subgroup_and_a_project_are_made_without_scripts_on_a_dark_phone() {
    let world = World::start();
    person(&world, "ada");
    let Some(browser) = Browser::start(&world.server) else { return };
    makes_everything(&world, browser.without_scripts().dark().width(375));
}

#[test]
fn a_project_of_ones_own_is_made_with_the_keyboard() {
    let world = World::start();
    person(&world, "ada");
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("ada", PASSWORD).tab_to("link New project").press("Enter").is_at("/projects/new");
    browser.tab_to("textbox Name").press("x").press("y").press("z");
    browser.tab_to("radio Private Members only.").press("Down").press("Tab");
    assert_eq!(browser.focused(), "button Create project");
    browser.press("Enter").is_at("/ada/xyz").shows("internal");
}

#[test]
fn what_cannot_be_made_is_told_at_its_field_and_stays_typed() {
    let world = World::start();
    world.group("acme").group_with("secret", Visibility::Private, &json!({}));
    group_member(&world, "ada", Role::Maintainer, "acme");
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("ada", PASSWORD).open("/groups/new");
    let create = |namespace: &str, name: &str| {
        browser.fill("Parent group (optional)", namespace).fill("Name", name);
        browser.click_text("Create group").shows("Nothing was changed.");
        let typed = (browser.value("Parent group (optional)"), browser.value("Name"));
        assert_eq!(typed, (namespace.to_owned(), name.to_owned()), "what was typed stays");
        let complaints = browser.complaints();
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        complaints.into_iter().next().unwrap()
    };
    let complaint = create("", "acme");
    assert!(complaint.contains("has already been taken"), "{complaint}");
    browser.audit_with_pictures("new-group-wrong");
    let [hidden, nowhere] = ["secret", "nowhere"].map(|namespace| create(namespace, "mine"));
    assert_eq!(hidden, nowhere, "what exists is not told");
    assert!(hidden.starts_with("namespace: It is not one that you may create this in"), "{hidden}");
    browser.open("/projects/new?namespace_id=acme").fill("Name", "x").fill("Path (optional)", "a b");
    browser.click_text("Create project").shows("Nothing was changed.").audit();
    let [complaint] = &browser.complaints()[..] else { panic!("{:?}", browser.complaints()) };
    assert!(complaint.starts_with("path: "), "{complaint}");
    assert_eq!(browser.value("Group (optional)"), "acme");
}

#[test]
fn forms_are_for_those_who_may_send_them() {
    let world = World::start();
    world.group("acme");
    group_member(&world, "guest", Role::Guest, "acme");
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.open("/groups/new").is_at("/users/sign_in").shows("Sign in");
    browser.fill("User name", "guest").fill("Password", PASSWORD).click_in("Password", "Sign in");
    browser.is_at("/groups/new").open("/projects/new?namespace_id=acme").shows("Not allowed").audit();
}

#[test]
fn all_groups_are_listed_and_found() {
    let world = World::start();
    fixtures::fill(&world);
    for number in 10..62 {
        world.group(&format!("team-{number}"));
    }
    world.group_with("secret", Visibility::Private, &json!({}));
    person(&world, "ada");
    let Some(browser) = Browser::start(&world.server) else { return };
    browser
        .open("/")
        .click_text("Browse groups")
        .is_at("/dashboard/groups")
        .hides("secret")
        .hides("New group");
    browser.sign_in("ada", PASSWORD).click_text("All groups").is_at("/dashboard/groups");
    browser.shows(LONG_GROUP).hides("team-61").audit_with_pictures("groups");
    browser.click_text("Next").shows("team-61").audit();
    browser.fill("Part of a path or name", "team-1").press("Enter").shows("team-19").hides("team-20");
    assert_eq!(browser.value("Part of a path or name"), "team-1");
    browser.click_text("team-19").is_at("/team-19").open("/dashboard/groups?search=secret");
    browser.shows("No group is found").audit_with_pictures("groups-none").click_text("list all groups");
    browser.shows("acme");
}
