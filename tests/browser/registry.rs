//! The registry of a project and of a group: searched, filtered, sorted, paged, with the view in its URL.

use serde_json::json;

use crate::browser::Browser;
use crate::fixtures::{self, EVERYTHING, LONG_PROJECT, MANY, PROJECT};
use crate::shelf::{CLASSIFIED, GROUP_LIST, LIST, Who, page_of, stock};
use crate::support::world::World;

/// What is filled in, what is chosen, what is listed then, and what the URL asks for.
const FILTERS: &[(&str, &str, &[&str], &str)] = &[
    ("System", "azurerm", &["dns/azurerm"], "system=azurerm"),
    ("Version", "1.0.0", &["vpc/aws"], "version=1.0.0"),
    ("Status", "Default", &["ci/aws", "bucket/aws", "dns/azurerm", "vpc/aws"], "status=default"),
    ("Published by", "root", &["bucket/aws", "dns/azurerm", "vpc/aws"], "publisher=root"),
    ("Published how", "With a deploy token", &["ci/aws"], "manner=deploy_token"),
    (
        "One row for each",
        "Version",
        &["ci/aws", "bucket/aws", "dns/azurerm", "vpc/aws", "vpc/aws"],
        "rows=versions",
    ),
    ("Sort by", "Name", &["bucket/aws", "ci/aws", "dns/azurerm", "vpc/aws"], "order_by=name"),
    ("Sort by", "Version", &["dns/azurerm", "bucket/aws", "vpc/aws", "ci/aws"], "order_by=version"),
    ("Sort by", "Project", &["bucket/aws", "ci/aws", "dns/azurerm", "vpc/aws"], "order_by=project_path"),
    ("Direction", "Ascending", &["vpc/aws", "dns/azurerm", "bucket/aws", "ci/aws"], "sort=asc"),
];

/// Tries every filter and order. Without scripts, a button sends them.
fn narrows(browser: &Browser) {
    for (label, choice, expected, query) in FILTERS {
        browser.open(GROUP_LIST).click_text("Filter and sort").fill(label, choice);
        if browser.is_without_scripts() {
            browser.click_text("Apply");
        }
        browser.asks(query).lists(expected);
        assert_eq!(browser.text_at("#list-total"), expected.len().to_string(), "{label}");
        browser.reload().lists(expected);
        assert_eq!(browser.query(), *query, "the view survives");
    }
}

#[test]
fn every_filter_and_order_changes_the_list_at_once() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    stock(&world);
    narrows(&browser);
}

#[test]
fn every_filter_and_order_works_without_scripts() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    stock(&world);
    narrows(browser.without_scripts());
}

#[test]
fn filters_add_up_and_are_cleared() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    stock(&world);
    browser.open(LIST).click_text("Filter and sort").hides("Clear filters").fill("System", "aws");
    browser.fill("Published how", "By a user").fill("Search by name", "v").lists(&["vpc/aws"]);
    browser.shows("1 module found").shows("Clear filters");
    assert_eq!(browser.text_at("#list-filters"), "2");
    browser.audit_with_pictures("registry-filtered").reload().lists(&["vpc/aws"]).shows("Clear filters");
    assert_eq!(browser.value("Published how"), "user");
    browser.click_text("Clear filters").asks("").lists(&["ci/aws", "dns/azurerm", "vpc/aws"]);
}

#[test]
fn a_list_follows_what_is_typed_without_a_new_page() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    stock(&world);
    browser.open(LIST).lists(&["ci/aws", "dns/azurerm", "vpc/aws"]).audit_with_pictures("registry");
    assert_eq!(browser.title(), "Infrastructure Registry · network · cairn");
    assert_eq!(browser.text_at("h1"), "Infrastructure Registry 3");
    browser.script("window.isTheSamePage = true", &json!([]));
    browser.fill("Search by name", "vp").lists(&["vpc/aws"]).asks("search=vp").shows("1 module found");
    assert_eq!(browser.focused(), "searchbox Search by name");
    assert_eq!(browser.text_at("h1"), "Infrastructure Registry 1");
    browser.fill("Search by name", "vpx").shows("Nothing fits").asks("search=vpx");
    browser.audit_with_pictures("registry-nothing-found");
    assert_eq!(browser.script("return window.isTheSamePage", &json!([])), true, "it was never left");
    browser.reload().shows("Nothing fits");
    assert_eq!(browser.value("Search by name"), "vpx");
    browser.click_text("Show all modules").asks("").lists(&["ci/aws", "dns/azurerm", "vpc/aws"]);
    browser.fill("Search by name", "DNS").press("Enter").lists(&["dns/azurerm"]).asks("search=DNS");
}

#[test]
fn a_list_is_searched_without_scripts() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    stock(&world);
    browser.without_scripts().dark().width(375).open(LIST).fill("Search by name", "vp").click_text("Search");
    browser.asks("search=vp").lists(&["vpc/aws"]).shows("1 module found").audit();
    browser.fill("Search by name", "vpx").press("Enter").asks("search=vpx").shows("Nothing fits").audit();
    browser.click_text("Show all modules").asks("").lists(&["ci/aws", "dns/azurerm", "vpc/aws"]);
}

#[test]
fn the_heads_of_columns_sort_both_ways() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    stock(&world);
    browser.open(GROUP_LIST);
    for (column, down, up) in [
        ("Name", "order_by=name&sort=desc", "order_by=name"),
        ("Version", "order_by=version", "order_by=version&sort=asc"),
        ("Project", "order_by=project_path&sort=desc", "order_by=project_path"),
        ("Published", "", "sort=asc"),
    ] {
        // The first click sorts as usual, the next turns it round.
        let usual_is_down = matches!(column, "Version" | "Published");
        let ways = if usual_is_down {
            [(down, "descending"), (up, "ascending")]
        } else {
            [(up, "ascending"), (down, "descending")]
        };
        for (query, way) in ways {
            browser.click_text(column).asks(query);
            let sorted =
                browser.script("return document.querySelector('th[aria-sort]')?.ariaSort", &json!([]));
            assert_eq!(sorted, way, "{column}");
            assert!(browser.text_at("th[aria-sort]").starts_with(column), "{column}");
        }
    }
    browser.audit();
}

#[test]
fn a_group_lists_what_is_below_it_and_may_be_seen() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    stock(&world);
    let (seen, all) = (
        ["ci/aws", "bucket/aws", "dns/azurerm", "vpc/aws"],
        ["ci/aws", "secret/aws", "bucket/aws", "dns/azurerm", "vpc/aws"],
    );
    browser.open(GROUP_LIST).lists(&seen).hides("secret").shows("acme/data/storage");
    browser.audit_with_pictures("registry-group");
    browser.open("/groups/acme/-/terraform_module_registry").lists(&seen);
    browser.open("/acme/network/-/terraform_module_registry").lists(&["ci/aws", "dns/azurerm", "vpc/aws"]);
    browser
        .open(GROUP_LIST)
        .click_text("acme/data/storage")
        .is_at("/acme/data/storage/-/infrastructure_registry");
    browser.open(GROUP_LIST).click_text("bucket/aws").shows("bucket/aws 2.0.0");
    assert_eq!(browser.path(), page_of(&world, "acme/data/storage", "bucket/aws", "2.0.0"));
    Who::Administrator.enters(&world, &browser, CLASSIFIED);
    browser.open(GROUP_LIST).lists(&all).shows("Makes a small private network.").audit();
}

#[test]
fn two_hundred_versions_and_long_names_have_pages_that_fit() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    fixtures::fill(&world);
    let list = format!("/{PROJECT}/-/infrastructure_registry");
    browser.open(&list).lists(&[MANY, EVERYTHING]).shows("200 versions");
    browser.open(&format!("{list}?rows=versions&search=many&order_by=version"));
    assert_eq!(browser.text_at("#list-total"), "200");
    browser.shows("1.0.199").hides("1.0.179").audit_with_pictures("registry-pages").click_text("Next");
    browser.shows("1.0.179").asks("search=many&rows=versions&order_by=version&page=2").click_text("10");
    browser
        .shows("1.0.0")
        .hides("Next")
        .reload()
        .shows("1.0.0")
        .audit()
        .click_text("Previous")
        .shows("1.0.20");
    browser.open(&format!("{list}?rows=versions&page=99")).shows("1.4.0");
    browser.open(&format!("/{LONG_PROJECT}/-/infrastructure_registry")).audit_with_pictures("registry-long");
}
