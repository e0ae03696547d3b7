//! Running the server: switches, health, metrics, logs, and configuration that changes while it runs.

use cairn::domain::{RegistryAccess, Visibility};
use rustix::process::Signal;
use serde_json::json;

use crate::support::archive::Module;
use crate::support::client::Client;
use crate::support::eventually;
use crate::support::server::{ROOT_TOKEN, RunToEnd, Server, cairn, write_file};
use crate::support::wire::Wire;
use crate::support::world::{MODULES, World, upload};

const VPC: &str = "/api/v4/packages/terraform/modules/v1/acme/vpc/aws";
const PACKAGES: &str = "/api/v4/projects/acme%2Fnetwork/packages";

fn open() -> World {
    let world = World::start();
    world.group("acme").public_project("acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    world
}

/// Everything of the registry, with the status it has while that is on.
fn registry() -> Vec<(String, u16)> {
    let modules = format!("{PACKAGES}/terraform/modules/vpc/aws");
    vec![
        (format!("{VPC}/versions"), 200),
        (format!("{VPC}/download"), 302),
        (VPC.to_owned(), 200),
        (format!("{VPC}/1.0.0"), 200),
        (format!("{VPC}/1.0.0/download"), 204),
        (format!("{VPC}/1.0.0/file"), 200),
        (modules.clone(), 200),
        (format!("{modules}/1.0.0"), 200),
        (PACKAGES.to_owned(), 200),
        ("/api/v4/groups/acme/packages".to_owned(), 200),
    ]
}

#[track_caller]
fn registry_is(client: &Client, on: bool) {
    for (target, status) in registry() {
        assert_eq!(client.get(&target).status, if on { status } else { 404 }, "{target}, on: {on}");
    }
    client.get("/.well-known/terraform.json").must(200);
    client.get("/-/readiness").must(200);
    client.get("/api/v4/projects/acme%2Fnetwork").must(200);
}

#[test]
fn the_instance_switch_hides_the_registry_and_keeps_the_data() {
    let world = open();
    registry_is(&world.root(), true);
    world.settings(&json!({ "packages_enabled": false }));
    registry_is(&world.root(), false);
    registry_is(&world.anonymous(), false);
    let bad = world.anonymous().token("bad-token");
    bad.get(VPC).must(404);
    upload(&world.root(), "acme/network", "vpc/aws", "1.0.1", Module::of("two")).must(404);
    world.root().delete(&format!("{PACKAGES}/1")).must(404);
    world.settings(&json!({ "packages_enabled": true }));
    registry_is(&world.root(), true);
    assert_eq!(world.packages("acme/network").len(), 1);
}

#[test]
fn the_command_line_flips_the_switches_of_a_running_server() {
    let world = open();
    world.server.cli_ok(&["admin", "registry", "disable"]);
    registry_is(&world.root(), false);
    world.server.cli_ok(&["admin", "registry", "enable"]);
    registry_is(&world.root(), true);
    world.server.cli_ok(&["admin", "registry", "disable", "--project", "acme/network"]);
    world.root().get(PACKAGES).must(403);
    world.root().get(VPC).must(404);
    world.server.cli_ok(&["admin", "registry", "enable", "--project", "acme/network"]);
    registry_is(&world.root(), true);
}

#[test]
fn the_flag_is_stronger_than_the_stored_switch() {
    let mut world = open();
    world.server.restart_with(|builder| builder.flag("--disable-registry"));
    registry_is(&world.root(), false);
    world.settings(&json!({ "packages_enabled": true }));
    registry_is(&world.root(), false);
}

#[test]
fn health_is_for_everyone_and_metrics_are_not() {
    let world = open();
    let anonymous = world.anonymous();
    for target in ["/-/health", "/-/liveness", "/-/readiness"] {
        anonymous.get(target).must(200);
        anonymous.token("bad-token").get(target).must(200);
    }
    let metrics = anonymous.get("/-/metrics").must(200).text();
    assert!(metrics.contains("http_requests") && metrics.trim_end().ends_with("# EOF"), "{metrics}");
    for (name, value) in
        [("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=192.0.2.1"), ("X-Forwarded-Proto", "https")]
    {
        let proxied = anonymous.with(name, value);
        let refused = proxied.get("/-/metrics");
        assert!(matches!(refused.status, 401 | 403 | 404), "{name}: {}", refused.status);
        proxied.token(ROOT_TOKEN).get("/-/metrics").must(200);
    }
    world.stranger("somebody");
    let somebody = world.client("somebody").with("Forwarded", "for=192.0.2.1");
    assert!(somebody.get("/-/metrics").status >= 400);
    anonymous.token("bad-token").get("/-/metrics").must(401);
}

#[test]
fn what_clients_make_up_does_not_show_in_the_metrics() {
    let world = open();
    for target in ["/made-up-one", "/api/v4/made-up-two", "/v1/modules/made-up-three/x/y/versions"] {
        world.anonymous().get(target);
    }
    world.anonymous().request("MADEUPFOUR", "/", None).must(405);
    let metrics = world.anonymous().get("/-/metrics").must(200).text();
    assert!(!metrics.to_lowercase().contains("made-up") && !metrics.contains("MADEUP"), "{metrics}");
}

#[test]
fn no_secret_reaches_the_log() {
    let mut world = World::on(Server::builder().flag("--log-level=trace").flag("--log-format=json"));
    world.group_with("acme", Visibility::Private, &json!({}));
    world.project_with("acme/network", Visibility::Private, RegistryAccess::Enabled).stranger("dev");
    world.deploy_token("reader", "acme/network", &["read_package_registry"]);
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    let root = world.root();
    let url =
        root.get(&format!("{VPC}/1.0.0/download")).must(204).header("x-terraform-get").unwrap().to_owned();
    let ticket = url.split("token=").nth(1).unwrap().to_owned();
    world.anonymous().get(&url).must(200);
    world.anonymous().get(&format!("{url}garbled-ticket")).must(401);
    let guessed = "guessed-token-of-an-attacker-0123456789";
    for (name, value) in [
        ("PRIVATE-TOKEN", guessed.to_owned()),
        ("Authorization", format!("Bearer {guessed}")),
        ("Authorization", "Basic bWU6Z3Vlc3NlZC1wYXNzd29yZA==".to_owned()),
    ] {
        world.anonymous().with(name, &value).get(&format!("{VPC}/versions?secret=in-the-query")).must(401);
    }
    root.get("/no/such/path-of-a-secret").must(404);
    let password = json!({ "username": "pat", "name": "pat", "password": "correct-horse-battery" });
    root.post("/api/v4/users", &password).must(201);
    let sign_in = |password: &str| {
        let body = json!({ "grant_type": "password", "username": "pat", "password": password });
        world.anonymous().post("/oauth/token", &body)
    };
    let session =
        sign_in("correct-horse-battery").must(200).json()["access_token"].as_str().unwrap().to_owned();
    sign_in("wrong-horse-battery").must(400);
    let secrets = [
        ROOT_TOKEN.to_owned(),
        world.token("dev"),
        world.token("reader"),
        ticket,
        guessed.to_owned(),
        session,
        "garbled-ticket".to_owned(),
        "bWU6Z3Vlc3NlZC1wYXNzd29yZA".to_owned(),
        "guessed-password".to_owned(),
        "in-the-query".to_owned(),
        "path-of-a-secret".to_owned(),
        "correct-horse".to_owned(),
        "wrong-horse".to_owned(),
        "checksum=".to_owned(),
    ];
    let log = world.server.stop();
    assert!(log.contains("modules/v1/:namespace/:name/:system/:version/:file"), "requests are logged: {log}");
    for secret in secrets {
        assert!(!log.contains(&secret), "the log has {secret}: {log}");
    }
}

#[test]
fn a_log_line_cannot_be_forged() {
    let mut world = World::start();
    world.group("acme").project("acme/network");
    let bad = "/api/v4/projects/acme%2Fnetwork/packages/terraform/modules/x%0A2026-01-01%20INFO%20forged/aws/1.0.0/file";
    world.root().put(bad, &Module::of("one").build()).must(422);
    let name = json!({ "username": "eve", "name": "Eve\n\u{1b}[31mforged", "password": "long-enough-1" });
    world.root().post("/api/v4/users", &name);
    let log = world.server.stop();
    assert!(!log.lines().any(|line| line.starts_with("2026-01-01") || line.contains('\u{1b}')), "{log}");
}

#[test]
fn a_changed_configuration_file_is_taken_over_and_a_bad_one_is_not() {
    let world = World::on(Server::builder().config("[limits]\nupload-bytes = 1000000\n"));
    world.group("acme").public_project("acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    let url = || {
        let answer = world.anonymous().get(&format!("{VPC}/1.0.0/download")).must(204);
        answer.header("x-terraform-get").unwrap().to_owned()
    };
    assert!(url().starts_with('/'));
    write_file(&world.server.config_file(), b"external-url = \"https://one.example\"\n");
    eventually("the new URL is used", || url().starts_with("https://one.example/"));
    write_file(&world.server.config_file(), b"external-url = 7 # not a URL\n");
    world.server.wait_for_log("not usable");
    assert!(url().starts_with("https://one.example/"), "the old one stays in force");
    write_file(&world.server.config_file(), b"disable-registry = true\n");
    eventually("the registry is off", || world.anonymous().get(VPC).status == 404);
}

#[test]
fn sighup_reads_the_configuration_again() {
    let world = World::on(Server::builder().config(""));
    let before = world.server.log().matches("read again").count();
    world.server.signal(Signal::HUP);
    eventually("it was read", || world.server.log().matches("read again").count() > before);
    world.anonymous().get("/-/health").must(200);
}

/// An authority and a certificate for 127.0.0.1 that it signed.
fn certificate() -> (String, String, String) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    (authority_pem, leaf.signed_by(&key, &issuer).unwrap().pem(), key.serialize_pem())
}

#[test]
fn a_renewed_certificate_is_served_without_a_restart_and_a_bad_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let install = |(_, chain, secret): &(String, String, String)| {
        write_file(&key, secret.as_bytes());
        write_file(&cert, chain.as_bytes());
    };
    let (first, second) = (certificate(), certificate());
    install(&first);
    let server = Server::builder()
        .flag(&format!("--tls-cert={}", cert.display()))
        .flag(&format!("--tls-key={}", key.display()))
        .env("CAIRN_LISTEN_HTTP", "127.0.0.1:0");
    let server = server.start();
    let trusts = |authority: &str| Client::tls(server.address(), authority.as_bytes()).trusts_server();
    assert!(trusts(&first.0) && !trusts(&second.0));
    install(&second);
    eventually("the new certificate is served", || trusts(&second.0));
    assert!(!trusts(&first.0));
    write_file(&cert, b"not a certificate");
    server.wait_for_log("the old one stays in use");
    assert!(trusts(&second.0));
}

#[test]
fn a_second_server_on_the_same_data_is_refused_and_told_which_process_has_it() {
    let server = Server::start();
    let second = cairn(&["serve", "--listen", "127.0.0.1:0"]).arg("--data-dir").arg(server.data()).outcome();
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(second.stderr.contains(&format!("process {}", server.pid())), "{second:?}");
    server.client().get("/-/health").must(200);
}

#[test]
fn the_control_socket_works_however_long_the_path_is() {
    let long = format!("{}/{}", "a".repeat(100), "b".repeat(100));
    let server = Server::builder().data_dir(long).start();
    assert!(server.data().as_os_str().len() > 200);
    server.cli_ok(&["admin", "user", "create", "pat", "--name", "Pat"]);
    assert!(server.cli_ok(&["admin", "user", "list"]).contains("pat"));
    server.root().get("/api/v4/users?username=pat").must(200);
}

#[test]
fn the_control_socket_is_for_its_owner_and_its_urls_are_not_on_the_network() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::start();
    let mode = |path| std::fs::metadata(server.data().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(""), mode("control.sock")), (0o700, 0o600));
    for target in ["/-/control/status", "/-/control/gc", "/-/control/verify", "/-/control/backup"] {
        server.root().get(target).must(404);
        server.root().post(target, &json!({})).must(404);
    }
}

#[test]
fn an_upload_that_runs_at_the_end_is_finished() {
    let mut world = World::start();
    world.group("acme").public_project("acme/network");
    let bytes = Module::of("one").build();
    let (first, rest) = bytes.split_at(20);
    let target = crate::support::world::upload_path("acme/network", "vpc/aws", "1.0.0");
    let mut wire = Wire::open(world.server.address());
    let length = bytes.len();
    wire.send(format!(
        "PUT {target} HTTP/1.1\r\nHost: x\r\nPRIVATE-TOKEN: {ROOT_TOKEN}\r\nContent-Length: {length}\r\n\r\n"
    ));
    wire.send(first);
    eventually("the upload has begun", || !world.server.staged_files().is_empty());
    let address = world.server.address();
    world.server.signal(Signal::TERM);
    eventually("nobody is let in any more", || std::net::TcpStream::connect(address).is_err());
    wire.send(rest);
    wire.answer().expect("an answer").must(201);
    let (status, log) = world.server.wait();
    assert!(status.success(), "{status}: {log}");
    world.server.restart();
    world.anonymous().get(&format!("{MODULES}/acme/vpc/aws/1.0.0")).must(200);
}

#[test]
fn an_upload_that_does_not_finish_does_not_hold_up_the_end() {
    let mut world = World::start();
    world.group("acme").public_project("acme/network");
    let target = crate::support::world::upload_path("acme/network", "vpc/aws", "1.0.0");
    let mut wire = Wire::open(world.server.address());
    wire.send(format!(
        "PUT {target} HTTP/1.1\r\nHost: x\r\nPRIVATE-TOKEN: {ROOT_TOKEN}\r\nContent-Length: 100000\r\n\r\n"
    ));
    wire.send(&Module::of("one").build()[..20]);
    eventually("the upload has begun", || !world.server.staged_files().is_empty());
    let _log = world.server.stop();
    drop(wire);
    world.server.restart();
    assert_eq!(world.server.staged_files(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn the_last_bytes_of_a_killed_server_are_swept_at_the_next_start() {
    let mut world = open();
    let target = crate::support::world::upload_path("acme/network", "vpc/aws", "1.0.1");
    let mut wire = Wire::open(world.server.address());
    wire.send(format!(
        "PUT {target} HTTP/1.1\r\nHost: x\r\nPRIVATE-TOKEN: {ROOT_TOKEN}\r\nContent-Length: 100000\r\n\r\n"
    ));
    wire.send(&Module::of("one").build()[..20]);
    eventually("the upload has begun", || !world.server.staged_files().is_empty());
    world.server.kill();
    world.server.restart();
    assert_eq!(world.server.staged_files(), Vec::<std::path::PathBuf>::new());
    world.anonymous().get(VPC).must(200);
    world.server.cli_ok(&["verify"]);
}
