//! The finished manifest within its limit: the least important details go first.

use std::io;

use crate::domain::manifest::{Manifest, ModulePart};

/// Drops details until the manifest fits in `limit` bytes of JSON. Says whether anything was dropped.
pub(crate) fn shrink(manifest: &mut Manifest, limit: usize) -> bool {
    let steps: [fn(&mut Manifest); 6] = [
        |manifest| manifest.examples.iter_mut().for_each(empty),
        |manifest| manifest.submodules.iter_mut().for_each(|part| part.readme = None),
        |manifest| manifest.submodules.iter_mut().for_each(empty),
        |manifest| manifest.root.readme = None,
        |manifest| {
            manifest.examples.clear();
            manifest.submodules.clear();
        },
        |manifest| empty(&mut manifest.root),
    ];
    let mut dropped = false;
    for step in steps {
        if size(manifest) <= limit {
            break;
        }
        step(manifest);
        dropped = true;
    }
    dropped
}

/// Leaves only the path.
fn empty(part: &mut ModulePart) {
    *part = ModulePart { path: std::mem::take(&mut part.path), ..ModulePart::default() };
}

/// Bytes of the manifest as JSON, counted and not kept.
fn size(manifest: &Manifest) -> usize {
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, manifest) {
        Ok(()) => count.0,
        Err(_) => usize::MAX,
    }
}

struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(path: &str) -> ModulePart {
        ModulePart { path: path.to_owned(), readme: Some("text ".repeat(100)), ..ModulePart::default() }
    }

    #[test]
    fn examples_go_first_and_the_root_last() {
        let full = Manifest {
            root: part(""),
            submodules: vec![part("modules/a")],
            examples: vec![part("examples/b")],
        };
        let with_limit = |limit| {
            let mut manifest = full.clone();
            let dropped = shrink(&mut manifest, limit);
            assert!(size(&manifest) <= limit.max(600));
            (dropped, manifest)
        };
        assert_eq!(with_limit(1_000_000), (false, full.clone()));
        let (dropped, manifest) = with_limit(1_700);
        assert!(dropped && manifest.examples[0].readme.is_none() && manifest.submodules[0].readme.is_some());
        assert_eq!(manifest.examples[0].path, "examples/b");
        let (_, manifest) = with_limit(1_200);
        assert!(manifest.submodules[0].readme.is_none() && manifest.root.readme.is_some());
        let (_, manifest) = with_limit(0);
        assert_eq!(manifest.root, ModulePart::default());
    }
}
