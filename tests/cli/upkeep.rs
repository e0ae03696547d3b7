//! `cairn verify` and `cairn gc`.

use std::fs;
use std::path::PathBuf;

use cairn::blobs::Hasher;
use serde_json::Value;

use crate::support::archive::Module;
use crate::support::server::{Server, write_file};
use crate::support::world::World;

/// A server with one published module, and the digest of its archive.
fn with_a_module() -> (World, String) {
    let world = World::start();
    world.group("acme").public_project("acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("vpc"));
    let digest = world.server.blobs().pop().unwrap();
    (world, digest)
}

fn blob_path(server: &Server, digest: &str) -> PathBuf {
    let (folder, rest) = digest.split_at(2);
    server.data().join("blobs/sha256").join(folder).join(rest)
}

/// Leaves a blob that nothing refers to. Returns its digest.
fn orphan(server: &Server, contents: &[u8]) -> String {
    let mut hasher = Hasher::default();
    hasher.update(contents);
    let digest = hasher.finish().to_hex();
    write_file(&blob_path(server, &digest), contents);
    digest
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn sound_data_is_well_with_and_without_a_server() {
    let (mut world, digest) = with_a_module();
    let size = fs::metadata(blob_path(&world.server, &digest)).unwrap().len();
    for running in [true, false] {
        if !running {
            world.server.stop();
        }
        let report = json(&world.server.cli_ok(&["verify", "--json"]));
        assert_eq!(report["wrong"], serde_json::json!([]));
        let (entries, hash) = (&report["audit"]["number"], report["audit"]["hash"].as_str().unwrap());
        assert_eq!(
            world.server.cli_ok(&["verify"]),
            format!(
                "audit log: {entries} entries, the last with hash {hash}\n1 packages, 1 blobs, {size} bytes checked: \
                 all is well\n"
            )
        );
    }
}

#[test]
fn a_flipped_bit_is_named_and_fails() {
    let (mut world, digest) = with_a_module();
    let path = blob_path(&world.server, &digest);
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    write_file(&path, &bytes);
    for running in [true, false] {
        if !running {
            world.server.stop();
        }
        let outcome = world.server.cli(&["verify"]);
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        assert!(outcome.stdout.starts_with(&format!("wrong: blob {digest} ")), "{outcome:?}");
        assert!(outcome.stdout.ends_with("bytes checked: 1 wrong\n"), "{outcome:?}");
        let report = world.server.cli(&["verify", "--json"]);
        assert_eq!((report.code, json(&report.stdout)["wrong"].as_array().unwrap().len()), (Some(1), 1));
    }
}

#[test]
fn a_missing_blob_is_named_and_fails() {
    let (world, digest) = with_a_module();
    fs::remove_file(blob_path(&world.server, &digest)).unwrap();
    let outcome = world.server.cli(&["verify"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(
        outcome.stdout.contains(&format!("wrong: blob {digest} of vpc-aws-1.0.0.tgz is missing")),
        "{outcome:?}"
    );
}

#[test]
fn an_orphan_is_reported_but_not_wrong() {
    let (world, _) = with_a_module();
    let digest = orphan(&world.server, b"left behind");
    let said = world.server.cli_ok(&["verify"]);
    let line = format!("orphan: blob {digest} (11 bytes) is not referred to; `cairn gc` deletes it\n");
    assert!(said.starts_with(&line) && said.ends_with("all is well\n"), "{said}");
}

#[test]
fn garbage_is_collected_after_its_grace_and_never_by_a_dry_run() {
    let (mut world, kept) = with_a_module();
    for running in [true, false] {
        if !running {
            world.server.stop();
        }
        let garbage = orphan(&world.server, b"left behind");
        let path = blob_path(&world.server, &garbage);
        assert_eq!(world.server.cli_ok(&["gc"]), "0 blobs, 0 bytes deleted\n", "it is too young");
        assert_eq!(
            world.server.cli_ok(&["gc", "--grace", "0", "--dry-run"]),
            format!("{garbage}  11 bytes\n1 blobs, 11 bytes would be deleted\n")
        );
        assert!(path.exists(), "a dry run deletes nothing");
        let report = json(&world.server.cli_ok(&["gc", "--grace", "0", "--json"]));
        assert_eq!(report["bytes"], 11);
        assert_eq!(report["blobs"][0]["sha256"], garbage.as_str());
        assert!(!path.exists());
        assert!(blob_path(&world.server, &kept).exists(), "what a package refers to stays");
        world.server.cli_ok(&["verify"]);
    }
    world.server.cli(&["gc", "--grace", "soon"]).refused(2, "--grace <SECONDS>");
}
