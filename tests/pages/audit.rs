//! The audit log as a page, and the forms of all other pages in it.

use cairn::domain::Role;
use serde_json::{Value, json};

use crate::people::{PASSWORD, administrator, group_member, person};
use crate::support::archive::Module;
use crate::support::browser::{Browser, must_be_well_formed};
use crate::support::client::Response;
use crate::support::world::World;

const PAGE: &str = "/admin/audit_events";
const PROJECT: &str = "/acme/network/-/settings";
const GROUP: &str = "/groups/acme/-/settings";
const TOKENS: &str = "/-/user_settings/personal_access_tokens";

fn log(world: &World) -> Vec<Value> {
    world.root().get("/api/v4/audit_events?per_page=100").must(200).json().as_array().unwrap().clone()
}

/// The only entry of a request.
#[track_caller]
fn entry_of(entries: &[Value], answer: &Response) -> Value {
    let id = answer.header("x-request-id").unwrap();
    let found: Vec<&Value> = entries.iter().filter(|entry| entry["request_id"] == id).collect();
    assert_eq!(found.len(), 1, "{id}: {found:?}");
    found[0].clone()
}

#[test]
fn every_form_leaves_one_entry() {
    let world = World::start();
    world.group("acme").project("acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("x"));
    let boss = administrator(&world, "boss");
    person(&world, "ada");
    person(&world, "joiner");
    let (ada, joiner) = (world.user_id("ada"), world.user_id("joiner"));
    let user = format!("/admin/users/{ada}");
    let package = format!(
        "/acme/network/-/infrastructure_registry/{}",
        world.package_id("acme/network", "vpc/aws", "1.0.0")
    );
    let profile = [("username", "ada"), ("name", "Ada"), ("email", "")];
    let confirmed = |text: &'static str| vec![("confirmation", text)];
    let settings =
        [("registry", "1"), ("projects", "private"), ("groups", "private"), ("max_file_size", "0")];
    let mut sent = Vec::new();
    for (from, action, fields, expected) in [
        (
            "/groups/new",
            "/groups/new".to_owned(),
            vec![("name", "new"), ("path", "new"), ("visibility", "private")],
            "group.created",
        ),
        (
            "/projects/new",
            "/projects/new".to_owned(),
            vec![("name", "p"), ("path", "p"), ("namespace", "acme"), ("visibility", "private")],
            "project.created",
        ),
        (PROJECT, format!("{PROJECT}/general"), vec![("name", "x"), ("description", "")], "project.changed"),
        (
            PROJECT,
            format!("{PROJECT}/permissions"),
            vec![("visibility", "private"), ("packages", "1"), ("registry", "private")],
            "project.changed",
        ),
        (
            PROJECT,
            format!("{PROJECT}/members"),
            vec![("username", "joiner"), ("role", "guest")],
            "member.added",
        ),
        (PROJECT, format!("{PROJECT}/members/{joiner}/change"), vec![("role", "reporter")], "member.changed"),
        (PROJECT, format!("{PROJECT}/members/{joiner}/remove"), vec![], "member.removed"),
        (
            PROJECT,
            format!("{PROJECT}/deploy_tokens"),
            vec![("name", "d"), ("scopes", "read_package_registry")],
            "deploy_token.created",
        ),
        (&package, format!("{package}/delete"), vec![], "package.deleted"),
        (
            GROUP,
            format!("{GROUP}/general"),
            vec![("name", "x"), ("description", ""), ("visibility", "public")],
            "group.changed",
        ),
        (
            GROUP,
            format!("{GROUP}/duplicates"),
            vec![("duplicates_allowed", "1"), ("pattern", "")],
            "group.changed",
        ),
        ("/admin", "/admin".to_owned(), settings.to_vec(), "settings.changed"),
        (
            "/admin/users/new",
            "/admin/users".to_owned(),
            vec![("username", "eve"), ("name", "eve"), ("email", "")],
            "user.created",
        ),
        (&user, format!("{user}/profile"), profile.to_vec(), "user.changed"),
        (&user, format!("{user}/password"), vec![("password", "another long password")], "user.changed"),
        (&user, format!("{user}/block"), vec![], "user.blocked"),
        (&user, format!("{user}/unblock"), vec![], "user.unblocked"),
        (&user, format!("{user}/delete"), confirmed("ada"), "user.deleted"),
        (
            TOKENS,
            TOKENS.to_owned(),
            vec![("name", "t"), ("scopes", "api"), ("expires_at", "")],
            "personal_token.created",
        ),
        (PROJECT, format!("{PROJECT}/path"), vec![("path", "net")], "project.moved"),
        (
            "/acme/net/-/settings",
            "/acme/net/-/settings/delete".to_owned(),
            confirmed("acme/net"),
            "project.deleted",
        ),
        (GROUP, format!("{GROUP}/path"), vec![("path", "crew")], "group.moved"),
        (
            "/groups/crew/-/settings",
            "/groups/crew/-/settings/delete".to_owned(),
            confirmed("crew"),
            "group.deleted",
        ),
    ] {
        let answer = boss.submit(from, &action, &fields);
        assert_eq!(answer.status, 303, "{action}: {}", answer.text());
        sent.push((action, answer, expected));
    }
    let (signing_in, fields) =
        (Browser::new(world.anonymous()), [("username", "boss"), ("password", PASSWORD)]);
    let opened = signing_in.submit("/users/sign_in", "/users/sign_in", &fields).must(303);
    let other = "a sentence nobody else would say";
    let words = [("current_password", PASSWORD), ("new_password", other), ("password_confirmation", other)];
    let password = "/-/user_settings/password";
    let changed = signing_in.submit(password, password, &words).must(303);
    let closed = signing_in.submit("/", "/users/sign_out", &[]).must(303);
    sent.extend([
        ("sign in".to_owned(), opened, "session.opened"),
        ("password".to_owned(), changed, "user.password_changed"),
        ("sign out".to_owned(), closed, "session.closed"),
    ]);
    let entries = log(&world);
    for (action, answer, expected) in sent {
        let entry = entry_of(&entries, &answer);
        assert_eq!((&entry["action"], &entry["outcome"]), (&json!(expected), &json!("done")), "{action}");
        assert_eq!(entry["details"]["author_name"], "boss", "{action}");
        let credential = if expected == "session.opened" { "password" } else { "session" };
        assert_eq!(entry["credential"]["kind"], credential, "{action}");
    }
}

#[test]
fn refused_forms_and_failed_sign_ins_are_noted() {
    let world = World::start();
    world.group("acme").project("acme/network");
    let developer = group_member(&world, "developer", Role::Developer, "acme");
    let boss = administrator(&world, "boss");
    let general = format!("{PROJECT}/general");
    let visitor = Browser::new(world.anonymous());
    let sent = [
        (developer.submit("/", &general, &[("name", "x")]), 403, "refused", "developer"),
        (boss.post(&general, "", &[("name", "x")]), 403, "forbidden", "boss"),
        (boss.submit(PROJECT, &general, &[("name", "")]), 422, "unprocessable", "boss"),
        (boss.submit("/", "/nowhere/-/settings/general", &[("name", "x")]), 404, "refused", "boss"),
        (visitor.sign_in("boss", "wrong"), 422, "unauthenticated", "anonymous"),
    ];
    let entries = log(&world);
    for (answer, status, reason, who) in sent {
        assert_eq!(answer.status, status, "{reason}");
        let entry = entry_of(&entries, &answer);
        assert_eq!(
            (&entry["refusal"]["status"], &entry["refusal"]["reason"]),
            (&json!(status), &json!(reason))
        );
        assert_eq!(entry["details"]["author_name"], who);
        let failed = reason == "unauthenticated";
        assert_eq!(entry["action"], if failed { "sign_in.failed" } else { "request.refused" });
        assert_eq!(entry["details"]["target_type"], if failed { "user" } else { "path" });
    }
}

#[test]
fn the_page_shows_filters_and_leads_on() {
    let world = World::start();
    let boss = administrator(&world, "boss");
    let stranger = person(&world, "stranger");
    let name = "<img src=x onerror=alert(1)>\"'&";
    world.root().post("/api/v4/groups", &json!({ "name": name, "path": "acme" })).must(201);
    world.root().put_json("/api/v4/groups/acme", &json!({ "name": "Acme" })).must(200);
    stranger.get(PAGE).must(404);
    Browser::new(world.anonymous()).get(PAGE).must(404);
    boss.get(&format!("{PAGE}/1")).must(404);
    assert!(boss.page("/admin").text().contains(&format!("href=\"{PAGE}\"")), "it is in the menu");
    let shown = boss.page(&format!("{PAGE}?action=group.changed")).text();
    must_be_well_formed(&shown);
    assert!(
        shown.contains("@root") && shown.contains("127.0.0.1") && shown.contains("group acme"),
        "{shown}"
    );
    assert!(shown.contains("&lt;img") && !shown.contains("<img src=x"), "{shown}");
    assert!(!shown.contains("<span class=\"name\">session.opened"), "{shown}");
    for _ in 0..60 {
        world.root().put_json("/api/v4/groups/acme", &json!({ "description": "x" })).must(200);
    }
    let first = boss.page(&format!("{PAGE}?target=ACME&user=root")).text();
    assert_eq!(first.matches("<span class=\"name\">group.changed").count(), 50);
    let (_, rest) = first.split_once("rel=\"next\" href=\"").unwrap();
    let older = rest.split('"').next().unwrap().replace("&amp;", "&");
    assert!(older.contains("target=ACME") && older.contains("user=root"), "{older}");
    let second = boss.page(&older).text();
    assert_eq!(second.matches("<span class=\"name\">group.").count(), 12);
    assert!(second.contains("Newest") && !second.contains("rel=\"next\""), "{second}");
    for (query, expected) in [
        ("user=nobody", "Nobody is called that"),
        ("from=yesterday", "Write a day"),
        ("to=2026-02-30", "Write a day"),
        ("to=2020-01-01", "Nothing is found here"),
        ("from=2999-01-01", "Nothing is found here"),
        ("from=2020-01-01&to=2999-01-01&user=@boss", "session.opened"),
        ("action=request.refused", "Nothing is found here"),
        ("cursor=x&action=nothing", "group.changed"),
    ] {
        let shown = boss.page(&format!("{PAGE}?{query}")).text();
        assert!(shown.contains(expected), "{query}: {shown}");
    }
    world.anonymous().delete("/api/v4/projects/1").must(401);
    let refused = boss.page(&format!("{PAGE}?action=request.refused")).text();
    assert!(refused.contains("badge bad") && refused.contains("401, unauthenticated"), "{refused}");
}
