//! The pages of `terraform login`: the question, the refusal, and what follows a no. They work without scripts.

use jiff::Timestamp;
use jiff::tz::Offset;
use maud::{Markup, html};

use super::Page;
use super::frame::bare;
use crate::domain::authorization::Authorization;
use crate::service::login::TOKEN_NAME;

/// What the question is about.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What was asked for. The form carries all of it.
    pub request: &'a Authorization,
    /// When the token will end.
    pub until: Option<Timestamp>,
    /// What was typed before, to be corrected.
    pub username: &'a str,
    /// What was wrong with it.
    pub problem: Option<&'a str>,
}

/// The question: a user name, a password, and what they will allow.
pub fn question(question: &Question<'_>) -> Page {
    let again = question.problem.is_some();
    let (wrong, described) = (again.then_some("true"), again.then_some("problem"));
    let main = html! {
        h1 { "Sign in for Terraform" }
        p.lead { "Terraform or OpenTofu on this computer asks for a token. Go on only if you have just run " code { "terraform login" } " or " code { "tofu login" } "." }
        @if let Some(problem) = question.problem {
            p.notice.bad #problem role="alert" { (problem) "." }
        }
        // Another site cannot make use of this form: what it sends has no authority but the password typed into it.
        form method="post" action="/oauth/authorize" {
            @for (name, value) in question.request.parameters() {
                input type="hidden" name=(name) value=(value);
            }
            label for="username" { "User name" }
            input #username name="username" type="text" value=(question.username) required
                autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false"
                autofocus[!again] aria-invalid=[wrong] aria-describedby=[described];
            label for="password" { "Password" }
            input #password name="password" type="password" required autocomplete="current-password"
                autofocus[again] aria-invalid=[wrong] aria-describedby=[described];
            (grant(question.until))
            div.choices {
                button.button type="submit" name="decision" value="allow" { "Allow" }
                button.button.quiet type="submit" name="decision" value="deny" formnovalidate { "Deny" }
            }
        }
    };
    bare("Sign in for Terraform · cairn", &main)
}

/// What saying yes does.
fn grant(until: Option<Timestamp>) -> Markup {
    html! {
        div.notice {
            p { "If you allow this, Terraform gets a personal token of yours and keeps it on its computer:" }
            ul {
                li { "named “" (TOKEN_NAME) "”" }
                li { "with full access to the API: it may do everything you may" }
                @if let Some(until) = until {
                    @let day = Offset::UTC.to_datetime(until).date();
                    li { "until " time datetime=(day) { (day) } ", unless you revoke it before" }
                }
            }
        }
    }
}

/// A request that cannot be granted, or that failed.
pub fn refused(problem: &str) -> Page {
    let main = html! {
        h1 { "This sign-in does not work" }
        p.notice.bad role="alert" { "The reason: " (problem) "." }
        p { "Nothing was granted. If Terraform is still waiting in your terminal, press " kbd { "Ctrl" } "-" kbd { "C" } " there, and run " code { "terraform login" } " again." }
    };
    bare("Sign-in failed · cairn", &main)
}

/// After a no. Terraform is not told: it would answer with an error and wait on.
pub fn denied() -> Page {
    let main = html! {
        h1 { "Denied" }
        p.lead { "Nothing was granted." }
        p { "Terraform still waits for an answer: press " kbd { "Ctrl" } "-" kbd { "C" } " in your terminal to end it. Then close this page." }
    };
    bare("Denied · cairn", &main)
}
