//! People with a password and a role, each in a browser of their own.

use cairn::domain::Role;
use serde_json::json;

use crate::support::browser::Browser;
use crate::support::world::{World, encoded};

/// The password of everybody here.
pub(crate) const PASSWORD: &str = "a sentence only they would say";

/// A user with a password, in no group and no project.
pub(crate) fn person(world: &World, name: &str) -> Browser {
    let user = json!({ "username": name, "name": name, "password": PASSWORD });
    world.root().post("/api/v4/users", &user).must(201);
    Browser::of(world.anonymous(), name, PASSWORD)
}

/// The same as an administrator.
pub(crate) fn administrator(world: &World, name: &str) -> Browser {
    let browser = person(world, name);
    let user = format!("/api/v4/users/{}", world.user_id(name));
    world.root().put_json(&user, &json!({ "admin": true })).must(200);
    browser
}

/// A user with a role in a project.
pub(crate) fn member(world: &World, name: &str, role: Role, project: &str) -> Browser {
    let browser = person(world, name);
    world.member(name, role, project);
    browser
}

/// A user with a role in a group.
pub(crate) fn group_member(world: &World, name: &str, role: Role, group: &str) -> Browser {
    let browser = person(world, name);
    let member = json!({ "user_id": world.user_id(name), "access_level": role.level() });
    world.root().post(&format!("/api/v4/groups/{}/members", encoded(group)), &member).must(201);
    browser
}
