//! The general settings of a group.

use maud::{Markup, html};

use super::{Basics, Tab, danger, general, page, rename, settings_path};
use crate::domain::Visibility;
use crate::service::holdings::Holdings;
use crate::service::places::PlaceView;
use crate::web::Page;
use crate::web::components::{Field, choice};
use crate::web::forms::{Complaint, Section, named, visibility, wrong};
use crate::web::frame::Viewer;

/// What the forms hold: what is stored, or what was typed instead.
#[derive(Debug, Clone)]
pub struct Values {
    /// What every place has.
    pub basics: Basics,
    /// Who sees it.
    pub visibility: Visibility,
    /// `terraform_module_duplicates_allowed`.
    pub duplicates_allowed: bool,
    /// `terraform_module_duplicate_exception_regex`.
    pub exception_regex: String,
}

/// The general settings of a group.
#[derive(Debug)]
pub struct General<'a> {
    /// Which.
    pub place: &'a PlaceView,
    /// What its forms hold.
    pub values: &'a Values,
    /// What would go with it.
    pub holdings: Option<Holdings>,
    /// What was wrong.
    pub complaint: Option<&'a Complaint>,
}

impl General<'_> {
    /// The page.
    pub fn page(&self, viewer: &Viewer) -> Page {
        let (place, basics, complaint) = (self.place, &self.values.basics, self.complaint);
        let main = html! {
            (general(viewer, place, basics, complaint))
            (self.permissions(viewer))
            (self.duplicates(viewer))
            (rename(viewer, place, basics, complaint))
            (danger(viewer, place, self.holdings, basics, complaint))
        };
        page(viewer, place, Tab::General, complaint, &main)
    }

    fn permissions(&self, viewer: &Viewer) -> Markup {
        let section = Section {
            id: "permissions",
            title: "Visibility",
            lead: "What is in a group is never more visible than the group.",
            action: &format!("{}/permissions", settings_path(self.place)),
            button: "Save",
        };
        let problem = wrong(self.complaint, "permissions", "visibility");
        section.asking(&viewer.csrf, &visibility(self.values.visibility, problem))
    }

    fn duplicates(&self, viewer: &Viewer) -> Markup {
        let section = Section {
            id: "duplicates",
            title: "Duplicate modules",
            lead: "Whether two projects of the group may publish modules of the same name and system. The versions of \
                   both are then offered under one address.",
            action: &format!("{}/duplicates", settings_path(self.place)),
            button: "Save",
        };
        let exceptions = Field {
            value: &self.values.exception_regex,
            hint: "A regular expression that matches the whole of name/system, such as legacy-.*/aws. Modules it matches \
                   are treated the other way round.",
            problem: wrong(self.complaint, "duplicates", "exception_regex"),
            optional: true,
            ..Field::text("exception_regex", "Exceptions")
        };
        let questions = html! {
            (choice("checkbox", "duplicates_allowed", "1", self.values.duplicates_allowed, &named(
                "Allow duplicates",
                "Off: the project that published a module first keeps its name, and others are refused.",
            )))
            (exceptions)
        };
        section.asking(&viewer.csrf, &questions)
    }
}
