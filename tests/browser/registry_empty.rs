//! A registry in which nothing was published yet says how to begin, to each as fits what they may do.

use cairn::domain::Role;

use crate::browser::Browser;
use crate::fixtures::PASSWORD;
use crate::shelf::{GROUP_LIST, LIST, NETWORK, person};
use crate::support::world::World;

#[test]
fn a_developer_copies_the_command_that_publishes() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    world.group("acme").public_project(NETWORK);
    person(&world, "ada");
    world.member("ada", Role::Developer, NETWORK);
    browser.sign_in("ada", PASSWORD).open(LIST).shows("No modules here yet").shows("Publish the first one");
    assert_eq!(browser.text_at("h1"), "Infrastructure Registry 0");
    browser.audit_with_pictures("registry-empty-developer");
    browser.copy_first().shows("Copied");
    let copied = browser.clipboard();
    let url = world.server.url();
    for part in [&format!("export CAIRN_URL={url}"), "cairn publish ./my-module", "--project acme/network"] {
        assert!(copied.contains(part), "{part}: {copied}");
    }
    browser.open(GROUP_LIST).shows("No modules here yet").audit_with_pictures("registry-empty-group");
}

#[test]
fn a_guest_is_told_whom_to_ask_and_a_visitor_to_sign_in() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    world.group("acme").public_project(NETWORK);
    person(&world, "ada");
    world.member("ada", Role::Guest, NETWORK);
    browser.open(LIST).shows("Nothing was published in this project").hides("cairn publish").audit();
    assert_eq!(
        browser.link_at(".empty a"),
        "/users/sign_in?redirect_to=%2Facme%2Fnetwork%2F-%2Finfrastructure_registry"
    );
    browser.open(&browser.link_at(".empty a"));
    browser.fill("User name", "ada").fill("Password", PASSWORD).click_in("Password", "Sign in").is_at(LIST);
    browser.shows("you need the role Developer").audit_with_pictures("registry-empty-guest");
}
