//! Keys of an issuer in a file, for a network without internet: another file means other keys, while the server runs.

use std::path::Path;

use cairn::service::Clock;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::archive::Module;
use crate::support::client::Client;
use crate::support::eventually;
use crate::support::issuer::{SigningKey, jwks};
use crate::support::server::{Server, write_file};
use crate::support::world::{World, encoded, upload};

const ISSUER: &str = "https://gitlab.unreachable.example";
const AUDIENCE: &str = "https://cairn.example";
const PROJECT: &str = "acme/network";

/// A server that takes the keys of its issuer from a file, which trusts every job of `acme/vpc`.
fn world(file: &Path) -> World {
    let config = format!(
        "[[ci.issuer]]\nurl = \"{ISSUER}\"\naudience = \"{AUDIENCE}\"\njwks_file = \"{}\"\n",
        file.display()
    );
    let world = World::on(Server::builder().config(&config));
    world.group("acme").project(PROJECT);
    let publisher = json!({ "issuer": ISSUER, "access_level": 30, "claims": { "project_path": "acme/vpc" } });
    let publishers = format!("/api/v4/projects/{}/trusted_publishers", encoded(PROJECT));
    world.root().post(&publishers, &publisher).must(201);
    world
}

fn claims() -> Value {
    let now = Clock::system().now().as_second();
    json!({ "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 300, "project_path": "acme/vpc" })
}

/// A job whose token is signed with that key.
fn job(world: &World, key: &SigningKey) -> Client {
    world.anonymous().with("JOB-TOKEN", &key.token(&claims()))
}

fn reads(world: &World, key: &SigningKey) -> u16 {
    job(world, key).get(&format!("/api/v4/projects/{}/packages", encoded(PROJECT))).status
}

fn file_in(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("gitlab.jwks")
}

#[test]
fn a_replaced_file_is_in_force_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = file_in(&folder);
    let (old, new) = (SigningKey::ed("one"), SigningKey::rsa("two"));
    write_file(&file, jwks([&old]).as_bytes());
    let world = world(&file);
    assert_eq!((reads(&world, &old), reads(&world, &new)), (200, 401));
    upload(&job(&world, &old), PROJECT, "vpc/aws", "1.0.0", Module::of("old")).must(201);

    write_file(&file, jwks([&old, &new]).as_bytes());
    eventually("the new key counts", || reads(&world, &new) == 200);
    assert_eq!(reads(&world, &old), 200, "while both are in the file, both count");
    upload(&job(&world, &new), PROJECT, "vpc/aws", "1.1.0", Module::of("new")).must(201);

    write_file(&file, jwks([&new]).as_bytes());
    eventually("the old key does not count any more", || reads(&world, &old) == 401);
    assert_eq!(reads(&world, &new), 200);
    let refused = upload(&job(&world, &old), PROJECT, "vpc/aws", "1.2.0", Module::of("late"));
    assert_eq!(refused.status, 401, "{}", refused.text());
}

#[test]
fn a_file_that_is_missing_or_broken_is_taken_up_once_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = file_in(&folder);
    let key = SigningKey::ec("one");
    let world = world(&file);
    assert_eq!(reads(&world, &key), 503, "there is no file yet");
    world.server.wait_for_log("its tokens are refused");
    write_file(&file, jwks([&key]).as_bytes());
    eventually("the file is found", || reads(&world, &key) == 200);
    write_file(&file, b"{\"keys\": [");
    eventually("the broken file is seen", || {
        assert_eq!(reads(&world, &key), 200, "the last good keys stay valid");
        world.server.log().contains("the old ones stay valid")
    });
}
