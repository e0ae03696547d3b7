//! Tables of changes and of steps.

use super::*;
use crate::domain::manifest::Resource;

fn v(text: &str) -> Version {
    text.parse().unwrap()
}

fn input(name: &str, r#type: &str, default: Option<&str>) -> Input {
    Input {
        name: name.to_owned(),
        r#type: r#type.to_owned(),
        default: default.map(str::to_owned),
        required: default.is_none(),
        ..Input::default()
    }
}

fn hidden_input(name: &str) -> Input {
    Input { sensitive: true, ..input(name, "string", None) }
}

fn output(name: &str, sensitive: bool) -> Output {
    Output { name: name.to_owned(), sensitive, ..Output::default() }
}

fn provider(source: &str, version: &str) -> ModulePart {
    let provider = ProviderRequirement {
        name: "aws".to_owned(),
        source: source.to_owned(),
        version: version.to_owned(),
    };
    ModulePart { providers: vec![provider], ..ModulePart::default() }
}

fn resource(name: &str, data: bool) -> ModulePart {
    let resource = Resource { name: name.to_owned(), r#type: "aws_vpc".to_owned(), data };
    ModulePart { resources: vec![resource], ..ModulePart::default() }
}

fn needs(version: &str) -> ModulePart {
    ModulePart { required_version: vec![version.to_owned()], ..ModulePart::default() }
}

fn with_inputs(inputs: Vec<Input>) -> ModulePart {
    ModulePart { inputs, ..ModulePart::default() }
}

fn with_outputs(outputs: Vec<Output>) -> ModulePart {
    ModulePart { outputs, ..ModulePart::default() }
}

fn nothing() -> ModulePart {
    ModulePart::default()
}

/// The changes of a module as `impact name kind`.
fn shown(from: ModulePart, to: ModulePart) -> Vec<String> {
    let whole = |root| Manifest { root, ..Manifest::default() };
    let kind =
        |kind: &ChangeKind| format!("{kind:?}").split([' ', '{']).next().unwrap_or_default().to_owned();
    changes(&whole(from), &whole(to))
        .iter()
        .map(|change| format!("{} {} {}", change.kind.impact().as_str(), change.name, kind(&change.kind)))
        .collect()
}

/// A situation, the module before and after, and the changes that are found.
type Case = (&'static str, ModulePart, ModulePart, &'static [&'static str]);

fn check(table: Vec<Case>) {
    for (situation, from, to, expected) in table {
        assert_eq!(shown(from, to), expected, "{situation}");
    }
}

#[test]
fn changes_of_inputs_and_outputs_are_found_and_judged() {
    let one = |input| with_inputs(vec![input]);
    check(vec![
        ("nothing", nothing(), nothing(), &[]),
        ("a required input", nothing(), one(input("a", "string", None)), &["breaking a InputAdded"]),
        ("an optional input", nothing(), one(input("a", "string", Some("1"))), &["feature a InputAdded"]),
        ("an input gone", one(input("a", "", Some("1"))), nothing(), &["breaking a InputRemoved"]),
        (
            "a default gone",
            one(input("a", "", Some("1"))),
            one(input("a", "", None)),
            &["breaking a InputRequired"],
        ),
        (
            "a default added",
            one(input("a", "", None)),
            one(input("a", "", Some("1"))),
            &["feature a InputOptional"],
        ),
        (
            "another default",
            one(input("a", "", Some("1"))),
            one(input("a", "", Some("null"))),
            &["feature a InputDefault"],
        ),
        (
            "the same default spelt differently",
            one(input("a", "", Some(r#"{"x":1,"y":[ ]}"#))),
            one(input("a", "", Some(r#"{"y":[],"x":1}"#))),
            &[],
        ),
        ("hidden input", one(input("a", "string", None)), one(hidden_input("a")), &["fix a InputSensitive"]),
        (
            "a wider type, which is not decided",
            one(input("a", "string", None)),
            one(input("a", "any", None)),
            &["breaking a InputType"],
        ),
        (
            "a renamed input with another type",
            one(input("a", "string", None)),
            one(input("b", "number", Some("1"))),
            &["breaking a InputRemoved", "feature b InputAdded"],
        ),
        ("an output", nothing(), with_outputs(vec![output("id", false)]), &["feature id OutputAdded"]),
        (
            "an output gone",
            with_outputs(vec![output("id", false)]),
            nothing(),
            &["breaking id OutputRemoved"],
        ),
        (
            "an output hidden",
            with_outputs(vec![output("id", false)]),
            with_outputs(vec![output("id", true)]),
            &["breaking id OutputSensitive"],
        ),
        (
            "an output shown",
            with_outputs(vec![output("id", true)]),
            with_outputs(vec![output("id", false)]),
            &["feature id OutputSensitive"],
        ),
    ]);
}

#[test]
fn changes_of_requirements_and_resources_are_found_and_judged() {
    check(vec![
        ("a provider", nothing(), provider("", ""), &["feature aws ProviderAdded"]),
        ("a provider gone", provider("", ""), nothing(), &["fix aws ProviderRemoved"]),
        ("a source written out", provider("", ""), provider("registry.terraform.io/hashicorp/AWS", ""), &[]),
        ("another provider", provider("", ""), provider("acme/aws", ""), &["breaking aws ProviderSource"]),
        ("a constraint spelt differently", provider("", ">= 5.0, < 6"), provider("", "<6,>=5.0"), &[]),
        ("a later minor", provider("", ">= 5.0"), provider("", ">= 5.9"), &["feature aws ProviderVersion"]),
        ("a later major", provider("", "~> 5.0"), provider("", "~> 6.0"), &["breaking aws ProviderVersion"]),
        (
            "an earlier major too",
            provider("", ">= 5"),
            provider("", ">= 4, < 6"),
            &["feature aws ProviderVersion"],
        ),
        ("a first bound", provider("", ""), provider("", ">= 5"), &["feature aws ProviderVersion"]),
        ("a constraint gone", provider("", "5.1.0"), provider("", ""), &["feature aws ProviderVersion"]),
        (
            "no constraint at all",
            provider("", "nonsense"),
            provider("", "é"),
            &["feature aws ProviderVersion"],
        ),
        ("a later Terraform", needs(">= 0.13"), needs(">= 1.3"), &["breaking terraform RequiredVersion"]),
        (
            "a little later Terraform",
            needs(">= 1.3"),
            needs(">= 1.9"),
            &["feature terraform RequiredVersion"],
        ),
        ("a resource", nothing(), resource("this", false), &["feature aws_vpc.this ResourceAdded"]),
        ("a data source", nothing(), resource("this", true), &["fix data.aws_vpc.this ResourceAdded"]),
        (
            "a resource renamed",
            resource("this", false),
            resource("main", false),
            &["feature aws_vpc.main ResourceAdded", "breaking aws_vpc.this ResourceRemoved"],
        ),
        ("a data source gone", resource("this", true), nothing(), &["fix data.aws_vpc.this ResourceRemoved"]),
    ]);
}

#[test]
fn types_are_compared_without_regard_to_their_spelling() {
    for (one, other, same) in [
        ("string", " string\n", true),
        ("", "any", true),
        ("\"string\"", "string", true),
        ("list(string)", "list( string )", true),
        ("object({a=string,b=number})", "object({\n  a = string # first\n  b = number,\n})", true),
        ("object({a=string})", "object({\n\n a = /* x */ string // y\n})", true),
        ("tuple([string,bool])", "tuple([\n string,\n bool,\n])", true),
        ("object({a=optional(string,\"x  y\")})", "object({a=optional(string, \"x  y\")})", true),
        ("object({a=optional(string,\"x y\")})", "object({a=optional(string,\"x  y\")})", false),
        ("object({a=optional(string,\"# \\\" x\")})", "object({a=optional(string,\"# \\\" y\")})", false),
        ("list(string)", "liststring", false),
        ("object({a=string b=number})", "object({a=string,b=number})", false),
        ("string", "number", false),
        ("any", "string", false),
        ("object({a=string})", "object({a=string,b=string})", false),
        ("((((", "((((,", true),
        ("/*", "any", true),
        ("\"", "\"a", false),
    ] {
        assert_eq!(spelling::same_type(one, other), same, "{one} and {other}");
    }
}

#[test]
fn changes_in_submodules_are_named_with_their_module_and_examples_are_no_interface() {
    let below = |path: &str, inputs| ModulePart { path: path.to_owned(), inputs, ..ModulePart::default() };
    let from = Manifest {
        submodules: vec![below("modules/a", vec![]), below("modules/b", vec![])],
        examples: vec![below("examples/a", vec![])],
        ..Manifest::default()
    };
    let to = Manifest {
        submodules: vec![below("modules/b", vec![input("x", "", None)]), below("modules/c", vec![])],
        ..Manifest::default()
    };
    let found = changes(&from, &to);
    let shown: Vec<_> = found
        .iter()
        .map(|change| (change.module.as_str(), change.name.as_str(), change.kind.impact()))
        .collect();
    assert_eq!(
        shown,
        [
            ("", "modules/a", Impact::Breaking),
            ("", "modules/c", Impact::Feature),
            ("modules/b", "x", Impact::Breaking),
        ]
    );
}

#[test]
fn the_step_must_be_as_large_as_the_worst_change() {
    let manifest = |inputs| Manifest { root: with_inputs(inputs), ..Manifest::default() };
    let plain = manifest(vec![]);
    let breaking = manifest(vec![input("a", "", None)]);
    let feature = manifest(vec![input("a", "", Some("1"))]);
    for (from, to, changed, expected) in [
        ("1.0.0", "1.1.0", &breaking, "breaking, but only a minor step"),
        ("1.0.0", "1.0.1", &breaking, "breaking, but only a patch step"),
        ("1.0.0", "2.0.0", &breaking, "breaking, and a major step"),
        ("1.0.0", "1.0.1", &feature, "new features, but only a patch step"),
        ("1.0.0", "1.1.0", &feature, "new features, and a minor step"),
        ("1.9.0", "3.0.0", &feature, "new features, and a major step"),
        ("1.0.0", "1.0.1", &plain, "no change of the interface"),
        ("0.1.0", "0.2.0", &breaking, "breaking, and a minor step"),
        ("0.1.0", "0.1.1", &breaking, "breaking, but only a patch step"),
        ("0.1.0", "0.1.1", &feature, "new features, and a patch step"),
        ("0.9.0", "1.0.0", &breaking, "breaking, and a major step"),
        ("1.0.0", "2.0.0-rc.1", &breaking, "breaking, and a major step"),
        ("1.0.0", "1.0.1-rc.1", &breaking, "breaking, but only a patch step"),
        ("2.0.0-rc.1", "2.0.0", &breaking, "breaking, and a prerelease promises nothing"),
        ("2.0.0-rc.1", "2.0.0-rc.2", &feature, "new features, and a prerelease promises nothing"),
        ("1.0.0+a", "1.0.0+b", &feature, "new features, but no step at all"),
    ] {
        let comparison = Comparison::between((&v(from), &plain), (&v(to), changed));
        assert_eq!(comparison.verdict.sentence(), expected, "{from} to {to}");
    }
}

#[test]
fn the_lower_version_is_the_one_before_whichever_is_asked_for() {
    let old = Manifest { root: with_inputs(vec![input("a", "", Some("1"))]), ..Manifest::default() };
    let (one, ten) = ((v("1.2.0"), old), (v("1.10.0"), Manifest::default()));
    let comparison = Comparison::between((&ten.0, &ten.1), (&one.0, &one.1));
    assert_eq!((comparison.from.to_string(), comparison.to.to_string()), ("1.2.0".into(), "1.10.0".into()));
    assert_eq!(comparison.changes[0].kind, ChangeKind::InputRemoved);
    assert_eq!(comparison.count(Impact::Breaking), 1);
    let (impact, made, needed) = (Impact::Breaking, Step::Minor, Step::Major);
    assert_eq!(comparison.verdict, Verdict::Understated { impact, made, needed });
}
