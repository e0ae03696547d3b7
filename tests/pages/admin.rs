//! The administration: for administrators, and for nobody else even there.

use cairn::domain::{Role, Visibility};
use serde_json::{Value, json};

use crate::people::{PASSWORD, administrator, group_member, person};
use crate::support::archive::Module;
use crate::support::browser::{Browser, must_be_well_formed};
use crate::support::server::Server;
use crate::support::world::{World, upload};

const USERS: &str = "/admin/users";
/// Markup in the place of a name.
const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'&";

fn user(world: &World, name: &str) -> Value {
    world.root().get(&format!("/api/v4/users/{}", world.user_id(name))).must(200).json()
}

/// The page of a user.
fn page_of(world: &World, name: &str) -> String {
    format!("{USERS}/{}", world.user_id(name))
}

#[test]
fn for_everybody_else_there_is_no_administration() {
    let world = World::start();
    world.group("acme");
    let boss = administrator(&world, "boss");
    let others = [
        ("nobody", Browser::new(world.anonymous())),
        ("a stranger", person(&world, "stranger")),
        ("an owner", group_member(&world, "owner", Role::Owner, "acme")),
    ];
    let one = page_of(&world, "owner");
    for page in ["/admin", USERS, "/admin/users/new", &one, "/admin/groups", "/admin/projects"] {
        boss.page(page).must(200);
        for (who, browser) in &others {
            let refused = browser.get(page).must(404).text();
            let unknown = browser.get("/nowhere/at/all").must(404).text();
            let heading =
                |text: &str| text.split_once("<h1>").unwrap().1.split('<').next().unwrap().to_owned();
            assert_eq!(heading(&refused), heading(&unknown), "{who}: {page}");
            assert!(!refused.contains("Administration"), "{who}: {page}");
        }
    }
    let block = format!("{one}/block");
    for (action, fields) in [
        ("/admin", &[("registry", "1")][..]),
        (USERS, &[("username", "eve"), ("name", "eve")]),
        (&block, &[]),
    ] {
        for (who, browser) in &others[1..] {
            assert_eq!(browser.submit("/", action, fields).status, 404, "{who}: {action}");
        }
        assert_eq!(boss.post(action, "", fields).status, 403, "{action}: without the token");
    }
    for page in ["/admin/nothing", "/admin/users/boss", "/admin/users/99999", "/admin/groups/1"] {
        boss.get(page).must(404);
    }
    assert_eq!(user(&world, "owner")["state"], "active");
}

#[test]
fn the_settings_of_the_instance_are_changed() {
    let world = World::start();
    world.group("acme").project("acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    let boss = administrator(&world, "boss");
    let shown = boss.page("/admin").text();
    assert!(shown.contains("value=\"1 GiB\"") && shown.contains("ready"), "{shown}");
    assert!(shown.contains(env!("CARGO_PKG_VERSION")));
    let fields =
        [("anyone", "1"), ("projects", "internal"), ("groups", "public"), ("max_file_size", "1 KiB")];
    boss.submit("/admin", "/admin", &fields).must(303);
    let settings = world.root().get("/api/v4/application/settings").must(200).json();
    assert_eq!(settings["packages_enabled"], false);
    assert_eq!(settings["package_registry_allow_anyone_to_pull_option"], true);
    assert_eq!(settings["default_project_visibility"], "internal");
    assert_eq!(settings["default_group_visibility"], "public");
    let limits = world.root().get("/api/v4/application/plan_limits").must(200).json();
    assert_eq!(limits["terraform_module_max_file_size"], 1024);
    world.root().get("/api/v4/projects/acme%2Fnetwork/packages").must(404);
    let shown = boss.page("/admin").text();
    assert!(shown.contains("The settings were saved.") && shown.contains("value=\"1 KiB\""), "{shown}");
    let fields =
        [("registry", "1"), ("projects", "private"), ("groups", "private"), ("max_file_size", "200")];
    boss.submit("/admin", "/admin", &fields).must(303);
    assert_eq!(world.packages("acme/network").len(), 1, "nothing was deleted");
    upload(&world.root(), "acme/network", "vpc/aws", "2.0.0", vec![0x1f; 201]).must(400);
    for (size, words) in
        [("much", "It is not a size"), ("", "It is not a size"), ("1.5 GiB", "It is not a size")]
    {
        let fields = [("projects", "public"), ("groups", "private"), ("max_file_size", size)];
        let refused = boss.submit("/admin", "/admin", &fields).must(422).text();
        assert!(refused.contains(words) && refused.contains("id=\"max_file_size-problem\""), "{refused}");
        assert!(refused.contains("<option value=\"public\" selected"), "what was chosen stays: {refused}");
    }
    assert_eq!(world.root().get("/api/v4/application/settings").json()["packages_enabled"], true);
}

#[test]
fn what_the_instance_holds_and_what_happened_last_is_shown() {
    let world = World::start();
    world.group("acme").project("acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    world.publish("acme/network", "vpc/aws", "1.1.0", Module::of("two"));
    world.delete_package("acme/network", "vpc/aws", "1.0.0");
    let shown = administrator(&world, "boss").page("/admin").text();
    for (name, count) in [("Projects", 1), ("Modules", 1), ("Versions", 1)] {
        assert!(shown.contains(&format!("<dt>{name}</dt><dd>{count}</dd>")), "{name}: {shown}");
    }
    for told in
        ["vpc/aws 1.0.0</strong> deleted", "vpc/aws 1.1.0</strong> published", "href=\"/acme/network\""]
    {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert!(shown.contains("Reclaimable"), "{shown}");
}

#[test]
fn a_switch_of_the_command_line_is_told() {
    let world = World::on(Server::builder().flag("--disable-registry"));
    let shown = administrator(&world, "boss").page("/admin").must(200).text();
    assert!(shown.contains("<code>--disable-registry</code>"), "{shown}");
}

#[test]
fn users_are_created_found_and_changed() {
    let world = World::start();
    let boss = administrator(&world, "boss");
    let fields = [
        ("username", "ada"),
        ("name", HOSTILE),
        ("email", "ada@example.com"),
        ("password", PASSWORD),
        ("can_create_group", "1"),
    ];
    let made = boss.submit("/admin/users/new", USERS, &fields).must(303);
    assert_eq!(made.header("location"), Some(&*page_of(&world, "ada")));
    let ada = user(&world, "ada");
    assert_eq!((&ada["name"], &ada["email"]), (&json!(HOSTILE), &json!("ada@example.com")));
    assert_eq!((&ada["is_admin"], &ada["can_create_group"]), (&json!(false), &json!(true)));
    Browser::of(world.anonymous(), "ada", PASSWORD);
    for page in [USERS, &page_of(&world, "ada"), "/admin/users?search=ada%40example.com"] {
        let shown = boss.page(page).must(200).text();
        assert!(shown.contains("&lt;img") && !shown.contains("<img src=x"), "{page}: {shown}");
    }
    assert!(!boss.page("/admin/users?search=boss").text().contains("@ada"));
    assert!(!boss.page("/admin/users?filter=administrators").text().contains("@ada"));
    let page = page_of(&world, "ada");
    let fields = [("username", "lovelace"), ("name", "Ada"), ("email", ""), ("admin", "1")];
    boss.submit(&page, &format!("{page}/profile"), &fields).must(303);
    let ada = user(&world, "lovelace");
    assert_eq!((&ada["name"], &ada["email"]), (&json!("Ada"), &json!("")));
    assert_eq!((&ada["is_admin"], &ada["can_create_group"]), (&json!(true), &json!(false)));
    assert!(boss.page("/admin/users?filter=administrators").text().contains("@lovelace"));
}

#[test]
fn what_cannot_be_saved_of_a_user_is_told_beside_its_field() {
    let world = World::start();
    let boss = administrator(&world, "boss");
    world
        .root()
        .post("/api/v4/users", &json!({ "username": "ada", "name": "Ada", "email": "a@b" }))
        .must(201);
    for (fields, status, problem, words) in [
        (vec![("username", "a b"), ("name", "x")], 422, "username", "Terraform namespace"),
        (vec![("username", "admin"), ("name", "x")], 422, "username", "reserved"),
        (vec![("username", "ADA"), ("name", "x")], 409, "username", "It has already been taken"),
        (vec![("username", "new-one"), ("name", "")], 422, "name", "It is empty"),
        (
            vec![("username", "new-one"), ("name", "x"), ("email", "odd")],
            422,
            "email",
            "It is not a mail address",
        ),
        (
            vec![("username", "new-one"), ("name", "x"), ("email", "A@B")],
            409,
            "email",
            "It has already been taken",
        ),
        (
            vec![("username", "new-one"), ("name", "x"), ("password", "seven77")],
            422,
            "password",
            "It is too short",
        ),
    ] {
        let refused = boss.submit("/admin/users/new", USERS, &fields).must(status).text();
        must_be_well_formed(&refused);
        assert!(refused.contains(words), "{fields:?}: {refused}");
        assert!(refused.contains(&format!("id=\"{problem}-problem\"")), "{fields:?}: {refused}");
        assert!(refused.contains(&format!("value=\"{}\"", fields[0].1)), "{fields:?}");
        assert!(!refused.contains("seven77"), "passwords are not sent back");
    }
    let page = page_of(&world, "boss");
    let fields = [("username", "boss"), ("name", "typed"), ("email", "odd")];
    let refused = boss.submit(&page, &format!("{page}/profile"), &fields).must(422).text();
    assert!(refused.contains("value=\"typed\"") && refused.contains("href=\"#profile\""), "{refused}");
    let root = page_of(&world, "root");
    boss.submit(&root, &format!("{root}/block"), &[]).must(303);
    let fields = [("username", "boss"), ("name", "boss")];
    let refused = boss.submit(&page, &format!("{page}/profile"), &fields).must(403).text();
    assert!(refused.contains("This is the last active administrator"), "{refused}");
    boss.submit(&page, &format!("{page}/block"), &[]).must(403);
}

#[test]
fn users_are_blocked_given_another_password_and_deleted() {
    let world = World::start();
    let boss = administrator(&world, "boss");
    let ada = person(&world, "ada");
    let made = [("name", "mine"), ("visibility", "private")];
    ada.submit("/projects/new", "/projects/new", &made).must(303);
    world.publish("ada/mine", "vpc/aws", "1.0.0", Module::of("one"));
    let page = page_of(&world, "ada");
    boss.submit(&page, &format!("{page}/block"), &[]).must(303);
    assert_eq!(user(&world, "ada")["state"], "blocked");
    assert!(boss.page("/admin/users?filter=blocked").text().contains("@ada"));
    assert_eq!(ada.get("/-/user_settings/password").status, 303, "the session has ended");
    boss.submit(&page, &format!("{page}/unblock"), &[]).must(303);
    let other = "another sentence entirely";
    let refused = boss.submit(&page, &format!("{page}/password"), &[("password", "short")]).must(422).text();
    assert!(refused.contains("It is too short") && !refused.contains("value=\"short\""), "{refused}");
    boss.submit(&page, &format!("{page}/password"), &[("password", other)]).must(303);
    Browser::new(world.anonymous()).sign_in("ada", PASSWORD).must(422);
    Browser::of(world.anonymous(), "ada", other);
    let shown = boss.page(&page).text();
    assert!(shown.contains("1 project and 1 package") && shown.contains("Type ada to confirm"), "{shown}");
    let delete = |typed: &str| boss.submit(&page, &format!("{page}/delete"), &[("confirmation", typed)]);
    assert!(delete("bob").must(422).text().contains("id=\"confirmation-problem\""));
    assert_eq!(delete("ada").must(303).header("location"), Some(USERS));
    assert_eq!(world.root().get("/api/v4/users?username=ada").json(), json!([]));
    world.root().get("/api/v4/projects/ada%2Fmine").must(404);
    boss.get(&page).must(404);
}

#[test]
fn a_user_who_alone_owns_a_group_is_not_deleted() {
    let world = World::start();
    let boss = administrator(&world, "boss");
    let ada = person(&world, "ada");
    ada.submit("/groups/new", "/groups/new", &[("name", "own"), ("visibility", "private")]).must(303);
    let page = page_of(&world, "ada");
    let refused = boss.submit(&page, &format!("{page}/delete"), &[("confirmation", "ada")]).must(409).text();
    assert!(refused.contains("only owner of a group"), "{refused}");
    user(&world, "ada");
}

#[test]
fn groups_and_projects_are_listed_found_and_paged() {
    let world = World::start();
    world.group_with("hidden", Visibility::Private, &json!({ "name": HOSTILE })).project("hidden/plans");
    for number in 0..51 {
        world.group(&format!("group{number:02}"));
    }
    let boss = administrator(&world, "boss");
    let first = boss.page("/admin/groups").must(200).text();
    assert!(first.contains("Groups <span class=\"count\">52</span>"), "{first}");
    assert!(first.contains("href=\"/admin/groups?page=2\"") && !first.contains("href=\"/hidden\""));
    let last = boss.page("/admin/groups?page=2").text();
    assert!(last.contains("href=\"/groups/hidden/-/settings\"") && !last.contains("<img src=x"), "{last}");
    let found = boss.page("/admin/groups?search=GROUP07").text();
    assert!(found.contains("href=\"/group07\"") && !found.contains("href=\"/group08\""), "{found}");
    assert!(boss.page("/admin/groups?search=%22%3E").text().contains("No group is found"));
    let projects = boss.page("/admin/projects?search=hidden").text();
    assert!(projects.contains("href=\"/hidden/plans/-/settings\""), "{projects}");
    assert!(boss.page("/admin/projects?search=nothing").text().contains("No project is found"));
}
