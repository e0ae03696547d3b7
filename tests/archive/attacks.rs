//! One table: a row per attack on an archive and per harmless thing that resembles one.

use cairn::archive::ArchiveError;
use cairn::domain::limits::{ArchiveLimits, ManifestLimits};
use cairn::domain::package::WarningCode;

use super::check;
use super::support::{Head, Tar, gzip, gzip_with, pax_record};

/// What must become of an archive.
#[derive(Debug, Clone, Copy)]
enum Expect {
    /// Refused with a message that contains this.
    Refused(&'static str),
    /// Accepted without a warning.
    Accepted,
    /// Accepted with this warning.
    Warned(WarningCode),
}
use Expect::{Accepted, Refused, Warned};

type Row = (&'static str, Vec<u8>, Expect);

fn run(rows: Vec<Row>) {
    let mut failures = Vec::new();
    for (name, bytes, expect) in rows {
        let result = check(&bytes);
        let message = result.as_ref().err().map(ToString::to_string).unwrap_or_default();
        let codes: Vec<_> =
            result.iter().flat_map(|report| &report.warnings).map(|warning| warning.code).collect();
        let right = match expect {
            Refused(fragment) => message.contains(fragment) && !message.chars().any(char::is_control),
            Accepted => result.is_ok() && codes.is_empty(),
            Warned(code) => codes.contains(&code),
        };
        if !right {
            failures.push(format!("{name}: expected {expect:?}, got {result:?} {message}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A module with one more file of this name.
fn named(name: impl AsRef<[u8]>) -> Vec<u8> {
    Tar::module().pax_name(name.as_ref()).end().gzip()
}

/// A module with something behind its first file.
fn with(add: impl FnOnce(Tar) -> Tar) -> Vec<u8> {
    add(Tar::module()).end().gzip()
}

trait PaxName {
    fn pax_name(self, name: &[u8]) -> Self;
}

impl PaxName for Tar {
    /// A file whose name comes by PAX, so that it may be of any length.
    fn pax_name(self, name: &[u8]) -> Self {
        self.raw_pax(b'x', &pax_record("path", name)).file("short", b"")
    }
}

#[test]
fn names_that_would_be_written_elsewhere() {
    let long = "d/".repeat(10_000);
    run(vec![
        ("A1 a parent", named("../x"), Refused("contains `..`")),
        ("A2 an absolute path", named("/etc/x"), Refused("is absolute")),
        ("A2 a file URL share", named("//srv/x"), Refused("is absolute")),
        ("A3 a parent behind a dot", named("./../x"), Refused("contains `..`")),
        ("A3 a parent inside", named("a/../../x"), Refused("contains `..`")),
        ("A3 a parent behind doubled slashes", named("a//../.."), Refused("contains `..`")),
        ("A4 a backslash parent", named(r"..\x"), Refused("a backslash")),
        ("A4 a drive with a backslash", named(r"C:\x"), Refused("a backslash")),
        ("A4 a drive", named("C:/x"), Refused("a colon")),
        ("A4 a drive-relative path", named("C:x"), Refused("a colon")),
        ("A4 a share", named(r"\\srv\s"), Refused("a backslash")),
        ("A5 a directory that begins like modules", named("modules-evil/x"), Accepted),
        ("A43 an empty name", with(|tar| tar.file("", b"")), Refused("is empty")),
        ("A44 ten thousand directories deep", named(long), Refused("is longer than 1024 bytes")),
        ("A45 a component of 256 bytes", named("a".repeat(256)), Refused("longer than 255 bytes")),
        ("A45 a component of 255 bytes", named("a".repeat(255)), Accepted),
        (
            "A45 a path of 1,025 bytes",
            named(format!("{}b", "a/".repeat(512))),
            Refused("longer than 1024 bytes"),
        ),
        ("A45 a path of 1,024 bytes", named(format!("{}bb", "a/".repeat(511))), Accepted),
        ("A45 a path of 5,000 bytes", named("a/".repeat(2_500)), Refused("longer than 1024 bytes")),
        (
            "A45 a ustar prefix joins",
            with(|tar| tar.entry(&Head::new("x", b'0').set(345, b".."), b"")),
            Refused("`..`"),
        ),
    ]);
}

#[test]
fn names_that_are_not_what_they_look_like() {
    run(vec![
        ("A51 not UTF-8", named(b"a\xff"), Refused("is not UTF-8")),
        ("A51 overlong UTF-8", named(b"..\xc0\xafx"), Refused("is not UTF-8")),
        ("A51 a surrogate", named(b"\xed\xa0\x80"), Refused("is not UTF-8")),
        ("A51 Latin-1 without PAX", with(|tar| tar.file(b"r\xe9sum\xe9", b"")), Refused("is not UTF-8")),
        ("A52 a direction override", named("a\u{202e}ft.exe"), Refused("invisible")),
        ("A52 an isolate", named("a\u{2066}b"), Refused("invisible")),
        ("A52 a zero-width space", named("main\u{200b}.tf"), Refused("invisible")),
        ("A52 a byte order mark", named("\u{feff}main.tf"), Refused("invisible")),
        ("A52 a full-width twin of main.tf", named("main.\u{ff54}\u{ff46}"), Refused("case or Unicode form")),
        ("A53 a newline", named("a\nb"), Refused("a control character")),
        ("A53 a terminal sequence", named("a\x1b[2J"), Refused("a control character")),
        ("A53 a C1 control", named("a\u{9b}2J"), Refused("a control character")),
        ("A53 a DEL", named("a\x7f"), Refused("a control character")),
        ("A54 a trailing dot", named("main.tf."), Refused("ends in a dot or a space")),
        ("A54 a trailing space", named("a /main.txt"), Refused("ends in a dot or a space")),
        ("A54 CON", named("CON"), Refused("device")),
        ("A54 aux.tf", named("modules/aux.tf"), Refused("device")),
        ("A54 com1 with two extensions", named("com1.tar.gz"), Refused("device")),
        ("A54 a name that begins like a device", named("console.txt"), Accepted),
        ("A54 a stream", named("file::$DATA"), Refused("a colon")),
        ("A55 a leading dash", named("-rf"), Accepted),
        ("A55 .git/config", named(".git/config"), Accepted),
        ("A55 terraform.tfvars", named("terraform.tfvars"), Accepted),
        ("A55 a state file", named("terraform.tfstate"), Warned(WarningCode::StateFile)),
        ("A55 a state backup", named("env/terraform.tfstate.backup"), Warned(WarningCode::StateFile)),
        (
            "A55 a private key",
            with(|tar| tar.file("id", b"x\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl")),
            Warned(WarningCode::PrivateKey),
        ),
    ]);
}

#[test]
fn paths_that_meet() {
    run(vec![
        ("A46 a file twice", with(|tar| tar.file("a", b"").file("a", b"")), Refused("twice")),
        ("A46 a file twice, once with ./", with(|tar| tar.file("./main.tf", b"")), Refused("twice")),
        ("A46 a directory twice", with(|tar| tar.directory("a/").directory("./a")), Accepted),
        (
            "A47 a file, then a directory",
            with(|tar| tar.file("a", b"").directory("a/")),
            Refused("file and a directory"),
        ),
        (
            "A47 a directory, then a file",
            with(|tar| tar.directory("a/").file("a", b"")),
            Refused("file and a directory"),
        ),
        ("A48 a and a/b", with(|tar| tar.file("a", b"").file("a/b", b"")), Refused("file and a directory")),
        ("A48 a/b and a", with(|tar| tar.file("a/b", b"").file("a", b"")), Refused("file and a directory")),
        ("A49 case twins", named("Main.tf"), Refused("letter case")),
        (
            "A49 case twins among directories",
            with(|tar| tar.file("a/x", b"").file("A/y", b"")),
            Refused("letter case"),
        ),
        (
            "A50 composed and decomposed",
            with(|tar| tar.file("\u{e9}", b"").file("e\u{301}", b"")),
            Refused("Unicode form"),
        ),
        (
            "A50 a ligature",
            with(|tar| tar.file("\u{fb01}le", b"").file("file", b"")),
            Refused("Unicode form"),
        ),
        (
            "A50 sharp s",
            with(|tar| tar.file("stra\u{df}e", b"").file("strasse", b"")),
            Refused("Unicode form"),
        ),
    ]);
}

#[test]
fn links() {
    let target = |target: &'static str| with(move |tar| tar.file("d/f", b"").symlink("d/link", target));
    let long = "x/".repeat(2_500);
    run(vec![
        ("A6 a link outside", target("../../etc/passwd"), Refused("leaves the archive")),
        ("A6 out and in again", target("../../d/f"), Refused("leaves the archive")),
        ("A7 an absolute link", target("/etc/passwd"), Refused("leaves the archive")),
        ("A7 a drive link", target("C:/x"), Refused("a colon")),
        ("A7 a backslash link", target(r"..\..\x"), Refused("a backslash")),
        (
            "A8 a file through a link",
            with(|tar| tar.symlink("a", "d").file("a/f", b"")),
            Refused("through a link"),
        ),
        (
            "A9 a link, then a directory",
            with(|tar| tar.symlink("a", "d").directory("a/")),
            Refused("through a link"),
        ),
        (
            "A10 a directory through a link",
            with(|tar| tar.symlink("a", "d").directory("a/b/")),
            Refused("through a link"),
        ),
        (
            "A8 through a link in other case",
            with(|tar| tar.symlink("a", "d").file("A/f", b"")),
            Refused("through a link"),
        ),
        (
            "A11 a chain of links",
            with(|tar| tar.file("f", b"").symlink("a", "f").symlink("b", "a")),
            Refused("through another link"),
        ),
        (
            "A11 a link through a link",
            with(|tar| tar.file("d/f", b"").symlink("a", "x").symlink("b", "a/f")),
            Refused("through another link"),
        ),
        (
            "A11 a link that passes a link by ..",
            with(|tar| tar.file("f", b"").symlink("a", "x").symlink("b", "a/../f")),
            Refused("through another link"),
        ),
        (
            "A12 a very long target",
            with(|tar| tar.pax(&[("linkpath", &long)]).symlink("a", "")),
            Refused("1024 bytes"),
        ),
        ("A13 a link to itself", with(|tar| tar.symlink("a", "a")), Refused("through another link")),
        ("A13 a loop", with(|tar| tar.symlink("a", "b").symlink("b", "a")), Refused("through another link")),
        ("A14 a hard link outside", with(|tar| tar.hard_link("a", "../x")), Refused("leaves the archive")),
        (
            "A14 a hard link to /",
            with(|tar| tar.hard_link("a", "/etc/passwd")),
            Refused("leaves the archive"),
        ),
        (
            "A14 a hard link to nothing",
            with(|tar| tar.hard_link("a", "nothing")),
            Refused("without its file"),
        ),
        ("A14 a hard link to itself", with(|tar| tar.hard_link("a", "a")), Refused("--dereference")),
        (
            "A15 a hard link, then rewritten",
            with(|tar| tar.file("f", b"").hard_link("a", "f").file("a", b"evil")),
            Refused("twice"),
        ),
        (
            "A16 a hard link to a symbolic one",
            with(|tar| tar.symlink("s", "main.tf").hard_link("a", "s")),
            Refused("through another link"),
        ),
        (
            "A6 a link named like configuration",
            with(|tar| tar.symlink("x.tf", "main.tf")),
            Refused("--dereference"),
        ),
        (
            "A6 a hard link named x.tf.json",
            with(|tar| tar.hard_link("x.tf.json", "main.tf")),
            Refused("--dereference"),
        ),
        ("A6 a link to a directory", target("../d"), Refused("leads to a directory")),
        ("A6 a link to the top", target(".."), Refused("leads to a directory")),
        ("A6 a link without a target", target(""), Refused("is empty")),
        ("A6 a link to a file", target("f"), Warned(WarningCode::Link)),
        (
            "A6 a link to a later file",
            with(|tar| tar.symlink("a", "f").file("f", b"")),
            Warned(WarningCode::Link),
        ),
        ("A6 a link to nothing inside", target("gone"), Warned(WarningCode::Link)),
        ("A14 a hard link to a file", with(|tar| tar.hard_link("a", "./main.tf")), Warned(WarningCode::Link)),
    ]);
}

#[test]
fn entry_types() {
    let flag = |flag: u8| with(move |tar| tar.entry(&Head::new("x", flag), b""));
    run(vec![
        ("A17 a character device", flag(b'3'), Refused("a character device")),
        ("A17 a block device", flag(b'4'), Refused("a block device")),
        ("A18 a FIFO", flag(b'6'), Refused("a FIFO")),
        ("A19 a socket", flag(b's'), Refused("entry type `s`")),
        ("A20 a contiguous file", flag(b'7'), Refused("entry type `7`")),
        ("A20 a multi-volume part", flag(b'M'), Refused("entry type `M`")),
        ("A20 a volume label", flag(b'V'), Refused("entry type `V`")),
        ("A20 a dump directory", flag(b'D'), Refused("entry type `D`")),
        ("A20 an old long name", flag(b'N'), Refused("entry type `N`")),
        ("A20 an unknown type", flag(b'Z'), Refused("entry type `Z`")),
        ("A20 an escape as type", flag(0x1b), Refused("u{1b}")),
        ("A20 Solaris extended attributes", flag(b'X'), Refused("entry type `X`")),
        (
            "A20 a file named like a directory",
            with(|tar| tar.entry(&Head::new("x/", b'0'), b"")),
            Refused("entry type `0`"),
        ),
        ("A20 a directory of the old format", with(|tar| tar.entry(&Head::old("x/", 0), b"")), Accepted),
        ("A20 a file of the old format", with(|tar| tar.entry(&Head::old("x", 0).size(3), b"abc")), Accepted),
        (
            "A32 a directory with contents",
            with(|tar| tar.entry(&Head::new("x", b'5').size(3), b"abc")),
            Refused("claims"),
        ),
        (
            "A32 a link with contents",
            with(|tar| tar.entry(&Head::new("x", b'2').size(3), b"abc")),
            Refused("claims"),
        ),
    ]);
}

#[test]
fn numbers_in_headers() {
    let field = |offset: usize, bytes: &'static [u8]| {
        with(move |tar| tar.entry(&Head::gnu("x", b'0').set(offset, bytes), b""))
    };
    run(vec![
        ("A21 setuid, setgid, sticky", field(100, b"0007777\0"), Accepted),
        ("A21 mode 0", field(100, b"0000000\0"), Accepted),
        ("A21 a large uid in base-256", field(108, b"\x80\0\0\0\x7f\xff\xff\xff"), Accepted),
        ("A21 a negative uid", field(108, b"\xff\xff\xff\xff\xff\xff\xff\xfe"), Refused("field `uid`")),
        ("A21 a gid that is text", field(116, b"root\0\0\0\0"), Refused("field `gid`")),
        (
            "A22 a negative time",
            field(136, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
            Refused("`mtime`"),
        ),
        ("A22 a huge time", field(136, b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"), Refused("`mtime`")),
        ("A22 a time far ahead", field(136, b"77777777777\0"), Accepted),
        ("A22 NaN as PAX time", with(|tar| tar.pax(&[("mtime", "NaN")]).file("x", b"")), Refused("PAX time")),
        ("A22 a fraction as PAX time", with(|tar| tar.pax(&[("mtime", "-1.5")]).file("x", b"")), Accepted),
        (
            "A32 a negative size",
            field(124, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\0"),
            Refused("field `size`"),
        ),
        ("A32 a negative octal size", field(124, b"-0000001000\0"), Refused("field `size`")),
        ("A33 a size of 2^63", field(124, b"\x80\0\0\0\x80\0\0\0\0\0\0\0"), Refused("field `size`")),
        (
            "A33 a size of 2^63 - 1",
            field(124, b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"),
            Refused("limit of 268435456"),
        ),
        ("A34 an underscore", field(124, b"0_000000000\0"), Refused("field `size`")),
        ("A34 a NUL in front", field(124, b"\x000000000003\0"), Refused("field `size`")),
        ("A34 a decimal digit", field(124, b"00000000009\0"), Refused("field `size`")),
        ("A34 spaces around", field(124, b"         0  "), Accepted),
        ("A34 all twelve bytes used", field(124, b"000000000000"), Accepted),
    ]);
}

#[test]
fn sizes_that_differ() {
    let body = |size: &'static str, head: usize, contents: &'static [u8]| {
        with(move |tar| tar.pax(&[("size", size)]).entry(&Head::new("x", b'0').size(head), contents))
    };
    let smuggled = Tar::new().file("evil.tf", b"").0;
    run(vec![
        ("A23 PAX size differs from the ustar size", body("512", 0, b""), Refused("two different sizes")),
        (
            "A23 an inner header smuggled by PAX size 0",
            with(move |tar| tar.pax(&[("size", "0")]).entry(&Head::new("x", b'0').size(512), &smuggled)),
            Refused("two different sizes"),
        ),
        ("A24 ustar size without the PAX one", body("1", 3, b"abc"), Refused("two different sizes")),
        ("A25 equal sizes", body("3", 3, b"abc"), Accepted),
        ("A25 past what ustar can say", body("8589934592", 0, b""), Refused("limit of 268435456")),
        (
            "A25 a PAX size on a directory",
            with(|tar| tar.pax(&[("size", "1")]).directory("x/")),
            Refused("two different"),
        ),
        ("A25 a negative PAX size", body("-1", 0, b""), Refused("number")),
        ("A25 an empty PAX size", body("", 0, b""), Refused("number")),
        ("A25 a PAX size with a sign", body("+3", 3, b"abc"), Refused("number")),
    ]);
}

#[test]
fn extension_headers() {
    let pax = |body: &'static [u8]| with(move |tar| tar.raw_pax(b'x', body).file("x", b""));
    let long = |flag, name: &str| with(|tar| tar.long(flag, name).file("x", b""));
    let comment = "c".repeat(70_000);
    run(vec![
        ("A26 a record without an equals sign", pax(b"8 patha\n"), Refused("malformed PAX")),
        ("A26 garbage between records", pax(b"9 path=a\n\0\0\0"), Refused("malformed PAX")),
        ("A27 a length of 0", pax(b"0 path=a\n"), Refused("malformed PAX")),
        ("A27 a negative length", pax(b"-9 path=a\n"), Refused("malformed PAX")),
        ("A27 a length past the end", pax(b"90 path=a\n"), Refused("malformed PAX")),
        ("A27 a length past 2^64", pax(b"99999999999999999999 path=a\n"), Refused("malformed PAX")),
        ("A28 a NUL in the path", pax(b"11 path=a\0b\n"), Refused("malformed PAX")),
        ("A28 a NUL in the link", pax(b"15 linkpath=a\0b\n"), Refused("malformed PAX")),
        ("A28 bytes behind a name's NUL", with(|tar| tar.file(b"x\0/../y", b"")), Refused("hidden bytes")),
        ("A26 an empty path", pax(b"8 path=\n"), Refused("malformed PAX")),
        ("A26 a key twice", pax(b"9 path=a\n9 path=b\n"), Refused("repeats or mixes")),
        ("A26 an unknown key", pax(b"7 x=yz\n"), Refused("not accepted")),
        ("A26 another charset", pax(b"21 hdrcharset=BINARY\n"), Refused("not accepted")),
        ("A26 harmless keys", pax(b"20 atime=1700000000\n28 SCHILY.xattr.user.x=\0\xff\n\n\n"), Accepted),
        (
            "A29 a global path",
            with(|tar| tar.raw_pax(b'g', b"9 path=a\n").file("x", b"")),
            Refused("global PAX header"),
        ),
        (
            "A29 a global size",
            with(|tar| tar.raw_pax(b'g', b"9 size=5\n").file("x", b"")),
            Refused("global PAX header"),
        ),
        ("A29 a global comment", with(|tar| tar.raw_pax(b'g', b"13 comment=x\n").file("x", b"")), Accepted),
        (
            "A30 PAX path and GNU long name",
            with(|tar| tar.pax(&[("path", "a")]).long(b'L', "b").file("x", b"")),
            Refused("repeats or mixes"),
        ),
        (
            "A30 GNU long name, then PAX",
            with(|tar| tar.long(b'L', "b").pax(&[("path", "a")]).file("x", b"")),
            Refused("repeats or mixes"),
        ),
        (
            "A31 two long names in a row",
            with(|tar| tar.long(b'L', "a").long(b'L', "b").file("x", b"")),
            Refused("repeats or mixes"),
        ),
        (
            "A31 two PAX headers in a row",
            with(|tar| tar.pax(&[]).pax(&[]).file("x", b"")),
            Refused("repeats or mixes"),
        ),
        ("A31 a long name of 2 MiB", long(b'L', &"a".repeat(2 << 20)), Refused("oversized")),
        ("A31 a long name of 5,000 bytes", long(b'L', &"a/".repeat(2_500)), Refused("1024 bytes")),
        (
            "A31 a long name of a directory on a file",
            long(b'L', &"a/".repeat(100)),
            Refused("ends in a slash"),
        ),
        ("A31 a long name of a file", long(b'L', &format!("{}f", "a/".repeat(100))), Accepted),
        ("A31 an empty long name", long(b'L', ""), Refused("long name")),
        ("A31 a long name with a hidden part", long(b'L', "a\0b"), Refused("long name")),
        (
            "A31 a long link target",
            with(|tar| tar.long(b'K', "../x").symlink("x", "main.tf")),
            Refused("leaves the archive"),
        ),
        (
            "A31 70,000 bytes of comment",
            with(|tar| tar.pax(&[("comment", &comment)]).file("x", b"")),
            Refused("oversized"),
        ),
        (
            "A31 an extension without an entry",
            with(|tar| tar.pax(&[("path", "a")])),
            Refused("without an entry"),
        ),
        (
            "A31 a global header between",
            with(|tar| tar.pax(&[]).raw_pax(b'g', b"13 comment=x\n").file("x", b"")),
            Refused("repeats or mixes"),
        ),
    ]);
}

#[test]
fn sparse_files_in_every_dialect() {
    run(vec![
        ("A35 a GNU sparse file", with(|tar| tar.entry(&Head::gnu("x", b'S'), b"")), Refused("sparse")),
        (
            "A35 a GNU sparse map",
            with(|tar| tar.entry(&Head::gnu("x", b'S').set(386, b"00000000000\0"), b"")),
            Refused("sparse"),
        ),
        (
            "A36 PAX sparse 1.0",
            with(|tar| tar.pax(&[("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0")]).file("x", b"")),
            Refused("sparse"),
        ),
        (
            "A36 PAX sparse 0.1",
            with(|tar| tar.pax(&[("GNU.sparse.map", "0,1")]).file("x", b"")),
            Refused("sparse"),
        ),
        (
            "A36 the size of star",
            with(|tar| tar.pax(&[("SCHILY.realsize", "9")]).file("x", b"")),
            Refused("sparse"),
        ),
    ]);
}

#[test]
fn the_frame_of_the_tar() {
    let broken = |tar: Tar| tar.gzip();
    let module = Tar::module().end().0;
    let signed = {
        let block = Head::new(b"x\xc3\xa9", b'0').finish();
        let sum: i32 = block
            .iter()
            .enumerate()
            .map(|(at, &byte)| match at {
                148..156 => 32,
                _ => i32::from(byte.cast_signed()),
            })
            .sum();
        Head(block).set(148, format!("{sum:06o}\0 ").as_bytes()).0
    };
    let star = Head::new("x", b'0').set(508, b"tar\0");
    run(vec![
        (
            "A37 a wrong checksum",
            with(|tar| tar.raw(&Head::new("x", b'0').finish().map(|byte| byte ^ 1))),
            Refused("checksum"),
        ),
        ("A37 a signed checksum", with(|tar| tar.raw(&signed)), Refused("checksum")),
        ("A37 the star format", with(|tar| tar.entry(&star, b"")), Refused("unknown tar format")),
        (
            "A37 an unknown magic",
            with(|tar| tar.entry(&Head::new("x", b'0').set(257, b"rustar\x0000"), b"")),
            Refused("format"),
        ),
        (
            "A37 a prefix behind a GNU magic",
            with(|tar| tar.entry(&Head::gnu("x", b'0').set(345, b"prefix"), b"")),
            Refused("unknown tar format"),
        ),
        (
            "A38 data after the end",
            broken(Tar::module().end().file("evil.tf", b"")),
            Refused("data follows the end"),
        ),
        ("A38 zero blocks after the end", broken(Tar::module().end().raw(&[0; 512 * 17])), Accepted),
        (
            "A38 half a block after the end",
            broken(Tar::module().end().raw(&[0; 100])),
            Refused("ends in the middle"),
        ),
        (
            "A39 one zero block, then more",
            broken(Tar::module().raw(&[0; 512]).file("evil.tf", b"").end()),
            Refused("lone zero block"),
        ),
        ("A40 truncated in a header", gzip(&module[..100]), Refused("ends in the middle")),
        (
            "A40 truncated in contents",
            broken(Tar::module().raw(&Head::new("x", b'0').size(2_000).finish())),
            Refused("middle"),
        ),
        (
            "A40 truncated in padding",
            broken(Tar::module().raw(&Head::new("x", b'0').size(5).finish()).raw(b"abcde")),
            Refused("padding"),
        ),
        ("A41 no end", gzip(&module[..512]), Refused("end marker is missing")),
        ("A41 half an end", gzip(&module[..1024]), Refused("second block")),
        ("A42 no entries", broken(Tar::new().end()), Refused("holds no files")),
        ("A42 nothing in the gzip", gzip(b""), Refused("holds nothing")),
        ("A42 only directories", broken(Tar::new().directory("a/").end()), Refused("holds no files")),
        (
            "A42 no configuration",
            broken(Tar::new().file("README.md", b"").file("LICENSE", b"").end()),
            Refused("no module"),
        ),
        (
            "A42 one extra directory",
            broken(Tar::new().file("vpc-1.0/main.tf", b"").end()),
            Refused("is below the directory"),
        ),
        ("A42 only modules/", broken(Tar::new().file("modules/a/main.tf", b"").end()), Accepted),
        ("A42 only examples/", broken(Tar::new().file("examples/a/main.tf", b"").end()), Accepted),
        ("A42 OpenTofu only", broken(Tar::new().file("main.tofu", b"").end()), Accepted),
        ("A42 JSON only", broken(Tar::new().file("main.tf.json", b"{}").end()), Accepted),
    ]);
}

#[test]
fn the_frame_of_the_gzip() {
    let tar = Tar::module().end().0;
    let member = |flags: u8, extra: &[u8]| {
        let header = [&[0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255], extra].concat();
        gzip_with(&header, &tar, |_| {})
    };
    let lie =
        |at: usize| gzip_with(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], &tar, |trailer| trailer[at] ^= 1);
    let whole = gzip(&tar);
    let long = [vec![b'a'; 1 << 20], vec![0]].concat();
    let extra = [&[0xff, 0xff][..], &vec![0; 0xffff]].concat();
    let inner = Tar::module().file("inner.tar.gz", &whole).end().gzip();
    run(vec![
        ("A57 an archive in an archive is only data", inner, Accepted),
        ("A59 a second member", [whole.clone(), whole.clone()].concat(), Refused("second compressed member")),
        (
            "A59 an empty second member",
            [whole.clone(), gzip(b"")].concat(),
            Refused("second compressed member"),
        ),
        ("A60 garbage behind", [whole.clone(), b"x".to_vec()].concat(), Refused("followed by other bytes")),
        ("A60 zeros behind", [whole.clone(), vec![0; 512]].concat(), Refused("followed by other bytes")),
        ("A61 a wrong CRC", lie(0), Refused("do not match their checksum")),
        ("A61 a wrong length", lie(4), Refused("do not match their recorded length")),
        ("A62 a name of 1 MiB", member(8, &long), Refused("oversized name")),
        ("A62 a comment of 1 MiB", member(16, &long), Refused("oversized name")),
        ("A62 the largest extra field", member(4, &extra), Refused("oversized name")),
        ("A62 a name and a comment", member(24, b"vpc.tar\0made by hand\0"), Accepted),
        ("A62 a small extra field", member(4, b"\x03\x00abc"), Accepted),
        ("A63 reserved flag bits", member(0x20, b""), Refused("reserved flag bits")),
        ("A63 a wrong header checksum", member(2, b"\0\0"), Refused("header with a wrong checksum")),
        (
            "A63 another method",
            gzip_with(&[0x1f, 0x8b, 7, 0, 0, 0, 0, 0, 0, 255], &tar, |_| {}),
            Refused("method"),
        ),
        ("A64 nonsense as deflate", [&whole[..10], &[0xff; 64]].concat(), Refused("is corrupt")),
        ("A65 truncated in the trailer", whole[..whole.len() - 3].to_vec(), Refused("is truncated")),
        ("A65 truncated in the contents", whole[..whole.len() / 2].to_vec(), Refused("is truncated")),
        ("A65 truncated in the header", whole[..7].to_vec(), Refused("is truncated")),
        ("A66 nothing", Vec::new(), Refused("the upload is empty")),
    ]);
}

#[test]
fn things_that_are_not_gzip() {
    let tar = Tar::module().end().0;
    run(vec![
        (
            "A67 zip",
            b"PK\x03\x04rest".to_vec(),
            Refused("a zip file, not a gzip-compressed tar archive; unpack it"),
        ),
        ("A67 an empty zip", b"PK\x05\x06".to_vec(), Refused("a zip file")),
        ("A67 xz", b"\xfd7zXZ\0".to_vec(), Refused("an xz file")),
        ("A67 zstd", b"\x28\xb5\x2f\xfd".to_vec(), Refused("a zstd file")),
        ("A67 bzip2", b"BZh91AY".to_vec(), Refused("a bzip2 file")),
        ("A67 plain tar", tar.clone(), Refused("an uncompressed tar archive, not")),
        ("A67 HTML", b"\n<!DOCTYPE html><html>".to_vec(), Refused("a web page")),
        ("A67 text", b"{\"message\": \"404 Not Found\"}\n".to_vec(), Refused("a text file")),
        ("A67 a program", b"\x7fELF\x02\x01\x01".to_vec(), Refused("a program")),
        ("A67 noise", vec![0x80, 0x00, 0xff], Refused("unknown kind")),
        ("A67 gzip of something else", gzip(b"hello"), Refused("ends in the middle")),
        ("A67 gzip of a zip", gzip(&[b"PK\x03\x04".as_slice(), &[1; 600]].concat()), Refused("checksum")),
        (
            "A67 a zip behind the gzip",
            [gzip(&tar), b"PK\x05\x06".to_vec()].concat(),
            Refused("followed by other bytes"),
        ),
    ]);
}

#[test]
fn a_reader_that_fails_is_told_apart_from_a_bad_archive() {
    use std::io::{self, Read};
    let whole = Tar::module().file("x", &vec![7; 300_000]).end().gzip();
    for cut in [0, 5, 600, whole.len() / 2, whole.len() - 1, whole.len()] {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::new(io::ErrorKind::StorageFull, "no space left"))
            }
        }
        let reader = whole[..cut].chain(Failing);
        let limits = ArchiveLimits::default();
        let error = cairn::archive::inspect(reader, &limits, &ManifestLimits::default()).unwrap_err();
        let ArchiveError::Read(error) = error else { panic!("cut at {cut}: {error}") };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "cut at {cut}");
    }
}

#[test]
fn a_81_every_byte_passes_through_the_reader_once() {
    use std::io::Read;
    struct Count<'a>(&'a [u8], usize, bool);
    impl Read for Count<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            // One byte at a time: pieces of any size must do.
            let count = self.0.read(&mut buffer[..1])?;
            self.1 += count;
            self.2 |= count == 0;
            Ok(count)
        }
    }
    let whole = Tar::module().file("x", &[7; 3_000]).end().raw(&[0; 10_240]).gzip();
    let mut reader = Count(&whole, 0, false);
    let limits = ArchiveLimits::default();
    cairn::archive::inspect(&mut reader, &limits, &ManifestLimits::default()).unwrap();
    assert_eq!(reader.1, whole.len(), "all bytes");
    assert!(reader.2, "and the end");
}

#[test]
fn a_warning_names_the_link_and_says_how_to_pack_without_it() {
    let report = super::accepted(
        &super::support::Module::new().file("main.tf", "").symlink("docs/latest", "v1.md").build(),
    );
    let [warning] = report.warnings.as_slice() else { panic!("{:?}", report.warnings) };
    assert_eq!(warning.path, "docs/latest");
    assert!(warning.message.contains("v1.md, which is not in the archive"), "{}", warning.message);
    assert!(warning.message.contains("tar --dereference"), "{}", warning.message);
}
