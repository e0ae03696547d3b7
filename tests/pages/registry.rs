//! The registry page of a project or group: rows, filters in the URL, empty states, deletion.

use cairn::domain::{RegistryAccess, Role, Visibility};
use serde_json::json;

use crate::support::archive::Module;
use crate::support::browser::{Browser, token_in};
use crate::support::server::Server;
use crate::support::world::World;
use crate::{PASSWORD, with_ada};

const PROJECT: &str = "acme/network";
const LIST: &str = "/acme/network/-/infrastructure_registry";

/// A private project in a public group, `ada` with a role in it, and her browser.
fn ada_as(role: Role) -> (World, Browser) {
    let world = with_ada(World::start());
    world.group("acme").project(PROJECT).member("ada", role, PROJECT);
    let browser = Browser::of(world.anonymous(), "ada", PASSWORD);
    (world, browser)
}

/// The modules that a list shows, in its order.
fn names(html: &str) -> Vec<String> {
    let table = html.split("<table").nth(1).unwrap_or_default();
    let links = table.split("<a class=\"name\"").skip(1);
    links.map(|link| link.split('>').nth(1).unwrap().split('<').next().unwrap().to_owned()).collect()
}

/// The count in the title.
fn total(html: &str) -> &str {
    html.split("id=\"list-total\">").nth(1).unwrap().split('<').next().unwrap()
}

#[test]
fn who_may_delete_is_offered_it_and_strangers_see_nothing() {
    for (role, deletes) in [(Role::Reporter, false), (Role::Developer, false), (Role::Maintainer, true)] {
        let (world, browser) = ada_as(role);
        world.publish(PROJECT, "vpc/aws", "1.0.0", Module::of("x"));
        let id = world.package_id(PROJECT, "vpc/aws", "1.0.0");
        let question = format!("{LIST}/{id}/delete");
        for list in [LIST, "/groups/acme/-/infrastructure_registry"] {
            let html = browser.page(list).must(200).text();
            assert_eq!(names(&html), ["vpc/aws"], "{role:?}");
            assert_eq!(html.contains(&question), deletes, "{role:?} {list}");
        }
        assert_eq!(browser.get(&question).status, if deletes { 200 } else { 403 }, "{role:?}");
        world
            .root()
            .post("/api/v4/users", &json!({ "username": "eve", "name": "Eve", "password": PASSWORD }))
            .must(201);
        let eve = Browser::of(world.anonymous(), "eve", PASSWORD);
        for target in [LIST, &format!("{LIST}/{id}"), &question, &format!("{LIST}/{id}/files/main.tf")] {
            assert_eq!(eve.get(target).status, 404, "{target}");
            let leads = Browser::new(world.anonymous()).get(target);
            assert!(leads.status == 303 || leads.status == 404, "{target}: {leads:?}");
        }
        let group = eve.page("/groups/acme/-/infrastructure_registry").must(200).text();
        assert_eq!((names(&group).len(), total(&group)), (0, "0"));
    }
}

#[test]
fn lists_are_narrowed_and_sorted_through_the_url() {
    let (world, browser) = ada_as(Role::Maintainer);
    world.public_project("acme/storage");
    world.deploy_token("ci", PROJECT, &["write_package_registry"]);
    world.publish(PROJECT, "vpc/aws", "1.0.0", Module::of("1"));
    world.publish(PROJECT, "vpc/aws", "1.10.0", Module::of("2"));
    world.publish(PROJECT, "dns/azurerm", "3.0.0", Module::of("3"));
    world.publish("acme/storage", "bucket/aws", "2.0.0", Module::of("4"));
    crate::support::world::upload(&world.client("ci"), PROJECT, "ci/aws", "0.1.0", Module::of("5")).must(201);
    for (query, expected) in [
        ("", vec!["ci/aws", "bucket/aws", "dns/azurerm", "vpc/aws"]),
        ("?sort=asc", vec!["vpc/aws", "dns/azurerm", "bucket/aws", "ci/aws"]),
        ("?order_by=name", vec!["bucket/aws", "ci/aws", "dns/azurerm", "vpc/aws"]),
        ("?order_by=name&sort=desc", vec!["vpc/aws", "dns/azurerm", "ci/aws", "bucket/aws"]),
        ("?order_by=version", vec!["dns/azurerm", "bucket/aws", "vpc/aws", "ci/aws"]),
        ("?search=VP", vec!["vpc/aws"]),
        ("?system=aws&order_by=name", vec!["bucket/aws", "ci/aws", "vpc/aws"]),
        ("?version=1.0.0", vec!["vpc/aws"]),
        ("?status=default&search=dns", vec!["dns/azurerm"]),
        ("?status=error", vec![]),
        ("?publisher=root&order_by=name", vec!["bucket/aws", "dns/azurerm", "vpc/aws"]),
        ("?publisher=nobody", vec![]),
        ("?manner=deploy_token", vec!["ci/aws"]),
        ("?rows=versions&search=vpc", vec!["vpc/aws", "vpc/aws"]),
    ] {
        let html = browser.page(&format!("/groups/acme/-/infrastructure_registry{query}")).must(200).text();
        assert_eq!(names(&html), expected, "{query}");
        assert_eq!(total(&html), expected.len().to_string(), "{query}");
    }
    let html = browser.page(&format!("{LIST}?search=vpc&order_by=name")).text();
    assert!(html.contains("2 versions"), "{html}");
    assert!(html.contains("name=\"search\" value=\"vpc\""), "{html}");
    assert!(
        html.contains("search=vpc&amp;order_by=name&amp;sort=desc"),
        "the head of the column turns it round"
    );
    assert!(html.contains("<option value=\"name\" selected"), "{html}");
}

#[test]
fn an_empty_list_says_what_to_do() {
    let (world, browser) = ada_as(Role::Developer);
    let html = browser.page(LIST).must(200).text();
    for command in [
        "cairn publish ./my-module",
        "--project acme/network",
        "/api/v4/projects/acme%2Fnetwork/packages/terraform/modules/my-module/aws/1.0.0/file",
        &world.server.url(),
    ] {
        assert!(html.contains(command), "{command}: {html}");
    }
    world.publish(PROJECT, "vpc/aws", "1.0.0", Module::of("x"));
    let html =
        browser.page(&format!("{LIST}?search=%22%3E%3Cscript%3Ealert(1)&rows=versions")).must(200).text();
    assert!(html.contains("Nothing fits"), "{html}");
    assert!(html.contains("name=\"search\""), "the search box stays");
    assert!(
        html.contains("href=\"/acme/network/-/infrastructure_registry?rows=versions\""),
        "the way back: {html}"
    );
    assert!(!html.contains("<script>alert"), "{html}");
}

#[test]
fn fields_that_were_left_empty_are_not_in_the_url() {
    let (_world, browser) = ada_as(Role::Guest);
    for (asked, expected) in [
        (format!("{LIST}?search=&system=aws&order_by=&sort="), format!("{LIST}?system=aws")),
        ("/search?q=".to_owned(), "/search".to_owned()),
    ] {
        let led = browser.get(&asked).must(303);
        assert_eq!(led.header("location"), Some(expected.as_str()));
        browser.page(&expected).must(200);
    }
}

#[test]
fn a_registry_that_is_off_says_so_and_has_no_entry_in_the_menu() {
    let (world, browser) = ada_as(Role::Maintainer);
    world.publish(PROJECT, "vpc/aws", "1.0.0", Module::of("x"));
    let entry = "href=\"/acme/network/-/infrastructure_registry\"";
    assert!(browser.page(LIST).text().contains(entry));
    let page = format!("{LIST}/{}", world.package_id(PROJECT, "vpc/aws", "1.0.0"));
    world.change_project(PROJECT, &json!({ "package_registry_access_level": "disabled" }));
    let html = browser.page(LIST).must(200).text();
    assert!(html.contains("switched off") && !html.contains("vpc/aws") && !html.contains(entry), "{html}");
    assert!(browser.page(&page).must(200).text().contains("registry of this project is switched off"));
    Browser::new(world.anonymous()).get(&page).must(404);
    let off = with_ada(World::on(Server::builder().flag("--disable-registry")));
    off.group("acme").public_project(PROJECT);
    let html = Browser::new(off.anonymous()).page(LIST).must(200).text();
    assert!(html.contains("switched off on this server"), "{html}");
}

#[test]
fn packages_open_to_anyone_are_listed_without_their_private_project() {
    let world = World::start();
    world.group_with("acme", Visibility::Private, &json!({}));
    world.project_with(PROJECT, Visibility::Private, RegistryAccess::Public);
    world.publish(PROJECT, "vpc/aws", "1.0.0", Module::of("x"));
    let id = world.package_id(PROJECT, "vpc/aws", "1.0.0");
    let visitor = Browser::new(world.anonymous());
    assert_eq!(names(&visitor.page(LIST).must(200).text()), ["vpc/aws"]);
    let html = visitor.page(&format!("{LIST}/{id}")).must(200).text();
    assert!(!html.contains("href=\"/acme/network\""), "a page that the visitor does not see: {html}");
    assert!(html.contains("No credentials needed"), "{html}");
}

#[test]
fn a_version_is_deleted_after_a_question_and_the_list_steps_back_a_page() {
    let (world, browser) = ada_as(Role::Maintainer);
    for number in 0..21 {
        world.publish(PROJECT, &format!("m{number:02}/aws"), "1.0.0", Module::of(&number.to_string()));
    }
    let second = format!("{LIST}?order_by=name&page=2");
    let html = browser.page(&second).must(200).text();
    assert_eq!(names(&html), ["m20/aws"]);
    let id = world.package_id(PROJECT, "m20/aws", "1.0.0");
    let question = html.split('"').find(|text| text.contains(&format!("/{id}/delete"))).unwrap().to_owned();
    let action = format!("{LIST}/{id}/delete");
    let html = browser.page(&question).must(200).text();
    for named in ["m20/aws", "1.0.0", "m20-aws-1.0.0.tgz", "the module goes with it"] {
        assert!(html.contains(named), "{named}: {html}");
    }
    let token = token_in(&html);
    browser.post(&action, "", &[]).must(403);
    browser.post_with(&[("Sec-Fetch-Site", "cross-site")], &action, &token, &[]).must(403);
    assert_eq!(world.packages(PROJECT).len(), 21, "nothing was deleted");
    let outward = browser.post(&action, &token, &[("back", "//evil.example/-/infrastructure_registry")]);
    assert_eq!(outward.must(303).header("location"), Some(LIST), "nobody is led elsewhere");
    let stepped = browser.get(&second).must(303);
    assert_eq!(stepped.header("location"), Some("/acme/network/-/infrastructure_registry?order_by=name"));
    let html = browser.page(&second).text();
    assert!(html.contains("m20/aws 1.0.0 was deleted."), "{html}");
    assert_eq!((names(&html).len(), total(&html)), (20, "20"));
    browser.post(&action, &token, &[]).must(404);
    let next = world.package_id(PROJECT, "m00/aws", "1.0.0");
    let back = [("back", second.as_str())];
    let answer = browser.post(&format!("{LIST}/{next}/delete"), &token, &back).must(303);
    assert_eq!(answer.header("location"), Some(second.as_str()));
}
