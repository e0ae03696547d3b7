//! A disk that is really full: a small tmpfs of our own. Uploads are refused as such, reads go on, and once there is
//! room again everything works without a restart.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::kill::module;
use crate::server::{Client, Server, described, verify};

/// Insufficient Storage (RFC 4918).
const FULL: u16 = 507;
/// The database is being reopened.
const TRY_AGAIN: u16 = 503;

/// A server whose data directory is `disk` in a name space of its own, with a file of ballast beside it. Nothing where
/// the system does not allow that.
fn on_a_small_disk(disk: &Path) -> Option<Server> {
    let script = "mount -t tmpfs -o size=16m none \"$1\" && head -c 4m /dev/zero > \"$1/ballast\" && exec \"$2\" \
                  serve --listen 127.0.0.1:0 --data-dir \"$1/data\"";
    let mut attempt = Command::new("unshare");
    attempt.args(["-rm", "sh", "-c", "mount -t tmpfs none \"$1\"", "sh"]).arg(disk);
    if !attempt.output().is_ok_and(|output| output.status.success()) {
        // Shown with the test's output, which is the place where somebody asks why nothing was tested.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: this system does not let us mount a tmpfs in a name space of our own (unshare -rm)"
        );
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", script, "sh"]).arg(disk).arg(env!("CARGO_BIN_EXE_cairn"));
    described(&mut command);
    Some(Server::start(command).expect("it starts on a small disk"))
}

/// Publishes new versions of a size until one is refused for want of room.
fn fill(client: &Client, name: &str, size: u64, published: &mut BTreeMap<(String, String), Vec<u8>>) {
    for patch in 0..5000 {
        let version = format!("1.0.{patch}");
        let bytes = module(name, &version, size + patch);
        match client.publish(name, &version, &bytes).expect("it answers") {
            201 => {
                published.insert((name.to_owned(), version), bytes);
            }
            FULL => return,
            TRY_AGAIN => {}
            status => panic!("{name} {version}: {status}"),
        }
    }
    panic!("the disk never filled up");
}

fn all_there(client: &Client, published: &BTreeMap<(String, String), Vec<u8>>) {
    for ((name, version), bytes) in published {
        let (status, body) = client.download(name, version).expect("it answers");
        assert!(status == 200 && body == *bytes, "{name} {version}: {status}");
    }
}

#[test]
fn a_full_disk_refuses_uploads_serves_reads_and_heals_without_a_restart() {
    let mount = tempfile::tempdir().expect("a folder");
    let Some(server) = on_a_small_disk(mount.path()) else { return };
    let inside = PathBuf::from(format!("/proc/{}/root", server.id()))
        .join(mount.path().strip_prefix("/").expect("an absolute path"));
    let (client, mut published) = (Client::of(&server), BTreeMap::new());
    client.set_up();
    fill(&client, "large", 400_000, &mut published);
    fill(&client, "middle", 20_000, &mut published);
    fill(&client, "small", 0, &mut published);
    assert!(published.len() > 20, "{} versions fit", published.len());
    all_there(&client, &published);
    assert_eq!(
        std::fs::read_dir(inside.join("data/tmp")).expect("readable").count(),
        0,
        "nothing is left behind"
    );

    std::fs::remove_file(inside.join("ballast")).expect("it is there");
    let (end, bytes) = (Instant::now() + Duration::from_secs(20), module("after", "1.0.0", 100_000));
    loop {
        match client.publish("after", "1.0.0", &bytes).expect("it answers") {
            201 => break,
            TRY_AGAIN if Instant::now() < end => std::thread::sleep(Duration::from_millis(10)),
            status => panic!("with room again: {status}"),
        }
    }
    published.insert(("after".to_owned(), "1.0.0".to_owned()), bytes);
    all_there(&client, &published);
    assert_eq!(
        verify(&inside.join("data"))["orphans"],
        serde_json::json!([]),
        "refused uploads leave no blobs"
    );
    assert!(server.stop(), "it leaves in order");
}
