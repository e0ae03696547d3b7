//! The registry of a group or project: its modules, searched, filtered, sorted.

mod asked;
mod rows;

use maud::{Markup, html};

use super::Page;
use super::components::{copy_block, empty_state, pager, select};
use super::frame::{Frame, Item, Viewer, base_path, sign_in_url};
use super::templates::TEMPLATES;
use crate::domain::Role;
use crate::service::module_rows::ModuleRows;
use crate::service::places::PlaceView;
use crate::service::{Manner, PackageOrder};
pub use asked::{Asked, ORDERS};
pub(crate) use rows::who;

/// Where a list is: in a group or project that the viewer sees, or in a project of which it sees the packages only.
#[derive(Debug, Clone, Copy)]
pub struct Listed<'a> {
    /// The group or project.
    pub place: Option<&'a PlaceView>,
    /// Its full path.
    pub path: &'a str,
}

impl Listed<'_> {
    fn is_project(&self) -> bool {
        self.place.is_none_or(PlaceView::is_project)
    }

    /// The path of the list.
    pub fn url(&self) -> String {
        let base = self.place.map_or_else(|| format!("/{}", self.path), base_path);
        format!("{base}/-/infrastructure_registry")
    }

    /// The frame of its pages.
    pub fn frame<'v>(&self, viewer: &'v Viewer, title: String) -> Frame<'v> {
        match self.place {
            Some(place) => Frame::new(viewer, title).around(place, Item::Registry),
            None => Frame::new(viewer, title).crumb(self.path, None),
        }
    }
}

/// The list.
pub fn list(viewer: &Viewer, listed: Listed<'_>, asked: &Asked, found: &ModuleRows) -> Page {
    let url = listed.url();
    let is_group = !listed.is_project();
    let nothing_published = found.rows.is_empty() && !asked.narrows();
    let main = html! {
        h1 { "Infrastructure Registry " span.count #list-total { (found.total) } }
        @if nothing_published {
            (empty(viewer, listed))
        } @else {
            (search(asked, &url, is_group))
            // Apart from what is replaced while one types: a reader of the screen hears a text that changes in its place.
            p.found #list-found role="status" { (counted(found.total, asked)) }
            div #list-results {
                @if found.rows.is_empty() {
                    (empty_state("Nothing fits", &html! {
                        p { "No module here fits all of what is asked for. Search for part of a name, or take a filter away." }
                        p { a.button.quiet href=(asked.widened().url(&url)) { "Show all modules" } }
                    }))
                } @else {
                    (rows::table(viewer, asked, &url, is_group, &found.rows))
                    (pager(asked.pages(found.total), |page| asked.at_page(page).url(&url)))
                }
            }
        }
    };
    let title = listed.place.map_or(listed.path, |place| place.name.as_str());
    let frame = listed.frame(viewer, format!("Infrastructure Registry · {title}"));
    frame.crumb("Infrastructure Registry", None).script("search.js").page(&main)
}

/// What the page of a registry says that cannot be used.
pub fn switched_off(viewer: &Viewer, listed: Listed<'_>) -> Page {
    let settings = listed.place.filter(|place| place.is_project() && place.may.administer);
    let main = html! {
        h1 { "Infrastructure Registry" }
        @if viewer.registry {
            div.notice.warn {
                p { "The package registry of this project is switched off. Nothing was deleted: its modules are back when it is switched on again." }
                @if let Some(place) = settings {
                    p { a href=(format!("{}/-/settings", base_path(place))) { "Switch it on in the settings" } }
                }
            }
        } @else { (super::home::switched_off()) }
    };
    listed
        .frame(viewer, "Infrastructure Registry".to_owned())
        .crumb("Infrastructure Registry", None)
        .page(&main)
}

fn counted(total: usize, asked: &Asked) -> String {
    let thing = if asked.versions { "version" } else { "module" };
    let plural = if total == 1 { "" } else { "s" };
    format!("{total} {thing}{plural}{}", if asked.narrows() { " found" } else { "" })
}

/// The search box with filters and order behind it. `search.js` sends it while one types.
fn search(asked: &Asked, url: &str, is_group: bool) -> Markup {
    let filters = asked.filters();
    html! {
        form.search action=(url) role="search" aria-label="This list" data-live="list-results list-total list-found list-filters list-clear" {
            div.search-line {
                input type="search" name="search" value=(asked.search) placeholder="Search by name"
                    aria-label="Search by name" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="200";
                button.button { "Search" }
            }
            details.filters open[filters > 0] {
                summary { "Filter and sort" span.count #list-filters { @if filters > 0 { " " (filters) } } }
                div.filter-fields {
                    (text("system", "System", "aws", &asked.system))
                    (text("version", "Version", "1.2.0", &asked.version))
                    (status(&asked.status))
                    (text("publisher", "Published by", "user name", &asked.publisher))
                    (select("manner", "Published how", &manners(), asked.manner.map_or("", Manner::as_str)))
                    (select("rows", "One row for each", &[("", "Module"), ("versions", "Version")], if asked.versions { "versions" } else { "" }))
                    (order(asked, is_group))
                    (select("sort", "Direction", &[("", "As usual"), ("asc", "Ascending"), ("desc", "Descending")], asked.direction()))
                }
                p.actions {
                    button.button.quiet.small { "Apply" }
                    span #list-clear {
                        @if asked.narrows() { a.button.quiet.small href=(asked.widened().url(url)) { "Clear filters" } }
                    }
                }
            }
        }
    }
}

fn text(name: &str, label: &str, example: &str, value: &str) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            input id=(name) name=(name) value=(value) placeholder=(example) autocomplete="off" autocapitalize="none"
                spellcheck="false" maxlength="200";
        }
    }
}

/// Packages have one status here; a link from elsewhere may ask for another.
fn status(asked: &str) -> Markup {
    let mut options = vec![("", "Any"), ("default", "Default")];
    if !asked.is_empty() && asked != "default" {
        options.push((asked, asked));
    }
    select("status", "Status", &options, asked)
}

fn order(asked: &Asked, is_group: bool) -> Markup {
    let shown = ORDERS.iter().filter(|(_, name, _)| is_group || *name != "project_path");
    // The usual order is not named in URLs.
    let named = |order: &PackageOrder, name| if *order == PackageOrder::default() { "" } else { name };
    let options: Vec<(&str, &str)> =
        shown.map(|(order, name, label)| (named(order, *name), *label)).collect();
    select("order_by", "Sort by", &options, named(&asked.order, asked.order_name()))
}

/// The ways to publish, as URLs and as pages name them.
fn manners() -> [(&'static str, &'static str); 5] {
    let named = |manner: Manner| {
        let label = match manner {
            Manner::User => "By a user",
            Manner::DeployToken => "With a deploy token",
            Manner::CommandLine => "On the server's command line",
            Manner::Ci => "From a pipeline",
        };
        (manner.as_str(), label)
    };
    let [user, token, line, ci] = Manner::ALL.map(named);
    [("", "Any way"), user, ci, token, line]
}

/// What stands where nothing was published yet: how to publish.
fn empty(viewer: &Viewer, listed: Listed<'_>) -> Markup {
    if !listed.is_project() {
        return empty_state(
            "No modules here yet",
            &html! {
                p { "Modules are published in projects. Those of this group and of the groups below it are listed here, as far as you may see them." }
                (commands(viewer, &format!("{}/my-project", listed.path)))
            },
        );
    }
    let may_publish = listed.place.is_some_and(|place| place.may.publish);
    empty_state(
        "No modules here yet",
        &html! {
            @if may_publish {
                p { "Publish the first one from a folder with Terraform files:" }
                (commands(viewer, listed.path))
                p { "Or from CI, for every tag:" }
                @for template in TEMPLATES {
                    details.folded {
                        summary { (template.title) }
                        (copy_block(&template.filled(&viewer.base_url, listed.path)))
                    }
                }
            } @else if viewer.person.is_none() {
                p { "Nothing was published in this project. " a href=(sign_in_url(&viewer.here)) { "Sign in" } " if you may publish." }
            } @else {
                p { "Nothing was published in this project. To publish, you need the role " (role_name(Role::Developer)) " in it: ask one of its maintainers." }
                (commands(viewer, listed.path))
            }
        },
    )
}

const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Guest => "Guest",
        Role::Reporter => "Reporter",
        Role::Developer => "Developer",
        Role::Maintainer => "Maintainer",
        Role::Owner => "Owner",
    }
}

/// The exact commands that publish in a project.
fn commands(viewer: &Viewer, project: &str) -> Markup {
    let base = &viewer.base_url;
    let encoded = project.replace('/', "%2F");
    html! {
        (copy_block(&format!(
            "export CAIRN_URL={base}\nexport CAIRN_TOKEN=...   # an access token with the scope api\n\
             cairn publish ./my-module \\\n  --project {project} --name my-module --system aws --version 1.0.0"
        )))
        p { "Or with nothing but tar and curl:" }
        (copy_block(&format!(
            "tar -czf module.tar.gz -C ./my-module .\n\
             curl --fail-with-body --header \"PRIVATE-TOKEN: $CAIRN_TOKEN\" --upload-file module.tar.gz \\\n  \
             {base}/api/v4/projects/{encoded}/packages/terraform/modules/my-module/aws/1.0.0/file"
        )))
        p.quiet { "Make a token under " a href="/-/user_settings/personal_access_tokens" { "Access tokens" } "." }
    }
}
