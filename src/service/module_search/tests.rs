//! Searches: what is found, why, in which order, and by whom.

use super::super::fixture::World;
use super::super::fixture::publishing::Fake;
use super::*;
use crate::domain::Visibility;
use crate::domain::identity::Project;

async fn stage() -> (World, Project, Project) {
    let world = World::empty().await;
    world.group("acme", Visibility::Public).await;
    let open = world.project("acme/open", Visibility::Public).await;
    let hidden = world.project("acme/hidden", Visibility::Private).await;
    (world, open, hidden)
}

/// What is found, in order, each with its reasons.
async fn found(world: &World, caller: &Caller, words: &str) -> Vec<String> {
    let page = world.registry.search(caller, words, 0, 100).await.unwrap();
    assert_eq!(page.total, page.rows.len(), "{words}");
    page.rows.iter().map(shown).collect()
}

fn shown(row: &SearchRow) -> String {
    let reason = |reason: &Reason| match reason {
        Reason::Name => " name".to_owned(),
        Reason::Description => " description".to_owned(),
        Reason::Word { used_as, text } => format!(" {used_as:?} {text}"),
    };
    row.row.view.package.full_name() + ":" + &row.reasons.iter().map(reason).collect::<String>()
}

#[tokio::test]
async fn the_nearest_matches_come_first_and_say_why_they_are_there() {
    let (world, open, _) = stage().await;
    for (module, fake) in [
        ("aaa/aws", Fake::declaring("# A\n\nOne.\n\n## About\nWorks with any vpcs there are.", &[], &[])),
        ("bbb/aws", Fake::declaring("", &["vpc_id", "zone"], &["aws_subnet"])),
        ("ccc/aws", Fake::declaring("Lives inside a VPC.", &[], &[])),
        ("my-vpc/aws", Fake::default()),
        ("vpc-peering/aws", Fake::default()),
        ("vpc/aws", Fake::declaring("", &["vpc_name"], &["aws_vpc"])),
        ("zzz/google", Fake::declaring("", &["zone"], &["google_dns_zone"])),
    ] {
        world.publish_fake(&open, module, "1.0.0", fake).await;
    }
    for (words, expected) in [
        (
            "VPC",
            vec![
                "vpc/aws: name",
                "vpc-peering/aws: name",
                "my-vpc/aws: name",
                "ccc/aws: description",
                "bbb/aws: Input vpc_id",
                "aaa/aws: Readme vpcs",
            ],
        ),
        ("vpc_i", vec!["bbb/aws: Input vpc_id"]),
        ("aws_vpc", vec!["vpc/aws: Resource aws_vpc"]),
        ("zone", vec!["bbb/aws: Input zone", "zzz/google: Input zone"]),
        ("zone google", vec!["zzz/google: Input zone name"]),
        ("zone aws_sub", vec!["bbb/aws: Input zone Resource aws_subnet"]),
        ("vpc vpc aws_v", vec!["vpc/aws: name Resource aws_vpc"]),
        ("vpc absent", vec![]),
        ("", vec![]),
        ("   ", vec![]),
        ("\u{10FFFF}", vec![]),
    ] {
        assert_eq!(found(&world, &Caller::Anonymous, words).await, expected, "{words:?}");
    }
    let second = world.registry.search(&Caller::Anonymous, "vpc", 1, 2).await.unwrap();
    let rows: Vec<_> = second.rows.iter().map(shown).collect();
    assert_eq!((rows, second.total), (vec!["vpc-peering/aws: name".into(), "my-vpc/aws: name".into()], 6));
}

#[tokio::test]
async fn what_is_hidden_is_neither_found_nor_counted() {
    let (world, open, hidden) = stage().await;
    let fake = Fake::declaring("About the merger.", &["merger_code"], &["aws_vpc"]);
    world.publish_fake(&hidden, "merger/aws", "1.0.0", fake).await;
    world.publish_fake(&open, "vpc/aws", "1.0.0", Fake::declaring("", &[], &["aws_vpc"])).await;
    let stranger = world.user("stranger").await;
    for caller in [&Caller::Anonymous, &stranger] {
        for words in ["merger", "merger_code", "about"] {
            assert_eq!(found(&world, caller, words).await, [""; 0], "{words}");
        }
        assert_eq!(found(&world, caller, "aws_vpc").await, ["vpc/aws: Resource aws_vpc"]);
    }
    assert_eq!(found(&world, &Caller::Operator, "merger_code").await, ["merger/aws: Input merger_code"]);
}

#[tokio::test]
async fn a_module_is_found_by_the_words_of_its_latest_version() {
    let (world, open, _) = stage().await;
    let old = Fake::declaring("", &["kept", "dropped"], &[]);
    world.publish_fake(&open, "vpc/aws", "1.0.0", old).await;
    let new = Fake::declaring("", &["kept", "added"], &[]);
    let latest = world.publish_fake(&open, "vpc/aws", "1.1.0", new).await;
    let patch = Fake::declaring("", &["patched"], &[]);
    world.publish_fake(&open, "vpc/aws", "1.0.1", patch).await;
    let counts = async || {
        let mut counts = Vec::new();
        for word in ["kept", "dropped", "added", "patched"] {
            counts.push(found(&world, &Caller::Anonymous, word).await.len());
        }
        counts
    };
    assert_eq!(counts().await, [1, 0, 1, 0], "an older version that comes later changes nothing");
    world.assert_sound();
    world.registry.delete_package(&Caller::Operator, "acme/open", latest.0).await.unwrap();
    assert_eq!(counts().await, [0, 0, 0, 1], "the one before it is the latest again");
    world.assert_sound();
    world.registry.delete_project(&Caller::Operator, "acme/open").await.unwrap();
    assert_eq!(counts().await, [0, 0, 0, 0]);
    let store = world.registry.store();
    let left =
        store.read(|snapshot| module_words::beginning_with(snapshot, "", 10, |_, _, _, _| ())).unwrap();
    assert_eq!(left, 0, "nothing is left in the index");
    world.assert_sound();
}

#[tokio::test]
async fn a_word_that_is_everywhere_is_followed_as_far_as_it_pays() {
    let (world, open, hidden) = stage().await;
    for number in 0..6 {
        let project = if number < 4 { &hidden } else { &open };
        let fake = Fake::declaring("", &["common", &format!("rare{number}")], &[]);
        world.publish_fake(project, &format!("module{number}/aws"), "1.0.0", fake).await;
    }
    let search = |caller: Caller, words: &'static str, bounds| {
        world.registry.store().read(|snapshot| {
            let search = Search { registry: &world.registry, snapshot, bounds };
            search.page(&world.registry.looking(&caller), &judged_words(words), (0, 100))
        })
    };
    for (situation, caller, words, bounds, total, is_incomplete) in [
        ("to its end", Caller::Operator, "common", (100, 100), 6, false),
        ("the rest looked at one by one", Caller::Operator, "common", (2, 4), 6, false),
        ("more than are looked at", Caller::Operator, "common", (2, 3), 2, true),
        ("hidden ones cost nobody a place", Caller::Anonymous, "common", (2, 2), 2, false),
        ("with a rare word", Caller::Operator, "common rare5", (2, 1), 1, false),
        ("with a rare word that few have", Caller::Anonymous, "rare5 common", (2, 1), 1, false),
        ("looked at and not fitting", Caller::Operator, "rare", (3, 3), 6, false),
    ] {
        let (page, _) = search(caller, words, bounds).unwrap();
        assert_eq!((page.total, page.is_incomplete), (total, is_incomplete), "{situation}");
    }
}

#[test]
fn a_search_has_few_words_of_bounded_length() {
    assert_eq!(judged_words("b A b  a\tc"), ["b", "a", "c"]);
    assert_eq!(judged_words("1 2 3 4 5 6 7 8").len(), MAX_WORDS);
    assert_eq!(judged_words(&"é".repeat(1_000)), ["é".repeat(MAX_WORD_BYTES / 2)]);
}
