//! People who can sign in, all with the password of the fixtures.

use cairn::domain::Role;
use serde_json::json;

use crate::fixtures::PASSWORD;
use crate::support::world::{World, encoded};

/// A user who is a member of nothing. Its name for people is its user name with a capital letter.
pub(crate) fn person(world: &World, username: &str) {
    let mut name = username.to_owned();
    name[..1].make_ascii_uppercase();
    let user = json!({ "username": username, "name": name, "password": PASSWORD });
    world.root().post("/api/v4/users", &user).must(201);
}

/// A user with a role in a group.
pub(crate) fn group_member(world: &World, username: &str, role: Role, group: &str) {
    person(world, username);
    let member = json!({ "user_id": world.user_id(username), "access_level": role.level() });
    world.root().post(&format!("/api/v4/groups/{}/members", encoded(group)), &member).must(201);
}

/// A user with a role in a project.
pub(crate) fn project_member(world: &World, username: &str, role: Role, project: &str) {
    person(world, username);
    world.member(username, role, project);
}

/// A user who administers the instance.
pub(crate) fn administrator(world: &World, username: &str) {
    person(world, username);
    let user = format!("/api/v4/users/{}", world.user_id(username));
    world.root().put_json(&user, &json!({ "admin": true })).must(200);
}
