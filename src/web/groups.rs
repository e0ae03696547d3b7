//! All groups that the viewer sees, from the roots down.

use maud::{Markup, html};

use super::Page;
use super::components::{Pages, empty_state, pager};
use super::frame::{Frame, Viewer, sign_in_url};
use super::modules::Paths;
use super::new::NEW_GROUP;
use super::places::group_card;
use super::search::{Search, listed_at};
use crate::service::browsing::GroupCard;

/// Where the list is.
pub const ALL_GROUPS: &str = "/dashboard/groups";

/// A part of the list.
#[derive(Debug)]
pub struct Groups<'a> {
    /// The groups of this page.
    pub cards: &'a [GroupCard],
    /// Which page that is.
    pub pages: Pages,
    /// What was searched for.
    pub search: &'a str,
    /// Whether the viewer may make another root group.
    pub may_create: bool,
}

/// The page.
pub fn list(viewer: &Viewer, groups: &Groups<'_>) -> Page {
    let Groups { cards, pages, search, may_create } = *groups;
    let main = html! {
        h1 { "Groups " span.count { (pages.total) } }
        @if may_create { p.actions { a.button href=(NEW_GROUP) { "New group" } } }
        (Search { action: ALL_GROUPS, label: "Part of a path or name", words: search, hidden: &[] })
        @if cards.is_empty() {
            (empty_state("No group is found", &hint(viewer, search)))
        } @else {
            ul.cards { @for card in cards { (group_card(viewer, card, Paths::Whole)) } }
            (pager(pages, |page| listed_at(ALL_GROUPS, &[("search", search)], page)))
        }
    };
    Frame::new(viewer, "Groups").page(&main)
}

/// What to do where nothing is listed.
fn hint(viewer: &Viewer, search: &str) -> Markup {
    html! {
        p {
            @if !search.is_empty() {
                "Search for another part of a path, or " a href=(ALL_GROUPS) { "list all groups" } "."
            } @else if viewer.person.is_none() {
                "No group is public. " a href=(sign_in_url(&viewer.here)) { "Sign in" } " to see yours."
            } @else {
                "There is no group that you may see. Ask an owner of one for a role in it."
            }
        }
    }
}
