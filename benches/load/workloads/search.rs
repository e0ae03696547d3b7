//! Searches by a few clients at once, by somebody who types, and in words that nobody searched for before; and pages one after
//! another.

use std::time::Instant;

use anyhow::Result;

use crate::paths::{self, SEARCHES};
use crate::report::{Goal, Row, short};
use crate::rounds::{Contestant, Work, median, percentile, play};
use crate::servers::{Cores, Server};
use crate::wire::Connection;
use crate::world::{World, token};
use crate::wrk::Asked;

/// Pages, by what they show. The numbers of packages begin at 1.
const PAGES: [(&str, &str); 6] = [
    ("home", "/"),
    ("group", "/open/-/infrastructure_registry"),
    ("group by name", "/groups/open/-/infrastructure_registry?orderBy=name&sort=asc"),
    ("package", "/load/modules/-/infrastructure_registry/"),
    ("search", "/search?q="),
    ("search of the API", "/v1/modules/search?q="),
];

pub(crate) fn search(world: &mut World) -> Result<()> {
    let data = world.copy("search")?;
    let cairn = world.cairn(&data, Cores::One, "warn")?;
    let words = SEARCHES.map(|words| format!("/v1/modules/search?q={words}"));
    let paths = paths::list(&world.scratch("search.paths"), &words)?;
    let token = token();
    let asked = Asked::new(&paths, &token, 8);
    told(world, &cairn, "search", &asked, Goal::AtMost { target: 4.0, floor: 8.0 })?;
    drop(cairn);
    Ok(std::fs::remove_dir_all(data)?)
}

/// Somebody types the names of modules: a search for the first two letters, for three and for four, one after another.
pub(crate) fn by_prefix(world: &mut World) -> Result<()> {
    let data = world.copy("search-prefix")?;
    let cairn = world.cairn(&data, Cores::One, "warn")?;
    let words = paths::prefixes().map(|prefix| format!("/v1/modules/search?q={prefix}"));
    let paths = paths::list(&world.scratch("prefix.paths"), &words.collect::<Vec<_>>())?;
    let token = token();
    let asked = Asked::new(&paths, &token, 1);
    told(world, &cairn, "search by prefix", &asked, Goal::AtMost { target: 1.0, floor: 2.0 })?;
    drop(cairn);
    Ok(std::fs::remove_dir_all(data)?)
}

/// Searches of which each is in words of its own, so that nothing that is kept of an earlier one answers it.
pub(crate) fn never_asked(world: &mut World) -> Result<()> {
    let data = world.copy("search-new")?;
    let cairn = world.cairn(&data, Cores::One, "warn")?;
    let words = paths::new_searches().map(|words| format!("/v1/modules/search?q={words}"));
    let paths = paths::list(&world.scratch("new.paths"), &words.collect::<Vec<_>>())?;
    let token = token();
    for (name, clients) in [("search for what is new", 8), ("the same, one at a time", 1)] {
        told(world, &cairn, name, &Asked::new(&paths, &token, clients), Goal::None)?;
    }
    drop(cairn);
    Ok(std::fs::remove_dir_all(data)?)
}

/// Asks and tells how long it took.
fn told(world: &mut World, cairn: &Server, name: &str, asked: &Asked<'_>, goal: Goal) -> Result<()> {
    let played = play(world.rules(), &mut [world.wrk("cairn", cairn, asked)])?;
    let rate = median(&played.values(|round| Some(round.first()?.rate)));
    let p50 = median(&played.values(|round| Some(round.first()?.p50)));
    let p99 = played.values(|round| Some(round.first()?.p99));
    let clients = if asked.connections == 1 { "client" } else { "clients" };
    let text = format!("{}/s, p50 {} ms, {} {clients}", short(rate), short(p50), asked.connections);
    world.told(Row::value(name, "ms p99", p99, goal).played(&played).absolute(text));
    Ok(())
}

pub(crate) fn pages(world: &mut World) -> Result<()> {
    let data = world.copy("pages")?;
    let cairn = world.cairn(&data, Cores::One, "warn")?;
    let package = latest_package(&mut Connection::open(cairn.plain)?)?;
    for (name, path) in PAGES {
        let run = || one_after_another(world, &cairn, name, path, package);
        let mut contestants = [Contestant { name: "cairn", pid: Some(cairn.pid()), run: Box::new(run) }];
        let played = play(world.rules(), &mut contestants)?;
        drop(contestants);
        let p50 = median(&played.values(|round| Some(round.first()?.p50)));
        let p99 = played.values(|round| Some(round.first()?.p99));
        world.told(
            Row::value(&format!("pages: {name}"), "ms p99", p99, Goal::None)
                .played(&played)
                .absolute(format!("p50 {} ms, one at a time", short(p50))),
        );
    }
    drop(cairn);
    Ok(std::fs::remove_dir_all(data)?)
}

/// The number of a package below `load`.
fn latest_package(connection: &mut Connection) -> Result<u64> {
    let path = "/api/v4/projects/load%2Fmodules/packages?package_name=archive-100k%2Faws";
    let answer = connection.get(path, &token())?.expect(200)?;
    let packages: serde_json::Value = serde_json::from_slice(&answer.body)?;
    Ok(packages.pointer("/0/id").and_then(serde_json::Value::as_u64).unwrap_or(1))
}

fn one_after_another(world: &World, cairn: &Server, name: &str, path: &str, package: u64) -> Result<Work> {
    let mut connection = Connection::open(cairn.plain)?;
    let start = Instant::now();
    let mut millis = Vec::new();
    let mut words = SEARCHES.iter().cycle();
    while start.elapsed().as_secs() < world.run.seconds {
        let path = match name {
            "package" => format!("{path}{package}"),
            "search" | "search of the API" => format!("{path}{}", words.next().unwrap_or(&"")),
            _ => path.to_owned(),
        };
        let began = Instant::now();
        connection.get(&path, &[])?.expect(200)?;
        millis.push(began.elapsed().as_secs_f64() * 1e3);
    }
    Ok(Work {
        units: millis.len() as f64,
        seconds: start.elapsed().as_secs_f64(),
        p50: percentile(&millis, 0.50),
        p99: percentile(&millis, 0.99),
    })
}
