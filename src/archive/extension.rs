//! Headers that describe the next entry: PAX records (POSIX) and GNU long names, parsed strictly.

use super::error::HeaderProblem;

/// PAX keys that say nothing we use and that no reader takes for a name, a size or a layout.
const HARMLESS_KEYS: [&str; 9] = [
    "comment",
    "uname",
    "gname",
    "SCHILY.dev",
    "SCHILY.ino",
    "SCHILY.nlink",
    "SCHILY.fflags",
    "MSWINDOWS.rawsd",
    "charset",
];
/// Families of such keys.
const HARMLESS_PREFIXES: [&str; 5] =
    ["SCHILY.xattr.", "SCHILY.acl.", "LIBARCHIVE.xattr.", "RHT.security.", "LIBARCHIVE.symlinktype"];
/// Whole or fractional seconds, of either sign.
const TIME_KEYS: [&str; 4] = ["mtime", "atime", "ctime", "LIBARCHIVE.creationtime"];
/// Digits of a number that can be meant seriously.
const MAX_DIGITS: usize = 20;

/// What the extension headers in front of an entry said about it.
#[derive(Debug, Default)]
pub(crate) struct Extensions {
    pub(crate) path: Option<Vec<u8>>,
    pub(crate) link: Option<Vec<u8>>,
    pub(crate) size: Option<u64>,
    pax: bool,
    /// Bytes of all extension bodies so far.
    pub(crate) bytes: u64,
}

impl Extensions {
    /// Whether there was none.
    pub(crate) const fn is_empty(&self) -> bool {
        !self.pax && self.path.is_none() && self.link.is_none()
    }

    /// Takes in the body of a PAX header.
    pub(crate) fn pax(&mut self, body: &[u8]) -> Result<(), HeaderProblem> {
        if !self.is_empty() {
            return Err(HeaderProblem::ExtensionConflict);
        }
        self.pax = true;
        let mut seen = Vec::new();
        for record in Records(body) {
            let (key, value) = record?;
            if seen.contains(&key) {
                return Err(HeaderProblem::ExtensionConflict);
            }
            // More keys than this are no honest header, and the look above must stay cheap.
            if seen.len() > 256 {
                return Err(HeaderProblem::ExtensionTooLarge);
            }
            seen.push(key);
            self.record(key, value)?;
        }
        Ok(())
    }

    fn record(&mut self, key: &str, value: &[u8]) -> Result<(), HeaderProblem> {
        match key {
            "path" => self.path = Some(name(value)?.to_vec()),
            "linkpath" => self.link = Some(name(value)?.to_vec()),
            "size" => self.size = Some(decimal(value)?),
            "uid" | "gid" => drop(decimal(value)?),
            "hdrcharset" if value == b"ISO-IR 10646 2000 UTF-8" => {}
            _ if TIME_KEYS.contains(&key) => seconds(value)?,
            _ if HARMLESS_KEYS.contains(&key) => {}
            _ if HARMLESS_PREFIXES.iter().any(|prefix| key.starts_with(prefix)) => {}
            _ if key.starts_with("GNU.sparse.") || key == "SCHILY.realsize" => {
                return Err(HeaderProblem::Sparse);
            }
            _ => return Err(HeaderProblem::PaxKey),
        }
        Ok(())
    }

    /// Takes in the body of a GNU long name.
    pub(crate) fn long_name(&mut self, body: &[u8]) -> Result<(), HeaderProblem> {
        Self::long(self.pax, &mut self.path, body)
    }

    /// Takes in the body of a GNU long link target.
    pub(crate) fn long_link(&mut self, body: &[u8]) -> Result<(), HeaderProblem> {
        Self::long(self.pax, &mut self.link, body)
    }

    fn long(pax: bool, slot: &mut Option<Vec<u8>>, body: &[u8]) -> Result<(), HeaderProblem> {
        if pax || slot.is_some() {
            return Err(HeaderProblem::ExtensionConflict);
        }
        let end = body.iter().position(|&byte| byte == 0).unwrap_or(body.len());
        let (text, rest) = body.split_at(end);
        if text.is_empty() || rest.iter().any(|&byte| byte != 0) {
            return Err(HeaderProblem::LongName);
        }
        *slot = Some(text.to_vec());
        Ok(())
    }
}

/// Checks the body of a global PAX header: only a comment, which is what `git archive` writes.
pub(crate) fn check_global(body: &[u8]) -> Result<(), HeaderProblem> {
    for record in Records(body) {
        if record?.0 != "comment" {
            return Err(HeaderProblem::GlobalHeader);
        }
    }
    Ok(())
}

/// PAX records, one after the other: `<length> <key>=<value>\n`, where the length counts the whole record.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = Result<(&'a str, &'a [u8]), HeaderProblem>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let record = self.take();
        if record.is_none() {
            self.0 = &[];
        }
        Some(record.ok_or(HeaderProblem::Pax))
    }
}

impl<'a> Records<'a> {
    fn take(&mut self) -> Option<(&'a str, &'a [u8])> {
        let digits = self.0.iter().take(MAX_DIGITS).take_while(|byte| byte.is_ascii_digit()).count();
        let length: usize = std::str::from_utf8(self.0.get(..digits)?).ok()?.parse().ok()?;
        if self.0.first() == Some(&b'0') {
            return None;
        }
        let (record, rest) = self.0.split_at_checked(length)?;
        let record = record.get(digits..)?.strip_prefix(b" ")?.strip_suffix(b"\n")?;
        let equals = record.iter().position(|&byte| byte == b'=')?;
        let key = std::str::from_utf8(record.get(..equals)?).ok()?;
        if key.is_empty() || key.chars().any(char::is_control) {
            return None;
        }
        self.0 = rest;
        Some((key, record.get(equals + 1..)?))
    }
}

/// A path: it may not be empty (which would mean "forget it") and holds no NUL (which some readers stop at).
fn name(value: &[u8]) -> Result<&[u8], HeaderProblem> {
    if value.is_empty() || value.contains(&0) { Err(HeaderProblem::Pax) } else { Ok(value) }
}

fn decimal(value: &[u8]) -> Result<u64, HeaderProblem> {
    let digits = !value.is_empty() && value.len() <= MAX_DIGITS && value.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(value).ok().filter(|_| digits).and_then(|text| text.parse::<i64>().ok());
    number.and_then(|number| u64::try_from(number).ok()).ok_or(HeaderProblem::Number("PAX"))
}

fn seconds(value: &[u8]) -> Result<(), HeaderProblem> {
    let unsigned = value.strip_prefix(b"-").unwrap_or(value);
    let mut parts = unsigned.splitn(2, |&byte| byte == b'.');
    let whole = parts.next().unwrap_or_default();
    let is_time =
        decimal(whole).is_ok() && parts.next().is_none_or(|fraction| fraction.iter().all(u8::is_ascii_digit));
    if is_time { Ok(()) } else { Err(HeaderProblem::Number("PAX time")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pax_records_are_parsed_exactly_or_refused() {
        let cases: [(&str, &[u8], bool); 14] = [
            ("one record", b"9 path=a\n", true),
            ("two records", b"9 path=a\n11 size=12\n", true),
            ("binary extended attributes", b"28 SCHILY.xattr.user.x=\0\xff\n\n\n", true),
            ("a length of 0", b"0 path=a\n", false),
            ("a leading zero", b"09 path=a\n", false),
            ("a length past the end", b"99 path=a\n", false),
            ("a length that cuts the record", b"8 path=a\n", false),
            ("no newline", b"8 path=a", false),
            ("no equals sign", b"8 patha\n", false),
            ("no key", b"5 =a\n", false),
            ("a NUL in the path", b"11 path=a\0b\n", false),
            ("a length of many digits", b"99999999999999999999999 path=a\n", false),
            ("a record twice", b"9 path=a\n9 path=b\n", false),
            ("garbage behind", b"9 path=a\nx", false),
        ];
        for (situation, body, accepted) in cases {
            assert_eq!(Extensions::default().pax(body).is_ok(), accepted, "{situation}");
        }
    }
}
