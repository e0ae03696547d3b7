//! Several processes and one data directory.

use std::fs;

use crate::support::eventually;
use crate::support::server::{RunToEnd, Server, cairn};

#[test]
fn a_second_server_is_refused_and_told_who_is_first() {
    let server = Server::start();
    let second = cairn(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(server.data()).outcome();
    second.refused(
        1,
        &format!("is in use by process {}: stop it first, or use another --data-dir", server.pid()),
    );
    server.client().get("/-/readiness").must(200);
    server.cli_ok(&["admin", "user", "list"]);
}

#[test]
fn a_command_acts_through_the_server_and_is_seen_at_once() {
    let server = Server::start();
    server.cli_ok(&["admin", "group", "create", "acme", "--visibility", "public"]);
    server.client().get("/api/v4/groups/acme").must(200);
    server.cli_ok(&["admin", "group", "delete", "acme"]);
    server.client().get("/api/v4/groups/acme").must(404);
}

#[test]
fn a_killed_server_leaves_nothing_in_the_way() {
    let mut server = Server::start();
    server.cli_ok(&["admin", "group", "create", "acme"]);
    server.kill();
    assert!(server.data().join("control.sock").exists(), "its socket is still there");
    assert!(server.cli_ok(&["admin", "group", "list"]).contains("acme"));
    server.restart();
    assert!(server.cli_ok(&["admin", "group", "list"]).contains("acme"));
}

#[test]
fn commands_without_a_server_wait_for_nobody_and_lose_nothing() {
    let mut server = Server::start();
    server.stop();
    let mut running: Vec<_> = (0..8)
        .map(|number| {
            let name = format!("user{number}");
            let mut command = cairn(&["admin", "user", "create", &name, "--data-dir"]);
            command.arg(server.data()).stdout(std::process::Stdio::null());
            (name, command.stderr(std::process::Stdio::null()).spawn().unwrap())
        })
        .collect();
    let made: Vec<String> = running
        .iter_mut()
        .filter_map(|(name, process)| process.wait().unwrap().success().then(|| name.clone()))
        .collect();
    assert!(!made.is_empty(), "one of them comes first");
    let list = server.cli_ok(&["admin", "user", "list"]);
    assert_eq!(list.lines().count(), 2 + made.len(), "those that said so, and no others: {list}");
    server.cli_ok(&["verify"]);
}

#[test]
fn a_long_path_does_not_break_the_control_socket() {
    let long = format!("{}/{}", "d".repeat(120), "e".repeat(120));
    let server = Server::builder().data_dir(&long).start();
    eventually("the socket is there", || server.data().join("control.sock").exists());
    server.cli_ok(&["admin", "group", "create", "acme"]);
    assert_eq!(server.root().get("/api/v4/groups/acme").must(200).json()["id"], 2);
}

#[test]
fn the_data_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::start();
    let mode = |name: &str| fs::metadata(server.data().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(""), 0o700);
    for file in ["control.sock", "cairn.redb", "initial-root-password"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
}
