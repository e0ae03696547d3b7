//! `cairn publish`: from a directory or an archive, to a server by URL or through its data directory.

use std::collections::HashSet;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use cairn::blobs::Hasher;
use cairn::domain::Role;
use serde_json::Value;

use crate::support::archive::Module;
use crate::support::server::{Outcome, ROOT_TOKEN, RunToEnd, Server, cairn, write_file};
use crate::support::world::World;

const TEXT: &str = "variable \"cidr\" {}\n";

/// A module's directory beside the server's data.
fn module(server: &Server) -> PathBuf {
    let directory = server.folder().join("module");
    fs::create_dir_all(directory.join("modules/subnet")).unwrap();
    fs::create_dir_all(directory.join(".terraform/modules")).unwrap();
    fs::create_dir_all(directory.join(".git")).unwrap();
    for (name, text) in [
        ("main.tf", TEXT),
        ("modules/subnet/main.tf", "# subnet\n"),
        ("notes.txt", "private\n"),
        (".terraformignore", "notes.txt\n"),
        (".terraform/modules/modules.json", "{}"),
        (".git/config", "[core]\n"),
        ("terraform.tfstate", "{}"),
    ] {
        write_file(&directory.join(name), text.as_bytes());
    }
    directory
}

/// `cairn publish` of `vpc/aws` into `acme/network`, with more arguments.
fn publish(server: &Server, source: &Path, version: &str, more: &[&str]) -> Outcome {
    let source = source.to_str().unwrap();
    let fixed = ["publish", source, "--project", "acme/network", "--name", "vpc", "--system", "aws"];
    server.cli(&[&fixed[..], &["--version", version], more].concat())
}

fn exists(server: &Server, path: &str) -> bool {
    match server.root().get(path).status {
        200 => true,
        404 => false,
        other => panic!("{path}: {other}"),
    }
}

#[test]
fn a_directory_is_published_without_a_token_and_what_is_missing_is_made() {
    let mut server = Server::start();
    let directory = module(&server);
    let outcome = publish(&server, &directory, "1.0.0", &[]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let host = server.address();
    assert_eq!(
        outcome.stdout,
        format!("module \"vpc\" {{\n  source  = \"{host}/acme/vpc/aws\"\n  version = \"1.0.0\"\n}}\n"),
        "the block to paste, and nothing else"
    );
    let said = &outcome.stderr;
    assert!(
        said.contains("created the private group acme\ncreated the private project acme/network\n"),
        "{said}"
    );
    assert!(said.contains("published vpc/aws 1.0.0 ("), "{said}");
    let host_block =
        format!("host \"{host}\" {{\n  services = {{ \"modules.v1\" = \"http://{host}/v1/modules/\" }}\n}}");
    assert!(said.contains(&host_block), "how to use it over plain HTTP: {said}");
    let project = server.root().get("/api/v4/projects/acme%2Fnetwork").must(200).json();
    assert_eq!(project["visibility"], "private");

    server.stop();
    let outcome = publish(&server, &directory, "1.1.0", &[]);
    assert_eq!(outcome.code, Some(0), "without a server, into its data: {outcome:?}");
    assert!(!outcome.stderr.contains("created"), "{outcome:?}");
    server.restart();
    let versions = server.root().get("/v1/modules/acme/vpc/aws/versions").must(200).json();
    assert_eq!(versions["modules"][0]["versions"].as_array().unwrap().len(), 2);
}

#[test]
fn groups_in_groups_and_personal_namespaces_are_made_or_found() {
    let server = Server::start();
    let directory = module(&server);
    server.cli_ok(&["admin", "user", "create", "ada"]);
    server.cli_ok(&["admin", "group", "create", "beta"]);
    for (project, made) in [
        ("acme/a/b/network", "created the private group acme/a/b\n"),
        ("beta/network", "created the private project beta/network\n"),
        ("ada/network", "created the private project ada/network\n"),
    ] {
        let outcome = server.cli(&[
            "publish",
            directory.to_str().unwrap(),
            "--project",
            project,
            "--name=vpc",
            "--system=aws",
            "--version=1.0.0",
        ]);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        assert!(outcome.stderr.contains(made), "{outcome:?}");
        assert!(exists(&server, &format!("/api/v4/projects/{}", project.replace('/', "%2F"))));
    }
}

/// A server in front of another one that is busy whenever it is asked something for the first time. Its address.
fn busy_at_first(behind: SocketAddr) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let mut known = HashSet::new();
        for client in listener.incoming() {
            let mut client = BufReader::new(client.unwrap());
            let (mut request, mut head) = (String::new(), String::from("Connection: close\r\n"));
            client.read_line(&mut request).unwrap();
            while !head.ends_with("\r\n\r\n") && client.read_line(&mut head).unwrap() > 0 {}
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
            let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
            client.read_exact(&mut body).unwrap();
            let mut client = client.into_inner();
            if known.insert(request.clone()) {
                let status =
                    if known.len() % 2 == 0 { "429 Too Many Requests" } else { "503 Service Unavailable" };
                let busy = "Retry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                write!(client, "HTTP/1.1 {status}\r\n{busy}").unwrap();
                continue;
            }
            let mut server = TcpStream::connect(behind).unwrap();
            server.write_all(&[request.as_bytes(), head.as_bytes(), &body].concat()).unwrap();
            io::copy(&mut server, &mut client).unwrap();
        }
    });
    address
}

#[test]
fn a_busy_server_is_asked_again_until_the_module_is_published() {
    let server = Server::start();
    let bytes = Module::of("patient").file("docs/x.md", "x".repeat(300_000)).build();
    let archive = server.folder().join("vpc.tar.gz");
    write_file(&archive, &bytes);
    let fixed = ["publish", archive.to_str().unwrap(), "--project=acme/network", "--name=vpc"];
    let url = format!("--url=http://{}", busy_at_first(server.address()));
    let target = ["--system=aws", "--version=1.0.0", &url, "--token", ROOT_TOKEN];
    let outcome = cairn(&[&fixed[..], &target].concat()).outcome();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let mut hasher = Hasher::default();
    hasher.update(&bytes);
    assert_eq!(server.blobs(), [hasher.finish().to_hex()], "the whole of it, sent twice");
}

#[test]
fn an_archive_is_published_byte_for_byte() {
    let server = Server::start();
    let bytes = Module::of("exact").file("docs/x.md", "x").build();
    let archive = server.folder().join("vpc.tar.gz");
    write_file(&archive, &bytes);
    let mut hasher = Hasher::default();
    hasher.update(&bytes);
    let outcome = publish(&server, &archive, "1.0.0", &["--json"]);
    let said: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let sha256 = hasher.finish().to_hex();
    assert_eq!(
        (said["sha256"].as_str(), said["bytes"].as_u64()),
        (Some(sha256.as_str()), Some(bytes.len() as u64))
    );
    assert_eq!((said["published"].as_bool(), said["project"].as_str()), (Some(true), Some("acme/network")));
    assert_eq!(server.blobs(), [sha256]);
}

#[test]
fn a_server_is_reached_by_its_url_with_a_token() {
    let server = Server::builder().flag("--tls-self-signed").start();
    let directory = module(&server);
    let authority = server.authority();
    let authority = authority.to_str().unwrap();
    let url = server.url();
    let with = ["--url", &url, "--token", ROOT_TOKEN];
    publish(&server, &directory, "1.0.0", &with).refused(1, "give the CA's file with --ca-file");
    publish(&server, &directory, "1.0.0", &[&with[..], &["--ca-file", "none.pem"]].concat())
        .refused(1, "cannot use the CA file none.pem");
    assert!(!exists(&server, "/api/v4/groups/acme"), "nothing was made");
    let outcome = publish(&server, &directory, "1.0.0", &[&with[..], &["--ca-file", authority]].concat());
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.contains(&format!("source  = \"{}/acme/vpc/aws\"", server.address())));
    assert!(!outcome.stderr.contains("plain HTTP"), "{outcome:?}");
    let outcome = cairn(&["publish", directory.to_str().unwrap(), "--project", "acme/network"])
        .args(["--name", "vpc", "--system", "aws", "--version", "2.0.0"])
        .env("CAIRN_URL", &url)
        .env("CAIRN_TOKEN", ROOT_TOKEN)
        .env("CAIRN_CA_FILE", authority)
        .outcome();
    assert_eq!(outcome.code, Some(0), "by the environment: {outcome:?}");
}

#[test]
fn only_an_administrators_token_makes_what_is_missing() {
    let world = World::start();
    world.group("beta").project("beta/network").user("dev", Role::Developer, "beta/network");
    let directory = module(&world.server);
    let (url, token) = (world.server.url(), world.token("dev"));
    let outcome = publish(&world.server, &directory, "1.0.0", &["--url", &url, "--token", &token]);
    outcome.refused(1, "project acme/network does not exist, or this token may not see it");
    assert!(!exists(&world.server, "/api/v4/groups/acme"));
    let own = world.server.cli(&[
        "publish",
        directory.to_str().unwrap(),
        "--project=beta/network",
        "--name=vpc",
        "--system=aws",
        "--version=1.0.0",
        "--url",
        &url,
        "--token",
        &token,
    ]);
    assert_eq!(own.code, Some(0), "{own:?}");
}

#[test]
fn a_dry_run_lists_what_would_be_packed_and_sends_nothing() {
    let server = Server::start();
    let directory = module(&server);
    let outcome = publish(&server, &directory, "1.0.0", &["--dry-run"]);
    assert_eq!(
        outcome.stdout,
        "SIZE  PATH\n10    .terraformignore\n19    main.tf\n9     modules/subnet/main.tf\n"
    );
    let json = publish(&server, &directory, "1.0.0", &["--dry-run", "--json"]).stdout;
    let rows: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(rows[1], serde_json::json!({ "path": "main.tf", "size": 19 }));
    assert!(server.blobs().is_empty());
    assert!(!exists(&server, "/api/v4/groups/acme"));
    publish(&server, &directory.join("main.tf"), "1.0.0", &["--dry-run"]).refused(2, "is not a directory");
}

#[test]
fn a_version_that_is_there_is_skipped_only_with_the_same_bytes() {
    let server = Server::start();
    let directory = module(&server);
    assert_eq!(publish(&server, &directory, "1.0.0", &["--skip-existing"]).code, Some(0));
    publish(&server, &directory, "1.0.0", &[]).refused(1, "is published with the same bytes");
    let again = publish(&server, &directory, "1.0.0", &["--skip-existing"]);
    assert_eq!(again.code, Some(0));
    assert!(again.stdout.starts_with("module \"vpc\" {\n"), "{}", again.stdout);
    assert!(
        again.stderr.contains("vpc/aws 1.0.0 is published with the same bytes: nothing to do"),
        "{}",
        again.stderr
    );
    let again = publish(&server, &directory, "1.0.0", &["--skip-existing", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&again.stdout).unwrap()["published"], false);
    write_file(&directory.join("main.tf"), b"# other\n");
    publish(&server, &directory, "1.0.0", &["--skip-existing"]).refused(1, "is published with other bytes");
    assert_eq!(server.blobs().len(), 1);
}

#[test]
fn refusals_say_what_to_do() {
    let server = Server::start();
    let directory = module(&server);
    let empty = server.folder().join("empty");
    fs::create_dir(&empty).unwrap();
    let url = server.url();
    for (source, more, said) in [
        (directory.join("nothing"), &[][..], "cannot read"),
        (empty, &[], "name the directory of a module"),
        (directory.join("main.tf"), &[], "pack the module with `tar -czf module.tar.gz -C DIR .`"),
        (
            directory.clone(),
            &["--url", &url, "--token", "wrong"],
            "token unknown or revoked: create a new one",
        ),
        (
            directory.clone(),
            &["--url", "registry", "--token", "x"],
            "give one such as https://registry.example.com",
        ),
        (directory.clone(), &["--url", "https://localhost/a", "--token", "x"], "such as https://localhost"),
        (directory.clone(), &["--url", "http://127.0.0.1:1", "--token", "x"], "check that the server runs"),
    ] {
        publish(&server, &source, "1.0.0", more).refused(1, said);
    }
    for (arguments, said) in [
        (
            ["--project", "acme/x", "--name", "a.b", "--system", "aws", "--version", "1.0.0"],
            "module name \"a.b\"",
        ),
        (
            ["--project", "acme/x", "--name", "a", "--system", "AWS", "--version", "1.0.0"],
            "use only a-z and 0-9",
        ),
        (
            ["--project", "acme/x", "--name", "a", "--system", "aws", "--version", "v1.0.0"],
            "publish it as \"1.0.0\"",
        ),
        (
            ["--project", "acme/x", "--name", "a", "--system", "aws", "--version", "1.0"],
            "'--version <VERSION>'",
        ),
        (["--project", "/x", "--name", "a", "--system", "aws", "--version", "1.0.0"], "'--project <PATH>'"),
    ] {
        let source = directory.to_str().unwrap();
        server.cli(&[&["publish", source], &arguments[..]].concat()).refused(2, said);
    }
    server.cli_ok(&["admin", "registry", "disable"]);
    publish(&server, &directory, "1.0.0", &[]).refused(1, "ask an administrator to switch it on");
    server.cli_ok(&["admin", "registry", "enable"]);
    publish(&server, &directory, "1.0.0", &[]);
    server.cli_ok(&["admin", "registry", "disable", "--project", "acme/network"]);
    publish(&server, &directory, "2.0.0", &[]).refused(1, "ask a maintainer to switch it on");
}

#[test]
fn a_url_without_a_token_is_not_taken_for_the_local_server() {
    let server = Server::start();
    let directory = module(&server);
    publish(&server, &directory, "1.0.0", &["--url", "https://registry.example.com"])
        .refused(2, "publishing to https://registry.example.com needs a token: give one with --token");
    publish(&server, &directory, "1.0.0", &["--url", "https://registry.example.com", "--token", ""])
        .refused(2, "needs a token");
    assert!(server.blobs().is_empty());
}

#[test]
fn without_a_token_and_without_data_both_ways_are_named() {
    let folder = tempfile::tempdir().unwrap();
    write_file(&folder.path().join("main.tf"), TEXT.as_bytes());
    let outcome = cairn(&["publish", ".", "--project", "acme/network", "--name", "vpc", "--system", "aws"])
        .args(["--version", "1.0.0"])
        .current_dir(&folder)
        .outcome();
    outcome.refused(1, "no token was given (--token or CAIRN_TOKEN)");
    outcome.refused(1, "there is no data directory at ./cairn-data");
}
