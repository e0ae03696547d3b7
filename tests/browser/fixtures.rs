//! A registry that is hard to show: long names, many versions, a module that has everything, and a hostile README.

use std::fmt::Write as _;

use cairn::domain::{Role, Visibility};
use serde_json::json;

use crate::support::archive::Module;
use crate::support::world::World;

/// A public project, with [`EVERYTHING`] and [`MANY`].
pub(crate) const PROJECT: &str = "acme/network";
/// The module that has everything, at [`OLD`] and [`NEW`].
pub(crate) const EVERYTHING: &str = "everything/aws";
/// Its first version. The next one added, removed, retyped and required inputs.
pub(crate) const OLD: &str = "1.4.0";
/// Its second version.
pub(crate) const NEW: &str = "2.0.0-rc.1+build.20240229";
/// The module with [`VERSIONS`] versions: `1.0.0`, `1.0.1`, ...
pub(crate) const MANY: &str = "many/aws";
/// How many.
pub(crate) const VERSIONS: usize = 200;
/// A group path that no column is wide enough for.
pub(crate) const LONG_GROUP: &str = "acme/platform-engineering-and-developer-experience-department";
/// A public project of [`LONG_GROUP`].
pub(crate) const LONG_PROJECT: &str = "acme/platform-engineering-and-developer-experience-department/shared_infrastructure_modules.of-the-platform";
/// A module of [`LONG_PROJECT`].
pub(crate) const LONG_MODULE: &str =
    "kubernetes-cluster-with-private-endpoints-and-workload-identity/googleworkspaceprovider";
/// A private project, with `secret/aws` 1.0.0.
pub(crate) const PRIVATE: &str = "acme/classified";
/// Somebody who maintains [`PRIVATE`] and [`PROJECT`], with [`PASSWORD`].
pub(crate) const MAINTAINER: &str = "ada-lovelace-with-quite-a-long-user-name";
/// Her password.
pub(crate) const PASSWORD: &str = "correct horse <\"&'> battery";

/// Publishes both versions of the module that has everything.
pub(crate) fn publish_everything(world: &World) {
    world.publish(PROJECT, EVERYTHING, OLD, everything(Edition::Old));
    world.publish(PROJECT, EVERYTHING, NEW, everything(Edition::New));
}

/// Fills a world with all of it.
pub(crate) fn fill(world: &World) {
    world.group("acme").public_project(PROJECT).project(PRIVATE);
    world.group_with(
        LONG_GROUP,
        Visibility::Public,
        &json!({ "name": "Platform & <b>Developers</b> ".repeat(3).trim() }),
    );
    world.public_project(LONG_PROJECT);
    let ada = json!({ "username": MAINTAINER, "name": "Ada <i>Lovelace</i> \u{202e}", "password": PASSWORD });
    world.root().post("/api/v4/users", &ada).must(201);
    for project in [PROJECT, PRIVATE] {
        world.member(MAINTAINER, Role::Maintainer, project);
    }
    publish_everything(world);
    world.publish(
        LONG_PROJECT,
        LONG_MODULE,
        "10.20.30-alpha.beta.gamma.20240229T235959Z",
        everything(Edition::New),
    );
    world.publish(PRIVATE, "secret/aws", "1.0.0", Module::of("secret"));
    for number in 0..VERSIONS {
        world.publish(PROJECT, MANY, &format!("1.0.{number}"), Module::of(&number.to_string()));
    }
}

/// One of two versions of the module that has everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edition {
    Old,
    New,
}

/// The module that has everything.
fn everything(edition: Edition) -> Module {
    let mut module = Module::new()
        .file("README.md", readme())
        .file("variables.tf", inputs(edition))
        .file("outputs.tf", outputs(edition))
        .file("main.tf", main_file(edition))
        .file("docs/architecture.md", "# Architecture\n\n[Back](../README.md)\n")
        .file("docs/diagram.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>")
        // Each of these is a warning.
        .file("broken.tf", "variable \"unfinished {\n")
        .file("old.tfstate", "{}")
        .file("keys/id_rsa", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n")
        .symlink("docs/link.md", "architecture.md");
    for name in
        ["public-subnets", "private-subnets", "a-submodule-with-a-name-that-is-longer-than-any-sidebar"]
    {
        let folder = format!("modules/{name}");
        let variable =
            "variable \"cidr\" {\n  type        = string\n  description = \"Range of addresses.\"\n}\n";
        module = module
            .file(&format!("{folder}/main.tf"), variable)
            .file(&format!("{folder}/README.md"), format!("# {name}\n\nPart of the whole.\n"));
    }
    for name in ["complete", "minimal"] {
        let call = "module \"everything\" {\n  source = \"../..\"\n}\n";
        module = module
            .file(&format!("examples/{name}/main.tf"), call)
            .file(&format!("examples/{name}/README.md"), format!("# {name}\n"));
    }
    module
}

/// Sixty inputs: every kind of type and default, with one that is longer than a page is wide.
fn inputs(edition: Edition) -> String {
    let object = "map(object({\n    cidr_block = string, availability_zone = optional(string, \"eu-central-1a\"), \
                  tags = optional(map(string), {}), routes = optional(list(object({ destination = string, target = string })), [])\n  }))";
    let kinds = [
        ("string", "\"10.0.0.0/16\""),
        ("number", "8080"),
        ("bool", "false"),
        ("list(string)", "[\"eu-central-1a\", \"eu-central-1b\"]"),
        (object, "{}"),
        ("any", "null"),
    ];
    let mut text = String::new();
    for number in 0..60 {
        let (kind, default) = kinds[number % kinds.len()];
        // What the new edition did: one is gone, one is required now, one has another type.
        match (edition, number) {
            (Edition::New, 7) => {}
            (Edition::New, 8) => text.push_str("variable \"input_08\" {\n  type = bool\n}\n"),
            (Edition::New, 9) => text.push_str("variable \"input_09\" {\n  type = set(string)\n  default = []\n}\n"),
            _ => write!(
                text,
                "variable \"input_{number:02}\" {{\n  type        = {kind}\n  default     = {default}\n  \
                 description = \"Number {number}: what `it` is for, <b>with</b> markup & \\\"quotes\\\".\"\n}}\n"
            )
            .unwrap(),
        }
    }
    let long = "an_input_whose_name_".repeat(6);
    write!(text, "variable \"{long}\" {{\n  type = string\n  sensitive = true\n  nullable = false\n}}\n")
        .unwrap();
    if edition == Edition::New {
        text.push_str("variable \"added\" {\n  type    = string\n  default = \"\"\n}\n");
    }
    text
}

fn outputs(edition: Edition) -> String {
    let gone = if edition == Edition::Old { "output \"gone\" {\n  value = 1\n}\n" } else { "" };
    let mut text = gone.to_owned();
    for number in 0..25 {
        let sensitive = number % 5 == 0;
        write!(
            text,
            "output \"output_{number:02}\" {{\n  value       = aws_vpc.this.id\n  description = \"Output {number}.\"\n  \
             sensitive   = {sensitive}\n}}\n"
        )
        .unwrap();
    }
    text
}

fn main_file(edition: Edition) -> String {
    let constraint = if edition == Edition::Old { ">= 4.0" } else { ">= 5.0, < 6.0" };
    let mut text = format!(
        "terraform {{\n  required_version = \">= 1.5.0\"\n  required_providers {{\n    aws = {{\n      \
         source  = \"hashicorp/aws\"\n      version = \"{constraint}\"\n    }}\n    random = {{\n      \
         source = \"hashicorp/random\"\n    }}\n  }}\n}}\n"
    );
    text.push_str("data \"aws_caller_identity\" \"current\" {}\n");
    for kind in ["aws_vpc", "aws_subnet", "aws_route_table", "aws_iam_openid_connect_provider", "random_id"] {
        writeln!(text, "resource \"{kind}\" \"this\" {{}}").unwrap();
    }
    text.push_str(
        "module \"subnets\" {\n  source = \"./modules/public-subnets\"\n  cidr   = \"10.0.0.0/24\"\n}\n",
    );
    text.push_str(
        "module \"other\" {\n  source  = \"terraform-aws-modules/kms/aws\"\n  version = \"~> 2.0\"\n}\n",
    );
    text
}

/// A README of everything that Markdown has, then everything that must do nothing, then very much text.
fn readme() -> String {
    const HOSTILE: &str = r#"
<script>document.title = 'script ran'</script>
<img src="x" onerror="document.title = 'handler ran'" alt="">
<img src="http://tracker.example/pixel.png" alt="tracked">
![tracked too](https://tracker.example/pixel.png)
<a href="javascript:document.title = 'link ran'">click me</a>
[click me too](javascript:document.title='markdown-link-ran')
<style>body { display: none }</style>
<div style="position: fixed; inset: 0; background: red">over everything</div>
<iframe src="http://frame.example/"></iframe>
<form action="http://phish.example/"><input name="password" aria-label="Password"><button>Sign in</button></form>
<svg onload="document.title = 'svg ran'"><script>document.title = 'svg script ran'</script></svg>
<base href="http://base.example/"><meta http-equiv="refresh" content="0; url=http://refresh.example/">
<h1 id="content">Not the heading of the page</h1>
"#;
    let mut text = "# Everything\n\nA module that *has* **everything**: `code`, ~~struck~~ and <https://docs.example/>.\n\n\
        ![diagram](docs/diagram.svg) [architecture](docs/architecture.md) [below](#inputs)\n\n\
        ```hcl\nmodule \"everything\" {\n  source  = \"registry.example/acme/everything/aws\"\n  version = \"~> 1.4\"  # a long line: \
        0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\n}\n```\n\n\
        ## Inputs\n\n| name | type | default | description | required | since | see also |\n\
        | :--- | :---: | ---: | --- | --- | --- | --- |\n"
        .to_owned();
    for number in 0..40 {
        writeln!(
            text,
            "| `input_{number:02}` | `map(object({{a=string}}))` | `{{}}` | What it is for, in words | no | 1.{number}.0 | [that](#x) |"
        )
        .unwrap();
    }
    text.push_str("\n- [x] done\n- [ ] open\n  1. nested\n     > quoted\n\n");
    text.push_str(HOSTILE);
    for number in 0..60 {
        write!(
            text,
            "\n### Chapter {number}\n\nLorem ipsum dolor sit amet, consectetur adipiscing elit. {}\n",
            "Word ".repeat(60)
        )
        .unwrap();
    }
    text.push_str(&"aVeryLongWord".repeat(40));
    text
}
