//! Bytes as a README: what it becomes has no way to run, load, send or dress up.

#![no_main]

use cairn::archive::readme::{Links, Target, render};
use cairn::domain::limits::ReadmeLimits;
use libfuzzer_sys::fuzz_target;

const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
    "var",
];

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let resolve = |path: &str, target| match target {
        Target::Page => Some(format!("/files/{path}")),
        Target::Image => path.strip_suffix(".png").map(|_| format!("/raw/{path}")),
    };
    let links = Links { directory: "modules/a", resolve: &resolve };
    let limits = ReadmeLimits { bytes: 64 * 1024, html_bytes: 256 * 1024, ..ReadmeLimits::default() };
    let html = render(&text, &links, &limits);
    let html = html.as_str();
    for (at, _) in html.match_indices('<') {
        let tag = html[at + 1..].split('>').next().unwrap_or_default();
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let name = name.strip_prefix('/').unwrap_or(name);
        assert!(ELEMENTS.contains(&name), "<{tag}> in {html}");
        // Every attribute is `name="value"`, and no value has a quote, `<` or `>` in it.
        let mut parts = attributes.split('"');
        while let Some(attribute) = parts.next().filter(|attribute| !attribute.is_empty()) {
            let value = parts.next().expect("a value");
            assert!(is_harmless(attribute.trim_start(), value), "<{tag}> in {html}");
        }
    }
});

fn is_harmless(attribute: &str, value: &str) -> bool {
    let local = value.starts_with('/') && !value.starts_with("//");
    match attribute {
        "href=" => {
            local
                || ["#user-content-", "https://", "http://", "mailto:"]
                    .iter()
                    .any(|good| value.starts_with(good))
        }
        "src=" => local,
        "id=" => value.starts_with("user-content-"),
        "class=" => value.split(' ').all(|class| {
            ["markdown-alert", "footnote", "language-", "tok-"].iter().any(|good| class.starts_with(good))
        }),
        "rel=" => value == "nofollow noopener noreferrer ugc",
        "title=" | "alt=" | "align=" | "width=" | "height=" | "loading=" | "colspan=" | "rowspan="
        | "start=" | "value=" | "open=" => true,
        _ => false,
    }
}
