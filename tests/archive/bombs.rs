//! Archives made to exhaust something: refused early, in little memory, however large they claim to be.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use cairn::archive::{ArchiveError, inspect};
use cairn::domain::limits::{ArchiveLimits, ManifestLimits};
use cairn::domain::package::WarningCode;

use super::support::{Generated, Head, Module, Tar};
use super::{accepted, check};

const MIB: usize = 1024 * 1024;

/// Counts what this thread allocates, so that tests can run side by side.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static NOW: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    let now = NOW.get() + bytes;
    NOW.set(now);
    PEAK.set(PEAK.get().max(now));
}

#[expect(unsafe_code, reason = "an allocator is unsafe by definition; this one only counts and passes on")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller's promises are passed on unchanged.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: the caller's promises are passed on unchanged.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// The most memory `work` held at once on this thread beyond what was held before.
fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = NOW.get();
    PEAK.set(before);
    let result = work();
    (result, usize::try_from(PEAK.get() - before).unwrap_or_default())
}

fn limits() -> ArchiveLimits {
    ArchiveLimits::default()
}

#[test]
fn a_56_four_gib_of_zeros_are_refused_after_the_first_of_them() {
    let head = Head::new("main.tf", b'0').set(124, b"\x80\0\0\0\0\0\0\x01\0\0\0\0").finish().to_vec();
    let zeros = (0..4096).map(|_| vec![0; MIB]);
    let lying = Generated::new(std::iter::once(head).chain(zeros));
    let error = inspect(lying, &limits(), &ManifestLimits::default()).unwrap_err();
    assert!(matches!(error, ArchiveError::EntryTooLarge { .. }), "by its header: {error}");

    let entry = |number: usize| {
        [&Head::new(format!("f{number}"), b'0').size(MIB).finish()[..], &vec![0; MIB]].concat()
    };
    let mut bomb = Generated::new((0..4096).map(entry));
    let (result, memory) = peak(|| inspect(&mut bomb, &limits(), &ManifestLimits::default()));
    let error = result.unwrap_err();
    assert!(matches!(error, ArchiveError::Ratio { ratio: 200 }), "{error}");
    assert!(bomb.taken < MIB as u64, "{} compressed bytes were read", bomb.taken);
    assert!(memory < 8 * MIB, "{memory} bytes were held");
}

#[test]
fn a_56_incompressible_contents_are_refused_by_size_alone() {
    let limits = ArchiveLimits { unpacked_bytes: 20 * MIB as u64, ..limits() };
    let noise = |number: usize| -> Vec<u8> {
        let mut state = number as u64 + 1;
        let head = Head::new(format!("f{number}"), b'0').size(MIB).finish();
        let body = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        });
        head.into_iter().chain(body.take(MIB)).collect()
    };
    let error = inspect(Generated::new((0..64).map(noise)), &limits, &ManifestLimits::default()).unwrap_err();
    assert!(matches!(error, ArchiveError::UnpackedTooLarge { .. }), "{error}");
}

#[test]
fn a_43_a_million_empty_entries_are_refused_at_the_limit() {
    let entry = |number: usize| Head::new(format!("files/{number}"), b'0').finish().to_vec();
    let mut many = Generated::new((0..1_000_000).map(entry));
    let (result, memory) = peak(|| inspect(&mut many, &limits(), &ManifestLimits::default()));
    let error = result.unwrap_err();
    assert!(matches!(error, ArchiveError::TooManyEntries { limit: 50_000 }), "{error}");
    assert!(memory < 12 * MIB, "{memory} bytes were held");
}

#[test]
fn a_43_long_names_do_not_take_more_memory_than_short_ones() {
    let entry = |number: usize| {
        Tar::new()
            .long(b'L', &format!("{}{number}", format!("{}/", "n".repeat(250)).repeat(4)))
            .file("", b"")
            .0
    };
    let (result, memory) =
        peak(|| inspect(Generated::new((0..60_000).map(entry)), &limits(), &ManifestLimits::default()));
    assert!(matches!(result, Err(ArchiveError::TooManyEntries { .. })));
    assert!(memory < 12 * MIB, "{memory} bytes were held");
}

#[test]
fn a_50_names_that_are_dear_to_compare_are_bounded() {
    // One character that becomes eighteen.
    let long = "\u{fdfa}".repeat(80);
    let entry = |number: usize| Tar::new().long(b'L', &format!("{long}{number}")).file("", b"").0;
    let error =
        inspect(Generated::new((0..20_000).map(entry)), &limits(), &ManifestLimits::default()).unwrap_err();
    assert!(matches!(error, ArchiveError::TooMuchText), "{error}");

    let title = "\u{6a21}\u{7d44}".repeat(10);
    let entry = |number: usize| Tar::new().file(format!("{title}/{number}.tf"), b"").0;
    let pieces = (0..2_000).map(entry).chain([Tar::module().end().0]);
    inspect(Generated::new(pieces), &limits(), &ManifestLimits::default())
        .expect("ordinary names in other scripts");
}

#[test]
fn a_43_directories_implied_by_deep_names_count_too() {
    let entry =
        |number: usize| Tar::new().long(b'L', &format!("{number}{}x", "/d".repeat(490))).file("", b"").0;
    let (result, memory) =
        peak(|| inspect(Generated::new((0..40_000).map(entry)), &limits(), &ManifestLimits::default()));
    assert!(matches!(result, Err(ArchiveError::TooManyEntries { .. })));
    assert!(memory < 12 * MIB, "{memory} bytes were held");
}

#[test]
fn a_58_links_without_end_are_refused() {
    let target = "t/".repeat(450);
    let link = |number: usize| Tar::new().long(b'K', &target).symlink(format!("l{number}"), "").0;
    let (result, memory) =
        peak(|| inspect(Generated::new((0..40_000).map(link)), &limits(), &ManifestLimits::default()));
    assert!(matches!(result, Err(ArchiveError::TooManyLinks)));
    assert!(memory < 16 * MIB, "{memory} bytes were held");
}

#[test]
fn exactly_the_limit_is_accepted_and_one_more_is_not() {
    let module =
        |files: usize| (0..files).fold(Tar::new(), |tar, number| tar.file(format!("{number}.tf"), b"")).end();
    let with = |limits: ArchiveLimits, tar: &Tar| {
        inspect(tar.gzip().as_slice(), &limits, &ManifestLimits::default())
    };
    let entries = ArchiveLimits { entries: 5, ..limits() };
    assert_eq!(with(entries, &module(5)).unwrap().entries, 5);
    assert!(matches!(with(entries, &module(6)), Err(ArchiveError::TooManyEntries { limit: 5 })));

    let file = |size: usize| Tar::new().file("main.tf", &vec![b' '; size]).end();
    let entry_bytes = ArchiveLimits { entry_bytes: 1_000, ..limits() };
    assert!(with(entry_bytes, &file(1_000)).is_ok());
    assert!(matches!(with(entry_bytes, &file(1_001)), Err(ArchiveError::EntryTooLarge { .. })));

    let unpacked = ArchiveLimits { unpacked_bytes: 512 * 4, ..limits() };
    assert_eq!(with(unpacked, &file(512)).unwrap().unpacked_bytes, 512 * 4);
    assert!(matches!(with(unpacked, &file(513)), Err(ArchiveError::UnpackedTooLarge { .. })));
}

/// Texts that have brought parsers down.
#[test]
fn a_80_configuration_bombs_become_warnings() {
    let deep = 100_000;
    let keys: String = (0..80_000).map(|key: u32| ["k", &key.to_string(), "=1,"].concat()).collect();
    let rows: Vec<(&str, String)> = vec![
        ("brackets", format!("a = {}{}", "[".repeat(deep), "]".repeat(deep))),
        ("parentheses", format!("a = {}1{}", "(".repeat(deep), ")".repeat(deep))),
        ("objects", format!("a = {}1{}", "{a=".repeat(deep), "}".repeat(deep))),
        ("blocks", format!("{}{}", "a {\n".repeat(deep), "}\n".repeat(deep))),
        ("templates", format!("a = {}", "\"${".repeat(deep))),
        ("directives", format!("a = \"{}\"", "%{ if x }".repeat(deep))),
        ("heredocs", "a = <<A\n${<<B\n${".repeat(deep / 2)),
        ("calls", format!("a = {}", "f(".repeat(deep))),
        ("negations", format!("a = {}b", "!".repeat(deep))),
        ("minuses", format!("a = {}1", "- ".repeat(deep))),
        ("conditions", format!("a = {}1", "x?1:".repeat(deep))),
        ("sums", format!("a = 1{}", "+1".repeat(deep))),
        ("attributes", format!("a = b{}", ".c".repeat(500_000))),
        ("indexes", format!("a = b{}", "[0]".repeat(300_000))),
        ("keys of one object", format!("a = {{{keys}}}")),
        ("comments that never end", "/*".repeat(500_000)),
        ("for expressions", format!("a = {}", "[for x in y: ".repeat(deep / 2))),
    ];
    for (name, text) in rows {
        let (report, memory) = peak(|| accepted(&Module::new().file("main.tf", text).build()));
        let codes: Vec<_> = report.warnings.iter().map(|warning| warning.code).collect();
        assert_eq!(codes, [WarningCode::InvalidConfiguration], "{name}");
        assert!(memory < 48 * MIB, "{name}: {memory} bytes were held");
    }
    for (name, text) in [("arrays", "[".repeat(deep)), ("objects", "{\"a\":".repeat(deep))] {
        let report = accepted(&Module::new().file("main.tf.json", text).build());
        assert_eq!(report.warnings[0].code, WarningCode::InvalidConfiguration, "JSON {name}");
    }
}

#[test]
fn a_80_large_but_flat_configuration_is_read_or_left_out() {
    let heredoc = format!("variable \"a\" {{\n  description = <<EOT\n{}EOT\n}}\n", "x\n".repeat(400_000));
    let report = accepted(&Module::new().file("main.tf", heredoc).build());
    assert!(report.manifest.root.inputs[0].description.len() > 700_000);

    let number = format!("variable \"a\" {{\n  default = {}\n}}\n", "9".repeat(300));
    let report = accepted(&Module::new().file("main.tf", number).build());
    assert_eq!(report.manifest.root.inputs[0].default.as_deref(), Some("9".repeat(300).as_str()));

    let huge = vec![b'#'; 100 * MIB];
    let mut pieces = vec![Head::new("main.tf", b'0').size(huge.len()).finish().to_vec()];
    pieces.extend(huge.chunks(MIB).map(<[u8]>::to_vec));
    pieces.push(Tar::new().end().0);
    let free = ArchiveLimits { ratio: 100_000, ..limits() };
    let (report, memory) =
        peak(|| inspect(Generated::new(pieces.into_iter()), &free, &ManifestLimits::default()));
    assert_eq!(report.unwrap().warnings[0].code, WarningCode::Incomplete);
    assert!(memory < 8 * MIB, "{memory} bytes were held");
}

#[test]
fn warnings_and_manifest_stay_within_their_limits() {
    let module = (0..500).fold(Module::new().file("main.tf", ""), |module, number| {
        module.file(&format!("{number}.tfstate"), "").file(&format!("bad{number}.tf"), "{")
    });
    let report = accepted(&module.build());
    assert_eq!(report.warnings.len(), ManifestLimits::default().warnings);

    let many: String = (0..60_000)
        .map(|number: u32| {
            [
                "variable \"v",
                &number.to_string(),
                "\" {}
",
            ]
            .concat()
        })
        .collect();
    let module = (0..8)
        .fold(Module::new(), |module, number| module.file(&format!("examples/{number}/main.tf"), &many));
    let bytes = module.file("main.tf", "variable \"a\" {}").build();
    let (report, memory) = peak(|| check(&bytes).unwrap());
    let size = serde_json::to_string(&report.manifest).unwrap().len();
    assert!(size <= ManifestLimits::default().manifest_bytes, "{size}");
    assert_eq!(report.manifest.root.inputs.len(), 1);
    assert!(report.warnings.iter().any(|warning| warning.code == WarningCode::Incomplete));
    assert!(memory < 96 * MIB, "{memory} bytes were held");
}
