//! Python with some packages of fixed versions, in a virtual environment below the target folder.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::server::{Outcome, RunToEnd, write_file};

/// A Python that has the packages a test needs.
#[derive(Debug)]
pub(crate) struct Python {
    program: PathBuf,
}

impl Python {
    /// An environment of that name with these packages (`python-gitlab==8.6.0`), made once and kept: tests, threads and
    /// other test runs that ask for the same one wait for each other. Nothing, and a sentence about it, when there is no
    /// Python or no way to its packages.
    pub(crate) fn with(name: &str, packages: &[&str]) -> Option<Self> {
        let made = make(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("python-{name}")), packages);
        match made {
            Ok(program) => Some(Self { program }),
            Err(why) => {
                let required = std::env::var_os("CAIRN_REQUIRE_PYTHON").is_some();
                assert!(!required, "CAIRN_REQUIRE_PYTHON is set, but {why}");
                let said = format!("skipped: {why}; install it, or see it fail with CAIRN_REQUIRE_PYTHON=1");
                writeln!(std::io::stderr(), "{said}").unwrap();
                None
            }
        }
    }

    /// Runs a script of `tests/clients` with arguments and environment variables, and nothing of the surroundings'
    /// configuration.
    pub(crate) fn run(&self, script: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Outcome {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script);
        let mut command = Command::new(&self.program);
        command.env_clear().envs(environment.iter().copied()).stdin(Stdio::null());
        // A proxy or a `.netrc` of the surroundings is none of the test's business.
        command.env("NO_PROXY", "*").env("HOME", "/nonexistent").env("PYTHONDONTWRITEBYTECODE", "1");
        command.arg(script).args(arguments).outcome()
    }
}

/// The program of an environment that holds exactly these packages, or why there is none.
fn make(folder: &Path, packages: &[&str]) -> Result<PathBuf, String> {
    let program = folder.join("bin/python");
    let list = folder.join("cairn-packages.txt");
    let wanted = packages.join("\n");
    // Held until this returns, by whichever process: the lock goes with the file, also when the process dies.
    let lock = File::options().create(true).append(true).open(folder.with_extension("lock"));
    lock.and_then(|file| file.lock().map(|()| file))
        .map_err(|error| format!("no lock can be had: {error}"))
        .and_then(|_held| {
            // Written last, so that it tells of an environment that is complete.
            if fs::read_to_string(&list).is_ok_and(|found| found == wanted) && program.exists() {
                return Ok(program);
            }
            if folder.exists() {
                fs::remove_dir_all(folder).map_err(|error| format!("an old environment stays: {error}"))?;
            }
            must("python3", &["-m".as_ref(), "venv".as_ref(), folder.as_os_str()])?;
            let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
            let pip: Vec<&OsStr> = pip.iter().chain(packages).map(OsStr::new).collect();
            must(&program, &pip)?;
            write_file(&list, wanted.as_bytes());
            Ok(program)
        })
}

fn must(program: impl AsRef<OsStr>, arguments: &[&OsStr]) -> Result<(), String> {
    let name = Path::new(program.as_ref()).display().to_string();
    let output = Command::new(program.as_ref()).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{name} cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    Err(format!("{name} {arguments:?} failed: {}", said.trim()))
}
