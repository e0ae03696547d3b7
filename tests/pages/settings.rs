//! The settings of groups and projects: who sees them, what each form does, what it says when it cannot.

use cairn::domain::{Role, Visibility};
use serde_json::{Value, json};

use crate::people::{administrator, group_member, member, person};
use crate::support::archive::Module;
use crate::support::browser::Browser;
use crate::support::world::{World, encoded};

const PROJECT: &str = "/acme/network/-/settings";
const GROUP: &str = "/groups/acme/-/settings";
/// Markup in the place of a name.
const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'&";

/// A public group with a private project.
fn world() -> World {
    let world = World::start();
    world.group("acme").project("acme/network");
    world
}

fn project(world: &World) -> Value {
    world.root().get("/api/v4/projects/acme%2Fnetwork").must(200).json()
}

fn group(world: &World) -> Value {
    world.root().get("/api/v4/groups/acme").must(200).json()
}

/// The role of somebody in a place; nothing for no direct member.
fn role(world: &World, place: &str, name: &str) -> Option<u64> {
    let member = format!("/api/v4/{place}/members/{}", world.user_id(name));
    let answer = world.root().get(&member);
    (answer.status == 200).then(|| answer.json()["access_level"].as_u64().unwrap())
}

#[test]
fn settings_are_for_those_who_may_change_them() {
    let world = world();
    world.public_project("acme/open");
    let people = [
        ("nobody", Browser::new(world.anonymous())),
        ("stranger", person(&world, "stranger")),
        ("guest", group_member(&world, "guest", Role::Guest, "acme")),
        ("developer", group_member(&world, "developer", Role::Developer, "acme")),
        ("maintainer", group_member(&world, "maintainer", Role::Maintainer, "acme")),
        ("owner", group_member(&world, "owner", Role::Owner, "acme")),
        ("administrator", administrator(&world, "boss")),
    ];
    for (page, expected) in [
        (PROJECT, [404, 404, 403, 403, 200, 200, 200]),
        ("/acme/network/-/settings/members", [404, 404, 403, 403, 200, 200, 200]),
        ("/acme/network/-/settings/deploy_tokens", [404, 404, 403, 403, 200, 200, 200]),
        ("/acme/network/-/settings/ci", [404, 404, 403, 403, 200, 200, 200]),
        ("/groups/acme/-/settings/ci", [303, 403, 403, 403, 403, 404, 404]),
        ("/acme/network/-/settings/webhooks", [404, 404, 403, 403, 200, 200, 200]),
        // Who sees the project is asked to sign in; what is hidden is not there.
        ("/acme/open/-/settings", [303, 403, 403, 403, 200, 200, 200]),
        (GROUP, [303, 403, 403, 403, 403, 200, 200]),
        ("/groups/acme/-/settings/members", [303, 403, 403, 403, 403, 200, 200]),
        ("/groups/acme/-/settings/deploy_tokens", [303, 403, 403, 403, 403, 200, 200]),
        ("/groups/new", [303, 200, 200, 200, 200, 200, 200]),
        ("/groups/new?parent_id=acme", [303, 403, 403, 403, 200, 200, 200]),
        ("/projects/new", [303, 200, 200, 200, 200, 200, 200]),
        ("/projects/new?namespace_id=acme", [303, 403, 403, 200, 200, 200, 200]),
        ("/groups/nowhere/-/settings", [404; 7]),
        ("/groups/acme/network/-/settings", [404; 7]),
        ("/groups/boss/-/settings", [404; 7]),
        ("/acme/network/-/settings/nothing", [404, 404, 403, 403, 404, 404, 404]),
    ] {
        for ((who, browser), expected) in people.iter().zip(expected) {
            let answer = browser.get(page);
            assert_eq!(answer.status, expected, "{who}: {page}");
            if expected == 200 {
                browser.page(page).must(200);
            }
        }
    }
}

#[test]
fn forms_are_refused_without_the_right_and_without_the_token() {
    let world = world();
    let developer = group_member(&world, "developer", Role::Developer, "acme");
    let maintainer = group_member(&world, "maintainer", Role::Maintainer, "acme");
    let boss = administrator(&world, "boss");
    let id = world.user_id("developer");
    for (action, fields) in [
        (format!("{PROJECT}/general"), vec![("name", "x")]),
        (format!("{PROJECT}/permissions"), vec![("visibility", "public")]),
        (format!("{PROJECT}/path"), vec![("path", "other")]),
        (format!("{PROJECT}/delete"), vec![("confirmation", "acme/network")]),
        (format!("{PROJECT}/members"), vec![("username", "developer"), ("role", "owner")]),
        (format!("{PROJECT}/deploy_tokens"), vec![("name", "x"), ("scopes", "read_package_registry")]),
        (format!("{PROJECT}/webhooks"), vec![("url", "https://hooks.example")]),
        (format!("{GROUP}/general"), vec![("name", "x")]),
        (format!("{GROUP}/duplicates"), vec![("duplicates_allowed", "1")]),
        (format!("{GROUP}/path"), vec![("path", "other")]),
        (format!("{GROUP}/delete"), vec![("confirmation", "acme")]),
        (format!("{GROUP}/members/{id}/change"), vec![("role", "owner")]),
        (format!("{GROUP}/members/{id}/remove"), vec![]),
    ] {
        // A form of another page carries this browser's token.
        assert_eq!(developer.submit("/", &action, &fields).status, 403, "{action}: a developer");
        assert_eq!(boss.post(&action, "", &fields).status, 403, "{action}: no token");
    }
    maintainer.submit("/", &format!("{GROUP}/general"), &[("name", "x")]).must(403);
    maintainer.submit(PROJECT, &format!("{PROJECT}/delete"), &[("confirmation", "acme/network")]).must(403);
    assert_eq!(project(&world)["name"], "network");
    assert_eq!(group(&world)["name"], "acme");
    assert_eq!(role(&world, "groups/acme", "developer"), Some(30));
}

#[test]
fn a_project_is_changed_by_its_forms() {
    let world = world();
    let browser = member(&world, "ada", Role::Maintainer, "acme/network");
    let fields = [("name", "The network"), ("description", "first\r\nsecond")];
    let saved = browser.submit(PROJECT, &format!("{PROJECT}/general"), &fields).must(303);
    assert_eq!(saved.header("location"), Some(PROJECT));
    assert!(browser.page(PROJECT).text().contains("The settings were saved."));
    assert_eq!(project(&world)["name"], "The network");
    assert_eq!(project(&world)["description"], "first\nsecond");
    for (fields, visibility, level) in [
        (&[("visibility", "public"), ("packages", "1"), ("registry", "private")][..], "public", "private"),
        (&[("visibility", "internal"), ("packages", "1"), ("registry", "public")], "internal", "public"),
        (&[("visibility", "private"), ("packages", "1"), ("registry", "enabled")], "private", "enabled"),
        (&[("visibility", "private"), ("registry", "enabled")], "private", "disabled"),
    ] {
        browser.submit(PROJECT, &format!("{PROJECT}/permissions"), fields).must(303);
        assert_eq!(project(&world)["visibility"], visibility, "{fields:?}");
        assert_eq!(project(&world)["package_registry_access_level"], level, "{fields:?}");
    }
    let off = browser.page(PROJECT).text();
    assert!(off.contains("The package registry of this project is switched off"), "{off}");
    assert!(!off.contains("Infrastructure Registry"), "its menu entry is gone");
    let renamed = browser.submit(PROJECT, &format!("{PROJECT}/path"), &[("path", "net")]).must(303);
    assert_eq!(renamed.header("location"), Some("/acme/net/-/settings"));
    assert!(browser.page("/acme/net/-/settings").text().contains("The project is called acme/net now."));
    assert_eq!(browser.get(PROJECT).must(301).header("location"), Some("/acme/net/-/settings"), "it moved");
}

#[test]
fn a_group_is_changed_by_its_forms() {
    let world = world();
    let browser = group_member(&world, "ada", Role::Owner, "acme");
    let save = |section: &str, fields: &[(&str, &str)]| {
        browser.submit(GROUP, &format!("{GROUP}/{section}"), fields).must(303);
    };
    save("general", &[("name", "Acme & sons"), ("description", "")]);
    save("permissions", &[("visibility", "internal")]);
    save("duplicates", &[("duplicates_allowed", "1"), ("exception_regex", "legacy-.*/aws")]);
    let changed = group(&world);
    assert_eq!(changed["name"], "Acme & sons");
    assert_eq!(changed["visibility"], "internal");
    assert_eq!(changed["terraform_module_duplicates_allowed"], true);
    assert_eq!(changed["terraform_module_duplicate_exception_regex"], "legacy-.*/aws");
    save("duplicates", &[("exception_regex", "")]);
    assert_eq!(group(&world)["terraform_module_duplicates_allowed"], false);
    save("path", &[("path", "umbrella")]);
    assert_eq!(browser.get(GROUP).must(301).header("location"), Some("/groups/umbrella/-/settings"));
    world.root().get("/api/v4/projects/umbrella%2Fnetwork").must(200);
    let led = browser.get("/umbrella/-/settings").must(303);
    assert_eq!(led.header("location"), Some("/groups/umbrella/-/settings"));
}

#[test]
fn what_cannot_be_saved_is_told_beside_its_field_and_stays_typed() {
    let world = world();
    world.group_with("hidden", Visibility::Private, &json!({}));
    world.project("hidden/secret").project("acme/taken");
    let boss = administrator(&world, "boss");
    let long = "x".repeat(256);
    let hidden = "/hidden/secret/-/settings";
    for (page, section, fields, status, problem, words) in [
        (PROJECT, "general", vec![("name", " "), ("description", "kept text")], 422, "name", "It is empty"),
        (PROJECT, "general", vec![("name", &long[..])], 422, "name", "at most 255"),
        (PROJECT, "path", vec![("path", "a b")], 422, "path", "is not allowed"),
        (PROJECT, "path", vec![("path", "taken")], 422, "path", "has already been taken"),
        (PROJECT, "path", vec![("path", "")], 422, "path", "is not allowed"),
        (PROJECT, "permissions", vec![("packages", "1"), ("registry", "x")], 422, "", "It is not chosen"),
        (hidden, "permissions", vec![("visibility", "public")], 422, "", "is not allowed in hidden"),
        (PROJECT, "delete", vec![("confirmation", "network")], 422, "confirmation", "type acme/network"),
        (GROUP, "path", vec![("path", "api")], 422, "path", "reserved"),
        (GROUP, "path", vec![("path", "123")], 422, "path", "Terraform namespace"),
        (GROUP, "duplicates", vec![("exception_regex", "(a")], 422, "exception_regex", "It is not usable"),
        (GROUP, "delete", vec![("confirmation", "")], 422, "confirmation", "type acme"),
    ] {
        let refused = boss.submit(page, &format!("{page}/{section}"), &fields).must(status).text();
        crate::support::browser::must_be_well_formed(&refused);
        assert!(refused.contains(words), "{fields:?}: {refused}");
        assert!(refused.contains("Nothing was changed."), "{fields:?}");
        assert!(refused.contains(&format!("href=\"#{section}\"")), "the way to the form: {fields:?}");
        if !problem.is_empty() {
            assert!(refused.contains(&format!("id=\"{problem}-problem\"")), "{fields:?}: {refused}");
        }
        for (name, value) in
            fields.iter().filter(|(name, _)| matches!(*name, "path" | "confirmation" | "exception_regex"))
        {
            assert!(refused.contains(&format!("value=\"{value}\"")), "{name} stays");
        }
    }
    let fields = [("name", ""), ("description", "kept text")];
    let refused = boss.submit(PROJECT, &format!("{PROJECT}/general"), &fields).must(422).text();
    assert!(refused.contains("kept text"), "{refused}");
    let again = boss.get(&format!("{PROJECT}/general")).must(303);
    assert_eq!(again.header("location"), Some(PROJECT), "loaded again, it is the page of the form");
    assert_eq!(project(&world)["name"], "network");
    assert_eq!(project(&world)["visibility"], "private");
}

#[test]
fn members_are_added_changed_and_removed() {
    let world = world();
    let owner = group_member(&world, "ada", Role::Owner, "acme");
    world.stranger("bob").stranger("eve");
    for (page, place) in [(PROJECT, "projects/acme%2Fnetwork"), (GROUP, "groups/acme")] {
        let members = format!("{page}/members");
        let bob = format!("{members}/{}", world.user_id("bob"));
        let fields = [("username", " bob "), ("role", "developer"), ("expires_at", "2999-12-31")];
        owner.submit(&members, &members, &fields).must(303);
        assert_eq!(role(&world, place, "bob"), Some(30), "{place}");
        let shown = owner.page(&members).text();
        assert!(shown.contains("bob is developer now") && shown.contains("value=\"2999-12-31\""), "{shown}");
        owner
            .submit(&members, &format!("{bob}/change"), &[("role", "reporter"), ("expires_at", "")])
            .must(303);
        assert_eq!(role(&world, place, "bob"), Some(20));
        let member = world.root().get(&format!("/api/v4/{place}/members/{}", world.user_id("bob")));
        assert_eq!(member.json()["expires_at"], Value::Null);
        let past = [("role", "owner"), ("expires_at", "2001-01-01")];
        let refused = owner.submit(&members, &format!("{bob}/change"), &past).must(422).text();
        assert!(
            refused.contains("It is in the past") && refused.contains("value=\"2001-01-01\""),
            "{refused}"
        );
        assert!(refused.contains("<option value=\"owner\" selected"), "what was chosen stays: {refused}");
        owner.submit(&members, &format!("{bob}/remove"), &[]).must(303);
        assert_eq!(role(&world, place, "bob"), None);
        owner.submit(&members, &format!("{bob}/remove"), &[]).must(404);
        for (fields, words) in [
            (&[("username", "nobody"), ("role", "guest")][..], "It is nobody&#39;s"),
            (&[("username", ""), ("role", "guest")], "It is nobody&#39;s"),
            (&[("username", "1"), ("role", "guest")], "It is nobody&#39;s"),
            (&[("username", "eve"), ("role", "king")], "Role is not chosen"),
            (&[("username", "eve"), ("role", "guest"), ("expires_at", "2001-01-01")], "It is in the past"),
            (&[("username", "eve"), ("role", "guest"), ("expires_at", "soon")], "It is not a day"),
        ] {
            let refused = owner.submit(&members, &members, fields).must(422).text();
            let words = words.replace("&#39;", "'");
            assert!(refused.contains(&words), "{fields:?}: {refused}");
            assert!(refused.contains(&format!("value=\"{}\"", fields[0].1)), "{fields:?}: what was typed");
        }
        assert_eq!(role(&world, place, "eve"), None);
    }
    let listed = owner.page(&format!("{PROJECT}/members")).text();
    assert!(listed.contains("Inherited from <a href=\"/acme\">acme</a>"), "{listed}");
    let members = format!("{GROUP}/members");
    let taken = [("username", "ada"), ("role", "guest")];
    let refused = owner.submit(&members, &members, &taken).must(409).text();
    assert!(refused.contains("Member already exists"), "{refused}");
}

#[test]
fn the_last_owner_stays_and_roles_are_given_up_to_ones_own() {
    let world = World::start();
    let ada = person(&world, "ada");
    ada.submit("/groups/new", "/groups/new", &[("name", "Own"), ("visibility", "private")]).must(303);
    let members = "/groups/own/-/settings/members";
    let own = format!("{members}/{}", world.user_id("ada"));
    for (action, fields) in [
        ("change", &[("role", "developer")][..]),
        ("change", &[("role", "owner"), ("expires_at", "2999-01-01")]),
        ("remove", &[]),
    ] {
        let refused = ada.submit(members, &format!("{own}/{action}"), fields).must(403).text();
        assert!(refused.contains("This is the last owner of the group"), "{action}: {refused}");
        assert!(refused.contains("<h1>Members</h1>"), "it is told on the page of the members");
    }
    assert_eq!(role(&world, "groups/own", "ada"), Some(50));
    world.stranger("bob");
    ada.submit(members, members, &[("username", "bob"), ("role", "owner")]).must(303);
    let left = ada.submit(members, &format!("{own}/remove"), &[]).must(303);
    assert_eq!(left.header("location"), Some("/"), "who has left sees the settings no more");
    assert!(ada.page("/").text().contains("You left own."));

    world.group("acme").project("acme/network");
    let maintainer = member(&world, "max", Role::Maintainer, "acme/network");
    let members = format!("{PROJECT}/members");
    let refused = maintainer.submit(&members, &members, &[("username", "bob"), ("role", "owner")]).must(403);
    assert!(refused.text().contains("This needs the role owner or higher."), "{}", refused.text());
    maintainer.submit(&members, &members, &[("username", "bob"), ("role", "maintainer")]).must(303);
    let max = format!("{members}/{}", world.user_id("max"));
    let lowered = maintainer.submit(&members, &format!("{max}/change"), &[("role", "guest")]).must(303);
    assert_eq!(lowered.header("location"), Some("/acme/network"), "the settings are closed to a guest");
}

#[test]
fn members_are_found_by_name_and_listed_in_pages() {
    let world = world();
    let boss = administrator(&world, "boss");
    for number in 0..55 {
        world.user(&format!("user{number:02}"), Role::Guest, "acme/network");
    }
    let members = format!("{PROJECT}/members");
    let first = boss.page(&members).text();
    assert!(first.contains("?page=2") && first.contains("@user00") && !first.contains("@user54"), "{first}");
    assert!(boss.page(&format!("{members}?page=2")).text().contains("@user54"));
    assert!(boss.page(&format!("{members}?page=99")).text().contains("@user54"), "the last page");
    let found = boss.page(&format!("{members}?search=USER1")).text();
    assert!(
        found.contains("@user12") && !found.contains("@user22") && !found.contains("?search=USER1&amp;page")
    );
    let none = boss.page(&format!("{members}?search=%3Cscript%3E")).text();
    assert!(none.contains("Nobody is found") && !none.contains("<script>"), "{none}");
}

#[test]
fn deploy_tokens_are_created_shown_once_and_revoked() {
    let world = world();
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    let boss = administrator(&world, "boss");
    for (page, place) in [(PROJECT, "projects/acme%2Fnetwork"), (GROUP, "groups/acme")] {
        let tokens = format!("{page}/deploy_tokens");
        let fields = [
            ("name", HOSTILE),
            ("username", "ci"),
            ("expires_at", "2999-12-31"),
            ("scopes", "read_package_registry"),
        ];
        boss.submit(&tokens, &tokens, &fields).must(303);
        let shown = boss.page(&tokens);
        assert_eq!(shown.header("cache-control"), Some("private, no-store"));
        let shown = shown.text();
        assert!(!shown.contains("<img src=x"), "{shown}");
        let (_, secret) = shown.split_once("<code>cairn_dt_").unwrap_or_else(|| panic!("{shown}"));
        let secret = format!("cairn_dt_{}", secret.split('<').next().unwrap());
        assert!(!boss.page(&tokens).text().contains(&secret), "once");
        let packages = "/api/v4/projects/acme%2Fnetwork/packages";
        world.anonymous().token(&secret).get(packages).must(200);
        let stored = world.root().get(&format!("/api/v4/{place}/deploy_tokens")).must(200).json();
        assert_eq!(stored[0]["name"], HOSTILE);
        assert_eq!(stored[0]["username"], "ci");
        assert_eq!(stored[0]["scopes"], json!(["read_package_registry"]));
        assert_eq!(stored[0]["expires_at"], "2999-12-31T00:00:00.000Z");
        for (fields, words) in [
            (&[("name", ""), ("scopes", "read_package_registry")][..], "It is empty"),
            (&[("name", "ci")], "Scopes are missing"),
            (&[("name", "ci"), ("scopes", "everything")], "Scopes are missing"),
            (
                &[("name", "ci"), ("username", "a:b"), ("scopes", "read_package_registry")],
                "It may have letters",
            ),
            (
                &[("name", "ci"), ("expires_at", "2001-01-01"), ("scopes", "read_package_registry")],
                "It is in the past",
            ),
        ] {
            let refused = boss.submit(&tokens, &tokens, fields).must(422).text();
            assert!(refused.contains(words), "{fields:?}: {refused}");
        }
        let revoke = format!("{tokens}/{}/revoke", stored[0]["id"]);
        boss.submit(&tokens, &revoke, &[]).must(303);
        world.anonymous().token(&secret).get(packages).must(401);
        boss.submit(&tokens, &revoke, &[]).must(404);
        boss.submit(&tokens, &format!("{tokens}/x/revoke"), &[]).must(404);
    }
}

#[test]
fn a_deploy_token_of_another_project_cannot_be_revoked() {
    let world = world();
    world.project("acme/other").deploy_token("ci", "acme/other", &["read_package_registry"]);
    let maintainer = member(&world, "ada", Role::Maintainer, "acme/network");
    let listed = world.root().get("/api/v4/projects/acme%2Fother/deploy_tokens").json();
    let tokens = format!("{PROJECT}/deploy_tokens");
    maintainer.submit(&tokens, &format!("{tokens}/{}/revoke", listed[0]["id"]), &[]).must(404);
    world.client("ci").get("/api/v4/projects/acme%2Fother/packages").must(200);
}

#[test]
fn what_is_deleted_is_named_before_and_gone_after() {
    let world = world();
    world.group("acme/sub").project("acme/sub/inner");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    world.publish("acme/network", "vpc/aws", "1.1.0", Module::of("two"));
    world.publish("acme/sub/inner", "dns/aws", "1.0.0", Module::of("three"));
    let owner = group_member(&world, "ada", Role::Owner, "acme");
    let shown = owner.page(PROJECT).text();
    assert!(shown.contains("2 packages") && shown.contains("Type acme/network to confirm"), "{shown}");
    let shown = owner.page(GROUP).text();
    assert!(shown.contains("1 subgroup, 2 projects and 3 packages"), "{shown}");
    let maintainer = member(&world, "max", Role::Maintainer, "acme/network");
    assert!(maintainer.page(PROJECT).text().contains("Only owners may delete a project"));
    let delete =
        |page: &str, name: &str| owner.submit(page, &format!("{page}/delete"), &[("confirmation", name)]);
    delete(PROJECT, "ACME/network").must(422);
    let deleted = delete(PROJECT, "acme/network").must(303);
    assert_eq!(deleted.header("location"), Some("/acme"));
    world.root().get("/api/v4/projects/acme%2Fnetwork").must(404);
    let deleted = delete(GROUP, "acme").must(303);
    assert_eq!(deleted.header("location"), Some("/"));
    world.root().get("/api/v4/groups/acme").must(404);
    assert!(owner.page("/").text().contains("The group acme was deleted."));
}

#[test]
fn groups_and_projects_are_created() {
    let world = world();
    let ada = group_member(&world, "ada", Role::Maintainer, "acme");
    let create =
        |page: &str, fields: &[(&str, &str)]| ada.submit(page, page.split('?').next().unwrap(), fields);
    let form = ada.page("/groups/new?parent_id=acme").text();
    assert!(form.contains("<h1>New subgroup</h1>") && form.contains("value=\"acme\""), "{form}");
    let id = world.group_id("acme");
    assert!(ada.page(&format!("/projects/new?namespace_id={id}")).text().contains("value=\"acme\""));
    let made = create(
        "/groups/new?parent_id=acme",
        &[("namespace", "acme"), ("name", "Data Platform"), ("visibility", "internal"), ("description", "d")],
    );
    assert_eq!(made.must(303).header("location"), Some("/acme/data-platform"));
    let group = world.root().get("/api/v4/groups/acme%2Fdata-platform").must(200).json();
    assert_eq!((&group["name"], &group["visibility"]), (&json!("Data Platform"), &json!("internal")));
    for (namespace, path, full) in
        [("acme/data-platform", "net", "acme/data-platform/net"), ("", "mine", "ada/mine")]
    {
        let fields = [("namespace", namespace), ("name", HOSTILE), ("path", path), ("visibility", "private")];
        let made = create("/projects/new", &fields).must(303);
        assert_eq!(made.header("location"), Some(&*format!("/{full}")));
        let project = world.root().get(&format!("/api/v4/projects/{}", encoded(full))).must(200).json();
        assert_eq!(project["name"], HOSTILE);
        let settings = ada.page(&format!("/{full}/-/settings")).must(200).text();
        assert!(!settings.contains("<img src=x"), "{settings}");
    }
    world.group_with("hidden", Visibility::Private, &json!({}));
    for (page, fields, status, words) in [
        (
            "/projects/new",
            vec![("name", "x"), ("visibility", "public"), ("namespace", "hidden")],
            422,
            "may create this in",
        ),
        (
            "/projects/new",
            vec![("name", "x"), ("visibility", "public"), ("namespace", "nowhere")],
            422,
            "may create this in",
        ),
        ("/projects/new", vec![("name", ""), ("visibility", "public"), ("path", "x")], 422, "It is empty"),
        (
            "/projects/new",
            vec![("name", "network"), ("visibility", "private"), ("namespace", "acme")],
            422,
            "already been taken",
        ),
        ("/projects/new", vec![("name", "x"), ("namespace", "acme")], 422, "It is not chosen"),
        ("/groups/new", vec![("name", "Search"), ("visibility", "public")], 422, "reserved"),
        (
            "/groups/new",
            vec![("name", "x"), ("visibility", "public"), ("namespace", "acme/data-platform")],
            422,
            "is not allowed in acme/data-platform",
        ),
    ] {
        let refused = create(page, &fields).must(status).text();
        assert!(refused.contains(words) && refused.contains("Nothing was changed."), "{fields:?}: {refused}");
        assert!(refused.contains(&format!("value=\"{}\"", fields[0].1)), "{fields:?}: what was typed stays");
    }
    ada.post("/projects/new", "", &[("name", "forged"), ("visibility", "private")]).must(403);
    world.root().get("/api/v4/projects/ada%2Fforged").must(404);
}

#[test]
fn with_the_registry_off_for_the_instance_settings_say_so() {
    let world = world();
    world.settings(&json!({ "packages_enabled": false }));
    let boss = administrator(&world, "boss");
    let shown = boss.page(PROJECT).must(200).text();
    assert!(shown.contains("The package registry is switched off on this server"), "{shown}");
    assert!(!shown.contains("Infrastructure Registry"));
}
