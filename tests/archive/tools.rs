//! What other programs make and see: archives of GNU tar and git are accepted, and Python reads every archive we accept
//! exactly as we do.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use cairn::archive::ArchiveError;
use cairn::archive::walk::{Found, Visitor, walk};
use cairn::domain::limits::ArchiveLimits;

use super::accepted;
use super::support::{Head, Module, Tar, gzip};

/// Runs a program in a directory; nothing when it is not installed.
fn run(dir: &Path, program: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new(program).args(arguments).current_dir(dir).output();
    let Ok(output) = output else {
        skip(program);
        return None;
    };
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

#[expect(clippy::print_stderr, reason = "a test that checks nothing must say so")]
fn skip(program: &str) {
    eprintln!("SKIPPED: {program} is not installed");
}

#[expect(clippy::disallowed_methods, reason = "a test's own files need not be durable")]
fn module() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let long = format!("files/{}", "long/".repeat(40));
    for path in ["modules/a", "examples/b", &long] {
        std::fs::create_dir_all(dir.path().join(path)).unwrap();
    }
    for path in
        ["main.tf", "modules/a/main.tf", "examples/b/main.tf", "files/größe.txt", &format!("{long}file.txt")]
    {
        std::fs::write(dir.path().join(path), "locals {}\n").unwrap();
    }
    dir
}

#[test]
fn what_gnu_tar_makes_in_every_format_is_accepted() {
    for format in ["gnu", "oldgnu", "posix", "ustar"] {
        for start in [&["."][..], &["main.tf", "modules", "examples", "files"]] {
            let dir = module();
            let format = format!("--format={format}");
            let arguments = [&["-czf", "-", format.as_str()][..], start].concat();
            let Some(bytes) = run(dir.path(), "tar", &arguments) else { return };
            let report = accepted(&bytes);
            assert_eq!((report.warnings.len(), report.manifest.examples.len()), (0, 1), "{format}");
        }
    }
}

#[test]
fn what_git_archive_makes_is_accepted() {
    let dir = module();
    let commit = ["-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-qm", "All"];
    for arguments in [&["init", "-q"][..], &["add", "."], &commit] {
        if run(dir.path(), "git", arguments).is_none() {
            return;
        }
    }
    let Some(bytes) = run(dir.path(), "git", &["archive", "--format=tar.gz", "HEAD"]) else { return };
    let report = accepted(&bytes);
    assert_eq!((report.warnings.len(), report.manifest.submodules.len()), (0, 1));

    let Some(bytes) = run(dir.path(), "git", &["archive", "--format=tar.gz", "--prefix=vpc-1.0.0/", "HEAD"])
    else {
        return;
    };
    let error = super::check(&bytes).unwrap_err().to_string();
    assert!(error.contains("\"vpc-1.0.0\"") && error.contains("--prefix"), "{error}");
}

const PYTHON: &str = r"
import hashlib, io, json, sys, tarfile
out = []
with tarfile.open(fileobj=io.BytesIO(sys.stdin.buffer.read()), mode='r:gz') as archive:
    for member in archive:
        data = archive.extractfile(member).read() if member.isreg() else b''
        name = member.name[2:] if member.name.startswith('./') else '' if member.name == '.' else member.name
        out.append([name, member.isdir(), member.issym() or member.islnk(), member.size, hashlib.sha256(data).hexdigest()])
json.dump(out, sys.stdout)
";

/// The entries of an archive as Python's `tarfile` sees them.
fn python(bytes: &[u8]) -> Option<serde_json::Value> {
    let child =
        Command::new("python3").args(["-c", PYTHON]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        skip("python3");
        return None;
    };
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "python reads what we accept");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// The entries of an archive as our own walk sees them, in the same form.
#[derive(Default)]
struct Seen(Vec<(String, bool, bool, u64, Vec<u8>)>);

impl Visitor for Seen {
    fn entry(&mut self, found: Found) -> Result<(), ArchiveError> {
        self.0.push(match found {
            Found::File { path, size } => (path, false, false, size, Vec::new()),
            Found::Directory { path } => (path, true, false, 0, Vec::new()),
            Found::Symlink { path, .. } | Found::HardLink { path, .. } => (path, false, true, 0, Vec::new()),
        });
        Ok(())
    }

    fn contents(&mut self, bytes: &[u8]) {
        self.0.last_mut().unwrap().4.extend_from_slice(bytes);
    }

    fn file_end(&mut self) {}
}

fn ours(bytes: &[u8]) -> serde_json::Value {
    let mut seen = Seen::default();
    walk(bytes, &ArchiveLimits::default(), &mut seen).unwrap();
    let entries = seen.0.into_iter().map(|(path, directory, link, size, contents)| {
        let hash = ring::digest::digest(&ring::digest::SHA256, &contents);
        let hash = data_encoding::HEXLOWER.encode(hash.as_ref());
        serde_json::json!([path, directory, link, size, hash])
    });
    entries.collect()
}

#[test]
fn python_reads_what_we_accept_as_we_do() {
    let name = |length: usize| format!("d/{}", "n".repeat(length));
    let old = Tar::new()
        .entry(&Head::old("main.tf", 0).size(2), b"\n\n")
        .entry(&Head::old("d/", 0), b"")
        .entry(&Head::gnu("y", b'0').set(124, b"\x80\0\0\0\0\0\0\0\0\0\0\x02"), b"zz");
    let mut archives: Vec<(&str, Vec<u8>)> = vec![
        ("plain", Module::new().file("main.tf", "a = 1").file("x", [0; 513]).directory("y/").build()),
        (
            "a PAX path",
            Tar::module().pax(&[("path", &name(200)), ("size", "3")]).file("x", b"abc").end().gzip(),
        ),
        ("a GNU long name", Tar::module().long(b'L', &name(240)).file("x", b"abc").end().gzip()),
        ("a prefix", Tar::module().entry(&Head::new("x", b'0').set(345, b"a/b").size(1), b"z").end().gzip()),
        ("old and base-256", old.end().gzip()),
        ("a global comment", Tar::module().raw_pax(b'g', b"13 comment=x\n").file("a", b"").end().gzip()),
        ("links", Tar::module().file("f", b"f").symlink("s", "f").hard_link("h", "f").end().gzip()),
        ("other scripts", Module::new().file("main.tf", "").file("größe/日本.txt", "x").build()),
    ];
    let dir = module();
    for format in ["--format=gnu", "--format=posix", "--format=ustar"] {
        archives.extend(run(dir.path(), "tar", &["-czf", "-", format, "."]).map(|bytes| (format, bytes)));
    }
    let plan = cairn::archive::pack::plan(dir.path()).unwrap();
    archives.push(("our own", cairn::archive::pack::write(&plan, Vec::new(), |_| {}).unwrap()));
    for (situation, bytes) in archives {
        accepted(&bytes);
        let Some(theirs) = python(&bytes) else { return };
        assert_eq!(ours(&bytes), theirs, "{situation}");
    }
}

/// What the fuzzer has found worth keeping, too. The first byte says whether the rest is a tar or an upload.
#[test]
fn python_reads_what_we_accept_of_the_fuzzers_corpus_as_we_do() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/archive");
    let mut compared = 0;
    for seed in std::fs::read_dir(&corpus).unwrap() {
        let seed = seed.unwrap().path();
        let bytes = std::fs::read(&seed).unwrap();
        let Some((choice, data)) = bytes.split_first() else { continue };
        let upload = if choice % 2 == 0 { gzip(data) } else { data.to_vec() };
        if super::check(&upload).is_err() {
            continue;
        }
        let Some(theirs) = python(&upload) else { return };
        assert_eq!(ours(&upload), theirs, "{}", seed.display());
        compared += 1;
    }
    assert!(compared > 3, "the corpus holds archives that are accepted, not {compared}");
}
