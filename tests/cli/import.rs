//! `cairn import`: a folder of modules into projects that mirror it, again and again.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use cairn::domain::Role;
use serde_json::{Value, json};

use crate::support::archive::Module;
use crate::support::server::{Outcome, ROOT_TOKEN, RunToEnd, Server, cairn, write_file};
use crate::support::world::World;

/// A folder of modules beside the server's data.
struct Folder(PathBuf);

impl Folder {
    fn new(server: &Server) -> Self {
        let folder = Self(server.folder().join("modules"));
        fs::create_dir(&folder.0).unwrap();
        folder
    }

    /// Writes a file, with the folders above it.
    fn file(&self, path: &str, contents: impl AsRef<[u8]>) -> &Self {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write_file(&path, contents.as_ref());
        self
    }

    fn archive(&self, path: &str, module: Module) -> &Self {
        self.file(path, module.build())
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn import(&self, server: &Server, more: &[&str]) -> Outcome {
        server.cli(&[&["import", self.0.to_str().unwrap()], more].concat())
    }
}

/// Two namespaces: archives of both endings, one by Git tag, and an unpacked folder.
fn mirror(server: &Server) -> Folder {
    let folder = Folder::new(server);
    folder
        .archive("terraform-aws-modules/vpc/aws/5.10.0.tar.gz", Module::of("vpc 5.10.0"))
        .archive("terraform-aws-modules/vpc/aws/5.9.0.tgz", Module::of("vpc 5.9.0"))
        .archive("terraform-aws-modules/vpc/aws/v6.0.0-rc.1.tar.gz", Module::of("vpc 6.0.0-rc.1"))
        .file("hashicorp/consul/aws/0.1.0/main.tf", "# consul\n")
        .file("hashicorp/consul/aws/0.1.0/notes.txt", "not for others\n")
        .file("hashicorp/consul/aws/0.1.0/.terraformignore", "notes.txt\n");
    folder
}

const FIRST: &str = "\
new      hashicorp/consul/aws 0.1.0
new      terraform-aws-modules/vpc/aws 5.9.0
new      terraform-aws-modules/vpc/aws 5.10.0
new      terraform-aws-modules/vpc/aws 6.0.0-rc.1
4 new, 0 there already, 0 refused, 0 skipped, 0 warnings
";

const AGAIN: &str = "\
there    hashicorp/consul/aws 0.1.0
there    terraform-aws-modules/vpc/aws 5.9.0
there    terraform-aws-modules/vpc/aws 5.10.0
there    terraform-aws-modules/vpc/aws 6.0.0-rc.1
0 new, 4 there already, 0 refused, 0 skipped, 0 warnings
";

const CREATED: &str = "\
created the private group hashicorp
created the private project hashicorp/mirror
created the private group terraform-aws-modules
created the private project terraform-aws-modules/mirror
";

/// Asserts code and data of a command.
#[track_caller]
fn printed(outcome: &Outcome, code: i32, stdout: &str) {
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(code), stdout), "{}", outcome.stderr);
}

#[test]
fn a_folder_is_imported_once_however_often_and_by_whichever_way() {
    for mut server in super::running_and_stopped() {
        let folder = mirror(&server);
        let first = folder.import(&server, &[]);
        printed(&first, 0, FIRST);
        assert_eq!(first.stderr, CREATED);
        let again = folder.import(&server, &[]);
        printed(&again, 0, AGAIN);
        assert_eq!(again.stderr, "");
        server.restart();
        let url = server.url();
        printed(&folder.import(&server, &["--url", &url, "--token", ROOT_TOKEN]), 0, AGAIN);
        assert_eq!(server.blobs().len(), 4);
        let root = server.root();
        let versions = root.get("/v1/modules/terraform-aws-modules/vpc/aws/versions").must(200).json();
        assert_eq!(versions["modules"][0]["versions"].as_array().unwrap().len(), 3);
        let project = root.get("/api/v4/projects/hashicorp%2Fmirror").must(200).json();
        assert_eq!(project["visibility"], "private");
    }
}

#[test]
fn an_import_by_url_makes_what_is_missing_and_publishes_the_same_bytes() {
    let server = Server::start();
    let folder = mirror(&server);
    let url = server.url();
    let outcome = folder.import(&server, &["--url", &url, "--token", ROOT_TOKEN]);
    printed(&outcome, 0, FIRST);
    assert_eq!(outcome.stderr, CREATED);
    let root = server.root();
    let file = root.get("/v1/modules/terraform-aws-modules/vpc/aws/5.9.0/file").must(200).body;
    assert_eq!(file, Module::of("vpc 5.9.0").build());
    folder.import(&server, &["--url", &url]).refused(2, "needs a token");
    let unknown = folder.import(&server, &["--url", &url, "--token", "wrong"]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.contains("token unknown or revoked"), "{}", unknown.stderr);
    assert!(unknown.stdout.starts_with("0 new, 0 there already, 0 refused"), "once, not for every module");
}

#[test]
fn only_what_is_new_is_published_and_what_changed_is_refused() {
    let server = Server::start();
    let folder = mirror(&server);
    assert_eq!(folder.import(&server, &[]).code, Some(0));
    folder
        .archive("terraform-aws-modules/vpc/aws/5.11.0.tar.gz", Module::of("vpc 5.11.0"))
        .archive("terraform-aws-modules/vpc/aws/5.9.0.tgz", Module::of("not what it was"))
        .file("hashicorp/consul/aws/0.1.0/main.tf", "# not what it was\n");
    let outcome = folder.import(&server, &[]);
    printed(
        &outcome,
        1,
        "refused  hashicorp/consul/aws 0.1.0: consul/aws 0.1.0 is published with other bytes; versions never \
         change: publish these as a new version\n\
         refused  terraform-aws-modules/vpc/aws 5.9.0: vpc/aws 5.9.0 is published with other bytes; versions never \
         change: publish these as a new version\n\
         there    terraform-aws-modules/vpc/aws 5.10.0\n\
         new      terraform-aws-modules/vpc/aws 5.11.0\n\
         there    terraform-aws-modules/vpc/aws 6.0.0-rc.1\n\
         1 new, 2 there already, 2 refused, 0 skipped, 0 warnings\n",
    );
    assert_eq!(server.blobs().len(), 5);
}

#[test]
fn an_archive_that_is_no_module_is_refused_with_the_servers_hint_and_the_rest_is_imported() {
    let server = Server::start();
    let folder = Folder::new(&server);
    folder
        .archive("acme/good/aws/1.0.0.tar.gz", Module::of("good"))
        .archive("acme/good/aws/2.0.0.tar.gz", Module::new().file("terraform-aws-good-2.0.0/main.tf", ""))
        .file("acme/good/aws/3.0.0.tar.gz", "<html>moved</html>")
        .file("acme/good/aws/4.0.0/README.md", "no code\n");
    let outcome = folder.import(&server, &[]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    let [good, below, html, empty, summary] = *lines.as_slice() else { panic!("{outcome:?}") };
    assert_eq!(good, "new      acme/good/aws 1.0.0");
    assert!(
        below.starts_with(
            "refused  acme/good/aws 2.0.0: everything in the archive is below the directory \"terraform-aws-good-2.0.0\""
        ) && below.contains("`tar -czf module.tar.gz -C \"terraform-aws-good-2.0.0\" .`"),
        "{below}"
    );
    assert!(html.starts_with("refused  acme/good/aws 3.0.0: the upload is a web page"), "{html}");
    assert!(
        empty.starts_with("refused  acme/good/aws 4.0.0: ") && empty.contains("holds no *.tf"),
        "{empty}"
    );
    assert_eq!(summary, "1 new, 0 there already, 3 refused, 0 skipped, 0 warnings");
    assert_eq!(server.blobs().len(), 1);
    let rehearsed = folder.import(&server, &["--dry-run"]).stdout;
    assert!(
        rehearsed.contains(below) && rehearsed.contains(empty),
        "known before anything is sent: {rehearsed}"
    );
}

#[test]
fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    for mut server in super::running_and_stopped() {
        let folder = mirror(&server);
        let expected = FIRST.replace("warnings\n", "warnings; nothing was sent\n");
        let outcome = folder.import(&server, &["--dry-run"]);
        printed(&outcome, 0, &expected);
        assert_eq!(outcome.stderr, "");
        assert!(server.blobs().is_empty());
        assert_eq!(folder.import(&server, &[]).code, Some(0));
        folder.archive("hashicorp/consul/aws/0.2.0.tar.gz", Module::of("new"));
        folder.archive("terraform-aws-modules/vpc/aws/5.9.0.tgz", Module::of("other"));
        let outcome = folder.import(&server, &["--dry-run"]);
        assert_eq!(outcome.code, Some(1), "as the import will end: {outcome:?}");
        assert!(outcome.stdout.contains("\nnew      hashicorp/consul/aws 0.2.0\n"), "{}", outcome.stdout);
        assert!(
            outcome
                .stdout
                .contains("\n1 new, 3 there already, 1 refused, 0 skipped, 0 warnings; nothing was sent"),
            "{}",
            outcome.stdout
        );
        server.restart();
        server.root().get("/v1/modules/hashicorp/consul/aws/0.2.0").must(404);
    }
}

#[test]
fn the_report_is_one_json_document_on_request() {
    let server = Server::start();
    let folder = Folder::new(&server);
    let calls = "module \"a\" {\n  source = \"git::https://example.com/a.git\"\n}\n";
    let with_call = Module::of("x").file("modules/sub/main.tf", calls);
    folder
        .archive("acme/vpc/aws/v1.0.0.tar.gz", with_call)
        .archive("acme/vpc/aws/2.0.0.tar.gz", Module::new().file("README.md", ""))
        .file("acme/vpc/aws/notes.txt", "");
    let outcome = folder.import(&server, &["--json"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(
        document["summary"],
        json!({ "new": 1, "there": 0, "refused": 1, "skipped": 1, "warnings": 1 })
    );
    assert_eq!(document["dry_run"], false);
    let [good, bad] = document["modules"].as_array().unwrap().as_slice() else { panic!("{document}") };
    assert_eq!(
        (&good["outcome"], &good["project"], &good["module"], &good["version"], &good["path"]),
        (
            &json!("new"),
            &json!("acme/mirror"),
            &json!("acme/vpc/aws"),
            &json!("1.0.0"),
            &json!("acme/vpc/aws/v1.0.0.tar.gz")
        )
    );
    assert_eq!(
        (good["sha256"].as_str(), &good["reason"]),
        (server.blobs().first().map(String::as_str), &Value::Null)
    );
    let warning = &good["warnings"][0];
    assert_eq!(
        (&warning["kind"], &warning["directory"], &warning["call"], &warning["source"]),
        (&json!("git"), &json!("modules/sub"), &json!("a"), &json!("git::https://example.com/a.git"))
    );
    assert_eq!(bad["outcome"], "refused");
    assert!(bad["reason"].as_str().unwrap().contains("*.tf"), "{bad}");
    assert_eq!(
        document["skipped"],
        json!([{
            "path": "acme/vpc/aws/notes.txt",
            "reason": "neither a .tar.gz or .tgz nor the folder of a version",
        }])
    );
}

#[test]
fn calls_that_no_registry_can_redirect_are_warned_of_also_when_the_module_is_there_already() {
    let server = Server::start();
    let folder = Folder::new(&server);
    let call = |name: &str, source: &str| format!("module \"{name}\" {{\n  source = \"{source}\"\n}}\n");
    let text = [
        call("near", "./modules/sub"),
        call("public", "terraform-aws-modules/kms/aws"),
        call("own", &format!("{}/acme/x/aws", server.address())),
        call("git", "git::https://github.com/acme/x.git?ref=v1"),
        call("zip", "https://example.com/x.zip"),
        call("elsewhere", "app.terraform.io/acme/x/aws"),
    ];
    folder.archive(
        "acme/vpc/aws/1.0.0.tar.gz",
        Module::new().file("main.tf", text.concat()).file("examples/a/main.tf", call("b", "github.com/a/b")),
    );
    let warnings = "\
warning  acme/vpc/aws 1.0.0: module \"elsewhere\" comes from \"app.terraform.io/acme/x/aws\", another registry: \
clients need a host block for that one too
warning  acme/vpc/aws 1.0.0: module \"git\" comes from \"git::https://github.com/acme/x.git?ref=v1\", which no \
registry can redirect: clients need that repository, or another one in its place by git's url.<base>.insteadOf
warning  acme/vpc/aws 1.0.0: module \"zip\" comes from \"https://example.com/x.zip\", which no registry can redirect: \
clients need that address, or the module another source
";
    for (word, counts) in [("new  ", "1 new, 0 there"), ("there", "0 new, 1 there")] {
        let expected = format!(
            "{word}    acme/vpc/aws 1.0.0\n{warnings}{counts} already, 0 refused, 0 skipped, 3 warnings\n"
        );
        printed(&folder.import(&server, &[]), 0, &expected);
    }
}

#[test]
fn what_is_no_module_is_skipped_with_a_reason_and_links_stay_inside() {
    let server = Server::start();
    let outside = server.folder().join("outside");
    fs::create_dir_all(outside.join("x/aws")).unwrap();
    write_file(&outside.join("x/aws/1.0.0.tar.gz"), &Module::of("outside").build());
    let folder = Folder::new(&server);
    let here = folder.path();
    folder
        .archive("acme/vpc/aws/1.0.0.tar.gz", Module::of("one"))
        .archive("acme/vpc/aws/1.0.tar.gz", Module::of("bad version"))
        .archive("acme/vpc/AWS/1.0.0.tar.gz", Module::of("bad system"))
        .archive("acme/v.pc/aws/1.0.0.tar.gz", Module::of("bad name"))
        .archive("api/vpc/aws/1.0.0.tar.gz", Module::of("reserved"))
        .file("acme/vpc/aws/2.0.0.zip", "PK")
        .file("acme/vpc/aws/1.0.0.tar.gz.sha256", "")
        .file("acme/README.md", "")
        .file("INDEX", "");
    fs::create_dir_all(here.join("empty/vpc")).unwrap();
    symlink("1.0.0.tar.gz", here.join("acme/vpc/aws/1.0.1.tar.gz")).unwrap();
    symlink(outside.join("x/aws/1.0.0.tar.gz"), here.join("acme/vpc/aws/1.0.2.tar.gz")).unwrap();
    symlink("nothing", here.join("acme/vpc/aws/1.0.3.tar.gz")).unwrap();
    symlink("../../outside", here.join("acme/out")).unwrap();
    symlink("vpc", here.join("acme/again")).unwrap();
    let outcome = folder.import(&server, &[]);
    printed(
        &outcome,
        0,
        "skipped  \"INDEX\": a file where the folder of a namespace is expected: <namespace>/<name>/<system>/<version>.tar.gz\n\
         skipped  \"acme/README.md\": a file where the folder of a module is expected: <namespace>/<name>/<system>/<version>.tar.gz\n\
         skipped  \"acme/again\": a link to a folder; links are followed to files only\n\
         skipped  \"acme/out\": a link that leads out of the folder; copy what it points to\n\
         skipped  \"acme/v.pc\": module name \"v.pc\" is not usable in a Terraform address: use letters and digits, with - or _ inside, at most 64\n\
         skipped  \"acme/vpc/AWS\": system \"AWS\" is not usable in a Terraform address: use only a-z and 0-9, at most 64 (for example aws)\n\
         skipped  \"acme/vpc/aws/1.0.0.tar.gz.sha256\": neither a .tar.gz or .tgz nor the folder of a version\n\
         skipped  \"acme/vpc/aws/1.0.2.tar.gz\": a link that leads out of the folder; copy what it points to\n\
         skipped  \"acme/vpc/aws/1.0.3.tar.gz\": cannot be read; check that you may, and that it is no link to nothing\n\
         skipped  \"acme/vpc/aws/1.0.tar.gz\": version \"1.0\" is not a semantic version (MAJOR.MINOR.PATCH, as in 1.2.0 or 2.0.0-rc.1)\n\
         skipped  \"acme/vpc/aws/2.0.0.zip\": a zip: modules are gzip tars; unpack it into the folder \"acme/vpc/aws/2.0.0\"\n\
         skipped  \"api\": path \"api\" is reserved by the server: choose another\n\
         skipped  \"empty/vpc\": an empty folder\n\
         new      acme/vpc/aws 1.0.0\n\
         new      acme/vpc/aws 1.0.1\n\
         2 new, 0 there already, 0 refused, 13 skipped, 0 warnings\n",
    );
    assert_eq!(server.blobs().len(), 1, "one archive under two versions");
}

#[test]
fn two_files_of_one_version_are_one_version() {
    let server = Server::start();
    let folder = Folder::new(&server);
    folder
        .archive("acme/vpc/aws/1.0.0.tar.gz", Module::of("one"))
        .archive("acme/vpc/aws/v1.0.0.tar.gz", Module::of("one"))
        .archive("acme/vpc/aws/2.0.0+a.tar.gz", Module::of("two"))
        .archive("acme/vpc/aws/2.0.0+b.tar.gz", Module::of("another two"));
    for arguments in [&["--dry-run"][..], &[]] {
        let outcome = folder.import(&server, arguments);
        assert_eq!(outcome.code, Some(1));
        let lines: Vec<&str> = outcome.stdout.lines().take(4).collect();
        assert_eq!(
            lines,
            [
                "new      acme/vpc/aws 1.0.0",
                "there    acme/vpc/aws 1.0.0",
                "new      acme/vpc/aws 2.0.0+a",
                "refused  acme/vpc/aws 2.0.0+b: vpc/aws 2.0.0+a is published with other bytes; versions never change: \
                 publish these as a new version",
            ],
            "{arguments:?}"
        );
    }
}

#[test]
fn a_folder_without_modules_is_a_mistake() {
    let server = Server::start();
    let folder = Folder::new(&server);
    folder.file("main.tf", "");
    let outcome = folder.import(&server, &[]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stdout.starts_with("skipped  \"main.tf\": "), "{}", outcome.stdout);
    assert!(outcome.stderr.contains("name the folder that holds <namespace>/"), "{}", outcome.stderr);
    server.cli(&["import", "nowhere"]).refused(1, "cannot read nowhere");
    server.cli(&["import", ".", "--project", "a/b"]).refused(2, "'--project <NAME>'");
    server
        .cli(&["import", ".", "--visibility", "secret"])
        .refused(2, "[possible values: private, internal, public]");
    let modules = mirror_path(&folder);
    let lost = cairn(&["import", &modules]).current_dir(server.folder()).outcome();
    lost.refused(1, "there is no data directory at ./cairn-data");
}

fn mirror_path(folder: &Folder) -> String {
    folder.archive("acme/vpc/aws/1.0.0.tar.gz", Module::of("one"));
    folder.path().to_str().unwrap().to_owned()
}

#[test]
fn created_groups_and_projects_get_the_visibility_and_existing_ones_keep_theirs() {
    let world = World::start();
    world.group("hashicorp");
    let folder = mirror(&world.server);
    let outcome = folder.import(&world.server, &["--project", "upstream", "--visibility", "public"]);
    printed(&outcome, 0, FIRST);
    assert_eq!(
        outcome.stderr,
        "created the public project hashicorp/upstream\n\
         created the public group terraform-aws-modules\n\
         created the public project terraform-aws-modules/upstream\n"
    );
    world.anonymous().get("/v1/modules/terraform-aws-modules/vpc/aws/5.9.0").must(200);
    printed(&folder.import(&world.server, &["--project", "upstream"]), 0, AGAIN);
    world.anonymous().get("/v1/modules/terraform-aws-modules/vpc/aws/5.9.0").must(200);
}

#[test]
fn a_token_imports_where_it_may_and_is_refused_elsewhere() {
    let world = World::start();
    world.group("hashicorp").project("hashicorp/mirror").user("dev", Role::Developer, "hashicorp/mirror");
    let folder = mirror(&world.server);
    let (url, token) = (world.server.url(), world.token("dev"));
    let outcome = folder.import(&world.server, &["--url", &url, "--token", &token]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let (first, rest) = outcome.stdout.split_once('\n').unwrap();
    assert_eq!(first, "new      hashicorp/consul/aws 0.1.0");
    let refused = "project terraform-aws-modules/mirror does not exist, or this token may not see it";
    assert_eq!(rest.matches(refused).count(), 3, "{rest}");
    world.root().get("/api/v4/groups/terraform-aws-modules").must(404);
    world.server.cli_ok(&["admin", "registry", "disable"]);
    let off = folder.import(&world.server, &[]);
    assert_eq!(off.code, Some(1));
    assert_eq!(off.stdout.matches("ask an administrator to switch it on").count(), 4, "{}", off.stdout);
}

#[test]
fn an_import_goes_on_when_nobody_reads_about_it_any_more() {
    let server = Server::start();
    let folder = mirror(&server);
    let mut process = cairn(&["import", folder.path().to_str().unwrap(), "--data-dir"])
        .arg(server.data())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(process.stdout.take());
    assert_eq!(process.wait().unwrap().code(), Some(0));
    printed(&folder.import(&server, &[]), 0, AGAIN);
}
