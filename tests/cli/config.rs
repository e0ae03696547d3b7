//! `cairn config show`: where each setting comes from.

use serde_json::Value;

use crate::support::server::{RunToEnd, cairn, write_file};

/// The value and the source of a setting, as `config show` prints them in JSON.
fn shown(text: &str, name: &str) -> (String, String) {
    let rows: Vec<Value> = serde_json::from_str(text).unwrap();
    let row = rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no {name}: {text}"));
    (row["value"].as_str().unwrap().to_owned(), row["source"].as_str().unwrap().to_owned())
}

#[test]
fn a_flag_beats_the_environment_that_beats_the_file_that_beats_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cairn.toml");
    write_file(
        &file,
        b"listen = \"127.0.0.1:1\"\nlog-level = \"warn\"\ndata-dir = \"from-file\"\n[limits]\nuploads = 3\n",
    );
    let outcome = cairn(&["config", "show", "--json", "--listen", "127.0.0.1:3"])
        .arg("--config")
        .arg(&file)
        .env("CAIRN_LISTEN", "127.0.0.1:2")
        .env("CAIRN_LOG_LEVEL", "debug")
        .outcome();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let from_file = format!("file {}", file.display());
    for (name, value, source) in [
        ("listen", "127.0.0.1:3", "flag"),
        ("log-level", "debug", "environment CAIRN_LOG_LEVEL"),
        ("data-dir", "from-file", from_file.as_str()),
        ("limits.uploads", "3", from_file.as_str()),
        ("log-format", "text", "default"),
        ("tls-self-signed", "false", "default"),
    ] {
        assert_eq!(shown(&outcome.stdout, name), (value.to_owned(), source.to_owned()), "{name}");
    }
}

#[test]
fn the_table_shows_every_setting_and_no_secret() {
    let outcome = cairn(&["config", "show"])
        .env("CAIRN_ROOT_TOKEN", "the-secret-token-0123456789abcdefgh")
        .env("CAIRN_ROOT_PASSWORD", "the-secret-password")
        .outcome();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    assert!(!outcome.stdout.contains("secret"), "{}", outcome.stdout);
    let mut lines = outcome.stdout.lines();
    assert!(lines.next().unwrap().starts_with("NAME "));
    for line in lines {
        assert!(line.split_whitespace().count() >= 3, "a name, a value and a source: {line}");
    }
}

#[test]
fn a_wrong_setting_is_wrong_usage_and_says_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        write_file(&path, text.as_bytes());
        path.to_str().unwrap().to_owned()
    };
    let unknown = file("unknown.toml", "listen = \"127.0.0.1:1\"\nlisen = \"127.0.0.1:2\"\n");
    let value = file("value.toml", "\n\nexternal-url = \"registry\"\n");
    let missing = folder.path().join("missing.toml").to_str().unwrap().to_owned();
    for (arguments, said) in [
        (&["--listen", "here"][..], "--listen: \"here\""),
        (&["--external-url", "registry"], "--external-url: \"registry\""),
        (&["--tls-cert", "cert.pem"], "tls-cert is set but tls-key is not"),
        (&["--config", &unknown], "line 2"),
        (&["--config", &value], "line 3"),
        (&["--config", &missing], "check --config and CAIRN_CONFIG"),
        (&["--log-format", "xml"], "[possible values: text, json]"),
    ] {
        cairn(&[&["config", "show"], arguments].concat()).outcome().refused(2, said);
        cairn(&[&["serve"], arguments].concat()).current_dir(&folder).outcome().refused(2, said);
    }
    let outcome = cairn(&["config", "show"]).env("CAIRN_LISTEN", "nowhere").outcome();
    outcome.refused(2, "CAIRN_LISTEN: \"nowhere\"");
}
