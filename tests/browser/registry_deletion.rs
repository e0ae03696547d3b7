//! Deleting a version from a list: offered where it is allowed, on the pages of groups too, and asked twice.

use cairn::domain::Role;

use crate::browser::Browser;
use crate::shelf::{GROUP_LIST, LIST, NETWORK, STORAGE, Who, page_of, stock};
use crate::support::world::World;

/// Deletes the latest version from a list, after a cancellation.
fn deletes(world: &World, browser: &Browser, list: &str) {
    stock(world);
    Who::Member(Role::Maintainer).enters(world, browser, NETWORK);
    let view = format!("{list}?search=vpc&order_by=name");
    browser.open(&view).click_in("vpc/aws", "Delete").shows("Delete vpc/aws 1.10.0?");
    browser
        .shows("vpc-aws-1.10.0.tgz")
        .shows("cannot be undone")
        .shows("then 1.0.0 is")
        .audit_with_pictures("registry-delete");
    browser.click_text("Cancel").is_at(list).asks("search=vpc&order_by=name").shows("1.10.0");
    browser.click_in("vpc/aws", "Delete").click_text("Delete this version").is_at(list);
    browser.shows("vpc/aws 1.10.0 was deleted").asks("search=vpc&order_by=name").lists(&["vpc/aws"]).audit();
    assert_eq!(browser.text_at("td[data-column=Version]"), "1.0.0");
    browser.click_in("vpc/aws", "Delete").shows("the module goes with it").click_text("Delete this version");
    browser.shows("vpc/aws 1.0.0 was deleted").shows("Nothing fits");
}

#[test]
fn a_maintainer_deletes_from_the_list_of_a_project() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    deletes(&world, &browser, LIST);
}

#[test]
fn a_maintainer_deletes_from_the_list_of_a_group_without_scripts() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    deletes(&world, browser.without_scripts(), GROUP_LIST);
}

#[test]
fn only_rows_of_projects_one_maintains_offer_it() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    stock(&world);
    Who::Member(Role::Maintainer).enters(&world, &browser, STORAGE);
    browser.open(GROUP_LIST).lists(&["ci/aws", "bucket/aws", "dns/azurerm", "vpc/aws"]);
    assert_eq!(browser.count("td a[href*='/delete?']"), 1);
    browser.click_in("bucket/aws", "Delete").shows("Delete bucket/aws 2.0.0?");
    browser.open(LIST).shows("vpc/aws").hides("Delete");
}

/// What somebody sees of deletion on the lists and by its URL.
fn is_offered_deletion(who: Who) {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    stock(&world);
    who.enters(&world, &browser, NETWORK);
    let question = format!("{}/delete", page_of(&world, NETWORK, "dns/azurerm", "3.0.0"));
    for list in [LIST, GROUP_LIST] {
        browser.open(list).shows("dns/azurerm");
        assert_eq!(browser.text().contains("Delete"), who.deletes(), "{who:?}: {list}");
    }
    browser.open(&question);
    match who {
        Who::Visitor => browser.is_at("/users/sign_in"),
        who if who.deletes() => browser.shows("Delete dns/azurerm 3.0.0?"),
        _ => browser.shows("takes the role Maintainer").hides("Delete this version"),
    };
    browser.audit();
}

#[test]
fn a_visitor_is_not_offered_deletion() {
    is_offered_deletion(Who::Visitor);
}

#[test]
fn a_guest_is_not_offered_deletion() {
    is_offered_deletion(Who::Member(Role::Guest));
}

#[test]
fn a_developer_is_not_offered_deletion() {
    is_offered_deletion(Who::Member(Role::Developer));
}

#[test]
fn a_maintainer_is_offered_deletion() {
    is_offered_deletion(Who::Member(Role::Maintainer));
}

#[test]
fn an_administrator_is_offered_deletion() {
    is_offered_deletion(Who::Administrator);
}
