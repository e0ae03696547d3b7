//! The CI page of a project's settings: trusted publishers and the job token allowlist.

use cairn::domain::{Role, Visibility};
use serde_json::{Value, json};

use crate::people::{administrator, member};
use crate::support::browser::must_be_well_formed;
use crate::support::server::Server;
use crate::support::world::World;

const PAGE: &str = "/acme/network/-/settings/ci";
const PUBLISHERS: &str = "/acme/network/-/settings/trusted_publishers";
const ALLOWLIST: &str = "/acme/network/-/settings/job_allowlist";
const GITLAB: &str = "https://gitlab.example";
const GITHUB: &str = "https://token.actions.githubusercontent.com";
/// Markup in the place of a name.
const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'&";

/// A private project on a server that trusts GitHub, and a GitLab twice over.
fn world() -> World {
    let issuer = |url: &str| {
        format!("[[ci.issuer]]\nurl = \"{url}\"\naudience = \"cairn\"\njwks_file = \"/nowhere/keys.jwks\"\n")
    };
    let config = format!("{}{}[[ci.gitlab]]\nurl = \"{GITLAB}\"\n", issuer(GITLAB), issuer(GITHUB));
    let world = World::on(Server::builder().config(&config));
    world.group("acme").project("acme/network");
    world
}

fn publishers(world: &World, project: &str) -> Vec<Value> {
    let url = format!("/api/v4/projects/{}/trusted_publishers", project.replace('/', "%2F"));
    world.root().get(&url).must(200).json().as_array().unwrap().clone()
}

/// The paths on the allowlist.
fn allowed(world: &World) -> Vec<String> {
    let listed = world.root().get("/api/v4/projects/acme%2Fnetwork/job_token_scope/allowlist").must(200);
    let paths = listed.json().as_array().unwrap().clone();
    paths.iter().map(|project| project["path_with_namespace"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_trusted_publisher_is_added_shown_and_removed() {
    let world = world();
    let ada = member(&world, "ada", Role::Maintainer, "acme/network");
    let empty = ada.page(PAGE).text();
    assert!(empty.contains("No trusted publisher") && empty.contains("href=\"/acme/network/-/settings/ci\""));
    for issuer in [GITLAB, GITHUB] {
        let option = format!("<option value=\"{issuer}\"");
        assert_eq!(empty.matches(&option).count(), 1, "each issuer is offered once: {empty}");
    }
    let fields = [
        ("name", HOSTILE),
        ("issuer", GITLAB),
        ("claim_1", "project_path"),
        ("pattern_1", "acme/<b>vpc</b>"),
        ("claim_3", " ref "),
        ("pattern_3", " v* "),
        ("role", "maintainer"),
        ("once", "1"),
    ];
    let answer = ada.submit(PAGE, PUBLISHERS, &fields).must(303);
    assert_eq!(answer.header("location"), Some(PAGE));
    let stored = publishers(&world, "acme/network");
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0]["name"], HOSTILE);
    assert_eq!(stored[0]["claims"], json!({ "project_path": "acme/<b>vpc</b>", "ref": "v*" }));
    assert_eq!((&stored[0]["access_level"], &stored[0]["once"]), (&json!(40), &json!(true)));
    let shown = ada.page(PAGE).text();
    assert!(shown.contains("is a trusted publisher now"), "{shown}");
    assert!(shown.contains("acme/&lt;b&gt;vpc&lt;/b&gt;") && !shown.contains("<img src=x"), "{shown}");
    assert!(shown.contains("once</span>"), "{shown}");

    ada.submit(
        PAGE,
        PUBLISHERS,
        &[("issuer", GITHUB), ("claim_1", "repository"), ("pattern_1", "a/b"), ("role", "reporter")],
    )
    .must(303);
    let second = publishers(&world, "acme/network")[1].clone();
    assert_eq!((&second["name"], &second["once"]), (&json!(GITHUB), &json!(false)), "named by its issuer");

    let remove = format!("{PUBLISHERS}/{}/remove", stored[0]["id"]);
    ada.submit(PAGE, &remove, &[]).must(303);
    assert_eq!(publishers(&world, "acme/network"), [second]);
    ada.submit(PAGE, &remove, &[]).must(404);
}

#[test]
fn a_wrong_answer_is_told_beside_its_field_and_what_was_typed_stays() {
    let world = world();
    let ada = member(&world, "ada", Role::Maintainer, "acme/network");
    let long = "x".repeat(513);
    let name = "x".repeat(256);
    for (situation, change, problem, words) in [
        ("no claim", vec![("claim_1", ""), ("pattern_1", "")], "claim_1", "There must be 1 to 32 claims"),
        ("no pattern", vec![("pattern_1", " ")], "pattern_1", "Say what this claim must be."),
        ("no name of a claim", vec![("pattern_4", "v*")], "claim_4", "Name the claim that has this pattern."),
        (
            "anything",
            vec![("claim_2", "ref"), ("pattern_2", "**")],
            "pattern_2",
            "nothing but * matches everything",
        ),
        ("too long", vec![("claim_6", "ref"), ("pattern_6", &long)], "pattern_6", "1 to 512 bytes"),
        (
            "a claim twice",
            vec![("claim_2", "project_path"), ("pattern_2", "x")],
            "claim_2",
            "has a row already",
        ),
        (
            "a name that is too long",
            vec![("claim_2", &long), ("pattern_2", "x")],
            "claim_2",
            "1 to 128 bytes",
        ),
        ("no issuer", vec![("issuer", "")], "", "The issuer must be 1 to 512 bytes long."),
        ("no URL", vec![("issuer", "gitlab")], "", "The issuer must be a URL"),
        ("an owner", vec![("role", "owner")], "", "Choose one."),
        ("a long name", vec![("name", &name)], "name", "at most 255"),
    ] {
        let mut fields = vec![
            ("name", "kept name"),
            ("issuer", GITHUB),
            ("claim_1", "project_path"),
            ("pattern_1", "acme/kept"),
            ("role", "reporter"),
            ("once", "1"),
        ];
        fields.retain(|(field, _)| change.iter().all(|(changed, _)| changed != field));
        fields.extend(change.iter().copied());
        let refused = ada.submit(PAGE, PUBLISHERS, &fields).must(422).text();
        must_be_well_formed(&refused);
        assert!(refused.contains(words), "{situation}: {refused}");
        assert!(refused.contains("Nothing was changed.") && refused.contains("href=\"#new-publisher\""));
        if !problem.is_empty() {
            assert!(refused.contains(&format!("id=\"{problem}-problem\"")), "{situation}: {refused}");
        }
        for (field, value) in fields.iter().filter(|(field, _)| field.starts_with(['c', 'p', 'n'])) {
            let kept = format!("value=\"{}\"", value.trim());
            assert!(value.is_empty() || refused.contains(&kept), "{situation}: {field} stays");
        }
        let folded = problem.ends_with(['4', '5', '6']);
        assert_eq!(refused.contains("<details open><summary>More claims"), folded, "{situation}");
    }
    assert!(publishers(&world, "acme/network").is_empty());
    let again = ada.get(PUBLISHERS).must(303);
    assert_eq!(again.header("location"), Some(PAGE), "loaded again, it is the page of the form");
}

#[test]
fn without_a_configured_issuer_the_page_says_who_must_add_it() {
    let world = World::start();
    world.group("acme").project("acme/network");
    let ada = member(&world, "ada", Role::Maintainer, "acme/network");
    let page = ada.page(PAGE).text();
    assert!(
        page.contains("No issuer is configured") && page.contains("<input id=\"issuer-field\""),
        "{page}"
    );
    let fields = [("issuer", "gitlab"), ("claim_1", "ref"), ("pattern_1", "v*"), ("role", "developer")];
    let refused = ada.submit(PAGE, PUBLISHERS, &fields).must(422).text();
    assert!(refused.contains("id=\"issuer-problem\"") && refused.contains("value=\"gitlab\""), "{refused}");
    let fields = [("issuer", GITLAB), fields[1], fields[2], fields[3]];
    ada.submit(PAGE, PUBLISHERS, &fields).must(303);
    assert_eq!(publishers(&world, "acme/network")[0]["issuer"], GITLAB);
}

#[test]
fn projects_go_on_the_allowlist_and_off_it_again() {
    let world = world();
    world.group_with("hidden", Visibility::Private, &json!({}));
    world.project("acme/ci").project("hidden/secret").project("acme/old");
    world.change_project("acme/old", &json!({ "path": "new" }));
    let ada = member(&world, "ada", Role::Maintainer, "acme/network");
    world.member("ada", Role::Guest, "acme/ci").member("ada", Role::Guest, "acme/new");
    ada.submit(PAGE, ALLOWLIST, &[("target", " acme/CI ")]).must(303);
    assert_eq!(allowed(&world), ["acme/network", "acme/ci"]);
    let shown = ada.page(PAGE).text();
    assert!(shown.contains("Jobs of acme/ci may use this project now."), "{shown}");
    let number = world.project_id("acme/ci").to_string();
    for (target, words) in [
        ("acme/ci", "It is already in the job token scope."),
        ("acme/network", "It is already in the job token scope."),
        ("hidden/secret", "You see no project of that path"),
        ("acme/nothing", "You see no project of that path"),
        ("acme", "You see no project of that path"),
        (&number, "You see no project of that path"),
        ("", "You see no project of that path"),
        ("a b/../c", "You see no project of that path"),
        ("acme/old", "It is acme/new now: use that."),
    ] {
        let refused = ada.submit(PAGE, ALLOWLIST, &[("target", target)]).must(422).text();
        must_be_well_formed(&refused);
        assert!(refused.contains(words) && refused.contains("id=\"target-problem\""), "{target}: {refused}");
        assert!(refused.contains(&format!("value=\"{target}\"")), "{target}: what was typed stays");
    }
    assert_eq!(allowed(&world), ["acme/network", "acme/ci"]);
    let remove = format!("{ALLOWLIST}/{number}/remove");
    ada.submit(PAGE, &remove, &[]).must(303);
    assert_eq!(allowed(&world), ["acme/network"]);
    ada.submit(PAGE, &remove, &[]).must(404);
}

#[test]
fn only_maintainers_of_the_project_change_it_and_only_with_the_token_of_a_page() {
    let world = world();
    world.project("acme/other");
    let developer = member(&world, "developer", Role::Developer, "acme/network");
    let other = member(&world, "other", Role::Maintainer, "acme/other");
    let boss = administrator(&world, "boss");
    let issuer = [("issuer", GITLAB), ("claim_1", "ref"), ("pattern_1", "v*"), ("role", "developer")];
    boss.submit(PAGE, PUBLISHERS, &issuer).must(303);
    boss.submit(PAGE, ALLOWLIST, &[("target", "acme/other")]).must(303);
    let id = publishers(&world, "acme/network")[0]["id"].clone();
    let project = world.project_id("acme/other");
    for (action, fields) in [
        (PUBLISHERS.to_owned(), &issuer[..]),
        (ALLOWLIST.to_owned(), &[("target", "acme/other")]),
        (format!("{PUBLISHERS}/{id}/remove"), &[]),
        (format!("{ALLOWLIST}/{project}/remove"), &[]),
    ] {
        assert_eq!(developer.submit("/", &action, fields).status, 403, "{action}: a developer");
        assert_eq!(other.submit("/", &action, fields).status, 404, "{action}: who does not see the project");
        assert_eq!(boss.post(&action, "", fields).status, 403, "{action}: no token");
        let elsewhere = action.replace("acme/network", "acme/other");
        if elsewhere.ends_with("/remove") {
            assert_eq!(other.submit("/", &elsewhere, fields).status, 404, "{elsewhere}: of another project");
        }
        let group = action.replace("/acme/network/", "/groups/acme/");
        assert_eq!(boss.submit("/", &group, fields).status, 404, "{group}: groups have none");
    }
    assert_eq!((publishers(&world, "acme/network").len(), allowed(&world).len()), (1, 2));
    let developers = developer.page("/acme/network").text();
    assert!(!developers.contains("/-/settings"), "a developer is shown no settings: {developers}");
    let group = boss.page("/groups/acme/-/settings").text();
    assert!(!group.contains("settings/ci"), "a group has no such tab: {group}");
}
