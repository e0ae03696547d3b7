//! `terraform login`: the test plays the person and the browser.

use std::fs;

use cairn::domain::Role;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::command::{Terraform, world};
use crate::files::{Files, block};
use crate::support::client::{Client, Response};
use crate::support::world::World;

const PASSWORD: &str = "correct horse battery";

/// Sends the form of the page at that URL, as a browser would.
fn answer(world: &World, url: &Url, username: &str, password: &str) -> Response {
    let page = world.anonymous().get(&format!("{}?{}", url.path(), url.query().unwrap())).must(200);
    assert!(page.text().contains("action=\"/oauth/authorize\""), "{}", page.text());
    let typed = [("username", username), ("password", password), ("decision", "allow")];
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(url.query_pairs())
        .extend_pairs(typed)
        .finish();
    let client = world.anonymous().with("Content-Type", "application/x-www-form-urlencoded");
    client.request("POST", url.path(), Some(form.as_bytes()))
}

#[test]
fn a_person_logs_in_and_installs_a_private_module_with_what_terraform_stored() {
    let Some(world) = world() else { return };
    let ada = json!({ "username": "ada", "name": "Ada", "password": PASSWORD });
    world.root().post("/api/v4/users", &ada).must(201);
    world.group("acme").project("acme/network").member("ada", Role::Guest, "acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Files::saying("private").archive());
    let source = format!("{}/acme/vpc/aws", world.server.address());
    let terraform = Terraform::new(&world.server).at_home().main(&block("vpc", &source, None));
    terraform.init().fails();

    let login = terraform.login(&world.server);
    let url = Url::parse(&login.url).unwrap();
    assert_eq!((url.path(), url.port()), ("/oauth/authorize", Some(world.server.address().port())));
    answer(&world, &url, "ada", "wrong horse battery").must(422);
    let sent = answer(&world, &url, "ada", PASSWORD).must(303);
    let back = Url::parse(sent.header("location").unwrap()).unwrap();
    assert_eq!((back.scheme(), back.host_str()), ("http", Some("localhost")));
    let listener = format!("127.0.0.1:{}", back.port().unwrap()).parse().unwrap();
    Client::new(listener).get(&format!("{}?{}", back.path(), back.query().unwrap())).must(200);
    login.finish().succeeds().says("Success!");

    let stored: Value = serde_json::from_slice(&fs::read(terraform.stored_credentials()).unwrap()).unwrap();
    let token = stored["credentials"][world.server.address().to_string()]["token"].as_str().unwrap();
    let own = world.anonymous().token(token).get("/api/v4/personal_access_tokens/self").must(200).json();
    assert_eq!(own["name"], "terraform login");
    terraform.init().succeeds();
    assert_eq!(terraform.installed("vpc"), Files::saying("private"));
    world.anonymous().token(token).delete("/api/v4/personal_access_tokens/self").must(204);
    terraform.run(&["init", "-upgrade"]).fails();
}
