//! Request bodies: framing that lies, and clients that stop in the middle.

use serde_json::Value;

use crate::support::archive::Module;
use crate::support::eventually;
use crate::support::wire::Wire;
use crate::support::world::World;
use crate::{SENTINEL, upload};

fn acme() -> World {
    let world = World::start();
    world.group("acme").project("acme/network");
    world
}

#[track_caller]
fn nothing_was_stored(world: &World) {
    assert_eq!(world.packages("acme/network"), Vec::<Value>::new());
    eventually("no staged upload is left", || world.server.staged_files().is_empty());
    assert!(world.server.blobs().is_empty());
}

/// The archive as chunks of which one is written badly.
fn badly_chunked(size: &str, line_end: &str) -> Vec<u8> {
    let archive = Module::of("one").build();
    let size = size.replace("SIZE", &format!("{:x}", archive.len()));
    [format!("{size}{line_end}").as_bytes(), &archive, b"\r\n0\r\n\r\n"].concat()
}

#[test]
fn chunks_are_read_strictly() {
    let world = acme();
    let long_extension = format!("SIZE;{}", "x".repeat(64 * 1024));
    for (situation, size, line_end) in [
        ("a size beyond 64 bits", "FFFFFFFFFFFFFFFFF", "\r\n"),
        ("a size of 2^64-1", "FFFFFFFFFFFFFFFF", "\r\n"),
        ("a size with 0x", "0xSIZE", "\r\n"),
        ("a size with a sign", "+SIZE", "\r\n"),
        ("a negative size", "-SIZE", "\r\n"),
        ("a word for a size", "many", "\r\n"),
        ("no size", "", "\r\n"),
        ("a size line that ends in LF alone", "SIZE", "\n"),
        ("an extension that ends in LF alone", "SIZE;x", "\n"),
        ("an extension of 64 KiB", &long_extension, "\r\n"),
    ] {
        let mut wire = Wire::open(world.server.address());
        wire.send(upload("Transfer-Encoding: chunked\r\n\r\n"));
        wire.try_send(badly_chunked(size, line_end));
        wire.try_send(SENTINEL);
        wire.finish_sending();
        while let Some(answer) = wire.answer() {
            assert!((400..500).contains(&answer.status), "{situation}: {} {}", answer.status, answer.text());
        }
        nothing_was_stored(&world);
    }
    let mut wire = Wire::open(world.server.address());
    wire.send(upload("Transfer-Encoding: chunked\r\n\r\n")).send(badly_chunked("000SIZE;a=b", "\r\n"));
    wire.answer().unwrap().must(201);
}

#[test]
fn trailers_are_bounded_and_never_headers() {
    let world = acme();
    let archive = Module::of("one").build();
    let with_trailers = |trailers: &str| {
        let size = format!("{:x}\r\n", archive.len());
        [size.as_bytes(), &archive, b"\r\n0\r\n", trailers.as_bytes(), b"\r\n"].concat()
    };
    let mut wire = Wire::open(world.server.address());
    wire.send(upload("Transfer-Encoding: chunked\r\n\r\n"));
    wire.try_send(with_trailers(&format!("X: {}\r\n", "x".repeat(600 * 1024))));
    wire.try_send(SENTINEL);
    while let Some(answer) = wire.answer() {
        assert!((400..500).contains(&answer.status), "{} {}", answer.status, answer.text());
    }
    nothing_was_stored(&world);
    let mut wire = Wire::open(world.server.address());
    wire.send(upload("Transfer-Encoding: chunked\r\n\r\n"));
    wire.send(with_trailers("Content-Length: 3\r\nHost: evil\r\nAuthorization: Bearer x\r\n")).send(SENTINEL);
    wire.answer().unwrap().must(201);
    wire.must_be_closed();
}

#[test]
fn a_body_shorter_than_announced_publishes_nothing() {
    let world = acme();
    let archive = Module::of("one").build();
    for (situation, head, body) in [
        ("a length", format!("Content-Length: {}\r\n\r\n", archive.len() + 1), archive.clone()),
        ("chunks without an end", "Transfer-Encoding: chunked\r\n\r\n".to_owned(), {
            [format!("{:x}\r\n", archive.len()).as_bytes(), &archive, b"\r\n"].concat()
        }),
        ("half a chunk", "Transfer-Encoding: chunked\r\n\r\n".to_owned(), {
            [format!("{:x}\r\n", archive.len() * 2).as_bytes(), &archive].concat()
        }),
    ] {
        let mut wire = Wire::open(world.server.address());
        wire.send(upload(&head)).send(body).finish_sending();
        if let Some(answer) = wire.answer() {
            assert_eq!(answer.status, 400, "{situation}: {}", answer.text());
        }
        nothing_was_stored(&world);
    }
}

#[test]
fn a_body_longer_than_announced_is_cut_where_it_was_announced() {
    let world = acme();
    let archive = Module::of("one").build();
    let mut wire = Wire::open(world.server.address());
    wire.send(upload(&format!("Content-Length: {}\r\n\r\n", archive.len()))).send(&archive).send(SENTINEL);
    wire.answer().unwrap().must(201);
    wire.answer().unwrap().must(404);
    wire.must_be_closed();
}

#[test]
fn a_refused_body_is_not_read_as_the_next_request() {
    let world = acme();
    let smuggled = "GET /-/health HTTP/1.1\r\nHost: x\r\n\r\n";
    let length = smuggled.len();
    for (situation, request) in [
        (
            "a bad version",
            format!(
                "PUT /api/v4/projects/acme%2Fnetwork/packages/terraform/modules/vpc/aws/one/file HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
            ),
        ),
        ("another method", format!("POST /-/health HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n")),
        ("an unknown path", format!("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n")),
        ("an expectation", upload(&format!("Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n"))),
        (
            "two hosts",
            format!("POST /-/health HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: {length}\r\n\r\n"),
        ),
        (
            "a bad credential",
            format!(
                "POST /api/v4/groups HTTP/1.1\r\nHost: x\r\nPRIVATE-TOKEN: bad\r\nContent-Length: {length}\r\n\r\n"
            ),
        ),
    ] {
        let found = crate::statuses(&world.server, format!("{request}{smuggled}").as_bytes());
        assert!(!found.contains(&200), "{situation}: {found:?}");
    }
}

#[test]
fn a_client_that_resets_the_connection_leaves_nothing_behind() {
    let world = acme();
    for _ in 0..5 {
        let mut wire = Wire::open(world.server.address());
        wire.send(upload("Expect: 100-continue\r\nContent-Length: 100000\r\n\r\n"));
        wire.send(&Module::of("one").build()[..20]);
        eventually("the upload has begun", || !world.server.staged_files().is_empty());
        // What the server said ("100 Continue") is not read: closing now is a reset.
        drop(wire);
        nothing_was_stored(&world);
    }
}

#[test]
fn a_client_that_leaves_during_a_download_does_no_harm() {
    let world = acme();
    let mut state = 7_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(4 * 1024 * 1024)
    .collect();
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one").file("noise", noise));
    let target = "/v1/modules/acme/vpc/aws/1.0.0/file";
    for _ in 0..5 {
        let mut wire = Wire::open(world.server.address());
        wire.send(format!(
            "GET {target} HTTP/1.1\r\nHost: x\r\nPRIVATE-TOKEN: {}\r\n\r\n",
            crate::ROOT_TOKEN
        ));
        drop(wire);
    }
    let whole = world.root().get(target).must(200);
    assert_eq!(whole.header("content-length"), Some(whole.body.len().to_string().as_str()));
}
