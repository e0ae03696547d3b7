//! The bounded list of warnings about one archive.

use crate::domain::package::{Warning, WarningCode};

use super::escape::is_invisible;

/// Characters of one message.
const MAX_MESSAGE: usize = 300;

/// Collects warnings up to a limit and counts the rest.
#[derive(Debug)]
pub(crate) struct Warnings {
    list: Vec<Warning>,
    dropped: usize,
    limit: usize,
}

impl Warnings {
    /// An empty list for at most `limit` warnings, the one about the rest included.
    pub(crate) const fn new(limit: usize) -> Self {
        Self { list: Vec::new(), dropped: 0, limit }
    }

    /// Adds a warning. Its message may quote a file, so it is made safe to print.
    pub(crate) fn push(&mut self, code: WarningCode, path: &str, message: &str) {
        if self.list.len() + 1 < self.limit {
            let message = message.chars().take(MAX_MESSAGE).map(printable).collect();
            self.list.push(Warning { code, path: path.to_owned(), message });
        } else {
            self.dropped += 1;
        }
    }

    /// The list, with a last word about what did not fit.
    pub(crate) fn finish(mut self) -> Vec<Warning> {
        if self.dropped > 0 && self.limit > 0 {
            let message = format!("{} more warnings are not shown", self.dropped);
            self.list.push(Warning { code: WarningCode::Incomplete, path: String::new(), message });
        }
        self.list
    }
}

fn printable(char: char) -> char {
    if char.is_control() || is_invisible(char) { '\u{FFFD}' } else { char }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_bounded_and_says_so() {
        let mut warnings = Warnings::new(3);
        for number in 0..10 {
            warnings.push(WarningCode::StateFile, &number.to_string(), "state");
        }
        let list = warnings.finish();
        assert_eq!(list.len(), 3);
        assert_eq!(list[2].code, WarningCode::Incomplete);
        assert_eq!(list[2].message, "8 more warnings are not shown");
    }

    #[test]
    fn a_message_cannot_act_on_a_terminal() {
        let mut warnings = Warnings::new(3);
        warnings.push(WarningCode::Link, "a", "x\x1b[2J\u{202e}");
        assert_eq!(warnings.finish()[0].message, "x\u{FFFD}[2J\u{FFFD}");
    }
}
