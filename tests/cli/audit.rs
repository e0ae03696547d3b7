//! `cairn admin audit`, and the check of its export that the README shows.

use std::fmt::Write as _;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::server::Server;
use crate::support::world::World;
use crate::{running_and_stopped, shown};

/// The script in the README.
fn script() -> String {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("## Audit log").unwrap();
    let (_, rest) = rest.split_once("```python\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// What the script says about an export, and whether it is satisfied.
fn checked(export: &str) -> (bool, String) {
    let mut python = Command::new("python3")
        .args(["-c", &script()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3 is installed");
    // A script that stops early does not take the rest.
    let _cut_off = python.stdin.take().unwrap().write_all(export.as_bytes());
    let output = python.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap().trim().to_owned())
}

fn verified(server: &Server) -> Value {
    serde_json::from_str(&server.cli_ok(&["verify", "--json"])).unwrap()
}

#[test]
fn the_export_is_checked_outside_and_ends_where_verify_says() {
    let mut world = World::start();
    for number in 0..120 {
        // Text that escapes of JSON could be written in several ways.
        let user = json!({ "username": format!("user{number}"), "name": "Zoë \"\u{2028}\" <&> \\ 🚀" });
        world.root().post("/api/v4/users", &user).must(201);
        let name = json!({ "name": format!("é/\\{number}") });
        world.root().put_json(&format!("/api/v4/users/{}", number + 2), &name).must(200);
    }
    let export = world.server.cli_ok(&["admin", "audit", "--json"]);
    let end = verified(&world.server);
    let summary = format!("{} {}", end["audit"]["number"], end["audit"]["hash"].as_str().unwrap());
    assert_eq!(checked(&export), (true, summary.clone()));
    assert!(export.lines().count() > 240, "more than a page");
    world.server.stop();
    assert_eq!(world.server.cli_ok(&["admin", "audit", "--json"]), export, "without a server");
    let lines: Vec<&str> = export.lines().collect();
    let without = |index: usize| {
        lines.iter().enumerate().filter(|(at, _)| *at != index).fold(String::new(), |mut text, (_, line)| {
            writeln!(text, "{line}").unwrap();
            text
        })
    };
    let mut swapped = lines.clone();
    swapped.swap(5, 6);
    for (situation, export, entry) in [
        ("removed", without(3), 4),
        ("altered", export.replacen("user7\\", "user8\\", 1), 0),
        ("reordered", swapped.join("\n"), 6),
    ] {
        let (well, said) = checked(&export);
        assert!(!well, "{situation}: {said}");
        assert!(entry == 0 || said.contains(&format!("entry {entry} ")), "{situation}: {said}");
    }
    let (well, said) = checked(&lines[..10].join("\n"));
    assert!(well && said.starts_with("10 ") && said != summary, "an end cut off shows by the number: {said}");
}

#[test]
fn the_table_shows_what_was_asked_for_newest_first() {
    for server in running_and_stopped() {
        server.cli_ok(&["admin", "user", "create", "ada"]);
        server.cli_ok(&["admin", "group", "create", "acme"]);
        server.cli(&["admin", "group", "create", "acme"]).refused(1, "already been taken");
        let all = shown(&server.cli_ok(&["admin", "audit"]));
        let lines: Vec<Vec<&str>> = all.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[0][..5], ["ID", "CREATED_AT", "ACTION", "OUTCOME", "WHO"]);
        assert_eq!(lines[1][2..6], ["request.refused", "refused", "400", "operator"], "{all}");
        let column = |name: &str| lines.iter().map(|line| line[2]).filter(|word| *word == name).count();
        assert_eq!((column("group.created"), column("user.created")), (1, 2), "{all}");
        for (arguments, expected) in [
            (&["--action", "group"][..], 1),
            (&["--action", "user.created"], 2),
            (&["--limit", "2"], 2),
            (&["--user", "root"], 0),
            (&["--until", "2020-01-01"], 0),
            (&["--since", "2020-01-01T00:00:00Z", "--until", "2999-01-01", "--action", "group"], 1),
        ] {
            let table = server.cli_ok(&[&["admin", "audit"], arguments].concat());
            assert_eq!(table.lines().count(), expected + 1, "{arguments:?}: {table}");
            let export = server.cli_ok(&[&["admin", "audit", "--json"], arguments].concat());
            assert_eq!(export.lines().count(), expected, "{arguments:?}: {export}");
        }
        server.cli(&["admin", "audit", "--since", "yesterday"]).refused(2, "YYYY-MM-DD");
        server.cli(&["admin", "audit", "--action", "nothing"]).refused(1, "action");
        server.cli(&["admin", "audit", "--user", "nobody"]).refused(1, "there is no user nobody");
        server.cli(&["admin", "audit", "--limit", "0"]).refused(2, "--limit");
    }
}
