//! A file as a page shows it: numbered lines, each with an address, in colours.
//!
//! | class | of |
//! | --- | --- |
//! | `code` | the table |
//! | `code-number` | the cell of a line's number, which is drawn from `data-line` so that it is not copied with the text |
//! | `code-line` | the cell of the line itself |
//! | `tok-…` | a piece of a line: see [`Kind`](crate::domain::highlight::Kind) |
//!
//! `web/code.css` has the rules.

use maud::{Markup, html};

use crate::domain::highlight::{Language, Token, highlight};

/// A text with numbered lines: line 7 is `#L7`.
pub fn numbered(text: &str, language: Language) -> Markup {
    html! {
        table.code {
            @for (line, number) in highlight(text, language).iter().zip(1_u32..) {
                tr id={ "L" (number) } {
                    td.code-number { a href={ "#L" (number) } data-line=(number) aria-label={ "Line " (number) } {} }
                    td.code-line { (pieces(line)) }
                }
            }
        }
    }
}

/// A text in colours, for the inside of `pre`.
pub fn coloured(text: &str, language: Language) -> Markup {
    html! { @for line in highlight(text, language) { (pieces(&line)) } }
}

fn pieces(line: &[Token<'_>]) -> Markup {
    html! {
        @for token in line {
            @if let Some(class) = token.kind.class() { span class=(class) { (token.text) } } @else { (token.text) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_and_escaped() {
        assert_eq!(
            numbered("a = \"<b>\"\n# c", Language::Hcl).into_string(),
            "<table class=\"code\">\
             <tr id=\"L1\"><td class=\"code-number\"><a href=\"#L1\" data-line=\"1\" aria-label=\"Line 1\"></a></td>\
             <td class=\"code-line\"><span class=\"tok-attribute\">a</span> <span class=\"tok-operator\">=</span> \
             <span class=\"tok-string\">&quot;&lt;b&gt;&quot;</span>\n</td></tr>\
             <tr id=\"L2\"><td class=\"code-number\"><a href=\"#L2\" data-line=\"2\" aria-label=\"Line 2\"></a></td>\
             <td class=\"code-line\"><span class=\"tok-comment\"># c</span></td></tr></table>"
        );
        assert_eq!(coloured("<\n", Language::Plain).into_string(), "&lt;\n");
    }
}
