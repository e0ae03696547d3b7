//! What all commands have in common: help, exit codes, JSON, pipes that close, completions and manual pages.

use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use crate::support::server::{RunToEnd, Server, cairn, write_file};

const COMMANDS: [&str; 9] =
    ["serve", "publish", "import", "admin", "verify", "backup", "gc", "completions", "man"];

#[test]
fn help_names_every_command_and_goes_to_standard_output() {
    let outcome = cairn(&["--help"]).outcome();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    for command in COMMANDS {
        assert!(outcome.stdout.contains(&format!("\n  {command} ")), "{command}: {}", outcome.stdout);
        let own = cairn(&[command, "--help"]).outcome();
        assert_eq!(own.code, Some(0), "{command}");
        assert!(own.stdout.contains(&format!("Usage: cairn {command}")), "{}", own.stdout);
        assert!(!own.stdout.contains("[env: CAIRN_TOKEN="), "a secret would show: {}", own.stdout);
    }
    let version = cairn(&["--version"]).outcome().stdout;
    assert_eq!(version, format!("cairn {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_secret_in_the_environment_stays_out_of_the_help() {
    for (command, variable) in [
        (&["publish"][..], "CAIRN_TOKEN"),
        (&["import"], "CAIRN_TOKEN"),
        (&["admin", "user", "create"], "CAIRN_PASSWORD"),
    ] {
        let help = cairn(&[command, &["--help"]].concat()).env(variable, "the-secret").outcome().stdout;
        assert!(help.contains(variable) && !help.contains("the-secret"), "{help}");
    }
}

#[test]
fn wrong_usage_is_two_and_failure_is_one() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, code) in [
        (&["--version"][..], 0),
        (&["config", "show"], 0),
        (&["verify"], 1),
        (&["gc"], 1),
        (&["backup", "copy"], 1),
        (&["backup"], 2),
        (&["admin", "user", "list"], 1),
        (&[], 2),
        (&["bogus"], 2),
        (&["admin"], 2),
        (&["admin", "user"], 2),
        (&["gc", "--grace", "-1"], 2),
        (&["verify", "--nothing"], 2),
        (&["serve", "--listen", "nowhere"], 2),
        (&["completions", "tcsh"], 2),
    ] {
        let outcome = cairn(arguments).current_dir(&folder).outcome();
        assert_eq!(outcome.code, Some(code), "{arguments:?}: {outcome:?}");
        assert_eq!(outcome.stdout.is_empty(), code != 0, "{arguments:?}: {outcome:?}");
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "nothing was created");
    let missing = cairn(&["admin", "user", "list"]).current_dir(&folder).outcome();
    missing.refused(1, "start `cairn serve` there first, or name another with --data-dir");
}

#[test]
fn every_command_that_prints_data_prints_json_on_request() {
    let server = Server::start();
    let data = server.data().to_str().unwrap();
    let module = server.folder().join("module");
    std::fs::create_dir(&module).unwrap();
    write_file(&module.join("main.tf"), b"");
    let module = module.to_str().unwrap();
    let backup = server.folder().join("backup");
    let publish = ["publish", module, "--project=acme/x", "--name=x", "--system=aws", "--version=1.0.0"];
    for arguments in [
        &["admin", "user", "create", "ada"][..],
        &["admin", "user", "list"],
        &["admin", "user", "show", "ada"],
        &["admin", "group", "create", "acme"],
        &["admin", "group", "list"],
        &["admin", "group", "show", "acme"],
        &["admin", "project", "create", "acme/network"],
        &["admin", "project", "list"],
        &["admin", "project", "show", "acme/network"],
        &["admin", "member", "create", "ada", "--group", "acme"],
        &["admin", "member", "list", "--group", "acme"],
        &["admin", "member", "show", "ada", "--group", "acme"],
        &["admin", "token", "create", "--name", "x", "--user", "ada"],
        &["admin", "token", "list", "--user", "ada"],
        &["admin", "token", "show", "1"],
        &["admin", "deploy-token", "create", "--name", "x", "--group", "acme"],
        &["admin", "deploy-token", "list", "--group", "acme"],
        &["admin", "deploy-token", "show", "3", "--group", "acme"],
        &[
            "admin",
            "trusted-publisher",
            "create",
            "--project=acme/network",
            "--issuer=https://a.example",
            "--claim=ref=v*",
        ],
        &["admin", "trusted-publisher", "list", "--project", "acme/network"],
        &["admin", "trusted-publisher", "delete", "1", "--project", "acme/network"],
        &["admin", "registry", "status"],
        &["admin", "registry", "enable", "--project", "acme/network"],
        &publish,
        &[&publish[..], &["--skip-existing"]].concat(),
        &[&publish[..], &["--dry-run"]].concat(),
        &["verify"],
        &["gc"],
        &["backup", backup.to_str().unwrap()],
        &["admin", "deploy-token", "delete", "3", "--group", "acme"],
        &["admin", "token", "delete", "2"],
        &["admin", "member", "delete", "ada", "--group", "acme"],
        &["admin", "project", "delete", "acme/network"],
        &["admin", "group", "delete", "acme"],
        &["admin", "user", "delete", "ada"],
    ] {
        let outcome = cairn(arguments).args(["--json", "--data-dir", data]).outcome();
        assert_eq!(outcome.code, Some(0), "{arguments:?}: {outcome:?}");
        let parsed: Result<Value, _> = serde_json::from_str(&outcome.stdout);
        assert!(parsed.is_ok(), "{arguments:?}: {outcome:?}");
        let is_list = arguments.contains(&"list") || arguments.contains(&"--dry-run");
        assert_eq!(parsed.unwrap().is_array(), is_list, "{arguments:?}");
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let server = Server::start();
    let data = server.data().to_str().unwrap();
    let shells = ["bash", "zsh", "fish"].map(|shell| vec!["completions", shell]);
    let others = [
        vec!["config", "show"],
        vec!["man"],
        vec!["admin", "user", "list", "--data-dir", data],
        vec!["verify", "--json", "--data-dir", data],
    ];
    for arguments in shells.into_iter().chain(others) {
        let mut process = cairn(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(process.stdout.take());
        let mut said = String::new();
        process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let status = process.wait().unwrap();
        assert_eq!((status.code(), said.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn no_color_means_none() {
    let server = Server::builder().env("NO_COLOR", "1").start();
    server.client().get("/-/health").must(200);
    server.wait_for_log("answered");
    assert!(!server.log().contains('\u{1b}'), "{}", server.log());
    for arguments in [&["--help"][..], &["bogus"], &["verify", "--data-dir", "nowhere"]] {
        let outcome = cairn(arguments).env("NO_COLOR", "1").outcome();
        assert!(!(outcome.stdout + &outcome.stderr).contains('\u{1b}'), "{arguments:?}");
    }
}

#[test]
fn completions_know_the_commands_in_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let outcome = cairn(&["completions", shell]).outcome();
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{shell}");
        for word in COMMANDS.iter().chain(&["deploy-token", "skip-existing"]) {
            assert!(outcome.stdout.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let page = cairn(&["man"]).outcome();
    assert_eq!(page.code, Some(0));
    assert!(page.stdout.contains(".TH cairn"), "{}", page.stdout);
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("man/man1");
    let outcome = cairn(&["man", "--dir"]).arg(&directory).outcome();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), ""), "{outcome:?}");
    for page in ["cairn.1", "cairn-serve.1", "cairn-publish.1", "cairn-import.1", "cairn-admin-registry.1"] {
        assert!(directory.join(page).is_file(), "{page}");
    }
}
