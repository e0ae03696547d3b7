//! Looking into a stored archive: its entries, one of its files, and what is not shown.

use std::io::Read;

use cairn::archive::ArchiveError;
use cairn::archive::browse::{self, Content, EntryKind, FileView, ImageType};
use cairn::domain::limits::{ArchiveLimits, BrowseLimits};

use super::support::{Generated, Head, Tar, gzip};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

fn list(archive: &[u8], limits: &BrowseLimits) -> Result<browse::Listing, ArchiveError> {
    browse::list(archive, &ArchiveLimits::default(), limits)
}

fn read(archive: impl Read, path: &str) -> Option<FileView> {
    browse::read(archive, path, &ArchiveLimits::default(), &BrowseLimits::default()).unwrap()
}

#[test]
fn entries_are_listed_in_order_with_what_they_are() {
    let tar = Tar::new()
        .directory("./")
        .file("./main.tf", b"123")
        .directory("docs/")
        .file("docs/a.md", b"")
        .symlink("LICENSE", "docs/a.md")
        .hard_link("COPY", "main.tf");
    let listing = list(&tar.end().gzip(), &BrowseLimits::default()).unwrap();
    let shown: Vec<_> = listing.entries.iter().map(|entry| (&*entry.path, entry.size, entry.kind)).collect();
    assert!(listing.complete);
    assert_eq!(
        shown,
        [
            ("COPY", 0, EntryKind::Link),
            ("LICENSE", 0, EntryKind::Link),
            ("docs", 0, EntryKind::Directory),
            ("docs/a.md", 0, EntryKind::File),
            ("main.tf", 3, EntryKind::File),
        ]
    );
}

#[test]
fn a_file_is_shown_by_what_is_in_it() {
    let limits = BrowseLimits::default();
    let large = vec![b'a'; usize::try_from(limits.text_bytes).unwrap()];
    let larger = [&large[..], b"a"].concat();
    for (situation, path, bytes, expected) in [
        ("text", "text.tf", &b"a = 1\r\n\t# \xc3\xa9\n"[..], Content::Text("a = 1\r\n\t# é\n".to_owned())),
        ("nothing", "empty", b"", Content::Text(String::new())),
        ("not UTF-8", "a.txt", b"\xff\xfe", Content::Binary),
        ("control characters", "a.txt", b"a\0b", Content::Binary),
        ("sequences for a terminal", "a.txt", b"\x1b[31m", Content::Binary),
        ("a picture", "docs/A.PNG", PNG, Content::Image(ImageType::Png, PNG.to_vec())),
        ("a picture named like another", "a.gif", PNG, Content::Binary),
        ("a page named like a picture", "a.png", b"<script>alert(1)</script>", Content::Binary),
        ("a picture named like text", "a.md", PNG, Content::Binary),
        (
            "SVG is text",
            "a.svg",
            b"<svg onload='alert(1)'/>",
            Content::Text("<svg onload='alert(1)'/>".to_owned()),
        ),
        ("as large as is shown", "a.txt", &large, Content::Text(String::from_utf8(large.clone()).unwrap())),
        ("larger than is shown", "a.txt", &larger, Content::TooLarge),
        ("a picture may be larger", "a.png", &larger, Content::Binary),
    ] {
        let archive = Tar::module().file(path, bytes).file("z.tf", b"").end().gzip();
        let found = read(&archive[..], path).unwrap_or_else(|| panic!("{situation}"));
        assert_eq!(found.content, expected, "{situation}");
        assert_eq!((found.path.as_str(), found.size), (path, bytes.len() as u64), "{situation}");
    }
}

#[test]
fn only_files_of_the_archive_are_found() {
    let archive = Tar::new()
        .directory("./")
        .file("./docs/a.md", b"a")
        .directory("docs/")
        .symlink("link", "docs/a.md")
        .end()
        .gzip();
    let at = |path| read(&archive[..], path).map(|found| found.content);
    assert_eq!(at("docs/a.md"), Some(Content::Text("a".to_owned())));
    assert_eq!(at("docs"), Some(Content::Directory));
    assert_eq!(at("link"), Some(Content::Link));
    for path in [
        "",
        ".",
        "./docs/a.md",
        "docs/../docs/a.md",
        "/docs/a.md",
        "docs/a.md/",
        "docs//a.md",
        "DOCS/A.md",
        "../a",
    ] {
        assert_eq!(at(path), None, "{path}");
    }
}

#[test]
fn reading_ends_with_the_file() {
    // Behind it, the archive goes on for ever.
    let head = Tar::module().file("README.md", b"text").0;
    let endless = std::iter::once(head).chain(std::iter::repeat_with(|| Tar::new().file("x", b"").0));
    let mut archive = Generated::new(endless);
    assert_eq!(read(&mut archive, "README.md").unwrap().content, Content::Text("text".to_owned()));
    assert!(archive.taken < 1024 * 1024, "{} bytes were read", archive.taken);
    // A file that is too large is not read at all.
    let head = Tar::module().entry(&Head::new("big", b'0').size(200 << 20), b"").0;
    let mut archive = Generated::new(std::iter::once(head).chain(std::iter::repeat_with(|| vec![0; 512])));
    let found = read(&mut archive, "big").unwrap();
    assert_eq!((found.content, found.size), (Content::TooLarge, 200 << 20));
    assert!(archive.taken < 1024 * 1024, "{} bytes were read", archive.taken);
}

#[test]
fn no_more_is_unpacked_and_listed_than_the_limits_say() {
    let limits = BrowseLimits { unpacked_bytes: 128 * 1024, names_bytes: 100, ..BrowseLimits::default() };
    let far = Tar::module().file("big", &vec![b'a'; 256 * 1024]).file("far", b"").end().gzip();
    let refused = |outcome: Result<(), ArchiveError>| {
        assert!(matches!(outcome, Err(ArchiveError::UnpackedTooLarge { .. })), "{outcome:?}");
    };
    refused(list(&far, &limits).map(drop));
    refused(browse::read(&far[..], "far", &ArchiveLimits::default(), &limits).map(drop));
    let many = (0..50).fold(Tar::module(), |tar, number| tar.file(format!("file-{number:02}"), b""));
    let listing = list(&many.end().gzip(), &limits).unwrap();
    assert!(!listing.complete);
    assert!((5..=15).contains(&listing.entries.len()), "{}", listing.entries.len());
}

#[test]
fn what_would_be_refused_at_publish_is_refused_here_too() {
    for (situation, archive) in [
        ("not gzip", b"text".to_vec()),
        ("a name that leaves the archive", Tar::new().file("../x", b"").end().gzip()),
        ("an archive that ends in the middle", Tar::new().file("a", b"a").gzip()),
        ("a device", Tar::new().entry(&Head::new("a", b'3'), b"").end().gzip()),
        ("not a tar archive", gzip(&[1; 1024])),
    ] {
        assert!(list(&archive, &BrowseLimits::default()).is_err(), "{situation}");
        let found = browse::read(&archive[..], "x", &ArchiveLimits::default(), &BrowseLimits::default());
        assert!(found.is_err(), "{situation}");
    }
}
