//! Requests answered on the spot and requests that take a while, one behind the other on one connection.

use std::net::SocketAddr;

use crate::ROOT_TOKEN;
use crate::downloads::noise;
use crate::support::archive::Module;
use crate::support::client::Response;
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
