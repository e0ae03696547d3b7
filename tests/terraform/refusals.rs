//! What a person reads when a module is refused. Terraform shows the reason phrase of a refused list of versions and
//! the body of a refused download, and nothing else of ours: both must say what to do next.

use std::fs;

use cairn::domain::credential::PersonalScope;
use cairn::domain::{RegistryAccess, Role, Visibility};
use cairn::service::tokens::NewToken;
use cairn::service::{Caller, Clock, Options, Registry};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::command::{Terraform, plain_world, world};
use crate::files::{Files, block};
use crate::front;
use crate::support::server::{Server, write_file};
use crate::support::world::World;

const SET_A_TOKEN: &str = "set a token for this host";
const NO_ACCESS: &str =
    "no access to this namespace with this token, or it does not exist: ask its owner for a role";
const UNKNOWN_TOKEN: &str = "token unknown or revoked: create a new one and set it for this host";
const EXPIRED_TOKEN: &str = "token expired: create a new one and set it for this host";

/// A private namespace with one module, and somebody who has no business there.
fn private_world() -> Option<World> {
    let world = world()?;
    world.group_with("acme", Visibility::Private, &json!({})).project("acme/network");
    world.user("guest", Role::Guest, "acme/network").stranger("stranger");
    world.publish("acme/network", "vpc/aws", "1.0.0", Files::saying("vpc").archive());
    Some(world)
}

fn vpc(server: &Server) -> String {
    block("vpc", &format!("{}/acme/vpc/aws", server.address()), Some("1.0.0"))
}

/// Makes a token in the past that has expired since. The server must not run.
fn expired_token(server: &Server) -> String {
    let past: jiff::Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let clock = Clock::from_fn(move || past);
        let registry = Registry::open(server.data(), Options::default(), clock).await.unwrap();
        let new = NewToken {
            name: "old".to_owned(),
            scopes: vec![PersonalScope::Api],
            expires_at: Some("2020-01-31".parse().unwrap()),
        };
        let issued = registry.create_personal_token(&Caller::Operator, "guest", new).await.unwrap();
        registry.close().await;
        issued.secret.expose_secret().to_owned()
    })
}

#[test]
fn a_refused_list_of_versions_says_what_to_do() {
    let Some(mut world) = private_world() else { return };
    world.server.stop();
    let expired = expired_token(&world.server);
    world.server.restart();
    let deploy = world.deploy_token("other", "acme/network", &["write_package_registry"]).token("other");
    for (token, said) in [
        (None, SET_A_TOKEN),
        // A job whose secret is not set.
        (Some(String::new()), SET_A_TOKEN),
        (Some("cairn_pat_nobody".to_owned()), UNKNOWN_TOKEN),
        (Some(expired), EXPIRED_TOKEN),
        (Some(world.token("stranger")), NO_ACCESS),
    ] {
        let terraform = Terraform::new(&world.server).main(&vpc(&world.server));
        let terraform = match &token {
            Some(token) => terraform.token(&world.server, token),
            None => terraform,
        };
        let run = terraform.init();
        run.fails().says("error looking up module versions: 40").says(said);
        if let Some(token) = token.filter(|token| !token.is_empty()) {
            run.never_says(&token);
        }
        terraform.run(&["get"]).fails().says(said);
    }
    let allowed = Terraform::new(&world.server).token(&world.server, &deploy).main(&vpc(&world.server));
    allowed.init().succeeds();
}

#[test]
fn a_namespace_that_does_not_exist_reads_like_a_private_one() {
    let Some(world) = private_world() else { return };
    let nowhere = block("vpc", &format!("{}/nowhere/vpc/aws", world.server.address()), Some("1.0.0"));
    Terraform::new(&world.server).main(&nowhere).init().fails().says(SET_A_TOKEN);
    let stranger = Terraform::new(&world.server).token(&world.server, &world.token("stranger"));
    stranger.main(&nowhere).init().fails().says(NO_ACCESS);
}

#[test]
fn a_missing_module_and_a_missing_version_are_told_apart() {
    let Some(world) = private_world() else { return };
    let member = || Terraform::new(&world.server).token(&world.server, &world.token("guest"));
    let missing = block("vpc", &format!("{}/acme/typo/aws", world.server.address()), Some("1.0.0"));
    member().main(&missing).init().fails().says("has no versions");
    let version = block("vpc", &format!("{}/acme/vpc/aws", world.server.address()), Some("9.9.9"));
    member().main(&version).init().fails().says("The newest available version is 1.0.0");
}

#[test]
fn a_registry_that_is_off_installs_nothing_and_loses_nothing() {
    let Some(world) = private_world() else { return };
    let member = || {
        let terraform = Terraform::new(&world.server).token(&world.server, &world.token("guest"));
        terraform.main(&vpc(&world.server))
    };
    world.settings(&json!({ "packages_enabled": false }));
    member().init().fails().says("cannot be found in the module registry");
    world.settings(&json!({ "packages_enabled": true }));
    member().init().succeeds();
    world.change_project("acme/network", &json!({ "packages_enabled": false }));
    member().init().fails().says("Module has no versions");
    world.change_project("acme/network", &json!({ "packages_enabled": true }));
    member().init().succeeds();
}

#[test]
fn a_refused_download_says_what_to_do() {
    let Some(world) = plain_world() else { return };
    world.group_with("acme", Visibility::Private, &json!({})).project("acme/network");
    world.user("guest", Role::Guest, "acme/network").stranger("stranger");
    world.publish("acme/network", "vpc/aws", "1.0.0", Files::saying("vpc").archive());
    let front = front::listing("1.0.0", world.server.address());
    let host = format!(
        "host \"registry.example.com\" {{\n  services = {{ \"modules.v1\" = \"http://{front}/v1/modules/\" }}\n}}\n"
    );
    let with = |token: Option<&str>| {
        let terraform = Terraform::new(&world.server).configure(&host);
        let terraform = terraform.main(&block("vpc", "registry.example.com/acme/vpc/aws", Some("1.0.0")));
        match token {
            None => terraform,
            Some(token) => terraform
                .configure(&format!("credentials \"registry.example.com\" {{\n  token = \"{token}\"\n}}\n")),
        }
    };
    for (token, status, said) in [
        (None, "401", SET_A_TOKEN),
        (Some(""), "401", SET_A_TOKEN),
        (Some("cairn_pat_nobody"), "401", UNKNOWN_TOKEN),
        (Some(world.token("stranger").as_str()), "403", NO_ACCESS),
    ] {
        let run = with(token).init();
        run.fails()
            .says("error getting download location")
            .says(&format!("{status} "))
            .says("resp:")
            .says(said);
        run.never_says("{\"");
    }
    with(Some(&world.token("guest"))).init().succeeds();
}

#[test]
fn bytes_that_changed_on_the_disk_are_not_installed() {
    let Some(world) = private_world() else { return };
    let blobs = world.server.blobs();
    let [digest] = blobs.as_slice() else { panic!("{blobs:?}") };
    let (folder, rest) = digest.split_at(2);
    let blob = world.server.data().join("blobs/sha256").join(folder).join(rest);
    let mut bytes = fs::read(&blob).unwrap();
    let other = Files::saying("cpv").archive();
    assert_eq!(bytes.len(), other.len(), "another archive of the same length");
    bytes.copy_from_slice(&other);
    write_file(&blob, &bytes);
    let terraform = Terraform::new(&world.server).token(&world.server, &world.token("guest"));
    let run = terraform.main(&vpc(&world.server)).init();
    run.fails().says("Checksums did not match").says(digest);
}

#[test]
fn a_registry_for_members_is_not_for_everyone_who_sees_the_project() {
    let Some(world) = world() else { return };
    world.group("acme").project_with("acme/network", Visibility::Public, RegistryAccess::Private);
    world.user("guest", Role::Guest, "acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Files::saying("vpc").archive());
    Terraform::new(&world.server).main(&vpc(&world.server)).init().fails().says("has no versions");
    let member = Terraform::new(&world.server).token(&world.server, &world.token("guest"));
    member.main(&vpc(&world.server)).init().succeeds();
}
