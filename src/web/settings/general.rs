//! The general settings of a group or project: what both have, around what only the one or the other has.

use maud::{Markup, html};

use super::{Tab, group, kind, page, project, settings_path};
use crate::domain::Visibility;
use crate::service::holdings::Holdings;
use crate::service::places::PlaceView;
use crate::web::Page;
use crate::web::components::Field;
use crate::web::forms::{Complaint, Deletion, Section, description, goes, in_words, visibility, wrong};
use crate::web::frame::Viewer;

/// What the forms of every place hold: what is stored, or what was typed instead.
#[derive(Debug, Clone)]
pub struct Basics {
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who sees it.
    pub visibility: Visibility,
    /// Its own segment of the path.
    pub path: String,
    /// What was typed to confirm that it goes.
    pub confirmation: String,
}

/// What the forms of only one kind of place hold.
#[derive(Debug, Clone)]
pub enum Own {
    /// A group's.
    Group(group::Values),
    /// A project's.
    Project(project::Values),
}

/// The general settings of a group or project.
#[derive(Debug)]
pub struct General<'a> {
    /// Of what.
    pub place: &'a PlaceView,
    /// What its forms hold.
    pub basics: &'a Basics,
    /// The same of what is its own.
    pub own: &'a Own,
    /// What would go with it; nothing for who may not delete it.
    pub holdings: Option<Holdings>,
    /// What was wrong.
    pub complaint: Option<&'a Complaint>,
}

impl General<'_> {
    /// The page.
    pub fn page(&self, viewer: &Viewer) -> Page {
        let main = html! {
            @if let Own::Project(values) = self.own { (values.notice(viewer)) }
            (self.naming(viewer))
            (self.permissions(viewer))
            @if let Own::Group(values) = self.own { (values.duplicates(viewer, self.place, self.complaint)) }
            (self.rename(viewer))
            (self.danger(viewer))
        };
        page(viewer, self.place, Tab::General, self.complaint, &main)
    }

    /// Where a form is sent.
    fn action(&self, form: &str) -> String {
        format!("{}/{form}", settings_path(self.place))
    }

    /// Name and description.
    fn naming(&self, viewer: &Viewer) -> Markup {
        let name = Field {
            value: &self.basics.name,
            problem: wrong(self.complaint, "general", "name"),
            ..Field::text("name", "Name")
        };
        let section = Section {
            id: "general",
            title: "General",
            lead: "",
            action: &self.action("general"),
            button: "Save",
        };
        let about = description(&self.basics.description, wrong(self.complaint, "general", "description"));
        section.asking(&viewer.csrf, &html! { (name) (about) })
    }

    fn permissions(&self, viewer: &Viewer) -> Markup {
        let (title, lead) = match self.own {
            Own::Group(_) => ("Visibility", "What is in a group is never more visible than the group."),
            Own::Project(_) => ("Visibility, project features, permissions", ""),
        };
        let section =
            Section { id: "permissions", title, lead, action: &self.action("permissions"), button: "Save" };
        let questions = html! {
            (visibility(self.basics.visibility, wrong(self.complaint, "permissions", "visibility")))
            @if let Own::Project(values) = self.own { (values.features(self.complaint)) }
        };
        section.asking(&viewer.csrf, &questions)
    }

    /// Another path.
    fn rename(&self, viewer: &Viewer) -> Markup {
        let above = self.place.path.parent().map(|parent| format!("It stands behind {parent}/."));
        let path = Field {
            value: &self.basics.path,
            hint: above.as_deref().unwrap_or("It is the namespace in Terraform addresses."),
            problem: wrong(self.complaint, "path", "path"),
            ..Field::text("path", "Path")
        };
        let section = Section {
            id: "path",
            title: "Rename",
            lead: match self.own {
                Own::Project(_) => {
                    "With another path, URLs and module sources change. The old path leads on to the new one until \
                     somebody takes it."
                }
                Own::Group(_) => {
                    "With another path, the URLs and module sources of everything in the group change. The old paths \
                     lead on to the new ones until somebody takes them."
                }
            },
            action: &self.action("path"),
            button: "Change path",
        };
        section.asking(&viewer.csrf, &html! { (path) })
    }

    /// Deletion, for those who may.
    fn danger(&self, viewer: &Viewer) -> Markup {
        let (kind, path) = (kind(self.place), self.place.path.as_str());
        html! {
            section #delete {
                h2 { "Danger zone" }
                @match self.holdings {
                    None => p { "Only owners may delete a " (kind) "." },
                    Some(holdings) => {
                        p { "The " (kind) " holds " strong { (in_words(holdings)) } ". Whatever is in it goes with it, members and deploy tokens included." }
                        (Deletion {
                            action: &self.action("delete"),
                            verb: &format!("Delete this {kind}"),
                            warning: &format!(
                                "{} Configurations that use its modules stop working. This cannot be undone.",
                                goes(path, holdings),
                            ),
                            name: path,
                            typed: &self.basics.confirmation,
                            problem: wrong(self.complaint, "delete", "confirmation"),
                        }.asking(&viewer.csrf))
                    }
                }
            }
        }
    }
}
