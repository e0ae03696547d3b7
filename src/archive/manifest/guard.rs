//! A linear look at configuration text before it is parsed: is it small and flat enough that parsing is cheap?
//!
//! The parser limits its own recursion, at a depth above ours, but an object's keys are compared pair by pair and every
//! token becomes a node. So brackets, tokens and keys are counted first, with the same idea of strings, templates,
//! heredocs and comments that the parser has.

/// Tokens of one file. A dense megabyte of real configuration has about 150,000; a token costs about 100 bytes.
pub(super) const MAX_TOKENS: usize = 200_000;
/// Comparisons of object keys in one file: one object of about 2,800 keys, or many small ones.
pub(super) const MAX_KEY_PAIRS: usize = 4_000_000;

/// What is too much, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMuch {
    /// Byte offset in the text.
    pub(crate) offset: usize,
    pub(crate) what: &'static str,
}

enum Frame<'a> {
    /// Parentheses, square brackets, and the inside of `${` and `%{`.
    Plain,
    /// Braces, with the keys counted so far.
    Braces(usize),
    Quotes,
    Heredoc(&'a str),
}

struct Guard<'a> {
    text: &'a str,
    at: usize,
    frames: Vec<Frame<'a>>,
    depth: usize,
    tokens: usize,
    pairs: usize,
    /// A comment was opened that never ends.
    unclosed: bool,
}

/// Checks that `text` can be parsed cheaply, with at most `depth` levels open at once.
pub(crate) fn check(text: &str, depth: usize) -> Result<(), TooMuch> {
    Guard { text, at: 0, frames: Vec::new(), depth, tokens: 0, pairs: 0, unclosed: false }.run()
}

impl<'a> Guard<'a> {
    fn run(&mut self) -> Result<(), TooMuch> {
        while self.at < self.text.len() {
            match self.frames.last() {
                Some(Frame::Quotes) => self.quoted()?,
                Some(Frame::Heredoc(delimiter)) => {
                    let delimiter = *delimiter;
                    self.heredoc(delimiter)?;
                }
                _ => self.code()?,
            }
        }
        Ok(())
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn push(&mut self, frame: Frame<'a>, length: usize) -> Result<(), TooMuch> {
        if self.frames.len() >= self.depth {
            return Err(TooMuch { offset: self.at, what: "it is nested too deeply" });
        }
        self.frames.push(frame);
        self.token(length)
    }

    fn pop(&mut self, length: usize) -> Result<(), TooMuch> {
        self.frames.pop();
        self.token(length)
    }

    fn token(&mut self, length: usize) -> Result<(), TooMuch> {
        self.tokens += 1;
        if self.tokens > MAX_TOKENS {
            return Err(TooMuch { offset: self.at, what: "it holds too many expressions" });
        }
        self.at += length;
        Ok(())
    }

    fn code(&mut self) -> Result<(), TooMuch> {
        match self.rest() {
            [b' ' | b'\t' | b'\r' | b'\n', ..] => self.at += 1,
            [b'#', ..] | [b'/', b'/', ..] => self.at += find(self.rest(), b"\n").unwrap_or(self.rest().len()),
            [b'/', b'*', rest @ ..] if !self.unclosed => match find(rest, b"*/") {
                Some(length) => self.at += length + 4,
                // The parser's to complain about. Never look for an end again, so that the scan stays linear.
                None => self.unclosed = true,
            },
            [b'"', ..] => self.push(Frame::Quotes, 1)?,
            [b'<', b'<', ..] if self.heredoc_start()? => {}
            [b'{', ..] => self.push(Frame::Braces(0), 1)?,
            [b'(' | b'[', ..] => self.push(Frame::Plain, 1)?,
            [b')' | b']' | b'}', ..] => self.pop(1)?,
            [b'=' | b':', ..] => {
                if let Some(Frame::Braces(keys)) = self.frames.last_mut() {
                    self.pairs += *keys;
                    *keys += 1;
                }
                if self.pairs > MAX_KEY_PAIRS {
                    return Err(TooMuch { offset: self.at, what: "it holds an object with too many keys" });
                }
                self.token(1)?;
            }
            rest => {
                let word = rest.iter().take_while(|byte| is_word(**byte)).count();
                self.token(word.max(1))?;
            }
        }
        Ok(())
    }

    /// `<<NAME` or `<<-NAME` at the end of a line.
    fn heredoc_start(&mut self) -> Result<bool, TooMuch> {
        let rest = self.text.get(self.at + 2..).unwrap_or_default();
        let name = rest.strip_prefix('-').unwrap_or(rest);
        let end = name.bytes().position(|byte| !is_word(byte)).unwrap_or(name.len());
        let (delimiter, behind) = name.split_at_checked(end).unwrap_or_default();
        if delimiter.is_empty() || !(behind.starts_with('\n') || behind.starts_with("\r\n")) {
            return Ok(false);
        }
        // Stop at the newline: a heredoc may end on its very first line.
        let length = 2 + rest.len() - behind.len();
        self.push(Frame::Heredoc(delimiter), length)?;
        Ok(true)
    }

    fn heredoc(&mut self, delimiter: &str) -> Result<(), TooMuch> {
        match self.rest() {
            [b'\n', line @ ..] => {
                let blanks = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
                let behind = line.get(blanks..).unwrap_or_default().strip_prefix(delimiter.as_bytes());
                if behind.is_some_and(|behind| !behind.first().is_some_and(|byte| is_word(*byte))) {
                    return self.pop(1 + blanks + delimiter.len());
                }
                self.at += 1;
                Ok(())
            }
            _ => self.template(),
        }
    }

    fn quoted(&mut self) -> Result<(), TooMuch> {
        match self.rest() {
            [b'"', ..] => self.pop(1),
            [b'\\', _, ..] => {
                self.at += 2;
                Ok(())
            }
            _ => self.template(),
        }
    }

    /// Text of a string or heredoc, where only `${` and `%{` matter, and only unescaped.
    fn template(&mut self) -> Result<(), TooMuch> {
        match self.rest() {
            [b'$', b'$', b'{', ..] | [b'%', b'%', b'{', ..] => self.at += 3,
            [b'$' | b'%', b'{', ..] => self.push(Frame::Plain, 2)?,
            _ => self.at += 1,
        }
        Ok(())
    }
}

/// Bytes of names and numbers; every byte above ASCII counts as one.
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || byte >= 0x80
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str) -> Option<&'static str> {
        check(text, 8).err().map(|problem| problem.what)
    }

    #[test]
    fn what_looks_deep_but_is_text_is_not_counted() {
        let cases = [
            ("brackets in a string", format!("a = \"{}\"", "[".repeat(100))),
            ("brackets in a comment", format!("# {}\n// {0}\n/* {0} */", "[".repeat(100))),
            ("brackets in a heredoc", format!("a = <<-EOT\n{}\n  EOT\n", "{".repeat(100))),
            ("escaped quotes", r#"a = "\\" b = "\"[[[[[[[[[[[[[" "#.to_owned()),
            ("escaped templates", format!("a = \"{}\"", "$${".repeat(100))),
            ("brackets one after the other", "a = [[],[],[]]\n".repeat(100)),
            ("a delimiter inside a heredoc line", format!("a = <<EOT\nx EOT {}\nEOT\n", "(".repeat(100))),
        ];
        for (situation, text) in cases {
            assert_eq!(verdict(&text), None, "{situation}");
        }
    }

    #[test]
    fn what_would_be_dear_to_parse_is_refused() {
        let keys: String = (0..4_000).map(|key: u32| ["k", &key.to_string(), "=1\n"].concat()).collect();
        let cases = [
            ("brackets", "[".repeat(9)),
            ("blocks", "a {\n".repeat(9)),
            ("templates", "\"${".repeat(5)),
            ("brackets behind an empty heredoc", format!("a = <<E\nE\nb = {}", "[".repeat(9))),
            ("an object with thousands of keys", format!("a = {{{keys}}}")),
            ("hundreds of thousands of tokens", ".c".repeat(200_000)),
        ];
        for (situation, text) in cases {
            assert!(verdict(&text).is_some(), "{situation}");
        }
    }

    #[test]
    fn comments_that_never_end_are_scanned_in_linear_time() {
        assert_eq!(verdict(&"/*".repeat(90_000)), None);
    }
}
