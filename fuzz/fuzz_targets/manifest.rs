//! Configuration text: never a panic, an overflow or a stall; defaults are JSON, lists are in order, and the
//! reader of plain native syntax takes nothing for something else than the parser does.
//!
//! The first byte chooses native (even) or JSON (odd) syntax.

#![no_main]

use cairn::archive::manifest::{read_file, readers_agree};
use cairn::domain::limits::ManifestLimits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else { return };
    if let Ok(text) = std::str::from_utf8(data) {
        assert!(readers_agree(text, &ManifestLimits::default()));
    }
    let path = if choice % 2 == 0 { "main.tf" } else { "main.tf.json" };
    let Some(part) = read_file(path, data, &ManifestLimits::default()) else { return };
    assert!(part.inputs.is_sorted_by(|a, b| a.name < b.name));
    assert!(part.outputs.is_sorted_by(|a, b| a.name < b.name));
});
