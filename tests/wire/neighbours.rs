//! Noisy neighbours: what one caller may take, and that others are served meanwhile.

use cairn::domain::limits::HttpLimits;
use serde_json::json;

use crate::quick::Quick;
use crate::support::archive::Module;
use crate::support::client::Client;
use crate::support::eventually;
use crate::support::server::ROOT_TOKEN;
use crate::support::wire::Wire;

const HEALTH: &str = "GET /-/health HTTP/1.1\r\nHost: x\r\n\r\n";
/// Uploads of one caller that wait at most.
const LINE: usize = 64;

/// An upload of the administrator that takes its place and then sends nothing more.
fn held_back(server: &Quick, version: usize) -> Wire {
    let mut wire = Wire::open(server.address);
    wire.send(head(version, ROOT_TOKEN, "Expect: 100-continue\r\nContent-Length: 1000"));
    wire
}

fn head(version: usize, token: &str, rest: &str) -> String {
    format!(
        "PUT /api/v4/projects/acme%2Fnetwork/packages/terraform/modules/vpc/aws/{version}.0.0/file HTTP/1.1\r\n\
         Host: x\r\nPRIVATE-TOKEN: {token}\r\n{rest}\r\n\r\n"
    )
}

/// The client of another user, who may publish to `acme/network`.
fn another(server: &Quick) -> Client {
    let root = server.root();
    let user = json!({ "username": "grace", "name": "Grace", "email": "g@example.com", "password": "correct horse" });
    let id = root.post("/api/v4/users", &user).must(201).json()["id"].as_u64().unwrap();
    let member = json!({ "user_id": id, "access_level": 40 });
    root.post("/api/v4/projects/acme%2Fnetwork/members", &member).must(201);
    let token = json!({ "name": "ci", "scopes": ["api"] });
    let token = root.post(&format!("/api/v4/users/{id}/personal_access_tokens"), &token).must(201).json();
    Client::new(server.address).token(token["token"].as_str().unwrap())
}

fn publish(client: &Client, version: usize, status: u16) {
    let target =
        format!("/api/v4/projects/acme%2Fnetwork/packages/terraform/modules/vpc/aws/{version}.0.0/file");
    client.put(&target, &Module::of("one").build()).must(status);
}

#[test]
fn uploads_held_back_by_one_caller_leave_half_of_the_places_to_others() {
    let server = Quick::start(HttpLimits { uploads: 4, ..HttpLimits::default() }).acme();
    let grace = another(&server);
    let mut running = [held_back(&server, 1), held_back(&server, 2)];
    for upload in &mut running {
        upload.answer().unwrap().must(100);
    }
    let mut third = held_back(&server, 3);
    eventually("the third waits", || server.metric("cairn_limit_waits_total{limit=\"uploads\"}") == 1);
    publish(&grace, 4, 201);
    drop(running);
    third.answer().unwrap().must(100);
    assert_eq!(server.metric("cairn_limit_places{limit=\"uploads\"}"), 4);
    assert_eq!(server.metric("cairn_limit_places_per_caller{limit=\"uploads\"}"), 2);
}

#[test]
fn beyond_its_line_a_caller_is_told_when_to_come_back_and_others_are_served() {
    let server = Quick::start(HttpLimits { uploads: 2, ..HttpLimits::default() }).acme();
    let grace = another(&server);
    let mut running = held_back(&server, 1);
    running.answer().unwrap().must(100);
    let _line: Vec<Wire> = (0..LINE).map(|number| held_back(&server, 2 + number)).collect();
    let waits = "cairn_limit_waits_total{limit=\"uploads\"}";
    eventually("the line is full", || server.metric(waits) == LINE as u64);
    let refused = held_back(&server, 1000).answer().unwrap().must(429);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert!(refused.text().contains("too many uploads of yours at once"), "{}", refused.text());
    assert_eq!(server.metric("cairn_limit_refusals_total{limit=\"uploads\"}"), 1);
    publish(&grace, 2000, 201);
}

#[test]
fn an_address_has_so_many_connections_and_another_address_is_served_meanwhile() {
    let server = Quick::start(HttpLimits { connections_per_address: 2, ..HttpLimits::default() });
    let mut idle = [server.open_from([127, 0, 0, 2]), server.open_from([127, 0, 0, 2])];
    for connection in &mut idle {
        connection.send(HEALTH).answer().unwrap().must(200);
    }
    server.open_from([127, 0, 0, 2]).must_be_closed();
    server.open_from([127, 0, 0, 3]).send(HEALTH).answer().unwrap().must(200);
    assert_eq!(server.metric("cairn_limit_refusals_total{limit=\"connections\"}"), 1);
    let [first, second] = idle;
    drop(first);
    eventually("there is room again", || {
        let mut next = server.open_from([127, 0, 0, 2]);
        next.try_send(HEALTH) && next.answer().is_some()
    });
    drop(second);
}
