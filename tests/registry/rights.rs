//! Every endpoint, every caller, every visibility and registry level, against the tables of `rights/rights.txt`.

mod audited;
mod stage;

use std::collections::BTreeSet;

use cairn::domain::{RegistryAccess, Visibility};
use cairn::http::endpoint::Segments;
use regex::Regex;
use serde_json::json;

use crate::support::archive::Module;
use stage::{Place, Stage};

const RIGHTS: &str = include_str!("rights/rights.txt");
const LEVELS: [RegistryAccess; 4] =
    [RegistryAccess::Enabled, RegistryAccess::Private, RegistryAccess::Disabled, RegistryAccess::Public];
/// Classes of endpoints that are gone while the registry is off.
const REGISTRY: [&str; 5] = ["N", "P", "put", "G", "delete"];

/// The lines below a heading, without comments.
fn section(title: &str) -> Vec<&'static str> {
    let heading = format!("[{title}]");
    let lines = RIGHTS.lines().skip_while(|line| *line != heading).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let found: Vec<&str> = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert!(!found.is_empty(), "rights.txt has no {heading}");
    found
}

/// One request, as it is written.
#[derive(Debug, Clone, Copy)]
struct Endpoint {
    class: &'static str,
    method: &'static str,
    path: &'static str,
    success: u16,
    body: &'static str,
}

impl Endpoint {
    fn all() -> Vec<Self> {
        let parse = |line: &'static str| {
            let (class, rest) = word(line);
            let (method, rest) = word(rest);
            let (path, rest) = word(rest);
            let (success, body) = word(rest);
            Self { class, method, path, success: success.parse().unwrap(), body }
        };
        section("endpoints").into_iter().map(parse).collect()
    }

    /// The status that a cell stands for.
    fn expected(&self, cell: &str) -> u16 {
        match cell {
            "ok" => self.success,
            "none" if self.path.ends_with("/versions") => 200,
            "none" => 404,
            status => status.parse().unwrap(),
        }
    }
}

fn word(text: &'static str) -> (&'static str, &'static str) {
    let text = text.trim_start();
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    (first, rest.trim())
}

/// A table: for each row its name and its cells by caller.
fn table(title: &str) -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
    let words = |line: &'static str| line.split_whitespace().filter(|word| *word != "|");
    let lines = section(title);
    let (header, rows) = lines.split_first().unwrap();
    let callers: Vec<&str> = words(header).collect();
    let row = |line: &'static str| {
        let (name, _) = word(line);
        let cells: Vec<&str> = words(line).skip(1).collect();
        assert_eq!(cells.len(), callers.len(), "[{title}] {name}");
        (name, callers.iter().copied().zip(cells).collect())
    };
    rows.iter().map(|line| row(line)).collect()
}

impl Stage {
    /// Makes a request, and says what is wrong with its answer.
    fn check(&self, endpoint: &Endpoint, caller: &str, cell: &str, place: &Place) -> Option<String> {
        let in_group = endpoint.class.starts_with("g-");
        let succeeds = cell == "ok" || cell.starts_with('2');
        let path = self.filled(endpoint.path, place, in_group, succeeds);
        let client = self.caller(caller, place);
        let answer = match self.filled(endpoint.body, place, in_group, succeeds).as_str() {
            "" => client.request(endpoint.method, &path, None),
            "(archive)" => client.put(&path, &Module::of("up").build()),
            body => client.with("Content-Type", "application/json").request(
                endpoint.method,
                &path,
                Some(body.as_bytes()),
            ),
        };
        let expected = endpoint.expected(cell);
        if answer.status != expected {
            let said = answer.text();
            let what = format!("{} {path}", endpoint.method);
            return Some(format!(
                "{}: {caller}: {what} gives {}, not {expected}: {said}",
                place.namespace, answer.status
            ));
        }
        if endpoint.class == "N" && endpoint.path.ends_with("/versions") && expected == 200 {
            let empty = answer.json() == json!({ "modules": [{ "versions": [] }] });
            if empty != (cell == "none") {
                return Some(format!("{}: {caller}: {path} lists {}", place.namespace, answer.text()));
            }
        }
        None
    }

    /// Goes through the rows of a table and collects what is not as it says.
    fn check_table(&self, title: &str, place: &Place, endpoints: &[Endpoint]) -> Vec<String> {
        let mut wrong = Vec::new();
        for (class, cells) in table(title) {
            let of_class: Vec<&Endpoint> =
                endpoints.iter().filter(|endpoint| endpoint.class == class).collect();
            assert!(!of_class.is_empty(), "[{title}] {class} has no endpoints");
            for endpoint in of_class {
                wrong.extend(
                    cells.iter().filter_map(|(caller, cell)| self.check(endpoint, caller, cell, place)),
                );
            }
        }
        wrong
    }
}

fn check_visibility(visibility: Visibility) {
    let stage = Stage::new(visibility, &LEVELS);
    let endpoints = Endpoint::all();
    let seen = visibility.as_str();
    let mut wrong = Vec::new();
    for (place, level) in stage.places.iter().zip(LEVELS) {
        let title = format!("{seen} project, registry {}", level.as_str());
        wrong.extend(stage.check_table(&title, place, &endpoints));
        wrong.extend(stage.check_table(&format!("{seen} project, any registry"), place, &endpoints));
        // What was refused was not done all the same.
        let found = if level == RegistryAccess::Disabled { 403 } else { 200 };
        stage.world.root().get(&place.package_url()).must(found);
    }
    wrong.extend(stage.check_table(&format!("{seen} group"), &stage.places[0], &endpoints));
    assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn private_groups_and_projects() {
    check_visibility(Visibility::Private);
}

#[test]
fn internal_groups_and_projects() {
    check_visibility(Visibility::Internal);
}

#[test]
fn public_groups_and_projects() {
    check_visibility(Visibility::Public);
}

/// The rows about the instance, each with its cells by caller.
fn instance() -> Vec<(Endpoint, Vec<(&'static str, &'static str)>)> {
    let lines = section("instance");
    let (header, rows) = lines.split_first().unwrap();
    let row = |row: &&'static str| {
        let (method, rest) = word(row);
        let (path, mut rest) = word(rest);
        let mut cells = Vec::new();
        for caller in header.split_whitespace() {
            let (cell, after) = word(rest);
            cells.push((caller, cell));
            rest = after;
        }
        (Endpoint { class: "instance", method, path, success: 0, body: rest }, cells)
    };
    rows.iter().map(row).collect()
}

#[test]
fn the_instance_its_users_and_their_tokens() {
    let stage = Stage::new(Visibility::Public, &LEVELS[..1]);
    let place = &stage.places[0];
    let mut wrong = Vec::new();
    for (endpoint, cells) in instance() {
        wrong.extend(cells.iter().filter_map(|(caller, cell)| stage.check(&endpoint, caller, cell, place)));
    }
    assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
}

/// The code that names the routes, without its tests.
const ROUTES: [&str; 4] = [
    include_str!("../../src/http/endpoint.rs"),
    include_str!("../../src/http/api/endpoint.rs"),
    include_str!("../../src/http/api/routes.rs"),
    include_str!("../../src/http/api/ci/mod.rs"),
];

#[test]
fn the_tables_have_every_endpoint_with_every_method() {
    let braces = Regex::new(r"\{[^}]*\}").unwrap();
    let (mut patterns, mut missing) = (BTreeSet::new(), BTreeSet::new());
    let mut seen = BTreeSet::new();
    let rows = Endpoint::all().into_iter().chain(instance().into_iter().map(|(endpoint, _)| endpoint));
    for row in rows {
        let prefixes = [
            ("{n}", "/api/v4/packages/terraform/modules/v1/a/b/c"),
            ("{p}", "/api/v4/projects/1"),
            ("{g}", "/api/v4/groups/1"),
        ];
        let fresh = row
            .path
            .replace("{fresh-p}", "{p}")
            .replace("{fresh-g}", "{g}")
            .replace("{fresh-files}", "1/package_files/1");
        let path = prefixes.iter().fold(fresh, |path, (name, with)| path.replace(name, with));
        let path = braces.replace_all(path.split('?').next().unwrap(), "1").into_owned();
        let segments = Segments::split(&path).unwrap();
        let endpoint = segments.endpoint().unwrap_or_else(|| panic!("no route: {path}"));
        patterns.insert(endpoint.pattern());
        seen.insert((endpoint.pattern(), row.method));
        missing.extend(endpoint.methods().iter().map(|method| (endpoint.pattern(), method.to_string())));
    }
    missing.retain(|(pattern, method)| !seen.contains(&(*pattern, method.as_str())));
    assert_eq!(missing, BTreeSet::new());
    let named = Regex::new(r#""((?:/api/v4|modules/v1)/[^"]*)""#).unwrap();
    for code in ROUTES.map(|code| code.split("#[cfg(test)]").next().unwrap()) {
        let found: Vec<&str> =
            named.captures_iter(code).map(|found| found.get(1).unwrap().as_str()).collect();
        for pattern in found {
            assert!(patterns.contains(pattern), "rights.txt says nothing about {pattern}");
        }
    }
}

#[test]
fn while_the_registry_is_off_it_is_gone_for_everyone_and_nothing_else_is() {
    let stage = Stage::new(Visibility::Private, &LEVELS[..1]);
    let place = &stage.places[0];
    stage.world.settings(&json!({ "packages_enabled": false }));
    let mut wrong = Vec::new();
    for endpoint in Endpoint::all() {
        let title = match endpoint.class {
            // Jobs are opened all the same: who publishes with them is told.
            class if REGISTRY.contains(&class) || class == "job" => "private project, registry enabled",
            class if class.starts_with("g-") => "private group",
            _ => "private project, any registry",
        };
        let gone = REGISTRY.contains(&endpoint.class) || endpoint.path.ends_with("/packages");
        let table = table(title);
        let (_, cells) = table.iter().find(|(class, _)| *class == endpoint.class).unwrap();
        for (caller, cell) in cells {
            // What is fresh is not published now: the standing one will do for a refusal.
            let cell = if gone { "404" } else { cell };
            wrong.extend(stage.check(&endpoint, caller, cell, place));
        }
    }
    assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
    stage.world.settings(&json!({ "packages_enabled": true }));
    stage.world.root().get(&place.package_url()).must(200);
}
