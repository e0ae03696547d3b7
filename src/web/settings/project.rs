//! What only projects have among the general settings.

use maud::{Markup, html};

use crate::domain::RegistryAccess;
use crate::web::components::{choice, choices};
use crate::web::forms::{Complaint, named, wrong};
use crate::web::frame::Viewer;

/// What the forms hold: what is stored, or what was typed instead.
#[derive(Debug, Clone)]
pub struct Values {
    /// Whether it is to have a registry at all.
    pub packages: bool,
    /// Who may use that.
    pub registry: RegistryAccess,
    /// Whether its registry is off now, whatever the form says.
    pub is_off: bool,
    /// Whether the instance lets registries be opened to anyone.
    pub allows_anyone: bool,
}

impl Values {
    /// That the registry is off, if it is.
    pub(super) fn notice(&self, viewer: &Viewer) -> Markup {
        html! {
            @if !viewer.registry {
                div.notice.warn { p { "The package registry is switched off on this server: what is set here counts once an administrator has switched it on again." } }
            } @else if self.is_off {
                div.notice.warn { p { "The package registry of this project is switched off: nobody can publish or pull. Its packages are kept. Switch it on under " a href="#permissions" { "Packages" } "." } }
            }
        }
    }

    /// The switch of the registry, and who may use it.
    pub(super) fn features(&self, complaint: Option<&Complaint>) -> Markup {
        let packages = choice(
            "checkbox",
            "packages",
            "1",
            self.packages,
            &named(
                "Packages",
                "This project has a package registry. While it is off (disabled), nobody can publish, list or pull, and \
                 its menu entry is gone; nothing is deleted.",
            ),
        );
        html! { (choices("Project features", None, &packages)) (self.level(complaint)) }
    }

    fn level(&self, complaint: Option<&Complaint>) -> Markup {
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
                (choice("radio", "registry", level.as_str(), self.registry == level, &named(name, explained)))
            }
        };
        choices("Who may use the registry", wrong(complaint, "permissions", "registry"), &boxes)
    }
}
