//! Bytes as configuration to be shown in colours: nothing is lost, added or refused.

#![no_main]

use cairn::domain::highlight::{Language, highlight};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    for language in [Language::Hcl, Language::Json, Language::Plain] {
        let lines = highlight(&text, language);
        let pieces: String = lines.iter().flatten().map(|token| token.text).collect();
        assert_eq!(pieces, text);
        assert_eq!(lines.len(), text.lines().count());
    }
});
