//! What is answered before hyper, what is left to it, and that both give the same answers in the same order.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use prometheus_client::metrics::counter::Counter;
use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, Join, duplex, join};

use super::super::connection::{InHand, serve};
use super::super::framing::Watched;
use super::super::request::Peer;
use super::super::{App, Edge, Start};
use super::*;
use crate::domain::Visibility;
use crate::domain::credential::PersonalScope;
use crate::domain::limits::HttpLimits;
use crate::service::Caller;
use crate::service::fixture::World;
use crate::service::modules::Address;
use crate::telemetry::Metrics;

const BASE: &str = "/api/v4/packages/terraform/modules/v1";
const CLIENT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 4711);
/// Asks for the end of the connection.
const LAST: &[u8] = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
const ADDRESS: Address<'static> = Address { namespace: "acme", name: "vpc", system: "aws" };

/// What is read from and what is written to, each with room of its own.
type Near = Join<DuplexStream, DuplexStream>;
type Far = Near;

/// A server with a module that anybody may read, whose versions are ready.
struct Served {
    app: Arc<App>,
    world: World,
}

impl Served {
    async fn start() -> Self {
        Self::with(Edge::default(), HttpLimits::default()).await
    }

    async fn with(edge: Edge, limits: HttpLimits) -> Self {
        let world = World::empty().await;
        world.group("acme", Visibility::Public).await;
        let project = world.project("acme/modules", Visibility::Public).await;
        world.publish(&project, "vpc/aws", "1.0.0").await;
        let metrics = Arc::new(Metrics::new(&Counter::default()));
        let mut app = App::new(world.registry.clone(), metrics, limits, edge, Start::default());
        // Long enough ago that this client is known to be alone: it need not wait for its turn.
        app.began -= Duration::from_secs(10);
        app.may_go(Some(CLIENT.ip()), app.began);
        let served = Self { app: Arc::new(app), world };
        served.ask();
        served
    }

    /// Has the answer kept, for everybody.
    fn ask(&self) {
        self.world.registry.versions(&Caller::Operator, ADDRESS).unwrap();
    }

    fn connection(&self, is_direct: bool) -> Connection {
        let peer = Peer::Network { address: CLIENT, tls: false };
        let mut connection = Connection::new(Arc::clone(&self.app), None, peer);
        connection.is_direct = is_direct;
        connection
    }

    /// A stream as hyper gets it, the connection's other end, and what both know of it. There is room for so many bytes that the
    /// client has not read.
    fn stream(&self, room: usize) -> (Watched<Direct<Near>>, Far, Arc<Connection>) {
        let ((incoming, asking), (listening, outgoing)) = (duplex(1 << 20), duplex(room));
        let (near, far) = (join(incoming, outgoing), join(listening, asking));
        let (connection, heads) = (Arc::new(self.connection(true)), Heads::default());
        let direct = Direct::new(near, Arc::clone(&connection), heads.clone());
        (Watched::new(direct, heads), far, connection)
    }

    /// What hyper gets to see of bytes that arrive at once, and how many answers went out before.
    async fn passed(&self, bytes: impl AsRef<[u8]>) -> (String, usize) {
        let (mut stream, mut far, _connection) = self.stream(1 << 20);
        far.write_all(bytes.as_ref()).await.unwrap();
        far.shutdown().await.unwrap();
        let mut seen = Vec::new();
        while let more = as_hyper(&mut stream).await
            && !more.is_empty()
        {
            seen.extend(more);
        }
        drop(stream);
        let mut answers = Vec::new();
        far.read_to_end(&mut answers).await.unwrap();
        (String::from_utf8_lossy(&seen).into_owned(), count(&answers))
    }

    /// Everything that the server says to these bytes and a last request. What it waits for in vain, it gives up.
    async fn said(&self, bytes: &[u8], is_direct: bool) -> String {
        let (near, mut far) = duplex(1 << 20);
        let graceful = GracefulShutdown::new();
        let served = tokio::spawn(serve(self.connection(is_direct), near, graceful.watcher()));
        far.write_all(bytes).await.unwrap();
        far.write_all(LAST).await.unwrap();
        let mut said = Vec::new();
        far.read_to_end(&mut said).await.unwrap();
        served.await.unwrap();
        String::from_utf8_lossy(&said).into_owned()
    }
}

/// What hyper reads at once.
async fn as_hyper(stream: &mut Watched<Direct<Near>>) -> Vec<u8> {
    let mut buffer = vec![0; 8 * 1024];
    let length = stream.read(&mut buffer).await.unwrap();
    buffer.truncate(length);
    buffer
}

/// Answers in what a server said.
fn count(said: &[u8]) -> usize {
    memchr::memmem::find_iter(said, b"HTTP/1.1 200 OK\r\n").count()
}

/// A request for the versions of the module, with more header lines.
fn versions(lines: &str) -> String {
    format!("GET {BASE}/acme/vpc/aws/versions HTTP/1.1\r\nHost: x\r\n{lines}\r\n")
}

/// What was said, line by line in order, without what differs from answer to answer.
fn comparable(said: &str) -> Vec<String> {
    let differs = |line: &&str| !line.starts_with("x-request-id:") && !line.starts_with("date:");
    let mut lines: Vec<String> = said.split("\r\n").filter(differs).map(str::to_owned).collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn a_plain_request_whose_answer_is_ready_never_reaches_hyper() {
    let served = Served::start().await;
    for (situation, lines) in [
        ("as short as can be", ""),
        (
            "as Terraform sends it",
            "User-Agent: Terraform/1.9\r\nX-Terraform-Version: 1.9\r\nAccept-Encoding: gzip\r\n",
        ),
        ("names in capitals", "ACCEPT: */*\r\n"),
        ("a wish that is the rule", "Connection: Keep-Alive\r\n"),
        ("a tag, which means nothing here", "If-None-Match: \"x\"\r\n"),
        ("a proxy", "X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-Proto: https\r\n"),
    ] {
        assert_eq!(served.passed(versions(lines)).await, (String::new(), 1), "{situation}");
    }
    let three = versions("").repeat(3);
    assert_eq!(served.passed(three).await, (String::new(), 3), "three at once");
}

#[tokio::test]
async fn what_is_not_plain_is_left_to_hyper_as_it_came() {
    let served = Served::start().await;
    let plain = versions("");
    let fields = |count: usize| "X: y\r\n".repeat(count);
    for (situation, bytes) in [
        ("the end of the connection", versions("Connection: close\r\n")),
        ("another protocol", versions("Connection: Upgrade\r\nUpgrade: h2c\r\n")),
        ("a body", versions("Content-Length: 5\r\n") + "hello"),
        ("no body, but its length", versions("Content-Length: 0\r\n")),
        ("chunks", versions("Transfer-Encoding: chunked\r\n") + "0\r\n\r\n"),
        ("a wish to be asked", versions("Expect: 100-continue\r\n")),
        ("trailers", versions("TE: trailers\r\n")),
        ("trailers announced", versions("Trailer: x\r\n")),
        ("a token of another kind", versions("PRIVATE-TOKEN: x\r\n")),
        ("a job's token", versions("Job-Token: x\r\n")),
        ("a deploy token", versions("Deploy-Token: x\r\n")),
        ("two credentials", versions("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n")),
        ("a part", versions("Range: bytes=0-1\r\n")),
        ("a part, on a condition", versions("If-Range: x\r\n")),
        ("a password", versions("Authorization: Basic YTpi\r\n")),
        ("a token that is none", versions("Authorization: Bearer nobody\r\n")),
        ("two hosts", versions("Host: y\r\n")),
        ("two tags", versions("If-None-Match: \"a\"\r\nIf-None-Match: \"b\"\r\n")),
        ("no host", plain.replace("Host: x\r\n", "")),
        ("HTTP/1.0", plain.replace("HTTP/1.1", "HTTP/1.0")),
        ("another method", plain.replace("GET", "HEAD")),
        ("a method that begins alike", plain.replace("GET", "GETS")),
        ("a character in code", plain.replace("/vpc/", "/%76pc/")),
        ("a fragment", plain.replace("/versions", "/versions#x")),
        ("a whole URL", plain.replace("GET /", "GET http://x/")),
        ("another module", plain.replace("/vpc/", "/vpd/")),
        ("another page", plain.replace(BASE, "")),
        ("an empty line before", format!("\r\n{plain}")),
        ("many fields", versions(&fields(16))),
        ("a large field", versions(&format!("X: {}\r\n", "y".repeat(64 * 1024)))),
        ("half a head", plain.trim_end().to_owned()),
        ("a folded field", versions("X: a\r\n b\r\n")),
        ("nothing of HTTP", "\u{16}\u{3}\u{1}".to_owned()),
    ] {
        let (seen, answers) = served.passed(&bytes).await;
        assert_eq!((seen.as_str(), answers), (bytes.as_str(), 0), "{situation}");
    }
    let limits = HttpLimits { head_bytes: 200, headers: 3, ..HttpLimits::default() };
    let strict = Served::with(Edge::default(), limits).await;
    let many = versions(&fields(3));
    assert_eq!(strict.passed(&many).await, (many, 0), "more fields than are allowed");
    let large = versions(&format!("X: {}\r\n", "y".repeat(200)));
    assert_eq!(strict.passed(&large).await, (large, 0), "more bytes than are allowed");
}

#[tokio::test]
async fn what_stands_behind_a_direct_answer_reaches_hyper_alone() {
    let served = Served::start().await;
    let other = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let (seen, answers) = served.passed(versions("").repeat(2) + other + &versions("")).await;
    // What follows the other request must wait for its answer.
    assert_eq!((seen, answers), (other.to_owned() + &versions(""), 2));
    let half = "GET /half";
    assert_eq!(served.passed(versions("") + half).await, (half.to_owned(), 1));
}

#[tokio::test]
async fn no_answer_overtakes_another() {
    let served = Served::start().await;
    let request = versions("");
    for (situation, before) in [
        ("half a head went before", "GET / HTTP/1.1\r\nHo"),
        ("a body is outstanding", "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n"),
        ("a request was not handed over yet", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        (
            "a body of unknown length is outstanding",
            "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        ),
    ] {
        let (mut stream, mut far, _connection) = served.stream(1 << 16);
        let mut seen = vec![0; before.len()];
        far.write_all(before.as_bytes()).await.unwrap();
        stream.read_exact(&mut seen).await.unwrap();
        far.write_all(request.as_bytes()).await.unwrap();
        let mut seen = vec![0; request.len()];
        stream.read_exact(&mut seen).await.unwrap();
        assert_eq!(seen, request.as_bytes(), "{situation}");
    }
    let (mut stream, mut far, connection) = served.stream(1 << 16);
    let in_hand = InHand::new(&connection);
    far.write_all(request.as_bytes()).await.unwrap();
    let mut seen = vec![0; request.len()];
    stream.read_exact(&mut seen).await.unwrap();
    assert_eq!(seen, request.as_bytes(), "an answer is being sent");
    drop(in_hand);
}

#[tokio::test]
async fn no_answer_goes_out_while_hyper_has_not_written_all_of_its_own() {
    let served = Served::start().await;
    let (mut stream, mut far, _connection) = served.stream(1 << 16);
    stream.write_all(b"half of ").await.unwrap();
    far.write_all(versions("").as_bytes()).await.unwrap();
    let mut seen = vec![0; versions("").len()];
    stream.read_exact(&mut seen).await.unwrap();
    assert_eq!(seen, versions("").as_bytes());
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_every_answer_whole_and_in_order() {
    let served = Served::start().await;
    let (mut stream, far, _connection) = served.stream(64);
    let (mut reading, mut writing) = far.into_inner();
    let asking = tokio::spawn(async move {
        writing.write_all((versions("").repeat(50) + "GET /end").as_bytes()).await.unwrap();
    });
    let listening = tokio::spawn(async move {
        let mut said = Vec::new();
        while !said.ends_with(b"the end") {
            let mut few = [0; 7];
            let read = reading.read(&mut few).await.unwrap();
            said.extend_from_slice(&few[..read]);
        }
        said
    });
    let seen = as_hyper(&mut stream).await;
    assert_eq!(String::from_utf8_lossy(&seen), "GET /end");
    stream.write_all(b"the end").await.unwrap();
    stream.flush().await.unwrap();
    asking.await.unwrap();
    assert_eq!(count(&listening.await.unwrap()), 50);
}

#[tokio::test(start_paused = true)]
async fn both_ways_give_the_same_answer() {
    let trusted = Edge { trusted_proxies: vec!["192.0.2.0/24".parse().unwrap()], ..Edge::default() };
    let served = Served::with(trusted, HttpLimits::default()).await;
    let user = served.world.make_user("ada", false).await;
    let secret = served.world.token(&user, PersonalScope::ReadApi).await.secret;
    let bearer = format!("Authorization: Bearer {}\r\n", secret.expose_secret());
    let at = |path: &str, lines: &str| format!("GET {BASE}/{path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n");
    for (situation, request) in [
        ("versions", versions("")),
        ("versions, with a token", versions(&bearer)),
        (
            "versions, by HTTPS to a proxy",
            versions("X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\n"),
        ),
        ("a download", at("acme/vpc/aws/1.0.0/download", "")),
        ("a download, with a token", at("acme/vpc/aws/1.0.0/download", &bearer)),
        ("the short base", versions("").replace(BASE, "/v1/modules")),
        ("the client has it", at("acme/vpc/aws/1.0.0/vpc-aws-1.0.0.tar.gz", "If-None-Match: *\r\n")),
    ] {
        served.ask();
        // The first may not be ready.
        served.said(request.as_bytes(), false).await;
        let by_hyper = served.said(request.as_bytes(), false).await;
        let direct = served.said(request.as_bytes(), true).await;
        assert_eq!(comparable(&direct), comparable(&by_hyper), "{situation}");
        let named = |said: &str| said.contains("\r\ndate: ") && said.contains("\r\nx-request-id: ");
        assert!(named(&direct) && named(&by_hyper), "{situation}: {direct}");
        assert_eq!(served.passed(&request).await.0, "", "{situation}: hyper was asked, {direct}");
    }
}

#[tokio::test(start_paused = true)]
async fn damaged_requests_get_the_same_answers_both_ways() {
    let served = Served::start().await;
    let request = versions("Accept: */*\r\nConnection: keep-alive\r\n");
    let pieces: [&[u8]; 16] = [
        b"\r",
        b"\n",
        b"\r\n",
        b" ",
        b"\t",
        b":",
        b"\0",
        b"%2f",
        b"?",
        b"#",
        b"\xff",
        b"HTTP/1.0",
        b"Host: y\r\n",
        b"Content-Length: 3\r\n",
        b"Connection: close\r\n",
        b"Transfer-Encoding: chunked\r\n",
    ];
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut roll = |sides: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % sides
    };
    for round in 0..1_500 {
        let mut bytes = request.clone().into_bytes();
        for _ in 0..=roll(2) {
            let (from, kind) = (roll(bytes.len()), roll(3));
            let removed = if kind == 0 { 0 } else { roll(4).min(bytes.len() - from) };
            let added = if kind == 1 { &b""[..] } else { pieces[roll(pieces.len())] };
            bytes.splice(from..from + removed, added.iter().copied());
        }
        // A whole one behind it shows where the damaged one was taken to end.
        bytes.extend_from_slice(request.as_bytes());
        let (by_hyper, direct) = (served.said(&bytes, false).await, served.said(&bytes, true).await);
        let shown = String::from_utf8_lossy(&bytes);
        assert_eq!(comparable(&direct), comparable(&by_hyper), "round {round}: {shown:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_in_use_stays_and_one_that_says_nothing_ends() {
    let served = Served::start().await;
    let patience = served.app.limits.head;
    let (near, mut far) = duplex(1 << 16);
    let graceful = GracefulShutdown::new();
    let ended = tokio::spawn(serve(served.connection(true), near, graceful.watcher()));
    let mut answer = vec![0; 1 << 16];
    for _ in 0..10 {
        served.ask();
        tokio::time::advance(patience.mul_f32(0.7)).await;
        far.write_all(versions("").as_bytes()).await.unwrap();
        assert!(far.read(&mut answer).await.unwrap() > 0, "closed while it was in use");
    }
    tokio::time::advance(patience.mul_f32(0.7)).await;
    tokio::task::yield_now().await;
    assert!(!ended.is_finished());
    tokio::time::advance(patience.mul_f32(0.7)).await;
    ended.await.unwrap();
    assert_eq!(far.read(&mut answer).await.unwrap(), 0);
}
