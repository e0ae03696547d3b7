//! Every change of the tables leaves one entry in the audit log, and every refused one does.

use std::collections::HashMap;

use cairn::domain::{RegistryAccess, Visibility};
use cairn::http::endpoint::Segments;
use serde_json::{Value, json};

use super::stage::{Place, Stage};
use super::{Endpoint, instance};
use crate::support::archive::Module;
use crate::support::client::Response;
use crate::support::world::World;

/// What is noted of a change that was made.
const ACTIONS: &[(&str, &str, &str)] = &[
    (
        "PUT",
        "/api/v4/projects/:id/packages/terraform/modules/:name/:system/:version/file",
        "package.published",
    ),
    ("DELETE", "/api/v4/projects/:id/packages/:package_id", "package.deleted"),
    ("DELETE", "/api/v4/projects/:id/packages/:package_id/package_files/:file_id", "package_file.deleted"),
    ("POST", "/api/v4/projects", "project.created"),
    ("PUT", "/api/v4/projects/:id", "project.changed"),
    ("DELETE", "/api/v4/projects/:id", "project.deleted"),
    ("POST", "/api/v4/groups", "group.created"),
    ("PUT", "/api/v4/groups/:id", "group.changed"),
    ("DELETE", "/api/v4/groups/:id", "group.deleted"),
    ("POST", "/api/v4/projects/:id/members", "member.added"),
    ("PUT", "/api/v4/projects/:id/members/:user_id", "member.changed"),
    ("DELETE", "/api/v4/projects/:id/members/:user_id", "member.removed"),
    ("POST", "/api/v4/groups/:id/members", "member.added"),
    ("PUT", "/api/v4/groups/:id/members/:user_id", "member.changed"),
    ("DELETE", "/api/v4/groups/:id/members/:user_id", "member.removed"),
    ("POST", "/api/v4/projects/:id/deploy_tokens", "deploy_token.created"),
    ("DELETE", "/api/v4/projects/:id/deploy_tokens/:token_id", "deploy_token.deleted"),
    ("POST", "/api/v4/groups/:id/deploy_tokens", "deploy_token.created"),
    ("DELETE", "/api/v4/groups/:id/deploy_tokens/:token_id", "deploy_token.deleted"),
    ("PUT", "/api/v4/application/settings", "settings.changed"),
    ("PUT", "/api/v4/application/plan_limits", "settings.changed"),
    ("POST", "/api/v4/user/personal_access_tokens", "personal_token.created"),
    ("POST", "/api/v4/users/:id/personal_access_tokens", "personal_token.created"),
    ("DELETE", "/api/v4/personal_access_tokens/:id", "personal_token.revoked"),
    ("POST", "/api/v4/personal_access_tokens/:id/rotate", "personal_token.rotated"),
    ("POST", "/api/v4/users", "user.created"),
    ("PUT", "/api/v4/users/:id", "user.changed"),
    ("DELETE", "/api/v4/users/:id", "user.deleted"),
    ("POST", "/api/v4/users/:id/block", "user.blocked"),
    ("POST", "/api/v4/users/:id/unblock", "user.unblocked"),
    ("POST", "/api/v4/projects/:id/ci_jobs", "ci_job.opened"),
    ("DELETE", "/api/v4/projects/:id/ci_jobs/:job_id", "ci_job.closed"),
    ("POST", "/api/v4/projects/:id/job_token_scope/allowlist", "job_allowlist.added"),
    ("POST", "/api/v4/projects/:id/trusted_publishers", "trusted_publisher.added"),
    ("DELETE", "/api/v4/projects/:id/trusted_publishers/:publisher_id", "trusted_publisher.removed"),
    ("DELETE", "/api/v4/projects/:id/job_token_scope/allowlist/:target_project_id", "job_allowlist.removed"),
];

fn action_of(method: &str, path: &str) -> &'static str {
    let segments = Segments::split(path.split('?').next().unwrap()).unwrap();
    let pattern = segments.endpoint().unwrap().pattern();
    let known = ACTIONS.iter().find(|(known, of, _)| (*known, *of) == (method, pattern));
    known.unwrap_or_else(|| panic!("say here which action {method} {pattern} is noted as")).2
}

/// The entries of the log by request.
fn by_request(world: &World) -> HashMap<String, Vec<Value>> {
    let mut found: HashMap<String, Vec<Value>> = HashMap::new();
    for page in 1.. {
        let path = format!("/api/v4/audit_events?per_page=100&page={page}");
        let answer = world.root().get(&path).must(200);
        for entry in answer.json().as_array().unwrap() {
            let id = entry["request_id"].as_str().unwrap_or_default().to_owned();
            found.entry(id).or_default().push(entry.clone());
        }
        if answer.header("x-next-page") == Some("") {
            break;
        }
    }
    found
}

fn send(
    stage: &Stage,
    endpoint: &Endpoint,
    caller: &str,
    place: &Place,
    succeeds: bool,
) -> (String, Response) {
    let in_group = endpoint.class.starts_with("g-");
    let path = stage.filled(endpoint.path, place, in_group, succeeds);
    let client = stage.caller(caller, place);
    let answer = match stage.filled(endpoint.body, place, in_group, succeeds).as_str() {
        "" => client.request(endpoint.method, &path, None),
        "(archive)" => client.put(&path, &Module::of("up").build()),
        body => client.with("Content-Type", "application/json").request(
            endpoint.method,
            &path,
            Some(body.as_bytes()),
        ),
    };
    (path, answer)
}

fn request_id(answer: &Response) -> String {
    answer.header("x-request-id").unwrap().to_owned()
}

#[test]
fn every_change_and_every_refused_change_leaves_one_entry() {
    let stage = Stage::new(Visibility::Private, &[RegistryAccess::Enabled]);
    let place = &stage.places[0];
    let rows: Vec<Endpoint> = Endpoint::all()
        .into_iter()
        .chain(instance().into_iter().map(|(endpoint, _)| endpoint))
        .filter(|endpoint| endpoint.method != "GET")
        .collect();
    let mut expected = HashMap::new();
    for endpoint in &rows {
        let (path, answer) = send(&stage, endpoint, "strg", place, false);
        if answer.status >= 400 {
            let what = format!("{} {path}", endpoint.method);
            expected.insert(request_id(&answer), (what, "request.refused", Some(answer.status)));
        }
    }
    for endpoint in &rows {
        let (path, answer) = send(&stage, endpoint, "admn", place, true);
        let what = format!("{} {path}", endpoint.method);
        assert!((200..300).contains(&answer.status), "{what}: {} {}", answer.status, answer.text());
        expected.insert(request_id(&answer), (what, action_of(endpoint.method, &path), None));
    }
    assert!(expected.len() > 55, "{}", expected.len());
    let entries = by_request(&stage.world);
    let mut wrong = Vec::new();
    for (id, (what, action, refused)) in expected {
        match entries.get(&id).map(Vec::as_slice) {
            Some([only]) if only["action"] == action => {
                let outcome = if refused.is_some() { "refused" } else { "done" };
                let status = only["refusal"]["status"].as_u64().map(|status| u16::try_from(status).unwrap());
                let who = if refused.is_some() { "strg" } else { "root" };
                let told = only["outcome"] == outcome
                    && status == refused
                    && only["details"]["author_name"] == who
                    && only["credential"]["kind"] == "personal_token"
                    && only["details"]["ip_address"] == "127.0.0.1"
                    && !only["details"]["target_details"].is_null();
                if !told {
                    wrong.push(format!("{what}: {only}"));
                }
            }
            other => wrong.push(format!("{what}: not one {action}: {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn jobs_and_allowlists_are_noted() {
    let world = World::start();
    world.group("acme").project("acme/network").project("acme/other");
    let project = "/api/v4/projects/acme%2Fnetwork";
    let job = json!({ "ref": "main", "sha": "a".repeat(40), "pipeline": { "id": 7 }, "user_id": "root" });
    let opened = world.root().post(&format!("{project}/ci_jobs"), &job).must(201);
    let other = json!({ "target_project_id": world.project_id("acme/other") });
    let close = format!("{project}/ci_jobs/{}", opened.json()["id"]);
    let allowlist = format!("{project}/job_token_scope/allowlist");
    let remove = format!("{allowlist}/{}", other["target_project_id"]);
    let added = world.root().post(&allowlist, &other).must(201);
    let token = opened.json()["token"].as_str().unwrap().to_owned();
    let upload = format!("{project}/packages/terraform/modules/vpc/aws/1.0.0/file");
    let published =
        world.anonymous().with("JOB-TOKEN", &token).put(&upload, &Module::of("x").build()).must(201);
    let done = [
        ("POST", format!("{project}/ci_jobs"), opened),
        ("POST", allowlist, added),
        ("PUT", upload, published.clone()),
        ("DELETE", remove.clone(), world.root().delete(&remove).must(204)),
        ("DELETE", close.clone(), world.root().delete(&close).must(204)),
    ];
    let entries = by_request(&world);
    for (method, path, answer) in done {
        let found = &entries[&request_id(&answer)];
        assert_eq!(found.len(), 1, "{method} {path}: {found:?}");
        assert_eq!(found[0]["action"], action_of(method, &path), "{found:?}");
        assert_eq!(found[0]["details"]["entity_path"], "acme/network");
    }
    let published = &entries[&request_id(&published)][0];
    assert_eq!(published["details"]["author_name"], "root", "a job is whom it acts for");
    assert_eq!(
        (&published["credential"]["kind"], &published["credential"]["name"]),
        (&json!("ci_job"), &json!("main"))
    );
}
