//! Sessions: how their cookie looks, when they change, when they end, and where they do not count.

use cairn::domain::{RegistryAccess, Role, Visibility};
use serde_json::json;

use crate::support::archive::Module;
use crate::support::browser::{Browser, set_cookies};
use crate::support::server::Server;
use crate::support::world::World;
use crate::{PASSWORD, ada, is_signed_in, with_ada};

const SESSION: &str = "cairn-session";

#[test]
fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let world = with_ada(World::start());
    let browser = Browser::new(world.anonymous());
    let set = set_cookies(&browser.sign_in("ada", PASSWORD).must(303));
    let session = set.iter().find(|line| line.starts_with("cairn-session=")).unwrap();
    let (pair, attributes) = session.split_once("; ").unwrap();
    assert_eq!(pair.len(), SESSION.len() + 1 + 43, "256 random bits");
    assert_eq!(attributes, "Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax");
    assert!(is_signed_in(&browser));
}

#[test]
fn over_tls_the_cookie_is_tied_to_this_host() {
    let world = with_ada(World::on(Server::builder().flag("--tls-self-signed")));
    let browser = Browser::new(world.anonymous());
    let set = set_cookies(&browser.sign_in("ada", PASSWORD).must(303));
    let session = set.iter().find(|line| line.starts_with("__Host-cairn-session=")).unwrap();
    assert!(session.ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure"), "{session}");
    assert!(is_signed_in(&browser));
    let planted = Browser::new(world.anonymous());
    planted.set_cookie(SESSION, &browser.cookie("__Host-cairn-session").unwrap());
    assert!(!is_signed_in(&planted), "the name without the prefix does not count");
}

#[test]
fn the_configured_address_decides_when_a_proxy_says_nothing() {
    let builder = Server::builder().flag("--external-url=https://registry.example");
    let world = with_ada(World::on(builder));
    let answer = world.anonymous().get("/users/sign_in").must(200);
    let [cookie] = &set_cookies(&answer)[..] else { panic!("{answer:?}") };
    assert!(cookie.starts_with("__Host-cairn-visitor=") && cookie.ends_with("; Secure"), "{cookie}");
}

#[test]
fn a_sign_in_draws_a_new_secret_and_ends_the_old_session() {
    let (world, browser) = ada();
    let planted = browser.cookie(SESSION).unwrap();
    // Somebody who planted their own session, or knows the old one, has nothing after the next sign-in.
    let token = {
        let fresh = Browser::new(world.anonymous());
        let page = fresh.page("/users/sign_in");
        browser.set_cookie("cairn-visitor", &fresh.cookie("cairn-visitor").unwrap());
        crate::support::browser::token_in(&page.text())
    };
    browser.post("/users/sign_in", &token, &[("username", "ada"), ("password", PASSWORD)]).must(303);
    assert_ne!(browser.cookie(SESSION).unwrap(), planted);
    assert!(is_signed_in(&browser));
    let other = Browser::new(world.anonymous());
    other.set_cookie(SESSION, &planted);
    assert!(!is_signed_in(&other));
}

#[test]
fn secrets_that_nobody_was_given_are_nobody() {
    let world = with_ada(World::start());
    for secret in ["", "x", &"A".repeat(43), &"A".repeat(5_000), "../../etc/passwd"] {
        let browser = Browser::new(world.anonymous());
        browser.set_cookie(SESSION, secret);
        assert!(!is_signed_in(&browser), "{secret}");
    }
}

#[test]
fn signing_out_ends_the_session_on_the_server() {
    let (world, browser) = ada();
    let secret = browser.cookie(SESSION).unwrap();
    let answer = browser.submit("/", "/users/sign_out", &[]).must(303);
    assert_eq!(answer.header("location"), Some("/"));
    assert_eq!(browser.cookie(SESSION), None);
    browser.set_cookie(SESSION, &secret);
    assert!(!is_signed_in(&browser), "the secret is worth nothing now");
    world.anonymous().get("/users/sign_out").must(405);
}

#[test]
fn sessions_survive_a_restart() {
    let (mut world, browser) = ada();
    let secret = browser.cookie(SESSION).unwrap();
    world.server.restart();
    let browser = Browser::new(world.anonymous());
    browser.set_cookie(SESSION, &secret);
    assert!(is_signed_in(&browser));
    world.server.cli_ok(&["verify"]);
}

#[test]
fn a_new_password_ends_every_other_session() {
    let (world, browser) = ada();
    let other = Browser::of(world.anonymous(), "ada", PASSWORD);
    let fields = [
        ("current_password", PASSWORD),
        ("new_password", "another password"),
        ("password_confirmation", "another password"),
    ];
    let page = "/-/user_settings/password";
    browser.submit(page, page, &fields).must(303);
    assert!(browser.page(page).must(200).text().contains("Your password was changed"));
    assert!(is_signed_in(&browser), "with a new secret");
    assert!(!is_signed_in(&other));
    Browser::new(world.anonymous()).sign_in("ada", PASSWORD).must(422);
    Browser::of(world.anonymous(), "ada", "another password");
}

#[test]
fn a_blocked_user_is_out_at_once() {
    let (world, browser) = ada();
    let id = world.user_id("ada");
    world.root().post(&format!("/api/v4/users/{id}/block"), &json!({})).must(201);
    assert!(!is_signed_in(&browser));
    let refused = browser.sign_in("ada", PASSWORD);
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("This user is blocked"), "{}", refused.text());
}

#[test]
fn the_api_does_not_know_the_cookie() {
    let (world, browser) = ada();
    world.group("acme").project("acme/network").member("ada", Role::Maintainer, "acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    browser.get("/api/v4/user").must(401);
    browser.get("/api/v4/projects/acme%2Fnetwork").must(404);
    let versions = browser.get("/v1/modules/acme/vpc/aws/versions").must(200).json();
    assert_eq!(versions["modules"][0]["versions"], json!([]), "nothing that a member would see");
    browser.get("/api/v4/packages/terraform/modules/v1/acme/vpc/aws/1.0.0/download").must(404);
    // Nor do pages know tokens: a form could not be told from a forged one.
    let page = world.root().get("/").must(200).text();
    assert!(page.contains(">Sign in<"), "{page}");
}

#[test]
fn a_browser_downloads_archives_of_what_its_user_may_pull() {
    let (world, browser) = ada();
    world.group("acme").project("acme/network").public_project("acme/open");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    world.publish("acme/open", "subnet/aws", "1.0.0", Module::of("two"));
    let download = |project: &str, module: &str| {
        let package = world.package_id(project, module, "1.0.0");
        let path = project.replace('/', "%2F");
        let files = world.root().get(&format!("/api/v4/projects/{path}/packages/{package}/package_files"));
        format!("/{project}/-/package_files/{}/download", files.must(200).json()[0]["id"])
    };
    let [hidden, open] = [download("acme/network", "vpc/aws"), download("acme/open", "subnet/aws")];
    browser.get(&hidden).must(404);
    world.anonymous().get(&open).must(200);
    world.member("ada", Role::Guest, "acme/network");
    let archive = browser.get(&hidden).must(200);
    assert_eq!(archive.body, Vec::from(Module::of("one")));
    assert_eq!(archive.header("content-disposition"), Some("attachment; filename=\"vpc-aws-1.0.0.tgz\""));
    browser.get(&open.replace("acme/open", "acme/network")).must(404);
    browser.get("/acme/network/-/package_files/x/download").must(404);
    world.group_with("shut", Visibility::Private, &json!({}));
    world.project_with("acme/off", Visibility::Public, RegistryAccess::Disabled);
    browser.get("/acme/off/-/package_files/1/download").must(403);
}
