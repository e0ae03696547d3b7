//! What may be in the HTML of a README: one table of elements and their attributes, and what the attributes may say.

use crate::domain::highlight::Kind;

/// Attributes every element may have.
const EVERYWHERE: &[&str] = &["id", "class", "title"];

/// The elements, each with attributes of its own. None of them runs, loads (but `img`), submits, styles or frames.
pub(super) const ELEMENTS: &[(&str, &[&str])] = &[
    ("a", &["href", "rel"]),
    ("abbr", &[]),
    ("b", &[]),
    ("blockquote", &[]),
    ("br", &[]),
    ("caption", &[]),
    ("cite", &[]),
    ("code", &[]),
    ("dd", &[]),
    ("del", &[]),
    ("details", &["open"]),
    ("dfn", &[]),
    ("div", &["align"]),
    ("dl", &[]),
    ("dt", &[]),
    ("em", &[]),
    ("figcaption", &[]),
    ("figure", &[]),
    ("h2", &["align"]),
    ("h3", &["align"]),
    ("h4", &["align"]),
    ("h5", &["align"]),
    ("h6", &["align"]),
    ("hr", &[]),
    ("i", &[]),
    ("img", &["src", "alt", "width", "height", "loading"]),
    ("ins", &[]),
    ("kbd", &[]),
    ("li", &["value"]),
    ("mark", &[]),
    ("ol", &["start"]),
    ("p", &["align"]),
    ("pre", &[]),
    ("q", &[]),
    ("s", &[]),
    ("samp", &[]),
    ("section", &[]),
    ("small", &[]),
    ("span", &[]),
    ("strong", &[]),
    ("sub", &[]),
    ("summary", &[]),
    ("sup", &[]),
    ("table", &[]),
    ("tbody", &[]),
    ("td", &["align", "colspan", "rowspan"]),
    ("tfoot", &[]),
    ("th", &["align", "colspan", "rowspan"]),
    ("thead", &[]),
    ("tr", &[]),
    ("u", &[]),
    ("ul", &[]),
    ("var", &[]),
];

/// Classes the pages' stylesheet knows; none but these, so that no text can dress up as the page around it.
const CLASSES: &[&str] = &[
    "footnote-backref",
    "footnote-ref",
    "footnotes",
    "markdown-alert",
    "markdown-alert-caution",
    "markdown-alert-important",
    "markdown-alert-note",
    "markdown-alert-tip",
    "markdown-alert-title",
    "markdown-alert-warning",
];

/// In front of every identifier, so that none is one of the page's (nor a property of `document`).
pub(super) const ID_PREFIX: &str = "user-content-";
/// What a link to elsewhere says about itself.
pub(super) const FOREIGN_REL: &str = "nofollow noopener noreferrer ugc";

/// Characters of an identifier or a title.
const MAX_TEXT: usize = 1000;

/// The element's name in the output. Headings go one level down: the page has its own first.
pub(super) fn known(name: &str) -> Option<&'static str> {
    let name = match name {
        "h1" => "h2",
        "h2" => "h3",
        "h3" => "h4",
        "h4" => "h5",
        "h5" => "h6",
        "strike" => "s",
        "tt" => "code",
        name => name,
    };
    let at = ELEMENTS.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
    ELEMENTS.get(at).map(|(name, _)| *name)
}

/// Whether an element has an attribute.
fn has(element: &str, attribute: &str) -> bool {
    EVERYWHERE.contains(&attribute)
        || ELEMENTS.iter().any(|(name, own)| *name == element && own.contains(&attribute))
}

/// Whether an attribute may stand in the output with that value. The last word on it.
pub(super) fn permits(element: &str, attribute: &str, value: &str) -> bool {
    has(element, attribute)
        && match attribute {
            "id" => value.starts_with(ID_PREFIX) && value.len() <= MAX_TEXT,
            "class" => value.split(' ').all(|class| {
                CLASSES.contains(&class) || is_language(element, class) || is_token(element, class)
            }),
            "href" => is_local(value) || is_fragment(value) || is_foreign(value),
            "src" => is_local(value),
            "rel" => value == FOREIGN_REL,
            "loading" => value == "lazy",
            "align" => matches!(value, "left" | "right" | "center"),
            "width" | "height" => is_number(value.strip_suffix('%').unwrap_or(value), 4),
            "colspan" | "rowspan" => is_number(value, 3),
            "start" | "value" => is_number(value, 9),
            "open" => value.is_empty(),
            "title" => value.len() <= MAX_TEXT,
            "alt" => true,
            _ => false,
        }
}

fn is_language(element: &str, class: &str) -> bool {
    element == "code"
        && class.strip_prefix("language-").is_some_and(|language| {
            (1..=32).contains(&language.len())
                && language.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-_#.".contains(&byte))
        })
}

fn is_token(element: &str, class: &str) -> bool {
    element == "span" && Kind::ALL.iter().any(|kind| kind.class() == Some(class))
}

fn is_number(value: &str, digits: usize) -> bool {
    (1..=digits).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// A path on this server: one slash, so that no other host can follow it.
pub(super) fn is_local(url: &str) -> bool {
    url.starts_with('/')
        && !url.starts_with("//")
        && !url.chars().any(|char| char == '\\' || char.is_control())
}

fn is_fragment(url: &str) -> bool {
    url.strip_prefix('#').is_some_and(|id| id.starts_with(ID_PREFIX))
}

fn is_foreign(url: &str) -> bool {
    ["https://", "http://", "mailto:"].iter().any(|scheme| url.starts_with(scheme))
        && !url.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_searched() {
        assert!(ELEMENTS.is_sorted_by(|one, next| one.0 < next.0));
        assert_eq!([known("h1"), known("h6"), known("script")], [Some("h2"), Some("h6"), None]);
    }
}
