//! What `cairn publish` packs: the right files, the same bytes every time, and always something `inspect` accepts.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use cairn::archive::pack::{self, PackEntry, PackError};
use tempfile::TempDir;

use super::accepted;

fn directory(files: &[&str]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in files {
        put(dir.path(), file, "");
    }
    dir
}

#[expect(clippy::disallowed_methods, reason = "a test's own files need not be durable")]
fn put(dir: &Path, file: &str, text: &str) {
    let path = dir.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn paths(entries: &[PackEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.path.as_str()).collect()
}

fn pack(dir: &Path) -> Vec<u8> {
    pack::write(&pack::plan(dir).unwrap(), Vec::new(), |_| {}).unwrap()
}

#[test]
fn what_is_packed_is_accepted() {
    let dir = directory(&["main.tf", "modules/a/main.tf", "examples/b/main.tf", "files/run.sh"]);
    let long = format!("files/{}/{}.txt", "d".repeat(120), "n".repeat(200));
    put(dir.path(), &long, "long");
    put(dir.path(), "README.md", "# Text");
    let report = accepted(&pack(dir.path()));
    assert_eq!(report.warnings, []);
    assert_eq!(report.manifest.root.readme.as_deref(), Some("# Text"));
    assert_eq!(report.manifest.submodules[0].path, "modules/a");
}

#[test]
fn the_same_files_give_the_same_bytes() {
    let (one, two) = (directory(&["b.tf", "a.tf", "m/x"]), directory(&["m/x", "a.tf", "b.tf"]));
    fs::set_permissions(two.path().join("a.tf"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(pack(one.path()), pack(two.path()));
    fs::set_permissions(two.path().join("a.tf"), fs::Permissions::from_mode(0o700)).unwrap();
    assert_ne!(pack(one.path()), pack(two.path()), "the right to run a file is kept");
}

#[test]
fn version_control_downloads_and_state_are_never_packed() {
    let dir = directory(&[
        "main.tf",
        ".git/config",
        ".terraform/modules/x/main.tf",
        "modules/a/.terraform/y",
        "terraform.tfstate",
        "a/terraform.tfstate.backup",
        ".terraform.lock.hcl",
    ]);
    put(dir.path(), ".terraformignore", "!.git\n!.terraform\n!*.tfstate\n");
    let plan = pack::plan(dir.path()).unwrap();
    assert_eq!(
        paths(&plan),
        [".terraform.lock.hcl", ".terraformignore", "a", "main.tf", "modules", "modules/a"]
    );
}

#[test]
fn terraformignore_is_honoured() {
    let dir =
        directory(&["main.tf", "test/a.tf", "docs/x.md", "docs/keep.md", "modules/test/b.tf", "big.bin"]);
    put(dir.path(), ".terraformignore", "# comment\n/test/\n*.md\n!keep.md\nbig.*\n.terraformignore\n");
    let plan = pack::plan(dir.path()).unwrap();
    assert_eq!(
        paths(&plan),
        ["docs", "docs/keep.md", "main.tf", "modules", "modules/test", "modules/test/b.tf"]
    );
}

#[test]
fn links_are_packed_as_what_they_point_to() {
    let dir = directory(&["modules/a/main.tf", "common/versions.tf"]);
    put(dir.path(), "common/versions.tf", "terraform {\n  required_version = \">= 1\"\n}\n");
    symlink("common/versions.tf", dir.path().join("versions.tf")).unwrap();
    symlink("../../common/versions.tf", dir.path().join("modules/a/versions.tf")).unwrap();
    symlink("modules", dir.path().join("examples")).unwrap();
    let report = accepted(&pack(dir.path()));
    assert_eq!(report.warnings, []);
    assert_eq!(report.manifest.root.required_version, [">= 1"]);
    assert_eq!(report.manifest.examples[0].required_version, [">= 1"]);
}

#[test]
fn links_that_lead_astray_are_refused_or_ignored() {
    type Wrong = fn(&PackError) -> bool;
    let outside = directory(&["secret"]);
    let secret = outside.path().join("secret").to_str().unwrap().to_owned();
    let cases: [(&str, &str, Wrong); 5] = [
        ("to the outside", "../..", |error| matches!(error, PackError::Outside { .. })),
        ("absolute", &secret, |error| matches!(error, PackError::Outside { .. })),
        ("to nothing", "nothing", |error| matches!(error, PackError::Io { .. })),
        ("to its own directory", ".", |error| matches!(error, PackError::Loop { .. })),
        ("to the top from below", "..", |error| matches!(error, PackError::Loop { .. })),
    ];
    for (situation, target, is_right) in cases {
        let dir = directory(&["main.tf", "sub/x"]);
        symlink(target, dir.path().join("sub/link")).unwrap();
        let error = pack::plan(dir.path()).unwrap_err();
        assert!(is_right(&error), "{situation}: {error}");
        put(dir.path(), ".terraformignore", "link\n");
        assert!(pack::plan(dir.path()).is_ok(), "{situation}, ignored");
    }
}

#[test]
fn a_link_does_not_bring_state_in_by_another_name() {
    let dir = directory(&["main.tf", "terraform.tfstate", ".git/config"]);
    symlink("terraform.tfstate", dir.path().join("data.json")).unwrap();
    symlink(".git", dir.path().join("git")).unwrap();
    assert_eq!(paths(&pack::plan(dir.path()).unwrap()), ["main.tf"]);
}

#[test]
fn names_that_a_registry_refuses_are_refused_before_the_upload() {
    for name in ["a:b", "aux.tf", "x.", r"a\b", "a\nb", "a\u{202e}b"] {
        let error = pack::plan(directory(&["main.tf", name]).path()).unwrap_err();
        assert!(matches!(error, PackError::Name { .. }), "{name:?}: {error}");
        assert!(!error.to_string().chars().any(char::is_control), "{error}");
    }
    let error = pack::plan(directory(&["Main.tf", "main.tf"]).path()).unwrap_err();
    assert!(matches!(error, PackError::Conflict { .. }), "{error}");
}

#[test]
fn a_file_that_changes_in_between_is_noticed() {
    let dir = directory(&["main.tf"]);
    let plan = pack::plan(dir.path()).unwrap();
    fs::remove_file(dir.path().join("main.tf")).unwrap();
    let error = pack::write(&plan, Vec::new(), |_| {}).unwrap_err();
    assert!(matches!(error, PackError::Io { .. }), "{error}");
}
