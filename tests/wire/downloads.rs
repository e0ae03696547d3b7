//! Downloads byte for byte, over TCP, where the system sends the file by itself, and over TLS, where it is read.

use std::fs;

use crate::ROOT_TOKEN;
use crate::support::archive::Module;
use crate::support::client::{Client, Response};
use crate::support::eventually;
use crate::support::server::{Server, write_file};
use crate::support::wire::Wire;
use crate::support::world::World;

const TARGET: &str = "/api/v4/projects/acme%2Fnetwork/packages/terraform/modules/vpc/aws/1.0.0";

/// A world with an archive of more than five MiB, more than a socket takes at once, and its bytes.
fn published() -> (World, Vec<u8>) {
    let builder = Server::builder().flag("--tls-self-signed").flag("--listen-http=127.0.0.1:0");
    let world = World::on(builder);
    let archive = Module::of("one").file("noise", noise(5_300_000)).build();
    assert!(archive.len() > 5 * 1024 * 1024);
    world.group("acme").project("acme/network").publish("acme/network", "vpc/aws", "1.0.0", archive.clone());
    (world, archive)
}

/// Bytes that do not compress.
pub(crate) fn noise(count: usize) -> Vec<u8> {
    let mut state = 11_u32;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(count)
    .collect()
}

fn plain(world: &World) -> Client {
    Client::new(world.server.addresses()[1].1).token(ROOT_TOKEN)
}

fn request(method: &str, headers: &str) -> String {
    format!("{method} {TARGET} HTTP/1.1\r\nHost: x\r\nPRIVATE-TOKEN: {ROOT_TOKEN}\r\n{headers}\r\n")
}

#[track_caller]
fn assert_bytes(found: &Response, expected: &[u8], situation: &str) {
    assert_eq!(found.header("content-length"), Some(expected.len().to_string().as_str()), "{situation}");
    // Not `assert_eq`: a message of five MiB helps nobody.
    assert!(found.body == expected, "{situation}: other bytes");
}

#[test]
fn every_part_of_an_archive_is_its_own_bytes() {
    let (world, archive) = published();
    let size = archive.len();
    let mib = 1024 * 1024;
    for (transport, client) in [("TCP", plain(&world)), ("TLS", world.root())] {
        let whole = client.get(TARGET).must(200);
        assert_bytes(&whole, &archive, transport);
        for (from, to) in [
            (0, 1),
            (0, mib),
            (0, mib + 1),
            (1, 100),
            (mib - 1, mib + 1),
            (mib, 3 * mib),
            (4095, 4097),
            (65_535, size - 1),
            (size - mib, size),
            (size - 1, size),
        ] {
            let part = client.with("Range", &format!("bytes={from}-{}", to - 1)).get(TARGET).must(206);
            assert_bytes(&part, &archive[from..to], &format!("{transport}, {from} to {to}"));
            assert_eq!(
                part.header("content-range"),
                Some(format!("bytes {from}-{}/{size}", to - 1).as_str()),
                "{transport}"
            );
        }
        assert_eq!(client.head(TARGET).must(200).body, b"", "{transport}");
    }
}

#[test]
fn answers_on_one_connection_follow_each_other_without_a_byte_between() {
    let (world, archive) = published();
    let etag = plain(&world).head(TARGET).must(200).header("etag").unwrap().to_owned();
    let requests = [
        request("GET", "Range: bytes=5-9\r\n"),
        request("GET", ""),
        request("HEAD", ""),
        request("GET", &format!("If-None-Match: {etag}\r\n")),
        request("GET", "Range: bytes=9999999-\r\n"),
        request("GET", "Range: bytes=1000000-\r\n"),
        "GET /-/health HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        request("GET", ""),
        request("GET", "Range: bytes=0-0\r\nConnection: close\r\n"),
    ];
    for (transport, client) in [("TCP", plain(&world)), ("TLS", world.root())] {
        let everything = client.exchange(requests.concat().as_bytes());
        let mut rest = &everything[..];
        let mut next = |to_head| {
            let (answer, behind) = Response::parse_one(rest, to_head).unwrap();
            rest = behind;
            answer
        };
        assert_bytes(&next(false).must(206), &archive[5..10], transport);
        assert_bytes(&next(false).must(200), &archive, transport);
        assert_eq!(next(true).must(200).body, b"");
        next(true).must(304);
        next(false).must(416);
        assert_bytes(&next(false).must(206), &archive[1_000_000..], transport);
        next(false).must(200);
        assert_bytes(&next(false).must(200), &archive, transport);
        assert_bytes(&next(false).must(206), &archive[..1], transport);
        assert!(rest.is_empty(), "{transport}: bytes behind the last answer");
    }
}

#[test]
fn many_readers_of_one_archive_each_get_all_of_it() {
    let (world, archive) = published();
    std::thread::scope(|scope| {
        for reader in 0..12 {
            let (client, archive) = (if reader % 3 == 0 { world.root() } else { plain(&world) }, &archive);
            scope.spawn(move || {
                let from = reader * 1000;
                let part = client.with("Range", &format!("bytes={from}-")).get(TARGET).must(206);
                assert_bytes(&part, &archive[from..], "a reader");
            });
        }
    });
}

#[test]
fn an_archive_that_is_not_in_memory_is_brought_there() {
    let (world, archive) = published();
    let digest = world.server.blobs().remove(0);
    let path = world.server.data().join("blobs/sha256").join(&digest[..2]).join(&digest[2..]);
    for client in [plain(&world), world.root()] {
        let file = fs::File::open(&path).unwrap();
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
        assert_bytes(&client.get(TARGET).must(200), &archive, "from the disk");
    }
}

#[test]
fn an_archive_that_is_deleted_while_it_is_read_is_read_to_the_end_and_then_gone() {
    let (world, archive) = published();
    let mut wire = Wire::open(world.server.addresses()[1].1);
    // More than the sockets between the two hold: the server is in the middle of it until this reads.
    wire.send(request("GET", "").repeat(4));
    assert_bytes(&wire.answer().unwrap().must(200), &archive, "before");
    world.delete_package("acme/network", "vpc/aws", "1.0.0");
    world.server.cli_ok(&["gc", "--grace", "0"]);
    assert!(world.server.blobs().is_empty());
    // The answers that had begun are whole; those that had not are refusals.
    for answer in std::iter::from_fn(|| wire.answer()).take(3) {
        match answer.status {
            200 => assert_bytes(&answer, &archive, "after"),
            status => assert_eq!(status, 404),
        }
    }
    plain(&world).get(TARGET).must(404);
    let files = format!("/proc/{}/fd", world.server.pid());
    eventually("the deleted file is closed", || {
        let open =
            fs::read_dir(&files).unwrap().filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
        !open.into_iter().any(|path| path.to_string_lossy().contains("/blobs/"))
    });
}

#[test]
fn a_blob_that_lost_its_end_is_never_sent_as_if_it_were_whole() {
    let (world, archive) = published();
    let digest = world.server.blobs().remove(0);
    let path = world.server.data().join("blobs/sha256").join(&digest[..2]).join(&digest[2..]);
    // As a bad restore would leave it.
    fs::remove_file(&path).unwrap();
    write_file(&path, &archive[..archive.len() - 1]);
    for client in [plain(&world), world.root()] {
        assert_eq!(client.get(TARGET).status, 500);
    }
}
