//! Python with packages of fixed versions, in a virtual environment that is kept below the target folder.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::server::write_file;

/// A Python that has the packages a test needs.
#[derive(Debug)]
pub(crate) struct Python {
    folder: PathBuf,
}

impl Python {
    /// The environment with the packages of `tests/clients/NAME/requirements.txt`, made once and kept: tests, threads
    /// and other test runs that ask for the same one wait for each other. Nothing, and a sentence about it, when there is
    /// no Python or no way to its packages.
    pub(crate) fn with(name: &str) -> Option<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("python-{name}"));
        match make(&folder, &source(name).join("requirements.txt")) {
            Ok(()) => Some(Self { folder }),
            Err(why) => {
                let required = std::env::var_os("CAIRN_REQUIRE_PYTHON").is_some();
                assert!(!required, "CAIRN_REQUIRE_PYTHON is set, but {why}");
                let said = format!("skipped: {why}; install it, or see it fail with CAIRN_REQUIRE_PYTHON=1");
                writeln!(std::io::stderr(), "{said}").unwrap();
                None
            }
        }
    }

    /// One of its programs, with nothing of the surroundings' configuration: no proxy, no `.netrc`, no other packages.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.folder.join("bin").join(program));
        command.env_clear().env("NO_PROXY", "*").env("HOME", "/nonexistent");
        command.env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::null());
        command
    }
}

/// The folder of a client's scripts.
pub(crate) fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

/// Makes the environment, unless it is there with the same packages; or says why there is none.
fn make(folder: &Path, requirements: &Path) -> Result<(), String> {
    let wanted = fs::read_to_string(requirements).unwrap();
    // Held until this returns, by whichever process: the lock goes with the file, also when the process dies.
    let lock = File::options().create(true).append(true).open(folder.with_extension("lock"));
    let _held = lock
        .and_then(|file| file.lock().map(|()| file))
        .map_err(|error| format!("no lock can be had: {error}"))?;
    // Written last, so that it tells of an environment that is complete.
    let installed = folder.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    run("python3", &["-m".as_ref(), "venv".as_ref(), "--clear".as_ref(), folder.as_ref()])?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r"];
    let install: Vec<&OsStr> = install.iter().map(OsStr::new).chain([requirements.as_ref()]).collect();
    run(folder.join("bin/python"), &install)?;
    write_file(&installed, wanted.as_bytes());
    Ok(())
}

fn run(program: impl AsRef<OsStr>, arguments: &[&OsStr]) -> Result<(), String> {
    let name = Path::new(program.as_ref()).display().to_string();
    let output = Command::new(program.as_ref()).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{name} cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stderr, output.stdout].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Err(format!("{name} {arguments:?} failed: {}", said.concat().trim()))
}
