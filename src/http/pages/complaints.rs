//! From the refusal of a use case to what its form says, beside the field that it is about.

use super::forms::Form;
use crate::domain::Visibility;
use crate::domain::access::Refusal;
use crate::service::ServiceError;
use crate::web::forms::Complaint;

/// A refusal that can be corrected in the form that was sent.
pub(super) struct Refused {
    /// What gives the answer its status.
    pub(super) error: ServiceError,
    /// What the form says.
    pub(super) complaint: Complaint,
}

/// What is said of a form's refusal. `fields` pairs the word that a message about a field begins with and the name the
/// field has in the form. What no form can correct is returned as it was.
pub(super) fn told(
    form: &'static str,
    fields: &[(&str, &'static str)],
    error: ServiceError,
) -> Result<Refused, ServiceError> {
    let error = match error {
        // 400 is for requests that no form of ours sends.
        ServiceError::Invalid(problem) => ServiceError::Unprocessable(problem),
        error @ (ServiceError::Unprocessable(_)
        | ServiceError::Taken(_)
        | ServiceError::Forbidden(_)
        | ServiceError::Refused { refusal: Refusal::Needs(_), anonymous: false, .. }) => error,
        other => return Err(other),
    };
    let message = error.to_string();
    let message = message.strip_prefix("Forbidden: ").unwrap_or(&message);
    let found = fields.iter().find_map(|(word, field)| {
        let (start, rest) = message.split_at_checked(word.len())?;
        (start.eq_ignore_ascii_case(word) && rest.starts_with(' ')).then(|| (*field, rest.trim_start()))
    });
    let (field, sentence) = match found {
        // Beside the field, its name need not be repeated.
        Some((field, rest)) if begins_with_a_verb(rest) => (field, format!("It {rest}.")),
        Some((field, _)) => (field, sentence(message)),
        None => ("", sentence(message)),
    };
    Ok(Refused { error, complaint: Complaint { form, field, sentence } })
}

fn begins_with_a_verb(text: &str) -> bool {
    matches!(text.split(' ').next(), Some("is" | "has" | "may" | "must" | "cannot"))
}

/// Messages of errors begin in lower case and end without a full stop.
pub(super) fn sentence(message: &str) -> String {
    let mut letters = message.trim_end_matches('.').chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// Refuses unless the name of what goes was typed.
pub(super) fn confirmed(form: &Form, name: &str) -> Result<(), ServiceError> {
    if form.text("confirmation").trim() == name {
        return Ok(());
    }
    Err(ServiceError::Unprocessable(format!("confirmation is not the name: type {name}")))
}

/// The visibility that a form chose.
pub(super) fn visibility(form: &Form, field: &str) -> Result<Visibility, ServiceError> {
    Visibility::from_name(form.text(field))
        .ok_or_else(|| ServiceError::Unprocessable(format!("{field} is not chosen")))
}

/// Whether a box was ticked.
pub(super) fn ticked(form: &Form, field: &str) -> bool {
    form.text(field) == "1"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Role;

    #[test]
    fn refusals_are_told_beside_their_field() {
        let fields = [("name", "name"), ("path", "path"), ("pattern_of_the_api", "pattern")];
        let said = |error| match told("form", &fields, error) {
            Ok(refused) => format!("{}: {}", refused.complaint.field, refused.complaint.sentence),
            Err(other) => format!("page: {other}"),
        };
        let invalid = |text: &str| ServiceError::Invalid(text.to_owned());
        for (error, expected) in [
            (invalid("name is empty: give it a text"), "name: It is empty: give it a text."),
            (invalid("path \"a\" has already been taken"), "path: Path \"a\" has already been taken."),
            (invalid("pattern_of_the_api is not usable"), "pattern: It is not usable."),
            (invalid("names are odd"), ": Names are odd."),
            (invalid("na"), ": Na."),
            (invalid("\u{e9}\u{e9}"), ": \u{c9}\u{e9}."),
            (
                ServiceError::Taken("Name has already been taken".to_owned()),
                "name: It has already been taken.",
            ),
            (ServiceError::Forbidden("this is the last owner"), ": This is the last owner."),
            (
                ServiceError::Refused {
                    refusal: Refusal::Needs(Role::Owner),
                    anonymous: false,
                    subject: "Member",
                },
                ": This needs the role owner or higher.",
            ),
            (ServiceError::hidden(false, "Project"), "page: Project Not Found"),
        ] {
            assert_eq!(said(error), expected);
        }
    }
}
