//! The direction of dependencies, checked against the source: which layer names which, which layer names which crate,
//! and which things are done in one file only.

#![cfg(test)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;

/// Each part of the program and the parts it may name.
const EDGES: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("archive", &["domain"]),
    ("blobs", &["domain"]),
    ("store", &["domain"]),
    ("service", &["domain", "archive", "blobs", "store"]),
    ("config", &["domain"]),
    ("telemetry", &["config"]),
    ("outbound", &["domain", "service"]),
    ("web", &["domain", "service"]),
    ("http", &["domain", "blobs", "store", "service", "web", "config", "telemetry"]),
    ("cli", &["domain", "archive", "blobs", "service", "config", "telemetry", "http", "outbound"]),
    ("main", &["cli"]),
    ("lib", &[]),
];

/// Crates that belong to some parts only.
const CRATES: &[(&str, &[&str])] = &[
    ("bincode", &["store"]),
    ("redb", &["store"]),
    ("tar", &["archive"]),
    ("flate2", &["archive", "http", "web"]),
    ("hcl_edit", &["archive"]),
    ("comrak", &["archive"]),
    ("ammonia", &["archive"]),
    ("tempfile", &["blobs", "http", "cli", "config"]),
    ("argon2", &["service"]),
    ("ring", &["blobs", "store", "service", "config", "http", "outbound"]),
    ("maud", &["web"]),
    ("rust_embed", &["web"]),
    ("hyper", &["http", "outbound", "cli"]),
    ("hyper_util", &["http", "outbound", "cli"]),
    ("http_body_util", &["http", "outbound", "cli"]),
    ("multer", &["http"]),
    ("headers", &["http"]),
    ("rustls", &["http", "outbound", "cli", "config"]),
    ("rcgen", &["http"]),
    ("tokio", &["store", "service", "config", "telemetry", "outbound", "http", "cli"]),
    ("clap", &["cli", "config"]),
    ("anyhow", &["cli"]),
    ("indicatif", &["cli"]),
    ("notify", &["config"]),
    ("prometheus_client", &["telemetry"]),
    ("hickory_resolver", &["outbound"]),
];

/// What is written in one file only: a pattern, the files, and why.
const ONE_PLACE: &[(&str, &[&str], &str)] = &[
    (r"\bbincode\b", &["store/codec.rs"], "so that leaving it changes one file"),
    (r"\bPreEscaped\b", &["web/mod.rs"], "so that unescaped HTML enters pages through one door"),
    (
        r"\bfrom_sanitised\b",
        &["domain/safe_html.rs", "archive/readme/mod.rs", "archive/readme/guard.rs"],
        "SafeHtml is made where it was sanitised, and nowhere else",
    ),
    (r"\bRender for SafeHtml\b", &["web/safe_html.rs"], "so that SafeHtml enters pages through one door"),
    (r"\bspawn_blocking\b", &["store/blocking.rs"], "store::blocking is the one door to blocking threads"),
    (r"\b(SystemTime|Timestamp|Utc)::now\b", &["service/clock.rs"], "time is an argument everywhere else"),
];

/// Statuses that refuse, which only the error mapping gives.
const REFUSING: &str = r"StatusCode::(BAD_REQUEST|UNAUTHORIZED|PAYMENT_REQUIRED|FORBIDDEN|NOT_FOUND|METHOD_NOT_ALLOWED|CONFLICT|GONE|PAYLOAD_TOO_LARGE|UNPROCESSABLE_ENTITY|TOO_MANY_REQUESTS|NOT_IMPLEMENTED|INSUFFICIENT_STORAGE|INTERNAL_SERVER_ERROR|SERVICE_UNAVAILABLE)\b";
/// Where else they may stand: health is an answer and no refusal, and a reply that cannot even be built is neither.
const REFUSING_IN: &[&str] = &["http/error.rs", "http/ops.rs", "http/response.rs"];

/// Lines of a file at most.
const MAX_LINES: usize = 500;

struct Source {
    /// Below `src/`.
    path: String,
    /// The first part of the path: the layer.
    layer: String,
    /// Its code without comments and without its tests.
    code: String,
    lines: usize,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut found) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(source(&root, &path));
            }
        }
    }
    assert!(found.len() > 50, "{} files", found.len());
    found
}

fn source(root: &Path, path: &PathBuf) -> Source {
    let text = std::fs::read_to_string(path).expect("readable");
    let relative = path.strip_prefix(root).expect("below it").to_string_lossy().into_owned();
    let layer = relative.split(['/', '.']).next().unwrap_or_default().to_owned();
    let is_test =
        relative.ends_with("tests.rs") || relative.contains("/tests/") || relative.ends_with("fixture.rs");
    let production = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let code = production.lines().map(|line| line.split("//").next().unwrap_or_default());
    let code = if is_test { String::new() } else { code.collect::<Vec<_>>().join("\n") };
    Source { layer, code, lines: text.lines().count(), path: relative }
}

/// The first names after `crate::`, also those of a `use crate::{..}` list.
fn named_layers(code: &str) -> BTreeSet<String> {
    let single = Regex::new(r"\bcrate::([a-z_][a-z0-9_]*)").expect("a pattern");
    let list = Regex::new(r"(?s)\bcrate::\{(.*?)\};").expect("a pattern");
    let first = Regex::new(r"(?:^|,)\s*([a-z_][a-z0-9_]*)").expect("a pattern");
    let nested = Regex::new(r"\{[^{}]*\}").expect("a pattern");
    let mut names: BTreeSet<String> = single.captures_iter(code).map(|found| found[1].to_owned()).collect();
    for found in list.captures_iter(code) {
        let flat = nested.replace_all(&found[1], "");
        names.extend(first.captures_iter(&flat).map(|name| name[1].to_owned()));
    }
    names
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn layers_name_only_the_layers_below_them() {
    let known: BTreeSet<&str> = EDGES.iter().map(|(layer, _)| *layer).collect();
    let mut wrong = Vec::new();
    for source in sources() {
        let Some((_, allowed)) = EDGES.iter().find(|(layer, _)| *layer == source.layer) else {
            wrong.push(format!("{} is in no layer: add it to EDGES", source.path));
            continue;
        };
        for name in named_layers(&source.code) {
            if known.contains(&*name) && name != source.layer && !allowed.contains(&&*name) {
                wrong.push(format!("{} names {name}, which {} must not", source.path, source.layer));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn http_takes_no_more_of_the_store_than_its_errors_and_its_threads() {
    let allowed = Regex::new(
        r"crate::store::(\{(StoreError|blocking|background|self|, )*\}|StoreError|blocking|background)",
    )
    .expect("a pattern");
    let any = Regex::new(r"crate::store\b").expect("a pattern");
    let wrong: Vec<String> = sources()
        .iter()
        .filter(|source| source.layer == "http")
        .filter(|source| any.find_iter(&source.code).count() != allowed.find_iter(&source.code).count())
        .map(|source| format!("{} reaches into the store: go through a service", source.path))
        .collect();
    assert_none(&wrong);
}

#[test]
fn crates_stay_in_the_layers_they_belong_to() {
    let mut wrong = Vec::new();
    for (name, layers) in CRATES {
        // Not a path of ours that ends in the same word.
        let named = Regex::new(&format!(r"(?:^|[^:\w.])(?:::)?{name}::|\buse {name}\b")).expect("a pattern");
        for source in sources() {
            if named.is_match(&source.code) && !layers.contains(&&*source.layer) {
                wrong.push(format!("{} names the crate {name}, which belongs to {layers:?}", source.path));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn the_domain_does_no_input_or_output_and_reads_no_clock() {
    let outside = Regex::new(r"\bstd::(fs|net|env|process|time::SystemTime|time::Instant|thread)\b|\bFile::")
        .expect("a pattern");
    let wrong: Vec<String> = sources()
        .iter()
        .filter(|source| source.layer == "domain")
        .filter_map(|source| Some(format!("{} names {}", source.path, outside.find(&source.code)?.as_str())))
        .collect();
    assert_none(&wrong);
}

#[test]
fn what_belongs_in_one_place_is_in_one_place() {
    let mut wrong = Vec::new();
    for (pattern, files, why) in ONE_PLACE {
        let pattern = Regex::new(pattern).expect("a pattern");
        for source in sources() {
            if !files.contains(&&*source.path)
                && let Some(found) = pattern.find(&source.code)
            {
                wrong.push(format!("{} names {}: {why}", source.path, found.as_str()));
            }
        }
    }
    let refusing = Regex::new(REFUSING).expect("a pattern");
    for source in sources().iter().filter(|source| source.layer != "cli" && source.layer != "outbound") {
        if !REFUSING_IN.contains(&&*source.path)
            && let Some(found) = refusing.find(&source.code)
        {
            wrong.push(format!(
                "{} gives {}: http/error.rs maps errors to statuses",
                source.path,
                found.as_str()
            ));
        }
    }
    assert_none(&wrong);
}

#[test]
fn every_file_says_what_it_is_for_and_is_short_enough_to_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for source in sources() {
        if source.lines > MAX_LINES {
            wrong
                .push(format!("{} has {} lines, more than {MAX_LINES}: split it", source.path, source.lines));
        }
        let text = std::fs::read_to_string(root.join(&source.path)).expect("readable");
        if !text.starts_with("//! ") {
            wrong.push(format!("{} does not begin with what it is for (`//! …`)", source.path));
        }
    }
    assert_none(&wrong);
}
