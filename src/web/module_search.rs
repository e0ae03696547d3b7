//! The search over all modules: what was found and why, or how to find more.

use maud::{Markup, html};

use super::Page;
use super::components::{Pages, empty_state, pager};
use super::frame::{Frame, Viewer, sign_in_url};
use super::home::switched_off;
use super::modules::{Paths, module_table};
use super::search::listed_at;
use crate::domain::words::Use;
use crate::service::module_rows::{ModuleRow, ModuleRows};
use crate::service::module_search::{Reason, SearchPage};

/// Where it is.
pub const SEARCH: &str = "/search";

/// The URL of a page of what some words find; without words, of all modules.
pub fn search_url(words: &str, page: usize) -> String {
    listed_at(SEARCH, &[("q", words)], page)
}

/// What the words in the search box find.
pub fn found(viewer: &Viewer, page: &SearchPage, pages: Pages) -> Page {
    let words = &viewer.searched;
    let rows: Vec<&ModuleRow> = page.rows.iter().map(|found| &found.row).collect();
    let why = |index: usize| page.rows.get(index).map(|found| reasons(&found.reasons)).unwrap_or_default();
    let main = html! {
        h1 { "Modules with “" (words) "” " span.count { (page.total) } }
        @if rows.is_empty() { (nothing_found(viewer)) } @else {
            @if page.is_incomplete {
                div.notice { p { "A word was too common to be followed to its end: there may be more. Add a word to narrow it down." } }
            }
            (module_table(viewer, "Modules found, the best first", &rows, Paths::Whole, why))
            (pager(pages, |page| search_url(words, page)))
        }
    };
    Frame::new(viewer, format!("{words} · Search")).page(&main)
}

/// Why a module was found, each reason once.
fn reasons(reasons: &[Reason]) -> Markup {
    let mut told: Vec<&Reason> = Vec::new();
    for reason in reasons {
        if !told.contains(&reason) {
            told.push(reason);
        }
    }
    html! {
        @if !told.is_empty() {
            p.quiet.origin {
                "Found by "
                @for (index, reason) in told.into_iter().enumerate() {
                    @if index > 0 { ", " }
                    @match reason {
                        Reason::Name => "name",
                        Reason::Description => "description",
                        Reason::Word { used_as, text } => { (used(*used_as)) " " code { (text) } }
                    }
                }
            }
        }
    }
}

const fn used(used_as: Use) -> &'static str {
    match used_as {
        Use::Input => "input",
        Use::Output => "output",
        Use::Resource => "resource",
        Use::Provider => "provider",
        Use::Readme => "README word",
    }
}

fn nothing_found(viewer: &Viewer) -> Markup {
    empty_state(
        "No module has all of these words",
        &html! {
            ul {
                li { "Use fewer words: each of them must be found." }
                li { "Use the beginning of a word: " code { "cidr" } " finds " code { "cidr_block" } "." }
                li { "Names, descriptions, inputs, outputs, resource types, providers and README words of latest versions are searched." }
                @if viewer.person.is_none() {
                    li { "Only public modules are shown: " a href=(sign_in_url(&viewer.here)) { "sign in" } " to search those of your groups." }
                }
            }
            p { a href=(SEARCH) { "See all modules" } }
        },
    )
}

/// All modules, for whoever has not said what to look for.
pub fn everything(viewer: &Viewer, modules: &ModuleRows, pages: Pages) -> Page {
    let rows: Vec<&ModuleRow> = modules.rows.iter().collect();
    let main = html! {
        h1 { "All modules " span.count { (modules.total) } }
        @if rows.is_empty() {
            (empty_state("There is no module that you may see", &html! {
                @if viewer.person.is_none() {
                    p { "Nothing here is public. " a href=(sign_in_url(&viewer.here)) { "Sign in" } " to see the modules of your groups." }
                } @else { p { "Modules that you may use appear here once somebody publishes them." } }
            }))
        } @else {
            p.lead { "Those that you may use, last published first. The search knows their names, descriptions, inputs, outputs, resource types, providers and README words." }
            (module_table(viewer, "All modules, last published first", &rows, Paths::Whole, |_| html! {}))
            (pager(pages, |page| search_url("", page)))
        }
    };
    Frame::new(viewer, "Search").page(&main)
}

/// The search while the registry is off.
pub fn off(viewer: &Viewer) -> Page {
    Frame::new(viewer, "Search").page(&html! { h1 { "Search" } (switched_off()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_keep_the_words() {
        for (words, page, expected) in [
            ("", 1, "/search"),
            ("", 2, "/search?page=2"),
            ("a&b \"c", 1, "/search?q=a%26b+%22c"),
            ("vpc", 3, "/search?q=vpc&page=3"),
        ] {
            assert_eq!(search_url(words, page), expected);
        }
    }

    #[test]
    fn each_reason_is_told_once() {
        let input = || Reason::Word { used_as: Use::Input, text: "<cidr>".to_owned() };
        let told = reasons(&[Reason::Name, input(), Reason::Name, input()]).into_string();
        let text = regex::Regex::new("<[^>]*>").unwrap().replace_all(&told, "").into_owned();
        assert_eq!(text, "Found by name, input &lt;cidr&gt;");
    }
}
