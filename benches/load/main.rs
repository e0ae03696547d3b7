//! Speed and memory of the whole program, against others that do the same work in the same minute.
//!
//! ```text
//! cargo bench --bench load                                everything, on 100,000 modules with 10 versions each
//! cargo bench --bench load -- --short                     what CI runs: a few minutes, fails when something got slower
//! cargo bench --bench load -- --only versions,search      some workloads; --list names them all
//! cargo bench --bench load -- seed DIR --modules 100000   an instance to keep ...
//! cargo bench --bench load -- --data DIR --json FILE      ... and to use again; --json writes the table as JSON
//! ```
//!
//! It needs `nginx`, `wrk`, `taskset` and two processors. Contestants take turns of a few seconds, and ratios are taken turn
//! by turn, so that what else the machine does falls on both. A round in which other processes used more than a tenth of the
//! machine (`--quiet`) is dropped; where all were like that, the row says so. The server has one processor and its client
//! the other, except where publishers and starts are measured. `--data` is copied before anything writes to it.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(clippy::disallowed_methods, reason = "what it writes need not outlast it")]
#![expect(clippy::cast_precision_loss, reason = "counts become rates")]
#![expect(clippy::format_push_string, reason = "short texts, made once")]

mod archives;
mod control;
mod fetch;
#[path = "../instance/mod.rs"]
mod instance;
mod machine;
mod options;
mod paced;
mod paths;
mod publisher;
mod receiver;
mod report;
mod rounds;
mod seed;
mod servers;
mod storms;
mod victim;
mod wire;
mod workloads;
mod world;
mod wrk;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use instance::Size;
use options::{Command, Options, Run};
use report::Row;
use world::World;

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    match options.command {
        Some(Command::Seed { dir, modules, versions }) => {
            seed::write(&dir, Size { modules, versions })?;
        }
        Some(Command::Control { listen, answer }) => control::run(listen, &answer)?,
        Some(Command::Receive { listen, dir, rows }) => receiver::run(listen, &dir, rows)?,
        Some(Command::Fetch(asked)) => fetch::main(&asked)?,
        Some(Command::Paced(asked)) => paced::main(&asked)?,
        Some(Command::Victim(asked)) => victim::main(&asked)?,
        None if options.run.list => println!("{}", workloads::names().join("\n")),
        None => return measure(options.run),
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(mut run: Run) -> Result<ExitCode> {
    if run.short {
        (run.rounds, run.seconds) = (run.rounds.min(3), run.seconds.min(2));
    }
    let mut world = World::make(run)?;
    let about = format!(
        "cairn {} on {} modules with {} versions each; {} rounds of {} s",
        env!("CARGO_PKG_VERSION"),
        world.size.names().count(),
        world.size.versions,
        world.run.rounds,
        world.run.seconds
    );
    report::head(&about);
    let outcome = workloads::run(&mut world);
    // What was measured before something failed is worth keeping.
    if let Some(file) = &world.run.json {
        report::write(file, &about, &world.rows)?;
    }
    outcome?;
    let missed = world.run.short && world.rows.iter().any(Row::is_ratio_too_low);
    Ok(if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
