//! Precedence and conflicts of settings, from every source.

use std::io::Write as _;

use clap::Parser;
use secrecy::ExposeSecret as _;

use super::*;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    serve: ServeArgs,
}

/// Loads the configuration of a command line, environment variables and the text of a file.
fn load(flags: &[&str], environment: &[(&str, &str)], file: &str) -> Result<Config, String> {
    let mut on_disk = tempfile::NamedTempFile::new().unwrap();
    on_disk.write_all(file.as_bytes()).unwrap();
    let path = on_disk.path().display().to_string();
    let mut line = vec!["cairn"];
    line.extend(flags);
    let serve = Command::try_parse_from(line).map_err(|error| error.to_string())?.serve;
    let environment: Vec<_> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(&serve, &move |name| {
        if name == "CAIRN_CONFIG" {
            return Some(path.clone());
        }
        environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    })
    .map_err(|error| error.to_string())
}

/// Name; flag and its value; the same from the environment; the same from the file; the default.
const EVERY_SETTING: [(&str, &[&str], &str, &str, &str); 13] = [
    ("data-dir", &["--data-dir", "/flag"], "/env", "\"/file\"", "./cairn-data"),
    (
        "listen",
        &["--listen", "[::1]:1", "--listen", "[::1]:2"],
        "[::1]:3, [::1]:4",
        "[\"[::1]:5\"]",
        "127.0.0.1:8080",
    ),
    ("listen-http", &["--listen-http", "[::1]:1"], "[::1]:3", "\"[::1]:5\"", ""),
    ("external-url", &["--external-url", "http://flag"], "http://env", "\"http://file\"", ""),
    ("trusted-proxy", &["--trusted-proxy", "10.0.0.1"], "10.0.0.2,10.0.0.3", "[\"10.0.0.4\"]", ""),
    ("tls-cert", &["--tls-cert", "flag", "--tls-key", "k"], "env", "\"file\"\ntls-key = \"k\"", ""),
    ("tls-key", &["--tls-key", "flag", "--tls-cert", "c"], "env", "\"file\"\ntls-cert = \"c\"", ""),
    ("tls-self-signed", &["--tls-self-signed"], "yes", "true", "false"),
    ("disable-registry", &["--disable-registry"], "1", "true", "false"),
    ("log-format", &["--log-format", "json"], "json", "\"json\"", "text"),
    ("log-level", &["--log-level", "error"], "warn", "\"debug\"", "info"),
    ("metrics-allow", &["--metrics-allow", "10.0.0.0/8"], "11.0.0.0/8", "\"12.0.0.0/8\"", ""),
    ("webhook-allow", &["--webhook-allow", "10.0.0.0/8"], "11.0.0.0/8", "\"12.0.0.0/8\"", ""),
];

fn row(config: &Config, name: &str) -> (String, String) {
    let row = config.rows().into_iter().find(|row| row.name == name).unwrap();
    (row.value, row.source)
}

#[test]
fn a_flag_beats_the_environment_the_environment_the_file_and_the_file_the_default() {
    for (name, flags, env, file, default) in EVERY_SETTING {
        let variable = layers::variable(name);
        let env = [(variable.as_str(), env), ("CAIRN_LOG_FORMAT", "json")];
        let file = format!("{name} = {file}");
        let by_flag = row(&load(flags, &env, &file).unwrap(), name);
        let by_env = row(&load(&[], &env, &file).unwrap(), name);
        let by_file = row(&load(&[], &[], &file).unwrap(), name);
        let by_default = row(&load(&[], &[], "").unwrap(), name);
        assert_eq!(by_flag.1, "flag", "{name}");
        assert_eq!(by_env.1, format!("environment {variable}"), "{name}");
        assert!(by_file.1.starts_with("file /"), "{name}: {}", by_file.1);
        assert_eq!(by_default, (default.to_owned(), "default".to_owned()), "{name}");
        assert_ne!(by_flag.0, default, "{name}");
        assert_ne!(by_env.0, default, "{name}");
        assert_ne!(by_file.0, default, "{name}");
    }
}

#[test]
fn the_table_of_settings_is_complete() {
    let tested = EVERY_SETTING.map(|setting| setting.0);
    let rows = load(&[], &[], "").unwrap().rows();
    let shown: Vec<_> = rows.iter().map(|row| row.name).collect();
    let in_file_only = |name: &str| name.starts_with("limits.") || name.starts_with("ci.");
    let expected: Vec<_> =
        shown.iter().copied().filter(|name| *name != "config" && !in_file_only(name)).collect();
    assert_eq!(tested.as_slice(), expected.as_slice());
}

#[test]
fn lists_are_replaced_not_joined_and_commas_separate_them_in_the_environment() {
    let env = [("CAIRN_LISTEN", "[::1]:3, [::1]:4,")];
    let file = "listen = [\"[::1]:5\"]";
    assert_eq!(row(&load(&[], &env, file).unwrap(), "listen").0, "[::1]:3,[::1]:4");
    let flags = ["--listen", "[::1]:1", "--listen", "[::1]:2"];
    assert_eq!(row(&load(&flags, &env, file).unwrap(), "listen").0, "[::1]:1,[::1]:2");
}

#[test]
fn a_switch_can_be_turned_off_again_by_a_higher_layer() {
    let env = [("CAIRN_DISABLE_REGISTRY", "true")];
    let config = load(&["--disable-registry=false"], &env, "disable-registry = true").unwrap();
    assert!(!*config.disable_registry);
}

#[test]
fn an_empty_environment_variable_counts_as_absent() {
    let config = load(&[], &[("CAIRN_EXTERNAL_URL", ""), ("CAIRN_ROOT_TOKEN", "")], "").unwrap();
    assert_eq!(config.external_url.source, Source::Default);
    assert!(config.root_token.is_none());
}

#[test]
fn limits_come_from_the_file_and_reach_the_limits_they_are_named_after() {
    let config = load(
        &[],
        &[],
        "[limits]\nupload-bytes = 1\nunpacked-bytes = \"3KiB\"\nentry-bytes = 3\nentries = 4\nratio = 5\n\
         ratio-free-bytes = 6\nuploads = 7\nconnections = 8",
    )
    .unwrap();
    let archive = ArchiveLimits {
        compressed_bytes: 1,
        unpacked_bytes: 3072,
        entry_bytes: 3,
        entries: 4,
        ratio: 5,
        ratio_free_bytes: 6,
        ..ArchiveLimits::default()
    };
    assert_eq!(config.archive_limits(), archive);
    assert_eq!((config.http_limits().uploads, config.http_limits().connections), (7, 8));
    let defaults = load(&[], &[], "").unwrap();
    assert_eq!(defaults.archive_limits(), ArchiveLimits::default());
    assert_eq!(defaults.http_limits(), HttpLimits::default());
}

#[test]
fn settings_that_do_not_go_together_are_refused_with_words_to_act_on() {
    let cases: [(&str, &[&str], &str, &str); 9] = [
        ("a certificate without a key", &["--tls-cert", "c"], "", "tls-key is not"),
        ("a key without a certificate", &["--tls-key", "k"], "", "tls-cert is not"),
        ("an own authority and a certificate", &["--tls-self-signed", "--tls-cert", "c"], "", "excludes"),
        (
            "the same address twice",
            &["--listen", "[::1]:1", "--listen-http", "[::1]:1"],
            "",
            "[::1]:1 is listed",
        ),
        ("no address at all", &[], "listen = []", "no address"),
        ("an entry larger than the whole", &[], "[limits]\nunpacked-bytes = 10", "limits.entry-bytes"),
        ("more uploads than connections", &[], "[limits]\nconnections = 2", "limits.uploads"),
        ("a bad flag", &["--listen", "here"], "", "--listen: \"here\""),
        ("a bad file", &[], "colour = true", "is not valid"),
    ];
    for (situation, flags, file, words) in cases {
        let error = load(flags, &[], file).expect_err(situation);
        assert!(error.contains(words), "{situation}: {error}");
    }
    let error = load(&[], &[("CAIRN_TRUSTED_PROXY", "10.0.0.0/8,me")], "").unwrap_err();
    assert!(error.contains("CAIRN_TRUSTED_PROXY: \"me\""), "{error}");
    let error = load(&["--external-url", "https://me:secret@r.example"], &[], "").unwrap_err();
    assert!(error.contains("r.example") && !error.contains("secret"), "{error}");
    let missing = ServeArgs { config: Some("/no/such/file".to_owned()), ..ServeArgs::default() };
    let error = Config::load(&missing, &|_| None).unwrap_err().to_string();
    assert!(error.contains("/no/such/file") && error.contains("--config"), "{error}");
}

#[test]
fn any_free_port_may_be_asked_for_twice() {
    load(&["--listen", "127.0.0.1:0", "--listen-http", "127.0.0.1:0"], &[], "").unwrap();
}

#[test]
fn secrets_are_read_but_never_shown() {
    let secret = "a-password-nobody-else-has";
    let config = load(&[], &[("CAIRN_ROOT_PASSWORD", secret), ("CAIRN_ROOT_TOKEN", secret)], "").unwrap();
    assert_eq!(config.root_password.as_ref().unwrap().expose_secret(), secret);
    assert_eq!(config.root_token.as_ref().unwrap().expose_secret(), secret);
    assert!(!format!("{:?} {config:?}", config.rows()).contains(secret));
}

#[test]
fn the_source_of_tls_follows_the_settings() {
    assert_eq!(load(&[], &[], "").unwrap().tls(), TlsSource::None);
    assert_eq!(load(&["--tls-self-signed"], &[], "").unwrap().tls(), TlsSource::SelfSigned);
    let files = load(&["--tls-cert", "c", "--tls-key", "k"], &[], "").unwrap().tls();
    assert_eq!(files, TlsSource::Files { cert: "c".into(), key: "k".into() });
}
