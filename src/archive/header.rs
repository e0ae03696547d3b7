//! One 512-byte tar header, read strictly: where readers of tar are known to disagree, it is refused.
//!
//! Accepted are the old format, POSIX ustar and GNU, each in the form every reader understands alike.

use super::error::HeaderProblem;

/// Bytes of a tar block.
pub(crate) const BLOCK: usize = 512;

/// A block of the tar stream.
pub(crate) type Block = [u8; BLOCK];

/// What a header says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A hard link.
    HardLink,
    /// A device, a FIFO or a socket: refused, by its entry's name.
    Special(&'static str),
    /// A PAX header for the next entry.
    Pax,
    /// A PAX header for all following entries.
    PaxGlobal,
    /// A GNU long name for the next entry.
    LongName,
    /// A GNU long link target for the next entry.
    LongLink,
}

impl Kind {
    /// Whether this header describes another one instead of an entry of its own.
    pub(crate) const fn is_extension(self) -> bool {
        matches!(self, Self::Pax | Self::PaxGlobal | Self::LongName | Self::LongLink)
    }
}

/// A parsed header. Mode, owner and time are checked to be numbers and otherwise ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    /// The name, with the ustar prefix in front.
    pub(crate) name: Vec<u8>,
    pub(crate) link: Vec<u8>,
    pub(crate) size: u64,
}

/// The name a header seems to have, for messages about headers that are refused.
pub(crate) fn apparent_name(block: &Block) -> &[u8] {
    let name = field(block, 0, 100);
    name.split(|&byte| byte == 0).next().unwrap_or_default()
}

impl Header {
    /// Parses a block that is not all zero.
    pub(crate) fn parse(block: &Block) -> Result<Self, HeaderProblem> {
        check_sum(block)?;
        let format = Format::of(block)?;
        for (name, offset, length) in [("mode", 100, 8), ("uid", 108, 8), ("gid", 116, 8), ("mtime", 136, 12)]
        {
            number(field(block, offset, length), name)?;
        }
        if format != Format::Old {
            text(field(block, 265, 32), "uname")?;
            text(field(block, 297, 32), "gname")?;
            number(field(block, 329, 8), "devmajor")?;
            number(field(block, 337, 8), "devminor")?;
        }
        let size_field = field(block, 124, 12);
        let size = number(size_field, "size")?;
        let base = text(field(block, 0, 100), "name")?;
        let link = text(field(block, 157, 100), "linkname")?.to_vec();
        let prefix = if format == Format::Ustar { text(field(block, 345, 155), "prefix")? } else { b"" };
        let name = if prefix.is_empty() { base.to_vec() } else { [prefix, b"/", base].concat() };
        let flag = field(block, 156, 1).first().copied().unwrap_or_default();
        let kind = kind(flag, &name)?;
        if size > 0 && !(kind == Kind::File || kind.is_extension() || matches!(kind, Kind::Special(_))) {
            return Err(HeaderProblem::UnexpectedSize);
        }
        Ok(Self { kind, name, link, size })
    }
}

/// Whether all bytes are zero. It looks at every one, which for so few is faster than to stop at the first other one.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().fold(0, |bits, byte| bits | byte) == 0
}

fn field(block: &Block, offset: usize, length: usize) -> &[u8] {
    block.get(offset..offset + length).unwrap_or_default()
}

/// The sum of all bytes, with the checksum itself read as spaces. The old signed sum is not accepted: readers differ.
fn check_sum(block: &Block) -> Result<(), HeaderProblem> {
    let stored = field(block, 148, 8);
    // So many bytes never add up to more than 16 bits hold, of which the processor adds many at once.
    let small = |bytes: &[u8]| u64::from(bytes.iter().map(|&byte| u16::from(byte)).sum::<u16>());
    let sum: u64 = block.chunks(256).map(small).sum();
    let expected = sum - small(stored) + 8 * u64::from(b' ');
    match number(stored, "checksum") {
        Ok(value) if value == expected => Ok(()),
        _ => Err(HeaderProblem::Checksum),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Old,
    Ustar,
    Gnu,
}

impl Format {
    fn of(block: &Block) -> Result<Self, HeaderProblem> {
        let is_blank = |offset: usize, length: usize| is_zero(field(block, offset, length));
        match field(block, 257, 8) {
            // The twelve bytes at the end are where a `star` header signs: there the prefix is shorter.
            b"ustar\x0000" if is_blank(500, 12) => Ok(Self::Ustar),
            // Behind 345 GNU keeps times, offsets and sparse maps, and some readers see a prefix there.
            b"ustar  \0" if is_blank(345, 167) => Ok(Self::Gnu),
            b"ustar  \0" if field(block, 156, 1) == b"S" => Err(HeaderProblem::Sparse),
            [0, 0, 0, 0, 0, 0, 0, 0] if is_blank(265, 247) => Ok(Self::Old),
            _ => Err(HeaderProblem::Format),
        }
    }
}

fn kind(flag: u8, name: &[u8]) -> Result<Kind, HeaderProblem> {
    let named_directory = name.ends_with(b"/");
    Ok(match flag {
        // The old format knows directories only by their trailing slash.
        0 if named_directory => Kind::Directory,
        b'0' if named_directory => return Err(HeaderProblem::Type(flag)),
        0 | b'0' => Kind::File,
        b'1' => Kind::HardLink,
        b'2' => Kind::Symlink,
        b'3' => Kind::Special("a character device"),
        b'4' => Kind::Special("a block device"),
        b'5' => Kind::Directory,
        b'6' => Kind::Special("a FIFO"),
        b'x' => Kind::Pax,
        b'g' => Kind::PaxGlobal,
        b'L' => Kind::LongName,
        b'K' => Kind::LongLink,
        b'S' => return Err(HeaderProblem::Sparse),
        _ => return Err(HeaderProblem::Type(flag)),
    })
}

/// A text field: up to its first NUL, with nothing behind it.
fn text<'a>(field: &'a [u8], name: &'static str) -> Result<&'a [u8], HeaderProblem> {
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    let (text, rest) = field.split_at(end);
    if !is_zero(rest) {
        return Err(HeaderProblem::HiddenBytes(name));
    }
    Ok(text)
}

/// A numeric field: octal digits with blanks around them, or GNU's base-256 form, never negative. Blank means 0.
fn number(field: &[u8], name: &'static str) -> Result<u64, HeaderProblem> {
    let value = match field {
        [0x80, rest @ ..] => base256(rest),
        _ => octal(field),
    };
    value.filter(|&value| i64::try_from(value).is_ok()).ok_or(HeaderProblem::Number(name))
}

fn base256(bytes: &[u8]) -> Option<u64> {
    bytes.iter().try_fold(0_u64, |value, &byte| value.checked_mul(256)?.checked_add(u64::from(byte)))
}

fn octal(field: &[u8]) -> Option<u64> {
    // A NUL in front ends the number for some readers and is skipped by others.
    if field.starts_with(&[0]) {
        return field.iter().all(|&byte| byte == 0).then_some(0);
    }
    let digits = field.trim_ascii_start();
    let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let (digits, blanks) = digits.split_at(end);
    if !blanks.iter().all(|&byte| byte == 0 || byte == b' ') {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, &digit| match digit {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_every_reader_reads_them_or_not_at_all() {
        let cases: [(&str, &[u8], Option<u64>); 14] = [
            ("plain octal", b"00000000017\0", Some(15)),
            ("padded with spaces", b"      17 \0", Some(15)),
            ("without a terminator", b"777777777777", Some(0o777_777_777_777)),
            ("blank", b"\0\0\0\0", Some(0)),
            ("spaces", b"    ", Some(0)),
            ("base-256", b"\x80\0\0\0\0\0\0\x02\0\0\0\0", Some(2 << 32)),
            ("negative base-256", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
            ("base-256 past 2^63", b"\x80\0\0\0\x80\0\0\0\0\0\0\0", None),
            ("base-256 with bits in the marker", b"\x81\0\0\0", None),
            ("a minus", b"-0000017\0", None),
            ("a digit 8", b"0000018\0", None),
            ("a NUL in front", b"\x000000017", None),
            ("text between", b"17\x0017\0", None),
            ("an underscore", b"1_7\0", None),
        ];
        for (situation, bytes, expected) in cases {
            assert_eq!(number(bytes, "size").ok(), expected, "{situation}");
        }
    }
}
