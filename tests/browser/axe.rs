//! axe-core, the accessibility checker, as npm's registry has it. Only tests see it: it is fetched once into the target
//! folder, and checked against the digest that the registry states for this version.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use data_encoding::BASE64;
use flate2::read::GzDecoder;
use ring::digest::{SHA512, digest};

use crate::driver::skip;

/// The package: change its digest with it (`npm view axe-core@VERSION dist.integrity`).
const PACKAGE: &str = "axe-core@4.14.1";
const ARCHIVE: &str = "axe-core-4.14.1.tgz";
const SHA512_BASE64: &str =
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==";
const SCRIPT: &str = "package/axe.min.js";

/// The script. Nothing, and a line that says so, when it cannot be had here.
pub(crate) fn script() -> Option<&'static str> {
    static SCRIPT: OnceLock<Option<String>> = OnceLock::new();
    let script = SCRIPT.get_or_init(|| match fetch(Path::new(env!("CARGO_TARGET_TMPDIR"))) {
        Ok(archive) => Some(unpack(&archive)),
        Err(problem) => {
            skip(&format!("axe-core cannot be had: {problem}"));
            None
        }
    });
    script.as_deref()
}

/// The archive, from an earlier run or from the registry. Other processes wait meanwhile.
fn fetch(folder: &Path) -> Result<Vec<u8>, String> {
    let said = |error: std::io::Error| error.to_string();
    let lock = File::options().create(true).append(true).open(folder.join("axe-core.lock")).map_err(said)?;
    lock.lock().map_err(said)?;
    let kept = folder.join(ARCHIVE);
    if let Some(archive) = fs::read(&kept).ok().filter(|archive| is_genuine(archive)) {
        return Ok(archive);
    }
    let mut npm = Command::new("npm");
    npm.args(["pack", PACKAGE, "--silent", "--pack-destination"]).arg(folder).current_dir(folder);
    let output = npm.stdin(Stdio::null()).output().map_err(|error| format!("npm: {error}"))?;
    if !output.status.success() {
        return Err(format!("{npm:?}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let archive = fs::read(&kept).map_err(said)?;
    assert!(is_genuine(&archive), "{} is not the {PACKAGE} of this test", kept.display());
    Ok(archive)
}

fn is_genuine(archive: &[u8]) -> bool {
    BASE64.encode(digest(&SHA512, archive).as_ref()) == SHA512_BASE64
}

fn unpack(archive: &[u8]) -> String {
    let mut tar = tar::Archive::new(GzDecoder::new(archive));
    let mut entry = tar
        .entries()
        .unwrap()
        .map(Result::unwrap)
        .find(|entry| entry.path().unwrap() == Path::new(SCRIPT))
        .expect("the package has its script");
    let mut script = String::new();
    entry.read_to_string(&mut script).unwrap();
    script
}
