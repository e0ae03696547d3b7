//! The first page: public modules for everyone, one's own for whoever has signed in.

use cairn::domain::Role;
use serde_json::json;

use crate::ada;
use crate::support::archive::Module;
use crate::support::browser::Browser;
use crate::support::world::World;

#[test]
fn visitors_see_what_is_public_and_how_to_use_it() {
    let world = World::start();
    world.group("acme").public_project("acme/open").project("acme/closed");
    let empty = Browser::new(world.anonymous()).page("/").must(200).text();
    assert!(empty.contains("Nothing here is public"), "{empty}");
    world.publish("acme/open", "vpc/aws", "1.2.0", Module::of("one"));
    world.publish("acme/closed", "secrets/aws", "1.0.0", Module::of("two"));
    let page = Browser::new(world.anonymous()).page("/").must(200).text();
    assert!(page.contains("acme/vpc/aws") && page.contains("1.2.0"), "{page}");
    assert!(!page.contains("secrets") && !page.contains("closed"), "{page}");
    assert!(page.contains("/users/sign_in\">Sign in<"), "{page}");
}

#[test]
fn users_see_their_own_places_and_what_was_published_last() {
    let (world, browser) = ada();
    let none = browser.page("/").must(200).text();
    assert!(none.contains("Nothing is published yet") && none.contains("cairn publish"), "{none}");
    world.group("acme").project("acme/network").project("acme/other");
    world.change_project(
        "acme/network",
        &json!({ "name": "<i>Network</i>", "description": "\"quoted\" & <b>bold</b>" }),
    );
    world.member("ada", Role::Developer, "acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    world.publish("acme/network", "vpc/aws", "1.1.0", Module::of("two"));
    world.publish("acme/network", "dns/aws", "3.0.0", Module::of("four"));
    world.publish("acme/other", "stealth/aws", "1.0.0", Module::of("three"));
    let page = browser.page("/").must(200).text();
    assert!(page.contains("&lt;i&gt;Network&lt;/i&gt;") && !page.contains("<i>"), "{page}");
    assert!(page.contains("&amp; &lt;b&gt;bold&lt;/b&gt;") && !page.contains("<b>"), "{page}");
    let [newer, older] =
        ["acme/dns/aws", "acme/vpc/aws"].map(|name| page.find(&format!(">{name}<")).unwrap());
    assert!(newer < older, "what was published last comes first");
    assert!(page.contains("1.1.0") && page.contains("2 versions") && !page.contains("1.0.0"), "{page}");
    assert!(!page.contains("stealth") && !page.contains("acme/other"), "{page}");
}
