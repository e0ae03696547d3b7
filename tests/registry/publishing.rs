//! Uploads: what is refused, with which status and words, and that a refusal leaves nothing behind.

use cairn::domain::{Role, Visibility};
use serde_json::json;

use crate::support::archive::Module;
use crate::support::client::{Client, Response};
use crate::support::eventually;
use crate::support::server::{ROOT_TOKEN, Server};
use crate::support::wire::Wire;
use crate::support::world::{World, upload, upload_path};

/// A world with the private project `acme/network`.
fn acme() -> World {
    let world = World::start();
    world.group("acme").project("acme/network");
    world
}

fn archive(text: &str) -> Vec<u8> {
    Module::of(text).build()
}

/// Asserts that nothing was published, and no bytes are left.
#[track_caller]
fn nothing_was_stored(world: &World, project: &str) {
    assert_eq!(world.packages(project), Vec::<serde_json::Value>::new());
    eventually("no staged upload is left", || world.server.staged_files().is_empty());
    eventually("no blob is left", || world.server.blobs().is_empty());
}

/// A form with one field.
fn form(field: &str, contents: &[u8]) -> Vec<u8> {
    let head =
        format!("--border\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"m.tgz\"\r\n\r\n");
    [head.as_bytes(), contents, b"\r\n--border--\r\n"].concat()
}

fn send_form(client: &Client, path: &str, field: &str, contents: &[u8]) -> Response {
    client.with("Content-Type", "multipart/form-data; boundary=border").put(path, &form(field, contents))
}

#[test]
fn a_raw_body_a_form_and_chunks_publish_the_same_bytes() {
    let world = acme();
    let bytes = archive("one");
    let path = |version: &str| upload_path("acme/network", "vpc/aws", version);
    let answer = world.root().put(&path("1.0.0"), &bytes).must(201);
    assert_eq!(answer.json(), json!({ "message": "201 Created" }));
    send_form(&world.root(), &path("1.0.1"), "file", &bytes).must(201);
    let mut wire = Wire::open(world.server.address());
    wire.send(head("PUT", &path("1.0.2"), "Transfer-Encoding: chunked\r\n"));
    for piece in bytes.chunks(7) {
        wire.send(format!("{:x}\r\n", piece.len())).send(piece).send("\r\n");
    }
    wire.send("0\r\n\r\n");
    wire.answer().unwrap().must(201);
    for version in ["1.0.0", "1.0.1", "1.0.2"] {
        let get = format!("/api/v4/projects/acme%2Fnetwork/packages/terraform/modules/vpc/aws/{version}");
        assert_eq!(world.root().get(&get).must(200).body, bytes, "{version}");
    }
    assert_eq!(world.server.blobs().len(), 1, "the same bytes are kept once");
}

/// The head of a request of the administrator.
fn head(method: &str, target: &str, more: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: x\r\nPRIVATE-TOKEN: {ROOT_TOKEN}\r\n{more}\r\n")
}

#[test]
fn names_and_versions_that_terraform_could_not_use_are_refused() {
    let world = acme();
    let long_name = "n".repeat(65);
    let long_system = "s".repeat(65);
    let cases = [
        ("a leading v", "vpc/aws", "v1.0.0", 400, "starts with a \\\"v\\\""),
        ("two numbers", "vpc/aws", "1.0", 400, "not a semantic version"),
        ("a leading zero", "vpc/aws", "01.0.0", 400, "not a semantic version"),
        ("an empty prerelease", "vpc/aws", "1.0.0-", 400, "not a semantic version"),
        ("a word", "vpc/aws", "latest", 400, "not a semantic version"),
        ("a number beyond 64 bits", "vpc/aws", "1.0.99999999999999999999", 400, "version"),
        ("a name that begins with a hyphen", "-vpc/aws", "1.0.0", 422, "name"),
        ("a name that ends in an underscore", "vpc_/aws", "1.0.0", 422, "name"),
        ("a name with a dot", "v.pc/aws", "1.0.0", 422, "name"),
        ("a name that is too long", &format!("{long_name}/aws"), "1.0.0", 422, "name"),
        ("a name beyond ASCII", "v%C3%BCpc/aws", "1.0.0", 422, "name"),
        ("a system in capitals", "vpc/AWS", "1.0.0", 422, "system"),
        ("a system with a hyphen", "vpc/a-ws", "1.0.0", 422, "system"),
        ("a system that is too long", &format!("vpc/{long_system}"), "1.0.0", 422, "system"),
    ];
    for (situation, module, version, status, words) in cases {
        let answer = upload(&world.root(), "acme/network", module, version, archive("one"));
        assert_eq!(answer.status, status, "{situation}: {}", answer.text());
        assert!(answer.text().contains(words), "{situation}: {}", answer.text());
    }
    nothing_was_stored(&world, "acme/network");
    for (module, version) in [("v/a", "0.0.0"), ("A-b_9/x9", "1.2.3-rc.1+build.5")] {
        upload(&world.root(), "acme/network", module, version, archive("one")).must(201);
    }
}

#[test]
fn an_upload_without_a_file_is_refused() {
    let world = acme();
    let path = upload_path("acme/network", "vpc/aws", "1.0.0");
    let root = world.root();
    for (situation, answer) in [
        ("an empty body", root.put(&path, b"")),
        ("no body", root.request("PUT", &path, None)),
        ("a form with another field", send_form(&root, &path, "archive", &archive("one"))),
        ("a form without an end", {
            let cut = form("file", &archive("one"));
            root.with("Content-Type", "multipart/form-data; boundary=border")
                .put(&path, &cut[..cut.len() - 30])
        }),
        ("a form without a border", root.with("Content-Type", "multipart/form-data").put(&path, b"x")),
    ] {
        assert_eq!(answer.status, 400, "{situation}: {}", answer.text());
        assert!(answer.json()["error"].is_string(), "{situation}: {}", answer.text());
    }
    nothing_was_stored(&world, "acme/network");
}

#[test]
fn what_is_no_module_is_refused_and_the_entry_named() {
    let world = acme();
    let truncated = {
        let whole = archive("one");
        whole[..whole.len() - 4].to_vec()
    };
    for (situation, bytes, words) in [
        ("text", b"hello".to_vec(), "gzip"),
        ("a truncated archive", truncated, ""),
        ("bytes behind the archive", [archive("one"), b"more".to_vec()].concat(), ""),
        ("a path that climbs", Module::of("one").file("../evil.tf", "x").build(), "evil.tf"),
        ("no configuration", Module::new().file("README.md", "x").build(), ".tf"),
        ("one directory around it", Module::new().file("top/main.tf", "x").build(), "top"),
    ] {
        let path = upload_path("acme/network", "vpc/aws", "1.0.0");
        for (way, answer) in [
            ("raw", world.root().put(&path, &bytes)),
            ("form", send_form(&world.root(), &path, "file", &bytes)),
        ] {
            assert_eq!(answer.status, 422, "{situation}, {way}: {}", answer.text());
            assert!(answer.text().contains(words), "{situation}, {way}: {}", answer.text());
        }
    }
    nothing_was_stored(&world, "acme/network");
}

#[test]
fn exactly_the_limit_is_accepted_and_a_byte_more_is_not() {
    let bytes = Module::new().file("main.tf", "#".repeat(5000)).build();
    let config = format!("[limits]\nupload-bytes = {}\n", bytes.len());
    let world = World::on(Server::builder().config(&config));
    world.group("acme").project("acme/network");
    let larger = Module::new().file("main.tf", "#".repeat(5000)).file("a.tf", "x = 1").build();
    assert!(larger.len() > bytes.len());
    let path = |version: &str| upload_path("acme/network", "vpc/aws", version);
    let mut wire = Wire::open(world.server.address());
    wire.send(head("PUT", &path("1.0.0"), "Transfer-Encoding: chunked\r\n"));
    wire.send(format!("{:x}\r\n", larger.len())).send(&larger).send("\r\n0\r\n\r\n");
    for (way, answer) in [
        ("raw", world.root().put(&path("1.0.0"), &larger)),
        ("form", send_form(&world.root(), &path("1.0.0"), "file", &larger)),
        ("chunked", wire.answer().unwrap()),
    ] {
        assert_eq!(answer.status, 400, "{way}: {}", answer.text());
        assert!(answer.text().contains("too large"), "{way}: {}", answer.text());
    }
    nothing_was_stored(&world, "acme/network");
    world.root().put(&path("1.0.0"), &bytes).must(201);
    send_form(&world.root(), &path("1.0.1"), "file", &bytes).must(201);
}

#[test]
fn the_instance_has_a_limit_of_its_own() {
    let world = acme();
    let limits = "/api/v4/application/plan_limits";
    world.root().put_json(limits, &json!({ "terraform_module_max_file_size": 10 })).must(200);
    let refused = upload(&world.root(), "acme/network", "vpc/aws", "1.0.0", archive("one")).must(400);
    assert!(refused.text().contains("at most 10 bytes"), "{}", refused.text());
}

#[test]
fn a_version_never_changes_and_the_refusal_says_whether_the_bytes_are_the_same() {
    let world = acme();
    world.publish("acme/network", "vpc/aws", "1.0.0+one", archive("one"));
    let again = |version: &str, text: &str| {
        let answer = upload(&world.root(), "acme/network", "vpc/aws", version, archive(text));
        answer.must(403).json()["message"].as_str().unwrap().to_owned()
    };
    assert!(again("1.0.0+one", "one").contains("with the same bytes"));
    assert!(again("1.0.0+one", "two").contains("with other bytes"));
    assert!(again("1.0.0", "two").contains("1.0.0+one"), "without build metadata");
    assert!(again("1.0.0+two", "one").contains("with the same bytes"), "with other build metadata");
    let capitals = upload(&world.root(), "acme/network", "VPC/aws", "1.0.0", archive("one"));
    assert!(capitals.must(403).text().contains("already exists"));
    assert_eq!(world.packages("acme/network").len(), 1);
    assert_eq!(world.server.blobs().len(), 1);
}

#[test]
fn many_publish_one_version_at_once_and_one_wins() {
    let world = acme();
    let answers: Vec<Response> = std::thread::scope(|scope| {
        let uploads: Vec<_> = (0..12)
            .map(|number| {
                let root = world.root();
                scope.spawn(move || {
                    upload(&root, "acme/network", "vpc/aws", "1.0.0", archive(&format!("by {number}")))
                })
            })
            .collect();
        uploads.into_iter().map(|upload| upload.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 403)), "{answers:?}");
    assert_eq!(world.packages("acme/network").len(), 1);
    eventually("the losers' bytes are gone", || world.server.blobs().len() == 1);
}

#[test]
fn a_form_is_told_about_the_same_bytes_too() {
    let world = acme();
    world.publish("acme/network", "vpc/aws", "1.0.0", archive("one"));
    let path = upload_path("acme/network", "vpc/aws", "1.0.0");
    for (text, words) in [("one", "with the same bytes"), ("two", "with other bytes")] {
        let refused = send_form(&world.root(), &path, "file", &archive(text)).must(403).text();
        assert!(refused.contains(words), "{refused}");
    }
}

#[test]
fn a_form_with_other_fields_publishes_its_file() {
    let world = acme();
    let other = |name: &str, size: usize| {
        let head = format!("--border\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        [head.into_bytes(), vec![b'x'; size], b"\r\n".to_vec()].concat()
    };
    let body = [other("a", 3), other("b", 1_000_000), form("file", &archive("one"))].concat();
    let client = world.root().with("Content-Type", "Multipart/Form-Data; boundary=\"border\"");
    client.put(&upload_path("acme/network", "vpc/aws", "1.0.0"), &body).must(201);
}

#[test]
fn a_form_whose_field_never_begins_is_refused_early() {
    let world = acme();
    let path = upload_path("acme/network", "vpc/aws", "1.0.0");
    let head = b"--border\r\nContent-Disposition: form-data; name=\"file\"\r\nX: ".to_vec();
    let endless = [head, vec![b'x'; 8 * 1024 * 1024]].concat();
    let refused = world
        .root()
        .with("Content-Type", "multipart/form-data; boundary=border")
        .put(&path, &endless)
        .must(400);
    assert!(refused.text().contains("65536 bytes"), "{}", refused.text());
    nothing_was_stored(&world, "acme/network");
}

#[test]
fn who_loses_a_race_with_the_same_bytes_is_told_so() {
    let world = acme();
    let answers: Vec<Response> = std::thread::scope(|scope| {
        let publish = || upload(&world.root(), "acme/network", "vpc/aws", "1.0.0", archive("one"));
        let uploads: Vec<_> = (0..12).map(|_| scope.spawn(publish)).collect();
        uploads.into_iter().map(|upload| upload.join().unwrap()).collect()
    });
    let refused: Vec<String> =
        answers.iter().filter(|answer| answer.status == 403).map(Response::text).collect();
    assert_eq!(refused.len(), 11, "{answers:?}");
    assert!(refused.iter().all(|text| text.contains("with the same bytes")), "{refused:?}");
    assert_eq!(world.server.blobs().len(), 1);
}

#[test]
fn a_module_of_another_project_is_refused_unless_duplicates_are_allowed() {
    let world = World::start();
    world.group("acme").project("acme/one").project("acme/two");
    world.user("dev", Role::Developer, "acme/two").user("both", Role::Developer, "acme/two");
    world.member("both", Role::Guest, "acme/one");
    world.publish("acme/one", "vpc/aws", "1.0.0", archive("one"));
    let publish =
        |who: &str, module: &str| upload(&world.client(who), "acme/two", module, "2.0.0", archive("x"));
    let hidden = publish("dev", "vpc/aws").must(403).text();
    assert!(hidden.contains("another project") && !hidden.contains("acme/one"), "{hidden}");
    let named = publish("both", "vpc/aws").must(403).text();
    assert!(named.contains("acme/one"), "{named}");
    nothing_was_published_in(&world, "acme/two");

    let exception = "terraform_module_duplicate_exception_regex";
    world.change_group("acme", &json!({ exception: "lb/.*" }));
    publish("dev", "vpc/aws").must(403);
    world.change_group("acme", &json!({ exception: "vpc/.*" }));
    publish("dev", "vpc/aws").must(201);
    world.change_group("acme", &json!({ exception: "" }));
    world.publish("acme/one", "lb/aws", "1.0.0", archive("one"));
    publish("dev", "lb/aws").must(403);
    world.change_group("acme", &json!({ "terraform_module_duplicates_allowed": true }));
    publish("dev", "lb/aws").must(201);
}

#[track_caller]
fn nothing_was_published_in(world: &World, project: &str) {
    assert!(world.packages(project).is_empty());
}

#[test]
fn another_namespace_may_have_the_same_module() {
    let world = World::start();
    world.group_with("acme", Visibility::Private, &json!({})).project("acme/one");
    world.group_with("umbrella", Visibility::Private, &json!({})).project("umbrella/one");
    world.publish("acme/one", "vpc/aws", "1.0.0", archive("one"));
    world.publish("umbrella/one", "vpc/aws", "1.0.0", archive("one"));
}

#[test]
fn a_client_that_waits_to_be_asked_is_refused_without_sending() {
    let world = acme();
    world.publish("acme/network", "vpc/aws", "1.0.0", archive("one"));
    for (situation, path, status) in [
        ("a version that is there", upload_path("acme/network", "vpc/aws", "1.0.0"), 403),
        ("a bad version", upload_path("acme/network", "vpc/aws", "one"), 400),
        ("an unknown project", upload_path("acme/none", "vpc/aws", "1.0.0"), 404),
        ("another method's path", "/api/v4/projects/acme%2Fnetwork/packages".to_owned(), 405),
    ] {
        let mut wire = Wire::open(world.server.address());
        wire.send(head("PUT", &path, "Expect: 100-continue\r\nContent-Length: 1000000\r\n"));
        let answer = wire.answer().unwrap();
        assert_eq!(answer.status, status, "{situation}: {}", answer.text());
        wire.must_be_closed();
    }
    let bytes = archive("two");
    let mut wire = Wire::open(world.server.address());
    let path = upload_path("acme/network", "vpc/aws", "1.0.1");
    let length = format!("Expect: 100-continue\r\nContent-Length: {}\r\n", bytes.len());
    wire.send(head("PUT", &path, &length));
    assert_eq!(wire.answer().unwrap().status, 100, "asked to go on");
    wire.send(&bytes);
    wire.answer().unwrap().must(201);
}

#[test]
fn a_client_that_was_asked_to_go_on_gets_to_read_the_refusal() {
    let world = World::on(Server::builder().config("[limits]\nupload-bytes = 1000\n"));
    world.group("acme").project("acme/network");
    let path = upload_path("acme/network", "vpc/aws", "1.0.0");
    let mut wire = Wire::open(world.server.address());
    wire.send(head("PUT", &path, "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n"));
    assert_eq!(wire.answer().unwrap().status, 100);
    let large = Module::new().file("main.tf", noise(8 * 1024 * 1024)).build();
    wire.send(format!("{:x}\r\n", large.len())).send(&large).send("\r\n0\r\n\r\n");
    wire.answer().expect("an answer, not a reset").must(400);
    nothing_was_stored(&world, "acme/network");
}

/// Bytes that begin like gzip and do not compress.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(length)
    .collect();
    noise[..10].copy_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    noise
}

#[test]
fn a_refusal_is_readable_while_the_client_still_sends() {
    let world = acme();
    world.publish("acme/network", "vpc/aws", "1.0.0", archive("one"));
    let large = noise(24 * 1024 * 1024);
    for (situation, client, version, status) in [
        ("no credential", world.anonymous(), "2.0.0", 401),
        ("a bad credential", world.anonymous().token("nobody-has-this"), "2.0.0", 401),
        ("a version that is there", world.root(), "1.0.0", 403),
        ("a bad version", world.root(), "one", 400),
        ("not an archive", world.root(), "2.0.0", 422),
    ] {
        let answer = client.put(&upload_path("acme/network", "vpc/aws", version), &large);
        assert_eq!(answer.status, status, "{situation}: {}", answer.text());
    }
    assert_eq!(world.packages("acme/network").len(), 1);
    eventually("no staged upload is left", || world.server.staged_files().is_empty());
}

#[test]
fn a_client_that_leaves_in_the_middle_leaves_nothing_behind() {
    let world = acme();
    let bytes = archive("one");
    for (number, more) in
        ["Content-Length: 100000\r\n", "Transfer-Encoding: chunked\r\n"].into_iter().enumerate()
    {
        let mut wire = Wire::open(world.server.address());
        wire.send(head("PUT", &upload_path("acme/network", "vpc/aws", "1.0.0"), more));
        if number == 1 {
            wire.send(format!("{:x}\r\n", bytes.len())).send(&bytes).send("\r\n");
        } else {
            wire.send(&bytes);
        }
        eventually("the upload has begun", || !world.server.staged_files().is_empty());
        drop(wire);
        nothing_was_stored(&world, "acme/network");
    }
}

#[test]
fn the_registry_off_refuses_before_the_body() {
    let world = acme();
    let put = || upload(&world.root(), "acme/network", "vpc/aws", "1.0.0", archive("one"));
    world.settings(&json!({ "packages_enabled": false }));
    put().must(404);
    world.settings(&json!({ "packages_enabled": true }));
    world.change_project("acme/network", &json!({ "package_registry_access_level": "disabled" }));
    put().must(403);
    world.change_project("acme/network", &json!({ "package_registry_access_level": "enabled" }));
    nothing_was_stored(&world, "acme/network");
    put().must(201);
}

#[test]
fn what_readers_should_know_is_kept_as_warnings() {
    let world = acme();
    let module = Module::of("one").file("terraform.tfstate", "{}").file("broken.tf", "resource {{{");
    world.publish("acme/network", "vpc/aws", "1.0.0", module);
    let package = world.package_id("acme/network", "vpc/aws", "1.0.0");
    let shown =
        world.root().get(&format!("/api/v4/projects/acme%2Fnetwork/packages/{package}")).must(200).json();
    let warnings = shown["warnings"].as_array().unwrap();
    for path in ["terraform.tfstate", "broken.tf"] {
        let warning = warnings.iter().find(|warning| warning["path"] == path).expect(path);
        assert!(warning["code"].is_string() && warning["message"].is_string(), "{warning}");
    }
}
