//! The pages from outside, through a browser that has no scripts.
// Says to the lints that helpers outside of `#[test]` functions are test code too.
#![cfg(test)]

#[path = "../support/mod.rs"]
mod support;

mod account;
mod admin;
mod assets;
mod audit;
mod ci;
mod errors;
mod forms;
mod home;
mod package;
mod people;
mod places;
mod registry;
mod search;
mod sessions;
mod settings;
mod webhooks;

use serde_json::json;

use support::browser::Browser;
use support::world::World;

/// The password of `ada`.
const PASSWORD: &str = "correct horse <\"&'> battery";

/// Makes the user `ada` with a password.
fn with_ada(world: World) -> World {
    let ada = json!({ "username": "ada", "name": "Ada", "password": PASSWORD });
    world.root().post("/api/v4/users", &ada).must(201);
    world
}

/// A world with `ada`, and her browser.
fn ada() -> (World, Browser) {
    let world = with_ada(World::start());
    let browser = Browser::of(world.anonymous(), "ada", PASSWORD);
    (world, browser)
}

/// Whether a browser is signed in.
fn is_signed_in(browser: &Browser) -> bool {
    browser.page("/").text().contains("action=\"/users/sign_out\"")
}
