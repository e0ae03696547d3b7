//! What only groups have among the general settings.

use maud::{Markup, html};

use super::settings_path;
use crate::service::places::PlaceView;
use crate::web::components::{Field, choice};
use crate::web::forms::{Complaint, Section, named, wrong};
use crate::web::frame::Viewer;

/// What the forms hold: what is stored, or what was typed instead.
#[derive(Debug, Clone)]
pub struct Values {
    /// `terraform_module_duplicates_allowed`.
    pub duplicates_allowed: bool,
    /// `terraform_module_duplicate_exception_regex`.
    pub exception_regex: String,
}

impl Values {
    /// Whether two projects may publish modules of one name.
    pub(super) fn duplicates(
        &self,
        viewer: &Viewer,
        place: &PlaceView,
        complaint: Option<&Complaint>,
    ) -> Markup {
        let section = Section {
            id: "duplicates",
            title: "Duplicate modules",
            lead: "Whether two projects of the group may publish modules of the same name and system. The versions of \
                   both are then offered under one address.",
            action: &format!("{}/duplicates", settings_path(place)),
            button: "Save",
        };
        let exceptions = Field {
            value: &self.exception_regex,
            hint: "A regular expression that matches the whole of name/system, such as legacy-.*/aws. Modules it matches \
                   are treated the other way round.",
            problem: wrong(complaint, "duplicates", "exception_regex"),
            optional: true,
            ..Field::text("exception_regex", "Exceptions")
        };
        let questions = html! {
            (choice("checkbox", "duplicates_allowed", "1", self.duplicates_allowed, &named(
                "Allow duplicates",
                "Off: the project that published a module first keeps its name, and others are refused.",
            )))
            (exceptions)
        };
        section.asking(&viewer.csrf, &questions)
    }
}
