//! The files that pages load: found by their hash, kept for ever, compressed.

use std::io::Read;

use flate2::read::GzDecoder;

use crate::support::world::World;

/// The URLs of the files that the first page loads.
fn urls(world: &World) -> Vec<String> {
    let page = world.anonymous().get("/").must(200).text();
    page.split('"').filter(|text| text.starts_with("/assets/")).map(str::to_owned).collect()
}

#[test]
fn every_file_of_a_page_is_there_for_ever_and_shorter_for_whoever_takes_gzip() {
    let world = World::start();
    let urls = urls(&world);
    assert!(
        ["app.css", "theme.js", "copy.js", "icon.svg"]
            .iter()
            .all(|name| urls.iter().any(|url| url.ends_with(name))),
        "{urls:?}"
    );
    for url in urls {
        let plain = world.anonymous().get(&url).must(200);
        assert_eq!(plain.header("cache-control"), Some("public, max-age=31536000, immutable"), "{url}");
        assert_eq!(plain.header("vary"), Some("accept-encoding"), "{url}");
        assert_eq!(plain.header("content-encoding"), None, "{url}");
        let zipped = world.anonymous().with("Accept-Encoding", "br, gzip").get(&url).must(200);
        assert_eq!(zipped.header("content-encoding"), Some("gzip"), "{url}");
        assert_ne!(zipped.header("etag"), plain.header("etag"), "{url}");
        assert!(zipped.body.len() < plain.body.len(), "{url}");
        let mut unpacked = Vec::new();
        GzDecoder::new(&zipped.body[..]).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain.body, "{url}");
        let known =
            world.anonymous().with("If-None-Match", plain.header("etag").unwrap()).get(&url).must(304);
        assert!(known.body.is_empty());
        let types = ["text/css; charset=utf-8", "text/javascript; charset=utf-8", "image/svg+xml"];
        assert!(types.contains(&plain.header("content-type").unwrap()), "{plain:?}");
    }
}

#[test]
fn under_an_old_hash_the_present_file_is_sent_and_not_kept() {
    let world = World::start();
    let old = world.anonymous().get("/assets/0000000000000000/app.css").must(200);
    assert_eq!(old.header("cache-control"), Some("no-cache"));
    world.anonymous().get("/assets/0000000000000000/nothing.css").must(404);
    world.anonymous().get("/assets/x/..%2Fapp.css").must(404);
}
