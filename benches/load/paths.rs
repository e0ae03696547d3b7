//! Which modules are asked for: a few of them all the time, most of them seldom.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::instance::{Size, WORDS};

/// Where the registry protocol is served.
pub(crate) const PROTOCOL: &str = "/api/v4/packages/terraform/modules/v1";
/// Paths in a file.
const PATHS: usize = 100_000;
/// Searches of which each is another.
const NEW_SEARCHES: usize = 50_000;
/// Words that are searched for: common ones, rare ones, several, parts of words, and one that is nowhere.
pub(crate) const SEARCHES: [&str; 12] = [
    "network",
    "cache+queue",
    "cache-queue-7",
    "gat",
    "database-role",
    "aws",
    "zone+secret+image",
    "bucket-42",
    "ue",
    "function-gateway",
    "nothing-has-this",
    "policy+9",
];

/// What somebody has typed of a name after two letters, three and four: of every word that names of modules begin with.
pub(crate) fn prefixes() -> impl Iterator<Item = &'static str> {
    WORDS.iter().flat_map(|word| (2..=4).filter_map(|letters| word.get(..letters)))
}

/// Searches in ever other words: two words of names or parts of them with a number, which makes it another search though many
/// find as much as without it.
pub(crate) fn new_searches() -> impl Iterator<Item = String> {
    let part = |seed: usize| {
        let word = WORDS.get(seed % WORDS.len()).copied().unwrap_or_default();
        let (from, to) = (seed / 16 % 3, 2 + seed / 48 % 6);
        word.get(from..word.len().min(from + to)).unwrap_or(word)
    };
    (0..NEW_SEARCHES).map(move |number| match number % 4 {
        0 => format!("{}+{}", part(number / 4), number / 4 % 2_000),
        1 => format!("{}-{}", part(number / 4), number / 4 % 2_000),
        2 => format!("{}+{}+{}", part(number / 4), part(number / 2), number % 50),
        _ => format!("{}-{number}", part(number / 4)),
    })
}

/// Writes a file of paths to the modules of a namespace. The n-th of them is asked for 1/n as often as the first.
pub(crate) fn zipf(
    file: &Path,
    size: Size,
    namespace: &str,
    path: impl Fn(&str) -> String,
) -> Result<PathBuf> {
    let names: Vec<String> =
        size.names().filter(|(root, _)| *root == namespace).map(|(_, name)| name).collect();
    let mut sum = 0.0;
    let shares: Vec<f64> = (1..=names.len())
        .map(|rank| {
            sum += 1.0 / rank as f64;
            sum
        })
        .collect();
    let mut text = String::new();
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    for _ in 0..PATHS {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let point = (state >> 11) as f64 / (1_u64 << 53) as f64 * sum;
        let rank = shares.partition_point(|share| *share < point).min(names.len() - 1);
        // Neighbours in rank are not neighbours in the store.
        if let Some(name) = names.get(rank * 7919 % names.len()) {
            writeln!(text, "{}", path(name))?;
        }
    }
    std::fs::write(file, text)?;
    Ok(file.to_owned())
}

/// Writes a file of those paths.
pub(crate) fn list(file: &Path, paths: &[String]) -> Result<PathBuf> {
    std::fs::write(file, paths.join("\n") + "\n")?;
    Ok(file.to_owned())
}

/// Writes a file with another path for each of those in a file.
pub(crate) fn each(file: &Path, paths: &Path, other: impl Fn(&str) -> String) -> Result<PathBuf> {
    let others: Vec<_> = std::fs::read_to_string(paths)?.lines().map(other).collect();
    list(file, &others)
}

/// The path of an archive below `load`.
pub(crate) fn archive(name: &str) -> String {
    format!("{PROTOCOL}/load/{name}/aws/1.0.0/{name}-aws-1.0.0.tar.gz")
}

/// The first path of a file.
pub(crate) fn first(file: &Path) -> Result<String> {
    let text = std::fs::read_to_string(file)?;
    Ok(text.lines().next().context("an empty list of paths")?.to_owned())
}
