//! Modules of the shapes that real ones have: published, understood, installed as they are, and valid to Terraform.

use std::fmt::Write;

use cairn::domain::PackageId;
use cairn::domain::manifest::{Input, Manifest, ModulePart};
use cairn::service::{Clock, Options, Registry};
use cairn::store::packages;

use crate::command::{Terraform, world};
use crate::files::{Files, block};
use crate::support::server::Server;

/// Publishes a module, installs it, lets Terraform validate it, and returns what the server understood of it.
fn through_the_registry(files: &Files, arguments: &str) -> Option<Manifest> {
    let mut world = world()?;
    world.group("acme").public_project("acme/shapes");
    world.publish("acme/shapes", "shape/any", "1.0.0", files.archive());
    let package = &world.packages("acme/shapes")[0];
    assert_eq!(package["warnings"], serde_json::json!([]));
    let id = PackageId(package["id"].as_u64().unwrap());
    let source = format!("{}/acme/shape/any", world.server.address());
    let call = block("shape", &source, Some("1.0.0")).replace("}\n", &format!("{arguments}\n}}\n"));
    let terraform = Terraform::new(&world.server).main(&call);
    terraform.init().succeeds();
    terraform.run(&["validate"]).succeeds().says("The configuration is valid");
    assert_eq!(terraform.installed("shape"), *files);
    world.server.stop();
    Some(manifest(&world.server, id))
}

/// What is stored about a package. The server must not run.
fn manifest(server: &Server, id: PackageId) -> Manifest {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let registry = Registry::open(server.data(), Options::default(), Clock::system()).await.unwrap();
        let found = registry.store().read(|snapshot| packages::manifest(snapshot, id)).unwrap();
        registry.close().await;
        found.unwrap()
    })
}

fn names(part: &ModulePart) -> (Vec<&str>, Vec<&str>) {
    let inputs = part.inputs.iter().map(|input| input.name.as_str());
    (inputs.collect(), part.outputs.iter().map(|output| output.name.as_str()).collect())
}

fn input<'a>(part: &'a ModulePart, name: &str) -> &'a Input {
    part.inputs.iter().find(|input| input.name == name).unwrap_or_else(|| panic!("no input {name}: {part:?}"))
}

#[test]
fn a_root_with_submodules_and_examples() {
    let files = Files::of(&[
        ("README.md", "# Subnets\n\nOne network, many subnets.\n"),
        ("versions.tf", "terraform {\n  required_version = \">= 1.3\"\n}\n"),
        ("variables.tf", "variable \"cidr\" {\n  type        = string\n  description = \"The block\"\n}\n"),
        ("outputs.tf", "output \"ids\" {\n  value = module.subnet[*].id\n}\n"),
        (
            "main.tf",
            "module \"subnet\" {\n  source = \"./modules/subnet\"\n  count  = 2\n  cidr   = cidrsubnet(var.cidr, 8, count.index)\n}\n",
        ),
        (
            "modules/subnet/main.tf",
            "variable \"cidr\" {}\nresource \"terraform_data\" \"this\" {\n  input = var.cidr\n}\noutput \"id\" {\n  value = terraform_data.this.id\n}\n",
        ),
        ("modules/subnet/README.md", "# Subnet\n"),
        (
            "examples/simple/main.tf",
            "module \"network\" {\n  source = \"../..\"\n  cidr   = \"10.0.0.0/16\"\n}\n",
        ),
        ("examples/simple/README.md", "# Simple\n"),
        ("tests/simple.tftest.hcl", "run \"plan\" {\n  command = plan\n}\n"),
        ("docs/diagram.svg", "<svg/>\n"),
    ]);
    let Some(manifest) = through_the_registry(&files, "  cidr = \"10.0.0.0/8\"") else { return };
    assert_eq!(names(&manifest.root), (vec!["cidr"], vec!["ids"]));
    assert!(input(&manifest.root, "cidr").required);
    assert_eq!(manifest.root.required_version, [">= 1.3"]);
    assert_eq!(manifest.root.readme.as_deref(), Some(files.0["README.md"].as_str()));
    assert_eq!(manifest.root.calls[0].source, "./modules/subnet");
    let [subnet] = manifest.submodules.as_slice() else { panic!("{:?}", manifest.submodules) };
    assert_eq!((subnet.path.as_str(), names(subnet)), ("modules/subnet", (vec!["cidr"], vec!["id"])));
    assert_eq!(subnet.resources[0].r#type, "terraform_data");
    let [example] = manifest.examples.as_slice() else { panic!("{:?}", manifest.examples) };
    assert_eq!((example.path.as_str(), example.calls[0].source.as_str()), ("examples/simple", "../.."));
}

#[test]
fn json_syntax() {
    let json = r#"{
  "//": "made by a program",
  "terraform": { "required_version": ">= 1.0" },
  "variable": {
    "size": { "type": "number", "default": 3, "description": "How many" },
    "tags": [{ "type": "map(string)", "default": {} }]
  },
  "locals": { "double": "${var.size * 2}" },
  "resource": { "terraform_data": { "this": { "input": "${local.double}" } } },
  "output": [{ "double": { "value": "${local.double}", "sensitive": true } }]
}
"#;
    let files =
        Files::of(&[("main.tf.json", json), ("more.tf", "output \"tags\" {\n  value = var.tags\n}\n")]);
    let Some(manifest) = through_the_registry(&files, "  size = 4") else { return };
    assert_eq!(names(&manifest.root), (vec!["size", "tags"], vec!["double", "tags"]));
    let size = input(&manifest.root, "size");
    assert_eq!((size.r#type.as_str(), size.default.as_deref()), ("number", Some("3")));
    assert_eq!(size.description, "How many");
    assert!(manifest.root.outputs[0].sensitive);
    assert_eq!(manifest.root.resources[0].name, "this");
}

#[test]
fn unusual_but_valid_syntax() {
    let files = Files::of(&[
        ("main.tf", include_str!("unusual.tf")),
        ("crlf.tf", "variable \"crlf\" {\r\n  default = \"c\"\r\n}\r\n"),
        ("bom.tf", "\u{feff}variable \"bom\" {\n  default = \"b\"\n}\n"),
        ("no-newline.tf", "variable \"last\" { default = 1 }"),
        ("empty.tf", ""),
        ("comment.tf", "# nothing else"),
    ]);
    let Some(manifest) = through_the_registry(&files, "  empty = 1") else { return };
    let part = &manifest.root;
    assert_eq!(
        names(part),
        (
            vec!["bom", "crlf", "empty", "größe", "heredoc", "last", "one_line", "secret", "shape"],
            vec!["all", "secret"]
        )
    );
    let required: Vec<&str> =
        part.inputs.iter().filter(|input| input.required).map(|input| input.name.as_str()).collect();
    assert_eq!(required, ["empty"]);
    let heredoc = input(part, "heredoc");
    assert!(heredoc.description.starts_with("Several lines with \"quotes\""), "{}", heredoc.description);
    assert!(heredoc.description.contains("\n\n  Indented more."), "{}", heredoc.description);
    assert_eq!(heredoc.default.as_deref(), Some("\"not } closed\\n\""));
    assert!(input(part, "shape").r#type.starts_with("object({"), "{}", input(part, "shape").r#type);
    assert_eq!(input(part, "secret").default.as_deref(), Some("null"));
    assert!(input(part, "secret").sensitive && part.outputs[1].sensitive);
    assert_eq!(input(part, "größe").default.as_deref(), Some("[\"a\",\"b\"]"));
    assert_eq!(part.outputs[0].description, "All of\tit");
    assert_eq!(part.resources[0].name, "dashed-name");
}

/// As large as the largest network modules in use: thousands of lines, hundreds of inputs and outputs.
#[test]
fn a_large_module() {
    const KINDS: usize = 40;
    const PER_KIND: usize = 10;
    let (mut variables, mut resources, mut outputs) = (String::new(), String::new(), String::new());
    for kind in 0..KINDS {
        for number in 0..PER_KIND {
            let name = format!("kind_{kind:02}_{number}");
            write!(
                variables,
                "variable \"{name}\" {{\n  description = \"Setting {number} of kind {kind}\"\n  type        = map(object({{\n    \
                 cidr = string\n    tags = optional(map(string), {{}})\n  }}))\n  default     = {{}}\n}}\n\n"
            )
            .unwrap();
        }
        write!(
            resources,
            "resource \"terraform_data\" \"kind_{kind:02}\" {{\n  for_each = merge(var.kind_{kind:02}_0, var.kind_{kind:02}_1)\n\n  \
             input = {{\n    cidr = each.value.cidr\n    tags = merge(each.value.tags, {{ Name = each.key }})\n  }}\n}}\n\n"
        )
        .unwrap();
        write!(
            outputs,
            "output \"kind_{kind:02}\" {{\n  description = \"Everything of kind {kind}\"\n  \
             value       = [for one in terraform_data.kind_{kind:02} : one.output]\n}}\n\n"
        )
        .unwrap();
    }
    assert!(variables.lines().count() + resources.lines().count() + outputs.lines().count() > 4000);
    let files = Files::of(&[("variables.tf", &variables), ("main.tf", &resources), ("outputs.tf", &outputs)]);
    let Some(manifest) = through_the_registry(&files, "") else { return };
    let part = &manifest.root;
    assert_eq!((part.inputs.len(), part.resources.len()), (KINDS * PER_KIND, KINDS));
    assert_eq!(part.outputs.len(), KINDS);
    let last = input(part, "kind_39_9");
    assert_eq!(last.description, "Setting 9 of kind 39");
    assert_eq!(last.default.as_deref(), Some("{}"));
}
