//! What CI systems may do with a project: trusted publishers, and the projects whose jobs may use it.

use maud::{Markup, html};

use super::{Tab, page, settings_path};
use crate::domain::Role;
use crate::domain::identity::{Holder, Project};
use crate::domain::issuer::Issuer;
use crate::domain::trusted_publisher::{GRANTABLE, TrustedPublisher};
use crate::service::places::PlaceView;
use crate::web::Page;
use crate::web::components::{
    Confirm, Field, Tone, badge, cell, choice, choices, empty_state, select, table, time,
};
use crate::web::forms::{Complaint, Section, named, role_name, wrong};
use crate::web::frame::Viewer;

/// The section of the form for a new trusted publisher.
pub const NEW_PUBLISHER: &str = "new-publisher";
/// The section of the form for the allowlist.
pub const ALLOW: &str = "allow";
/// The fields of the claims that the form asks for, each with the field of its pattern. The API takes more.
pub const CLAIM_FIELDS: [(&str, &str); 6] = [
    ("claim_1", "pattern_1"),
    ("claim_2", "pattern_2"),
    ("claim_3", "pattern_3"),
    ("claim_4", "pattern_4"),
    ("claim_5", "pattern_5"),
    ("claim_6", "pattern_6"),
];
/// How many of them are not folded away.
const UNFOLDED: usize = 3;

/// What the forms hold.
#[derive(Debug, Clone)]
pub struct Values {
    /// Name of the new publisher.
    pub name: String,
    /// Its issuer.
    pub issuer: String,
    /// Its claims with their patterns, as many as there are rows; empty where nothing was typed.
    pub claims: [(String, String); CLAIM_FIELDS.len()],
    /// Its role.
    pub role: Role,
    /// Whether a token of it publishes once.
    pub once: bool,
    /// Full path of the project to be put on the allowlist.
    pub target: String,
}

impl Default for Values {
    fn default() -> Self {
        Self {
            name: String::new(),
            issuer: String::new(),
            claims: Default::default(),
            role: Role::Developer,
            once: false,
            target: String::new(),
        }
    }
}

/// The page.
#[derive(Debug)]
pub struct Ci<'a> {
    /// Of which project.
    pub place: &'a PlaceView,
    /// Its trusted publishers.
    pub publishers: &'a [TrustedPublisher],
    /// The projects whose jobs may use it, itself first.
    pub allowed: &'a [Project],
    /// The issuers that the configuration names.
    pub issuers: &'a [Issuer],
    /// What the forms hold.
    pub values: &'a Values,
    /// What was wrong with one of them.
    pub complaint: Option<&'a Complaint>,
}

impl Ci<'_> {
    /// The page.
    pub fn page(&self, viewer: &Viewer) -> Page {
        let settings = settings_path(self.place);
        let main = html! {
            p.lead { "CI jobs publish and pull here without a stored secret: they show what their CI system says of them, and that is verified." }
            (self.publishers(viewer, &settings))
            (self.new_publisher(viewer, &settings))
            (self.allowlist(viewer, &settings))
            (self.allow(viewer, &settings))
        };
        page(viewer, self.place, Tab::Ci, self.complaint, &main)
    }

    fn publishers(&self, viewer: &Viewer, settings: &str) -> Markup {
        let rows = html! {
            @for publisher in self.publishers {
                tr {
                    (cell("", &html! {
                        strong { (publisher.name) }
                        @if publisher.name != publisher.issuer.as_str() { p.quiet { (publisher.issuer) } }
                    }))
                    (cell("Claims", &claims(publisher)))
                    (cell("Role", &html! { span { (role_name(publisher.role)) @if publisher.once { " " (badge(Tone::Plain, "once")) } } }))
                    (cell("Added", &time(publisher.created_at, viewer.now)))
                    (cell("", &html! {
                        (Confirm {
                            action: &format!("{settings}/trusted_publishers/{}/remove", publisher.id),
                            csrf: &viewer.csrf,
                            verb: "Remove",
                            warning: &format!("Jobs that match “{}” are refused at once. What they published stays.", publisher.name),
                        })
                    }))
                }
            }
        };
        html! {
            section #trusted-publishers {
                h2 { "Trusted publishers " span.count { (self.publishers.len()) } }
                @if self.publishers.is_empty() {
                    (empty_state("No trusted publisher", &html! { p { "Add one below: which jobs of which CI system may act on this project." } }))
                } @else {
                    (table("Trusted publishers", &["Publisher", "Claims", "Role", "Added", ""], &rows))
                }
            }
        }
    }

    fn new_publisher(&self, viewer: &Viewer, settings: &str) -> Markup {
        let problem = |field| wrong(self.complaint, NEW_PUBLISHER, field);
        let name = Field {
            value: &self.values.name,
            hint: "What it is, for people. Without one: the issuer.",
            problem: problem("name"),
            optional: true,
            ..Field::text("name", "Name")
        };
        let roles = html! {
            @for (role, explained) in GRANTABLE.into_iter().zip([
                "Pulls packages.",
                "Pulls and publishes packages.",
                "Pulls, publishes and deletes packages.",
            ]) {
                (choice("radio", "role", role.as_str(), self.values.role == role, &named(role_name(role), explained)))
            }
        };
        let once = named(
            "Once",
            "A token publishes one package, and is refused when it is shown again. A job that publishes several asks for \
             several tokens.",
        );
        let section = Section {
            id: NEW_PUBLISHER,
            title: "Add a trusted publisher",
            lead: "",
            action: &format!("{settings}/trusted_publishers"),
            button: "Add trusted publisher",
        };
        let questions = html! {
            (name) (self.issuer(problem("issuer"))) (self.claims())
            (choices("Role", problem("role"), &roles))
            (choice("checkbox", "once", "1", self.values.once, &once))
        };
        section.asking(&viewer.csrf, &questions)
    }

    /// A choice of the issuers that are configured; without any, a text.
    fn issuer(&self, problem: Option<&str>) -> Markup {
        let typed = self.values.issuer.as_str();
        if self.issuers.is_empty() {
            let issuer = Field {
                value: typed,
                hint: "No issuer is configured on this server yet. An administrator has to add this one as [[ci.issuer]] \
                       or [[ci.gitlab]]; until then its jobs are refused.",
                problem,
                ..Field::text("issuer", "Issuer")
            };
            return html! { (issuer) };
        }
        let configured = self.issuers.iter().map(Issuer::as_str);
        // What was sent stays, also where it is not configured any more.
        let gone = (!typed.is_empty() && configured.clone().all(|known| known != typed)).then_some(typed);
        let options: Vec<(&str, &str)> = configured.chain(gone).map(|issuer| (issuer, issuer)).collect();
        html! {
            div {
                (select("issuer", "Issuer", &options, typed))
                @if let Some(text) = problem { p.wrong { (text) } }
            }
        }
    }

    fn claims(&self) -> Markup {
        let rows = CLAIM_FIELDS.into_iter().zip(&self.values.claims).enumerate();
        let (shown, folded): (Vec<_>, Vec<_>) = rows.partition(|(index, _)| *index < UNFOLDED);
        let open = folded.iter().any(|(_, (_, (claim, pattern)))| !claim.is_empty() || !pattern.is_empty());
        html! {
            fieldset.claims {
                legend { "Claims" }
                p.hint { "What a token must say, all of it. * stands for any characters. Name the project at least: other people's pipelines have the same tags as yours." }
                ul.hint {
                    li { "GitLab: " code { "project_path" } " as in " code { "acme/vpc" } ", " code { "ref" } " as in " code { "v*" } ", " code { "ref_protected" } " as in " code { "true" } }
                    li { "GitHub: " code { "repository" } " as in " code { "acme/vpc" } ", " code { "ref" } " as in " code { "refs/tags/v*" } ", " code { "environment" } " as in " code { "release" } }
                }
                @for (index, (fields, values)) in shown { (self.claim(index, fields, values)) }
                details open[open] {
                    summary { "More claims" }
                    @for (index, (fields, values)) in folded { (self.claim(index, fields, values)) }
                }
            }
        }
    }

    fn claim(&self, index: usize, (claim, pattern): (&str, &str), values: &(String, String)) -> Markup {
        let labels = ["Claim", "Pattern"].map(|label| format!("{label} {}", index + 1));
        let field = |name, label, value| Field {
            value,
            problem: wrong(self.complaint, NEW_PUBLISHER, name),
            optional: index > 0,
            ..Field::text(name, label)
        };
        html! {
            div.pair { (field(claim, &labels[0], &values.0)) (field(pattern, &labels[1], &values.1)) }
        }
    }

    fn allowlist(&self, viewer: &Viewer, settings: &str) -> Markup {
        let rows = html! {
            @for project in self.allowed {
                tr {
                    (cell("", &html! { a href=(format!("/{}", project.path)) { (project.path) } }))
                    @if Holder::Project(project.id) == self.place.holder {
                        (cell("", &html! { span.quiet { "this project" } }))
                    } @else {
                        (cell("", &html! {
                            (Confirm {
                                action: &format!("{settings}/job_allowlist/{}/remove", project.id),
                                csrf: &viewer.csrf,
                                verb: "Remove",
                                warning: &format!("Jobs of {} may not use this project any more while it is private.", project.path),
                            })
                        }))
                    }
                }
            }
        };
        html! {
            section #job-allowlist {
                h2 { "Job token allowlist " span.count { (self.allowed.len()) } }
                p { "While this project is private, a job token of a project in this list may use it, as far as the job's user may. This is about jobs that were opened on this server; trusted publishers have their own rules." }
                (table("Job token allowlist", &["Project", ""], &rows))
            }
        }
    }

    fn allow(&self, viewer: &Viewer, settings: &str) -> Markup {
        let target = Field {
            value: &self.values.target,
            hint: "Its full path, such as acme/network.",
            problem: wrong(self.complaint, ALLOW, "target"),
            ..Field::text("target", "Project")
        };
        let section = Section {
            id: ALLOW,
            title: "Allow the jobs of a project",
            lead: "",
            action: &format!("{settings}/job_allowlist"),
            button: "Add to the allowlist",
        };
        section.asking(&viewer.csrf, &html! { (target) })
    }
}

/// What a token must say, a line each.
fn claims(publisher: &TrustedPublisher) -> Markup {
    html! {
        ul.terms {
            @for (claim, pattern) in publisher.claims.iter() { li { code { (claim) } " is " code { (pattern) } } }
        }
    }
}
