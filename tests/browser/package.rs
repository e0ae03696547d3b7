//! The page of a package: the block to copy, every tab, the other versions, and what changed between them.

use crate::browser::Browser;
use crate::fixtures::{EVERYTHING, LONG_MODULE, LONG_PROJECT, NEW, OLD, PROJECT, publish_everything};
use crate::shelf::page_of;
use crate::support::archive::Module;
use crate::support::world::World;

/// A tab, and what it shows of the module that has everything.
const TABS: &[(&str, &str, &[&str])] = &[
    (
        "Inputs",
        "tab=inputs",
        &[
            "input_08",
            "required",
            "sensitive",
            "set(string)",
            "Number 10: what `it` is for, <b>with</b> markup",
        ],
    ),
    ("Outputs", "tab=outputs", &["output_24", "Output 24."]),
    (
        "Resources",
        "tab=resources",
        &["aws_iam_openid_connect_provider.this", "data.aws_caller_identity.current"],
    ),
    (
        "Dependencies",
        "tab=dependencies",
        &["hashicorp/aws", ">= 5.0, < 6.0", ">= 1.5.0", "terraform-aws-modules/kms/aws"],
    ),
    ("Submodules", "tab=submodules", &["modules/public-subnets", "modules/private-subnets"]),
    ("Examples", "tab=examples", &["examples/complete", "examples/minimal"]),
    ("Versions", "tab=versions", &[OLD, NEW, "this one", "latest"]),
    ("What changed", "tab=changes", &["From 1.4.0 to 2.0.0-rc.1", "Verdict"]),
    ("Files", "", &["everything-aws-2.0.0-rc.1+build.20240229.tgz", "SHA-256", "variables.tf"]),
    ("Activity", "tab=activity", &["Published as version 2.0.0-rc.1", "everything-aws-2.0.0-rc.1"]),
    ("Readme", "", &["A module that has everything: code, struck and"]),
];

/// A server with both versions of the module that has everything, and the page of the second.
fn world() -> (World, String) {
    let world = World::start();
    world.group("acme").public_project(PROJECT);
    publish_everything(&world);
    let page = page_of(&world, PROJECT, EVERYTHING, NEW);
    (world, page)
}

/// Clicks through the tabs.
fn reads(browser: &Browser, page: &str) {
    browser.open(page);
    for (tab, query, expected) in TABS {
        let link = browser.script(TAB, &serde_json::json!([tab]));
        browser.open(link.as_str().unwrap_or_else(|| panic!("there is no tab {tab}"))).asks(query);
        for text in *expected {
            browser.shows(text);
        }
        assert!(browser.text_at(".tabs [aria-current]").starts_with(tab), "{tab} is marked");
    }
}

const TAB: &str = "return [...document.querySelectorAll('.tabs a')].find((e) => e.innerText.startsWith(arguments[0]))?.href";

#[test]
fn every_tab_shows_its_part() {
    let (world, page) = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    reads(&browser, &page);
}

#[test]
fn every_tab_shows_its_part_without_scripts_on_a_phone() {
    let (world, page) = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    reads(browser.without_scripts().dark().width(375), &page);
}

/// Looks closely at some of the tabs.
fn looks_closely(tabs: &[&str]) {
    let (world, page) = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    for tab in tabs {
        browser.open(&format!("{page}?tab={tab}")).audit_with_pictures(&format!("package-{tab}"));
    }
}

#[test]
fn tabs_about_the_interface_fit_every_window() {
    looks_closely(&["inputs", "outputs", "resources"]);
}

#[test]
fn tabs_about_what_belongs_to_it_fit_every_window() {
    looks_closely(&["dependencies", "submodules", "examples"]);
}

#[test]
fn tabs_about_its_history_fit_every_window() {
    looks_closely(&["versions", "changes", "activity"]);
}

#[test]
fn the_block_to_copy_names_the_root_group_the_host_and_the_version() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    world.group("acme").group("acme/infra").public_project("acme/infra/network");
    let module = Module::of("x").file("variables.tf", "variable \"cidr\" {\n  type = string\n}\n");
    world.publish("acme/infra/network", "vpc/aws", "1.2.3", module);
    browser
        .open(&page_of(&world, "acme/infra/network", "vpc/aws", "1.2.3"))
        .audit_with_pictures("package-small");
    browser.copy_first().shows("Copied");
    let host = world.server.address().to_string();
    let block = format!(
        "module \"vpc\" {{\n  source  = \"{host}/acme/vpc/aws\"\n  version = \"1.2.3\"\n  # to be set: cidr\n}}"
    );
    assert_eq!(browser.clipboard(), block);
    browser.shows("~> 1.2").shows("No credentials needed").shows("Anyone may install this module");
    world.change_project("acme/infra/network", &serde_json::json!({ "visibility": "private" }));
    browser.reload().shows("Page not found");
}

/// Goes to another version and back, and compares them.
fn changes_versions(browser: &Browser, world: &World, page: &str) {
    let old = page_of(world, PROJECT, EVERYTHING, OLD);
    browser.open(page).shows("prerelease").fill("Version", "1.4.0 (latest)").click_text("Go").is_at(&old);
    browser.shows("everything/aws 1.4.0").hides("prerelease").click_text("Versions").shows("Compare");
    browser.click_text(NEW).is_at(page).click_text("What changed since 1.4.0").asks("tab=changes&from=1.4.0");
    for change in [
        "From 1.4.0 to 2.0.0-rc.1",
        "Verdict: ",
        "Breaking",
        "Input input_07 was removed",
        "Input input_08 lost its default and must be set now",
        "Type of input input_09: list(string) became set(string)",
        "Input added was added",
        "Output gone was removed",
        "Accepted versions of provider aws: >= 4.0 became >= 5.0, < 6.0",
    ] {
        browser.shows(change);
    }
    browser.click_text("Go to the latest version").is_at(&old);
}

#[test]
fn a_person_changes_versions_and_reads_what_changed() {
    let (world, page) = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    changes_versions(&browser, &world, &page);
}

#[test]
fn a_person_without_scripts_changes_versions_and_reads_what_changed() {
    let (world, page) = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    changes_versions(browser.without_scripts(), &world, &page);
}

#[test]
fn a_step_that_is_too_small_for_what_it_breaks_is_called_so() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    world.group("acme").public_project(PROJECT);
    let with = |text: &str| Module::new().file("main.tf", text);
    world.publish(PROJECT, "vpc/aws", "1.0.0", with("variable \"a\" {\n  default = 1\n}\n"));
    world.publish(PROJECT, "vpc/aws", "1.0.1", with("variable \"a\" {}\n"));
    world.publish(PROJECT, "vpc/aws", "1.0.2", with("variable \"a\" {}\n# the same\n"));
    browser.open(&page_of(&world, PROJECT, "vpc/aws", "1.0.1")).click_text("What changed since 1.0.0");
    browser
        .shows("breaking, but only a patch step")
        .shows("Semantic Versioning asks for a major step")
        .audit();
    browser.fill("Compare 1.0.1 with", "1.0.2").click_text("Compare").asks("tab=changes&from=1.0.2");
    browser.shows("From 1.0.1 to 1.0.2").hides("Breaking");
}

#[test]
fn submodules_and_examples_have_pages_of_their_own() {
    let (world, page) = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.open(&format!("{page}?tab=submodules")).click_text("modules/public-subnets");
    browser
        .shows("acme/everything/aws//modules/public-subnets")
        .shows("Part of the whole.")
        .shows("Range of addresses.");
    browser.audit_with_pictures("package-submodule").click_text("Browse its files").shows("main.tf");
    browser.open(&format!("{page}?tab=examples")).click_text("examples/complete").shows("complete").audit();
}

#[test]
fn a_name_that_no_column_is_wide_enough_for_fits() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    let group = LONG_PROJECT.rsplit_once('/').map_or("", |(group, _)| group);
    world.group("acme").group(group).public_project(LONG_PROJECT);
    let version = "10.20.30-alpha.beta.gamma.20240229T235959Z";
    world.publish(LONG_PROJECT, LONG_MODULE, version, Module::of("x"));
    browser.open(&page_of(&world, LONG_PROJECT, LONG_MODULE, version)).shows("No README");
    browser.audit_with_pictures("package-long");
}
