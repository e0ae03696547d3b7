//! CI jobs: who opens them, what their tokens reach, when those are dead, and what is kept of where packages came from.

use cairn::domain::{RegistryAccess, Role, Visibility};
use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::support::archive::Module;
use crate::support::browser::Browser;
use crate::support::client::{Client, Response};
use crate::support::eventually;
use crate::support::world::{MODULES, World, encoded, upload};

const PROJECT: &str = "acme/network";
const JOBS: &str = "/api/v4/projects/acme%2Fnetwork/ci_jobs";
const ALLOWLIST: &str = "/api/v4/projects/acme%2Fnetwork/job_token_scope/allowlist";
const VERSIONS: &str = "/api/v4/packages/terraform/modules/v1/acme/vpc/aws/versions";
const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

/// A private project with a developer and `vpc/aws` 1.0.0, and a public one.
fn acme() -> World {
    let world = World::start();
    world.group_with("acme", Visibility::Private, &json!({})).project(PROJECT);
    world.user("dev", Role::Developer, PROJECT);
    world.publish(PROJECT, "vpc/aws", "1.0.0", Module::of("one"));
    world.group("open").public_project("open/modules");
    world.publish("open/modules", "lb/aws", "1.0.0", Module::of("open"));
    world
}

/// What a job says of itself.
fn described(pipeline: u64) -> Value {
    json!({
        "ref": "v1.2.0",
        "sha": SHA,
        "pipeline": {
            "id": pipeline,
            "iid": 7,
            "web_url": format!("https://gitlab.example/acme/network/-/pipelines/{pipeline}"),
            "source": "push",
        },
        "job": { "name": "publish", "web_url": "https://gitlab.example/acme/network/-/jobs/5" },
    })
}

/// The same with something else in it.
fn described_with(name: &str, value: Value) -> Value {
    let mut described = described(77);
    described[name] = value;
    described
}

/// The number and token of a job that somebody opens.
#[track_caller]
fn job_of(client: &Client, project: &str, pipeline: u64) -> (u64, String) {
    let answer = client.post(&format!("/api/v4/projects/{}/ci_jobs", encoded(project)), &described(pipeline));
    let job = answer.must(201).json();
    (job["id"].as_u64().unwrap(), job["token"].as_str().unwrap().to_owned())
}

/// What the script of a job of the developer sends.
#[track_caller]
fn job(world: &World) -> Client {
    let (_, token) = job_of(&world.client("dev"), PROJECT, 77);
    world.anonymous().with("JOB-TOKEN", &token)
}

fn project_url(path: &str) -> String {
    format!("/api/v4/projects/{}", encoded(path))
}

fn message(answer: &Response) -> String {
    answer.json()["message"].as_str().or(answer.json()["error"].as_str()).unwrap_or_default().to_owned()
}

#[test]
fn a_developer_opens_a_job_and_sees_its_secret_once() {
    let world = acme();
    let answer = world.client("dev").post(JOBS, &described(77)).must(201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let opened = answer.json();
    let token = opened["token"].as_str().unwrap();
    assert!(token.starts_with("cairn_job_"), "{token}");
    assert_eq!(
        (&opened["project_id"], &opened["user"]["username"]),
        (&json!(world.project_id(PROJECT)), &json!("dev"))
    );
    assert_eq!((&opened["ref"], &opened["sha"]), (&json!("v1.2.0"), &json!(SHA)));
    assert_eq!((&opened["pipeline"]["id"], &opened["job"]["name"]), (&json!(77), &json!("publish")));
    let time = |name: &str| opened[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(time("expires_at").duration_since(time("created_at")).as_secs(), 3600, "an hour by default");
    assert!(!world.server.log().contains(token), "the log has the token");
    world.client("dev").get(JOBS).must(405);
}

#[test]
fn a_form_opens_a_job_as_well() {
    let world = acme();
    let form = format!("ref=main&sha={SHA}&pipeline[id]=9&job[name]=x&expires_in=60");
    let client = world.client("dev").with("Content-Type", "application/x-www-form-urlencoded");
    let opened = client.request("POST", JOBS, Some(form.as_bytes())).must(201).json();
    assert_eq!((&opened["pipeline"]["id"], &opened["job"]["name"]), (&json!(9), &json!("x")));
}

#[test]
fn only_developers_open_jobs_and_only_as_people() {
    let world = acme();
    world.user("guest", Role::Guest, PROJECT).user("reporter", Role::Reporter, PROJECT).stranger("stranger");
    world.deploy_token("deploy", PROJECT, &["read_package_registry", "write_package_registry"]);
    world.personal_token("reading", "dev", &json!({ "name": "reading", "scopes": ["read_api"] }));
    let job = job(&world);
    for (who, client, status) in [
        ("nobody", world.anonymous(), 401),
        ("a stranger", world.client("stranger"), 404),
        ("a guest", world.client("guest"), 403),
        ("a reporter", world.client("reporter"), 403),
        ("a deploy token that may publish", world.client("deploy"), 403),
        ("a token that may only read", world.client("reading"), 403),
        ("a job", job, 403),
    ] {
        assert_eq!(client.post(JOBS, &described(77)).status, status, "{who}");
    }
}

#[test]
fn what_a_job_says_of_itself_is_checked() {
    let world = acme();
    let dev = world.client("dev");
    for (situation, body, said) in [
        ("nothing", json!({}), "ref is missing, sha is missing"),
        ("a short commit", described_with("sha", json!("0123")), "sha must be the full name of a commit"),
        ("two lines", described_with("ref", json!("a\nb")), "ref must be one line"),
        ("no number", described_with("pipeline", json!({ "iid": 1 })), "pipeline: id is missing"),
        ("a negative number", described_with("pipeline", json!({ "id": -1 })), "pipeline: id is invalid"),
        (
            "a script as page",
            described_with("pipeline", json!({ "id": 1, "web_url": "javascript:alert(1)" })),
            "pipeline: web_url must be an http or https URL",
        ),
        (
            "a page with a password",
            described_with("job", json!({ "web_url": "https://a:b@gitlab.example/" })),
            "job: web_url must be an http or https URL",
        ),
        ("no object", described_with("pipeline", json!([1])), "pipeline is invalid"),
        ("no time at all", described_with("expires_in", json!(0)), "expires_in must be 1 to 86400 seconds"),
        ("more than a day", described_with("expires_in", json!(86_401)), "expires_in must be 1 to 86400"),
    ] {
        let refused = dev.post(JOBS, &body).must(400);
        assert!(message(&refused).contains(said), "{situation}: {}", refused.text());
    }
    dev.post(JOBS, &described_with("expires_in", json!(86_400))).must(201);
}

#[test]
fn only_administrators_name_the_user() {
    let world = acme();
    world.user("other", Role::Developer, PROJECT).stranger("blocked");
    world.root().post(&format!("/api/v4/users/{}/block", world.user_id("blocked")), &json!({})).must(201);
    let naming = |client: &Client, user: &str| client.post(JOBS, &described_with("user_id", json!(user)));
    assert_eq!(naming(&world.root(), "other").must(201).json()["user"]["username"], "other");
    let number = world.user_id("other").to_string();
    assert_eq!(naming(&world.root(), &number).must(201).json()["user"]["username"], "other");
    assert_eq!(naming(&world.client("dev"), "dev").must(201).json()["user"]["username"], "dev");
    naming(&world.root(), "blocked").must(400);
    naming(&world.root(), "nobody").must(404);
    let refused = naming(&world.client("dev"), "other").must(403);
    assert_eq!(refused.body, naming(&world.client("dev"), "nobody").must(403).body, "which users exist");
}

#[test]
fn a_job_token_is_taken_in_every_form() {
    let world = acme();
    let (_, token) = job_of(&world.client("dev"), PROJECT, 77);
    let basic = |user: &str| format!("Basic {}", BASE64.encode(format!("{user}:{token}").as_bytes()));
    for (form, name, value, status) in [
        ("its own header", "JOB-TOKEN", token.clone(), 200),
        ("bearer", "Authorization", format!("Bearer {token}"), 200),
        ("basic, as GitLab has it", "Authorization", basic("gitlab-ci-token"), 200),
        ("private token", "PRIVATE-TOKEN", token.clone(), 200),
        ("basic with the name of its user", "Authorization", basic("dev"), 401),
        ("basic with another name", "Authorization", basic("root"), 401),
        ("basic without a name", "Authorization", basic(""), 401),
        ("cut short", "JOB-TOKEN", token[..token.len() - 1].to_owned(), 401),
    ] {
        let answer = world.anonymous().with(name, &value).get(VERSIONS);
        assert_eq!(answer.status, status, "{form}: {}", answer.text());
    }
}

#[test]
fn a_job_reads_and_publishes_in_its_own_project() {
    let world = acme();
    let job = job(&world);
    job.get(VERSIONS).must(200);
    let url = job.get(&format!("{MODULES}/acme/vpc/aws/1.0.0/download")).must(204);
    let url = url.header("x-terraform-get").unwrap();
    assert_eq!(world.anonymous().get(url).must(200).body, Module::of("one").build());
    upload(&job, PROJECT, "vpc/aws", "1.1.0", Module::of("two")).must(201);
    job.get(&format!("{}/packages", project_url(PROJECT))).must(200);
    let package = world.package_id(PROJECT, "vpc/aws", "1.1.0");
    let refused = job.delete(&format!("{}/packages/{package}", project_url(PROJECT)));
    assert_eq!(refused.status, 403, "its user is no maintainer: {}", refused.text());
}

#[test]
fn another_private_project_needs_its_allowlist_and_the_users_role() {
    let world = acme();
    for (path, role) in
        [("acme/writes", Some(Role::Developer)), ("acme/reads", Some(Role::Guest)), ("acme/foreign", None)]
    {
        world.project(path);
        world.publish(path, &format!("{}/aws", path.replace("acme/", "")), "1.0.0", Module::of(path));
        if let Some(role) = role {
            world.member("dev", role, path);
        }
    }
    let job = job(&world);
    let status = |path: &str| {
        let module = path.replace("acme/", "");
        let versions = job.get(&format!("{MODULES}/acme/{module}/aws/versions")).must(200).json();
        let listed = versions["modules"][0]["versions"].as_array().unwrap().len();
        let read = job.get(&format!("{}/packages/terraform/modules/{module}/aws/1.0.0", project_url(path)));
        let packages = job.get("/api/v4/groups/acme/packages").must(200).json();
        let in_group =
            packages.as_array().unwrap().iter().any(|package| package["name"] == format!("{module}/aws"));
        let sent = upload(&job, path, &format!("{module}/aws"), "2.0.0", Module::of("x"));
        (listed, read.status, in_group, sent.status)
    };
    for path in ["acme/writes", "acme/reads", "acme/foreign"] {
        assert_eq!(status(path), (0, 404, false, 404), "{path} without an entry");
        let target = json!({ "target_project_id": world.project_id(PROJECT) });
        world.root().post(&format!("{}/job_token_scope/allowlist", project_url(path)), &target).must(201);
    }
    assert_eq!(status("acme/writes"), (1, 200, true, 201));
    assert_eq!(status("acme/reads"), (1, 200, true, 403), "no more than its user may");
    assert_eq!(status("acme/foreign"), (0, 404, false, 404), "its user is no member");
}

#[test]
fn public_and_internal_projects_need_no_allowlist() {
    let world = acme();
    world.group_with("inner", Visibility::Internal, &json!({}));
    world.project_with("inner/modules", Visibility::Internal, RegistryAccess::Enabled);
    world.publish("inner/modules", "db/aws", "1.0.0", Module::of("inner"));
    let job = job(&world);
    for (path, module) in [("open", "lb"), ("inner", "db")] {
        job.get(&format!("{MODULES}/{path}/{module}/aws/1.0.0")).must(200);
        upload(&job, &format!("{path}/modules"), "x/aws", "1.0.0", Module::of("x")).must(403);
        world.member("dev", Role::Developer, &format!("{path}/modules"));
        upload(&job, &format!("{path}/modules"), "x/aws", "1.0.0", Module::of("x")).must(201);
    }
}

#[test]
fn a_token_is_dead_at_once_when_its_job_or_its_user_is() {
    let seen = "/api/v4/projects/open%2Fmodules";
    for situation in [
        "closed by whom it is of",
        "closed by itself",
        "closed by another developer",
        "its user is blocked",
        "its user is deleted",
        "its project is deleted",
    ] {
        let world = acme();
        world.user("other", Role::Developer, PROJECT);
        let (id, token) = job_of(&world.client("dev"), PROJECT, 77);
        let job = world.anonymous().with("JOB-TOKEN", &token);
        job.get(seen).must(200);
        let user = format!("/api/v4/users/{}", world.user_id("dev"));
        let close = |client: &Client| client.delete(&format!("{JOBS}/{id}")).must(204);
        match situation {
            "closed by whom it is of" => close(&world.client("dev")),
            "closed by itself" => close(&job),
            "closed by another developer" => close(&world.client("other")),
            "its user is blocked" => world.root().post(&format!("{user}/block"), &json!({})).must(201),
            "its user is deleted" => world.root().delete(&user).must(204),
            _ => world.root().delete(&project_url(PROJECT)).must(202),
        };
        let refused = job.get(seen);
        assert_eq!(refused.status, 401, "{situation}: {}", refused.text());
        assert_eq!(upload(&job, PROJECT, "vpc/aws", "2.0.0", Module::of("late")).status, 401, "{situation}");
    }
}

#[test]
fn a_token_is_dead_when_its_time_is_over() {
    let world = acme();
    let opened = world.client("dev").post(JOBS, &described_with("expires_in", json!(1))).must(201).json();
    let job = world.anonymous().with("JOB-TOKEN", opened["token"].as_str().unwrap());
    eventually("the job's time is over", || job.get(VERSIONS).status == 401);
}

#[test]
fn a_job_has_the_rights_its_user_has_now() {
    let world = acme();
    let (job, user) = (job(&world), world.user_id("dev"));
    let member = format!("{}/members/{user}", project_url(PROJECT));
    world.root().put_json(&member, &json!({ "access_level": Role::Guest.level() })).must(200);
    upload(&job, PROJECT, "vpc/aws", "1.1.0", Module::of("x")).must(403);
    job.get(VERSIONS).must(200);
    world.root().delete(&member).must(204);
    job.get(VERSIONS).must(403);
    job.get(&project_url(PROJECT)).must(404);
    world.member("dev", Role::Developer, PROJECT);
    upload(&job, PROJECT, "vpc/aws", "1.1.0", Module::of("x")).must(201);
}

#[test]
fn a_leaked_token_is_closed_while_the_registry_of_its_project_is_off() {
    let world = acme();
    let (id, token) = job_of(&world.client("dev"), PROJECT, 1);
    world.change_project(PROJECT, &json!({ "package_registry_access_level": "disabled" }));
    world.client("dev").delete(&format!("{JOBS}/{id}")).must(204);
    world.anonymous().with("JOB-TOKEN", &token).get("/api/v4/projects").must(401);
}

#[test]
fn a_job_closes_itself_and_no_other() {
    let world = acme();
    let (first, _) = job_of(&world.client("dev"), PROJECT, 1);
    let (_, token) = job_of(&world.client("dev"), PROJECT, 2);
    let job = world.anonymous().with("JOB-TOKEN", &token);
    job.delete(&format!("{JOBS}/{first}")).must(403);
    world.client("dev").delete(&format!("{JOBS}/{first}")).must(204);
    world.client("dev").delete(&format!("{JOBS}/{first}")).must(204);
    world.client("dev").delete(&format!("{JOBS}/999")).must(404);
    world.client("dev").delete(&format!("{JOBS}/x")).must(400);
    world.group("beta").project("beta/other").member("dev", Role::Developer, "beta/other");
    let elsewhere = "/api/v4/projects/beta%2Fother/ci_jobs";
    world.client("dev").delete(&format!("{elsewhere}/{first}")).must(404);
}

#[test]
fn a_job_administers_nothing_whatever_its_user_is() {
    let world = acme();
    world.user("owner", Role::Owner, PROJECT);
    let owner = world.user_id("owner");
    for (whose, client) in [("an owner", world.client("owner")), ("an administrator", world.root())] {
        let (_, token) = job_of(&client, PROJECT, 77);
        let job = world.anonymous().with("JOB-TOKEN", &token);
        let project = project_url(PROJECT);
        for (method, path, body) in [
            ("PUT", project.clone(), json!({ "visibility": "public" })),
            ("DELETE", project.clone(), Value::Null),
            ("POST", format!("{project}/members"), json!({ "user_id": 1, "access_level": 50 })),
            ("PUT", format!("{project}/members/{owner}"), json!({ "access_level": 10 })),
            ("DELETE", format!("{project}/members/{owner}"), Value::Null),
            ("GET", format!("{project}/deploy_tokens"), Value::Null),
            (
                "POST",
                format!("{project}/deploy_tokens"),
                json!({ "name": "x", "scopes": ["read_package_registry"] }),
            ),
            ("GET", ALLOWLIST.to_owned(), Value::Null),
            ("POST", ALLOWLIST.to_owned(), json!({ "target_project_id": 2 })),
            (
                "POST",
                "/api/v4/user/personal_access_tokens".to_owned(),
                json!({ "name": "x", "scopes": ["api"] }),
            ),
            ("GET", "/api/v4/personal_access_tokens".to_owned(), Value::Null),
            ("POST", "/api/v4/groups".to_owned(), json!({ "name": "x", "path": "x" })),
            ("POST", "/api/v4/users".to_owned(), json!({ "username": "x", "name": "x" })),
            ("GET", "/api/v4/application/settings".to_owned(), Value::Null),
            ("PUT", "/api/v4/application/settings".to_owned(), json!({ "packages_enabled": false })),
        ] {
            let text = body.to_string();
            let sent = (!body.is_null()).then_some(text.as_bytes());
            let answer = job.with("Content-Type", "application/json").request(method, &path, sent);
            assert_eq!(answer.status, 403, "{whose}: {method} {path}: {}", answer.text());
        }
    }
}

#[test]
fn the_job_of_an_administrator_sees_no_more_private_projects_than_the_allowlists_let_it() {
    let world = acme();
    world.project("acme/secret").publish("acme/secret", "secret/aws", "1.0.0", Module::of("secret"));
    let (_, token) = job_of(&world.root(), PROJECT, 77);
    let job = world.anonymous().with("JOB-TOKEN", &token);
    job.get(&project_url("acme/secret")).must(404);
    let seen = job.get(&format!("{MODULES}/acme/secret/aws/versions")).must(200).json();
    assert_eq!(seen, json!({ "modules": [{ "versions": [] }] }));
    let target = json!({ "target_project_id": world.project_id(PROJECT) });
    let list = format!("{}/job_token_scope/allowlist", project_url("acme/secret"));
    world.root().post(&list, &target).must(201);
    job.get(&project_url("acme/secret")).must(200);
}

#[test]
fn the_allowlist_is_kept_by_maintainers() {
    let world = acme();
    world.user("keeper", Role::Maintainer, PROJECT).project("acme/hidden");
    assert!(world.project_id("open/modules") < world.project_id("acme/hidden"));
    let (keeper, open) = (world.client("keeper"), world.project_id("open/modules"));
    let paths = |client: &Client| {
        let rows = client.get(ALLOWLIST).must(200).json();
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| row["path_with_namespace"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let add =
        |client: &Client, target: Value| client.post(ALLOWLIST, &json!({ "target_project_id": target }));
    assert_eq!(paths(&keeper), [PROJECT], "itself first, as in GitLab");
    assert_eq!(add(&keeper, json!(open)).must(201).json()["path_with_namespace"], "open/modules");
    for (situation, target, status) in [
        ("one that is listed", json!(open), 400),
        ("itself", json!(world.project_id(PROJECT)), 400),
        ("one that is not there", json!(9999), 404),
        ("one that is not seen", json!(world.project_id("acme/hidden")), 404),
        ("a word", json!("x"), 400),
        ("nothing", Value::Null, 400),
    ] {
        let refused = add(&keeper, target);
        assert_eq!(refused.status, status, "{situation}: {}", refused.text());
    }
    world.client("dev").get(ALLOWLIST).must(403);
    add(&world.client("dev"), json!(open)).must(403);
    add(&world.root(), json!(world.project_id("acme/hidden"))).must(201);
    assert_eq!(paths(&keeper), [PROJECT, "open/modules"], "what is not seen is not named");
    assert_eq!(paths(&world.root()), [PROJECT, "open/modules", "acme/hidden"], "in order of number");
    keeper.delete(&format!("{ALLOWLIST}/{open}")).must(204);
    keeper.delete(&format!("{ALLOWLIST}/{open}")).must(404);
    world.root().delete(&project_url("acme/hidden")).must(202);
    assert_eq!(paths(&world.root()), [PROJECT], "an entry goes with its project");
}

#[test]
fn a_ticket_given_to_a_job_dies_with_it() {
    let world = acme();
    let (id, token) = job_of(&world.client("dev"), PROJECT, 77);
    let job = world.anonymous().with("JOB-TOKEN", &token);
    let answer = job.get(&format!("{MODULES}/acme/vpc/aws/1.0.0/download")).must(204);
    let url = answer.header("x-terraform-get").unwrap();
    assert!(!url.contains(&token), "{url}");
    world.anonymous().get(url).must(200);
    world.client("dev").delete(&format!("{JOBS}/{id}")).must(204);
    world.anonymous().get(url).must(401);
}

#[test]
fn what_a_job_publishes_carries_pipeline_commit_and_user_as_verified() {
    let world = acme();
    let lie = r#"{"sha":"ffffffffffffffffffffffffffffffffffffffff","pipeline":{"id":1}}"#;
    upload(&job(&world).with("X-Cairn-Provenance", lie), PROJECT, "vpc/aws", "1.1.0", Module::of("x"))
        .must(201);
    let url = format!("{}/packages/{}", project_url(PROJECT), world.package_id(PROJECT, "vpc/aws", "1.1.0"));
    let package = world.client("dev").get(&url).must(200).json();
    let known = &package["provenance"];
    assert_eq!((&known["verified"], &known["verified_by"]["kind"]), (&json!(true), &json!("ci_job")));
    assert_eq!(
        (&known["ref"], &known["sha"]),
        (&json!("v1.2.0"), &json!(SHA)),
        "a job's own word counts less"
    );
    assert_eq!(known["commit_url"], format!("https://gitlab.example/acme/network/-/commit/{SHA}"));
    assert_eq!((&package["pipeline"]["id"], &package["pipeline"]["source"]), (&json!(77), &json!("push")));
    let pipelines = world.client("dev").get(&format!("{url}/pipelines")).must(200).json();
    let rows = pipelines.as_array().unwrap();
    assert_eq!(rows.len(), 1, "{pipelines}");
    assert_eq!((&rows[0]["id"], &rows[0]["user"]["username"]), (&json!(77), &json!("dev")));
    assert_eq!(rows[0]["provenance"]["job"]["name"], "publish");
    let plain =
        format!("{}/packages/{}", project_url(PROJECT), world.package_id(PROJECT, "vpc/aws", "1.0.0"));
    assert!(world.client("dev").get(&plain).must(200).json().get("pipeline").is_none(), "made by hand");
}

#[test]
fn lists_are_narrowed_to_what_came_from_a_pipeline() {
    let world = acme();
    world.member("dev", Role::Developer, "open/modules");
    let (_, token) = job_of(&world.client("dev"), "open/modules", 5);
    let job = world.anonymous().with("JOB-TOKEN", &token);
    upload(&job, "open/modules", "piped/aws", "1.0.0", Module::of("piped")).must(201);
    let browser = Browser::new(world.anonymous());
    let list = |query: &str| browser.page(&format!("/open/modules/-/infrastructure_registry{query}")).text();
    let found = list("?manner=ci");
    assert!(found.contains("piped/aws") && !found.contains("lb/aws"), "{found}");
    let others = list("?manner=user");
    assert!(!others.contains("piped/aws") && others.contains("lb/aws"), "{others}");
}

#[test]
fn the_history_goes_on_after_a_deletion_and_shows_five_updates() {
    let world = acme();
    world.member("dev", Role::Maintainer, "open/modules");
    let mut last = 0;
    for pipeline in 101..=105 {
        let (_, token) = job_of(&world.client("dev"), "open/modules", pipeline);
        let job = world.anonymous().with("JOB-TOKEN", &token);
        upload(&job, "open/modules", "again/aws", "1.0.0", Module::of(&pipeline.to_string())).must(201);
        last = world.package_id("open/modules", "again/aws", "1.0.0");
        if pipeline < 105 {
            job.delete(&format!("/api/v4/projects/open%2Fmodules/packages/{last}")).must(204);
        }
    }
    let url = format!("/api/v4/projects/open%2Fmodules/packages/{last}/pipelines");
    let rows = world.anonymous().get(&url).must(200).json();
    let ids: Vec<u64> = rows.as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [105, 104, 103, 102, 101], "newest first, and none is lost");
    let page = format!("/open/modules/-/infrastructure_registry/{last}?tab=activity");
    let html = Browser::new(world.anonymous()).page(&page).text();
    // Published, and then four times deleted and published again: eight updates, of which five are shown.
    assert_eq!(html.matches("<strong>").count(), 6, "{html}");
    assert!(html.contains("3 older updates are archived"), "{html}");
    assert!(html.contains("#101") && html.contains("#105") && !html.contains("#102"), "{html}");
    assert!(html.contains("Verified"), "{html}");
}
