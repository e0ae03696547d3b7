//! Where the reader is in the text: blanks, comments and words, and the counts that keep hostile text out.

use memchr::memmem::find;
use memchr::{memchr, memchr_iter};

use super::super::guard::{MAX_KEY_PAIRS, MAX_TOKENS};
use super::bytes::{self, BLANK, LINE_END, WORD, leading};
use super::keys::Key;
use super::outline::Outline;

/// Levels of nesting that the reader follows. The parser, counting the same way, refuses more than 64.
const MAX_LEVELS: usize = 60;

/// A place in a text, moving forward. Every method answers `None` where it is not certain what the parser would do.
///
/// It counts so that what passes here passes the guard as well, which nobody has to ask then.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    text: &'a str,
    pub(super) at: usize,
    /// Brackets, quotes, heredocs and templates that are open, and how many may be.
    frames: usize,
    max_frames: usize,
    /// Expressions and blocks within one another, as the parser counts them.
    levels: usize,
    /// Operators on the longest path through the tree of the expression being read, as the parser counts them.
    pub(super) operators: usize,
    /// Bytes passed that start no token: at least so many fewer tokens than bytes are in the text.
    spared: usize,
    /// Signs passed in these braces that may follow a key, and how often keys are compared for all of them at most.
    pub(super) signs: usize,
    pairs: usize,
    /// Keys of the objects that are open.
    pub(super) keys: Vec<Key<'a>>,
    /// Names and values of the attributes in the bodies that are open.
    pub(super) attributes: Vec<(&'a str, &'a str)>,
    /// What was declared, and the attributes of it that matter.
    pub(super) outline: Outline<'a>,
}

impl<'a> Reader<'a> {
    /// Starts at the beginning of `text`, in which at most `depth` brackets may be open at once.
    pub(super) fn new(text: &'a str, depth: usize) -> Option<Self> {
        let bytes = text.as_bytes();
        // Alone it is a blank in some places and an error in others.
        let lone = |at| bytes.get(at + 1) != Some(&b'\n');
        if memchr_iter(b'\r', bytes).any(lone) {
            return None;
        }
        Some(Self {
            text,
            at: 0,
            frames: 0,
            max_frames: depth,
            levels: 0,
            operators: 0,
            spared: 0,
            signs: 0,
            pairs: 0,
            keys: Vec::new(),
            attributes: Vec::new(),
            outline: Outline::default(),
        })
    }

    /// Whether everything is read and was not too much of it.
    pub(super) fn finish(&self) -> Option<()> {
        let tokens = self.text.len().saturating_sub(self.spared);
        (self.at == self.text.len() && tokens <= MAX_TOKENS && self.pairs <= MAX_KEY_PAIRS).then_some(())
    }

    /// The byte ahead; zero, which belongs to no syntax, at the end.
    pub(super) fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or_default()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The text from `start` to here.
    pub(super) fn since(&self, start: usize) -> Option<&'a str> {
        self.text.get(start..self.at)
    }

    /// Passes exactly this.
    pub(super) fn pass(&mut self, token: &[u8]) -> Option<()> {
        self.rest().starts_with(token).then(|| self.at += token.len())
    }

    /// Passes `length` bytes of which the guard makes no token.
    pub(super) fn spare(&mut self, length: usize) {
        self.at += length;
        self.spared += length;
    }

    /// Where to come back to.
    pub(super) const fn mark(&self) -> (usize, usize) {
        (self.at, self.spared)
    }

    /// Comes back to a mark behind which only blanks were passed.
    pub(super) const fn back(&mut self, (at, spared): (usize, usize)) {
        (self.at, self.spared) = (at, spared);
    }

    /// Passes blanks and comments, over the ends of lines if `lines`.
    #[inline]
    pub(super) fn blanks(&mut self, lines: bool) -> Option<()> {
        // Mostly there are none, which should cost nothing.
        match self.peek() {
            b' ' | b'\t' | b'/' => self.some_blanks(lines),
            b'\n' | b'\r' | b'#' if lines => self.some_blanks(lines),
            _ => Some(()),
        }
    }

    fn some_blanks(&mut self, lines: bool) -> Option<()> {
        let blank = if lines { BLANK | LINE_END } else { BLANK };
        loop {
            self.spare(leading(self.rest(), blank));
            match self.rest() {
                [b'#', ..] | [b'/', b'/', ..] if lines => self.comment(),
                [b'/', b'*', rest @ ..] => self.spare(find(rest, b"*/")? + 4),
                _ => return Some(()),
            }
        }
    }

    /// Passes the rest of the line.
    fn comment(&mut self) {
        let length = memchr(b'\n', self.rest()).unwrap_or(self.rest().len());
        self.spare(length);
    }

    /// Passes a comment up to the end of the line, if there is one.
    pub(super) fn line_comment(&mut self) {
        if matches!(self.rest(), [b'#', ..] | [b'/', b'/', ..]) {
            self.comment();
        }
    }

    /// Passes the end of a line.
    pub(super) fn line_end(&mut self) -> Option<()> {
        match self.rest() {
            [b'\n', ..] => self.spare(1),
            [b'\r', ..] => self.spare(2),
            _ => return None,
        }
        Some(())
    }

    /// Passes an identifier of ASCII.
    pub(super) fn identifier(&mut self) -> Option<&'a str> {
        if !starts_word(self.peek()) {
            return None;
        }
        let start = self.at;
        let length = leading(self.rest(), WORD);
        self.at += 1;
        self.spare(length - 1);
        if self.peek() >= 0x80 { None } else { self.since(start) }
    }

    /// Passes a number that is surely written, and surely read, the same way.
    pub(super) fn number(&mut self) -> Option<()> {
        self.digits()?;
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        let behind = self.peek();
        (behind != b'.' && behind < 0x80 && !starts_word(behind)).then_some(())
    }

    /// Passes a few digits.
    pub(super) fn digits(&mut self) -> Option<&'a str> {
        let start = self.at;
        let length = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += length;
        if (1..=15).contains(&length) { self.since(start) } else { None }
    }

    /// Passes what opens something that must be closed.
    pub(super) fn open(&mut self, length: usize) -> Option<()> {
        self.frames += 1;
        self.at += length;
        (self.frames <= self.max_frames).then_some(())
    }

    /// Whether one more may be open.
    pub(super) const fn has_room(&self) -> bool {
        self.frames < self.max_frames
    }

    /// Passes what closes it.
    pub(super) fn close(&mut self, token: u8) -> Option<()> {
        if self.peek() != token {
            return None;
        }
        self.shut(1);
        Some(())
    }

    /// Passes `length` bytes that close something.
    pub(super) const fn shut(&mut self, length: usize) {
        self.frames -= 1;
        self.at += length;
    }

    /// Reads what is in braces and has keys.
    pub(super) fn braces<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let before = std::mem::take(&mut self.signs);
        self.open(1)?;
        let value = read(self)?;
        self.close(b'}')?;
        let signs = std::mem::replace(&mut self.signs, before);
        self.pairs = self.pairs.saturating_add(signs.saturating_mul(signs) / 2);
        Some(value)
    }

    /// Reads what is one level deeper.
    pub(super) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.levels >= MAX_LEVELS {
            return None;
        }
        self.levels += 1;
        let operators = std::mem::take(&mut self.operators);
        let value = read(self)?;
        self.levels -= 1;
        self.operators = self.operators.max(operators);
        Some(value)
    }
}

/// What an identifier starts with, of ASCII.
pub(super) const fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

/// What an identifier goes on with, of ASCII.
pub(super) fn is_word(byte: u8) -> bool {
    bytes::is(byte, WORD)
}
