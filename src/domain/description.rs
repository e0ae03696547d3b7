//! The line about a module that lists show: the first paragraph of its README, as plain text.
//!
//! This reads Markdown as a person skims it, not by its grammar: a list needs one line that is not a heading, a badge
//! or a picture. The README itself is rendered elsewhere.

/// Characters of a description at most.
const MAX_LENGTH: usize = 200;
/// Lines looked at: whoever opens with more badges than this has no description.
const MAX_LINES: usize = 200;
/// Bytes of one line looked at.
const MAX_LINE: usize = 2_000;

/// The first paragraph of a README that is running text, cut at a word; empty when there is none.
pub(super) fn first_paragraph(readme: &str) -> String {
    let mut text = String::new();
    let mut in_code = false;
    let mut in_comment = false;
    for line in readme.lines().take(MAX_LINES) {
        let line = line.get(..line.floor_char_boundary(MAX_LINE)).unwrap_or(line).trim();
        if line.starts_with("```") || line.starts_with("~~~") {
            in_code = !in_code;
            continue;
        }
        in_comment |= line.starts_with("<!--");
        let hidden = in_code || in_comment;
        in_comment &= !line.contains("-->");
        if hidden {
            continue;
        }
        if is_underline(line) {
            // The line above was a heading.
            text.clear();
        } else if !is_running_text(line) {
            if !text.is_empty() {
                break;
            }
        } else {
            let line = plain(line);
            if !line.is_empty() {
                text.push_str(&line);
                text.push(' ');
            }
        }
        if text.len() > MAX_LINE {
            break;
        }
    }
    shortened(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Whether the line above is a heading because of this one.
fn is_underline(line: &str) -> bool {
    !line.is_empty() && (line.bytes().all(|b| b == b'=') || line.len() > 1 && line.bytes().all(|b| b == b'-'))
}

/// Not empty, a heading, HTML, a table, a quotation, or nothing but pictures and links.
fn is_running_text(line: &str) -> bool {
    !line.is_empty() && !line.starts_with(['#', '<', '|', '>', '!']) && !line.starts_with("[!")
}

/// A line without its marks: links and pictures become their text, emphasis and code lose their signs.
fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(open) = rest.find('[') {
        let (before, link) = rest.split_at(open);
        let label_end = link.find("](");
        let target_end = label_end.and_then(|label| link.get(label..)?.find(')').map(|end| label + end));
        let (Some(label), Some(end)) = (label_end, target_end) else { break };
        let picture = before.ends_with('!');
        text.push_str(before.strip_suffix('!').unwrap_or(before));
        if !picture {
            text.push_str(link.get(1..label).unwrap_or_default());
        }
        rest = link.get(end + 1..).unwrap_or_default();
    }
    text.push_str(rest);
    text.retain(|character| !matches!(character, '*' | '`') && !character.is_control());
    text.trim().to_owned()
}

fn shortened(text: String) -> String {
    let Some((cut, _)) = text.char_indices().nth(MAX_LENGTH) else { return text };
    let head = text.get(..cut).unwrap_or_default();
    let head = head.rsplit_once(' ').map_or(head, |(whole_words, _)| whole_words);
    format!("{}…", head.trim_end_matches([' ', ',', ';', ':', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readme_gives_one_plain_line() {
        let long = format!("{} end", "word ".repeat(60));
        for (situation, readme, expected) in [
            ("nothing", "", ""),
            (
                "a heading and a paragraph",
                "# VPC\n\nMakes a network.\nWith subnets.\n\nMore.",
                "Makes a network. With subnets.",
            ),
            ("a heading by underline", "VPC\n===\n\nMakes a network.", "Makes a network."),
            (
                "badges before the text",
                "# VPC\n[![ci](https://x/b.svg)](https://x)\n![logo](l.png)\n\nMakes it.",
                "Makes it.",
            ),
            (
                "marks and links",
                "Makes a **network** on [AWS](https://aws) with `subnets`.",
                "Makes a network on AWS with subnets.",
            ),
            (
                "HTML, comments and code",
                "<p align=center>\n<!--\nhidden text\n-->\n```\ncode\n```\nMakes it.",
                "Makes it.",
            ),
            ("only headings", "# A\n## B\n", ""),
            ("an unfinished link", "See [the docs", "See [the docs"),
        ] {
            assert_eq!(first_paragraph(readme), expected, "{situation}");
        }
        let cut = first_paragraph(&long);
        assert!(cut.ends_with("word…") && cut.chars().count() <= MAX_LENGTH + 1, "{cut}");
    }

    #[test]
    fn endless_lines_cost_little() {
        let brackets = "[".repeat(1_000_000);
        assert!(first_paragraph(&brackets).chars().count() <= MAX_LENGTH + 1);
        assert!(first_paragraph(&"é".repeat(1_000_000)).chars().count() <= MAX_LENGTH + 1);
    }
}
