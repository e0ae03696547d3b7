//! Searching and paging a list by its URL: a form that is sent with `GET`, and links that keep what was asked for.

use maud::{Markup, Render, html};

use super::components::hidden;

/// A search box above a list.
#[derive(Debug)]
pub struct Search<'a> {
    /// Where the list is.
    pub action: &'a str,
    /// What the box is called.
    pub label: &'a str,
    /// What was searched for.
    pub words: &'a str,
    /// What else was asked for and stays.
    pub hidden: &'a [(&'a str, &'a str)],
}

impl Render for Search<'_> {
    fn render(&self) -> Markup {
        html! {
            form.inline.seek role="search" aria-label=(self.label) action=(self.action) {
                @for (name, value) in self.hidden { @if !value.is_empty() { (hidden(name, value)) } }
                input type="search" name="search" value=(self.words) aria-label=(self.label) placeholder=(self.label) autocapitalize="none" spellcheck="false";
                button.button.quiet { "Search" }
            }
        }
    }
}

/// The URL of a page of a list, with what was asked for; empty values are left out.
pub fn listed_at(path: &str, asked: &[(&str, &str)], page: usize) -> String {
    asking(path, asked.iter().copied().chain([("page", page_value(page).as_str())]))
}

/// How a URL names a page: the first is not named.
pub fn page_value(page: usize) -> String {
    if page > 1 { page.to_string() } else { String::new() }
}

/// A path with a query; empty values are left out.
pub fn asking<'a>(path: &str, asked: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(asked.into_iter().filter(|(_, value)| !value.is_empty()));
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_lists_keep_what_was_asked_for() {
        for (asked, page, expected) in [
            (&[][..], 1, "/admin/users"),
            (&[("search", "")][..], 1, "/admin/users"),
            (&[("search", "a&b"), ("state", "")][..], 2, "/admin/users?search=a%26b&page=2"),
        ] {
            assert_eq!(listed_at("/admin/users", asked, page), expected);
        }
    }
}
