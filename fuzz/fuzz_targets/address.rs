//! Names and paths: what parses is printed as written, compares without case, and its parts parse as well.

#![no_main]

use cairn::domain::{FullPath, ModuleName, PathSegment, RootPath, System};
use libfuzzer_sys::fuzz_target;

/// Checks what holds for every kind of name.
macro_rules! check {
    ($kind:ty, $text:expr) => {
        if let Ok(name) = $text.parse::<$kind>() {
            assert_eq!(name.as_str(), $text);
            assert!($text.is_ascii() && !$text.is_empty() && !$text.contains(['\\', '%', '?', '#', ' ']));
            assert_eq!(name.key().parse::<$kind>().expect("a key is a name"), name);
            assert_eq!(name.key(), $text.to_ascii_lowercase());
        }
    };
}

fuzz_target!(|text: &str| {
    check!(ModuleName, text);
    check!(System, text);
    check!(RootPath, text);
    check!(PathSegment, text);
    check!(FullPath, text);
    let Ok(path) = text.parse::<FullPath>() else { return };
    path.root().parse::<RootPath>().expect("a path begins with a root");
    assert!(text.split('/').all(|segment| !matches!(segment, "" | "-" | "." | "..")));
    if let Some(parent) = path.parent() {
        let last: PathSegment = path.name().parse().expect("a path ends with a segment");
        assert_eq!(parent.join(&last).expect("it was as deep before"), path);
    } else {
        assert_eq!(path.root(), path.name());
    }
});
