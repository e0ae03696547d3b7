//! Lists of projects, groups, users, members and namespaces: GitLab's parameters, its defaults, and what is refused.

use cairn::domain::{Role, Visibility};
use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::world::{World, encoded};

fn world() -> World {
    let world = World::start();
    world.group("beta").group("acme").group_with("acme/Zoo", Visibility::Private, &json!({}));
    world
        .group_with("acme/zoo/deep", Visibility::Private, &json!({}))
        .public_project("acme/net")
        .project("acme/Zoo/alpha");
    world.public_project("beta/alpine").project("acme/zoo/deep/core");
    world.user("dev", Role::Developer, "acme/zoo/alpha").user("owner", Role::Owner, "acme/net");
    world
}

/// The attribute of each row, in order.
#[track_caller]
fn column(client: &Client, target: &str, name: &str) -> String {
    let rows = client.get(&format!("/api/v4/{target}")).must(200).json();
    let rows = rows.as_array().unwrap().clone();
    rows.iter().map(|row| row[name].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn assert_columns(client: &Client, name: &str, cases: &[(&str, &str)]) {
    for (target, expected) in cases {
        assert_eq!(column(client, target, name), *expected, "{target}");
    }
}

#[test]
fn projects_are_searched_filtered_and_sorted() {
    let world = world();
    assert_columns(
        &world.root(),
        "path_with_namespace",
        &[
            ("projects", "acme/Zoo/deep/core beta/alpine acme/Zoo/alpha acme/net"),
            ("projects?order_by=id&sort=asc", "acme/net acme/Zoo/alpha beta/alpine acme/Zoo/deep/core"),
            ("projects?order_by=name&sort=asc", "acme/Zoo/alpha beta/alpine acme/Zoo/deep/core acme/net"),
            ("projects?order_by=path", "acme/net acme/Zoo/deep/core beta/alpine acme/Zoo/alpha"),
            ("projects?order_by=updated_at&sort=asc&per_page=1", "acme/net"),
            ("projects?search=ALP", "beta/alpine acme/Zoo/alpha"),
            ("projects?search=zoo", ""),
            ("projects?search=zoo&search_namespaces=true", "acme/Zoo/deep/core acme/Zoo/alpha"),
            ("projects?visibility=public", "beta/alpine acme/net"),
            (
                "projects?archived=false&whatever=1&statistics=true",
                "acme/Zoo/deep/core beta/alpine acme/Zoo/alpha acme/net",
            ),
            ("groups/acme/projects", "acme/net"),
            ("groups/acme/projects?include_subgroups=true", "acme/Zoo/deep/core acme/Zoo/alpha acme/net"),
            ("groups/acme/projects?include_subgroups=1&search=al&simple=true", "acme/Zoo/alpha"),
        ],
    );
    assert_columns(
        &world.client("dev"),
        "path_with_namespace",
        &[
            ("projects", "beta/alpine acme/Zoo/alpha acme/net"),
            ("projects?membership=true", "acme/Zoo/alpha"),
            ("projects?min_access_level=30", "acme/Zoo/alpha"),
            ("projects?min_access_level=40", ""),
            ("projects?owned=true", ""),
        ],
    );
    assert_columns(&world.client("owner"), "path_with_namespace", &[("projects?owned=true", "acme/net")]);
    assert_columns(&world.anonymous(), "path_with_namespace", &[("projects", "beta/alpine acme/net")]);
    let simple = world.root().get("/api/v4/projects?simple=true").must(200).json();
    assert!(simple[0].get("visibility").is_none() && simple[0]["namespace"].is_object(), "{simple}");
}

#[test]
fn groups_are_searched_filtered_and_sorted() {
    let world = world();
    let zoo = world.group_id("acme/zoo");
    let root = world.root();
    assert_columns(
        &root,
        "full_path",
        &[
            ("groups", "acme beta acme/Zoo/deep acme/Zoo"),
            ("groups?order_by=path&sort=desc", "beta acme/Zoo/deep acme/Zoo acme"),
            ("groups?order_by=id", "beta acme acme/Zoo acme/Zoo/deep"),
            ("groups?top_level_only=true", "acme beta"),
            ("groups?search=zoo", "acme/Zoo/deep acme/Zoo"),
            ("groups?visibility=private", "acme/Zoo/deep acme/Zoo"),
            (&format!("groups?skip_groups[]={zoo}&skip_groups[]=999"), "acme beta acme/Zoo/deep"),
            (&format!("groups?skip_groups={zoo},1"), "acme beta acme/Zoo/deep"),
            ("groups/acme/subgroups", "acme/Zoo"),
            ("groups/acme/descendant_groups", "acme/Zoo/deep acme/Zoo"),
            ("groups/beta/descendant_groups", ""),
        ],
    );
    // Users see the groups they have to do with, unless they ask for all; who has no groups of its own sees all.
    assert_columns(
        &world.client("dev"),
        "full_path",
        &[
            ("groups", "acme acme/Zoo"),
            ("groups?all_available=true", "acme beta acme/Zoo"),
            ("groups?min_access_level=10", ""),
            ("groups/acme/subgroups", "acme/Zoo"),
            ("groups/acme/descendant_groups", "acme/Zoo"),
        ],
    );
    assert_columns(&world.anonymous(), "full_path", &[("groups", "acme beta")]);
    let owner = world.client("owner");
    owner.post("/api/v4/groups", &json!({ "name": "own", "path": "own" })).must(201);
    assert_columns(
        &owner,
        "full_path",
        &[("groups?owned=true", "own"), ("groups?min_access_level=50", "own")],
    );
}

#[test]
fn users_members_and_namespaces_are_filtered() {
    let world = world();
    let root = world.root();
    world.root().post(&format!("/api/v4/users/{}/block", world.user_id("dev")), &json!({})).must(201);
    assert_columns(
        &root,
        "username",
        &[
            ("users", "owner dev root"),
            ("users?order_by=username&sort=asc", "dev owner root"),
            ("users?username=DEV", "dev"),
            ("users?search=own", "owner"),
            ("users?active=true", "owner root"),
            ("users?blocked=true", "dev"),
            ("users?admins=true", "root"),
            ("users?without_project_bots=true&per_page=1&page=3", "root"),
        ],
    );
    root.post(&format!("/api/v4/users/{}/unblock", world.user_id("dev")), &json!({})).must(201);
    world.member("dev", Role::Guest, "acme/net");
    let (dev, owner) = (world.user_id("dev"), world.user_id("owner"));
    let members = format!("projects/{}/members", encoded("acme/net"));
    assert_columns(
        &root,
        "username",
        &[
            (&members, "dev owner"),
            (&format!("{members}?query=OWN"), "owner"),
            (&format!("{members}?user_ids[]={dev}"), "dev"),
            (&format!("{members}?user_ids={dev},{owner}"), "dev owner"),
            (&format!("{members}?skip_users[]={dev}"), "owner"),
            (&format!("{members}/all?user_ids[]={dev}&user_ids[]=1"), "root dev"),
        ],
    );
    assert_columns(
        &world.client("owner"),
        "full_path",
        &[("namespaces", "owner"), ("namespaces?owned_only=true", "owner"), ("namespaces?search=zzz", "")],
    );
    assert_columns(
        &root,
        "full_path",
        &[
            ("namespaces?search=zoo", "acme/Zoo acme/Zoo/deep"),
            ("namespaces?search=zoo&top_level_only=true", ""),
            ("namespaces?owned_only=true&search=root", "root"),
        ],
    );
}

#[test]
fn whether_a_path_is_taken_is_told_to_those_who_could_take_it() {
    let world = world();
    let exists =
        |client: &Client, target: &str| client.get(&format!("/api/v4/namespaces/{target}")).must(200).json();
    let (root, dev) = (world.root(), world.client("dev"));
    assert_eq!(exists(&root, "ACME/exists"), json!({ "exists": true, "suggests": ["ACME1"] }));
    assert_eq!(exists(&root, "free/exists"), json!({ "exists": false, "suggests": [] }));
    let acme = world.group_id("acme");
    assert_eq!(exists(&root, &format!("zoo/exists?parent_id={acme}"))["exists"], true);
    assert_eq!(exists(&root, &format!("acme/exists?parent_id={acme}"))["exists"], false);
    world.group_with("hidden", Visibility::Private, &json!({}));
    assert_eq!(exists(&dev, "hidden/exists")["exists"], true, "creating it would say so too");
    let no_groups = json!({ "can_create_group": false });
    root.put_json(&format!("/api/v4/users/{}", world.user_id("dev")), &no_groups).must(200);
    assert_eq!(exists(&dev, "hidden/exists")["exists"], false);
    assert_eq!(exists(&dev, "acme/exists")["exists"], true, "it sees that one");
    dev.get(&format!("/api/v4/namespaces/x/exists?parent_id={}", world.group_id("hidden"))).must(404);
    world.anonymous().get("/api/v4/namespaces/acme/exists").must(401);
}

#[test]
fn nonsense_in_a_parameter_is_refused_and_unknown_parameters_are_not() {
    let world = world();
    let root = world.root();
    for target in [
        "projects?order_by=colour",
        "projects?sort=up",
        "projects?visibility=secret",
        "projects?min_access_level=31",
        "projects?owned=perhaps",
        "projects?simple=perhaps",
        "projects?page=0",
        "groups?order_by=created_at",
        "groups?skip_groups[]=x",
        "groups?all_available=x",
        "groups/acme/descendant_groups?top_level_only=x",
        "users?order_by=password",
        "users?active=x",
        "projects/acme%2Fnet/members?user_ids[]=x",
        "namespaces?owned_only=x",
    ] {
        let answer = root.get(&format!("/api/v4/{target}")).must(400).json();
        assert!(answer["error"].is_string(), "{target}: {answer}");
    }
    root.get("/api/v4/projects?foo=bar&with_issues_enabled=x").must(200);
}

#[test]
fn what_cannot_be_seen_is_refused_before_what_is_wrong_with_the_request() {
    let world = world();
    let (dev, nobody) = (world.client("dev"), world.anonymous());
    world.group_with("secret", Visibility::Private, &json!({}));
    for list in ["projects", "subgroups", "descendant_groups"] {
        for client in [&dev, &nobody] {
            client.get(&format!("/api/v4/groups/secret/{list}?order_by=x&page=0")).must(404);
        }
    }
    let empty = json!({});
    for (client, method, target, body, status) in [
        (&nobody, "POST", "groups", &empty, 401),
        (&nobody, "POST", "projects", &empty, 401),
        (&dev, "POST", "groups", &json!({ "parent_id": "secret" }), 404),
        (&dev, "POST", "groups", &json!({ "parent_id": "acme", "visibility": "x" }), 403),
        (&dev, "POST", "projects", &json!({ "namespace_id": "secret" }), 404),
        (&dev, "POST", "projects", &json!({ "namespace_id": "acme", "visibility": "x" }), 403),
        (&dev, "PUT", "projects/acme%2Fnet", &json!({ "path": "-" }), 403),
        (&dev, "PUT", "projects/acme%2Fzoo%2Fdeep%2Fcore", &json!({ "path": "-" }), 404),
        (&dev, "POST", "groups/acme/members", &empty, 403),
        (&dev, "POST", "groups/secret/members", &empty, 404),
        (&dev, "DELETE", "groups/acme/members/x", &empty, 403),
        (&dev, "DELETE", "groups/secret/members/x", &empty, 404),
        (&dev, "PUT", "groups/secret/members/x", &empty, 404),
        (&dev, "GET", "projects/acme%2Fnet/deploy_tokens?page=0", &empty, 403),
        (&dev, "GET", "projects/acme%2Fzoo%2Fdeep%2Fcore/deploy_tokens/x", &empty, 404),
        (&dev, "GET", "users/root/personal_access_tokens?state=x", &empty, 403),
        (&dev, "GET", "application/settings", &empty, 403),
        (&dev, "PUT", "application/settings", &json!({ "packages_enabled": "x" }), 403),
        (&world.root(), "DELETE", "groups/acme/members/x", &empty, 400),
        (&world.root(), "POST", "groups", &empty, 400),
        (&world.root(), "POST", "projects", &empty, 400),
    ] {
        let sent = client.with("Content-Type", "application/json");
        let body: &Value = body;
        let answer = sent.request(method, &format!("/api/v4/{target}"), Some(body.to_string().as_bytes()));
        assert_eq!(answer.status, status, "{method} {target} {body}: {}", answer.text());
    }
}
