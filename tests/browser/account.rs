//! One's own account in a browser: signing in and out, the password, tokens, the theme.

use cairn::domain::Role;
use serde_json::json;

use crate::browser::Browser;
use crate::fixtures::PASSWORD;
use crate::support::world::World;

const TOKENS: &str = "/-/user_settings/personal_access_tokens";

/// A server with a user `ada`.
fn world() -> World {
    let world = World::start();
    let ada = json!({ "username": "ada", "name": "Ada Lovelace", "password": PASSWORD });
    world.root().post("/api/v4/users", &ada).must(201);
    world
}

/// Signs in after a wrong password, on the way to a page, and out again.
fn comes_and_goes(browser: &Browser) {
    browser.open(TOKENS).is_at("/users/sign_in").audit_with_pictures("sign-in");
    browser.fill("User name", "ada").fill("Password", "wrong horse battery").click_in("Password", "Sign in");
    browser.shows("User name or password is wrong").audit_with_pictures("sign-in-wrong");
    assert_eq!((browser.value("User name"), browser.value("Password")), ("ada".to_owned(), String::new()));
    browser.fill("Password", PASSWORD).click_in("Password", "Sign in").is_at(TOKENS);
    browser.open("/").click_text("ada").shows("Ada Lovelace").audit().screenshot("menu");
    browser.click_text("Sign out").shows("Public modules");
    browser.open(TOKENS).is_at("/users/sign_in");
}

#[test]
fn a_person_signs_in_after_a_wrong_password_and_out_again() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    comes_and_goes(&browser);
}

#[test]
fn a_person_without_scripts_signs_in_and_out_on_a_dark_phone() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    comes_and_goes(browser.without_scripts().dark().width(375));
}

#[test]
fn a_token_is_made_copied_used_and_revoked() {
    let world = world();
    world.group("acme").project("acme/network").member("ada", Role::Guest, "acme/network");
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("ada", PASSWORD).open(TOKENS).shows("No active token").audit_with_pictures("tokens-none");
    browser.fill("Name", "laptop").click_text("Create token").shows("it is not shown again");
    browser.audit_with_pictures("token-made");
    browser.click_text("Copy").shows("Copied");
    let token = browser.clipboard();
    let client = world.anonymous().token(&token);
    client.get("/api/v4/projects/acme%2Fnetwork").must(200);
    browser.open(TOKENS).shows("laptop").audit_with_pictures("tokens");
    assert!(!browser.text().contains(&token), "it is shown once");
    browser.click_in("laptop", "Revoke").shows("stops working at once").audit().screenshot("token-revoke");
    browser.click_text("Yes, revoke").shows("The token was revoked").shows("No active token");
    client.get("/api/v4/projects/acme%2Fnetwork").must(401);
    browser.click_text("Revoked and expired tokens").shows("laptop").audit();
}

#[test]
fn a_token_is_made_and_revoked_without_scripts() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.without_scripts().sign_in("ada", PASSWORD).open(TOKENS);
    browser.fill("Name", "laptop").click_text("Create token").shows("cairn_pat_").hides("Copied");
    browser.click_in("laptop", "Revoke").click_text("Yes, revoke").shows("No active token").audit();
}

#[test]
fn a_password_is_changed_after_two_that_are_not_taken() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.sign_in("ada", PASSWORD).open("/-/user_settings/password").audit_with_pictures("password");
    let change = |present: &str, new: &str| {
        browser.fill("Present password", present).fill("New password", new).fill("New password, again", new);
        browser.click_in("Present password", "Change password");
    };
    change("not the password", "a new one of some length");
    browser.shows("This is not your present password").audit_with_pictures("password-wrong");
    change(PASSWORD, "short");
    browser.shows("at least 8").audit();
    change(PASSWORD, "a new one of some length");
    browser.shows("Your password was changed").audit();
    // Opening another page at once could be quicker than the sign-out, which that page would cut short.
    browser.click_text("ada").click_text("Sign out").shows("Public modules");
    browser.sign_in("ada", "a new one of some length").is_at("/");
}

#[test]
fn a_theme_is_chosen_and_kept() {
    let world = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    let ground = || browser.script("return getComputedStyle(document.body).backgroundColor", &json!([]));
    browser.open("/");
    let light = ground();
    browser.click_text("Dark");
    let dark = ground();
    assert_ne!(light, dark);
    browser.open("/users/sign_in").audit();
    assert_eq!(ground(), dark, "kept for the next page");
    browser.dark().click_text("Light");
    assert_eq!(ground(), light, "whatever the system says");
    browser.click_text("Auto");
    assert_eq!(ground(), dark, "what the system says");
}
