//! Shapes of real modules, and what is read out of them.

use cairn::archive::manifest::read_file;
use cairn::domain::limits::ManifestLimits;
use cairn::domain::manifest::{Input, ModuleCall, ModulePart, Output, ProviderRequirement, Resource};
use cairn::domain::package::WarningCode;

use super::accepted;
use super::support::Module;

fn part(text: &str) -> ModulePart {
    read_file("main.tf", text.as_bytes(), &ManifestLimits::default()).expect("the text parses")
}

fn input(name: &str, text: &str) -> Input {
    part(text).inputs.into_iter().find(|input| input.name == name).expect("the input is there")
}

#[test]
fn a_module_with_submodules_and_examples() {
    let main = r#"
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws    = { source = "hashicorp/aws", version = ">= 5.0, < 7.0" }
    random = "~> 3.0"
    null = {
      source                = "hashicorp/null"
      configuration_aliases = [null.other]
    }
  }
  backend "s3" {}
}

provider "aws" { region = "eu-west-1" }
provider "tls" { version = "~> 4.0" }

resource "aws_vpc" "this" {
  cidr_block = var.cidr
  lifecycle { ignore_changes = [tags] }
}
data "aws_region" "current" {}
module "subnet" {
  source  = "./modules/subnet"
  version = "1.2.3"
}
output "id" {
  value       = aws_vpc.this.id
  description = "Its id"
  sensitive   = true
}
variable "cidr" {
  type        = string
  description = "Its range"
}
locals { a = 1 }
moved {
  from = aws_vpc.a
  to   = aws_vpc.this
}
check "x" {
  assert {
    condition     = true
    error_message = "no"
  }
}
"#;
    let report = accepted(
        &Module::new()
            .file("main.tf", main)
            .file("README.md", "# VPC\n")
            .file("readme", "not this one")
            .file("modules/subnet/main.tf", "variable \"a\" {}")
            .file("modules/subnet/Readme.MD", "Subnet")
            .file("modules/deep/er/x.tf", "")
            .file("modules/docs-only/README.md", "no module")
            .file("examples/complete/main.tf", "module \"vpc\" {\n  source = \"../..\"\n}\n")
            .file("examples/complete/.terraform/modules/x/main.tf", "variable \"hidden\" {}")
            .file("test/main.tf", "this is { not read")
            .build(),
    );
    assert_eq!(report.warnings, []);
    let root = &report.manifest.root;
    assert_eq!(root.readme.as_deref(), Some("# VPC\n"));
    assert_eq!(root.required_version, [">= 1.5"]);
    let provider = |name: &str, source: &str, version: &str| ProviderRequirement {
        name: name.to_owned(),
        source: source.to_owned(),
        version: version.to_owned(),
    };
    assert_eq!(
        root.providers,
        [
            provider("aws", "hashicorp/aws", ">= 5.0, < 7.0"),
            provider("null", "hashicorp/null", ""),
            provider("random", "", "~> 3.0"),
            provider("tls", "", "~> 4.0"),
        ]
    );
    let resource =
        |data, r#type: &str, name: &str| Resource { name: name.to_owned(), r#type: r#type.to_owned(), data };
    assert_eq!(root.resources, [resource(false, "aws_vpc", "this"), resource(true, "aws_region", "current")]);
    let call =
        ModuleCall { name: "subnet".into(), source: "./modules/subnet".into(), version: "1.2.3".into() };
    assert_eq!(root.calls, [call]);
    assert_eq!(root.outputs, [Output { name: "id".into(), description: "Its id".into(), sensitive: true }]);
    assert!(root.inputs[0].required && root.inputs[0].default.is_none());

    let paths = |parts: &[ModulePart]| parts.iter().map(|part| part.path.clone()).collect::<Vec<_>>();
    assert_eq!(paths(&report.manifest.submodules), ["modules/deep/er", "modules/subnet"]);
    assert_eq!(report.manifest.submodules[1].readme.as_deref(), Some("Subnet"));
    assert_eq!(paths(&report.manifest.examples), ["examples/complete"]);
}

#[test]
fn types_and_defaults_are_shown_as_written() {
    let cases = [
        ("no type, no default", "", "", None),
        ("a keyword", "type = string", "string", None),
        ("the old quoted form", "type = \"list\"", "list", None),
        ("any", "type = any\n default = null", "any", Some("null")),
        (
            "an object over several lines, with comments",
            "type = object({\n    name = string # the name\n    // and\n    size = optional(number, 1)\n  })",
            "object({ name = string, size = optional(number, 1) })",
            None,
        ),
        (
            "nested",
            "type = map(list(object({ a = tuple([string, bool]) })))",
            "map(list(object({ a = tuple([string, bool]) })))",
            None,
        ),
        ("a string", "default = \"eu-west-1\"", "", Some("\"eu-west-1\"")),
        ("an escaped string", r#"default = "a\"b\\c\nd$${e}""#, "", Some(r#""a\"b\\c\nd${e}""#)),
        ("a number", "default = 1.50", "", Some("1.50")),
        ("a negative number", "default = -3", "", Some("-3")),
        (
            "a number past 64 bits",
            "default = 123456789012345678901234567890",
            "",
            Some("123456789012345678901234567890"),
        ),
        ("a boolean", "default = false", "", Some("false")),
        ("an empty list", "default = []", "", Some("[]")),
        ("a list over lines", "default = [\n 1,\n 2, # two\n]", "", Some("[1,2]")),
        (
            "an object",
            "default = { a = 1, \"b-c\" : [true], d = null }",
            "",
            Some(r#"{"a":1,"b-c":[true],"d":null}"#),
        ),
        ("a heredoc", "default = <<EOT\nline\nEOT", "", Some("\"line\\n\"")),
        ("an indented heredoc", "default = <<-EOT\n    a\n      b\n  EOT", "", Some("\"a\\n  b\\n\"")),
        ("an expression", "default = 60 *  60", "", Some("\"60 * 60\"")),
        ("a template", "default = \"a-${ x }\"", "", Some(r#""\"a-${ x }\"""#)),
    ];
    for (situation, body, r#type, default) in cases {
        let found = input("v", &format!("variable \"v\" {{\n  {body}\n}}\n"));
        assert_eq!(found.r#type, r#type, "{situation}");
        assert_eq!(found.default.as_deref(), default, "{situation}");
        assert_eq!(found.required, default.is_none(), "{situation}");
        if let Some(default) = found.default {
            serde_json::from_str::<serde_json::Value>(&default).expect(situation);
        }
    }
}

#[test]
fn descriptions_come_in_many_forms() {
    let cases = [
        ("a string", "\"Plain\"", "Plain"),
        ("a heredoc", "<<EOT\nTwo\nlines\nEOT", "Two\nlines"),
        ("an indented heredoc", "<<-EOT\n    Two\n      lines\n  EOT", "Two\n  lines"),
        ("a heredoc with brackets", "<<-EOT\n  { [ ( \" ${\"x\"}\n  EOT", "<<-EOT"),
        ("an empty heredoc", "<<EOT\nEOT", ""),
        ("other scripts", "\"日本語 – ok\"", "日本語 – ok"),
    ];
    for (situation, value, expected) in cases {
        let found = input("v", &format!("variable \"v\" {{\n  description = {value}\n}}\n"));
        assert!(found.description.starts_with(expected), "{situation}: {}", found.description);
    }
}

#[test]
fn unusual_but_valid_syntax_is_read() {
    let cases = [
        ("Windows line ends", "variable \"v\" {\r\n  type = string\r\n}\r\n"),
        ("a byte order mark", "\u{feff}variable \"v\" {}\n"),
        ("no newline at the end", "variable \"v\" {}"),
        ("labels without quotes", "variable v {\n}\n"),
        ("comments everywhere", "# a\n// b\n/* c\n d */\nvariable \"v\" { # e\n}\n"),
        ("one line", "variable \"v\" { type = string }\n"),
        (
            "validation",
            "variable \"v\" {\n  validation {\n    condition     = can(regex(\"^[a-z]{1,3}$\", var.v))\n    error_message = \"no\"\n  }\n}\n",
        ),
        (
            "splats and for",
            "locals {\n  a = [for k, v in var.x : v if v != \"\"]\n  b = { for k, v in var.x : k => v... }\n  c = x[*].y\n  d = x.*.y\n  e = x.0\n}\nvariable \"v\" {}\n",
        ),
        (
            "directives",
            "locals {\n  a = \"%{ if x }a%{ else }b%{ endif }%{ for y in z ~}${y}%{ endfor ~}\"\n}\nvariable \"v\" {}\n",
        ),
        ("conditions over lines", "locals {\n  a = (\n    x\n    ? 1\n    : 2\n  )\n}\nvariable \"v\" {}\n"),
        ("provider functions", "locals {\n  a = provider::aws::arn_parse(x)\n}\nvariable \"v\" {}\n"),
        ("operators", "locals {\n  a = !x && (y || z) && 1 <= 2 && -a % 2 == 0\n}\nvariable \"v\" {}\n"),
        (
            "dynamic blocks",
            "resource \"a\" \"b\" {\n  dynamic \"c\" {\n    for_each = x\n    content {\n      d = c.value\n    }\n  }\n}\nvariable \"v\" {}\n",
        ),
        (
            "a heredoc in a call",
            "locals {\n  a = jsonencode(<<EOT\n{\"x\": [\nEOT\n  )\n}\nvariable \"v\" {}\n",
        ),
    ];
    for (situation, text) in cases {
        let report = accepted(&Module::new().file("main.tf", text).build());
        assert_eq!(report.warnings, [], "{situation}");
        assert_eq!(report.manifest.root.inputs.len(), 1, "{situation}");
    }
}

#[test]
fn json_syntax_in_both_forms() {
    let text = r#"{
  "//": "a comment",
  "terraform": [{"required_version": ">= 1.0", "required_providers": {"aws": {"source": "hashicorp/aws", "version": "~> 5"}, "tls": "~> 4"}}],
  "variable": {"a": {"type": "${list(string)}", "default": ["x"], "description": "A"}, "b": [{"sensitive": true}]},
  "output": [{"o": {"value": "${var.a}", "description": "O"}}],
  "resource": {"aws_vpc": {"v": {"cidr_block": "x"}}, "aws_subnet": [{"s": {}}, {"t": {}}]},
  "data": {"aws_region": {"r": {}}},
  "module": {"m": {"source": "./m"}},
  "provider": {"aws": [{"region": "a"}, {"alias": "b"}], "null": {}}
}"#;
    let report = accepted(&Module::new().file("main.tf.json", text).build());
    assert_eq!(report.warnings, []);
    let root = report.manifest.root;
    assert_eq!(root.inputs.len(), 2);
    assert_eq!(
        (root.inputs[0].r#type.as_str(), root.inputs[0].default.as_deref()),
        ("list(string)", Some("[\"x\"]"))
    );
    assert!(root.inputs[1].sensitive && root.inputs[1].required);
    assert_eq!(root.outputs[0].description, "O");
    assert_eq!(root.resources.len(), 4);
    assert_eq!(root.calls[0].source, "./m");
    assert_eq!(
        root.providers.iter().map(|provider| provider.name.as_str()).collect::<Vec<_>>(),
        ["aws", "null", "tls"]
    );
    assert_eq!(root.required_version, [">= 1.0"]);
}

#[test]
fn override_files_replace_argument_by_argument() {
    let report = accepted(
        &Module::new()
            .file("a_override.tf", "variable \"v\" {\n  default = 2\n}\nterraform {\n  required_version = \">= 2\"\n}\n")
            .file("main.tf", "variable \"v\" {\n  default = 1\n  description = \"V\"\n}\nterraform {\n  required_version = \">= 1\"\n}\n")
            .file("override.tf.json", r#"{"output": {"o": {"description": "new"}}}"#)
            .file("z.tf", "output \"o\" {\n  value = 1\n  description = \"old\"\n}\n")
            .build(),
    );
    let root = report.manifest.root;
    assert_eq!((root.inputs[0].default.as_deref(), root.inputs[0].description.as_str()), (Some("2"), "V"));
    assert_eq!(root.required_version, [">= 2"]);
    assert_eq!(root.outputs[0].description, "new");
}

#[test]
fn a_tofu_file_beside_a_tf_file_of_the_same_name_adds_and_does_not_repeat() {
    let report = accepted(
        &Module::new()
            .file("main.tofu", "variable \"v\" {\n  description = \"tofu\"\n}\nvariable \"w\" {}\n")
            .file("main.tf", "variable \"v\" {\n  description = \"tf\"\n}\n")
            .build(),
    );
    let inputs: Vec<_> = report
        .manifest
        .root
        .inputs
        .iter()
        .map(|input| (input.name.as_str(), input.description.as_str()))
        .collect();
    assert_eq!(inputs, [("v", "tf"), ("w", "")]);
}

#[test]
fn what_cannot_be_read_is_a_warning_with_its_place() {
    let cases: [(&str, &[u8], &str); 5] = [
        ("main.tf", b"variable \"a\" {\n  type = \n}\n", "main.tf:2:"),
        ("main.tf", b"a = \xff", "main.tf:1:5: cannot be read: it is not UTF-8"),
        ("main.tf.json", b"{\"variable\": }", "main.tf.json:1:14: cannot be read: it is not valid JSON"),
        ("main.tf.json", b"{", "the JSON text ends early"),
        ("modules/a/x.tf", b"}", "x.tf:1:1"),
    ];
    for (path, text, expected) in cases {
        let report = accepted(&Module::new().file("versions.tf", "").file(path, text).build());
        let [warning] = report.warnings.as_slice() else { panic!("{path}: {:?}", report.warnings) };
        assert_eq!((warning.code, warning.path.as_str()), (WarningCode::InvalidConfiguration, path));
        assert!(warning.message.contains(expected), "{}", warning.message);
    }
}

#[test]
fn a_long_readme_is_cut_between_characters() {
    let limits = ManifestLimits::default();
    let text = "é".repeat(usize::try_from(limits.readme_bytes).unwrap());
    let report = accepted(&Module::new().file("main.tf", "").file("README.md", format!("x{text}")).build());
    let readme = report.manifest.root.readme.unwrap();
    assert!(readme.len() as u64 <= limits.readme_bytes && readme.ends_with('é'));
    assert_eq!(report.warnings[0].code, WarningCode::Incomplete);
}
