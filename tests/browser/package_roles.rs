//! The page of a package for each of those who may see it: who sees which buttons, and what a click does.

use cairn::domain::Role;
use serde_json::json;

use crate::browser::Browser;
use crate::shelf::{CLASSIFIED, LIST, NETWORK, Who, page_of, stock};
use crate::support::world::World;

/// Reads a public and a private package as somebody, with or without scripts.
fn reads(who: Who, scripts: bool) {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    stock(&world);
    if !scripts {
        browser.without_scripts().width(375);
    }
    who.enters(&world, &browser, CLASSIFIED);
    let (public, private) =
        (page_of(&world, NETWORK, "vpc/aws", "1.10.0"), page_of(&world, CLASSIFIED, "secret/aws", "1.0.0"));
    // The way of most people: the list, the module, the block.
    browser.open(LIST).fill("Search by name", "vpc").press("Enter").lists(&["vpc/aws"]).click_text("vpc/aws");
    browser
        .is_at(&public)
        .shows("Makes a small private network.")
        .shows("/acme/vpc/aws\"")
        .shows("No credentials needed");
    assert_eq!(browser.text().contains("Delete"), who == Who::Administrator, "{who:?}");
    browser.open(&private);
    if who == Who::Visitor {
        browser.shows("Page not found").hides("secret");
        return;
    }
    browser.shows("secret/aws 1.0.0").shows("Credentials").shows("cairn_pat_...");
    assert_eq!(browser.text().contains("Delete"), who.deletes(), "{who:?}");
    assert_eq!(
        browser
            .script("return document.querySelector('.sidebar').textContent.includes('Settings')", &json!([])),
        who.deletes()
    );
    if who.deletes() {
        browser
            .click_text("Delete")
            .shows("Delete secret/aws 1.0.0?")
            .shows("secret-aws-1.0.0.tgz")
            .click_text("Cancel");
        browser.is_at(&private).click_text("Delete").click_text("Delete this version");
        browser.is_at("/acme/classified/-/infrastructure_registry").shows("secret/aws 1.0.0 was deleted");
        browser.open(&private).shows("Page not found");
    } else {
        browser.open(&format!("{private}/delete")).shows("takes the role Maintainer");
    }
}

#[test]
fn a_visitor() {
    reads(Who::Visitor, true);
}

#[test]
fn a_visitor_without_scripts() {
    reads(Who::Visitor, false);
}

#[test]
fn a_guest() {
    reads(Who::Member(Role::Guest), true);
}

#[test]
fn a_guest_without_scripts() {
    reads(Who::Member(Role::Guest), false);
}

#[test]
fn a_developer() {
    reads(Who::Member(Role::Developer), true);
}

#[test]
fn a_developer_without_scripts() {
    reads(Who::Member(Role::Developer), false);
}

#[test]
fn a_maintainer() {
    reads(Who::Member(Role::Maintainer), true);
}

#[test]
fn a_maintainer_without_scripts() {
    reads(Who::Member(Role::Maintainer), false);
}

#[test]
fn an_administrator() {
    reads(Who::Administrator, true);
}

#[test]
fn an_administrator_without_scripts() {
    reads(Who::Administrator, false);
}
