//! HTML of a README to HTML for a page: every link and image led to its place, headings one level down with an
//! identifier each, no element outside its place, all of them closed, none deeper than the limit.
//!
//! What comes out has the same tree in a browser's parser as on the stack here. That keeps the sanitiser behind it
//! quick: repairs of misplaced elements are what makes it slow.

use std::collections::HashMap;

use super::TooMuch;
use super::elements::{FOREIGN_REL, ID_PREFIX, known, permits};
use super::links::{Destination, Links, Target, prefixed};
use super::tags::{Tag, Token, Tokens, escape, unescape};
use crate::domain::highlight::{Language, highlight};
use crate::domain::limits::ReadmeLimits;

/// The headings of a README, the highest first: `h1` is the page's.
const HEADINGS: [&str; 5] = ["h2", "h3", "h4", "h5", "h6"];
/// Bytes of a heading's identifier.
const MAX_SLUG: usize = 100;

/// The whole document.
pub(super) fn rewrite(html: &str, links: &Links<'_>, limits: &ReadmeLimits) -> Result<String, TooMuch> {
    let mut rewriter = Rewriter {
        links,
        limits,
        out: String::with_capacity(html.len().saturating_add(html.len() / 4)),
        open: Vec::new(),
        heading: None,
        deepest: 0,
        language: None,
        slugs: HashMap::new(),
    };
    for token in Tokens::new(html) {
        match token {
            Token::Text(text) => rewriter.text(text),
            Token::Open(tag) => rewriter.start(&tag)?,
            Token::Close(name) => rewriter.end(&name),
        }
        if rewriter.out.len() > limits.html_bytes {
            return Err(TooMuch("long"));
        }
    }
    rewriter.close_to(0);
    Ok(rewriter.out)
}

struct Rewriter<'a> {
    links: &'a Links<'a>,
    limits: &'a ReadmeLimits,
    out: String,
    /// Elements that are open, the innermost last.
    open: Vec<&'static str>,
    heading: Option<Heading>,
    /// The last of [`HEADINGS`] that the next heading may be: it leaves no level out.
    deepest: usize,
    /// Of the code that is open, when it is one that has colours.
    language: Option<Language>,
    /// How many headings had the same words.
    slugs: HashMap<String, usize>,
}

/// A heading whose end has not come yet.
struct Heading {
    /// Where in the output its identifier goes.
    at: usize,
    /// Whether it has one already.
    named: bool,
    text: String,
}

impl Rewriter<'_> {
    fn text(&mut self, text: &str) {
        if self.in_table_frame() {
            if text.bytes().all(|byte| byte.is_ascii_whitespace()) {
                return;
            }
            self.leave_table();
        }
        if let Some(language) = self.language.filter(|_| self.open.last() == Some(&"code")) {
            return self.code(&unescape(text), language);
        }
        if let Some(heading) = &mut self.heading {
            heading.text.push_str(&unescape(text));
        }
        for piece in text.split_inclusive(['<', '>']) {
            match (piece.strip_suffix('<'), piece.strip_suffix('>')) {
                (Some(before), _) => self.push(&[before, "&lt;"]),
                (_, Some(before)) => self.push(&[before, "&gt;"]),
                (None, None) => self.out.push_str(piece),
            }
        }
    }

    fn push(&mut self, pieces: &[&str]) {
        self.out.extend(pieces.iter().copied());
    }

    fn code(&mut self, text: &str, language: Language) {
        for token in highlight(text, language).into_iter().flatten() {
            match token.kind.class() {
                Some(class) => {
                    self.push(&["<span class=\"", class, "\">"]);
                    escape(&mut self.out, token.text);
                    self.out.push_str("</span>");
                }
                None => escape(&mut self.out, token.text),
            }
        }
    }

    /// Text that is not escaped yet.
    fn words(&mut self, text: &str) {
        let mut escaped = String::new();
        escape(&mut escaped, text);
        self.text(&escaped);
    }

    fn start(&mut self, tag: &Tag<'_>) -> Result<(), TooMuch> {
        match tag.name.as_str() {
            "img" => self.image(tag),
            "input" => self.check_box(tag),
            "a" if self.open.contains(&"a") => {}
            name => {
                if let Some(name) = known(name) {
                    let name = if is_heading(name) { self.stepped(name) } else { name };
                    self.element(name, tag)?;
                }
            }
        }
        Ok(())
    }

    /// The heading that stands for another: at most one level below the one before it, so that the outline of the page
    /// has no gaps (WCAG 2.1, technique G141).
    fn stepped(&mut self, heading: &'static str) -> &'static str {
        let at = HEADINGS.iter().position(|name| *name == heading).unwrap_or_default();
        let at = at.min(self.deepest);
        self.deepest = at + 1;
        HEADINGS.get(at).copied().unwrap_or(heading)
    }

    fn element(&mut self, name: &'static str, tag: &Tag<'_>) -> Result<(), TooMuch> {
        if !self.make_room(name) {
            return Ok(());
        }
        let is_void = matches!(name, "br" | "hr");
        if !is_void && self.open.len() >= self.limits.depth {
            return Err(TooMuch("deep"));
        }
        self.push(&["<", name]);
        let named = self.attributes(name, tag);
        if name == "code" {
            let language =
                tag.get("class").and_then(|class| Language::named(class.strip_prefix("language-")?));
            self.language = language.filter(|language| *language != Language::Plain);
        }
        if is_heading(name) {
            self.heading = Some(Heading { at: self.out.len(), named, text: String::new() });
        }
        self.out.push('>');
        if !is_void {
            self.open.push(name);
            // Meant to be empty, whatever the specification says: `<a name="x"/>`.
            if tag.closed {
                self.close_to(self.open.len() - 1);
            }
        }
        Ok(())
    }

    /// Closes what an element cannot be in. Says whether there is a place for it.
    fn make_room(&mut self, name: &str) -> bool {
        match name {
            "caption" | "thead" | "tbody" | "tfoot" => self.close_up_to_table(&["table"]),
            "tr" => self.close_up_to_table(&["table", "thead", "tbody", "tfoot"]),
            "td" | "th" => self.close_up_to_table(&["tr"]),
            _ => {
                self.leave_table();
                match name {
                    "li" => self.close_nearest(&["li"], &["ul", "ol"]),
                    "dt" | "dd" => self.close_nearest(&["dt", "dd"], &["dl"]),
                    _ => {}
                }
                if is_block(name) {
                    self.close_nearest(&["p"], &[]);
                }
                if is_heading(name) {
                    self.close_nearest(&HEADINGS, &[]);
                }
                true
            }
        }
    }

    /// Closes the parts of the innermost table until the innermost is one of `parents`.
    fn close_up_to_table(&mut self, parents: &[&str]) -> bool {
        let at = self.open.iter().rposition(|open| matches!(*open, "table") || parents.contains(open));
        let Some(at) = at.filter(|at| self.open.get(*at).is_some_and(|open| parents.contains(open))) else {
            return false;
        };
        self.close_to(at + 1);
        true
    }

    /// Closes the innermost of some elements, unless one of `bounds` or a cell is around it.
    fn close_nearest(&mut self, names: &[&str], bounds: &[&str]) {
        let is_bound = |open: &str| bounds.contains(&open) || matches!(open, "td" | "th" | "caption");
        let found = self.open.iter().rposition(|open| names.contains(open) || is_bound(open));
        if let Some(at) = found.filter(|at| self.open.get(*at).is_some_and(|open| names.contains(open))) {
            self.close_to(at);
        }
    }

    /// Whether only parts of a table may come next.
    fn in_table_frame(&self) -> bool {
        self.open.last().is_some_and(|open| matches!(*open, "table" | "thead" | "tbody" | "tfoot" | "tr"))
    }

    fn leave_table(&mut self) {
        if self.in_table_frame()
            && let Some(at) = self.open.iter().rposition(|open| *open == "table")
        {
            self.close_to(at);
        }
    }

    fn end(&mut self, name: &str) {
        let Some(name) = known(name) else { return };
        // What ends inside a cell began inside it.
        let is_bound = |open: &str| matches!(open, "td" | "th" | "caption" | "table");
        let from_table = is_bound(name) || matches!(name, "tr" | "thead" | "tbody" | "tfoot");
        // The end of a heading is the end of any: its level may be another by now.
        let is_it = |open: &str| open == name || is_heading(open) && is_heading(name);
        let found = self.open.iter().rposition(|open| is_it(open) || (!from_table && is_bound(open)));
        if let Some(at) = found.filter(|at| self.open.get(*at).is_some_and(|open| is_it(open))) {
            self.close_to(at);
        }
    }

    /// Closes all but the outermost `keep` elements.
    fn close_to(&mut self, keep: usize) {
        while self.open.len() > keep
            && let Some(name) = self.open.pop()
        {
            self.push(&["</", name, ">"]);
            if is_heading(name)
                && let Some(heading) = self.heading.take()
            {
                self.name_heading(&heading);
            }
        }
    }

    fn name_heading(&mut self, heading: &Heading) {
        let slug = slug(&heading.text);
        if heading.named || slug.is_empty() {
            return;
        }
        let before = self.slugs.entry(slug.clone()).or_default();
        let id = match *before {
            0 => format!(" id=\"{ID_PREFIX}{slug}\""),
            before => format!(" id=\"{ID_PREFIX}{slug}-{before}\""),
        };
        *before += 1;
        self.out.insert_str(heading.at, &id);
    }

    /// Writes the attributes an element may have. Says whether it has an identifier.
    fn attributes(&mut self, element: &'static str, tag: &Tag<'_>) -> bool {
        let mut written: Vec<String> = Vec::new();
        for (attribute, value) in tag.attributes() {
            let (attribute, value) = match attribute {
                "href" => match self.links.destination(&value, Target::Page) {
                    Some(Destination::Own(url)) => ("href", url),
                    Some(Destination::Foreign(url)) => {
                        self.attribute(element, "rel", FOREIGN_REL, &mut written);
                        ("href", url)
                    }
                    None => continue,
                },
                // Targets of links in documentation made by tools.
                "id" | "name" if !value.is_empty() => ("id", prefixed(&value)),
                "rel" | "src" | "alt" => continue,
                // `checked=checked`, `open=""`.
                "open" => ("open", String::new()),
                attribute => (attribute, value),
            };
            self.attribute(element, attribute, &value, &mut written);
        }
        written.iter().any(|name| name == "id")
    }

    fn attribute(&mut self, element: &str, name: &str, value: &str, written: &mut Vec<String>) {
        if permits(element, name, value) && !written.iter().any(|known| known == name) {
            written.push(name.to_owned());
            self.push(&[" ", name, "=\""]);
            escape(&mut self.out, value);
            self.out.push('"');
        }
    }

    /// A picture of the archive, or the words that stand for another one, with a link to it: fetching it would tell its
    /// server who reads this.
    fn image(&mut self, tag: &Tag<'_>) {
        self.leave_table();
        let words = tag.get("alt").filter(|alt| !alt.trim().is_empty());
        let destination = tag.get("src").and_then(|src| self.links.destination(&src, Target::Image));
        match destination {
            Some(Destination::Own(url)) => {
                let mut written = Vec::new();
                self.out.push_str("<img");
                self.attribute("img", "src", &url, &mut written);
                self.attribute("img", "alt", words.as_deref().unwrap_or_default(), &mut written);
                for (name, value) in
                    tag.attributes().filter(|(name, _)| matches!(*name, "width" | "height" | "title"))
                {
                    self.attribute("img", name, &value, &mut written);
                }
                self.attribute("img", "loading", "lazy", &mut written);
                self.out.push('>');
            }
            Some(Destination::Foreign(url))
                if !self.open.contains(&"a") && self.open.len() < self.limits.depth =>
            {
                let mut written = Vec::new();
                self.out.push_str("<a");
                self.attribute("a", "href", &url, &mut written);
                self.attribute("a", "rel", FOREIGN_REL, &mut written);
                self.out.push('>');
                self.words(words.as_deref().unwrap_or("image"));
                self.out.push_str("</a>");
            }
            Some(Destination::Foreign(_)) | None => self.words(words.as_deref().unwrap_or_default()),
        }
    }

    /// A task's box, as a character: there is nothing to send here.
    fn check_box(&mut self, tag: &Tag<'_>) {
        if tag.get("type").is_some_and(|kind| kind.eq_ignore_ascii_case("checkbox")) {
            self.text(if tag.get("checked").is_some() { "\u{2611}" } else { "\u{2610}" });
        }
    }
}

/// Elements before which a browser ends an open paragraph.
fn is_block(name: &str) -> bool {
    is_heading(name)
        || matches!(
            name,
            "blockquote"
                | "dd"
                | "details"
                | "div"
                | "dl"
                | "dt"
                | "figcaption"
                | "figure"
                | "hr"
                | "li"
                | "ol"
                | "p"
                | "pre"
                | "section"
                | "summary"
                | "table"
                | "ul"
        )
}

fn is_heading(name: &str) -> bool {
    HEADINGS.contains(&name)
}

/// The identifier GitHub and GitLab give a heading: links in READMEs count on it.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for char in text.trim().chars().flat_map(char::to_lowercase) {
        match char {
            ' ' => slug.push('-'),
            '-' | '_' => slug.push(char),
            char if char.is_alphanumeric() => slug.push(char),
            _ => {}
        }
        if slug.len() >= MAX_SLUG {
            break;
        }
    }
    slug
}
