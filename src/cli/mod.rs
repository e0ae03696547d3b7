//! The command line: one tree of commands, each of which is a function.

mod admin;
mod backup;
mod ci_environment;
mod client;
mod data_dir;
mod destination;
mod import;
mod output;
mod patience;
mod places;
mod publish;
mod serve;
mod upkeep;
mod upload;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::config::{Config, ConfigError, ServeArgs, process_environment};
use admin::AdminCommand;
use import::ImportArgs;
use output::{Output, note};
use publish::PublishArgs;

/// Stack of the runtime's threads: configuration files are parsed on them, and nest.
const STACK_BYTES: usize = 8 * 1024 * 1024;

/// The command line as a whole.
#[derive(Debug, Parser)]
#[command(name = "cairn", version, about = "A private Terraform and OpenTofu module registry in one file", long_about = None, propagate_version = true, max_term_width = 100)]
struct Cli {
    /// Print JSON instead of text
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(ServeArgs),
    /// Pack a module and publish it to a server
    Publish(PublishArgs),
    /// Publish every module of a folder: the mirror for a network without internet
    Import(ImportArgs),
    /// Administer the server of a data directory, running or not
    Admin {
        #[command(flatten)]
        data: DataArgs,
        #[command(subcommand)]
        command: AdminCommand,
    },
    /// Hash every archive again and check every reference; exit 1 when anything is wrong
    Verify {
        #[command(flatten)]
        data: DataArgs,
    },
    /// Copy a data directory into another, while a server uses it or not
    #[command(after_help = backup::AFTERWARDS)]
    Backup {
        #[command(flatten)]
        data: DataArgs,
        /// The directory to make: it must not exist, or be empty
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
    /// Delete archives that nothing refers to
    Gc {
        #[command(flatten)]
        data: DataArgs,
        /// Only say what would be deleted
        #[arg(long)]
        dry_run: bool,
        /// Spare archives younger than this many seconds
        #[arg(long, value_name = "SECONDS", default_value_t = crate::service::upkeep::DEFAULT_GRACE.as_secs())]
        grace: u64,
    },
    /// Look at the configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Print a shell completion script
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual, or write a page for each command
    Man {
        /// Write a page for each command into this directory, made when it is missing
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print each setting with its value and where it came from
    Show(Box<ServeArgs>),
}

/// Which data directory.
#[derive(Debug, Args)]
struct DataArgs {
    /// The data directory
    #[arg(long, value_name = "DIR", env = "CAIRN_DATA_DIR", default_value = "./cairn-data", global = true)]
    data_dir: PathBuf,
}

/// Parses the arguments, runs the command, and says how it went: 0 done, 1 failed, 2 wrong usage.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("error: {error:#}"));
            if error.is::<ConfigError>() || error.is::<Usage>() {
                ExitCode::from(2)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

/// The arguments make no sense together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// A reader of our output that has seen enough is no failure of ours.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

fn run(cli: Cli) -> Result<ExitCode> {
    let output = Output { json: cli.json };
    match cli.command {
        Command::Serve(args) => runtime()?.block_on(serve::run(args))?,
        Command::Publish(args) => runtime()?.block_on(publish::run(args, output))?,
        Command::Import(args) => return runtime()?.block_on(import::run(args, output)),
        Command::Admin { data, command } => {
            runtime()?.block_on(admin::run(&data.data_dir, command, output))?;
        }
        Command::Verify { data } => return runtime()?.block_on(upkeep::verify(&data.data_dir, output)),
        Command::Backup { data, directory } => {
            return runtime()?.block_on(backup::run(&data.data_dir, &directory, output));
        }
        Command::Gc { data, dry_run, grace } => {
            runtime()?.block_on(upkeep::collect(&data.data_dir, dry_run, grace, output))?;
        }
        Command::Config { command: ConfigCommand::Show(args) } => show_config(&args, output)?,
        Command::Completions { shell } => {
            // Into memory first: the generator panics when its reader has gone.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "cairn", &mut script);
            io::stdout().lock().write_all(&script)?;
        }
        Command::Man { dir: Some(dir) } => write_manual(&dir)
            .with_context(|| format!("cannot write the manual pages into {}", dir.display()))?,
        Command::Man { dir: None } => {
            clap_mangen::Man::new(Cli::command()).render(&mut io::stdout().lock())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn write_manual(dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    clap_mangen::generate_to(Cli::command(), dir)
}

/// For the commands that touch a data directory: everything they create is for their user alone.
fn runtime() -> io::Result<tokio::runtime::Runtime> {
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK_BYTES).build()
}

fn show_config(args: &ServeArgs, output: Output) -> Result<()> {
    let rows = Config::load(args, &process_environment)?.rows();
    let rows = rows.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>()?;
    output.table(&rows, &["name", "value", "source"])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_tree_is_sound() {
        Cli::command().debug_assert();
    }
}
