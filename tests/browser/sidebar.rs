//! The sidebar: beside a wide page, behind a button on a narrow one.

use crate::browser::Browser;
use crate::shelf::{GROUP_LIST, LIST, stock};
use crate::support::world::World;

#[test]
fn a_wide_page_has_its_sidebar_beside_it() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    stock(&world);
    browser.open("/acme/network").shows("Packages & Registries").hides("Menu of network");
    browser.click_text("Infrastructure Registry").is_at(LIST).shows("vpc/aws");
    browser.open("/acme").click_text("Infrastructure Registry").is_at(GROUP_LIST);
}

/// Opens the sidebar of a phone, closes it, and follows it.
fn follows(browser: &Browser) {
    browser.width(375).open("/acme/network").hides("Packages & Registries").screenshot("sidebar-closed");
    browser.click_text("Menu of network").shows("Packages & Registries").screenshot("sidebar-open");
    browser.press("Escape").hides("Packages & Registries").focuses("button Menu of network");
    browser.press("Enter").shows("Packages & Registries");
    browser.click_text("Infrastructure Registry").is_at(LIST).hides("Packages & Registries");
}

#[test]
fn a_phone_opens_the_sidebar() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    stock(&world);
    follows(&browser);
    browser.open("/acme").click_text("Menu of acme").shows("Packages & Registries").axe();
}

#[test]
fn a_phone_without_scripts_opens_the_sidebar() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    stock(&world);
    follows(browser.without_scripts().dark());
}
