//! The audit log over the API: what it tells, to whom, and what it never tells.

use cairn::domain::Role;
use serde_json::{Value, json};

use crate::support::archive::Module;
use crate::support::browser::Browser;
use crate::support::client::Response;
use crate::support::server::ROOT_TOKEN;
use crate::support::world::{World, upload};

const LOG: &str = "/api/v4/audit_events";

fn log(world: &World, query: &str) -> Vec<Value> {
    world.root().get(&format!("{LOG}?{query}")).must(200).json().as_array().unwrap().clone()
}

fn actions(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

/// The only entry of a request.
#[track_caller]
fn entry_of(world: &World, answer: &Response) -> Value {
    let id = answer.header("x-request-id").unwrap();
    let found: Vec<Value> =
        log(world, "per_page=100").into_iter().filter(|entry| entry["request_id"] == id).collect();
    assert_eq!(found.len(), 1, "{id}: {found:?}");
    found[0].clone()
}

#[test]
fn an_entry_has_the_shape_of_gitlab_and_the_chain_with_it() {
    let world = World::start();
    world.group("acme").project("acme/network").user("dev", Role::Developer, "acme/network");
    let archive = Module::of("x");
    let published = upload(&world.client("dev"), "acme/network", "vpc/aws", "1.0.0", archive).must(201);
    let entry = entry_of(&world, &published);
    let (dev, project) = (world.user_id("dev"), world.project_id("acme/network"));
    assert_eq!(
        (&entry["author_id"], &entry["entity_id"], &entry["entity_type"], &entry["event_name"]),
        (&json!(dev), &json!(project), &json!("Project"), &json!("package.published"))
    );
    let details = &entry["details"];
    assert_eq!(details["target_details"], "vpc/aws 1.0.0");
    assert_eq!(details["entity_path"], "acme/network");
    assert_eq!(details["author_name"], "dev");
    assert_eq!((&entry["credential"]["name"], &entry["outcome"]), (&json!("dev"), &json!("done")));
    assert!(entry["data"]["sha256"].is_string() && entry["data"]["size"].is_u64(), "{entry}");
    let one = world.root().get(&format!("{LOG}/{}", entry["id"])).must(200).json();
    assert_eq!(one, entry);
    world.root().get(&format!("{LOG}/99999")).must(404);
    world.root().get(&format!("{LOG}/x")).must(400);
}

#[test]
fn the_log_is_narrowed_and_followed_by_its_links() {
    let world = World::start();
    world.group("acme").project("acme/network");
    for number in 0..7 {
        world.change_project("acme/network", &json!({ "description": number.to_string() }));
    }
    world.group("other");
    let query =
        format!("action=project.changed&entity_type=Project&entity_id={}", world.project_id("acme/network"));
    let mut next = Some(format!("{LOG}?{query}&per_page=3"));
    let mut seen = Vec::new();
    while let Some(path) = next {
        let answer = world.root().get(&path).must(200);
        seen.extend(answer.json().as_array().unwrap().clone());
        let links = answer.header("link").unwrap().to_owned();
        next = links
            .split(", ")
            .find_map(|link| link.strip_prefix('<')?.strip_suffix(">; rel=\"next\""))
            .map(|url| url[url.find("/api/").unwrap()..].to_owned());
    }
    let values: Vec<&Value> =
        seen.iter().map(|entry| &entry["data"]["changes"]["description"]["to"]).collect();
    assert_eq!(values, ["6", "5", "4", "3", "2", "1", "0"]);
    for (query, expected) in [
        ("entity_id=1", 400),
        ("entity_type=Nothing", 400),
        ("action=nothing", 400),
        ("author_id=x", 400),
        ("created_after=yesterday", 400),
        ("sort=up", 400),
        ("cursor=x", 400),
        ("per_page=0", 400),
        ("created_after=2020-01-01&created_before=2999-01-01T00:00:00Z&target=NETWORK", 200),
        ("entity_type=Gitlab::Audit::InstanceScope&entity_id=1", 200),
    ] {
        assert_eq!(world.root().get(&format!("{LOG}?{query}")).status, expected, "{query}");
    }
    assert_eq!(log(&world, "created_before=2020-01-01"), Vec::<Value>::new());
    assert_eq!(log(&world, "created_after=2999-01-01"), Vec::<Value>::new());
    assert_eq!(actions(&log(&world, "sort=asc&per_page=1")), ["user.created"]);
}

#[test]
fn no_secret_is_ever_in_the_log() {
    let world = World::start();
    world.group("acme").project("acme/network").user("dev", Role::Developer, "acme/network");
    world.deploy_token("deploy", "acme/network", &["write_package_registry"]);
    let password = "correct horse battery staple";
    let ada = json!({ "username": "ada", "name": "Ada", "password": password });
    let ada = world.root().post("/api/v4/users", &ada).must(201).json()["id"].clone();
    let other = "another long password of ada";
    world.root().put_json(&format!("/api/v4/users/{ada}"), &json!({ "password": other })).must(200);
    let sign_in = |name: &str, password: &str| {
        let body = json!({ "grant_type": "password", "username": name, "password": password });
        world.anonymous().post("/oauth/token", &body)
    };
    let session = sign_in("ada", other).must(200).json()["access_token"].as_str().unwrap().to_owned();
    sign_in("ada", "wrong password of ada");
    sign_in("hunter2-typed-as-a-name", "x");
    let job = json!({ "ref": "main", "sha": "a".repeat(40), "pipeline": { "id": 7 }, "user_id": "dev" });
    let job = world.root().post("/api/v4/projects/acme%2Fnetwork/ci_jobs", &job).must(201);
    let job = job.json()["token"].as_str().unwrap().to_owned();
    // A token where a name belongs, and in a path.
    let dev = world.token("dev");
    world.root().post("/api/v4/groups", &json!({ "path": "named", "name": dev })).must(201);
    world.root().delete(&format!("/api/v4/personal_access_tokens/{dev}"));
    let browser = Browser::of(world.anonymous(), "ada", other);
    let cookie = browser.cookie("cairn-session");
    let entries = log(&world, "per_page=100");
    assert!(actions(&entries).contains(&"sign_in.failed"), "{:?}", actions(&entries));
    let texts = format!("{}", Value::Array(entries));
    let deploy = world.token("deploy");
    for secret in [
        ROOT_TOKEN,
        password,
        other,
        "wrong password of ada",
        "hunter2",
        "$argon2",
        &session,
        &job,
        &dev,
        &deploy,
        &cookie.expect("a session"),
    ] {
        assert!(!texts.contains(secret), "{secret} is in the log");
    }
    world.server.cli_ok(&["verify"]);
}

#[test]
fn refusals_are_told_with_their_reason_and_readers_are_not_written_down() {
    let world = World::start();
    world.group("acme").project("acme/network").user("dev", Role::Developer, "acme/network");
    let before = log(&world, "per_page=100").len();
    world.anonymous().get("/api/v4/projects/acme%2Fnetwork").must(404);
    world.anonymous().token("wrong").get("/api/v4/user").must(401);
    assert_eq!(log(&world, "per_page=100").len(), before, "who reads changes nothing");
    let url = "/api/v4/projects/acme%2Fnetwork";
    let module = "/packages/terraform/modules/vpc/aws";
    for (who, answer, status, reason) in [
        ("anonymous", world.anonymous().delete(url), 401, "unauthenticated"),
        ("anonymous", world.anonymous().token("wrong").delete(url), 401, "unauthenticated"),
        ("dev", world.client("dev").delete(url), 403, "refused"),
        (
            "root",
            world.root().post("/api/v4/groups", &json!({ "path": "acme", "name": "a" })),
            400,
            "invalid",
        ),
        ("root", world.root().put(&format!("{url}{module}/v1/file"), b"x"), 400, "invalid"),
        ("root", world.root().put(&format!("{url}{module}/1.0.0/file"), b"x"), 422, "unprocessable"),
        (
            "root",
            world.root().post("/api/v4/users", &json!({ "username": "dev", "name": "d" })),
            409,
            "taken",
        ),
        ("root", world.root().delete("/api/v4/projects/nowhere"), 404, "refused"),
    ] {
        assert_eq!(answer.status, status, "{reason}: {}", answer.text());
        let entry = entry_of(&world, &answer);
        assert_eq!(entry["action"], "request.refused");
        assert_eq!(
            (&entry["refusal"]["status"], &entry["refusal"]["reason"]),
            (&json!(status), &json!(reason))
        );
        assert_eq!(entry["details"]["author_name"], who, "{entry}");
    }
}

#[test]
fn a_flood_of_refusals_does_not_fill_the_log() {
    let mut world = World::start();
    for _ in 0..400 {
        world.anonymous().delete("/api/v4/projects/1").must(401);
    }
    // The rest of the minute is counted when it is over, and when the server stops.
    world.server.stop();
    world.server.restart();
    let entries = log(&world, "per_page=100&action=request");
    let (counted, single): (Vec<&Value>, Vec<&Value>) =
        entries.iter().partition(|entry| entry["action"] == "request.refused_more");
    // The requests may lie on both sides of a full minute.
    assert!((60..=120).contains(&single.len()), "{}", single.len());
    let more: u64 = counted.iter().map(|entry| entry["data"]["count"].as_u64().unwrap()).sum();
    assert_eq!(single.len() as u64 + more, 400);
    assert_eq!(counted[0]["details"]["ip_address"], "127.0.0.1");
    world.server.cli_ok(&["verify"]);
}

#[test]
fn the_log_survives_a_kill() {
    let mut world = World::start();
    world.group("acme");
    world.server.kill();
    world.server.restart();
    assert!(actions(&log(&world, "per_page=100")).contains(&"group.created"));
    world.group("other");
    world.server.cli_ok(&["verify"]);
}
