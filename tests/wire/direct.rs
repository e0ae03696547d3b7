//! Requests answered on the spot and requests that take a while, one behind the other on one connection.

use std::net::SocketAddr;

use crate::ROOT_TOKEN;
use crate::downloads::noise;
use crate::support::archive::Module;
use crate::support::client::Response;
use crate::support::eventually;
use crate::support::server::Server;
use crate::support::wire::Wire;
use crate::support::world::World;

const BASE: &str = "/api/v4/packages/terraform/modules/v1/acme/vpc/aws";

/// What is asked, and how its answer is known: by its status, its media type, and the length of its body.
struct Asked {
    request: String,
    expected: (u16, Option<String>, usize),
}

impl Asked {
    /// Asks once, on a connection of its own: what the answer must be each time.
    fn new(address: SocketAddr, target: &str) -> Self {
        let request =
            format!("GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ROOT_TOKEN}\r\n\r\n");
        let answer = Wire::open(address).send(&request).answer().unwrap();
        Self { expected: shown(&answer), request }
    }
}

fn shown(answer: &Response) -> (u16, Option<String>, usize) {
    (answer.status, answer.header("content-type").map(str::to_owned), answer.body.len())
}

/// The headers of an answer, in one order, without what differs between two equal ones.
fn comparable(answer: &Response) -> Vec<(String, String)> {
    let mut headers = answer.clone().without_traces().headers;
    headers.sort();
    headers
}

#[test]
fn answers_come_in_the_order_of_the_requests_however_they_are_made() {
    let world = World::on(Server::builder().flag("--tls-self-signed").flag("--listen-http=127.0.0.1:0"));
    // More than sockets hold, so that its end waits for the client while the next requests arrive.
    let noise = noise(9_000_000);
    let archive = Module::of("one").file("noise", noise).build();
    world.group("acme").project("acme/network").publish("acme/network", "vpc/aws", "1.0.0", archive);
    let address = world.server.addresses()[1].1;
    let ask = |target: &str| Asked::new(address, target);
    let archive = ask(&format!("{BASE}/1.0.0/vpc-aws-1.0.0.tar.gz"));
    assert!(archive.expected.2 > 8 * 1024 * 1024, "it compressed too well: {}", archive.expected.2);
    let direct = [ask(&format!("{BASE}/versions")), ask(&format!("{BASE}/1.0.0/download"))];
    let other = [ask("/-/health"), ask(&format!("{BASE}/1.0.0")), ask("/nowhere")];
    let mut wire = Wire::open(address);
    for other in &other {
        for direct in &direct {
            for order in [[direct, other, direct], [direct, direct, other], [other, direct, direct]] {
                wire.send(&archive.request).begin();
                for asked in order {
                    wire.send(&asked.request);
                }
                for asked in [&archive].into_iter().chain(order) {
                    let answer = wire.answer().unwrap();
                    assert_eq!(shown(&answer), asked.expected, "{}", asked.request);
                }
            }
        }
    }
}

#[test]
fn an_archive_that_is_sent_on_the_spot_is_told_and_counted_like_any_other() {
    let world = World::on(Server::builder().flag("--tls-self-signed").flag("--listen-http=127.0.0.1:0"));
    let archive = Module::of("one").file("noise", noise(900_000)).build();
    world.group("acme").project("acme/network").publish("acme/network", "vpc/aws", "1.0.0", archive.clone());
    let address = world.server.addresses()[1].1;
    let get = |lines: &str| {
        let target = format!("{BASE}/1.0.0/vpc-aws-1.0.0.tar.gz");
        let head = format!("GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ROOT_TOKEN}\r\n");
        Wire::open(address).send(format!("{head}{lines}\r\n")).answer().unwrap()
    };
    let direct_answers = || {
        let metrics = world.root().get("/-/metrics").must(200).text();
        let line = metrics.lines().find_map(|line| line.strip_prefix("cairn_http_direct_answers_total "));
        line.unwrap().parse::<u64>().unwrap()
    };
    // The first has to open it.
    let first = get("");
    let before = direct_answers();
    let direct = get("");
    assert_eq!(direct_answers(), before + 1, "it was not sent on the spot");
    // Nobody is asked for trailers here, and this is not looked at any further before hyper.
    let other = get("TE: trailers\r\n");
    assert_eq!(direct_answers(), before + 1);
    assert!(direct.body == archive, "other bytes");
    for answer in [&first, &other] {
        assert!(answer.body == archive, "other bytes");
        assert_eq!(comparable(&direct), comparable(answer));
    }
    let downloads = || world.root().get("/v2/modules/acme/vpc/aws/downloads/summary").must(200).json();
    eventually("all three are counted", || downloads()["data"]["attributes"]["total"] == 3);
}
