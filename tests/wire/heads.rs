//! Request heads: what must be refused so that no two readers of the same bytes see different requests.

use serde_json::json;

use crate::support::archive::Module;
use crate::support::server::{ROOT_TOKEN, Server};
use crate::support::wire::Wire;
use crate::support::world::World;
use crate::{SENTINEL, answers, statuses};

/// `200` of `/-/health`, then the sentinel's `404`.
const SERVED: &[u16] = &[200, 404];
/// Refused, and what follows is not read as a request.
const REFUSED: &[u16] = &[400];

fn health(headers: &str) -> Vec<u8> {
    format!("GET /-/health HTTP/1.1\r\nHost: x\r\n{headers}\r\n").into_bytes()
}

#[test]
fn heads_are_read_strictly() {
    let server = Server::start();
    let long = |length: usize| "x".repeat(length);
    let fields = |count: usize| "X: y\r\n".repeat(count);
    let chunk = "5\r\nhello\r\n0\r\n\r\n";
    let chunked = |coding: &str| [health(&format!("{coding}\r\n")), chunk.into()].concat();
    #[rustfmt::skip]
    let cases: Vec<(&str, Vec<u8>, &[u16])> = vec![
        ("a plain request", health(""), SERVED),
        ("two different lengths", health("Content-Length: 0\r\nContent-Length: 5\r\n"), REFUSED),
        ("two equal lengths", [health("Content-Length: 5\r\nContent-Length: 5\r\n"), b"hello".to_vec()].concat(), SERVED),
        ("a list of lengths", health("Content-Length: 5, 5\r\n"), REFUSED),
        ("a length with a sign", health("Content-Length: +5\r\n"), REFUSED),
        ("a negative length", health("Content-Length: -1\r\n"), REFUSED),
        ("a hexadecimal length", health("Content-Length: 0x5\r\n"), REFUSED),
        ("a length of 2^64", health("Content-Length: 18446744073709551616\r\n"), REFUSED),
        ("a length of 2^64-1", health("Content-Length: 18446744073709551615\r\n"), &[431]),
        ("an empty length", health("Content-Length:\r\n"), REFUSED),
        ("chunked, after which the connection ends", chunked("Transfer-Encoding: chunked"), &[200]),
        ("chunked in capitals", chunked("Transfer-Encoding: CHUNKED"), &[200]),
        ("identity", chunked("Transfer-Encoding: identity"), REFUSED),
        ("almost chunked", chunked("Transfer-Encoding: xchunked"), REFUSED),
        ("chunked is not the last", chunked("Transfer-Encoding: chunked, identity"), REFUSED),
        ("compressed and chunked", chunked("Transfer-Encoding: gzip, chunked"), &[501]),
        ("chunked twice", chunked("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), &[501]),
        ("chunked, then identity", chunked("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"), REFUSED),
        ("a vertical tab before chunked", chunked("Transfer-Encoding: \u{b}chunked"), REFUSED),
        ("a space before the colon", chunked("Transfer-Encoding : chunked"), REFUSED),
        ("a folded header", health("X: a\r\n b\r\n"), REFUSED),
        ("a header without a name", health(": x\r\n"), REFUSED),
        ("a header without a colon", health("nonsense\r\n"), REFUSED),
        ("a bare CR in a value", health("X: a\rb\r\n"), REFUSED),
        ("a NUL in a value", health("X: a\0b\r\n"), REFUSED),
        ("a NUL in the path", b"GET /-/heal\0th HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), REFUSED),
        ("a space in the path", b"GET /-/health x HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), REFUSED),
        ("lines that end in LF alone", b"GET /-/health HTTP/1.1\nHost: x\n\n".to_vec(), SERVED),
        ("a path beyond ASCII", "GET /\u{fc} HTTP/1.1\r\nHost: x\r\n\r\n".into(), &[404, 404]),
        ("HTTP/1.0 with chunks", format!("GET /-/health HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}").into(), REFUSED),
        ("HTTP/1.0 without a host", b"GET /-/health HTTP/1.0\r\n\r\n".to_vec(), &[200]),
        ("HTTP/1.2", b"GET /-/health HTTP/1.2\r\nHost: x\r\n\r\n".to_vec(), REFUSED),
        ("HTTP/0.9", b"GET /-/health\r\n\r\n".to_vec(), REFUSED),
        ("HTTP/2 without TLS", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), &[]),
        ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), REFUSED),
        ("no host", b"GET /-/health HTTP/1.1\r\n\r\n".to_vec(), REFUSED),
        ("two hosts", health("Host: y\r\n"), REFUSED),
        ("two equal hosts", health("Host: x\r\n"), REFUSED),
        ("another authority in the target", b"GET http://evil.example/-/health HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), SERVED),
        ("96 headers", health(&fields(95)), SERVED),
        ("97 headers", health(&fields(96)), &[431]),
        ("101 headers", health(&fields(100)), &[431]),
        ("a head of 31 KiB", health(&format!("X: {}\r\n", long(31 * 1024))), SERVED),
        ("a head of 33 KiB", health(&format!("X: {}\r\n", long(33 * 1024))), &[431]),
        ("a head of 300 KiB", health(&format!("X: {}\r\n", long(300 * 1024))), &[431]),
        ("a target of 9 KiB", format!("GET /-/health?{} HTTP/1.1\r\nHost: x\r\n\r\n", long(9 * 1024)).into(), &[414]),
        ("a body with GET", [health("Content-Length: 5\r\n"), b"hello".to_vec()].concat(), SERVED),
        ("a request as the body of GET", [health("Content-Length: 40\r\n"), b"GET /-/health HTTP/1.1\r\nHost: x\r\nX: abc\r\n\r\n"[..40].to_vec()].concat(), SERVED),
        ("a body with HEAD", b"HEAD /-/health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello".to_vec(), SERVED),
        ("an upgrade to HTTP/2", health("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n"), SERVED),
        ("an upgrade to a web socket", health("Connection: Upgrade\r\nUpgrade: websocket\r\n"), SERVED),
        ("empty lines before the request", [b"\r\n\r\n".to_vec(), health("")].concat(), SERVED),
    ];
    let mut wrong = Vec::new();
    for (situation, bytes, expected) in cases {
        let found = statuses(&server, &bytes);
        if found != expected {
            wrong.push(format!("{situation}: {found:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    server.client().get("/-/health").must(200);
}

/// Another reader may have gone by the length (RFC 9112, 6.3): nothing of such a request is believed.
#[test]
fn a_length_beside_chunks_is_refused_and_ends_the_connection() {
    let server = Server::start();
    let smuggled = "GET /-/liveness HTTP/1.1\r\nHost: x\r\n\r\n";
    for headers in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: nonsense\r\n",
    ] {
        let request = [&health(headers)[..], b"0\r\n\r\n", smuggled.as_bytes()].concat();
        let found = statuses(&server, &request);
        assert_eq!(found, [400], "{headers:?}");
    }
}

#[test]
fn methods_that_a_resource_does_not_answer_are_named_and_refused() {
    let server = Server::start();
    for (method, target, status) in [
        ("TRACE", "/-/health", 405),
        ("OPTIONS", "/-/health", 405),
        ("OPTIONS", "*", 404),
        ("CONNECT", "evil.example:443", 404),
        ("BREW", "/-/health", 405),
        ("get", "/-/health", 405),
        ("DELETE", "/-/health", 405),
        ("POST", "/v1/modules/a/b/c/versions", 405),
    ] {
        let request = format!("{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n");
        let answer = answers(&server, request.as_bytes()).remove(0);
        assert_eq!(answer.status, status, "{method} {target}: {}", answer.text());
        if status == 405 {
            assert!(answer.header("allow").unwrap().contains("GET"), "{method} {target}");
        }
    }
}

#[test]
fn paths_that_climb_or_hide_lead_nowhere() {
    let server = Server::start();
    for target in [
        "/../-/health",
        "/-/../-/health",
        "/%2e%2e/-/health",
        "//-/health",
        "/-//health",
        "/-/health/",
        "/-/health;x=1",
        "/-\\health",
        "/-/health%00",
        "/-/health%0d%0aX:%20y",
        "/-%2Fhealth",
        "/.well-known%2Fterraform.json",
        "/assets/x/..%2F..%2FCargo.toml",
        "/assets/x/%2e%2e",
        "/api/v4/projects/%00",
        "/api/v4/projects/%ff",
        "/api/v4/projects/..%2F..%2Fetc%2Fpasswd",
        "/api/v4/projects/acme%252Fnetwork",
        "/v1/modules/../../etc/passwd",
    ] {
        let answer = server.root().get(target);
        assert!(matches!(answer.status, 400 | 403 | 404), "{target}: {} {}", answer.status, answer.text());
    }
    let many = format!("/api/v4/projects/{}", "a/".repeat(2000));
    server.root().get(&many).must(404);
}

#[test]
fn headers_that_name_another_method_change_nothing() {
    let world = World::start();
    world.group("acme").public_project("acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    let package = world.package_id("acme/network", "vpc/aws", "1.0.0");
    let target = format!("/api/v4/projects/acme%2Fnetwork/packages/{package}");
    for name in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
        world.root().with(name, "DELETE").get(&target).must(200);
    }
    world.root().get(&format!("{target}?_method=DELETE")).must(200);
    world.root().with("X-Original-URL", "/-/metrics").get(&target).must(200);
}

#[test]
fn the_authority_of_the_target_reaches_no_url() {
    let world = World::start();
    world.group("acme").public_project("acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    for part in ["versions", "download", "1.0.0", "1.0.0/download"] {
        let mut wire = Wire::open(world.server.address());
        let target = format!("http://evil.example/v1/modules/acme/vpc/aws/{part}");
        wire.send(format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        let answer = String::from_utf8(wire.rest()).unwrap();
        assert!(answer.starts_with("HTTP/1.1 2") || answer.starts_with("HTTP/1.1 302"), "{answer}");
        assert!(!answer.contains("evil"), "{answer}");
    }
}

#[test]
fn a_thousand_requests_sent_at_once_are_answered_in_order() {
    let server = Server::start();
    let mut wire = Wire::open(server.address());
    let pair = "GET /-/health HTTP/1.1\r\nHost: x\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n";
    wire.send(pair.repeat(500)).send(SENTINEL);
    for _ in 0..500 {
        assert_eq!(wire.answer().unwrap().status, 200);
        assert_eq!(wire.answer().unwrap().status, 404);
    }
    assert_eq!(wire.answer().unwrap().json(), json!({ "error": "404 Not Found" }));
    wire.must_be_closed();
}

#[test]
fn a_connection_is_kept_between_requests_and_ids_differ() {
    let server = Server::start();
    let mut wire = Wire::open(server.address());
    let mut ids = std::collections::HashSet::new();
    for _ in 0..3 {
        wire.send(format!("GET /api/v4/user HTTP/1.1\r\nHost: x\r\nPRIVATE-TOKEN: {ROOT_TOKEN}\r\n\r\n"));
        let answer = wire.answer().unwrap().must(200);
        ids.insert(answer.header("x-request-id").unwrap().to_owned());
    }
    assert_eq!(ids.len(), 3);
}
