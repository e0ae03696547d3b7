//! The plain part of native syntax, read without a tree.
//!
//! A configuration file says a lot and declares little. This reader goes over the text once, keeps the few values that
//! matter as ranges of it, and answers only where it is certain that the parser would read the same: for everything
//! else, and for everything that is wrong, there is no answer, and the parser has the word.
//!
//! It recurses as deep as the nesting that both the guard and the parser allow, and takes linear time.

mod body;
mod bytes;
mod expression;
#[cfg(test)]
mod generated;
mod keys;
mod literal;
mod object;
mod outline;
mod render;
mod scan;
mod template;
#[cfg(test)]
mod tests;

use super::facts::Facts;

/// What a file declares, if it is plain, with at most `depth` brackets open at once.
pub(super) fn read(text: &str, depth: usize) -> Option<Facts> {
    let mut reader = scan::Reader::new(text, depth)?;
    reader.file()?;
    reader.outline.facts().ok()
}
