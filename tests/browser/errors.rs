//! Pages that say why there is no other page: what they say, and that they do not say what exists.

use cairn::domain::{FileId, Role, Visibility};
use cairn::store::tables::FILES;
use cairn::store::{Store, StoreError};
use serde_json::json;

use crate::browser::Browser;
use crate::fixtures::PASSWORD;
use crate::people::{group_member, person};
use crate::support::archive::Module;
use crate::support::world::World;

/// Wrong passwords after which a server asks to wait.
const FAILURES: usize = 10;

#[test]
fn a_page_that_is_not_there_says_what_to_do() {
    let world = World::start();
    person(&world, "ada");
    world.group("acme").project("acme/secret");
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.open("/acme/secret").shows("Page not found").hides("secret").audit_with_pictures("not-found");
    browser.open("/users/sign_out").shows("Not possible").audit();
    browser.sign_in("ada", PASSWORD).open("/acme/secret").shows("you may not see it").audit();
    browser.click_text("Start page").is_at("/");
}

#[test]
fn what_is_hidden_and_what_is_not_there_look_the_same() {
    let world = World::start();
    world.group("acme").project("acme/plans").group_with("secret", Visibility::Private, &json!({}));
    person(&world, "ada");
    let Some(browser) = Browser::start(&world.server) else { return };
    let looks_the_same = || {
        for (hidden, nowhere) in [
            ("/acme/plans", "/acme/ideas"),
            ("/secret", "/nowhere"),
            ("/acme/plans/-/settings", "/acme/ideas/-/settings"),
            ("/groups/secret/-/settings", "/groups/nowhere/-/settings"),
            ("/acme/plans/-/infrastructure_registry", "/acme/ideas/-/infrastructure_registry"),
            ("/acme/plans/-/infrastructure_registry/1", "/acme/plans/-/infrastructure_registry/999"),
            ("/admin", "/admin/nothing"),
        ] {
            let [hidden_page, page] = [hidden, nowhere].map(|path| {
                let shown = browser.open(path).shows("Page not found");
                (shown.title(), shown.text(), shown.path())
            });
            assert_eq!((&hidden_page.0, &hidden_page.1), (&page.0, &page.1), "{hidden}");
            assert_eq!(hidden_page.2, hidden, "it leads nowhere");
        }
    };
    looks_the_same();
    browser.sign_in("ada", PASSWORD);
    looks_the_same();
}

#[test]
fn the_sign_in_link_of_a_missing_page_leads_back_to_it() {
    let world = World::start();
    world.group("acme").project("acme/plans");
    group_member(&world, "ada", Role::Guest, "acme");
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.open("/acme/plans?page=1").shows("sign in to see more");
    browser.tab_to("link Skip to content");
    browser.click_in("Start page", "Sign in").is_at("/users/sign_in");
    browser.fill("User name", "ada").fill("Password", PASSWORD).click_in("Password", "Sign in");
    browser.is_at("/acme/plans").shows("Nothing is published here yet");
}

#[test]
fn a_page_that_the_role_does_not_allow_says_so() {
    let world = World::start();
    world.group("acme").project("acme/network");
    group_member(&world, "guest", Role::Guest, "acme");
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("guest", PASSWORD).open("/acme/network/-/settings").shows("Not allowed");
    browser.shows("ask an owner or maintainer").audit_with_pictures("not-allowed");
}

#[test]
fn a_form_that_is_older_than_the_sign_in_changes_nothing() {
    let world = World::start();
    person(&world, "ada");
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("ada", PASSWORD).open("/groups/new").fill("Name", "acme");
    // An administrator sets another password: every session of the user ends.
    let user = format!("/api/v4/users/{}", world.user_id("ada"));
    world.root().put_json(&user, &json!({ "password": "another one of some length" })).must(200);
    browser
        .click_text("Create group")
        .shows("Not allowed")
        .shows("older than your sign-in")
        .hides("maintainer");
    browser.audit_with_pictures("stale-form");
    world.root().get("/api/v4/groups/acme").must(404);
    browser.click_text("Start page").is_at("/").shows("Sign in");
}

#[test]
fn a_form_of_somebody_who_is_not_signed_in_says_to_sign_in_first() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.open("/users/sign_in").fill("User name", "ada").fill("Password", PASSWORD);
    // No page has such a form: somebody made one.
    let another = "document.querySelector('form[method=post]').action = '/groups/new'";
    browser.script(another, &json!([]));
    browser.click_in("Password", "Sign in").shows("Sign in first").audit_with_pictures("sign-in-first");
    browser.click_in("Start page", "Sign in").is_at("/users/sign_in");
}

#[test]
fn whoever_guesses_passwords_is_asked_to_wait() {
    let world = World::start();
    person(&world, "ada");
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.open("/users/sign_in");
    for _ in 0..FAILURES {
        browser.fill("User name", "ada").fill("Password", "not the password").click_in("Password", "Sign in");
        browser.shows("User name or password is wrong").open("/users/sign_in");
    }
    browser.fill("User name", "ada").fill("Password", PASSWORD).click_in("Password", "Sign in");
    browser.shows("Not checked").audit_with_pictures("throttled");
    assert_eq!((browser.value("User name"), browser.value("Password")), ("ada".to_owned(), String::new()));
    browser.open("/-/user_settings/password").is_at("/users/sign_in");
}

/// Takes the record of a file out of the database of a server that is not running, as a fault of the disk might.
fn lose(world: &World, file: FileId) {
    let store = Store::open(world.server.data()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let change = store.write(move |change| {
        change.remove(&FILES, file.0);
        Ok::<_, StoreError>(())
    });
    runtime.block_on(change).unwrap();
    store.close();
}

#[test]
fn a_failure_of_the_server_says_whose_fault_it_is_and_nothing_of_its_inside() {
    let mut world = World::start();
    world.group("acme").public_project("acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    let page = format!(
        "/acme/network/-/infrastructure_registry/{}",
        world.package_id("acme/network", "vpc/aws", "1.0.0")
    );
    world.server.stop();
    lose(&world, FileId(1));
    world.server.restart();
    assert_eq!(world.anonymous().get(&page).status, 500);
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.open(&page).shows("Something went wrong").shows("It is not your fault").hides("table");
    browser.audit_with_pictures("failed");
    browser.click_text("Start page").is_at("/");
    world.server.wait_for_log("run `cairn verify`");
}

#[test]
fn nothing_moves_for_who_does_not_want_it() {
    let world = World::start();
    let Some(browser) = Browser::start(&world.server) else { return };
    let found = browser.open("/").script(include_str!("scripts/moving.js"), &json!([]));
    let rules = found.as_array().unwrap();
    assert!(!rules.is_empty(), "something moves for the others");
    for rule in rules {
        assert_eq!(rule[1], 1, "moves for everybody: {}", rule[0]);
    }
    let lasts = "return getComputedStyle(document.querySelector('a.button')).transitionDuration";
    assert_eq!(browser.script(lasts, &json!([])), "0s");
}
