//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Measures cairn against nginx, bare hyper and a plain publisher, in turns
#[derive(Debug, Parser)]
#[command(name = "load", args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: Run,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write an instance into a directory, for `--data`
    Seed {
        dir: PathBuf,
        /// Modules in all: half of them private for the greater part, half of them public
        #[arg(long, default_value_t = 100_000)]
        modules: u64,
        /// Versions of each
        #[arg(long, default_value_t = 10)]
        versions: u64,
    },
    /// Answer every request with the answer in a file (run by the program itself)
    #[command(hide = true)]
    Control { listen: SocketAddr, answer: PathBuf },
    /// Take archives and make them durable (run by the program itself)
    #[command(hide = true)]
    Receive {
        listen: SocketAddr,
        dir: PathBuf,
        /// With a row in a database for each
        #[arg(long)]
        rows: bool,
    },
    /// Download as fast as possible and print what came (run by the program itself)
    #[command(hide = true)]
    Fetch(Fetch),
    /// Send paced requests and print how long they took (run by the program itself)
    #[command(hide = true)]
    Paced(Paced),
    /// Ask now and then and print how long that took (run by the program itself)
    #[command(hide = true)]
    Victim(Victim),
}

#[derive(Debug, Args)]
pub(crate) struct Fetch {
    pub(crate) server: SocketAddr,
    pub(crate) path: String,
    #[arg(long)]
    pub(crate) connections: usize,
    #[arg(long)]
    pub(crate) seconds: f64,
}

#[derive(Debug, Args)]
pub(crate) struct Paced {
    pub(crate) server: SocketAddr,
    /// Requests a second
    #[arg(long)]
    pub(crate) rate: f64,
    #[arg(long)]
    pub(crate) seconds: f64,
    /// Files of request paths, one a line
    #[arg(long)]
    pub(crate) versions: PathBuf,
    #[arg(long)]
    pub(crate) downloads: PathBuf,
    #[arg(long)]
    pub(crate) searches: PathBuf,
    /// An archive to publish
    #[arg(long)]
    pub(crate) archive: PathBuf,
    /// Part of the names of the modules that are published
    #[arg(long)]
    pub(crate) run: String,
}

#[derive(Debug, Args)]
pub(crate) struct Victim {
    pub(crate) server: SocketAddr,
    pub(crate) path: String,
    #[arg(long)]
    pub(crate) seconds: f64,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Only these workloads, by name
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub(crate) only: Vec<String>,
    /// Rounds of each comparison
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
    /// Seconds of each contestant in a round
    #[arg(long, default_value_t = 3)]
    pub(crate) seconds: u64,
    /// The few workloads that CI runs, in shorter rounds; fails when a ratio is below its floor, or its guard
    #[arg(long)]
    pub(crate) short: bool,
    /// Directory of the instance: made there if it is missing, copied before use
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Modules of the instance, when it has to be made
    #[arg(long)]
    pub(crate) modules: Option<u64>,
    /// Versions of each module, when it has to be made
    #[arg(long, default_value_t = 10)]
    pub(crate) versions: u64,
    /// Also write what was measured to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// The share of the machine that others may use during a round that counts
    #[arg(long, default_value_t = 0.10)]
    pub(crate) quiet: f64,
    /// Another program than the one that was built with this one
    #[arg(long, value_name = "FILE")]
    pub(crate) program: Option<PathBuf>,
    /// List the workloads
    #[arg(long)]
    pub(crate) list: bool,
    /// What `cargo bench` adds
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
}
