//! The finished manifest within its limit: the least important details go first.

use std::io;

use crate::domain::manifest::{
    Input, Manifest, ModuleCall, ModulePart, Output, ProviderRequirement, Resource,
};

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
    // Nearly every manifest is far from the limit, and counting its JSON costs as much as writing it.
    if at_most(manifest) <= limit {
        return false;
    }
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

/// Bytes that one part takes as JSON besides its texts and lists, and one item of a list likewise: more than their
/// names, quotes and commas.
const PART_BYTES: usize = 160;
const ITEM_BYTES: usize = 96;
/// Bytes that one byte of text takes as JSON at most.
const ESCAPED_BYTES: usize = 6;

/// More bytes than the manifest takes as JSON, from nothing but lengths.
fn at_most(manifest: &Manifest) -> usize {
    let parts = std::iter::once(&manifest.root).chain(&manifest.submodules).chain(&manifest.examples);
    PART_BYTES + parts.map(|part| PART_BYTES + part_at_most(part)).sum::<usize>()
}

fn part_at_most(part: &ModulePart) -> usize {
    // Every field is named, so that a new one is not forgotten here.
    let ModulePart { path, readme, inputs, outputs, resources, providers, required_version, calls } = part;
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let items =
        [inputs.len(), outputs.len(), resources.len(), providers.len(), required_version.len(), calls.len()];
    let inputs = inputs.iter().map(|input| {
        let Input { name, r#type, description, default, required: _, sensitive: _ } = input;
        name.len() + r#type.len() + description.len() + length(default)
    });
    let outputs =
        outputs.iter().map(|Output { name, description, sensitive: _ }| name.len() + description.len());
    let resources = resources.iter().map(|Resource { name, r#type, data: _ }| name.len() + r#type.len());
    let providers = providers
        .iter()
        .map(|ProviderRequirement { name, source, version }| name.len() + source.len() + version.len());
    let calls =
        calls.iter().map(|ModuleCall { name, source, version }| name.len() + source.len() + version.len());
    let versions = required_version.iter().map(String::len);
    let lists = [inputs.sum(), outputs.sum(), resources.sum(), providers.sum(), calls.sum(), versions.sum()];
    let text = path.len() + length(readme) + lists.iter().sum::<usize>();
    items.iter().sum::<usize>() * ITEM_BYTES + text * ESCAPED_BYTES
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

    #[test]
    fn lengths_alone_never_promise_less_than_the_json_takes() {
        for text in ["", "name", "a \"quoted\" text", "\u{1}\u{1f}\0\u{7f}", "日本語"] {
            let text = || text.to_owned();
            let part = |count: usize| ModulePart {
                path: text(),
                readme: Some(text()),
                inputs: vec![
                    Input {
                        name: text(),
                        r#type: text(),
                        description: text(),
                        default: Some(text()),
                        ..Input::default()
                    };
                    count
                ],
                outputs: vec![Output { name: text(), description: text(), sensitive: false }; count],
                resources: vec![Resource { name: text(), r#type: text(), data: false }; count],
                providers: vec![ProviderRequirement { name: text(), source: text(), version: text() }; count],
                required_version: vec![text(); count],
                calls: vec![ModuleCall { name: text(), source: text(), version: text() }; count],
            };
            for count in [0, 1, 50] {
                let manifest = Manifest {
                    root: part(count),
                    submodules: vec![part(count); count],
                    examples: vec![part(count)],
                };
                assert!(at_most(&manifest) >= size(&manifest), "{count} of {:?}", text());
            }
        }
    }
}
