//! The first page, for somebody who is not signed in.

use crate::browser::Browser;
use crate::fixtures;
use crate::support::server::Server;
use crate::support::world::World;

#[test]
fn the_first_page_of_an_empty_registry_says_how_to_begin() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.open("/").shows("Publish").shows("curl --fail-with-body").audit().screenshot("home-empty");
    assert_eq!(browser.title(), "cairn");
    browser.dark().width(375).screenshot("home-empty-dark-phone");
}

#[test]
fn the_first_page_of_a_full_registry_fits_every_window() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    fixtures::fill(&world);
    browser.open("/").shows("cairn").audit().screenshot("home-full");
}

#[test]
fn the_first_page_says_that_the_registry_is_switched_off() {
    let world = World::on(Server::builder().flag("--disable-registry"));
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.open("/").shows("switched off").audit();
}
