//! READMEs, good and hostile, and what becomes of them.

mod hostile;

use regex::Regex;

use super::elements::{ELEMENTS, permits};
use super::*;
use hostile::HOSTILE;

fn resolve(path: &str, target: Target) -> Option<String> {
    match target {
        Target::Page => Some(format!("/files/{path}")),
        Target::Image => path.strip_suffix(".png").map(|_| format!("/raw/{path}")),
    }
}

const LINKS: Links<'static> = Links { directory: "", resolve: &resolve };

fn html(text: &str) -> String {
    match markdown(text, &LINKS, &ReadmeLimits::default()) {
        Ok(html) => html.as_str().trim_end().to_owned(),
        Err(error) => format!("({error})"),
    }
}

/// Fails unless the HTML is text and known elements with known attributes, in the one way of writing them.
fn assert_harmless(html: &str, source: &str) {
    let tag = Regex::new(r#"^<(/?)([a-z0-9]+)((?: [a-z]+="[^"<>]*")*)>"#).unwrap();
    let attribute = Regex::new(r#" ([a-z]+)="([^"]*)""#).unwrap();
    for (at, _) in html.match_indices('<') {
        let found = tag.captures(&html[at..]).unwrap_or_else(|| panic!("{source:?} -> {html}"));
        let element = &found[2];
        assert!(ELEMENTS.iter().any(|(name, _)| *name == element), "{source:?} -> {html}");
        for found in attribute.captures_iter(&found[3]) {
            let value = tags::unescape(&found[2]);
            assert!(permits(element, &found[1], &value), "{source:?} -> {} in {html}", &found[0]);
        }
    }
}

#[test]
fn hostile_markup_does_nothing() {
    assert!(HOSTILE.len() > 100);
    for (source, expected) in HOSTILE {
        let html = html(source);
        assert_eq!(html, *expected, "{source:?}");
        assert_harmless(&html, source);
    }
}

#[test]
fn the_sanitiser_needs_nobody_before_it() {
    for (source, _) in HOSTILE {
        assert_harmless(guard::clean(source).as_str(), source);
    }
    // Each kind of value that only the guard's own filter refuses.
    for source in [
        "<a href='https://a.example' rel='opener'>x</a>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href='relative'>x</a>",
        "<a href='//a.example'>x</a>",
        "<a href='#top'>x</a>",
        "<img src='https://a.example/x.png'>",
        "<img src='/\\a.example'>",
        "<p id='body' class='modal'>x</p>",
        "<code class='language-x language-&quot;>'>x</code>",
    ] {
        assert_harmless(guard::clean(source).as_str(), source);
    }
}

/// Fails unless each text becomes that HTML, and nothing worse.
fn assert_becomes(rows: &[(&str, &str, &str)]) {
    for (situation, source, expected) in rows {
        let html = html(source);
        assert_eq!(html.trim(), *expected, "{situation}");
        assert_harmless(&html, source);
    }
}

#[test]
fn headings_links_and_pictures_find_their_place() {
    let foreign = "rel=\"nofollow noopener noreferrer ugc\"";
    assert_becomes(&[
        (
            "headings are below the page's, with identifiers of their own",
            "# Use *it* & co\n\n## Use *it* & co\n\n### Deep",
            "<h2 id=\"user-content-use-it--co\">Use <em>it</em> &amp; co</h2>\n\
             <h3 id=\"user-content-use-it--co-1\">Use <em>it</em> &amp; co</h3>\n\
             <h4 id=\"user-content-deep\">Deep</h4>",
        ),
        (
            "headings leave no level out",
            "### Deep\n\n###### Deeper\n\n# High",
            "<h2 id=\"user-content-deep\">Deep</h2>\n\
             <h3 id=\"user-content-deeper\">Deeper</h3>\n\
             <h2 id=\"user-content-high\">High</h2>",
        ),
        (
            "headings written as HTML too",
            "<h1 align=\"center\">Big</h1>\n<h2 id=\"own\">Own</h2>",
            "<h2 align=\"center\" id=\"user-content-big\">Big</h2>\n<h3 id=\"user-content-own\">Own</h3>",
        ),
        (
            "letters of any script are in identifiers",
            "# Größe 二",
            "<h2 id=\"user-content-größe-二\">Größe 二</h2>",
        ),
        ("a heading without words has none", "# !", "<h2>!</h2>"),
        (
            "a link in the text",
            "[a](#use) [b](#user-content-use)",
            "<p><a href=\"#user-content-use\">a</a> <a href=\"#user-content-use\">b</a></p>",
        ),
        (
            "files of the version",
            "[a](main.tf) [b](./modules/x/#in) [c](../out.tf)",
            "<p><a href=\"/files/main.tf\">a</a> <a href=\"/files/modules/x#in\">b</a> <a>c</a></p>",
        ),
        (
            "other sites",
            "<https://a.example/?b=c&d=e>",
            &format!(
                "<p><a {foreign} href=\"https://a.example/?b=c&amp;d=e\">https://a.example/?b=c&amp;d=e</a></p>"
            ),
        ),
        (
            "addresses without brackets",
            "www.a.example a@b.example",
            &format!(
                "<p><a {foreign} href=\"http://www.a.example/\">www.a.example</a> \
                 <a {foreign} href=\"mailto:a@b.example\">a@b.example</a></p>"
            ),
        ),
        (
            "pictures of the version",
            "![a](docs/a.png \"T\")",
            "<p><img src=\"/raw/docs/a.png\" alt=\"a\" title=\"T\" loading=\"lazy\"></p>",
        ),
        ("pictures of a kind that is not shown", "![words](a.svg)", "<p>words</p>"),
        (
            "pictures from elsewhere are links",
            "![](https://a.example/x.gif)",
            "<p><a href=\"https://a.example/x.gif\" rel=\"nofollow noopener noreferrer ugc\">image</a></p>",
        ),
        (
            "badges keep their link",
            "[![CI](https://ci.example/b.svg)](https://ci.example)",
            &format!("<p><a {foreign} href=\"https://ci.example/\">CI</a></p>"),
        ),
    ]);
}

#[test]
fn markdown_becomes_what_its_writer_meant() {
    assert_becomes(&[
        (
            "tables as terraform-docs writes them",
            "| Name | Type |\n|------|:----:|\n| <a name=\"input_x\"></a> [x](#input\\_x) | <pre>list(object({<br/>  a = string<br/>}))</pre> |",
            "<table><thead><tr><th>Name</th><th align=\"center\">Type</th></tr></thead><tbody><tr>\
             <td><a id=\"user-content-input_x\"></a> <a href=\"#user-content-input_x\">x</a></td>\
             <td align=\"center\"><pre>list(object({<br>  a = string<br>}))</pre></td></tr></tbody></table>",
        ),
        ("the marks of terraform-docs", "<!-- BEGIN_TF_DOCS -->\ntext\n<!-- END_TF_DOCS -->", "<p>text</p>"),
        ("tasks", "- [x] done\n- [ ] open", "<ul>\n<li>☑ done</li>\n<li>☐ open</li>\n</ul>"),
        ("struck out", "~~gone~~", "<p><del>gone</del></p>"),
        (
            "notes",
            "> [!WARNING]\n> careful",
            "<div class=\"markdown-alert markdown-alert-warning\">\n<p class=\"markdown-alert-title\">Warning</p>\n\
             <p>careful</p>\n</div>",
        ),
        (
            "details",
            "<details><summary>More</summary>\n\n**in**\n\n</details>",
            "<details><summary>More</summary>\n<p><strong>in</strong></p>\n</details>",
        ),
        (
            "configuration has colours",
            "```hcl\na = \"<b>\" # c\n```",
            "<pre><code class=\"language-hcl\"><span class=\"tok-attribute\">a</span> <span class=\"tok-operator\">=</span> \
             <span class=\"tok-string\">\"&lt;b&gt;\"</span> <span class=\"tok-comment\"># c</span>\n</code></pre>",
        ),
        (
            "other code has none",
            "```sh\nls # c\n```",
            "<pre><code class=\"language-sh\">ls # c\n</code></pre>",
        ),
        ("a block ends a paragraph", "<p>a<div>b</div></p>", "<p>a</p><div>b</div>"),
        (
            "cells and rows end where the next begins",
            "<table><tr><td>1<td>2<tr><td>3</table>",
            "<table><tbody><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></tbody></table>",
        ),
        (
            "text between cells ends the table",
            "<table><tr>x<td>y</table>",
            "<table><tbody><tr></tr></tbody></table>xy",
        ),
        ("lines broken by their writer", "a  \nb", "<p>a<br>\nb</p>"),
        ("nothing", "", ""),
    ]);
}

#[test]
fn references_start_from_the_directory_of_the_readme() {
    let links = Links { directory: "modules/subnet", resolve: &resolve };
    let html =
        markdown("[a](main.tf) [b](../../main.tf) ![c](c.png)", &links, &ReadmeLimits::default()).unwrap();
    for expected in
        ["\"/files/modules/subnet/main.tf\"", "\"/files/main.tf\"", "\"/raw/modules/subnet/c.png\""]
    {
        assert!(html.as_str().contains(expected), "{expected}: {}", html.as_str());
    }
}

#[test]
fn what_is_too_much_is_shown_as_text() {
    let limits = ReadmeLimits::default();
    let with = |change: fn(&mut ReadmeLimits)| {
        let mut limits = limits;
        change(&mut limits);
        limits
    };
    let deep_lists = (0..80).fold(String::new(), |lists, depth| lists + &"  ".repeat(depth) + "- a\n");
    for (situation, text, limits, problem) in [
        ("quotes in one line", format!("{} a", ">".repeat(65)), limits, "deep"),
        ("lists in lists", deep_lists, limits, "deep"),
        ("emphasis in emphasis", format!("{}a{}", "*a **a ".repeat(40), "** a*".repeat(40)), limits, "deep"),
        ("elements in elements", "<div>".repeat(65), limits, "deep"),
        ("elements closed in another order", "<b></i>".repeat(65), limits, "deep"),
        ("much markup", "*a* ".repeat(1000), with(|limits| limits.nodes = 1000), "intricate"),
        ("many steps", "*a* ".repeat(1000), with(|limits| limits.steps = 512), "intricate"),
        ("long HTML", "# a\n".repeat(100), with(|limits| limits.html_bytes = 2000), "long"),
        (
            "HTML that only grows long here",
            "# a\n".repeat(100),
            with(|limits| limits.html_bytes = 1200),
            "long",
        ),
    ] {
        assert_eq!(markdown(&text, &LINKS, &limits), Err(TooMuch(problem)), "{situation}");
        let shown = render(&text, &LINKS, &limits);
        assert!(shown.as_str().starts_with("<pre>\n"), "{situation}");
        assert_harmless(shown.as_str(), situation);
    }
    let long = "a".repeat(limits.bytes + 1);
    assert_eq!(markdown(&long, &LINKS, &limits), Err(TooMuch("long")));
    assert_eq!(
        render(&long, &LINKS, &limits).as_str().len(),
        limits.bytes + "<p></p>\n".len(),
        "it is cut first"
    );
    let text = "<script>&\"x\"".repeat(10);
    let limits = ReadmeLimits { bytes: 12, nodes: 0, steps: 0, ..limits };
    assert_eq!(render(&text, &LINKS, &limits).as_str(), "<pre>\n&lt;script&gt;&amp;&quot;x&quot;</pre>");
    assert_eq!(
        render("aé", &LINKS, &ReadmeLimits { bytes: 2, ..ReadmeLimits::default() }).as_str(),
        "<p>a</p>\n"
    );
}

/// Text that made some Markdown or HTML reader slow, again and again.
fn bombs(bytes: usize) -> Vec<String> {
    let mut bombs: Vec<String> = [
        ">",
        "> - ",
        "- ",
        "1. ",
        "* a\n",
        "[",
        "![",
        "]",
        "[a](",
        "[a]: b\n\n",
        "[a][b]",
        "*",
        "**a ",
        "*a_",
        "`",
        "`a``",
        "~~a",
        "<",
        "<a ",
        "<b>",
        "<div>\n\n",
        "<a href='",
        "<!-- ",
        "<?",
        "<![CDATA[",
        "# a\n",
        "&",
        "\\",
        "a@b.c ",
        "www.a.b ",
        "|a|b\n|-|-\n",
        "[^a]",
        "[^a]: b\n\n",
        "<table>",
        "<table><br>",
        "<td>",
        "<p><b>",
        "<li>",
        "<script>",
        "<svg>",
        "<a x=1>",
        "<b><p></b>",
        "<a><p>",
        "![a](x.png)",
        "\0",
        "   ",
        "<b></i>",
        "<b \"",
    ]
    .iter()
    .map(|piece| piece.repeat(bytes / piece.len()))
    .collect();
    let half = bytes / 2;
    bombs.push("[".repeat(half) + &"]".repeat(half));
    bombs.push(format!("<b {}>", "a ".repeat(half)));
    bombs.push(format!("<div {}>", "a ".repeat(half)));
    bombs.push(format!("[a]: /{}\n\n{}", "x".repeat(half), "[a] ".repeat(half / 4)));
    bombs.push(format!(
        "|{}\n|{}\n{}",
        "a|".repeat(bytes / 6),
        "-|".repeat(bytes / 6),
        "|\n".repeat(bytes / 6)
    ));
    bombs.push((0..).map(|count| "`".repeat(count) + " ").take(600).collect());
    bombs
}

#[test]
fn bombs_end_within_the_limits() {
    let limits = ReadmeLimits::default();
    for bomb in bombs(16 * 1024) {
        let html = render(&bomb, &LINKS, &limits);
        let shown = &bomb[..bomb.floor_char_boundary(20)];
        assert!(html.as_str().len() <= limits.html_bytes, "{shown}");
        assert_harmless(html.as_str(), shown);
    }
}

#[test]
fn the_parser_takes_no_more_steps_than_a_few_for_each_byte() {
    for bomb in bombs(64 * 1024) {
        let limits = ReadmeLimits {
            steps: 8 * bomb.len(),
            nodes: usize::MAX,
            depth: usize::MAX,
            html_bytes: usize::MAX,
            ..ReadmeLimits::default()
        };
        let shown = &bomb[..bomb.floor_char_boundary(20)];
        assert!(commonmark(&bomb, &limits).is_ok(), "{shown}");
    }
}
