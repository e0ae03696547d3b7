//! Names and link targets: what passes is relative, printable and stays what it is when it is read again.

#![no_main]

use cairn::archive::entry::{parse_path, resolve_link};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let cut = data.iter().position(|&byte| byte == 0).unwrap_or(data.len());
    let (name, target) = data.split_at(cut);
    let Ok(path) = parse_path(name, 1024) else { return };
    assert!(!path.starts_with('/') && !path.contains('\\') && !path.chars().any(char::is_control));
    assert!(!path.split('/').any(|part| part == ".." || part == "."));
    if path.is_empty() {
        return;
    }
    assert_eq!(
        parse_path(path.as_bytes(), 1024).as_deref(),
        Ok(path.as_str()),
        "a parsed path parses to itself"
    );
    if let Ok(Some(resolved)) = resolve_link(&path, target.get(1..).unwrap_or_default(), 1024) {
        assert!(!resolved.path.starts_with('/') && !resolved.path.split('/').any(|part| part == ".."));
    }
});
