//! The general settings of a project.

use maud::{Markup, html};

use super::{Basics, Tab, danger, general, page, rename, settings_path};
use crate::domain::{RegistryAccess, Visibility};
use crate::service::holdings::Holdings;
use crate::service::places::PlaceView;
use crate::web::Page;
use crate::web::components::{choice, choices};
use crate::web::forms::{Complaint, Section, named, visibility, wrong};
use crate::web::frame::Viewer;

/// What the forms hold: what is stored, or what was typed instead.
#[derive(Debug, Clone)]
pub struct Values {
    /// What every place has.
    pub basics: Basics,
    /// Who sees it.
    pub visibility: Visibility,
    /// Whether it has a registry at all.
    pub packages: bool,
    /// Who may use that.
    pub registry: RegistryAccess,
}

/// The general settings of a project.
#[derive(Debug)]
pub struct General<'a> {
    /// Which.
    pub place: &'a PlaceView,
    /// What its forms hold.
    pub values: &'a Values,
    /// Whether its registry is off.
    pub is_off: bool,
    /// Whether the instance lets registries be opened to anyone.
    pub allows_anyone: bool,
    /// What would go with it; nothing for who may not delete it.
    pub holdings: Option<Holdings>,
    /// What was wrong.
    pub complaint: Option<&'a Complaint>,
}

impl General<'_> {
    /// The page.
    pub fn page(&self, viewer: &Viewer) -> Page {
        let (place, basics, complaint) = (self.place, &self.values.basics, self.complaint);
        let main = html! {
            @if !viewer.registry {
                div.notice.warn { p { "The package registry is switched off on this server: what is set here counts once an administrator has switched it on again." } }
            } @else if self.is_off {
                div.notice.warn { p { "The package registry of this project is switched off: nobody can publish or pull. Its packages are kept. Switch it on under " a href="#permissions" { "Packages" } "." } }
            }
            (general(viewer, place, basics, complaint))
            (self.permissions(viewer))
            (rename(viewer, place, basics, complaint))
            (danger(viewer, place, self.holdings, basics, complaint))
        };
        page(viewer, place, Tab::General, complaint, &main)
    }

    fn permissions(&self, viewer: &Viewer) -> Markup {
        let section = Section {
            id: "permissions",
            title: "Visibility, project features, permissions",
            lead: "",
            action: &format!("{}/permissions", settings_path(self.place)),
            button: "Save",
        };
        let packages = choice(
            "checkbox",
            "packages",
            "1",
            self.values.packages,
            &named(
                "Packages",
                "This project has a package registry. While it is off (disabled), nobody can publish, list or pull, and \
                 its menu entry is gone; nothing is deleted.",
            ),
        );
        let questions = html! {
            (visibility(self.values.visibility, wrong(self.complaint, "permissions", "visibility")))
            (choices("Project features", None, &packages))
            (self.level())
        };
        section.asking(&viewer.csrf, &questions)
    }

    fn level(&self) -> Markup {
        let anyone = if self.allows_anyone {
            "Everyone may pull, without signing in, even where the project is private."
        } else {
            "Everyone may pull, without signing in. An administrator does not allow this at present, so it means the \
             same as “who sees the project”."
        };
        let boxes = html! {
            @for (level, name, explained) in [
                (RegistryAccess::Private, "Private", "Members of the project or of a group above it, and deploy tokens."),
                (RegistryAccess::Enabled, "Enabled", "Everyone who sees the project."),
                (RegistryAccess::Public, "Public", anyone),
            ] {
                (choice("radio", "registry", level.as_str(), self.values.registry == level, &named(name, explained)))
            }
        };
        choices("Who may use the registry", wrong(self.complaint, "permissions", "registry"), &boxes)
    }
}
