//! A server with groups, projects, people and modules, set up in a few lines.

use std::collections::HashMap;
use std::sync::Mutex;

use cairn::domain::{RegistryAccess, Role, Visibility};
use serde_json::{Value, json};

use super::archive::Module;
use super::client::{Client, Response};
use super::server::{Builder, Server};

/// The base of the registry protocol.
pub(crate) const MODULES: &str = "/api/v4/packages/terraform/modules/v1";

/// A server and the tokens of those who use it, by name.
#[derive(Debug)]
pub(crate) struct World {
    /// The server.
    pub(crate) server: Server,
    tokens: Mutex<HashMap<String, String>>,
}

impl World {
    /// A world with an administrator and nothing else.
    pub(crate) fn start() -> Self {
        Self::on(Server::builder())
    }

    /// The same with a server of one's own.
    pub(crate) fn on(builder: Builder) -> Self {
        Self { server: builder.start(), tokens: Mutex::default() }
    }

    /// The administrator.
    pub(crate) fn root(&self) -> Client {
        self.server.root()
    }

    /// Somebody without a credential.
    pub(crate) fn anonymous(&self) -> Client {
        self.server.client()
    }

    /// A user or deploy token by the name it was made with.
    pub(crate) fn client(&self, name: &str) -> Client {
        self.server.client().token(&self.token(name))
    }

    /// The secret of a user or deploy token.
    pub(crate) fn token(&self, name: &str) -> String {
        self.tokens.lock().unwrap().get(name).unwrap_or_else(|| panic!("nobody is called {name}")).clone()
    }

    /// A public group: what is private in it says so itself. With `/` in its path it is a subgroup.
    pub(crate) fn group(&self, path: &str) -> &Self {
        self.group_with(path, Visibility::Public, &json!({}))
    }

    /// A group with that visibility and more attributes.
    pub(crate) fn group_with(&self, path: &str, visibility: Visibility, more: &Value) -> &Self {
        let (parent, name) = path.rsplit_once('/').map_or((None, path), |(up, name)| (Some(up), name));
        let mut group = json!({ "name": name, "path": name, "visibility": visibility.as_str() });
        if let Some(parent) = parent {
            group["parent_id"] = self.group_id(parent).into();
        }
        merge(&mut group, more);
        self.root().post("/api/v4/groups", &group).must(201);
        self
    }

    /// A private project.
    pub(crate) fn project(&self, path: &str) -> &Self {
        self.project_with(path, Visibility::Private, RegistryAccess::Enabled)
    }

    /// A public project.
    pub(crate) fn public_project(&self, path: &str) -> &Self {
        self.project_with(path, Visibility::Public, RegistryAccess::Enabled)
    }

    /// A project.
    pub(crate) fn project_with(&self, path: &str, visibility: Visibility, registry: RegistryAccess) -> &Self {
        let (group, name) = path.rsplit_once('/').expect("a project is in a group");
        let project = json!({
            "name": name,
            "path": name,
            "namespace_id": self.group_id(group),
            "visibility": visibility.as_str(),
            "package_registry_access_level": registry.as_str(),
        });
        self.root().post("/api/v4/projects", &project).must(201);
        self
    }

    /// A user with a personal token, and with a role in a project.
    pub(crate) fn user(&self, name: &str, role: Role, project: &str) -> &Self {
        self.stranger(name).member(name, role, project)
    }

    /// A user with a personal token, and a member of nothing.
    pub(crate) fn stranger(&self, name: &str) -> &Self {
        self.root().post("/api/v4/users", &json!({ "username": name, "name": name })).must(201);
        self.personal_token(name, name, &json!({ "name": name, "scopes": ["api"] }))
    }

    /// One more token of a user, kept under a name.
    pub(crate) fn personal_token(&self, name: &str, user: &str, attributes: &Value) -> &Self {
        let path = format!("/api/v4/users/{}/personal_access_tokens", self.user_id(user));
        let answer = self.root().post(&path, attributes).must(201);
        self.keep(name, &answer)
    }

    /// Makes a user a member of a project.
    pub(crate) fn member(&self, name: &str, role: Role, project: &str) -> &Self {
        let member = json!({ "user_id": self.user_id(name), "access_level": role.level() });
        self.root().post(&format!("/api/v4/projects/{}/members", encoded(project)), &member).must(201);
        self
    }

    /// A deploy token of a project, with scopes such as `read_package_registry`. Its user name is its name.
    pub(crate) fn deploy_token(&self, name: &str, project: &str, scopes: &[&str]) -> &Self {
        let token = json!({ "name": name, "username": name, "scopes": scopes });
        let answer =
            self.root().post(&format!("/api/v4/projects/{}/deploy_tokens", encoded(project)), &token);
        self.keep(name, &answer.must(201))
    }

    /// Publishes a module (`vpc/aws`) as the administrator.
    pub(crate) fn publish(
        &self,
        project: &str,
        module: &str,
        version: &str,
        archive: impl Into<Vec<u8>>,
    ) -> &Self {
        upload(&self.root(), project, module, version, archive).must(201);
        self
    }

    /// The number of a user.
    pub(crate) fn user_id(&self, name: &str) -> u64 {
        self.root().get(&format!("/api/v4/users?username={name}")).must(200).json()[0]["id"].as_u64().unwrap()
    }

    /// The number of a group.
    pub(crate) fn group_id(&self, path: &str) -> u64 {
        id_of(&self.root().get(&format!("/api/v4/groups/{}", encoded(path))))
    }

    /// The number of a project.
    pub(crate) fn project_id(&self, path: &str) -> u64 {
        id_of(&self.root().get(&format!("/api/v4/projects/{}", encoded(path))))
    }

    /// The number of a package.
    pub(crate) fn package_id(&self, project: &str, module: &str, version: &str) -> u64 {
        let packages = self.packages(project);
        let found = packages.iter().find(|found| found["name"] == module && found["version"] == version);
        found.unwrap_or_else(|| panic!("{project} has no {module} {version}"))["id"].as_u64().unwrap()
    }

    /// The packages of a project, as the administrator sees them.
    pub(crate) fn packages(&self, project: &str) -> Vec<Value> {
        let list = format!("/api/v4/projects/{}/packages?per_page=100", encoded(project));
        self.root().get(&list).must(200).json().as_array().unwrap().clone()
    }

    /// Deletes a version as the administrator.
    pub(crate) fn delete_package(&self, project: &str, module: &str, version: &str) -> &Self {
        let id = self.package_id(project, module, version);
        self.root().delete(&format!("/api/v4/projects/{}/packages/{id}", encoded(project))).must(204);
        self
    }

    /// Changes settings of the instance.
    pub(crate) fn settings(&self, change: &Value) -> &Self {
        self.root().put_json("/api/v4/application/settings", change).must(200);
        self
    }

    /// Changes a project.
    pub(crate) fn change_project(&self, path: &str, change: &Value) -> &Self {
        self.root().put_json(&format!("/api/v4/projects/{}", encoded(path)), change).must(200);
        self
    }

    /// Changes a group.
    pub(crate) fn change_group(&self, path: &str, change: &Value) -> &Self {
        self.root().put_json(&format!("/api/v4/groups/{}", encoded(path)), change).must(200);
        self
    }

    fn keep(&self, name: &str, answer: &Response) -> &Self {
        let token = answer.json()["token"].as_str().unwrap().to_owned();
        self.tokens.lock().unwrap().insert(name.to_owned(), token);
        self
    }
}

impl Module {
    /// A module of one file that holds a text: the same text makes the same bytes.
    pub(crate) fn of(text: &str) -> Self {
        Self::new().file("main.tf", format!("# {text}\n"))
    }
}

/// Publishes a module as somebody, and returns the answer.
pub(crate) fn upload(
    client: &Client,
    project: &str,
    module: &str,
    version: &str,
    archive: impl Into<Vec<u8>>,
) -> Response {
    client.put(&upload_path(project, module, version), &archive.into())
}

/// Where a version is published.
pub(crate) fn upload_path(project: &str, module: &str, version: &str) -> String {
    format!("/api/v4/projects/{}/packages/terraform/modules/{module}/{version}/file", encoded(project))
}

/// A full path as one segment of a URL.
pub(crate) fn encoded(path: &str) -> String {
    path.replace('/', "%2F")
}

fn id_of(answer: &Response) -> u64 {
    answer.clone().must(200).json()["id"].as_u64().unwrap()
}

fn merge(into: &mut Value, more: &Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more.clone());
    }
}
