//! The description of the API: served to anyone, and true of what the server answers.

use std::collections::BTreeSet;

use cairn::domain::Role;
use jsonschema::Validator;
use regex::Regex;
use serde_json::{Value, json};

use crate::modules_api::whole;
use crate::support::archive::Module;
use crate::support::client::Response;
use crate::support::server::Server;
use crate::support::world::{World, encoded};

const PROJECT: &str = "acme/team/network";

#[test]
fn the_description_is_for_anyone_and_need_not_be_fetched_twice() {
    let server = Server::builder().flag("--disable-registry").start();
    let answer = server.client().with("PRIVATE-TOKEN", "wrong").get("/api/openapi.json").must(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("public, no-cache"));
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let tag = answer.header("etag").unwrap();
    let again = server.client().with("If-None-Match", tag).get("/api/openapi.json").must(304);
    assert_eq!((again.body.len(), again.header("etag")), (0, Some(tag)));
    server.client().post("/api/openapi.json", &json!({})).must(405);
}

/// A server with one of everything, and its description with schemas that allow nothing they do not name.
struct Described {
    world: World,
    document: Value,
}

impl Described {
    fn start() -> Self {
        let world = World::start();
        world.group("acme").group("acme/team").group("acme/team/lower").project(PROJECT).user(
            "dev",
            Role::Developer,
            PROJECT,
        );
        world.deploy_token("reader", PROJECT, &["read_package_registry"]);
        // Before what it has to tell of.
        let hooks = format!("/api/v4/projects/{}/hooks", encoded(PROJECT));
        world.root().post(&hooks, &json!({ "url": "https://hooks.invalid" })).must(201);
        let publisher =
            json!({ "issuer": "https://ci.example", "claims": { "ref": "v*" }, "access_level": 30 });
        let publishers = format!("/api/v4/projects/{}/trusted_publishers", encoded(PROJECT));
        world.root().post(&publishers, &publisher).must(201);
        world.publish(PROJECT, "vpc/aws", "1.0.0", whole());
        world.publish(PROJECT, "vpc/aws", "1.1.0", whole());
        let group = format!("/api/v4/groups/{}", world.group_id("acme/team"));
        let member =
            json!({ "user_id": world.user_id("dev"), "access_level": 10, "expires_at": "2999-01-01" });
        world.root().post(&format!("{group}/members"), &member).must(201);
        let token = json!({ "name": "all", "scopes": ["read_package_registry"] });
        world.root().post(&format!("{group}/deploy_tokens"), &token).must(201);
        let publishers = format!("/api/v4/projects/{}/trusted_publishers", world.project_id(PROJECT));
        let publisher =
            json!({ "issuer": "https://a.example", "claims": { "ref": "v*" }, "access_level": 20 });
        world.root().post(&publishers, &publisher).must(201);
        let mut document = world.anonymous().get("/api/openapi.json").must(200).json();
        close(&mut document["components"]["schemas"]);
        Self { world, document }
    }

    /// What stands for a variable part of a path.
    fn value(&self, before: &str, name: &str) -> String {
        let first_id = |list: &str| self.world.root().get(list).must(200).json()[0]["id"].to_string();
        let project = || self.world.project_id(PROJECT);
        let package = || self.world.package_id(PROJECT, "vpc/aws", "1.0.0");
        match (before, name) {
            ("projects", "id") => project().to_string(),
            ("groups", "id") => self.world.group_id("acme/team").to_string(),
            ("namespaces", "id") => "acme%2Fteam".to_owned(),
            ("personal_access_tokens", "id") => "self".to_owned(),
            ("audit_events", "id") => "1".to_owned(),
            ("users", "id") | (_, "user_id") => self.world.user_id("dev").to_string(),
            (_, "package_id") => package().to_string(),
            (_, "file_id") => {
                let files = format!("/api/v4/projects/{}/packages/{}/package_files", project(), package());
                first_id(&files)
            }
            (_, "publisher_id") => first_id(&format!("/api/v4/projects/{}/trusted_publishers", project())),
            (_, "hook_id") => first_id(&format!("/api/v4/projects/{}/hooks", project())),
            (_, "trigger") => "package_events".to_owned(),
            ("namespaces", "path") | (_, "namespace") => "acme".to_owned(),
            (_, "name") => "vpc".to_owned(),
            (_, "system") => "aws".to_owned(),
            (_, "version") => "1.0.0".to_owned(),
            (_, "file") => "file".to_owned(),
            _ => panic!("give {{{name}}} behind {before} a value here"),
        }
    }

    /// A path of the document with its variable parts filled in.
    fn target(&self, template: &str) -> String {
        let mut target = Vec::new();
        let mut before = "";
        for segment in template.split('/') {
            match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                // Groups and projects number their deploy tokens together: each holder has its own here.
                Some("token_id") => {
                    let list = target.join("/");
                    target.push(self.world.root().get(&list).must(200).json()[0]["id"].to_string());
                }
                Some(name) => target.push(self.value(before, name)),
                None => target.push(segment.to_owned()),
            }
            before = segment;
        }
        target.join("/")
    }

    /// The parameters without which such a path is not answered.
    fn query(&self, template: &str) -> String {
        let parameters = self.document["paths"][template]["get"]["parameters"].as_array().unwrap();
        let required =
            parameters.iter().filter(|parameter| parameter["in"] == "query" && parameter["required"] == true);
        let given = required.map(|parameter| match parameter["name"].as_str().unwrap() {
            "q" => "?q=vpc",
            name => panic!("give {name} of {template} a value here"),
        });
        given.collect()
    }

    /// Fails the test unless the answer is one that the document promises of the operation.
    #[track_caller]
    fn check(&self, method: &str, template: &str, answer: &Response) {
        let what = format!("{method} {template}: {} {}", answer.status, answer.text());
        let responses = &self.document["paths"][template][method.to_lowercase()]["responses"];
        let response = &responses[answer.status.to_string()];
        assert!(response.is_object(), "{what}: no such status in {responses}");
        let Some(content) = response.get("content") else {
            assert!(answer.body.is_empty(), "{what}: no body is described");
            return;
        };
        let media_type = answer.header("content-type").unwrap_or_default();
        let described =
            content.get(media_type).or_else(|| content.get(media_type.split(';').next().unwrap()));
        let schema =
            &described.unwrap_or_else(|| panic!("{what}: {media_type} is not in {content}"))["schema"];
        if media_type == "application/json" {
            let schema = json!({ "allOf": [schema], "components": self.document["components"] });
            let validator = jsonschema::draft202012::new(&schema).unwrap();
            assert_valid(&validator, &answer.json(), &what);
        }
        for header in response["headers"].as_object().into_iter().flat_map(|headers| headers.keys()) {
            assert!(answer.header(&header.to_lowercase()).is_some(), "{what}: no header {header}");
        }
    }
}

#[track_caller]
fn assert_valid(validator: &Validator, value: &Value, what: &str) {
    let problems: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(problems.is_empty(), "{what}\n{problems:#?}");
}

/// Lets objects have no attributes but those that are described.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(keys) => {
            keys.values_mut().for_each(close);
            if keys.get("properties").is_some_and(Value::is_object) {
                keys.insert("additionalProperties".to_owned(), false.into());
            }
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn whatever_can_be_read_looks_as_described() {
    let described = Described::start();
    let mut lists = BTreeSet::new();
    for (template, methods) in described.document["paths"].as_object().unwrap() {
        if methods.get("get").is_none() {
            continue;
        }
        let target = described.target(template) + &described.query(template);
        let answer = described.world.root().get(&target);
        assert!((200..400).contains(&answer.status), "{target}: {} {}", answer.status, answer.text());
        described.check("GET", template, &answer);
        if answer.header("x-page").is_some() {
            assert_ne!(answer.text(), "[]", "{target} shows no row to be judged");
            lists.insert(template.clone());
        }
        // The same for those who are refused, or are shown less.
        for client in
            [described.world.anonymous(), described.world.client("reader"), described.world.client("dev")]
        {
            described.check("GET", template, &client.get(&target));
        }
        described.check("GET", template, &described.world.anonymous().token("nobody's").get(&target));
    }
    assert!(lists.len() > 15, "{lists:?}");
}

#[test]
fn what_parameters_add_or_leave_out_is_described() {
    let described = Described::start();
    for (template, query) in [
        ("/api/v4/projects", "simple=true"),
        ("/api/v4/projects", "order_by=star_count&sort=asc&visibility=private&min_access_level=50"),
        ("/api/v4/groups", "skip_groups=1,2&all_available=false"),
        ("/api/v4/users", "admins=true&order_by=username"),
        ("/api/v4/groups/{id}/members", "user_ids=1,2&skip_users=3"),
        ("/api/v4/namespaces/{path}/exists", "parent_id=acme"),
        ("/api/v4/projects/{id}/packages/{package_id}/pipelines", "per_page=20&cursor=x"),
        ("/api/v4/projects/{id}/packages/{package_id}/pipelines", "per_page=21"),
        ("/api/v4/projects/{id}/packages/{package_id}/package_files", "order_by=file_name&sort=desc"),
        ("/api/v4/audit_events", "page=2&per_page=5"),
        ("/api/v4/audit_events", "entity_type=Project&action=package&sort=asc&cursor=3&target=net"),
        ("/api/v4/audit_events", "created_after=2020-01-01&created_before=x"),
        ("/v1/modules", "limit=1&provider=aws&provider=google"),
        ("/v1/modules", "limit=x"),
        ("/v1/modules/{namespace}", "offset=1"),
        ("/v1/modules/search", ""),
        ("/v2/modules/{namespace}/{name}/{system}", "include=module-versions"),
    ] {
        let target = format!("{}?{query}", described.target(template));
        described.check("GET", template, &described.world.root().get(&target));
    }
}

#[test]
fn what_was_renamed_leads_on_as_described() {
    let described = Described::start();
    let (root, world) = (described.world.root(), &described.world);
    let (group, project) = (world.group_id("acme/team"), world.project_id(PROJECT));
    root.put_json(&format!("/api/v4/projects/{project}"), &json!({ "path": "net" })).must(200);
    root.put_json(&format!("/api/v4/groups/{group}"), &json!({ "path": "crew" })).must(200);
    let variable = Regex::new(r"\{\w+\}").unwrap();
    let mut led = 0;
    for (template, methods) in described.document["paths"].as_object().unwrap() {
        if methods["get"]["responses"].get("301").is_none() {
            continue;
        }
        let former = if template.contains("/projects/{id}") { PROJECT } else { "acme/team" };
        // What stands behind the former path is not looked at.
        let target = template.replacen("{id}", &encoded(former), 1);
        let target = variable.replace_all(&target, "1").into_owned();
        let answer = root.get(&target);
        assert_eq!(answer.status, 301, "{target}: {}", answer.text());
        described.check("GET", template, &answer);
        for method in ["PUT", "DELETE", "POST"] {
            if methods.get(method.to_lowercase()).is_some() {
                let body = json!({ "access_level": 30, "user_id": 1, "name": "x", "scopes": [] }).to_string();
                let client = root.with("Content-Type", "application/json");
                described.check(method, template, &client.request(method, &target, Some(body.as_bytes())));
            }
        }
        led += 1;
    }
    assert!(led > 20, "{led}");
}

#[test]
fn whatever_is_changed_looks_as_described() {
    let described = Described::start();
    let new_user = json!({ "username": "new", "name": "New", "password": "a long password of a test" });
    let new_group = json!({ "name": "New", "path": "new-group" });
    let token = json!({ "name": "x", "scopes": ["read_api"], "expires_at": "2999-01-01" });
    let deploy = json!({ "name": "x", "scopes": ["read_package_registry"], "expires_at": "2999-01-01" });
    let member = json!({ "access_level": 20, "expires_at": "2999-01-01" });
    let sign_in = |password| json!({ "grant_type": "password", "username": "new", "password": password });
    // In this order: each finds what the ones before it left.
    for (operation, body, status) in [
        ("POST /api/v4/users", new_user.clone(), 201),
        ("POST /api/v4/users", new_user, 409),
        ("POST /oauth/token", sign_in("a long password of a test"), 200),
        ("POST /oauth/token", sign_in("wrong"), 400),
        ("POST /oauth/token", json!({ "grant_type": "authorization_code" }), 400),
        ("POST /oauth/token", json!({ "grant_type": "client_credentials" }), 400),
        ("PUT /api/v4/users/{id}", json!({ "email": "dev@example.com" }), 200),
        ("POST /api/v4/users/{id}/block", json!({}), 201),
        ("POST /api/v4/users/{id}/unblock", json!({}), 201),
        ("POST /api/v4/users/{id}/personal_access_tokens", token.clone(), 201),
        ("POST /api/v4/user/personal_access_tokens", token, 201),
        ("POST /api/v4/groups", new_group.clone(), 201),
        ("POST /api/v4/groups", new_group, 400),
        ("PUT /api/v4/groups/{id}", json!({ "description": "changed" }), 200),
        ("PUT /api/v4/groups/{id}/members/{user_id}", member.clone(), 200),
        ("DELETE /api/v4/groups/{id}/members/{user_id}", Value::Null, 204),
        ("POST /api/v4/groups/{id}/deploy_tokens", deploy.clone(), 201),
        ("DELETE /api/v4/groups/{id}/deploy_tokens/{token_id}", Value::Null, 204),
        ("POST /api/v4/projects", json!({ "name": "p", "namespace_id": "acme" }), 201),
        ("POST /api/v4/projects", json!({ "name": "p", "namespace_id": "nowhere" }), 404),
        ("PUT /api/v4/projects/{id}", json!({ "name": "changed" }), 200),
        ("PUT /api/v4/projects/{id}/members/{user_id}", member, 200),
        ("DELETE /api/v4/projects/{id}/members/{user_id}", Value::Null, 204),
        ("POST /api/v4/projects/{id}/members", json!({ "username": "dev", "access_level": 30 }), 201),
        ("POST /api/v4/projects/{id}/members", json!({ "username": "dev", "access_level": 30 }), 409),
        ("POST /api/v4/projects/{id}/deploy_tokens", deploy, 201),
        ("DELETE /api/v4/projects/{id}/deploy_tokens/{token_id}", Value::Null, 204),
        (
            "POST /api/v4/projects/{id}/trusted_publishers",
            json!({ "issuer": "https://ci.example", "claims": { "ref": "v*" }, "access_level": 30 }),
            201,
        ),
        ("POST /api/v4/projects/{id}/trusted_publishers", json!({ "issuer": "nobody" }), 400),
        ("DELETE /api/v4/projects/{id}/trusted_publishers/{publisher_id}", Value::Null, 204),
        ("POST /api/v4/projects/{id}/hooks", json!({ "url": "https://hooks.invalid" }), 201),
        ("POST /api/v4/projects/{id}/hooks", json!({ "url": "nowhere" }), 400),
        ("PUT /api/v4/projects/{id}/hooks/{hook_id}", json!({ "name": "chat" }), 200),
        ("POST /api/v4/projects/{id}/hooks/{hook_id}/test/{trigger}", json!({}), 201),
        ("DELETE /api/v4/projects/{id}/hooks/{hook_id}", Value::Null, 204),
        ("DELETE /api/v4/projects/{id}/packages/{package_id}/package_files/{file_id}", Value::Null, 204),
        ("DELETE /api/v4/projects/{id}/packages/{package_id}", Value::Null, 204),
        ("PUT /api/v4/application/settings", json!({ "packages_enabled": true }), 200),
        ("PUT /api/v4/application/plan_limits", json!({ "terraform_module_max_file_size": 1_000_000 }), 200),
        ("DELETE /api/v4/projects/{id}", Value::Null, 202),
        ("DELETE /api/v4/groups/{id}", Value::Null, 202),
        ("DELETE /api/v4/users/{id}", Value::Null, 204),
        ("POST /api/v4/personal_access_tokens/{id}/rotate", json!({ "expires_at": "2999-01-01" }), 200),
    ] {
        let (method, template) = operation.split_once(' ').unwrap();
        let target = described.target(template);
        let client = described.world.root().with("Content-Type", "application/json");
        let bytes = body.to_string();
        let answer = client.request(method, &target, (!body.is_null()).then_some(bytes.as_bytes()));
        assert_eq!(answer.status, status, "{method} {target}: {}", answer.text());
        described.check(method, template, &answer);
    }
}

#[test]
fn publishing_looks_as_described() {
    let described = Described::start();
    let template = "/api/v4/projects/{id}/packages/terraform/modules/{name}/{system}/{version}/file";
    let target = |rest: &str| {
        let project = described.world.project_id(PROJECT);
        format!("/api/v4/projects/{project}/packages/terraform/modules/{rest}/file")
    };
    let archive: Vec<u8> = Module::of("new").into();
    for (client, rest, body, status) in [
        (described.world.root(), "vpc/aws/2.0.0", archive.as_slice(), 201),
        (described.world.root(), "vpc/aws/2.0.0", archive.as_slice(), 403),
        (described.world.root(), "vpc/aws/v2", archive.as_slice(), 400),
        (described.world.root(), "vpc/a-s/2.0.0", archive.as_slice(), 422),
        (described.world.root(), "vpc/aws/3.0.0", b"text".as_slice(), 422),
        (described.world.anonymous(), "vpc/aws/3.0.0", archive.as_slice(), 401),
        (described.world.client("reader"), "vpc/aws/3.0.0", archive.as_slice(), 403),
    ] {
        let answer = client.put(&target(rest), body);
        assert_eq!(answer.status, status, "{rest}: {}", answer.text());
        described.check("PUT", template, &answer);
    }
}
