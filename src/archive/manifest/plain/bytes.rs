//! Bytes by what they can be part of, from a table: most of a file is names, texts and blanks.

/// What a name goes on with, of ASCII.
pub(super) const WORD: u8 = 1;
/// What stands for itself in a quoted string, whatever is beside it.
pub(super) const TEXT: u8 = 2;
/// The same without control characters, which JSON and types write differently.
pub(super) const SIMPLE: u8 = 4;

/// A blank within a line.
pub(super) const BLANK: u8 = 8;
/// What ends a line.
pub(super) const LINE_END: u8 = 16;

static KINDS: [u8; 256] = table();

const fn kinds_of(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'-' => WORD | TEXT | SIMPLE,
        b' ' => BLANK | TEXT | SIMPLE,
        b'\t' => BLANK | TEXT,
        b'\n' | b'\r' => LINE_END | TEXT,
        b'"' | b'\\' | b'$' | b'%' => 0,
        0..=0x1F | 0x7F => TEXT,
        _ => TEXT | SIMPLE,
    }
}

#[expect(clippy::indexing_slicing, reason = "every byte has its place, and this runs when it is compiled")]
const fn table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = kinds_of(byte);
        if byte == u8::MAX {
            return table;
        }
        byte += 1;
    }
}

/// Whether a byte is of one of these kinds.
pub(super) fn is(byte: u8, kinds: u8) -> bool {
    KINDS.get(usize::from(byte)).is_some_and(|known| known & kinds != 0)
}

/// How many bytes of these kinds there are in front.
#[inline]
pub(super) fn leading(bytes: &[u8], kinds: u8) -> usize {
    bytes.iter().position(|byte| !is(*byte, kinds)).unwrap_or(bytes.len())
}
