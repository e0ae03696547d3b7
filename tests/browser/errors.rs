//! Pages that say why there is no other page.

use serde_json::json;

use crate::browser::Browser;
use crate::fixtures::PASSWORD;
use crate::support::world::World;

#[test]
fn a_page_that_is_not_there_says_what_to_do() {
    let world = World::start();
    let ada = json!({ "username": "ada", "name": "Ada", "password": PASSWORD });
    world.root().post("/api/v4/users", &ada).must(201);
    world.group("acme").project("acme/secret");
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.open("/acme/secret").shows("Page not found").hides("secret").audit_with_pictures("not-found");
    browser.open("/users/sign_out").shows("Not possible").audit();
    browser.sign_in("ada", PASSWORD).open("/acme/secret").shows("you may not see it").audit();
    browser.click_text("Start page").is_at("/");
}
