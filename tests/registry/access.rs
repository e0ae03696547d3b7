//! Refusals and their reasons, over the wire: bad credentials, what is hidden, inherited roles, scopes. Who may do what
//! is in `rights.rs`.

use cairn::domain::{RegistryAccess, Role, Visibility};
use serde_json::json;

use crate::support::archive::Module;
use crate::support::client::{Client, Response};
use crate::support::eventually;
use crate::support::world::{MODULES, World, encoded, upload_path};

/// Endpoints that refuse alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// N1 to N6.
    N,
    /// P1 and P2.
    P,
    /// List, show, files, download of the packages API.
    G,
}

const MEMBERS: [(&str, Role); 5] = [
    ("guest", Role::Guest),
    ("reporter", Role::Reporter),
    ("developer", Role::Developer),
    ("maintainer", Role::Maintainer),
    ("owner", Role::Owner),
];

/// One project, alone in its namespace, that has `vpc/aws` 1.0.0.
struct Place {
    namespace: String,
    project: String,
    package: u64,
    file: u64,
}

impl Place {
    fn new(world: &World, visibility: Visibility, registry: RegistryAccess) -> Self {
        let namespace = format!("{}-{}", visibility.as_str(), registry.as_str());
        let project = format!("{namespace}/modules");
        world.group_with(&namespace, visibility, &json!({}));
        world.project_with(&project, visibility, RegistryAccess::Enabled);
        for (name, role) in MEMBERS {
            world.member(name, role, &project);
        }
        world.deploy_token(&format!("deploy-read.{namespace}"), &project, &["read_package_registry"]);
        let scopes = ["read_package_registry", "write_package_registry"];
        world.deploy_token(&format!("deploy-write.{namespace}"), &project, &scopes);
        world.publish(&project, "vpc/aws", "1.0.0", Module::of(&namespace));
        let package = world.package_id(&project, "vpc/aws", "1.0.0");
        let files = format!("/api/v4/projects/{}/packages/{package}/package_files", encoded(&project));
        let file = world.root().get(&files).must(200).json()[0]["id"].as_u64().unwrap();
        world.change_project(&project, &json!({ "package_registry_access_level": registry.as_str() }));
        Self { namespace, project, package, file }
    }

    fn caller(&self, world: &World, name: &str) -> Client {
        match name {
            "anonymous" => world.anonymous(),
            "admin" => world.root(),
            "deploy-read" | "deploy-write" => world.client(&format!("{name}.{}", self.namespace)),
            name => world.client(name),
        }
    }

    /// The reads of a family, with the status of success.
    fn reads(&self, family: Family) -> Vec<(String, u16)> {
        let n = format!("{MODULES}/{}/vpc/aws", self.namespace);
        let project = format!("/api/v4/projects/{}/packages", encoded(&self.project));
        let (package, file) = (self.package, self.file);
        match family {
            Family::N => vec![
                (format!("{n}/versions"), 200),
                (format!("{n}/download"), 302),
                (n.clone(), 200),
                (format!("{n}/1.0.0"), 200),
                (format!("{n}/1.0.0/download"), 204),
                (format!("{n}/1.0.0/file"), 200),
                (format!("{n}/1.0.0/vpc-aws-1.0.0.tar.gz"), 200),
            ],
            Family::P => vec![
                (format!("{project}/terraform/modules/vpc/aws"), 200),
                (format!("{project}/terraform/modules/vpc/aws/1.0.0"), 200),
                (format!("{project}/terraform/modules/vpc/aws?terraform-get=1"), 204),
            ],
            Family::G => vec![
                (project.clone(), 200),
                (format!("{project}/{package}"), 200),
                (format!("{project}/{package}/package_files"), 200),
                (format!("{project}/{package}/package_files/{file}/download"), 200),
            ],
        }
    }

    fn upload(&self, client: &Client, version: &str) -> Response {
        client.put(&upload_path(&self.project, "up/aws", version), &Module::of("up").build())
    }

    fn delete(&self, client: &Client, package: u64) -> Response {
        client.delete(&format!("/api/v4/projects/{}/packages/{package}", encoded(&self.project)))
    }
}

fn people(world: &World) {
    world.stranger("stranger");
    for (name, _) in MEMBERS {
        world.stranger(name);
    }
    world.group("elsewhere").project("elsewhere/other");
    let scopes = ["read_package_registry", "write_package_registry"];
    world.deploy_token("deploy-other", "elsewhere/other", &scopes);
}

#[test]
fn a_bad_credential_is_refused_everywhere_even_on_public_things() {
    let world = World::start();
    people(&world);
    let place = Place::new(&world, Visibility::Public, RegistryAccess::Enabled);
    world.personal_token("revoked", "guest", &json!({ "name": "x", "scopes": ["api"] }));
    world.client("revoked").delete("/api/v4/personal_access_tokens/self").must(204);
    world.stranger("blocked");
    let block = format!("/api/v4/users/{}/block", world.user_id("blocked"));
    world.root().post(&block, &json!({})).must(201);
    let soon = soon();
    let token = json!({
        "name": "expired", "username": "expired", "scopes": ["read_package_registry"], "expires_at": soon,
    });
    let deploy_tokens = format!("/api/v4/projects/{}/deploy_tokens", encoded(&place.project));
    let issued = world.root().post(&deploy_tokens, &token).must(201).json();
    let expired = world.anonymous().token(issued["token"].as_str().unwrap());
    let versions = format!("{MODULES}/{}/vpc/aws/versions", place.namespace);
    eventually("the token expires", || expired.get(&versions).status == 401);
    let callers = [
        ("nobody's token", world.anonymous().token("nobody-has-this-token-0123456789")),
        ("a revoked token", world.client("revoked")),
        ("a blocked user's token", world.client("blocked")),
        ("an expired token", expired),
    ];
    for (who, client) in callers {
        for family in [Family::N, Family::P, Family::G] {
            for (target, _) in place.reads(family) {
                let answer = client.get(&target);
                assert_eq!(answer.status, 401, "{who}: {target}");
                assert!(answer.header("www-authenticate").is_some(), "{who}: {target}");
            }
        }
        place.upload(&client, "3.0.0").must(401);
        place.delete(&client, place.package).must(401);
        client.get("/.well-known/terraform.json").must(200);
    }
    assert_eq!(world.packages(&place.project).len(), 1, "nothing was added or deleted");
}

#[expect(clippy::disallowed_methods, reason = "the server's clock is the real one")]
fn soon() -> String {
    (jiff::Timestamp::now() + jiff::SignedDuration::from_millis(300)).to_string()
}

#[test]
fn what_is_private_and_what_does_not_exist_answer_alike() {
    let world = World::start();
    people(&world);
    let place = Place::new(&world, Visibility::Private, RegistryAccess::Enabled);
    let hidden_id = world.project_id(&place.project).to_string();
    let group_id = world.group_id(&place.namespace).to_string();
    let absent = Place {
        namespace: "no-such-group".to_owned(),
        project: "no-such-group/modules".to_owned(),
        package: place.package,
        file: place.file,
    };
    for name in ["anonymous", "stranger", "deploy-other"] {
        let client = place.caller(&world, name);
        for family in [Family::N, Family::P, Family::G] {
            for ((real, _), (unreal, _)) in place.reads(family).into_iter().zip(absent.reads(family)) {
                same_answer(name, &client, "GET", &real, &unreal);
                same_answer(name, &client, "HEAD", &real, &unreal);
                let (real, unreal) = match family {
                    Family::N => (
                        real.replace(&place.namespace, &group_id),
                        unreal.replace(&absent.namespace, "999999"),
                    ),
                    Family::P | Family::G => (
                        real.replace(&encoded(&place.project), &hidden_id),
                        unreal.replace(&encoded(&absent.project), "999999"),
                    ),
                };
                same_answer(name, &client, "GET", &real, &unreal);
            }
        }
        let put = |place: &Place| upload_path(&place.project, "vpc/aws", "1.0.0");
        same_answer(name, &client, "PUT", &put(&place), &put(&absent));
        let bad = |place: &Place| upload_path(&place.project, "Not_A-/aws", "one");
        same_answer(name, &client, "PUT", &bad(&place), &bad(&absent));
        let package = |place: &Place| {
            format!("/api/v4/projects/{}/packages/{}", encoded(&place.project), place.package)
        };
        same_answer(name, &client, "DELETE", &package(&place), &package(&absent));
        for path in ["", "/packages", "/members", "/deploy_tokens", "/projects", "/subgroups"] {
            let group = |place: &Place| format!("/api/v4/groups/{}{path}", place.namespace);
            same_answer(name, &client, "GET", &group(&place), &group(&absent));
        }
        for path in ["", "/members", "/members/all", "/deploy_tokens"] {
            let project = |place: &Place| format!("/api/v4/projects/{}{path}", encoded(&place.project));
            same_answer(name, &client, "GET", &project(&place), &project(&absent));
        }
    }
}

#[track_caller]
fn same_answer(who: &str, client: &Client, method: &str, real: &str, unreal: &str) {
    let body = (method == "PUT").then(|| Module::of("x").build());
    let answer = |target: &str| client.request(method, target, body.as_deref()).without_traces();
    let (hidden, absent) = (answer(real), answer(unreal));
    assert!(hidden.status >= 400, "{who} {method} {real}: {hidden:?}");
    assert_eq!(hidden, absent, "{who} {method} {real}");
}

#[test]
fn inherited_roles_count_and_the_highest_wins() {
    let world = World::start();
    world.group_with("acme", Visibility::Private, &json!({}));
    world.group_with("acme/infra", Visibility::Private, &json!({})).project("acme/infra/network");
    world.stranger("dev");
    let member = |role: Role| json!({ "user_id": world.user_id("dev"), "access_level": role.level() });
    world.root().post("/api/v4/groups/acme/members", &member(Role::Developer)).must(201);
    world.member("dev", Role::Guest, "acme/infra/network");
    let path = upload_path("acme/infra/network", "vpc/aws", "1.0.0");
    world.client("dev").put(&path, &Module::of("one").build()).must(201);
    world.client("dev").get(&format!("{MODULES}/acme/vpc/aws/versions")).must(200);
}

#[test]
fn a_read_only_token_reads_and_does_not_write() {
    let world = World::start();
    world.group("acme").project("acme/network").user("dev", Role::Maintainer, "acme/network");
    world.personal_token("reader", "dev", &json!({ "name": "r", "scopes": ["read_api"] }));
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    let client = world.client("reader");
    client.get(&format!("{MODULES}/acme/vpc/aws/1.0.0/download")).must(204);
    let path = upload_path("acme/network", "vpc/aws", "1.0.1");
    let refused = client.put(&path, &Module::of("two").build()).must(403).json();
    assert_eq!(refused["error"], "insufficient_scope");
    let package = world.package_id("acme/network", "vpc/aws", "1.0.0");
    client.delete(&format!("/api/v4/projects/acme%2Fnetwork/packages/{package}")).must(403);
    assert_eq!(world.packages("acme/network").len(), 1);
}

#[test]
fn refusals_say_what_to_do_where_terraform_shows_it() {
    let world = World::start();
    people(&world);
    let place = Place::new(&world, Visibility::Private, RegistryAccess::Enabled);
    let n = format!("{MODULES}/{}/vpc/aws", place.namespace);
    let bad = world.anonymous().token("nobody-has-this");
    for (situation, client, status, words) in [
        ("no credential", world.anonymous(), 401, "set a token for this host"),
        ("an unknown token", bad, 401, "token unknown or revoked"),
        ("no member", world.client("stranger"), 403, "ask its owner"),
    ] {
        let versions = client.get(&format!("{n}/versions")).must(status);
        assert!(versions.reason.contains(words), "{situation}: {}", versions.reason);
        assert!(versions.reason.is_ascii() && versions.reason.len() < 200, "{situation}");
        assert!(versions.json()["message"].is_string(), "{situation}");
        assert_eq!(versions.header("www-authenticate").is_some(), status == 401, "{situation}");
        let download = client.get(&format!("{n}/1.0.0/download")).must(status);
        assert!(download.header("content-type").unwrap().starts_with("text/plain"), "{situation}");
        assert!(download.text().contains(words), "{situation}: {}", download.text());
        assert_eq!(download.text().lines().count(), 1, "{situation}");
    }
    let missing = world.root().get(&format!("{n}/9.9.9/download")).must(404);
    assert!(missing.header("content-type").unwrap().starts_with("text/plain"), "{}", missing.text());
}
