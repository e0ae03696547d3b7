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
const NET: &str = "/acme/net/-/settings";
const CREW: &str = "/groups/crew/-/settings";
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

/// Sends a form with fields written as in a query, and returns the answer to what was taken.
#[track_caller]
fn send(browser: &Browser, (from, action): (&str, &str), fields: &str) -> Response {
    let fields: Vec<(&str, &str)> = fields.split('&').filter_map(|field| field.split_once('=')).collect();
    let answer = browser.submit(from, action, &fields);
    assert_eq!(answer.status, 303, "{action}: {}", answer.text());
    answer
}

/// Fails the test unless each answer left one entry of that action by `boss`.
#[track_caller]
fn check(world: &World, sent: &[(Response, &str)], credential: &str) {
    let entries = log(world);
    for (answer, expected) in sent {
        let entry = entry_of(&entries, answer);
        assert_eq!((&entry["action"], &entry["outcome"]), (&json!(expected), &json!("done")), "{entry}");
        assert_eq!(entry["details"]["author_name"], "boss", "{entry}");
        assert_eq!(entry["credential"]["kind"], credential, "{entry}");
    }
}

#[test]
fn every_form_of_a_place_leaves_one_entry() {
    let world = World::start();
    world.group("acme").project("acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("x"));
    world.deploy_token("old", "acme/network", &["read_package_registry"]);
    let boss = administrator(&world, "boss");
    person(&world, "joiner");
    let joiner = world.user_id("joiner");
    let old = &world.root().get("/api/v4/projects/acme%2Fnetwork/deploy_tokens").must(200).json()[0]["id"];
    let number = world.package_id("acme/network", "vpc/aws", "1.0.0");
    let package = format!("/acme/network/-/infrastructure_registry/{number}");
    let at = |place: &str, form: &str| format!("{place}/{form}");
    let mut sent = Vec::new();
    for (from, action, fields, expected) in [
        ("/groups/new", "/groups/new".to_owned(), "name=new&path=new&visibility=private", "group.created"),
        (
            "/projects/new",
            "/projects/new".to_owned(),
            "name=p&path=p&namespace=acme&visibility=private",
            "project.created",
        ),
        (PROJECT, at(PROJECT, "general"), "name=x&description=", "project.changed"),
        (
            PROJECT,
            at(PROJECT, "permissions"),
            "visibility=private&packages=1&registry=private",
            "project.changed",
        ),
        (PROJECT, at(PROJECT, "members"), "username=joiner&role=guest", "member.added"),
        (PROJECT, at(PROJECT, &format!("members/{joiner}/change")), "role=reporter", "member.changed"),
        (PROJECT, at(PROJECT, &format!("members/{joiner}/remove")), "", "member.removed"),
        (
            PROJECT,
            at(PROJECT, "deploy_tokens"),
            "name=d&scopes=read_package_registry",
            "deploy_token.created",
        ),
        (PROJECT, at(PROJECT, &format!("deploy_tokens/{old}/revoke")), "", "deploy_token.deleted"),
        (&package, at(&package, "delete"), "", "package.deleted"),
        (GROUP, at(GROUP, "general"), "name=x&description=&visibility=public", "group.changed"),
        (GROUP, at(GROUP, "duplicates"), "duplicates_allowed=1&pattern=", "group.changed"),
        (PROJECT, at(PROJECT, "path"), "path=net", "project.moved"),
        (NET, at(NET, "delete"), "confirmation=acme/net", "project.deleted"),
        (GROUP, at(GROUP, "path"), "path=crew", "group.moved"),
        (CREW, at(CREW, "delete"), "confirmation=crew", "group.deleted"),
    ] {
        sent.push((send(&boss, (from, &action), fields), expected));
    }
    check(&world, &sent, "session");
}

#[test]
fn every_form_of_the_administration_and_of_oneself_leaves_one_entry() {
    let world = World::start();
    let boss = administrator(&world, "boss");
    person(&world, "ada");
    let user = format!("/admin/users/{}", world.user_id("ada"));
    let settings = "registry=1&projects=private&groups=private&max_file_size=0";
    let mut sent = Vec::new();
    for (from, action, fields, expected) in [
        ("/admin", "/admin".to_owned(), settings, "settings.changed"),
        ("/admin/users/new", "/admin/users".to_owned(), "username=eve&name=eve&email=", "user.created"),
        (&user, format!("{user}/profile"), "username=ada&name=Ada&email=", "user.changed"),
        (&user, format!("{user}/password"), "password=another long password", "user.changed"),
        (&user, format!("{user}/block"), "", "user.blocked"),
        (&user, format!("{user}/unblock"), "", "user.unblocked"),
        (&user, format!("{user}/delete"), "confirmation=ada", "user.deleted"),
        (TOKENS, TOKENS.to_owned(), "name=t&scopes=api&expires_at=", "personal_token.created"),
    ] {
        sent.push((send(&boss, (from, &action), fields), expected));
    }
    let tokens = format!("/api/v4/personal_access_tokens?user_id={}", world.user_id("boss"));
    let token = world.root().get(&tokens).must(200).json()[0]["id"].to_string();
    sent.push((send(&boss, (TOKENS, &format!("{TOKENS}/{token}/revoke")), ""), "personal_token.revoked"));
    let other = Browser::new(world.anonymous());
    let sign_in = format!("username=boss&password={PASSWORD}");
    let opened = send(&other, ("/users/sign_in", "/users/sign_in"), &sign_in);
    let password = "/-/user_settings/password";
    let words =
        format!("current_password={PASSWORD}&new_password=other words&password_confirmation=other words");
    sent.push((send(&other, (password, password), &words), "user.password_changed"));
    sent.push((send(&other, ("/", "/users/sign_out"), ""), "session.closed"));
    check(&world, &sent, "session");
    check(&world, &[(opened, "session.opened")], "password");
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
    assert!(shown.contains(" → Acme</p>"), "{shown}");
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
