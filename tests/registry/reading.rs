//! Reading: the protocol's answers and their shapes, archives and their headers, deletion.

use cairn::domain::{Role, Visibility};
use serde_json::{Value, json};

use crate::support::archive::Module;
use crate::support::client::{Client, Response};
use crate::support::server::Server;
use crate::support::wire::Wire;
use crate::support::world::{MODULES, World, encoded, upload};

const VPC: &str = "/api/v4/packages/terraform/modules/v1/acme/vpc/aws";

/// A world whose project `acme/network` anyone may read, with these versions of `vpc/aws`.
fn open(versions: &[&str]) -> World {
    let world = World::start();
    world.group("acme").public_project("acme/network");
    for version in versions {
        world.publish("acme/network", "vpc/aws", version, Module::of(version));
    }
    world
}

fn terraform_get(client: &Client, target: &str) -> String {
    client.get(target).must(204).header("x-terraform-get").unwrap().to_owned()
}

#[test]
fn the_list_of_versions_is_highest_first_and_has_terraforms_shape() {
    let world = open(&["1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1", "2.0.0-rc.10", "2.0.0-rc.2", "0.1.0+build"]);
    for base in ["/api/v4/packages/terraform/modules/v1", "/v1/modules"] {
        let answer = world.anonymous().get(&format!("{base}/acme/vpc/aws/versions")).must(200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let answer = answer.json();
        let module = &answer["modules"][0];
        assert_eq!(answer["modules"].as_array().unwrap().len(), 1);
        assert_eq!(module["source"], "/acme/network");
        let listed: Vec<&str> =
            module["versions"].as_array().unwrap().iter().map(|v| v["version"].as_str().unwrap()).collect();
        assert_eq!(
            listed,
            ["2.0.0-rc.10", "2.0.0-rc.2", "2.0.0-rc.1", "1.10.0", "1.9.0", "1.0.0", "0.1.0+build"]
        );
        for version in module["versions"].as_array().unwrap() {
            assert!(version["root"]["dependencies"].is_array(), "{version}");
            assert!(version["root"]["providers"].is_array(), "{version}");
            assert!(version["submodules"].is_array(), "{version}");
        }
    }
}

#[test]
fn an_unknown_module_has_no_versions_and_no_source() {
    let world = open(&["1.0.0"]);
    let empty = json!({ "modules": [{ "versions": [] }] });
    for address in ["acme/none/aws", "acme/vpc/azure", "acme/not..valid/aws", "acme/vpc/NOT"] {
        let versions = world.anonymous().get(&format!("{MODULES}/{address}/versions")).must(200).json();
        assert_eq!(versions, empty, "{address}");
        for part in ["", "/download", "/1.0.0", "/1.0.0/download", "/1.0.0/file"] {
            world.anonymous().get(&format!("{MODULES}/{address}{part}")).must(404);
        }
    }
}

#[test]
fn details_name_one_version() {
    let world = open(&["1.0.0", "1.1.0"]);
    for (target, version) in [(VPC.to_owned(), "1.1.0"), (format!("{VPC}/1.0.0"), "1.0.0")] {
        let details = world.anonymous().get(&target).must(200).json();
        assert_eq!(details["name"], "vpc/aws", "{target}");
        assert_eq!(details["provider"], "aws", "{target}");
        assert_eq!(details["providers"], json!(["aws"]), "{target}");
        assert_eq!(details["version"], version, "{target}");
        assert_eq!(details["versions"], json!([version]), "{target}");
        assert_eq!(details["source"], "/acme/network", "{target}");
        assert!(details["root"].is_object() && details["submodules"].is_array(), "{target}");
    }
    world.anonymous().get(&format!("{VPC}/1.2.0")).must(404);
}

#[test]
fn the_latest_is_the_highest_release_or_else_the_highest_prerelease() {
    for (versions, latest) in [
        (&["1.0.0", "2.0.0-rc.1"][..], "1.0.0"),
        (&["1.2.0", "1.10.0", "1.9.9"], "1.10.0"),
        (&["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta"], "1.0.0-beta"),
    ] {
        let world = open(versions);
        let client = world.anonymous();
        assert_eq!(client.get(VPC).must(200).json()["version"], latest);
        let location = client.get(&format!("{VPC}/download")).must(302);
        assert_eq!(location.header("location"), Some(format!("{VPC}/{latest}/download").as_str()));
        let project = "/api/v4/projects/acme%2Fnetwork/packages/terraform/modules/vpc/aws";
        assert_eq!(client.get(project).must(200).body, Module::of(latest).build(), "{versions:?}");
    }
}

#[test]
fn a_version_is_found_with_a_v_with_metadata_and_without() {
    let world = open(&["1.0.0", "2.0.0+build.5"]);
    for (asked, found) in [
        ("1.0.0", Some("1.0.0")),
        ("v1.0.0", Some("1.0.0")),
        ("2.0.0%2Bbuild.5", Some("2.0.0+build.5")),
        ("2.0.0+build.5", Some("2.0.0+build.5")),
        ("2.0.0", Some("2.0.0+build.5")),
        ("1.0", None),
        ("vv1.0.0", None),
        ("latest", None),
    ] {
        let answer = world.anonymous().get(&format!("{VPC}/{asked}"));
        match found {
            Some(version) => assert_eq!(answer.must(200).json()["version"], version, "{asked}"),
            None => assert_eq!(answer.status, 404, "{asked}"),
        }
    }
    let url = terraform_get(&world.anonymous(), &format!("{VPC}/2.0.0%2Bbuild.5/download"));
    assert!(url.contains("/2.0.0%2Bbuild.5/vpc-aws-2.0.0%2Bbuild.5.tar.gz?"), "{url}");
    assert_eq!(world.anonymous().get(&url).must(200).body, Module::of("2.0.0+build.5").build());
}

#[test]
fn a_namespace_may_be_a_number_and_names_have_no_case() {
    let world = World::start();
    world.group("Acme").public_project("Acme/Network");
    world.publish("acme/network", "Vpc/aws", "1.0.0", Module::of("one"));
    world.publish("ACME/NETWORK", "vPC/aws", "1.1.0", Module::of("two"));
    let number = world.group_id("acme").to_string();
    for namespace in ["Acme", "acme", "ACME", &number] {
        let details = world.anonymous().get(&format!("{MODULES}/{namespace}/VPC/aws")).must(200).json();
        assert_eq!(details["name"], "Vpc/aws", "{namespace}");
        assert_eq!(details["version"], "1.1.0", "{namespace}");
        assert_eq!(details["source"], "/Acme/Network", "{namespace}");
        let url = terraform_get(&world.anonymous(), &format!("{MODULES}/{namespace}/vpc/aws/1.1.0/download"));
        assert!(url.starts_with(&format!("{MODULES}/Acme/Vpc/aws/1.1.0/Vpc-aws-1.1.0.tar.gz")), "{url}");
        world.anonymous().get(&url).must(200);
    }
    world.anonymous().get("/API/v4/packages/terraform/modules/v1/acme/vpc/aws").must(404);
}

#[test]
fn the_archive_url_is_a_path_unless_the_server_knows_its_own() {
    let host_is_evil = |world: &World, target: &str| {
        let mut wire = Wire::open(world.server.address());
        wire.send(format!(
            "GET {target} HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\n\r\n"
        ));
        wire.answer().unwrap()
    };
    let start = |builder| {
        let world = World::on(builder);
        world.group("acme").public_project("acme/network");
        world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
        world
    };
    for (world, base) in [
        (start(Server::builder()), ""),
        (
            start(Server::builder().flag("--external-url=https://registry.example:8443")),
            "https://registry.example:8443",
        ),
    ] {
        let answer = host_is_evil(&world, &format!("{VPC}/1.0.0/download")).must(204);
        let url = answer.header("x-terraform-get").unwrap();
        assert!(
            url.starts_with(&format!("{base}{VPC}/1.0.0/vpc-aws-1.0.0.tar.gz?checksum=sha256:")),
            "{url}"
        );
        assert_eq!(url.split("sha256:").nth(1), Some(world.server.blobs()[0].as_str()));
        let location = host_is_evil(&world, &format!("{VPC}/download")).must(302);
        assert_eq!(location.header("location"), Some(format!("{base}{VPC}/1.0.0/download").as_str()));
        for target in [format!("{VPC}/versions"), VPC.to_owned()] {
            let answer = host_is_evil(&world, &target).must(200);
            assert!(answer.text().contains(&format!("\"{base}/acme/network\"")), "{}", answer.text());
            assert!(!answer.text().contains("evil"), "{}", answer.text());
        }
    }
}

#[test]
fn a_project_tells_go_getter_where_the_archive_is() {
    let world = open(&["1.0.0", "1.1.0"]);
    let base = "/api/v4/projects/acme%2Fnetwork/packages/terraform/modules/vpc/aws";
    for (path, version) in [(base.to_owned(), "1.1.0"), (format!("{base}/1.0.0"), "1.0.0")] {
        let url = terraform_get(&world.anonymous(), &format!("{path}?terraform-get=1"));
        let host = format!("http://{}", world.server.address());
        assert_eq!(url, format!("{host}{path}?archive=tgz"));
        let archive = world.anonymous().get(url.strip_prefix(&host).unwrap()).must(200);
        assert_eq!(archive.body, Module::of(version).build());
    }
    world.anonymous().get(&format!("{base}/3.0.0?terraform-get=1")).must(404);
}

/// Every route that answers `GET`, with a target that succeeds.
fn routes(world: &World) -> Vec<String> {
    let package = world.package_id("acme/network", "vpc/aws", "1.0.0");
    let packages = "/api/v4/projects/acme%2Fnetwork/packages";
    let files = format!("{packages}/{package}/package_files");
    let file = world.root().get(&files).must(200).json()[0]["id"].clone();
    let mut routes: Vec<String> = [
        "/",
        "/.well-known/terraform.json",
        "/-/health",
        "/-/liveness",
        "/-/readiness",
        "/api/v4/user",
        "/api/v4/users",
        "/api/v4/users/1",
        "/api/v4/users/1/personal_access_tokens",
        "/api/v4/personal_access_tokens",
        "/api/v4/personal_access_tokens/self",
        "/api/v4/namespaces",
        "/api/v4/groups",
        "/api/v4/groups/acme",
        "/api/v4/groups/acme/subgroups",
        "/api/v4/groups/acme/projects",
        "/api/v4/groups/acme/packages",
        "/api/v4/groups/acme/members",
        "/api/v4/groups/acme/members/all",
        "/api/v4/groups/acme/deploy_tokens",
        "/api/v4/projects",
        "/api/v4/projects/acme%2Fnetwork",
        "/api/v4/projects/acme%2Fnetwork/members",
        "/api/v4/projects/acme%2Fnetwork/members/all",
        "/api/v4/projects/acme%2Fnetwork/deploy_tokens",
        "/api/v4/projects/acme%2Fnetwork/packages",
        "/api/v4/projects/acme%2Fnetwork/packages/terraform/modules/vpc/aws",
        "/api/v4/projects/acme%2Fnetwork/packages/terraform/modules/vpc/aws/1.0.0",
        "/api/v4/projects/acme%2Fnetwork/packages/terraform/modules/vpc/aws?terraform-get=1",
        "/api/v4/application/settings",
        "/api/v4/application/plan_limits",
        "/api/v4/version",
        "/api/v4/metadata",
    ]
    .map(str::to_owned)
    .to_vec();
    for part in [
        "/versions",
        "/download",
        "",
        "/1.0.0",
        "/1.0.0/download",
        "/1.0.0/file",
        "/1.0.0/vpc-aws-1.0.0.tar.gz",
    ] {
        routes.push(format!("{VPC}{part}"));
        routes.push(format!("/v1/modules/acme/vpc/aws{part}"));
    }
    for target in ["", "/search?q=vpc", "/acme", "/acme/vpc", "/none"] {
        routes.push(format!("/v1/modules{target}"));
    }
    routes.push("/v2/modules/acme/vpc/aws?include=module-versions".to_owned());
    routes.push("/v2/modules/acme/vpc/aws/downloads/summary".to_owned());
    routes.extend([
        format!("{packages}/{package}"),
        files.clone(),
        format!("{files}/{file}/download"),
        "/nowhere".to_owned(),
        format!("{VPC}/9.9.9"),
        format!("{VPC}/9.9.9/download"),
        "/api/v4/projects/none".to_owned(),
    ]);
    routes
}

/// What must not differ between `GET` and `HEAD`.
fn outline(answer: &Response) -> (u16, String, Vec<(String, String)>) {
    let answer = answer.clone().without_traces();
    let mut headers = answer.headers;
    headers.sort();
    (answer.status, answer.reason, headers)
}

#[test]
fn head_answers_like_get_without_the_body_on_every_route() {
    let world = open(&["1.0.0"]);
    for target in routes(&world) {
        let (get, head) = (world.root().get(&target), world.root().head(&target));
        assert_eq!(outline(&head), outline(&get), "{target}");
        assert_eq!(head.body.len(), 0, "{target}");
        assert!(get.header("x-request-id").is_some() && head.header("x-request-id").is_some(), "{target}");
        if get.status != 204 {
            let length: usize = get.header("content-length").expect(&target).parse().unwrap();
            assert_eq!(length, get.body.len(), "{target}");
        }
    }
}

#[test]
fn an_archive_is_sent_whole_in_part_or_not_again() {
    let world = open(&["1.0.0"]);
    let bytes = Module::of("1.0.0").build();
    let size = bytes.len();
    let file = format!("{VPC}/1.0.0/file");
    let whole = world.anonymous().get(&file).must(200);
    let tag = whole.header("etag").unwrap().to_owned();
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    assert_eq!(whole.header("content-disposition"), Some("attachment; filename=\"vpc-aws-1.0.0.tgz\""));
    assert_eq!(tag, format!("\"{}\"", world.server.blobs()[0]));
    for (situation, headers, status, expected) in [
        ("the beginning", &[("Range", "bytes=0-9")][..], 206, &bytes[..10]),
        ("the end", &[("Range", "bytes=-5")], 206, &bytes[size - 5..]),
        ("from the middle", &[("Range", "bytes=20-")], 206, &bytes[20..]),
        ("beyond the end", &[("Range", "bytes=10-99999999")], 206, &bytes[10..]),
        ("several ranges", &[("Range", "bytes=0-1,3-4")], 200, &bytes[..]),
        ("another unit", &[("Range", "lines=0-1")], 200, &bytes[..]),
        ("nothing of it", &[("Range", "bytes=99999999-")], 416, &[]),
        ("a range of the same file", &[("Range", "bytes=0-0"), ("If-Range", &tag)], 206, &bytes[..1]),
        ("a range of another file", &[("Range", "bytes=0-0"), ("If-Range", "\"x\"")], 200, &bytes[..]),
        ("known already", &[("If-None-Match", &tag)], 304, &[]),
        ("another one is known", &[("If-None-Match", "\"x\"")], 200, &bytes[..]),
    ] {
        let mut client = world.anonymous();
        for (name, value) in headers {
            client = client.with(name, value);
        }
        let answer = client.get(&file);
        assert_eq!((answer.status, answer.body.as_slice()), (status, expected), "{situation}");
        assert_eq!(outline(&client.head(&file)), outline(&answer), "{situation}");
        match status {
            206 => assert!(answer.header("content-range").unwrap().ends_with(&format!("/{size}"))),
            416 => assert_eq!(answer.header("content-range"), Some(format!("bytes */{size}").as_str())),
            _ => assert_eq!(answer.header("content-range"), None, "{situation}"),
        }
    }
}

#[test]
fn an_archive_never_has_a_content_coding() {
    let world = open(&["1.0.0"]);
    for coding in ["gzip", "gzip;q=0, identity;q=0", "br", "*"] {
        let answer = world.anonymous().with("Accept-Encoding", coding).get(&format!("{VPC}/1.0.0/file"));
        assert_eq!(answer.header("content-encoding"), None, "{coding}");
        assert_eq!(answer.must(200).body, Module::of("1.0.0").build(), "{coding}");
    }
}

#[test]
fn an_archive_has_the_name_that_its_url_ends_in() {
    let world = open(&["1.0.0"]);
    for (name, status) in [
        ("vpc-aws-1.0.0.tar.gz", 200),
        ("VPC-aws-1.0.0.tar.gz", 200),
        ("file", 200),
        ("vpc-aws-1.0.1.tar.gz", 404),
        ("other.tar.gz", 404),
        ("vpc-aws-1.0.0.zip", 404),
    ] {
        assert_eq!(world.anonymous().get(&format!("{VPC}/1.0.0/{name}")).status, status, "{name}");
    }
}

#[test]
fn the_most_recently_published_wins_version_by_version() {
    let world = World::start();
    let duplicates = json!({ "terraform_module_duplicates_allowed": true });
    world.group_with("acme", Visibility::Public, &duplicates);
    world.public_project("acme/one").project("acme/two");
    world.user("dev", Role::Guest, "acme/two");
    world.publish("acme/one", "vpc/aws", "1.0.0", Module::of("one"));
    world.publish("acme/two", "vpc/aws", "1.0.0", Module::of("two"));
    world.publish("acme/two", "vpc/aws", "1.1.0", Module::of("three"));
    world.publish("acme/one", "vpc/aws", "1.2.0", Module::of("four"));
    let file = |client: &Client, version: &str| client.get(&format!("{VPC}/{version}/file"));
    let dev = world.client("dev");
    assert_eq!(file(&dev, "1.0.0").must(200).body, Module::of("two").build());
    assert_eq!(file(&dev, "1.1.0").must(200).body, Module::of("three").build());
    assert_eq!(file(&dev, "1.2.0").must(200).body, Module::of("four").build());
    let anonymous = world.anonymous();
    assert_eq!(file(&anonymous, "1.0.0").must(200).body, Module::of("one").build(), "two is not visible");
    file(&anonymous, "1.1.0").must(404);
}

#[test]
fn a_deleted_version_is_free_at_once_and_its_bytes_go_when_nobody_holds_them() {
    let world = open(&[]);
    world.group("umbrella").public_project("umbrella/network");
    let shared = || Module::of("shared");
    world.publish("acme/network", "vpc/aws", "1.0.0", shared());
    world.publish("umbrella/network", "vpc/aws", "1.0.0", shared());
    world.publish("acme/network", "vpc/aws", "1.1.0", Module::of("own"));
    assert_eq!(world.server.blobs().len(), 2);
    let delete = |version: &str| {
        let package = world.package_id("acme/network", "vpc/aws", version);
        world.root().delete(&format!("/api/v4/projects/acme%2Fnetwork/packages/{package}")).must(204);
        world.root().get(&format!("/api/v4/projects/acme%2Fnetwork/packages/{package}")).must(404);
    };
    delete("1.0.0");
    delete("1.1.0");
    world.anonymous().get(&format!("{VPC}/1.0.0/file")).must(404);
    let empty = json!({ "modules": [{ "versions": [] }] });
    assert_eq!(world.anonymous().get(&format!("{VPC}/versions")).must(200).json(), empty);
    let dry = world.server.cli_ok(&["--json", "gc", "--dry-run", "--grace", "0"]);
    assert!(dry.contains("sha256") && world.server.blobs().len() == 2, "{dry}");
    world.server.cli_ok(&["gc", "--grace", "0"]);
    assert_eq!(world.server.blobs().len(), 1, "what another project holds stays");
    let other = format!("{MODULES}/umbrella/vpc/aws/1.0.0/file");
    assert_eq!(world.anonymous().get(&other).must(200).body, shared().build());
    upload(&world.root(), "acme/network", "vpc/aws", "1.0.0", Module::of("new")).must(201);
    assert_eq!(world.anonymous().get(&format!("{VPC}/1.0.0/file")).must(200).body, Module::of("new").build());
    world.server.cli_ok(&["verify"]);
}

#[test]
fn a_deleted_file_leaves_a_package_that_cannot_be_installed() {
    let world = open(&["1.0.0"]);
    let package = world.package_id("acme/network", "vpc/aws", "1.0.0");
    let files = format!("/api/v4/projects/{}/packages/{package}/package_files", encoded("acme/network"));
    let file = world.root().get(&files).must(200).json()[0]["id"].clone();
    world.root().delete(&format!("{files}/{file}")).must(204);
    world.anonymous().get(&format!("{VPC}/1.0.0/download")).must(404);
    assert_eq!(world.root().get(&files).must(200).json(), json!([]));
}

#[test]
fn packages_and_files_have_gitlabs_shape() {
    let world = open(&["1.0.0", "1.1.0"]);
    let list = world.root().get("/api/v4/projects/acme%2Fnetwork/packages?per_page=1").must(200);
    for (name, value) in [
        ("x-total", "2"),
        ("x-total-pages", "2"),
        ("x-page", "1"),
        ("x-per-page", "1"),
        ("x-next-page", "2"),
        ("x-prev-page", ""),
    ] {
        assert_eq!(list.header(name), Some(value), "{name}");
    }
    assert!(list.header("link").unwrap().contains("rel=\"next\""));
    let package = &list.json()[0];
    for (attribute, value) in [
        ("name", json!("vpc/aws")),
        ("version", json!("1.0.0")),
        ("package_type", json!("terraform_module")),
        ("status", json!("default")),
        ("tags", json!([])),
        ("warnings", json!([])),
    ] {
        assert_eq!(package[attribute], value, "{attribute}");
    }
    let one = format!("/api/v4/projects/acme%2Fnetwork/packages/{}", package["id"]);
    let versions: Value = world.root().get(&one).must(200).json()["versions"].clone();
    assert_eq!(versions[0]["version"], "1.1.0");
    let files = world.root().get(&format!("{one}/package_files")).must(200).json();
    assert_eq!(files[0]["file_name"], "vpc-aws-1.0.0.tgz");
    assert_eq!(files[0]["size"], Module::of("1.0.0").build().len());
    let group = world.root().get("/api/v4/groups/acme/packages").must(200).json();
    assert_eq!(group.as_array().unwrap().len(), 2);
    assert_eq!(group[0]["project_path"], "acme/network");
}
