//! Looking for a module: the first page, groups, projects, the search; with and without scripts.

use serde_json::json;

use crate::browser::Browser;
use crate::fixtures::{self, LONG_GROUP, LONG_PROJECT, MAINTAINER, PASSWORD, PRIVATE, PROJECT};
use crate::support::world::World;

/// From the first page through groups and the search to a project.
fn looks_around(browser: &Browser) {
    browser.sign_in(MAINTAINER, PASSWORD).is_at("/").shows("Recently published").shows(PRIVATE);
    browser.audit_with_pictures("home-signed-in");
    browser.open("/acme").shows("Subgroups").shows("classified").audit_with_pictures("group");
    browser.click_text("network").is_at("/acme/network").shows("acme/everything/aws");
    browser.audit_with_pictures("project");
    browser
        .click_text("Publish a module")
        .shows("--project acme/network")
        .audit()
        .screenshot("project-publish");
    browser.fill("Search modules", "secret").press("Enter").is_at("/search");
    browser.shows("acme/secret/aws").shows("Found by name").audit_with_pictures("search");
    assert_eq!(browser.value("Search modules"), "secret");
    browser.fill("Search modules", "cidr output_0").press("Enter").shows("Found by");
    browser.fill("Search modules", "no such thing").press("Enter").shows("Use fewer words");
    browser.audit_with_pictures("search-none");
    browser
        .click_text("See all modules")
        .is_at("/search")
        .shows("All modules")
        .audit_with_pictures("search-all");
}

#[test]
fn a_person_finds_modules() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    fixtures::fill(&world);
    looks_around(&browser);
}

#[test]
fn a_person_without_scripts_finds_modules_on_a_dark_phone() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    fixtures::fill(&world);
    looks_around(browser.without_scripts().dark().width(375));
}

#[test]
fn a_visitor_sees_what_is_public_however_long_its_name() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    fixtures::fill(&world);
    browser.open("/").shows("Public modules").hides("secret").audit_with_pictures("home-signed-out");
    browser.open("/groups/acme").is_at("/acme").hides("classified").audit_with_pictures("group-visitor");
    browser.open(&format!("/{LONG_GROUP}")).audit_with_pictures("group-long");
    browser.open(&format!("/{LONG_PROJECT}")).audit_with_pictures("project-long");
    browser.open("/search?q=words").shows("README").audit();
    browser.open(&format!("/{PROJECT}")).hides("Publish a module").audit();
}

#[test]
fn pages_with_nothing_in_them_say_what_to_do() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    let ada = json!({ "username": "ada", "name": "Ada", "password": PASSWORD });
    world.root().post("/api/v4/users", &ada).must(201);
    world.group("acme").public_project("acme/network").group("acme/empty");
    let owner = json!({ "user_id": world.user_id("ada"), "access_level": 50 });
    world.root().post(&format!("/api/v4/groups/{}/members", world.group_id("acme")), &owner).must(201);
    browser.open("/search").shows("There is no module").audit();
    browser.sign_in("ada", PASSWORD).shows("Nothing is published yet").audit_with_pictures("home-new");
    browser.open("/acme/network").shows("Nothing is published here yet").audit_with_pictures("project-empty");
    browser.open("/acme/empty").shows("Make one here").audit_with_pictures("group-empty");
    browser.open("/ada").shows("No project yet").audit_with_pictures("namespace-empty");
    world.change_project("acme/network", &json!({ "package_registry_access_level": "disabled" }));
    browser.open("/acme/network").shows("the setting is called Packages").audit_with_pictures("project-off");
}

#[test]
fn long_lists_have_pages() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    world.group("acme");
    for number in 10..33 {
        world.public_project(&format!("acme/p{number}")).group(&format!("acme/g{number}"));
    }
    browser.open("/acme").shows("p29").hides("p30").audit_with_pictures("group-pages");
    browser.open("/acme?subgroups_page=2").click_text("Next").shows("p32").shows("g32").audit();
}
