//! What the public registry's API tells about modules: lists, search, details, download counts, refusals.

use cairn::domain::{RegistryAccess, Role, Visibility};
use serde_json::{Value, json};

use crate::support::archive::Module;
use crate::support::client::Client;
use crate::support::server::Server;
use crate::support::world::{MODULES, World, upload};

/// A module with a bit of everything.
pub(crate) fn whole() -> Module {
    Module::new()
        .file(
            "README.md",
            "# VPC\n\n[![CI](https://ci.example/b.svg)](https://ci.example)\n\nMakes a **network** with\n[subnets](https://a.example).\n\n## Use\n",
        )
        .file(
            "main.tf",
            "resource \"aws_vpc\" \"this\" {}\ndata \"aws_region\" \"here\" {}\n\
             module \"subnet\" {\n  source = \"./modules/subnet\"\n}\n\
             module \"labels\" {\n  source  = \"acme/labels/any\"\n  version = \"~> 1.0\"\n}\n",
        )
        .file(
            "variables.tf",
            "variable \"cidr\" {\n  type        = string\n  description = \"The range\"\n}\n\
             variable \"region\" {\n  type    = string\n  default = \"eu-west-1\"\n}\n\
             variable \"zone\" {\n  type    = string\n  default = null\n}\n",
        )
        .file("outputs.tf", "output \"id\" {\n  description = \"Its id\"\n  value = aws_vpc.this.id\n}\n")
        .file(
            "versions.tf",
            "terraform {\n  required_providers {\n    aws = {\n      source  = \"hashicorp/aws\"\n      version = \">= 5.0\"\n    }\n\
             \x20   internal = {\n      source = \"registry.example.com/acme/internal\"\n    }\n    random = {}\n  }\n}\n",
        )
        .file("modules/subnet/main.tf", "variable \"cidr\" {}\nresource \"aws_subnet\" \"this\" {}\n")
        .file("modules/subnet/README.md", "A subnet.\n")
        .file("examples/basic/main.tf", "module \"vpc\" {\n  source = \"../..\"\n}\n")
}

/// A world whose project `acme/network` anyone may read.
fn open() -> World {
    let world = World::start();
    world.group("acme").public_project("acme/network");
    world
}

fn list(client: &Client, target: &str) -> Value {
    client.get(target).must(200).json()
}

/// The identifiers of the modules in a list.
fn ids(client: &Client, target: &str) -> Vec<String> {
    let answer = list(client, target);
    let rows = answer["modules"].as_array().unwrap_or_else(|| panic!("{target}: {answer}"));
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn details_tell_everything_about_a_version() {
    let world = World::on(Server::builder().flag("--external-url=https://registry.example.com"));
    world.group("acme").public_project("acme/network").user("ada", Role::Developer, "acme/network");
    upload(&world.client("ada"), "acme/network", "Vpc/aws", "1.10.0", whole()).must(201);
    world.publish("acme/network", "vpc/aws", "1.9.0", Module::of("older"));
    world.publish("acme/network", "vpc/google", "0.1.0", Module::of("other"));
    let mut details = world.anonymous().get("/v1/modules/ACME/vpc/aws").must(200).json();
    let published = details["published_at"].take();
    let published: jiff::Timestamp = published.as_str().unwrap().parse().unwrap();
    assert!(published.as_second() > 1_700_000_000);
    let empty = json!([]);
    let expected = json!({
        "id": "acme/Vpc/aws/1.10.0",
        "owner": "ada",
        "namespace": "acme",
        "name": "Vpc",
        "version": "1.10.0",
        "provider": "aws",
        "provider_logo_url": "",
        "description": "Makes a network with subnets.",
        "source": "https://registry.example.com/acme/network",
        "tag": "",
        "published_at": null,
        "downloads": 0,
        "verified": false,
        "root": {
            "path": "",
            "name": "Vpc",
            "readme": "# VPC\n\n[![CI](https://ci.example/b.svg)](https://ci.example)\n\nMakes a **network** with\n[subnets](https://a.example).\n\n## Use\n",
            "empty": false,
            "inputs": [
                { "name": "cidr", "type": "string", "description": "The range", "default": "", "required": true },
                { "name": "region", "type": "string", "description": "", "default": "\"eu-west-1\"", "required": false },
                { "name": "zone", "type": "string", "description": "", "default": "null", "required": false },
            ],
            "outputs": [{ "name": "id", "description": "Its id" }],
            "dependencies": [{ "name": "labels", "source": "acme/labels/any", "version": "~> 1.0" }],
            "provider_dependencies": [
                { "name": "aws", "namespace": "hashicorp", "source": "hashicorp/aws", "version": ">= 5.0" },
                { "name": "internal", "namespace": "acme", "source": "registry.example.com/acme/internal", "version": "" },
                { "name": "random", "namespace": "hashicorp", "source": "hashicorp/random", "version": "" },
            ],
            "resources": [{ "name": "this", "type": "aws_vpc" }],
        },
        "submodules": [{
            "path": "modules/subnet",
            "name": "subnet",
            "readme": "A subnet.\n",
            "empty": false,
            "inputs": [{ "name": "cidr", "type": "", "description": "", "default": "", "required": true }],
            "outputs": empty,
            "dependencies": empty,
            "provider_dependencies": empty,
            "resources": [{ "name": "this", "type": "aws_subnet" }],
        }],
        "examples": [{
            "path": "examples/basic",
            "name": "basic",
            "readme": "",
            "empty": false,
            "inputs": empty,
            "outputs": empty,
            "dependencies": empty,
            "provider_dependencies": empty,
            "resources": empty,
        }],
        "providers": ["aws", "google"],
        "versions": ["1.9.0", "1.10.0"],
        "deprecation": null,
    });
    assert_eq!(details, expected);
    let older = world.anonymous().get("/v1/modules/acme/vpc/aws/v1.9.0").must(200).json();
    assert_eq!(older["id"], "acme/Vpc/aws/1.9.0");
    assert_eq!(older["owner"], "root");
    assert_eq!(older["root"]["empty"], true);
    assert_eq!(older["versions"], json!(["1.9.0", "1.10.0"]));
}

#[test]
fn the_protocols_base_keeps_its_smaller_shape() {
    let world = open();
    world.publish("acme/network", "vpc/aws", "1.0.0", whole());
    let small = list(&world.anonymous(), &format!("{MODULES}/acme/vpc/aws"));
    assert_eq!((&small["name"], &small["root"]), (&json!("vpc/aws"), &json!({ "dependencies": [] })));
    for target in
        [format!("{MODULES}/acme/vpc"), format!("{MODULES}/acme"), format!("{MODULES}/search?q=vpc")]
    {
        world.anonymous().get(&target).must(404);
    }
    let versions = |base: &str| list(&world.anonymous(), &format!("{base}/acme/vpc/aws/versions"));
    assert_eq!(versions(MODULES), versions("/v1/modules"));
}

#[test]
fn words_of_the_protocol_are_words_only_where_it_has_them() {
    let world = open();
    world.publish("acme/network", "vpc/versions", "1.0.0", Module::of("one"));
    world.publish("acme/network", "search/aws", "1.0.0", Module::of("two"));
    let client = world.anonymous();
    assert_eq!(list(&client, "/v1/modules/acme/vpc/versions")["id"], "acme/vpc/versions/1.0.0");
    assert!(list(&client, "/v1/modules/acme/vpc/versions/versions")["modules"][0]["versions"].is_array());
    assert_eq!(list(&client, "/v1/modules/acme/search/aws")["id"], "acme/search/aws/1.0.0");
    assert_eq!(ids(&client, "/v1/modules/acme/search"), ["acme/search/aws/1.0.0"]);
    client.get("/v1/modules/search").must(400);
}

#[test]
fn lists_have_the_latest_version_of_each_module_in_order_of_address() {
    let world = open();
    world.group("Zoo").public_project("Zoo/animals").group("acme/sub").public_project("acme/sub/deep");
    for (project, module, versions) in [
        ("acme/network", "vpc/google", &["1.0.0"][..]),
        ("acme/network", "vpc/aws", &["1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1"]),
        ("acme/network", "Dns/aws", &["0.1.0-beta"]),
        ("acme/sub/deep", "ip/aws", &["1.0.0"]),
        ("Zoo/animals", "ape/local", &["1.0.0"]),
    ] {
        for version in versions {
            world.publish(project, module, version, Module::of(version));
        }
    }
    let sub = world.group_id("acme/sub");
    let acme =
        ["acme/Dns/aws/0.1.0-beta", "acme/ip/aws/1.0.0", "acme/vpc/aws/1.10.0", "acme/vpc/google/1.0.0"];
    let (ape, deep) = ("Zoo/ape/local/1.0.0", format!("{sub}/ip/aws/1.0.0"));
    let number = world.group_id("acme");
    for (target, expected) in [
        ("", [&acme[..], &[ape]].concat()),
        ("/", [&acme[..], &[ape]].concat()),
        ("?provider=aws", acme[..3].to_vec()),
        ("?provider=local&provider=google", vec![acme[3], ape]),
        ("?provider=", [&acme[..], &[ape]].concat()),
        ("?namespace=zoo", vec![ape]),
        ("?verified=true", vec![]),
        ("?verified=false&namespace=zoo", vec![ape]),
        ("/ACME", acme.to_vec()),
        (&format!("/{number}"), acme.to_vec()),
        (&format!("/{sub}"), vec![deep.as_str()]),
        ("/acme%2Fsub", vec![deep.as_str()]),
        ("/acme?provider=google", vec![acme[3]]),
        ("/acme?namespace=zoo", acme.to_vec()),
        ("/acme/VPC", acme[2..].to_vec()),
        ("/acme/vp", vec![]),
        ("/acme/not..valid", vec![]),
        ("/none", vec![]),
        ("/none/vpc", vec![]),
    ] {
        assert_eq!(ids(&world.anonymous(), &format!("/v1/modules{target}")), expected, "{target}");
    }
    let deep = list(&world.anonymous(), &format!("/v1/modules/{sub}/ip/aws"));
    assert_eq!(deep["id"], format!("{sub}/ip/aws/1.0.0"), "the address a list gives is one that works");
}

#[test]
fn lists_come_in_parts_that_say_where_the_others_are() {
    let world = open();
    for name in ["a", "b", "c", "d", "e"] {
        world.publish("acme/network", &format!("{name}/aws"), "1.0.0", Module::of(name));
    }
    for (target, meta, rows) in [
        ("/v1/modules", json!({ "limit": 15, "current_offset": 0 }), 5),
        ("/v1/modules?limit=5", json!({ "limit": 5, "current_offset": 0 }), 5),
        (
            "/v1/modules?limit=2&verified=false&secret=x",
            json!({
                "limit": 2, "current_offset": 0,
                "next_offset": 2, "next_url": "/v1/modules?limit=2&offset=2&verified=false",
            }),
            2,
        ),
        (
            "/v1/modules?limit=2&offset=2",
            json!({
                "limit": 2, "current_offset": 2,
                "next_offset": 4, "next_url": "/v1/modules?limit=2&offset=4",
                "prev_offset": 0, "prev_url": "/v1/modules?limit=2",
            }),
            2,
        ),
        (
            "/v1/modules/acme?limit=2&offset=3&provider=aws&provider=google",
            json!({
                "limit": 2, "current_offset": 3,
                "prev_offset": 1, "prev_url": "/v1/modules/acme?limit=2&offset=1&provider=aws&provider=google",
            }),
            2,
        ),
        ("/v1/modules/search?limit=1&q=ac%26me%20x", json!({ "limit": 1, "current_offset": 0 }), 0),
        (
            "/v1/modules/search?limit=1&q=acme+aws",
            json!({
                "limit": 1, "current_offset": 0,
                "next_offset": 1, "next_url": "/v1/modules/search?limit=1&offset=1&q=acme+aws",
            }),
            1,
        ),
        (
            "/v1/modules?offset=5000",
            json!({
                "limit": 15, "current_offset": 5000,
                "prev_offset": 4985, "prev_url": "/v1/modules?limit=15&offset=4985",
            }),
            0,
        ),
        ("/v1/modules?limit=100000", json!({ "limit": 100, "current_offset": 0 }), 5),
        ("/v1/modules?limit=&offset=", json!({ "limit": 15, "current_offset": 0 }), 5),
    ] {
        let answer = list(&world.anonymous(), target);
        assert_eq!(answer["meta"], meta, "{target}");
        assert_eq!(answer["modules"].as_array().unwrap().len(), rows, "{target}");
    }
    let (mut next, mut seen) = (Some("/v1/modules?limit=2".to_owned()), Vec::new());
    while let Some(target) = next {
        seen.extend(ids(&world.anonymous(), &target));
        next = list(&world.anonymous(), &target)["meta"]["next_url"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"].map(|name| format!("acme/{name}/aws/1.0.0")));
}

#[test]
fn a_search_finds_every_word_and_puts_names_first() {
    let world = open();
    world.group("net").public_project("net/all");
    let about =
        |text: &str| Module::new().file("main.tf", text).file("README.md", format!("# X\n\n{text}\n"));
    for (project, module, text) in [
        ("acme/network", "net/aws", "Exact"),
        ("acme/network", "network/aws", "Begins"),
        ("acme/network", "subnet/aws", "Contains"),
        ("acme/network", "vpc/aws", "Makes a Net of FOO things"),
        ("acme/network", "dns/google", "Names"),
        ("net/all", "zone/aws", "In the namespace"),
    ] {
        world.publish(project, module, "1.0.0", about(text));
    }
    for (query, expected) in [
        ("q=net", &["net", "network", "subnet", "vpc", "zone"][..]),
        ("q=NET", &["net", "network", "subnet", "vpc", "zone"]),
        ("q=foo+net", &["vpc"]),
        ("q=foo%20dns", &[]),
        ("q=acme/vpc", &["vpc"]),
        ("q=google", &["dns"]),
        ("q=net&provider=google", &[]),
        ("q=net&namespace=net", &["zone"]),
        ("q=net&limit=2&offset=1", &["network", "subnet"]),
        ("q=", &["dns", "net", "network", "subnet", "vpc", "zone"]),
        ("q=%00", &[]),
        ("q=%25", &[]),
        ("q=.*", &[]),
    ] {
        let answer = list(&world.anonymous(), &format!("/v1/modules/search?{query}"));
        let rows = answer["modules"].as_array().unwrap();
        let names: Vec<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
        assert_eq!(names, expected, "{query}");
    }
    let row = &list(&world.anonymous(), "/v1/modules/search?q=foo")["modules"][0];
    assert_eq!(row["description"], "Makes a Net of FOO things");
    assert!(row["root"].is_null() && row["source"].as_str().unwrap().ends_with("/acme/network"), "{row}");
}

#[test]
fn a_search_knows_the_words_of_the_latest_version_only() {
    let world = open();
    let about = |text: &str| Module::new().file("main.tf", text).file("README.md", format!("{text}\n"));
    let found = |word: &str| ids(&world.anonymous(), &format!("/v1/modules/search?q={word}"));
    world.publish("acme/network", "vpc/aws", "1.0.0", about("apples"));
    world.publish("acme/network", "vpc/aws", "2.0.0", about("pears"));
    world.publish("acme/network", "vpc/aws", "1.5.0", about("plums"));
    world.publish("acme/network", "vpc/aws", "3.0.0-rc.1", about("figs"));
    assert_eq!(
        (found("pears").len(), found("apples").len(), found("plums").len(), found("figs").len()),
        (1, 0, 0, 0)
    );
    world.delete_package("acme/network", "vpc/aws", "2.0.0");
    assert_eq!((found("pears").len(), found("plums").len()), (0, 1), "1.5.0 is the latest now");
    world.delete_package("acme/network", "vpc/aws", "1.5.0");
    world.delete_package("acme/network", "vpc/aws", "1.0.0");
    assert_eq!(found("figs"), ["acme/vpc/aws/3.0.0-rc.1"], "there is nothing but the prerelease");
    world.delete_package("acme/network", "vpc/aws", "3.0.0-rc.1");
    assert_eq!(found("vpc"), [""; 0]);
    world.publish("acme/network", "vpc/aws", "1.0.0", about("apples"));
    assert_eq!(found("apples"), ["acme/vpc/aws/1.0.0"]);
}

#[test]
fn a_module_without_a_readme_is_described_by_its_project() {
    let world = open();
    world.change_project("acme/network", &json!({ "description": "Networks of Acme" }));
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("one"));
    assert_eq!(list(&world.anonymous(), "/v1/modules")["modules"][0]["description"], "Networks of Acme");
}

#[test]
fn nobody_sees_or_counts_what_they_may_not_pull() {
    let world = World::start();
    world.group("acme").public_project("acme/open").project("acme/closed");
    world.group_with("hidden", Visibility::Private, &json!({})).project("hidden/all");
    world.project_with("acme/off", Visibility::Public, RegistryAccess::Disabled);
    world.project_with("acme/inside", Visibility::Internal, RegistryAccess::Enabled);
    world.change_group("acme", &json!({ "terraform_module_duplicates_allowed": true }));
    world.stranger("stranger").user("member", Role::Guest, "acme/closed");
    world.deploy_token("reader", "acme/closed", &["read_package_registry"]);
    let text = |text: &str| Module::new().file("main.tf", "").file("README.md", format!("{text}\n"));
    world.publish("acme/open", "vpc/aws", "1.0.0", text("open one"));
    world.publish("acme/closed", "vpc/aws", "1.0.0", text("closed one"));
    world.publish("acme/closed", "vpc/aws", "2.0.0", text("closed two"));
    world.publish("acme/closed", "vpc/google", "1.0.0", text("closed"));
    world.publish("acme/inside", "dns/aws", "1.0.0", text("inside"));
    world.publish("hidden/all", "vpc/aws", "1.0.0", text("hidden"));
    world.change_project("acme/off", &json!({ "package_registry_access_level": "enabled" }));
    world.publish("acme/off", "off/aws", "1.0.0", text("off"));
    world.change_project("acme/off", &json!({ "package_registry_access_level": "disabled" }));
    let inside = "acme/dns/aws/1.0.0";
    for (who, client, expected) in [
        ("anonymous", world.anonymous(), vec!["acme/vpc/aws/1.0.0"]),
        ("a stranger", world.client("stranger"), vec![inside, "acme/vpc/aws/1.0.0"]),
        ("a guest", world.client("member"), vec![inside, "acme/vpc/aws/2.0.0", "acme/vpc/google/1.0.0"]),
        ("a deploy token", world.client("reader"), vec!["acme/vpc/aws/2.0.0", "acme/vpc/google/1.0.0"]),
        (
            "the administrator",
            world.root(),
            vec![inside, "acme/vpc/aws/2.0.0", "acme/vpc/google/1.0.0", "hidden/vpc/aws/1.0.0"],
        ),
    ] {
        assert_eq!(ids(&client, "/v1/modules"), expected, "{who}");
        let found = ids(&client, "/v1/modules/search?q=vpc");
        assert!(expected.iter().filter(|id| id.contains("vpc")).eq(found.iter()), "{who}: {found:?}");
        let last = list(&client, &format!("/v1/modules?limit={}", expected.len()));
        assert_eq!(last["meta"]["next_url"], Value::Null, "{who}: nothing hidden is behind the last row");
    }
    let anonymous = world.anonymous();
    let details = list(&anonymous, "/v1/modules/acme/vpc/aws");
    assert_eq!(details["description"], "open one", "the newer copy is in a project that is closed to them");
    assert_eq!((&details["versions"], &details["providers"]), (&json!(["1.0.0"]), &json!(["aws"])));
    assert_eq!(list(&world.client("member"), "/v1/modules/acme/vpc/aws/1.0.0")["description"], "closed one");
    for target in ["/v1/modules/hidden", "/v1/modules/hidden/vpc", "/v1/modules/search?q=hidden"] {
        let unknown = target.replace("hidden", "unknown");
        assert_eq!(list(&anonymous, target), list(&anonymous, &unknown), "{target}");
    }
    assert!(ids(&anonymous, "/v1/modules/search?q=closed").is_empty(), "nor by words they may not read");
}

#[test]
fn refusals_have_the_public_registrys_form_and_the_protocols_status() {
    let world = open();
    world.group_with("hidden", Visibility::Private, &json!({})).project("hidden/all").stranger("stranger");
    world.publish("hidden/all", "vpc/aws", "1.0.0", Module::of("hidden"));
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("open"));
    let (anonymous, stranger) = (world.anonymous(), world.client("stranger"));
    let bad = anonymous.token("nobody-has-this-token");
    let long = format!("/v1/modules/search?q={}", "x".repeat(257));
    for (situation, client, target, status) in [
        ("private, anonymous", &anonymous, "/v1/modules/hidden/vpc/aws", 401),
        ("private, a version, anonymous", &anonymous, "/v1/modules/hidden/vpc/aws/1.0.0", 401),
        ("private, anonymous, v2", &anonymous, "/v2/modules/hidden/vpc/aws", 401),
        ("private, anonymous, counts", &anonymous, "/v2/modules/hidden/vpc/aws/downloads/summary", 401),
        ("no such namespace, anonymous", &anonymous, "/v1/modules/none/vpc/aws", 401),
        ("private, signed in", &stranger, "/v1/modules/hidden/vpc/aws", 403),
        ("no such namespace, signed in", &stranger, "/v1/modules/none/vpc/aws", 403),
        ("private, signed in, counts", &stranger, "/v2/modules/hidden/vpc/aws/downloads/summary", 403),
        ("no such module", &anonymous, "/v1/modules/acme/none/aws", 404),
        ("no such module, v2", &anonymous, "/v2/modules/acme/none/aws", 404),
        ("no such module, counts", &anonymous, "/v2/modules/acme/none/aws/downloads/summary", 404),
        ("no such version", &anonymous, "/v1/modules/acme/vpc/aws/9.9.9", 404),
        ("no version at all", &anonymous, "/v1/modules/acme/vpc/aws/latest", 404),
        ("a bad token", &bad, "/v1/modules", 401),
        ("a bad limit", &anonymous, "/v1/modules?limit=0", 400),
        ("a bad limit", &anonymous, "/v1/modules?limit=-1", 400),
        ("a bad limit", &anonymous, "/v1/modules/acme?limit=ten", 400),
        ("a bad limit", &anonymous, "/v1/modules?limit=99999999999999999999999", 400),
        ("a bad offset", &anonymous, "/v1/modules/search?q=x&offset=-1", 400),
        ("a bad offset", &anonymous, "/v1/modules/acme/vpc?offset=1.5", 400),
        ("no words", &anonymous, "/v1/modules/search", 400),
        ("too many words", &anonymous, &long, 400),
    ] {
        let answer = client.get(target).must(status).json();
        let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{situation}: {answer}"));
        assert_eq!((answer.as_object().unwrap().len(), errors.len()), (1, 1), "{situation}: {answer}");
        assert!(!errors[0].as_str().unwrap().is_empty(), "{situation}");
    }
    for (hidden, unknown) in [
        ("/v1/modules/hidden/vpc/aws", "/v1/modules/none/vpc/aws"),
        ("/v2/modules/hidden/vpc/aws", "/v2/modules/none/vpc/aws"),
    ] {
        for client in [&anonymous, &stranger] {
            let (one, other) = (client.get(hidden).without_traces(), client.get(unknown).without_traces());
            assert_eq!(one, other, "{hidden}");
        }
    }
    let wrong = anonymous.request("POST", "/v1/modules", Some(b"{}")).must(405);
    assert_eq!(wrong.header("allow"), Some("GET, HEAD"));
    assert_eq!(wrong.json(), json!({ "errors": ["405 Not Allowed"] }));
}

#[test]
fn everything_is_gone_while_the_registry_is_switched_off() {
    let world = open();
    world.publish("acme/network", "vpc/aws", "1.0.0", Module::of("open"));
    world.server.cli_ok(&["admin", "registry", "disable"]);
    for target in [
        "/v1/modules",
        "/v1/modules/search?q=vpc",
        "/v1/modules/acme",
        "/v1/modules/acme/vpc",
        "/v1/modules/acme/vpc/aws",
        "/v1/modules/acme/vpc/aws/1.0.0",
        "/v2/modules/acme/vpc/aws",
        "/v2/modules/acme/vpc/aws/downloads/summary",
    ] {
        let answer = world.root().get(target).must(404).json();
        assert!(answer["errors"][0].as_str().unwrap().contains("switched off"), "{target}: {answer}");
    }
    world.server.cli_ok(&["admin", "registry", "enable"]);
    assert_eq!(ids(&world.anonymous(), "/v1/modules"), ["acme/vpc/aws/1.0.0"]);
}

#[test]
fn the_document_of_a_module_has_its_versions_when_they_are_asked_for() {
    let world = open();
    for version in ["1.9.0", "1.10.0", "2.0.0-rc.1"] {
        world.publish("acme/network", "vpc/aws", version, Module::of(version));
    }
    let client = world.anonymous();
    let plain = list(&client, "/v2/modules/acme/VPC/aws");
    assert_eq!(plain["included"], Value::Null);
    let document = list(&client, "/v2/modules/acme/VPC/aws?include=module-versions");
    assert_eq!(document["data"], plain["data"]);
    let data = &document["data"];
    assert_eq!((&data["type"], &data["id"]), (&json!("modules"), &json!("acme/vpc/aws")));
    let attributes = &data["attributes"];
    for (name, value) in [
        ("namespace", json!("acme")),
        ("name", json!("vpc")),
        ("full-name", json!("acme/vpc/aws")),
        ("provider-name", json!("aws")),
        ("owner-name", json!("root")),
        ("downloads", json!(0)),
        ("verified", json!(false)),
    ] {
        assert_eq!(attributes[name], value, "{name}");
    }
    let source = attributes["source"].as_str().unwrap();
    assert!(source.starts_with("http://") && source.ends_with("/acme/network"), "{source}");
    let included = document["included"].as_array().unwrap();
    let versions: Vec<&str> =
        included.iter().map(|one| one["attributes"]["version"].as_str().unwrap()).collect();
    assert_eq!(versions, ["2.0.0-rc.1", "1.10.0", "1.9.0"]);
    let references = data["relationships"]["module-versions"]["data"].as_array().unwrap();
    for (one, reference) in included.iter().zip(references) {
        assert_eq!((&one["type"], &one["id"]), (&reference["type"], &reference["id"]));
        assert_eq!(one["type"], "module-versions");
        let at: jiff::Timestamp = one["attributes"]["published-at"].as_str().unwrap().parse().unwrap();
        assert!(at.as_second() > 1_700_000_000);
    }
    assert_eq!(included.len(), references.len());
}

#[test]
fn downloads_are_counted_for_the_module_and_its_versions() {
    let mut world = open();
    for version in ["1.0.0", "1.1.0"] {
        world.publish("acme/network", "vpc/aws", version, Module::of(version));
    }
    for version in ["1.0.0", "1.0.0", "1.1.0"] {
        world.anonymous().get(&format!("/v1/modules/acme/vpc/aws/{version}/file")).must(200);
    }
    world.anonymous().head("/v1/modules/acme/vpc/aws/1.0.0/file").must(200);
    // Counters are written when the server stops.
    world.server.restart();
    let client = world.anonymous();
    assert_eq!(list(&client, "/v1/modules")["modules"][0]["downloads"], 3);
    assert_eq!(list(&client, "/v1/modules/acme/vpc/aws/1.0.0")["downloads"], 3);
    let document = list(&client, "/v2/modules/acme/vpc/aws?include=module-versions");
    assert_eq!(document["data"]["attributes"]["downloads"], 3);
    let counts: Vec<&Value> =
        document["included"].as_array().unwrap().iter().map(|one| &one["attributes"]["downloads"]).collect();
    assert_eq!(counts, [&json!(1), &json!(2)]);
    assert_eq!(
        list(&client, "/v2/modules/ACME/vpc/aws/downloads/summary"),
        json!({
            "data": {
                "type": "module-downloads-summary",
                "id": "acme/vpc/aws",
                "attributes": { "week": 3, "month": 3, "year": 3, "total": 3 },
            },
        })
    );
    world.server.cli_ok(&["verify"]);
}
