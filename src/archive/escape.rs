//! Text from an archive, made safe to print: no control, invisible or direction-changing character survives.

use std::fmt;

/// Characters shown of one name; longer ones end in an ellipsis.
const MAX_SHOWN: usize = 200;

/// A name from an archive in quotes, escaped for terminals and logs, and of bounded length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escaped(String);

impl Escaped {
    /// Escapes bytes that claim to be UTF-8; others are shown as `\x..`.
    pub fn new(name: &[u8]) -> Self {
        let mut shown = String::from("\"");
        let mut count = 0;
        for chunk in name.utf8_chunks() {
            for char in chunk.valid().chars() {
                push(&mut shown, char);
                count += 1;
                if count >= MAX_SHOWN {
                    shown.push_str("…\"");
                    return Self(shown);
                }
            }
            for byte in chunk.invalid() {
                shown.extend(["\\x", &data_encoding::HEXLOWER.encode(&[*byte])]);
                count += 1;
                if count >= MAX_SHOWN {
                    shown.push_str("…\"");
                    return Self(shown);
                }
            }
        }
        shown.push('"');
        Self(shown)
    }
}

fn push(shown: &mut String, char: char) {
    match char {
        '"' | '\\' => shown.extend(['\\', char]),
        _ if char.is_control() || is_invisible(char) => shown.extend(char.escape_unicode()),
        _ => shown.push(char),
    }
}

impl fmt::Display for Escaped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Characters that change how the text around them is shown, or that are not shown at all (Unicode TR 36): direction
/// controls, zero-width and filler characters, line and paragraph separators, tags.
pub(crate) const fn is_invisible(char: char) -> bool {
    matches!(char,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_on_a_terminal_survives() {
        let cases: [(&str, &[u8], &str); 5] = [
            ("plain text stays", b"modules/a b.tf", "\"modules/a b.tf\""),
            ("an escape sequence", b"a\x1b[31m", "\"a\\u{1b}[31m\""),
            ("a direction override", "a\u{202e}b".as_bytes(), "\"a\\u{202e}b\""),
            ("bytes that are no text", b"a\xff", "\"a\\xff\""),
            ("quotes and backslashes", b"\"\\", "\"\\\"\\\\\""),
        ];
        for (situation, name, expected) in cases {
            assert_eq!(Escaped::new(name).to_string(), expected, "{situation}");
        }
    }

    #[test]
    fn a_long_name_is_cut() {
        assert!(Escaped::new(&vec![b'a'; 100_000]).to_string().len() < 300);
        assert!(Escaped::new(&vec![0xff; 100_000]).to_string().len() < 2_000);
    }
}
