//! CI jobs elsewhere: what an ID token opens, for whom, and what is kept of where a package came from.

use cairn::domain::{RegistryAccess, Role, Visibility};
use cairn::service::Clock;
use serde_json::{Value, json};

use crate::support::archive::Module;
use crate::support::client::Client;
use crate::support::issuer::{Answer, Issuer, SigningKey, hs256, jwks, unsigned};
use crate::support::server::Server;
use crate::support::wire::Wire;
use crate::support::world::{MODULES, World, encoded, upload, upload_path};

const AUDIENCE: &str = "https://cairn.example";
const PROJECT: &str = "acme/network";
const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

fn now() -> u64 {
    u64::try_from(Clock::system().now().as_second()).unwrap()
}

/// A server that trusts an issuer, with a private project and a token of its maintainer.
struct Ci {
    world: World,
    issuer: Issuer,
    key: SigningKey,
}

impl Ci {
    fn start() -> Self {
        let key = SigningKey::ed("one");
        let issuer = Issuer::with_keys(&[&key]);
        let config = format!(
            "[[ci.issuer]]\nurl = \"{}\"\naudience = \"{AUDIENCE}\"\njwks_uri = \"{}\"\n",
            issuer.url(),
            issuer.jwks_uri()
        );
        let world = World::on(Server::builder().config(&config));
        world.group("acme").project(PROJECT).user("boss", Role::Maintainer, PROJECT);
        Self { world, issuer, key }
    }

    /// What GitLab would put into a token for a tag of `acme/vpc`.
    fn claims(&self) -> Value {
        json!({
            "iss": self.issuer.url(), "aud": AUDIENCE, "exp": now() + 300, "nbf": now(), "iat": now(),
            "jti": "job-99", "sub": "project_path:acme/vpc:ref_type:tag:ref:v1.2.0",
            "project_path": "acme/vpc", "ref": "v1.2.0", "ref_type": "tag", "ref_protected": "true", "sha": SHA,
            "pipeline_id": "77", "pipeline_source": "push", "job_id": "99", "user_login": "ada",
        })
    }

    fn with(&self, more: &Value) -> Value {
        let mut claims = self.claims();
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    /// Somebody with a token of these claims.
    fn job(&self, claims: &Value) -> Client {
        self.world.anonymous().with("JOB-TOKEN", &self.key.token(claims))
    }

    /// Trusts `acme/vpc`, for tags that begin with `v`, with a role.
    fn trust(&self, project: &str, level: u8, more: &Value) -> Value {
        let mut publisher = json!({
            "name": "releases of acme/vpc", "issuer": self.issuer.url(), "access_level": level,
            "claims": { "project_path": "acme/vpc", "ref": "v*", "ref_protected": "true" },
        });
        for (name, value) in more.as_object().unwrap() {
            publisher[name] = value.clone();
        }
        self.world.root().post(&publishers(project), &publisher).must(201).json()
    }

    /// What reading the packages of the project gives.
    fn reads(&self, claims: &Value) -> u16 {
        self.job(claims).get(&format!("/api/v4/projects/{}/packages", encoded(PROJECT))).status
    }
}

fn publishers(project: &str) -> String {
    format!("/api/v4/projects/{}/trusted_publishers", encoded(project))
}

#[test]
fn a_pipeline_publishes_with_its_id_token_and_the_package_says_where_it_came_from() {
    let ci = Ci::start();
    let added = ci.trust(PROJECT, 30, &json!({}));
    assert_eq!(added["access_level"], 30);
    upload(&ci.job(&ci.claims()), PROJECT, "vpc/aws", "1.2.0", Module::of("one")).must(201);

    let id = ci.world.package_id(PROJECT, "vpc/aws", "1.2.0");
    let url = format!("/api/v4/projects/{}/packages/{id}", encoded(PROJECT));
    let package = ci.world.client("boss").get(&url).must(200).json();
    let gitlab = ci.issuer.url();
    assert_eq!(
        package["provenance"],
        json!({
            "verified": true,
            "verified_by": { "kind": "issuer", "url": gitlab },
            "pipeline": package["pipeline"],
            "job": { "name": "#99", "web_url": format!("{gitlab}/acme/vpc/-/jobs/99") },
            "ref": "v1.2.0", "sha": SHA, "user": "ada", "source_project": "acme/vpc",
            "commit_url": format!("{gitlab}/acme/vpc/-/commit/{SHA}"),
        })
    );
    assert_eq!(package["pipeline"]["id"], 77);
    assert_eq!(package["pipeline"]["web_url"], format!("{gitlab}/acme/vpc/-/pipelines/77"));
    let pipelines = ci.world.client("boss").get(&format!("{url}/pipelines")).must(200).json();
    assert_eq!(pipelines[0]["id"], 77);
    assert_eq!(pipelines[0]["provenance"], package["provenance"]);
    assert_eq!(pipelines.as_array().unwrap().len(), 1);

    // What the token reads as well: `terraform init` in a pipeline.
    let job = ci.job(&ci.claims());
    let download = job.get(&format!("{MODULES}/acme/vpc/aws/1.2.0/download")).must(204);
    let archive = download.header("x-terraform-get").unwrap().to_owned();
    let path = archive.strip_prefix(&ci.world.server.url()).unwrap_or(&archive).to_owned();
    ci.world.anonymous().get(&path).must(200);

    // The ticket ends with what it was given for.
    let publisher = format!("{}/{}", publishers(PROJECT), added["id"]);
    ci.world.client("boss").delete(&publisher).must(204);
    assert_eq!(ci.world.anonymous().get(&path).status, 401);
    assert_eq!(ci.reads(&ci.claims()), 404);
}

#[test]
fn every_claim_of_a_publisher_must_match() {
    let ci = Ci::start();
    ci.trust(PROJECT, 30, &json!({}));
    ci.world.publish(PROJECT, "vpc/aws", "1.0.0", Module::of("one"));
    for (situation, more, expected) in [
        ("all of them", json!({}), 200),
        ("another tag", json!({ "ref": "v2" }), 200),
        ("a branch", json!({ "ref": "main" }), 404),
        ("an unprotected ref", json!({ "ref_protected": "false" }), 404),
        ("a protected ref, said as a boolean", json!({ "ref_protected": true }), 200),
        ("a project that begins alike", json!({ "project_path": "acme/vpc2" }), 404),
        ("the same project in capitals", json!({ "project_path": "ACME/vpc" }), 404),
        ("no project", json!({ "project_path": null }), 404),
    ] {
        assert_eq!(ci.reads(&ci.with(&more)), expected, "{situation}");
    }
}

#[test]
fn a_token_that_proves_nothing_is_refused_even_where_everyone_may_read() {
    let ci = Ci::start();
    ci.world.public_project("acme/open");
    ci.world.publish("acme/open", "vpc/aws", "1.0.0", Module::of("one"));
    let path = format!("{MODULES}/acme/vpc/aws/versions");
    let stranger = SigningKey::ed("one");
    let other_kind = SigningKey::ec("one");
    let head = json!({ "alg": "EdDSA", "kid": "one", "typ": "JWT" });
    let hs = json!({ "alg": "HS256", "kid": "one", "typ": "JWT" });
    let good = ci.claims();
    let public_key = ci.key.jwk()["x"].as_str().unwrap().as_bytes().to_vec();
    let key_set = jwks([&ci.key]);
    for (situation, token) in [
        ("expired", ci.key.token(&ci.with(&json!({ "exp": now() - 60 })))),
        ("not yet valid", ci.key.token(&ci.with(&json!({ "nbf": now() + 120 })))),
        ("from the future", ci.key.token(&ci.with(&json!({ "iat": now() + 120 })))),
        ("without an end", ci.key.token(&ci.with(&json!({ "exp": null })))),
        ("for another server", ci.key.token(&ci.with(&json!({ "aud": "https://other.example" })))),
        ("for nobody", ci.key.token(&ci.with(&json!({ "aud": null })))),
        ("of another issuer", ci.key.token(&ci.with(&json!({ "iss": "https://other.example" })))),
        ("signed by a stranger who names the key", stranger.token(&good)),
        ("signed with another algorithm", other_kind.token(&good)),
        ("signed with a key nobody published", SigningKey::ed("two").token(&good)),
        ("signed with the public key as a secret", hs256(&hs, &good, &public_key)),
        ("signed with the key set as a secret", hs256(&hs, &good, key_set.as_bytes())),
        ("not signed", format!("{}.", unsigned(&json!({ "alg": "none" }), &good))),
        ("not signed, but said to be", format!("{}.", unsigned(&head, &good))),
        ("too long", ci.key.token(&ci.with(&json!({ "filler": "x".repeat(20_000) })))),
        ("cut short", ci.key.token(&good).rsplit_once('.').unwrap().0.to_owned() + ".AAAA"),
    ] {
        let answer = ci.world.anonymous().with("Authorization", &format!("Bearer {token}")).get(&path);
        assert_eq!(answer.status, 401, "{situation}: {}", answer.text());
        assert!(!answer.text().contains(&token), "{situation}");
    }
    assert_eq!(ci.job(&good).get(&path).status, 200, "a good one reads what everyone may");
    let log = ci.world.server.log();
    assert!(!log.contains("eyJ"), "no token is logged");
}

#[test]
fn a_role_reaches_as_far_as_its_level_and_no_further() {
    let ci = Ci::start();
    let world = &ci.world;
    world.project("acme/reads").project("acme/deletes").project("acme/other");
    world.project_with("acme/inner", Visibility::Internal, RegistryAccess::Enabled);
    for (project, level) in [("acme/reads", 20), (PROJECT, 30), ("acme/deletes", 40)] {
        ci.trust(project, level, &json!({}));
    }
    let job = ci.job(&ci.claims());
    for (project, publishes, deletes) in [
        ("acme/reads", 403, 403),
        (PROJECT, 201, 403),
        ("acme/deletes", 201, 204),
        ("acme/other", 404, 404),
        ("acme/inner", 404, 404),
    ] {
        let module = format!("{}/aws", project.rsplit_once('/').unwrap().1);
        let answer = upload(&job, project, &module, "1.0.0", Module::of("one"));
        assert_eq!(answer.status, publishes, "{project}: {}", answer.text());
        if publishes != 201 {
            world.publish(project, &module, "1.0.0", Module::of("one"));
        }
        let id = world.package_id(project, &module, "1.0.0");
        let answer = job.delete(&format!("/api/v4/projects/{}/packages/{id}", encoded(project)));
        assert_eq!(answer.status, deletes, "{project}: {}", answer.text());
    }
    let listed = job.get("/api/v4/groups/acme/packages").must(200).json();
    let names: Vec<&str> =
        listed.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 2, "{names:?}: what it may read, without what it deleted");
    for (method, path) in [
        ("GET", "/api/v4/user".to_owned()),
        ("GET", "/api/v4/users".to_owned()),
        ("GET", publishers(PROJECT)),
        ("GET", format!("/api/v4/projects/{}/deploy_tokens", encoded(PROJECT))),
        ("PUT", format!("/api/v4/projects/{}", encoded("acme/deletes"))),
        ("POST", format!("/api/v4/projects/{}/ci_jobs", encoded(PROJECT))),
        ("DELETE", format!("/api/v4/projects/{}", encoded("acme/deletes"))),
        ("GET", "/api/v4/application/settings".to_owned()),
    ] {
        let answer = job.with("Content-Type", "application/json").request(method, &path, Some(b"{}"));
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
    }
}

#[test]
fn a_publisher_that_takes_each_token_once_refuses_it_the_second_time() {
    let ci = Ci::start();
    ci.trust(PROJECT, 30, &json!({ "once": true }));
    let job = ci.job(&ci.claims());
    upload(&job, PROJECT, "vpc/aws", "1.0.0", Module::of("one")).must(201);
    let again = upload(&job, PROJECT, "vpc/aws", "1.0.1", Module::of("one"));
    assert_eq!(again.status, 403);
    assert!(again.text().contains("published already"), "{}", again.text());
    assert_eq!(ci.reads(&ci.claims()), 200, "it still reads");
    let mut early = Wire::open(ci.world.server.address());
    early.send(format!(
        "PUT {} HTTP/1.1\r\nHost: x\r\nJOB-TOKEN: {}\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n",
        upload_path(PROJECT, "vpc/aws", "1.0.1"),
        ci.key.token(&ci.claims())
    ));
    assert_eq!(early.answer().unwrap().status, 403, "before the body is taken");
    let nameless = ci.job(&ci.with(&json!({ "jti": null })));
    assert_eq!(upload(&nameless, PROJECT, "vpc/aws", "1.0.1", Module::of("one")).status, 403);
    let another = ci.job(&ci.with(&json!({ "jti": "job-100" })));
    let refused = upload(&another, PROJECT, "vpc/aws", "1.0.0", Module::of("one"));
    assert_eq!(refused.status, 403, "the version is there");
    upload(&another, PROJECT, "vpc/aws", "1.0.1", Module::of("one")).must(201);
}

#[test]
fn keys_may_change_and_be_out_of_reach_while_the_server_runs() {
    let ci = Ci::start();
    ci.trust(PROJECT, 20, &json!({}));
    ci.world.publish(PROJECT, "vpc/aws", "1.0.0", Module::of("one"));
    assert_eq!(ci.reads(&ci.claims()), 200);
    let next = SigningKey::ec("two");
    ci.issuer.rotate(&[&next]);
    let rotated = ci.world.anonymous().with("JOB-TOKEN", &next.token(&ci.claims()));
    rotated.get(&format!("{MODULES}/acme/vpc/aws/versions")).must(200);
    ci.issuer.set(Answer::Down);
    rotated.get(&format!("{MODULES}/acme/vpc/aws/versions")).must(200);
    ci.world.anonymous().get("/-/health").must(200);
}

#[test]
fn publishers_are_for_maintainers_and_bad_ones_are_named() {
    let ci = Ci::start();
    let world = &ci.world;
    world.user("dev", Role::Developer, PROJECT).stranger("nobody");
    let good = json!({ "issuer": ci.issuer.url(), "claims": { "ref": "v*" }, "access_level": 30 });
    for (who, expected) in [("dev", 403), ("nobody", 404), ("boss", 201)] {
        assert_eq!(world.client(who).post(&publishers(PROJECT), &good).status, expected, "{who}");
        let listed = world.client(who).get(&publishers(PROJECT)).status;
        assert_eq!(listed, if expected == 201 { 200 } else { expected }, "{who}");
    }
    assert_eq!(world.anonymous().post(&publishers(PROJECT), &good).status, 401);
    for (situation, change, named) in [
        ("no issuer", json!({ "issuer": null }), "issuer"),
        ("an issuer that is no URL", json!({ "issuer": "gitlab" }), "issuer"),
        ("no claims", json!({ "claims": {} }), "claims"),
        ("claims that are a list", json!({ "claims": ["ref"] }), "claims"),
        ("a pattern that matches anything", json!({ "claims": { "ref": "*" } }), "ref"),
        ("a pattern that is an object", json!({ "claims": { "ref": {} } }), "ref"),
        ("an owner", json!({ "access_level": 50 }), "access_level"),
        ("a guest", json!({ "access_level": 10 }), "access_level"),
        ("no level", json!({ "access_level": null }), "access_level"),
    ] {
        let mut bad = good.clone();
        for (name, value) in change.as_object().unwrap() {
            bad[name] = value.clone();
        }
        let answer = world.client("boss").post(&publishers(PROJECT), &bad);
        assert_eq!(answer.status, 400, "{situation}: {}", answer.text());
        assert!(answer.text().contains(named), "{situation}: {}", answer.text());
    }
    let id = world.client("boss").get(&publishers(PROJECT)).must(200).json()[0]["id"].clone();
    let one = format!("{}/{id}", publishers(PROJECT));
    assert_eq!(world.client("dev").delete(&one).status, 403);
    world.client("boss").delete(&one).must(204);
    assert_eq!(world.client("boss").delete(&one).status, 404);
}
