//! What is in an archive, in a browser: its files, its download, and a README that would do harm.

use data_encoding::HEXLOWER;
use ring::digest::{SHA256, digest};
use serde_json::json;

use crate::browser::Browser;
use crate::fixtures::{EVERYTHING, NEW, PROJECT, publish_everything};
use crate::shelf::page_of;
use crate::support::archive::Module;
use crate::support::world::World;

/// Fetches what a link leads to, as the browser would, and says its status, its kind and its digest.
const DOWNLOAD: &str = "const done = arguments[arguments.length - 1]; (async () => { \
    const answer = await fetch(arguments[0]); \
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await answer.arrayBuffer())); \
    done([answer.status, answer.headers.get('content-disposition'), \
    [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('')]); })()";

/// A server with the module that has everything, and the page of its second version.
fn world() -> (World, String) {
    let world = World::start();
    world.group("acme").public_project(PROJECT);
    publish_everything(&world);
    let page = page_of(&world, PROJECT, EVERYTHING, NEW);
    (world, page)
}

/// Opens directories and files.
fn browses(browser: &Browser, page: &str) {
    browser.open(page).click_text("Files").is_at(&format!("{page}/files")).click_text("modules/");
    browser.click_text("public-subnets/").click_text("main.tf").shows("Range of addresses.");
    assert_eq!(browser.text_at(".browser h2"), "Archive / modules / public-subnets / main.tf");
    browser.click_text("Archive").is_at(&format!("{page}/files")).click_text("docs/");
    browser.shows("(a link, which is not installed)").click_text("architecture.md").shows("# Architecture");
}

#[test]
fn a_person_browses_the_files() {
    let (world, page) = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browses(&browser, &page);
    browser.open(&format!("{page}/files")).audit_with_pictures("package-files");
}

#[test]
fn files_are_shown_with_colours_and_pictures_as_text() {
    let (world, page) = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser
        .open(&format!("{page}/files/main.tf"))
        .shows("required_providers")
        .audit_with_pictures("package-file");
    let colours = "return new Set([...document.querySelectorAll('[class*=tok-]')].map((e) => getComputedStyle(e).color)).size";
    assert!(browser.script(colours, &json!([])).as_u64() > Some(2), "the configuration is highlighted");
    browser.open(&format!("{page}/files/docs/diagram.svg")).audit();
    browser.open(&format!("{page}/files/nothing.tf")).shows("Page not found").audit();
}

#[test]
fn a_person_without_scripts_browses_the_files_on_a_phone() {
    let (world, page) = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browses(browser.without_scripts().width(375), &page);
}

#[test]
fn the_archive_is_downloaded_as_it_was_published() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    world.group("acme").public_project(PROJECT);
    let archive = Module::of("x").build();
    world.publish(PROJECT, "vpc/aws", "1.0.0", archive.clone());
    let page = page_of(&world, PROJECT, "vpc/aws", "1.0.0");
    let sum = HEXLOWER.encode(digest(&SHA256, &archive).as_ref());
    for tab in ["/files", "?tab=activity"] {
        browser.open(&format!("{page}{tab}")).shows(&sum);
        let link = browser.link_at("main a[download]");
        let got = browser.async_script(DOWNLOAD, &json!([link]));
        assert_eq!((&got[0], &got[2]), (&json!(200), &json!(sum)), "{tab}: {got}");
        assert!(got[1].as_str().is_some_and(|name| name.contains("vpc-aws-1.0.0.tgz")), "{got}");
    }
    browser.open(&format!("{page}/files")).click_text("Copy").shows("Copied");
    assert_eq!(browser.clipboard(), sum);
}

#[test]
fn a_hostile_readme_does_nothing() {
    let (world, page) = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.open(&page).shows("A module that has everything").shows("Lorem ipsum");
    assert_eq!(browser.title(), format!("Readme · {EVERYTHING} {NEW} · cairn"));
    let danger = "return document.querySelectorAll('main script, main style, main iframe, main base, main meta, \
                  .readme form, .readme input:not([type=checkbox]), .readme svg, .readme [style], .readme [onerror], \
                  .readme [onload], [href^=\"javascript:\" i]').length";
    assert_eq!(browser.script(danger, &json!([])), 0);
    for name in ["click me", "click me too"] {
        let clicks = "[...document.querySelectorAll('.readme a, .readme p')].filter((e) => e.innerText === arguments[0]) \
                      .forEach((e) => e.click())";
        browser.script(clicks, &json!([name]));
    }
    browser.is_at(&page);
    assert!(!browser.title().contains("ran"), "{}", browser.title());
    assert_eq!(browser.foreign_requests(), [""; 0]);
    browser.click_in("diagram", "architecture").is_at(&format!("{page}/files/docs/architecture.md"));
}

#[test]
fn a_long_readme_fits_every_window() {
    let (world, page) = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.open(&page).audit_with_pictures("package");
}
