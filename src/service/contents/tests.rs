//! What is inside packages, and who may look.

use std::future::Future;
use std::io::Write;
use std::task::{Context, Waker};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::audit::Origin;
use super::super::fixture::{World, word};
use super::super::lines::Who;
use super::*;
use crate::archive::inspect;
use crate::domain::limits::{ArchiveLimits, ManifestLimits};
use crate::domain::package::{Package, PackageFile, Publisher, Status};
use crate::domain::{FileId, Visibility};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, *bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// Publishes an archive in a project, as the publish sequence would.
async fn publish(
    world: &World,
    project: &crate::domain::identity::Project,
    files: &[(&str, &[u8])],
) -> Package {
    let bytes = archive(files);
    let manifest =
        inspect(&bytes[..], &ArchiveLimits::default(), &ManifestLimits::default()).unwrap().manifest;
    let mut staged = world.registry.blobs().stage().unwrap();
    staged.write_all(&bytes).unwrap();
    let lease = world.registry.blobs().commit(staged).unwrap();
    let created_at = world.registry.now();
    let package = Package {
        id: PackageId(1),
        project: project.id,
        root: project.root(),
        name: "vpc".parse().unwrap(),
        system: "aws".parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        status: Status::Default,
        created_at,
        publisher: Publisher::Operator,
        warnings: Vec::new(),
    };
    let (file_name, sha256, size) = (package.file_name(), lease.digest(), lease.size());
    let file = PackageFile { id: FileId(1), package: package.id, file_name, size, sha256, created_at };
    let stored = package.clone();
    let put = move |change: &mut crate::store::Change<'_>| {
        packages::put(change, &stored, &file, packages::Declared::of(&manifest)?)
    };
    world.registry.store().write(put).await.unwrap();
    package
}

/// A world with a package in the private project `acme/network`.
async fn stage(files: &[(&str, &[u8])]) -> (World, Package) {
    let world = World::empty().await;
    world.group("acme", Visibility::Private).await;
    let project = world.project("acme/network", Visibility::Private).await;
    let package = publish(&world, &project, files).await;
    (world, package)
}

fn urls() -> FileUrls {
    FileUrls { pages: "/acme/network/-/files".to_owned(), images: "/acme/network/-/raw".to_owned() }
}

#[tokio::test]
async fn readmes_lead_to_the_files_of_their_version() {
    let (world, package) = stage(&[
        ("main.tf", b""),
        ("README.md", b"# VPC\n\n[x](modules/a b/main.tf) ![p](p.png) ![s](s.svg) <script>alert(1)</script>"),
        ("modules/a/main.tf", b""),
        ("modules/a/README.md", b"[up](../../main.tf) ![p](p.png)"),
        ("examples/one/main.tf", b""),
    ])
    .await;
    let readme = async |part: &str, urls: &FileUrls| {
        let html = world.registry.readme_html(package.id, part, urls).await.unwrap();
        html.map(|html| html.as_str().to_owned())
    };
    let root = readme("", &urls()).await.unwrap();
    assert!(root.contains("<h2 id=\"user-content-vpc\">VPC</h2>"), "{root}");
    assert!(root.contains("src=\"/acme/network/-/raw/p.png\""), "{root}");
    assert!(!root.contains("script") && !root.contains("s.svg"), "{root}");
    let part = readme("modules/a", &urls()).await.unwrap();
    assert!(part.contains("href=\"/acme/network/-/files/main.tf\""), "{part}");
    assert!(part.contains("src=\"/acme/network/-/raw/modules/a/p.png\""), "{part}");
    assert_eq!(readme("examples/one", &urls()).await, None, "it has no README");
    assert_eq!(readme("modules/b", &urls()).await, None, "there is no such part");
    // The second time it comes from the cache, which knows the places links lead to apart.
    assert_eq!(readme("modules/a", &urls()).await.unwrap(), part);
    let moved = FileUrls { pages: "/acme/net/-/files".to_owned(), ..urls() };
    assert!(readme("modules/a", &moved).await.unwrap().contains("href=\"/acme/net/-/files/main.tf\""));
}

#[test]
fn urls_of_files_are_encoded() {
    assert_eq!(urls().page(""), "/acme/network/-/files");
    assert_eq!(urls().page("a b/ü?#%.tf"), "/acme/network/-/files/a%20b/%C3%BC%3F%23%25.tf");
    assert_eq!(urls().image("x/a.PNG").as_deref(), Some("/acme/network/-/raw/x/a.PNG"));
    assert_eq!(urls().image("x/a.svg"), None);
}

#[tokio::test]
async fn who_may_pull_may_look_into_the_archive_and_nobody_else() {
    let (world, package) = stage(&[("main.tf", b"# text"), ("docs/p.png", PNG)]).await;
    let (member, stranger) = (world.user("member").await, world.user("stranger").await);
    let place = super::super::fixture::at_project("acme/network");
    world.join(&place, &member, crate::domain::Role::Reporter).await;
    let registry = &world.registry;
    // Twice: the second time it is in the cache.
    for _ in 0..2 {
        for (who, caller, expected) in [
            ("a member", &member, "done"),
            ("a stranger", &stranger, "hidden"),
            ("nobody", &Caller::Anonymous, "hidden"),
        ] {
            let files = registry.archive_files(caller, "acme/network", package.id.0).await;
            assert_eq!(word(&files), expected, "{who}");
            let file = registry.archive_file(caller, "acme/network", package.id.0, "main.tf").await;
            assert_eq!(word(&file), expected, "{who}");
        }
    }
    let files = registry.archive_files(&member, "acme/network", package.id.0).await.unwrap();
    let paths: Vec<_> = files.entries.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!((paths, files.complete), (vec!["docs/p.png", "main.tf"], true));
    let file = async |path: &str| registry.archive_file(&member, "acme/network", package.id.0, path).await;
    assert_eq!(file("main.tf").await.unwrap().content, Content::Text("# text".to_owned()));
    assert_eq!(file("docs/p.png").await.unwrap().content, Content::Image(ImageType::Png, PNG.to_vec()));
    assert_eq!(word(&file("nothing").await), "missing");
    assert_eq!(word(&registry.archive_files(&member, "acme/network", 99).await), "missing");
    registry.flush_activity().await.unwrap();
    let view = registry.package(&member, "acme/network", package.id.0).unwrap();
    assert_eq!(view.downloads.count, 0, "looking is no download");
}

#[tokio::test]
async fn an_archive_that_changed_on_disk_is_the_servers_fault() {
    let (world, package) = stage(&[("main.tf", b"")]).await;
    let root = Caller::Operator;
    let digest = world.registry.archive_of(&root, "acme/network", package.id.0).unwrap();
    let remove: Result<bool, std::io::Error> = world.registry.blobs().remove_unless(&digest, || Ok(false));
    assert!(remove.unwrap());
    let outcome = world.registry.archive_files(&root, "acme/network", package.id.0).await;
    assert!(matches!(outcome, Err(ServiceError::Internal(_))), "{outcome:?}");
    let broken = failure(ArchiveError::DataAfterEnd);
    assert!(matches!(broken, ServiceError::Internal(_)), "{broken:?}");
    let large = failure(ArchiveError::UnpackedTooLarge { limit: 1 });
    assert!(matches!(large, ServiceError::Unprocessable(_)), "{large:?}");
}

#[tokio::test]
async fn who_has_more_waiting_than_may_is_sent_away_and_others_are_served() {
    let (world, package) = stage(&[("main.tf", b"")]).await;
    let reading = world.registry.shared.contents.lines();
    let running = reading.take(Who::Program).await.unwrap();
    let mut line: Vec<_> = (0..WAITING).map(|_| Box::pin(reading.take(Who::Program))).collect();
    for next in &mut line {
        assert!(next.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    let look = async |registry: &Registry| {
        registry.archive_files(&Caller::Operator, "acme/network", package.id.0).await
    };
    assert!(matches!(look(&world.registry).await, Err(ServiceError::Crowded(_))));
    let other = Origin::new("other".to_owned(), Some([192, 0, 2, 1].into()));
    look(&world.registry.for_request(other)).await.unwrap();
    drop((line, running));
    look(&world.registry).await.unwrap();
}
