//! The administration: the registry switch, users, groups, projects, storage, what happened; for administrators only.

use cairn::domain::Role;

use crate::browser::Browser;
use crate::fixtures::{self, PASSWORD};
use crate::people::{administrator, group_member, person};
use crate::support::archive::Module;
use crate::support::server::Server;
use crate::support::world::{MODULES, World};

const NEW_PASSWORD: &str = "a new one of some length";

/// `acme/network` with a module, and the administrator `boss`.
fn world() -> World {
    let world = World::start();
    world.group("acme").project("acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    administrator(&world, "boss");
    world
}

/// Switches the registry of the instance off and on again, and looks at what that does everywhere.
fn switches(world: &World, browser: &Browser) {
    let versions = format!("{MODULES}/acme/vpc/aws/versions");
    browser.sign_in("boss", PASSWORD).click_text("Admin").is_at("/admin").shows("ready");
    browser.audit_with_pictures("admin");
    browser
        .click_text("Off: nobody can publish")
        .click_text("Save settings")
        .shows("The settings were saved.");
    browser.shows("off").audit();
    world.root().get(&versions).must(404);
    for page in ["/", "/acme", "/acme/network"] {
        browser.open(page).shows("switched off on this server").hides("vpc");
        browser.open_menu().hides("Infrastructure Registry");
        assert_eq!(browser.count("input[name=q]"), 0, "{page} has no search");
    }
    browser.open("/acme/network/-/infrastructure_registry").shows("switched off").hides("vpc");
    browser.open("/groups/acme/-/infrastructure_registry").shows("switched off").hides("vpc");
    browser.open("/search?q=vpc").shows("switched off").hides("acme/vpc");
    browser.open("/admin").click_text("Off: nobody can publish").click_text("Save settings");
    browser.shows("The settings were saved.");
    world.root().get(&versions).must(200);
    browser.open("/acme/network").shows("acme/vpc/aws").open_menu().shows("Infrastructure Registry");
    browser.open("/acme/network");
    browser.fill("Search modules", "vpc").press("Enter").is_at("/search").shows("acme/vpc/aws");
}

#[test]
fn the_registry_is_switched_off_and_on_again() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    switches(&world, &browser);
}

#[test]
fn the_registry_is_switched_off_and_on_again_without_scripts_on_a_dark_phone() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    switches(&world, browser.without_scripts().dark().width(375));
}

#[test]
fn settings_that_cannot_be_saved_are_told_at_their_field() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("boss", PASSWORD).open("/admin");
    browser.fill("Visibility of new projects", "internal").fill("Maximum size of an archive", "much");
    browser.click_text("Save settings").shows("Nothing was changed.").audit_with_pictures("admin-wrong");
    let [complaint] = &browser.complaints()[..] else { panic!("{:?}", browser.complaints()) };
    assert!(complaint.starts_with("max_file_size: It is not a size"), "{complaint}");
    assert_eq!(browser.value("Maximum size of an archive"), "much");
    assert_eq!(browser.value("Visibility of new projects"), "internal");
    browser.fill("Maximum size of an archive", "2 MiB").click_text("Save settings");
    browser.shows("The settings were saved.");
    let settings = world.root().get("/api/v4/application/settings").must(200).json();
    assert_eq!(settings["default_project_visibility"], "internal");
}

#[test]
fn health_storage_and_what_happened_are_shown() {
    let world = world();
    world.publish("acme/network", "vpc/aws", "1.1.0", Module::of("two"));
    world.delete_package("acme/network", "vpc/aws", "1.0.0");
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("boss", PASSWORD).open("/admin").shows("vpc/aws 1.0.0 deleted").shows("by root");
    for told in
        ["Health", "ready", "Started", "Contents and storage", "Archives", "Reclaimable", "Recent events"]
    {
        browser.shows(told);
    }
    let facts = browser.facts();
    let fact = |name: &str| facts.iter().find(|(known, _)| known == name).unwrap().1.as_str();
    assert_eq!((fact("Projects"), fact("Modules"), fact("Versions")), ("1", "1", "1"));
    assert_eq!(fact("Package registry"), "on");
    assert!(fact("Archives").ends_with("bytes") && fact("Archives") != "0 bytes", "{facts:?}");
    browser.click_in("vpc/aws 1.1.0", "acme/network").is_at("/acme/network");
}

#[test]
fn an_instance_that_is_kept_off_says_by_what() {
    let world = World::on(Server::builder().flag("--disable-registry"));
    administrator(&world, "boss");
    let Some(browser) = Browser::start(&world.server) else { return };
    browser
        .sign_in("boss", PASSWORD)
        .open("/admin")
        .shows("--disable-registry")
        .shows("Nothing has happened");
    browser.audit_with_pictures("admin-kept-off");
}

#[test]
fn a_user_is_created_changed_blocked_unblocked_and_deleted() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("boss", PASSWORD).open("/admin").click_text("Users").is_at("/admin/users");
    browser.click_text("New user").is_at("/admin/users/new").audit_with_pictures("admin-new-user");
    browser.fill("User name", "eve").fill("Name", "Eve").fill("Password (optional)", "short");
    browser
        .click_text("Create user")
        .shows("Nothing was changed.")
        .audit_with_pictures("admin-new-user-wrong");
    assert_eq!(
        (browser.value("User name"), browser.value("Password (optional)")),
        ("eve".into(), String::new())
    );
    browser
        .fill("Password (optional)", PASSWORD)
        .click_text("Create user")
        .shows("The user eve was created.");
    browser.audit_with_pictures("admin-user");
    let signs_in = |password: &str| {
        let visitor = crate::support::browser::Browser::new(world.anonymous());
        visitor.sign_in("eve", password).status
    };
    assert_eq!(signs_in(PASSWORD), 303);
    browser.fill("Mail address (optional)", "eve@example.com").click_in("Mail address", "Save");
    browser.shows("The user was saved.");
    browser
        .fill("New password", NEW_PASSWORD)
        .click_text("Set password")
        .shows("The password of eve was set.");
    assert_eq!((signs_in(PASSWORD), signs_in(NEW_PASSWORD)), (422, 303));
    browser.click_in("A blocked user", "Block").shows("Eve is signed out at once").audit();
    browser.click_text("Yes, block").shows("eve was blocked.").audit_with_pictures("admin-user-blocked");
    assert_eq!(signs_in(NEW_PASSWORD), 422);
    browser
        .open("/admin/users?filter=blocked")
        .click_text("Eve")
        .click_text("Unblock")
        .shows("eve was unblocked.");
    assert_eq!(signs_in(NEW_PASSWORD), 303);
    browser.click_text("Delete this user").fill("Type eve to confirm", "eve").press("Enter");
    browser.is_at("/admin/users").shows("The user eve was deleted.").hides("@eve");
    assert_eq!(signs_in(NEW_PASSWORD), 422);
}

#[test]
fn users_groups_and_projects_are_listed_and_found() {
    let world = World::start();
    fixtures::fill(&world);
    administrator(&world, "boss");
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("boss", PASSWORD).open("/admin/users").shows("Ada <i>Lovelace</i>");
    browser.audit_with_pictures("admin-users").click_text("Administrators").hides("Lovelace").shows("@boss");
    browser.click_text("Blocked").shows("Nobody is found").audit();
    browser.open("/admin/groups").shows("acme").audit_with_pictures("admin-groups");
    browser.open("/admin/projects").shows("classified").audit_with_pictures("admin-projects");
    browser.fill("Part of a path, name or description", "classified").press("Enter").hides("acme/network");
    browser.click_text("Settings").is_at("/acme/classified/-/settings");
    browser.open("/admin/projects?search=nothing").shows("No project is found").audit();
}

#[test]
fn for_everybody_else_there_is_no_administration() {
    let world = world();
    group_member(&world, "owner", Role::Owner, "acme");
    person(&world, "stranger");
    let Some(browser) = Browser::start(&world.server) else { return };
    let refuses = || {
        for page in ["/admin", "/admin/users", "/admin/users/1", "/admin/groups", "/admin/nothing"] {
            browser.open(page).shows("Page not found").hides("Administration");
        }
        browser.open("/").hides("Admin");
    };
    refuses();
    for who in ["owner", "stranger"] {
        browser.sign_in(who, PASSWORD);
        refuses();
        browser.click_text(who).click_text("Sign out").shows("Sign in");
    }
}
