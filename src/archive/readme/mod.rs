//! Markdown of strangers to HTML that may stand in a page.
//!
//! ```text
//! text -> comrak -> HTML with whatever was in it -> rewrite -> guard (ammonia) -> SafeHtml
//! ```
//!
//! Safety is `guard`'s job alone: it parses what it is given as a browser would and lets an allow-list pass.
//! `rewrite` does what an allow-list cannot: links and images to files of the same version, headings below the page's
//! own, identifiers that cannot be mistaken for the page's; and it hands on a tree that is balanced and shallow,
//! because the guard's cost is quadratic in depth. Whatever goes beyond [`ReadmeLimits`] is shown as plain text.

mod elements;
mod guard;
mod links;
mod rewrite;
mod tags;

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt::{self, Write};

use comrak::arena_tree::NodeEdge;
use comrak::{Arena, Options, format_html, try_parse_document};

use crate::domain::limits::ReadmeLimits;
use crate::domain::safe_html::SafeHtml;

pub use links::{Links, Target};

/// Steps of the parser between two looks at what it has cost so far (comrak's own number).
const STEPS_A_LOOK: usize = 256;

/// Why a README is shown as plain text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the README is too {0} to be shown as more than text")]
pub struct TooMuch(&'static str);

/// HTML for a README: of its Markdown where that is within the limits, else of its plain text. Text beyond
/// [`ReadmeLimits::bytes`] is left out.
pub fn render(text: &str, links: &Links<'_>, limits: &ReadmeLimits) -> SafeHtml {
    let text = cut(text, limits.bytes);
    markdown(text, links, limits).unwrap_or_else(|_too_much| plain(text))
}

/// HTML for Markdown.
///
/// # Errors
///
/// [`TooMuch`] when the text, or what becomes of it, is beyond the limits.
pub fn markdown(text: &str, links: &Links<'_>, limits: &ReadmeLimits) -> Result<SafeHtml, TooMuch> {
    if text.len() > limits.bytes {
        return Err(TooMuch("long"));
    }
    if text.lines().any(|line| quote_marks(line) > limits.depth) {
        return Err(TooMuch("deep"));
    }
    let html = commonmark(text, limits)?;
    Ok(guard::clean(&rewrite::rewrite(&html, links, limits)?))
}

/// The text as it is.
fn plain(text: &str) -> SafeHtml {
    let mut html = String::with_capacity(text.len() + 32);
    html.push_str("<pre>\n");
    tags::escape(&mut html, text);
    html.push_str("</pre>");
    SafeHtml::from_sanitised(html)
}

/// HTML by the rules of `CommonMark`, with the HTML that was in the text: not safe at all.
fn commonmark(text: &str, limits: &ReadmeLimits) -> Result<String, TooMuch> {
    let arena = Arena::new();
    let options = options();
    let looks = Cell::new(0);
    let is_too_much = || {
        looks.set(looks.get() + 1);
        looks.get() > limits.steps / STEPS_A_LOOK || arena.len() > limits.nodes
    };
    let without_nul: Cow<'_, str> =
        if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() };
    let root = try_parse_document(&arena, &without_nul, &options, &is_too_much)
        .map_err(|_cancelled| TooMuch("intricate"))?;
    let (mut depth, mut nodes) = (0_usize, 0);
    for edge in root.traverse() {
        match edge {
            NodeEdge::Start(_) => (depth, nodes) = (depth + 1, nodes + 1),
            NodeEdge::End(_) => depth = depth.saturating_sub(1),
        }
        if depth > limits.depth {
            return Err(TooMuch("deep"));
        }
        if nodes > limits.nodes {
            return Err(TooMuch("intricate"));
        }
    }
    let mut html = Bounded { text: String::new(), most: limits.html_bytes };
    format_html(root, &options, &mut html).map_err(|fmt::Error| TooMuch("long"))?;
    Ok(html.text)
}

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.alerts = true;
    // HTML in Markdown is common (`<details>`, the anchors of terraform-docs): the guard decides what stays of it.
    options.render.r#unsafe = true;
    options
}

/// Block quotes a line may open: the parser takes a whole line at once, so it is asked before.
fn quote_marks(line: &str) -> usize {
    let markers = line.bytes().take_while(|byte| {
        matches!(byte, b'>' | b' ' | b'\t' | b'-' | b'+' | b'*' | b'.' | b')' | b'0'..=b'9')
    });
    markers.filter(|byte| *byte == b'>').count()
}

/// At most `most` bytes from the beginning, and no part of a character.
fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}

/// Text that does not grow beyond a bound.
struct Bounded {
    text: String,
    most: usize,
}

impl Write for Bounded {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if self.text.len() + piece.len() > self.most {
            return Err(fmt::Error);
        }
        self.text.push_str(piece);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
