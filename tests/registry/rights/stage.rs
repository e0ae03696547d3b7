//! The world of the tables: places with members and tokens of every kind, and what requests name.

use std::cell::Cell;
use std::collections::HashMap;

use cairn::domain::{RegistryAccess, Role, UserId, Visibility};
use cairn::service::members::{End, Place as Holder};
use cairn::service::{Caller, Clock, Options, Registry};
use serde_json::{Value, json};

use crate::support::archive::Module;
use crate::support::client::Client;
use crate::support::world::{MODULES, World, encoded};

const ROLES: [(&str, Role); 5] = [
    ("gst", Role::Guest),
    ("rep", Role::Reporter),
    ("dev", Role::Developer),
    ("mnt", Role::Maintainer),
    ("own", Role::Owner),
];

/// A group with a project that has `vpc/aws` 1.0.0, and members and tokens of both.
#[derive(Debug)]
pub(super) struct Place {
    /// The path of the group.
    pub(super) namespace: String,
    group: u64,
    package: u64,
    file: u64,
    /// A deploy token of the project, and one of the group.
    tokens: [u64; 2],
    hook: u64,
}

impl Place {
    fn project(&self) -> String {
        format!("{}/modules", self.namespace)
    }

    /// The package that is there from the beginning to the end.
    pub(super) fn package_url(&self) -> String {
        format!("{}/packages/{}", self.project_url(), self.package)
    }

    fn project_url(&self) -> String {
        format!("/api/v4/projects/{}", encoded(&self.project()))
    }

    fn group_url(&self) -> String {
        format!("/api/v4/groups/{}", self.namespace)
    }
}

/// A server with one place for each registry level.
pub(super) struct Stage {
    /// The server.
    pub(super) world: World,
    /// One for each level.
    pub(super) places: Vec<Place>,
    /// Secrets by caller, and for deploy tokens by caller and place.
    secrets: HashMap<String, String>,
    users: HashMap<&'static str, u64>,
    count: Cell<u64>,
}

impl Stage {
    /// A server with places of that visibility.
    pub(super) fn new(visibility: Visibility, levels: &[RegistryAccess]) -> Self {
        let world = World::start();
        let mut users = HashMap::new();
        let names = ["pgst", "prep", "pdev", "pmnt", "pown", "ggst", "grep", "gdev", "gmnt", "gown"];
        for name in names.into_iter().chain(["strg", "expd", "kept", "joiner", "leaver"]) {
            world.stranger(name);
            users.insert(name, world.user_id(name));
        }
        for (name, user) in [("ownr", "gown"), ("admr", "root"), ("usrr", "strg")] {
            world.personal_token(name, user, &json!({ "name": name, "scopes": ["read_api"] }));
        }
        world.group("elsewhere").project("elsewhere/other");
        world.deploy_token("tow", "elsewhere/other", &["read_package_registry", "write_package_registry"]);
        let mut stage =
            Self { world, places: Vec::new(), secrets: HashMap::new(), users, count: Cell::new(0) };
        for level in levels {
            let place = stage.build(visibility, *level);
            stage.places.push(place);
        }
        stage.expire();
        stage
    }

    fn build(&mut self, visibility: Visibility, level: RegistryAccess) -> Place {
        let namespace = format!("{}-{}", visibility.as_str(), level.as_str());
        let project = format!("{namespace}/modules");
        let world = &self.world;
        world.group_with(&namespace, visibility, &json!({}));
        world.project_with(&project, visibility, RegistryAccess::Enabled);
        let holders =
            [format!("/api/v4/projects/{}", encoded(&project)), format!("/api/v4/groups/{namespace}")];
        let mut tokens = [0; 2];
        for ((holder, letter), token) in holders.iter().zip(["p", "g"]).zip(&mut tokens) {
            for (name, role) in ROLES.into_iter().map(|(name, role)| (format!("{letter}{name}"), role)) {
                self.join(holder, self.users[name.as_str()], role);
            }
            self.join(holder, self.users["kept"], Role::Guest);
            for (name, scope) in [("r", "read_package_registry"), ("w", "write_package_registry")] {
                let made = self.deploy_token(holder, scope);
                *token = made["id"].as_u64().unwrap();
                let secret = made["token"].as_str().unwrap().to_owned();
                self.secrets.insert(format!("t{letter}{name} {namespace}"), secret);
            }
        }
        let world = &self.world;
        world.publish(&project, "vpc/aws", "1.0.0", Module::of(&namespace));
        let package = world.package_id(&project, "vpc/aws", "1.0.0");
        let file = self.file_of(&project, package);
        world.change_project(&project, &json!({ "package_registry_access_level": level.as_str() }));
        let hook = self.hook(&holders[0]);
        Place { group: world.group_id(&namespace), namespace, package, file, tokens, hook }
    }

    /// Makes `expd` an owner of everything, long ago: the API takes no end that is over.
    fn expire(&mut self) {
        self.world.server.stop();
        let then = "2020-01-01T00:00:00Z".parse().unwrap();
        let end = End::On("2020-02-01".parse().unwrap());
        let user = UserId(self.users["expd"]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let clock = Clock::from_fn(move || then);
            let data = self.world.server.data();
            let registry = Registry::open(data, Options::default(), clock).await.unwrap();
            for place in &self.places {
                for holder in [Holder::Group(place.namespace.clone()), Holder::Project(place.project())] {
                    registry.add_member(&Caller::Operator, holder, user, Role::Owner, end).await.unwrap();
                }
            }
            registry.close().await;
        });
        self.world.server.restart();
    }

    fn join(&self, holder: &str, user: u64, role: Role) {
        let member = json!({ "user_id": user, "access_level": role.level() });
        let status = self.world.root().post(&format!("{holder}/members"), &member).status;
        assert!([201, 409].contains(&status), "{holder}: {status}");
    }

    fn deploy_token(&self, holder: &str, scope: &str) -> Value {
        let token = json!({ "name": "x", "scopes": [scope] });
        self.world.root().post(&format!("{holder}/deploy_tokens"), &token).must(201).json()
    }

    fn hook(&self, project: &str) -> u64 {
        let hook = json!({ "url": "https://hooks.invalid" });
        let made = self.world.root().post(&format!("{project}/hooks"), &hook).must(201).json();
        made["id"].as_u64().unwrap()
    }

    fn file_of(&self, project: &str, package: u64) -> u64 {
        let files = format!("/api/v4/projects/{}/packages/{package}/package_files", encoded(project));
        self.world.root().get(&files).must(200).json()[0]["id"].as_u64().unwrap()
    }

    fn count(&self) -> String {
        self.count.set(self.count.get() + 1);
        self.count.get().to_string()
    }

    /// Somebody, as the tables call them.
    pub(super) fn caller(&self, name: &str, place: &Place) -> Client {
        match name {
            "anon" => self.world.anonymous(),
            "bad" => self.world.anonymous().token("nobody-has-this-token-0123456789abcdef"),
            "admn" => self.world.root(),
            name => match self.secrets.get(&format!("{name} {}", place.namespace)) {
                Some(secret) => self.world.anonymous().token(secret),
                None => self.world.client(name),
            },
        }
    }

    /// Puts in what the braces stand for. What is fresh is made only for a request that is to succeed.
    pub(super) fn filled(&self, text: &str, place: &Place, in_group: bool, succeeds: bool) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            rest = match after.split_once('}') {
                Some((name, after)) if !name.is_empty() && !name.contains(['"', ' ', '{']) => {
                    filled.push_str(&self.value(name, place, in_group, succeeds));
                    after
                }
                _ => {
                    filled.push('{');
                    after
                }
            };
        }
        filled + rest
    }

    fn value(&self, name: &str, place: &Place, in_group: bool, succeeds: bool) -> String {
        match name.strip_prefix("fresh-") {
            Some(name) if succeeds => self.fresh(name, place, in_group),
            Some(name) => self.standing(name, place, in_group),
            None => self.standing(name, place, in_group),
        }
    }

    /// What there is from the beginning to the end.
    fn standing(&self, name: &str, place: &Place, in_group: bool) -> String {
        match name {
            "n" => format!("{MODULES}/{}/vpc/aws", place.namespace),
            "namespace" => place.namespace.clone(),
            "p" => place.project_url(),
            "g" => place.group_url(),
            "group" => place.group.to_string(),
            "package" => place.package.to_string(),
            "file" => place.file.to_string(),
            "files" => format!("{}/package_files/{}", place.package, place.file),
            "hook" => place.hook.to_string(),
            "token" => place.tokens[usize::from(in_group)].to_string(),
            "kept" | "other" => self.users["kept"].to_string(),
            "user" => self.users["strg"].to_string(),
            "joiner" | "leaver" => self.users[name].to_string(),
            "count" => self.count(),
            "job" | "target" | "allowed" | "publisher" => "1".to_owned(),
            "users-token" => self.personal_token("strg"),
            "others-token" => self.personal_token("kept"),
            other => panic!("rights.txt: {{{other}}} stands for nothing"),
        }
    }

    /// What is made for one request, which will use it up.
    fn fresh(&self, name: &str, place: &Place, in_group: bool) -> String {
        let holder = if in_group { place.group_url() } else { place.project_url() };
        let root = self.world.root();
        match name {
            "package" => self.fresh_package(place).to_string(),
            "files" => {
                let package = self.fresh_package(place);
                format!("{package}/package_files/{}", self.file_of(&place.project(), package))
            }
            "joiner" => {
                root.delete(&format!("{holder}/members/{}", self.users["joiner"]));
                self.users["joiner"].to_string()
            }
            "leaver" => {
                self.join(&holder, self.users["leaver"], Role::Guest);
                self.users["leaver"].to_string()
            }
            "token" => self.deploy_token(&holder, "read_package_registry")["id"].to_string(),
            "hook" => self.hook(&holder).to_string(),
            "p" => {
                let path = format!("{}/fresh-{}", place.namespace, self.count());
                self.world.project(&path);
                let fresh = format!("/api/v4/projects/{}", encoded(&path));
                self.join(&fresh, self.users["pown"], Role::Owner);
                fresh
            }
            "g" => {
                let path = format!("{}/fresh-{}", place.namespace, self.count());
                self.world.group_with(&path, Visibility::Private, &json!({}));
                format!("/api/v4/groups/{}", encoded(&path))
            }
            "job" => {
                let sha = "0123456789abcdef0123456789abcdef01234567";
                let job = json!({ "ref": "main", "sha": sha, "pipeline": { "id": 1 } });
                // None is opened while the registry of the project is off.
                let level = root.get(&holder).must(200).json()["package_registry_access_level"].clone();
                let switch = |level: &Value| {
                    root.put_json(&holder, &json!({ "package_registry_access_level": level })).must(200);
                };
                switch(&json!("enabled"));
                let opened = root.post(&format!("{holder}/ci_jobs"), &job).must(201).json()["id"].to_string();
                switch(&level);
                opened
            }
            "publisher" => {
                let publisher = json!({
                    "issuer": "https://gitlab.example", "claims": { "ref": "v*" }, "access_level": 30,
                });
                let added = root.post(&format!("{holder}/trusted_publishers"), &publisher).must(201);
                added.json()["id"].to_string()
            }
            "target" => self.seen_by_all(),
            "allowed" => {
                let target = self.seen_by_all();
                let list = format!("{holder}/job_token_scope/allowlist");
                root.post(&list, &json!({ "target_project_id": target })).must(201);
                target
            }
            "user" => {
                let name = format!("fresh-{}", self.count());
                let user = json!({ "username": name, "name": name });
                root.post("/api/v4/users", &user).must(201).json()["id"].to_string()
            }
            other => panic!("rights.txt: nothing fresh is called {other}"),
        }
    }

    /// The number of a new project that everybody sees.
    fn seen_by_all(&self) -> String {
        let path = format!("elsewhere/fresh-{}", self.count());
        self.world.public_project(&path);
        self.world.project_id(&path).to_string()
    }

    fn personal_token(&self, user: &str) -> String {
        let tokens = format!("/api/v4/users/{}/personal_access_tokens", self.users[user]);
        let token = json!({ "name": "fresh", "scopes": ["api"] });
        self.world.root().post(&tokens, &token).must(201).json()["id"].to_string()
    }

    fn fresh_package(&self, place: &Place) -> u64 {
        let version = format!("2.0.{}", self.count());
        self.world.publish(&place.project(), "up/aws", &version, Module::of("up"));
        self.world.package_id(&place.project(), "up/aws", &version)
    }
}
