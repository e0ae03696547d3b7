//! `kill -9` at any moment, also while it starts for the first time: what a client was told is there stays there.
//!
//! `CAIRN_KILLS` sets how often the server is killed while it is being written to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::archives::Module;
use crate::disk::Dice;
use crate::server::{Client, Server, serve, verify};

/// Kills when nothing else is said.
const KILLS: u64 = 30;
/// Clients that publish at once.
const CLIENTS: u64 = 4;

/// An archive that says which version it is, of some size that does not compress.
pub(crate) fn module(name: &str, version: &str, padding: u64) -> Vec<u8> {
    let mut dice = Dice::new(padding);
    let noise: Vec<u8> = (0..padding / 8).flat_map(|_| dice.roll().to_le_bytes()).collect();
    Module::new().file("main.tf", format!("# {name} {version}\n")).file("noise.bin", noise).build()
}

#[derive(Debug, Default)]
struct Told {
    /// Acknowledged: name, version and bytes.
    acknowledged: BTreeMap<(String, String), Vec<u8>>,
    /// Sent, and the answer never came.
    open: BTreeMap<(String, String), Vec<u8>>,
}

/// Publishes until the connection breaks.
fn publish_until_killed(client: &Client, number: u64, round: u64, acknowledged: &AtomicUsize) -> Told {
    let (mut told, name) = (Told::default(), format!("m{number}"));
    for patch in 0u64.. {
        let version = format!("1.{round}.{patch}");
        let bytes = module(&name, &version, (patch % 5) * 20_000 + number);
        match client.publish(&name, &version, &bytes) {
            Ok(201) => {
                told.acknowledged.insert((name.clone(), version), bytes);
                acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Ok(status) => panic!("{name} {version}: {status}"),
            Err(_killed) => {
                told.open.insert((name.clone(), version), bytes);
                break;
            }
        }
    }
    told
}

/// Starts the server and kills it so soon that it is somewhere in its start.
fn kill_while_starting(data_dir: &std::path::Path, delay: Duration) {
    let mut child = serve(data_dir).spawn().expect("it starts");
    std::thread::sleep(delay);
    child.kill().expect("it is ours");
    child.wait().expect("it ends");
}

#[test]
fn whatever_was_acknowledged_before_a_kill_is_there_after_it_and_nothing_else_half() {
    let kills = std::env::var_os("CAIRN_KILLS").and_then(|text| text.to_str()?.parse().ok()).unwrap_or(KILLS);
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let (mut told, mut dice) = (Told::default(), Dice::new(11));
    for round in 0..kills {
        if dice.below(3) == 0 {
            kill_while_starting(&data, Duration::from_micros(dice.below(40_000)));
        }
        let server = Server::start(serve(&data)).expect("it starts after any kill");
        let client = Client::of(&server);
        if round == 0 {
            client.set_up();
        }
        let (acknowledged, enough) = (AtomicUsize::new(0), 1 + dice.below(12));
        std::thread::scope(|scope| {
            let running: Vec<_> = (0..CLIENTS)
                .map(|number| {
                    let (client, acknowledged) = (&client, &acknowledged);
                    scope.spawn(move || publish_until_killed(client, number, round, acknowledged))
                })
                .collect();
            while (acknowledged.load(Ordering::Relaxed) as u64) < enough
                && running.iter().all(|one| !one.is_finished())
            {
                std::thread::yield_now();
            }
            server.kill();
            for one in running {
                let mut new = one.join().expect("every answer was 201");
                told.acknowledged.append(&mut new.acknowledged);
                told.open.append(&mut new.open);
            }
        });
    }
    assert!(told.acknowledged.len() as u64 >= kills, "{} versions", told.acknowledged.len());

    let server = Server::start(serve(&data)).expect("it starts after any kill");
    let client = Client::of(&server);
    for ((name, version), bytes) in &told.acknowledged {
        let (status, body) = client.download(name, version).expect("it answers");
        assert!(status == 200 && body == *bytes, "{name} {version}: {status}, {} bytes", body.len());
    }
    for number in 0..CLIENTS {
        let name = format!("m{number}");
        for version in client.versions(&name) {
            let key = (name.clone(), version.clone());
            let sent = told.acknowledged.get(&key).or_else(|| told.open.get(&key)).expect("it was sent");
            let (status, body) = client.download(&name, &version).expect("it answers");
            assert!(status == 200 && body == *sent, "{name} {version} is listed and whole");
        }
    }
    verify(&data);
    assert!(server.stop(), "it leaves in order");
    verify(&data);
    assert_eq!(std::fs::read_dir(data.join("tmp")).expect("readable").count(), 0, "no left-over uploads");
}

#[test]
fn a_first_start_that_is_killed_can_be_repeated() {
    for step in 0..12u64 {
        let dir = tempfile::tempdir().expect("a folder");
        let data = dir.path().join("data");
        kill_while_starting(&data, Duration::from_millis(step * 3));
        kill_while_starting(&data, Duration::from_millis(30 - step * 2));
        let server =
            Server::start(serve(&data)).unwrap_or_else(|error| panic!("killed at step {step}: {error}"));
        let client = Client::of(&server);
        client.set_up();
        let bytes = module("vpc", "1.0.0", 0);
        assert_eq!(client.publish("vpc", "1.0.0", &bytes).expect("it answers"), 201);
        assert!(server.stop(), "it leaves in order");
        verify(&data);
    }
}
