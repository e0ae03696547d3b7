//! Versions: what parses prints as it was written, and the order is one.

#![no_main]

use std::cmp::Ordering;

use cairn::domain::Version;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let versions: Vec<(&str, Version)> =
        text.split('\n').take(8).filter_map(|line| Some((line, line.parse().ok()?))).collect();
    for (line, version) in &versions {
        assert_eq!(version.to_string(), *line, "printed as written");
        let identity: Version = version.identity().parse().expect("an identity is a version");
        assert_eq!(identity, *version);
        assert_eq!(identity.identity(), version.identity());
        assert!(!version.identity().contains('+'));
        for (_, other) in &versions {
            assert_eq!(version.cmp(other), other.cmp(version).reverse());
            assert_eq!(
                version.cmp(other) == Ordering::Equal,
                version.identity() == other.identity(),
                "one key for each precedence"
            );
            for (_, third) in &versions {
                if version <= other && other <= third {
                    assert!(version <= third);
                }
            }
        }
    }
    if let Some((_, latest)) = Version::latest(&versions, |(_, version)| version) {
        assert!(
            versions.iter().all(|(_, one)| one <= latest || one.is_prerelease() && !latest.is_prerelease())
        );
    }
});
