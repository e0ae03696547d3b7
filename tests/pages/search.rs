//! The search over all modules: why each was found, for whom, and what it says when nothing is.

use cairn::domain::Role;

use crate::ada;
use crate::support::archive::Module;
use crate::support::browser::Browser;
use crate::support::world::World;

const VARIABLES: &str = "variable \"cidr_block\" {\n  type = string\n}\n";
const MAIN: &str = "resource \"aws_vpc\" \"this\" {}\n";

fn furnish(world: &World) {
    world.group("acme").public_project("acme/network").project("acme/plans");
    let module = Module::new()
        .file("variables.tf", VARIABLES)
        .file("main.tf", MAIN)
        .file("README.md", "# Subnets\n\nNetworks for everyone.\n\n## More\n\nWith peering between them.\n");
    world.publish("acme/network", "vpc/aws", "1.0.0", module);
    world.publish("acme/network", "dns/aws", "2.0.0", Module::of("dns"));
    let hidden = Module::new().file("variables.tf", VARIABLES).file("main.tf", MAIN);
    world.publish("acme/plans", "stealth/aws", "1.0.0", hidden);
}

#[test]
fn each_result_says_why_it_was_found() {
    let (world, ada) = ada();
    furnish(&world);
    for (words, reason) in [
        ("vpc", "Found by name<"),
        ("everyone", "Found by description<"),
        ("cidr", "Found by input <code>cidr_block</code>"),
        ("aws_v", "Found by resource <code>aws_vpc</code>"),
        ("peering", "Found by README word <code>peering</code>"),
        ("vpc+cidr", "Found by name, input <code>cidr_block</code>"),
        ("VPC++aws", "Found by name<"),
    ] {
        let page = ada.page(&format!("/search?q={words}")).must(200).text();
        assert!(page.contains(reason) && page.contains(">acme/vpc/aws<"), "{words}: {page}");
        assert!(!page.contains("dns/aws"), "{words}: {page}");
    }
}

#[test]
fn what_one_may_not_pull_is_neither_found_nor_counted() {
    let (world, ada) = ada();
    furnish(&world);
    let visitor = Browser::new(world.anonymous());
    for query in ["q=cidr", "q=stealth", ""] {
        for viewer in [&visitor, &ada] {
            let page = viewer.page(&format!("/search?{query}")).must(200).text();
            assert!(!page.contains("stealth/") && !page.contains("plans"), "{query}: {page}");
        }
    }
    let count = |viewer: &Browser, count: usize| {
        let page = viewer.page("/search?q=cidr").text();
        assert!(page.contains(&format!("<span class=\"count\">{count}</span></h1>")), "{page}");
    };
    count(&ada, 1);
    world.member("ada", Role::Guest, "acme/plans");
    count(&ada, 2);
    count(&visitor, 1);
}

#[test]
fn a_search_without_words_shows_everything_and_one_without_results_helps() {
    let (world, ada) = ada();
    let page = ada.page("/search").must(200).text();
    assert!(page.contains("There is no module that you may see"), "{page}");
    furnish(&world);
    for blank in ["/search", "/search?q=", "/search?q=+%09"] {
        let page = ada.page(blank).must(200).text();
        assert!(page.contains(">acme/vpc/aws<") && page.contains(">acme/dns/aws<"), "{blank}: {page}");
    }
    let page = ada.page("/search?q=nothing+like+this").must(200).text();
    assert!(page.contains("Use fewer words") && page.contains("href=\"/search\""), "{page}");
    assert!(!page.contains("/users/sign_in"), "{page}");
    let page = Browser::new(world.anonymous()).page("/search?q=nothing").must(200).text();
    assert!(page.contains("/users/sign_in?redirect_to=%2Fsearch%3Fq%3Dnothing\""), "{page}");
}

#[test]
fn words_are_bounded_and_shown_as_text() {
    let (world, ada) = ada();
    furnish(&world);
    let hostile = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E%00%F0%9F%92%A9%C3%28";
    let page = ada.page(&format!("/search?q={hostile}")).must(200).text();
    assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"), "{page}");
    let page = ada.page(&format!("/search?q={}", "x".repeat(5_000))).must(200).text();
    assert!(page.contains(&"x".repeat(200)) && !page.contains(&"x".repeat(201)), "{page}");
}

#[test]
fn results_have_pages() {
    let (world, ada) = ada();
    world.group("acme").public_project("acme/network");
    for number in 10..32 {
        world.publish("acme/network", &format!("part{number}/aws"), "1.0.0", Module::of(&number.to_string()));
    }
    for (query, link) in [("q=part&", "/search?q=part&amp;page=2"), ("", "/search?page=2")] {
        let first = ada.page(&format!("/search?{query}")).text();
        let second = ada.page(&format!("/search?{query}page=2")).text();
        assert!(first.contains(link), "{first}");
        let on = |page: &str| page.matches(">acme/part").count();
        assert_eq!((on(&first), on(&second)), (20, 2), "{query}");
        let beyond = ada.get(&format!("/search?{query}page=9")).must(303);
        assert_eq!(beyond.header("location"), Some(link.replace("&amp;", "&").as_str()));
    }
    let none = ada.get("/search?q=nothing&page=4").must(303);
    assert_eq!(none.header("location"), Some("/search?q=nothing"));
}
