//! The page of a package: how to use it, its tabs, its files, and what a hostile archive cannot do there.

use cairn::domain::Role;
use serde_json::json;

use crate::support::archive::Module;
use crate::support::browser::Browser;
use crate::support::world::World;
use crate::{PASSWORD, with_ada};

const PROJECT: &str = "acme/infra/network";

/// A module with everything, in one of two editions.
fn rich(second: bool) -> Module {
    let variables = if second {
        "variable \"cidr\" {\n  type = string\n}\nvariable \"token\" {\n  type = string\n  default = \"\"\n  sensitive = true\n  description = \"<b>Secret</b>\"\n}\nvariable \"zone\" {\n  type = string\n}\n"
    } else {
        "variable \"cidr\" {\n  type = string\n}\nvariable \"token\" {\n  type = string\n  default = \"\"\n  sensitive = true\n}\n"
    };
    Module::new()
        .file("README.md", "# VPC\n\nMakes a network.\n\nSee [notes](docs/notes.md) and ![map](docs/map.png).\n\n<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1))\n")
        .file("main.tf", "terraform {\n  required_version = \">= 1.5\"\n  required_providers {\n    aws = { source = \"hashicorp/aws\", version = \">= 5.0\" }\n  }\n}\nresource \"aws_vpc\" \"this\" {}\ndata \"aws_region\" \"here\" {}\nmodule \"subnet\" {\n  source = \"./modules/subnet\"\n}\n# <script>alert(2)</script>\n")
        .file("variables.tf", variables)
        .file("outputs.tf", "output \"id\" {\n  value = 1\n  description = \"Number of it.\"\n}\n")
        .file("docs/notes.md", "# Notes\n")
        .file("docs/map.png", b"\x89PNG\r\n\x1a\nrest")
        .file("docs/page.html", "<script>alert(3)</script>")
        .file("modules/subnet/main.tf", "variable \"range\" {}\n")
        .file("modules/subnet/README.md", "# Subnet\n\n[up](../../main.tf)\n")
        .file("examples/complete/main.tf", "module \"vpc\" {\n  source = \"../..\"\n}\n")
}

/// A public project with two versions of the module; the URLs of their pages.
fn published() -> (World, Browser, String, String) {
    let world = with_ada(World::start());
    world.group("acme").group("acme/infra").public_project(PROJECT).member("ada", Role::Developer, PROJECT);
    world.publish(PROJECT, "vpc/aws", "1.0.0", rich(false)).publish(PROJECT, "vpc/aws", "1.0.1", rich(true));
    let url = |version| {
        let id = world.package_id(PROJECT, "vpc/aws", version);
        format!("/{PROJECT}/-/infrastructure_registry/{id}")
    };
    let (old, new) = (url("1.0.0"), url("1.0.1"));
    let browser = Browser::of(world.anonymous(), "ada", PASSWORD);
    (world, browser, old, new)
}

#[test]
fn the_page_says_what_it_is_and_how_to_use_it() {
    let (world, browser, old, new) = published();
    let host = world.server.address().to_string();
    let html = browser.page(&new).must(200).text();
    for expected in [
        "vpc/aws <span class=\"version\">1.0.1</span>",
        ">latest<",
        "Makes a network.",
        // The root group, whatever group the project is in.
        &format!("source  = &quot;{host}/acme/vpc/aws&quot;"),
        "version = &quot;1.0.1&quot;",
        "# to be set: cidr, zone",
        "~&gt; 1.0",
        "No credentials needed",
        "modules.v1",
        "What changed since 1.0.0",
    ] {
        assert!(html.contains(expected), "{expected}: {html}");
    }
    world.change_project(PROJECT, &json!({ "visibility": "private" }));
    let html = browser.page(&new).must(200).text();
    assert!(html.contains(&format!("credentials &quot;{host}&quot;")), "{html}");
    assert!(!browser.page(&old).text().contains(">latest<"));
    assert!(!html.contains("/delete"), "a developer may not");
}

#[test]
fn every_tab_shows_its_part() {
    let (_world, browser, old, new) = published();
    for (tab, expected) in [
        ("inputs", &["cidr", "required", "token", "sensitive", "&lt;b&gt;Secret&lt;/b&gt;", "zone"][..]),
        ("outputs", &["id", "Number of it."]),
        ("resources", &["aws_vpc.this", "data.aws_region.here", "Data source"]),
        ("dependencies", &["hashicorp/aws", "&gt;= 5.0", "&gt;= 1.5", "./modules/subnet"]),
        ("submodules", &["modules/subnet", "part=modules%2Fsubnet"]),
        (
            "submodules&part=modules/subnet",
            &["acme/vpc/aws//modules/subnet", "range", "Subnet", "files/main.tf"],
        ),
        ("examples", &["examples/complete"]),
        ("examples&part=examples/complete", &["files/examples/complete"]),
        ("versions", &["1.0.0", "1.0.1", "this one", "latest"]),
        ("files", &["vpc-aws-1.0.1.tgz", "SHA-256", "files/docs", "files/main.tf"]),
        ("files&path=docs", &["notes.md", "map.png"]),
        ("activity", &["Published", "vpc-aws-1.0.1.tgz", "/-/package_files/"]),
        ("nothing", &["Makes a network."]),
    ] {
        let html = browser.page(&format!("{new}?tab={tab}")).must(200).text();
        for text in expected {
            assert!(html.contains(text), "{tab}: {text}: {html}");
        }
        assert_eq!(html.matches("aria-current=\"page\"").count(), 3, "crumb, menu and tab: {tab}");
    }
    assert!(
        browser.page(&format!("{new}?tab=inputs")).text().contains("Inputs <span class=\"count\">3</span>")
    );
    browser.get(&format!("{new}?tab=submodules&part=nothing")).must(404);
    let other = old.rsplit('/').next().unwrap();
    let led = browser.get(&format!("{new}?go={other}&tab=inputs")).must(303);
    assert_eq!(led.header("location"), Some(format!("{old}?tab=inputs").as_str()));
}

#[test]
fn what_changed_is_judged_by_the_numbers() {
    let (_world, browser, old, new) = published();
    for target in [
        format!("{new}?tab=changes&from=1.0.0"),
        format!("{new}?tab=changes"),
        format!("{old}?tab=changes&from=1.0.1"),
    ] {
        let html = browser.page(&target).must(200).text();
        for expected in [
            "From 1.0.0 to 1.0.1",
            "breaking, but only a patch step",
            "Semantic Versioning asks for a major step",
            "<code>zone</code> was added and must be set",
        ] {
            assert!(html.contains(expected), "{target}: {expected}: {html}");
        }
    }
    browser.get(&format!("{new}?tab=changes&from=9.9.9")).must(404);
    browser.get(&format!("{new}?tab=changes&from=%3Cscript%3E")).must(404);
}

#[test]
fn files_are_browsed_and_the_archive_is_downloaded() {
    let (_world, browser, _old, new) = published();
    let html = browser.page(&format!("{new}/files/main.tf")).must(200).text();
    assert!(html.contains("id=\"L1\"") && html.contains("tok-"), "{html}");
    assert!(browser.page(&format!("{new}/files/docs")).text().contains("files/docs/notes.md"));
    let picture = browser.get(&format!("{new}/images/docs/map.png")).must(200);
    assert_eq!(picture.header("content-type"), Some("image/png"));
    assert_eq!(picture.header("content-security-policy"), Some("default-src 'none'; sandbox"));
    assert_eq!(picture.header("x-content-type-options"), Some("nosniff"));
    for nothing in
        ["images/docs/page.html", "images/main.tf", "files/nothing.tf", "files/..%2F..%2Fetc", "other"]
    {
        browser.get(&format!("{new}/{nothing}")).must(404);
    }
    let html = browser.page(&format!("{new}?tab=activity")).text();
    let link = html.split('"').find(|text| text.ends_with("/download")).unwrap();
    let archive = browser.get(link).must(200);
    assert_eq!(archive.body, rich(true).build());
}

#[test]
fn a_hostile_archive_does_nothing_on_any_page() {
    let (_world, browser, _old, new) = published();
    for target in ["", "/files/main.tf", "/files/docs/page.html", "?tab=inputs", "?tab=changes", "/files"] {
        let page = browser.page(&format!("{new}{target}")).must(200);
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
        let html = page.text();
        for forbidden in ["<script>", "onerror=", "href=\"javascript:", "<b>Secret"] {
            assert!(!html.contains(forbidden), "{target}: {forbidden}: {html}");
        }
    }
    let html = browser.page(&new).text();
    assert!(html.contains(&format!("href=\"{new}/files/docs/notes.md\"")), "{html}");
    assert!(html.contains(&format!("src=\"{new}/images/docs/map.png\"")), "{html}");
}

#[test]
fn old_and_wrong_addresses_lead_on_or_nowhere() {
    let (world, browser, _old, new) = published();
    let id = new.rsplit('/').next().unwrap();
    for target in [
        "/acme/infra/-/infrastructure_registry/1".to_owned(),
        format!("/groups/acme/-/infrastructure_registry/{id}"),
        format!("/{PROJECT}/-/infrastructure_registry/x"),
        format!("/{PROJECT}/-/infrastructure_registry/99999"),
    ] {
        assert_eq!(browser.get(&target).status, 404, "{target}");
    }
    browser.page(&format!("/{PROJECT}/-/terraform_module_registry/{id}")).must(200);
    world.change_project(PROJECT, &json!({ "path": "net" }));
    let led = browser.get(&format!("{new}?tab=inputs")).must(301);
    assert_eq!(
        led.header("location"),
        Some(format!("/acme/infra/net/-/infrastructure_registry/{id}?tab=inputs").as_str())
    );
}
