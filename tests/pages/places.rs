//! The pages of groups, projects and users: what each viewer sees and may do, one URL for each, and where renamed ones went.

use cairn::domain::{RegistryAccess, Role, Visibility};
use serde_json::json;

use crate::ada;
use crate::people::administrator;
use crate::support::archive::Module;
use crate::support::browser::Browser;
use crate::support::world::World;

/// The text of a page.
#[track_caller]
fn text(browser: &Browser, path: &str) -> String {
    browser.page(path).must(200).text()
}

/// What a page says without its tags, each run of spaces as one.
fn said(html: &str) -> String {
    let mut text = String::new();
    for piece in html.split('<').skip(1) {
        text.push(' ');
        text.push_str(piece.split_once('>').map_or("", |(_, text)| text));
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `acme` with something to see for everyone and something for members only.
fn furnish(world: &World) {
    world.group("acme").group("acme/open").group_with("acme/deep", Visibility::Private, &json!({}));
    world.public_project("acme/tools").project("acme/plans");
    world.public_project("acme/open/network").project("acme/deep/vault");
    world.publish("acme/tools", "hammer/aws", "1.0.0", Module::of("hammer"));
    world.publish("acme/plans", "stealth/aws", "1.0.0", Module::of("stealth"));
    world.publish("acme/open/network", "vpc/aws", "1.0.0", Module::of("vpc"));
    world.publish("acme/deep/vault", "keys/aws", "1.0.0", Module::of("keys"));
}

#[test]
fn a_group_names_and_counts_only_what_its_viewer_sees() {
    let (world, ada) = ada();
    furnish(&world);
    let visitor = Browser::new(world.anonymous());
    for viewer in [&visitor, &ada] {
        let page = text(viewer, "/acme");
        for hidden in ["plans", "stealth", "deep", "vault", "keys"] {
            assert!(!page.contains(hidden), "{hidden}: {page}");
        }
        let said = said(&page);
        assert!(said.contains("Projects 2 Modules 2 Last published"), "{said}");
        assert!(said.contains("Subgroups 1") && said.contains("Projects 1"), "{said}");
        viewer.get("/acme/plans").must(404);
    }
    world.member("ada", Role::Guest, "acme/deep/vault");
    let page = text(&ada, "/acme");
    assert!(page.contains("href=\"/acme/deep\"") && !page.contains("plans"), "{page}");
    assert!(said(&page).contains("Projects 3 Modules 3"), "{page}");
    let below = text(&ada, "/acme/deep");
    assert!(below.contains("href=\"/acme/deep/vault\"") && below.contains("href=\"/acme\""), "{below}");
    visitor.get("/acme/deep").must(404);
}

#[test]
fn a_group_offers_what_its_viewer_may_do() {
    let (world, ada) = ada();
    world.group("acme").public_project("acme/tools");
    let offered = |browser: &Browser, path: &str| {
        let page = text(browser, path);
        ["/projects/new?namespace_id=acme", "/groups/new?parent_id=acme", "/groups/acme/-/settings"]
            .map(|link| page.contains(&format!("href=\"{link}\"")))
    };
    assert_eq!(offered(&ada, "/acme"), [false; 3]);
    let members = format!("/api/v4/groups/{}/members", world.group_id("acme"));
    let member = json!({ "user_id": world.user_id("ada"), "access_level": Role::Developer.level() });
    world.root().post(&members, &member).must(201);
    assert_eq!(offered(&ada, "/acme"), [true, false, false]);
    let member = format!("{members}/{}", world.user_id("ada"));
    world.root().put_json(&member, &json!({ "access_level": Role::Owner.level() })).must(200);
    assert_eq!(offered(&ada, "/acme"), [true; 3]);
    let own = text(&ada, "/ada");
    assert!(own.contains("/projects/new?namespace_id=ada") && own.contains("No project yet"), "{own}");
    Browser::new(world.anonymous()).get("/ada").must(404);
}

#[test]
fn names_and_descriptions_are_text() {
    let (world, ada) = ada();
    let hostile =
        json!({ "name": "<i>Acme</i> & \"co\"", "description": "<script>alert(1)</script>\n'two' lines" });
    world.group_with("acme", Visibility::Public, &hostile);
    world.public_project("acme/tools").change_project("acme/tools", &hostile);
    world.publish(
        "acme/tools",
        "vpc/aws",
        "1.0.0",
        Module::new()
            .file("main.tf", "# empty\n")
            .file("README.md", "# <b>bold</b>\n\n&lt;u&gt; words <b>here</b>\n"),
    );
    for page in ["/", "/acme", "/acme/tools", "/search", "/search?q=vpc"] {
        for viewer in [&ada, &Browser::new(world.anonymous())] {
            let page = text(viewer, page);
            for tag in ["<i>", "<b>", "<u>", "<script>"] {
                assert!(!page.contains(tag), "{tag}: {page}");
            }
        }
    }
    let page = text(&ada, "/acme");
    assert!(page.contains("&lt;i&gt;Acme&lt;/i&gt; &amp; &quot;co&quot;"), "{page}");
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
}

#[test]
fn a_place_has_one_url() {
    let (world, ada) = ada();
    world.group("Acme").group("Acme/open").public_project("Acme/open/Network");
    for (asked, canonical) in [
        ("/groups/Acme", "/Acme"),
        ("/groups/Acme/open?page=1", "/Acme/open?page=1"),
        ("/acme", "/Acme"),
        ("/Acme/", "/Acme"),
        ("/%41cme", "/Acme"),
        ("/ACME/OPEN/network?x=%2F", "/Acme/open/Network?x=%2F"),
        ("/ADA", "/ada"),
    ] {
        let answer = ada.get(asked).must(301);
        assert_eq!(answer.header("location"), Some(canonical), "{asked}");
        assert!(
            answer.header("cache-control").unwrap().contains("no-store"),
            "the path may be another's one day"
        );
        ada.get(canonical).must(200);
    }
    ada.get("/groups/Acme/open/Network").must(404);
    ada.get("/groups/ada").must(301);
    Browser::new(world.anonymous()).get("/ADA").must(404);
}

#[test]
fn pages_of_renamed_places_lead_to_the_new_path() {
    let (world, ada) = ada();
    world.group("acme").project("acme/old").member("ada", Role::Guest, "acme/old");
    world.change_project("acme/old", &json!({ "path": "new" }));
    world.change_group("acme", &json!({ "path": "umbrella" }));
    for (asked, target) in [
        ("/acme?page=1", "/umbrella?page=1"),
        ("/groups/acme", "/groups/umbrella"),
        ("/acme/new", "/umbrella/new"),
    ] {
        assert_eq!(ada.get(asked).must(301).header("location"), Some(target), "{asked}");
    }
    // Each rename is a step of its own.
    assert_eq!(
        ada.page("/acme/old").must(200).text(),
        text(&ada, "/umbrella/new").replace("acme/old", "umbrella/new")
    );
    let visitor = Browser::new(world.anonymous());
    assert_eq!(visitor.get("/acme").must(301).header("location"), Some("/umbrella"));
    let answer = visitor.get("/acme/new").must(404).text();
    assert!(!answer.contains("umbrella"), "who may not see it is not told where it went: {answer}");
}

#[test]
fn a_project_shows_its_modules_or_how_to_publish_the_first() {
    let (world, ada) = ada();
    world.group("acme").public_project("acme/network");
    let visitor = Browser::new(world.anonymous());
    let empty = text(&visitor, "/acme/network");
    assert!(empty.contains("Nothing is published here yet") && !empty.contains("cairn publish"), "{empty}");
    world.member("ada", Role::Developer, "acme/network");
    let empty = text(&ada, "/acme/network");
    for command in ["--project acme/network", "projects/acme%2Fnetwork/packages", &world.server.url()] {
        assert!(empty.contains(command), "{command}: {empty}");
    }
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    world.publish("acme/network", "vpc/aws", "1.1.0", Module::of("two"));
    let page = text(&visitor, "/acme/network");
    let latest = world.package_id("acme/network", "vpc/aws", "1.1.0");
    let link = format!("href=\"/acme/network/-/infrastructure_registry/{latest}\">acme/vpc/aws<");
    assert!(page.contains(&link) && page.contains("2 versions") && !page.contains("1.0.0"), "{page}");
}

#[test]
fn a_project_whose_registry_is_closed_says_so_and_lists_nothing() {
    let (world, ada) = ada();
    world.group("acme").public_project("acme/network").user("boss", Role::Owner, "acme/network");
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    let menu = "Infrastructure Registry";
    assert!(text(&ada, "/acme/network").contains(menu));
    let levels = [("disabled", RegistryAccess::Disabled), ("private", RegistryAccess::Private)];
    for (name, level) in levels {
        world.change_project("acme/network", &json!({ "package_registry_access_level": level.as_str() }));
        let page = text(&ada, "/acme/network");
        assert!(
            page.contains("not open to you") && !page.contains("vpc") && !page.contains(menu),
            "{name}: {page}"
        );
        assert!(said(&text(&ada, "/acme")).contains("Modules 0 Last published never"), "{name}");
    }
    world.change_project("acme/network", &json!({ "package_registry_access_level": "enabled" }));
    world.settings(&json!({ "packages_enabled": false }));
    for path in ["/acme", "/acme/network", "/search", "/search?q=vpc"] {
        let page = text(&ada, path);
        assert!(page.contains("switched off on this server") && !page.contains("acme/vpc"), "{path}: {page}");
        assert!(!page.contains(menu), "{path}: {page}");
    }
}

#[test]
fn long_lists_have_pages_and_a_page_beyond_leads_to_the_last() {
    let (world, ada) = ada();
    world.group("acme");
    for number in 10..32 {
        world.public_project(&format!("acme/p{number}")).group(&format!("acme/g{number}"));
    }
    let first = text(&ada, "/acme");
    assert!(first.contains("href=\"/acme/p29\"") && !first.contains("href=\"/acme/p30\""), "{first}");
    assert!(first.contains("href=\"/acme/g29\"") && !first.contains("href=\"/acme/g30\""), "{first}");
    let second = text(&ada, "/acme?page=2");
    assert!(second.contains("href=\"/acme/p31\"") && second.contains("href=\"/acme/g10\""), "{second}");
    assert!(
        second.contains("href=\"/acme?subgroups_page=2&amp;page=2\""),
        "one list keeps the other's page: {second}"
    );
    let both = text(&ada, "/acme?page=2&subgroups_page=2");
    assert!(both.contains("href=\"/acme/p31\"") && both.contains("href=\"/acme/g31\""), "{both}");
    for (asked, target) in [
        ("/acme?page=3", "/acme?page=2"),
        ("/acme?page=999999&subgroups_page=7", "/acme?subgroups_page=2&page=2"),
    ] {
        assert_eq!(ada.get(asked).must(303).header("location"), Some(target), "{asked}");
    }
    for nonsense in ["0", "-1", "x", "", "99999999999999999999999"] {
        assert_eq!(said(&text(&ada, &format!("/acme?page={nonsense}"))), said(&first), "{nonsense}");
    }
}

#[test]
fn all_groups_are_listed_to_those_who_see_them() {
    let (world, ada) = ada();
    furnish(&world);
    world.group_with("hidden", Visibility::Private, &json!({ "name": "<i>Hidden</i>" }));
    let visitor = Browser::new(world.anonymous());
    let of_visitor = text(&visitor, "/dashboard/groups");
    for viewer in [&visitor, &ada] {
        let page = text(viewer, "/dashboard/groups");
        assert!(page.contains("href=\"/acme\"") && page.contains("href=\"/acme/open\""), "{page}");
        assert!(said(&page).contains("Groups 2 "), "{page}");
        assert!(
            said(&page).contains("acme public 2 projects · 2 modules"),
            "only what is seen is counted: {page}"
        );
        for hidden in ["deep", "Hidden", "/hidden"] {
            assert!(!page.contains(hidden), "{hidden}: {page}");
        }
    }
    assert!(!of_visitor.contains("href=\"/groups/new\""), "{of_visitor}");
    assert!(text(&ada, "/dashboard/groups").contains("href=\"/groups/new\""));
    let boss = administrator(&world, "boss");
    let all = text(&boss, "/dashboard/groups");
    assert!(said(&all).contains("Groups 4 ") && all.contains("&lt;i&gt;Hidden&lt;/i&gt;"), "{all}");
    let found = text(&boss, "/dashboard/groups?search=DEEP");
    assert!(found.contains("href=\"/acme/deep\"") && !found.contains("href=\"/hidden\""), "{found}");
    for query in ["deep", "%22%3E%3Ci%3E"] {
        let none = text(&visitor, &format!("/dashboard/groups?search={query}"));
        assert!(none.contains("No group is found") && !none.contains("\"><i>"), "{none}");
    }
}

#[test]
fn the_list_of_groups_has_pages() {
    let world = World::start();
    let visitor = Browser::new(world.anonymous());
    assert!(text(&visitor, "/dashboard/groups").contains("No group is public"));
    for number in 0..51 {
        world.group(&format!("group{number:02}"));
    }
    let first = text(&visitor, "/dashboard/groups");
    assert!(
        first.contains("href=\"/dashboard/groups?page=2\"") && first.contains("href=\"/group49\""),
        "{first}"
    );
    assert!(!first.contains("href=\"/group50\""), "{first}");
    for last in ["/dashboard/groups?page=2", "/dashboard/groups?page=99"] {
        let page = text(&visitor, last);
        assert!(page.contains("href=\"/group50\"") && !page.contains("href=\"/group49\""), "{last}: {page}");
    }
    let found = text(&visitor, "/dashboard/groups?search=group&page=2");
    assert!(found.contains("href=\"/dashboard/groups?search=group\""), "the words stay: {found}");
    for nonsense in ["0", "-1", "x", "999999999999999999999"] {
        assert!(text(&visitor, &format!("/dashboard/groups?page={nonsense}")).contains("href=\"/group00\""));
    }
}
