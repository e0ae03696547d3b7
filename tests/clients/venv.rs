//! Python virtual environments of tests: made once below the target folder, with pinned packages.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::server::write_file;

/// When it is `1`, a test that needs Python and cannot have it fails instead of being skipped.
const REQUIRED: &str = "CAIRN_REQUIRE_PYTHON";

/// A folder with a Python of its own.
#[derive(Debug)]
pub(crate) struct Venv(PathBuf);

impl Venv {
    /// The environment of that name with the packages of a requirements file below `tests/clients`. Nothing, and a
    /// line that says so, when it cannot be made here.
    pub(crate) fn with(name: &str, requirements: &str) -> Option<Self> {
        let wanted = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(requirements);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("venv-{name}"));
        match make(&folder, &wanted) {
            Ok(()) => Some(Self(folder)),
            Err(problem) => {
                let required = std::env::var_os(REQUIRED).is_some_and(|value| value == "1");
                assert!(!required, "no Python for {name}: {problem}");
                let _ = writeln!(std::io::stderr(), "SKIPPED: no Python for {name}: {problem}");
                None
            }
        }
    }

    /// One of its programs, with nothing of the surroundings' Python.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.0.join("bin").join(program));
        command.env_remove("PYTHONPATH").env_remove("PYTHONHOME").stdin(Stdio::null());
        command
    }
}

/// Makes the environment, unless it is there with the same packages. Other tests wait meanwhile.
fn make(folder: &Path, requirements: &Path) -> Result<(), String> {
    let lock = folder.with_extension("lock");
    let lock = File::options().create(true).append(true).open(lock).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    let wanted = fs::read_to_string(requirements).map_err(|error| error.to_string())?;
    let done = folder.join("installed.txt");
    if fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    let install = ["install", "--quiet", "--disable-pip-version-check", "--requirement"];
    run(Command::new(folder.join("bin/pip")).args(install).arg(requirements))?;
    write_file(&done, wanted.as_bytes());
    Ok(())
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
}
