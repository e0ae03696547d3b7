//! `cairn backup`: what is in the copy, what becomes of the original, and what is refused.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::support::archive::Module;
use crate::support::server::{RunToEnd as _, Server, cairn, write_file};
use crate::support::world::World;

/// A server with two published modules.
fn with_modules() -> World {
    let world = World::start();
    world.group("acme").public_project("acme/network");
    for name in ["vpc", "dns"] {
        world.publish("acme/network", &format!("{name}/aws"), "1.0.0", Module::of(name));
    }
    world
}

/// Where a backup goes.
fn backup_of(world: &World) -> PathBuf {
    world.server.folder().join("backup")
}

fn make(world: &World) -> Value {
    let directory = backup_of(world);
    let report = world.server.cli_ok(&["--json", "backup", directory.to_str().unwrap()]);
    serde_json::from_str(&report).unwrap()
}

fn blob_path(data: &std::path::Path, digest: &str) -> PathBuf {
    let (folder, rest) = digest.split_at(2);
    data.join("blobs/sha256").join(folder).join(rest)
}

fn archive(world: &World, name: &str) -> Vec<u8> {
    let target = format!("/api/v4/packages/terraform/modules/v1/acme/{name}/aws/1.0.0/download");
    let place = world.anonymous().get(&target).must(204);
    world.anonymous().get(place.header("x-terraform-get").unwrap()).must(200).body
}

#[test]
fn a_backup_of_a_running_server_serves_what_it_had_and_nothing_later() {
    let mut world = with_modules();
    let (vpc, dns) = (archive(&world, "vpc"), archive(&world, "dns"));
    let report = make(&world);
    assert_eq!((&report["packages"], &report["blobs"]), (&2.into(), &2.into()), "{report}");
    assert_eq!(report["bytes"], vpc.len() + dns.len());
    // The original goes on: what changes there is not in the backup, and what is deleted there stays in it.
    world.publish("acme/network", "late/aws", "1.0.0", Module::of("late"));
    world.delete_package("acme/network", "vpc/aws", "1.0.0");
    world.server.cli_ok(&["gc", "--grace", "0"]);
    assert_eq!(world.server.blobs().len(), 2);
    assert_eq!(world.server.staged_files(), Vec::<PathBuf>::new(), "the copy was taken away");

    world.server.stop();
    fs::remove_dir_all(world.server.data()).unwrap();
    fs::rename(backup_of(&world), world.server.data()).unwrap();
    world.server.restart();
    assert_eq!((archive(&world, "vpc"), archive(&world, "dns")), (vpc, dns));
    assert_eq!(
        world.packages("acme/network").len(),
        2,
        "the token of before is good, and nothing came later"
    );
    let verified = world.server.cli_ok(&["verify"]);
    assert!(verified.contains("2 packages, 2 blobs") && verified.ends_with("all is well\n"), "{verified}");
    world.publish("acme/network", "late/aws", "1.0.0", Module::of("late"));
}

#[test]
fn a_backup_is_whole_whatever_is_published_deleted_and_collected_meanwhile() {
    let world = with_modules();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for name in ["one", "two"] {
            let (world, is_over) = (&world, &is_over);
            scope.spawn(move || {
                let module = format!("{name}/aws");
                for round in 0.. {
                    let text = format!("{name} {round}");
                    world.publish("acme/network", &module, "1.0.0", Module::of(&text));
                    world.delete_package("acme/network", &module, "1.0.0");
                    world.server.cli_ok(&["gc", "--grace", "0"]);
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
        }
        for number in 0..5 {
            let backup = world.server.folder().join(format!("backup-{number}"));
            let outcome = world.server.cli(&["backup", backup.to_str().unwrap()]);
            let verified = cairn(&["verify", "--data-dir", backup.to_str().unwrap()]).outcome();
            if (outcome.code, verified.code) != (Some(0), Some(0)) {
                is_over.store(true, Ordering::Relaxed);
                panic!("{outcome:?}, {verified:?}");
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_backup_is_made_without_a_server_too_and_is_for_its_owner_alone() {
    let mut world = with_modules();
    world.server.stop();
    let said = world.server.cli_ok(&["backup", backup_of(&world).to_str().unwrap()]);
    assert!(said.contains("backup: 2 packages, 2 archives, "), "{said}");
    assert_eq!(fs::metadata(backup_of(&world)).unwrap().permissions().mode() & 0o777, 0o700);
    let verified = cairn(&["verify", "--data-dir", backup_of(&world).to_str().unwrap()]).outcome();
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let left: Vec<_> = fs::read_dir(world.server.folder()).unwrap().map(|entry| entry.unwrap()).collect();
    assert!(left.iter().all(|entry| !entry.file_name().to_string_lossy().starts_with(".cairn-backup")));
}

#[test]
fn archives_of_one_file_system_take_no_room_twice() {
    let world = with_modules();
    assert_eq!(make(&world)["copied"], 0);
    let digest = &world.server.blobs()[0];
    let number = |data: &std::path::Path| fs::metadata(blob_path(data, digest)).unwrap().ino();
    assert_eq!(number(world.server.data()), number(&backup_of(&world)));
}

#[test]
fn the_authority_that_clients_trust_is_in_the_backup() {
    let server = Server::builder().flag("--tls-self-signed").start();
    let backup = server.folder().join("backup");
    server.cli_ok(&["backup", backup.to_str().unwrap()]);
    for name in ["ca.pem", "cert.pem", "key.pem"] {
        let (from, to) = (server.data().join("tls").join(name), backup.join("tls").join(name));
        assert_eq!(fs::read(&from).unwrap(), fs::read(&to).unwrap());
        assert_eq!(fs::metadata(&from).unwrap().mode(), fs::metadata(&to).unwrap().mode());
    }
}

#[test]
fn a_missing_archive_is_named_and_the_rest_is_there() {
    let world = with_modules();
    let digest = world.server.blobs().remove(0);
    fs::remove_file(blob_path(world.server.data(), &digest)).unwrap();
    let outcome = world.server.cli(&["backup", backup_of(&world).to_str().unwrap()]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains(&format!("wrong: blob {digest} of ")), "{outcome:?}");
    assert!(outcome.stdout.contains("2 packages, 1 archives"), "{outcome:?}");
}

#[test]
fn a_directory_that_is_used_or_inside_the_data_is_refused_and_left_alone() {
    let world = with_modules();
    let used = world.server.folder().join("used");
    fs::create_dir(&used).unwrap();
    write_file(&used.join("notes"), b"mine");
    let inside = world.server.data().join("backup");
    let nowhere = world.server.folder().join("no/such/folder");
    for (directory, said) in [
        (&used, "is not empty: name a directory that does not exist yet"),
        (&inside, "is inside the data directory: name a directory outside it"),
        (&nowhere, "cannot use "),
    ] {
        world.server.cli(&["backup", directory.to_str().unwrap()]).refused(1, said);
    }
    assert_eq!(fs::read(used.join("notes")).unwrap(), b"mine");
    assert!(!inside.exists() && !nowhere.exists());
    let empty = world.server.folder().join("empty");
    fs::create_dir(&empty).unwrap();
    world.server.cli_ok(&["backup", empty.to_str().unwrap()]);
}
