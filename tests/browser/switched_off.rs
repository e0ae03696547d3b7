//! The registry switched off, for everybody or for one project: no entry in the menu, pages that say so, nothing gone.

use cairn::domain::Role;
use serde_json::json;

use crate::browser::Browser;
use crate::fixtures::PASSWORD;
use crate::shelf::{CLASSIFIED, GROUP_LIST, LIST, NETWORK, Who, page_of, person, stock};
use crate::support::world::World;

#[test]
fn a_server_without_its_registry_says_so_and_has_everything_afterwards() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    stock(&world);
    Who::Member(Role::Maintainer).enters(&world, &browser, NETWORK);
    let vpc = page_of(&world, NETWORK, "vpc/aws", "1.10.0");
    world.settings(&json!({ "packages_enabled": false }));
    for page in [
        "/",
        "/acme",
        "/acme/network",
        LIST,
        GROUP_LIST,
        "/search",
        &vpc,
        &format!("{vpc}/files/main.tf"),
        &format!("{vpc}/delete"),
    ] {
        browser.open(page).shows("switched off on this server").hides("Packages & Registries");
        browser.hides("vpc/aws").audit();
    }
    browser.open(LIST).audit_with_pictures("registry-off");
    world.settings(&json!({ "packages_enabled": true }));
    browser.open(LIST).shows("Packages & Registries").lists(&["ci/aws", "dns/azurerm", "vpc/aws"]);
    browser.open(&vpc).shows("vpc/aws 1.10.0");
}

#[test]
fn a_project_without_its_registry_says_so_and_has_everything_afterwards() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    stock(&world);
    Who::Member(Role::Maintainer).enters(&world, &browser, NETWORK);
    let vpc = page_of(&world, NETWORK, "vpc/aws", "1.10.0");
    world.change_project(NETWORK, &json!({ "package_registry_access_level": "disabled" }));
    for page in [LIST, &vpc, &format!("{vpc}?tab=inputs"), &format!("{vpc}/files"), &format!("{vpc}/delete")]
    {
        browser.open(page).shows("registry of this project is switched off").hides("Packages & Registries");
        browser.hides("vpc/aws").shows("Nothing was deleted");
    }
    browser.open(&vpc).audit_with_pictures("package-off");
    browser.open(GROUP_LIST).lists(&["bucket/aws"]).shows("Packages & Registries");
    browser.open(&vpc).click_text("Switch it on in the settings").is_at("/acme/network/-/settings");
    world.change_project(NETWORK, &json!({ "package_registry_access_level": "enabled" }));
    browser.open(LIST).shows("Packages & Registries").lists(&["ci/aws", "dns/azurerm", "vpc/aws"]);
    browser.open(&vpc).shows("vpc/aws 1.10.0");
}

#[test]
fn who_may_not_see_a_project_does_not_learn_that_its_registry_is_off() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    stock(&world);
    person(&world, "eve");
    let secret = page_of(&world, CLASSIFIED, "secret/aws", "1.0.0");
    world.change_project(CLASSIFIED, &json!({ "package_registry_access_level": "disabled" }));
    browser.open(&secret).hides("switched off").hides("secret");
    browser.sign_in("eve", PASSWORD);
    for page in
        [&secret, "/acme/classified/-/infrastructure_registry", "/acme/nothing/-/infrastructure_registry/1"]
    {
        browser.open(page).shows("Page not found").hides("switched off");
    }
    browser.open("/acme/network").shows("vpc/aws");
    world.settings(&json!({ "packages_enabled": false }));
    browser.open(&secret).shows("Page not found").hides("switched off");
}
