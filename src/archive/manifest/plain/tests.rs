//! Files of all kinds: which ones the plain reader answers, and that the parser answers the same.

use std::path::{Path, PathBuf};

use super::super::hcl;
use super::read;
use crate::domain::limits::ManifestLimits;

/// Ordinary files, as people write them, that must never need the parser.
const ORDINARY: [(&str, &str); 5] = [
    ("variables", include_str!("../../../../tests/fixtures/configuration/variables.tf")),
    ("outputs", include_str!("../../../../tests/fixtures/configuration/outputs.tf")),
    ("versions", include_str!("../../../../tests/fixtures/configuration/versions.tf")),
    ("resources", include_str!("../../../../tests/fixtures/configuration/main.tf")),
    ("comments in all places", include_str!("../../../../tests/fixtures/configuration/comments.tf")),
];

/// Whether the plain reader has an answer, which then is the parser's.
pub(super) fn answers(text: &str, depth: usize) -> bool {
    let Some(facts) = read(text, depth) else { return false };
    assert_eq!(Ok(facts), hcl::parse(text, depth), "the plain reader takes this for something else:\n{text}");
    true
}

pub(super) fn plain(text: &str) -> bool {
    answers(text, ManifestLimits::default().depth)
}

/// All configuration below the fixtures and among the seeds of the fuzzers.
pub(super) fn every_file() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("tests/fixtures"), root.join("fuzz/corpus/manifest")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("the folder can be listed").path()) {
            if path.is_dir() {
                folders.push(path);
            } else if folder.ends_with("manifest") || path.extension().is_some_and(|kind| kind == "tf") {
                files.push((path.clone(), std::fs::read_to_string(path).expect("a fixture is text")));
            }
        }
    }
    files
}

#[test]
fn ordinary_files_do_not_need_the_parser() {
    for (name, text) in ORDINARY {
        assert!(plain(text), "{name}");
        assert!(plain(&text.replace('\n', "\r\n")), "{name} with the line ends of Windows");
        assert!(plain(text.trim_end()), "{name} without a newline at the end");
        assert!(!text.contains('\t') || plain(&text.replace("  ", "\t")), "{name} with tabs");
    }
    assert!(plain(""));
    assert!(plain(&ORDINARY.map(|(_, text)| text).join("\n").repeat(20)), "a long file");
}

#[test]
fn every_file_of_the_repository_is_read_the_same() {
    let files = every_file();
    let answered = files.iter().filter(|(_, text)| plain(text)).count();
    assert!(answered > ORDINARY.len(), "only {answered} of {} files are plain", files.len());
}

#[test]
fn expressions_that_are_read_plainly() {
    for expression in [
        "a.b[0].c[*].d.*.e.0",
        "a [\n0\n] .b",
        "f(a, b...)",
        "f (\n)",
        "f(a,\n)",
        "!a || -b < - 1.50",
        "a ? b : c ? d : e",
        "a == b ? [1] : {}",
        "(a\n+ b) * 2",
        "[1]\n[0]",
        "f(\n1)\n .a",
        "[for x in f(\n1\n) : x if x > 0]",
        "{ for k, v in a : \"${k}\" => v... if true }",
        "{ a = 1, b : 2\n \"c\" = [] }",
        "{ \"${a}x\" = 1, \"${a}y\" = 2, \"x${a}\" = 3, (a.b) = 4, (a.c) = 5, 1 = 2, 11 = 2 }",
        "{ format = 1, for=2, form : 3 }",
        "\"a $${b} %%{c} $$ 100% \\\" \\\\ \\n ${ \"${~ d ~}\" }\"",
        "\"over\nlines\"",
        "<<EOT\ntext EOT\nEOTx\n${a}\n $${b}\n  EOT",
        "<<-A\n\nA",
        "[for]",
        "null",
    ] {
        assert!(plain(&format!("locals {{\n  x = {expression}\n}}\n")), "{expression}");
        assert!(
            plain(&format!("variable \"a\" {{\n  default = {expression}\n  type={expression} #\n}}")),
            "{expression}"
        );
    }
}

#[test]
fn what_is_wrong_or_odd_is_left_to_the_parser() {
    for text in [
        "a = 1 b = 2",
        "a = 1\na = 2",
        "a {\n b = 1 }",
        "a {\n b = 1\n b = 2\n}",
        "a { b = 1\n}",
        "a { b {} }",
        "a { } b { }",
        "a = { b = 1, b = 2 }",
        "a = { b = 1, \"b\" = 2 }",
        "a = { \"\\u0062\" = 1, b = 2 }",
        "a = { (b) = 1, ( b ) = 2 }",
        "a = { 1 = 1, 01 = 2 }",
        "a = { \"${b}c\" = 1, \"${ b }c\" = 2 }",
        "a = { b = 1 c = 2 }",
        "a = { b == 1 }",
        "a = \"\\x\"",
        "a = \"${b\"",
        "a = \"%{ if b }c%{ endif }\"",
        "a = <<EOT\nEOT\n",
        "a = <<EOT\nb\nEOTé\nEOT\n",
        "a = <<EOT\nb\n",
        "a = <<EOT b\nEOT\n",
        "a = 1e5",
        "a = 1.",
        "a = 99999999999999999999",
        "a = b.01",
        "a = b::c(1)",
        "a = b <<EOT\n",
        "a = f(,)",
        "a = [,]",
        "a = [for x iny : x]",
        "a = /* b",
        "a = 1 # b\rc = 2",
        "é = 1",
        "\u{a0}",
        "a \"${b}\" {}",
        "a",
        "}",
    ] {
        assert_eq!(read(text, 48), None, "{text}");
    }
}

#[test]
fn what_the_guard_refuses_is_left_to_the_parser() {
    let nested =
        |open: &str, close: &str, count| format!("a = {}1{}\n", open.repeat(count), close.repeat(count));
    let keys =
        |count: u32| -> String { (0..count).map(|key| ["k", &key.to_string(), " = 1\n"].concat()).collect() };
    for text in [
        nested("[", "]", 48),
        nested("(", ")", 49),
        nested("\"${", "}\"", 25),
        format!("a = {}1\n", "!".repeat(70)),
        format!("a = 1{}\n", " + 1".repeat(129)),
        format!("{}{}", "a {\n".repeat(60), "}\n".repeat(60)),
        format!("a = {{\n{}}}\n", keys(4_000)),
        format!("a = [{}]\n", "1, ".repeat(110_000)),
        "a = b ? ".repeat(300),
    ] {
        let refused = hcl::parse(&text, 48).is_err();
        assert!(!(answers(&text, 48) && refused));
    }
    assert!(plain(&format!("locals {{\n  a = {{\n{}}}\n}}\n", keys(2_000))), "an object of many keys");
    assert!(plain(&nested("[", "]", 47)), "as deep as may be");
    let string = "a {\n  b = \"c\"\n}\n";
    assert!(answers(string, 2) && !answers(string, 1), "a string is as deep as a bracket");
}
