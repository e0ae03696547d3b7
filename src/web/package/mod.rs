//! The page of a package: what it is, how to use it, and what is in it, on tabs that are links.

mod activity;
mod changes;
mod contents;
mod delete;
mod files;
mod header;
mod provenance;
mod usage;

use maud::{Markup, html};

use super::Page;
use super::components::tabs;
use super::frame::{Viewer, base_path};
use super::registry::Listed;
use crate::domain::PackageId;
use crate::domain::manifest::ModulePart;
use crate::domain::safe_html::SafeHtml;
use crate::service::compare::Compared;
use crate::service::contents::{FileUrls, FileView, Listing};
use crate::service::package_page::PackageDetails;
use crate::service::places::PlaceView;
pub use delete::ask_to_delete;
pub use files::is_directory;

/// The path of a package's page.
pub fn package_url(project: &str, id: PackageId) -> String {
    format!("/{project}/-/infrastructure_registry/{id}")
}

/// Where the files of a package are shown.
pub fn file_urls(project: &str, id: PackageId) -> FileUrls {
    let url = package_url(project, id);
    FileUrls { pages: format!("{url}/files"), images: format!("{url}/images") }
}

/// The parts of the page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tab {
    /// The README.
    #[default]
    Readme,
    /// Variables.
    Inputs,
    /// Outputs.
    Outputs,
    /// Resources and data sources.
    Resources,
    /// Providers, the version of Terraform, modules that are called.
    Dependencies,
    /// Modules below `modules/`.
    Submodules,
    /// Modules below `examples/`.
    Examples,
    /// The versions of the module in its project.
    Versions,
    /// What changed against another version.
    Changes,
    /// The archive, and what is in it.
    Files,
    /// What happened to the package.
    Activity,
}

impl Tab {
    /// All of them, in their order.
    pub const ALL: [Self; 11] = [
        Self::Readme,
        Self::Inputs,
        Self::Outputs,
        Self::Resources,
        Self::Dependencies,
        Self::Submodules,
        Self::Examples,
        Self::Versions,
        Self::Changes,
        Self::Files,
        Self::Activity,
    ];

    /// As URLs name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Readme => "readme",
            Self::Inputs => "inputs",
            Self::Outputs => "outputs",
            Self::Resources => "resources",
            Self::Dependencies => "dependencies",
            Self::Submodules => "submodules",
            Self::Examples => "examples",
            Self::Versions => "versions",
            Self::Changes => "changes",
            Self::Files => "files",
            Self::Activity => "activity",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Readme => "Readme",
            Self::Inputs => "Inputs",
            Self::Outputs => "Outputs",
            Self::Resources => "Resources",
            Self::Dependencies => "Dependencies",
            Self::Submodules => "Submodules",
            Self::Examples => "Examples",
            Self::Versions => "Versions",
            Self::Changes => "What changed",
            Self::Files => "Files",
            Self::Activity => "Activity",
        }
    }

    /// The tab of that name; the first when there is none.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|tab| tab.as_str() == name).unwrap_or_default()
    }

    fn count(self, details: &PackageDetails) -> Option<usize> {
        let (manifest, root) = (&details.manifest, &details.manifest.root);
        Some(match self {
            Self::Inputs => root.inputs.len(),
            Self::Outputs => root.outputs.len(),
            Self::Resources => root.resources.len(),
            Self::Dependencies => root.providers.len() + root.calls.len(),
            Self::Submodules => manifest.submodules.len(),
            Self::Examples => manifest.examples.len(),
            Self::Versions => details.versions.len(),
            Self::Readme | Self::Changes | Self::Files | Self::Activity => return None,
        })
    }
}

/// A package that is shown to somebody.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// To whom.
    pub viewer: &'a Viewer,
    /// Its project, when the viewer sees that.
    pub place: Option<&'a PlaceView>,
    /// The package.
    pub details: &'a PackageDetails,
}

impl Shown<'_> {
    /// The path of its page.
    pub fn url(&self) -> String {
        package_url(&self.details.view.project_path, self.details.view.package.id)
    }

    /// The URL of one of its tabs.
    pub fn tab(&self, tab: Tab) -> String {
        match tab {
            Tab::Readme => self.url(),
            Tab::Files => format!("{}/files", self.url()),
            other => format!("{}?tab={}", self.url(), other.as_str()),
        }
    }

    fn urls(&self) -> FileUrls {
        file_urls(&self.details.view.project_path, self.details.view.package.id)
    }

    fn listed(&self) -> Listed<'_> {
        Listed { place: self.place, path: &self.details.view.project_path }
    }

    /// `vpc/aws`.
    fn name(&self) -> String {
        self.details.view.package.full_name()
    }

    /// The frame around it, with breadcrumbs down to a page that is called so.
    fn page(&self, title: &str, main: &Markup) -> Page {
        let package = &self.details.view.package;
        let list = format!("{}/-/infrastructure_registry", self.base());
        let frame =
            self.listed().frame(self.viewer, format!("{title} · {} {}", self.name(), package.version));
        let frame = frame.crumb("Infrastructure Registry", Some(list));
        let label = format!("{} {}", self.name(), package.version);
        frame.crumb(&label, Some(self.url())).style("code.css").page(main)
    }

    fn base(&self) -> String {
        self.place.map_or_else(|| format!("/{}", self.details.view.project_path), base_path)
    }
}

/// What a tab shows that is not in the package's details.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// Nothing more.
    Tab(Tab),
    /// The README, if there is one.
    Readme(Option<&'a SafeHtml>),
    /// A submodule or an example, with its README.
    Part(Tab, &'a ModulePart, Option<&'a SafeHtml>),
    /// A page of the list of versions.
    Versions(usize),
    /// What changed against another version.
    Changes(&'a Compared),
    /// A directory of the archive: its path, empty for the top.
    Directory(&'a Listing, &'a str),
    /// A file of the archive.
    File(&'a FileView),
    /// Why the archive cannot be looked into.
    NoFiles(&'a str),
}

impl Content<'_> {
    const fn tab(&self) -> Tab {
        match self {
            Self::Tab(tab) | Self::Part(tab, ..) => *tab,
            Self::Readme(_) => Tab::Readme,
            Self::Versions(_) => Tab::Versions,
            Self::Changes(_) => Tab::Changes,
            Self::Directory(..) | Self::File(_) | Self::NoFiles(_) => Tab::Files,
        }
    }
}

/// The page with one of its tabs.
pub fn page(shown: Shown<'_>, content: Content<'_>) -> Page {
    let tab = content.tab();
    let chosen = Tab::ALL.iter().position(|known| *known == tab).unwrap_or_default();
    let entries = Tab::ALL.map(|tab| (tab.label(), shown.tab(tab), tab.count(shown.details)));
    let main = html! {
        (header::header(shown, tab))
        @if tab == Tab::Readme { (usage::usage(shown)) }
        @else { details.folded { summary { "How to use it" } (usage::usage(shown)) } }
        (tabs("About this version", &entries, chosen))
        div.tab {
            // A part that is divided further begins with its name, for the outline of the page.
            @if tab == Tab::Dependencies { h2.unseen { (tab.label()) } }
            (inside(shown, content))
        }
    };
    shown.page(tab.label(), &main)
}

fn inside(shown: Shown<'_>, content: Content<'_>) -> Markup {
    let (manifest, root) = (&shown.details.manifest, &shown.details.manifest.root);
    match content {
        Content::Readme(readme) => contents::readme(readme),
        Content::Part(tab, part, readme) => contents::part(shown, tab, part, readme),
        Content::Versions(page) => header::versions(shown, page),
        Content::Changes(compared) => changes::changes(shown, Some(compared)),
        Content::Directory(listing, path) => files::directory(shown, listing, path),
        Content::File(file) => files::file(shown, file),
        Content::NoFiles(why) => files::unreadable(shown, why),
        Content::Tab(tab) => match tab {
            Tab::Inputs => contents::inputs(&root.inputs),
            Tab::Outputs => contents::outputs(&root.outputs),
            Tab::Resources => contents::resources(&root.resources),
            Tab::Dependencies => contents::dependencies(root),
            Tab::Submodules => contents::parts(shown, Tab::Submodules, &manifest.submodules),
            Tab::Examples => contents::parts(shown, Tab::Examples, &manifest.examples),
            Tab::Versions => header::versions(shown, 1),
            Tab::Changes => changes::changes(shown, None),
            Tab::Activity => activity::activity(shown),
            Tab::Readme => contents::readme(None),
            Tab::Files => files::unreadable(shown, ""),
        },
    }
}
