//! Users, as administrators make and change them.

use super::super::{Visit, nothing_here};
use crate::domain::identity::User;
use crate::domain::{RootPath, UserId};
use crate::http::error;
use crate::http::pages::complaints::{self, confirmed, ticked};
use crate::http::pages::forms::Form;
use crate::http::pages::lists::Listing;
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::service::identity::{NewUser, UserChange, UserFilter};
use crate::web::Page;
use crate::web::admin::users::{Among, OneUser, Values};
use crate::web::admin::{USERS, users as pages};
use crate::web::forms::Complaint;
use crate::web::frame::Flash;

/// The words that messages about fields begin with, and the fields.
const FIELDS: &[(&str, &str)] = &[
    ("username", "username"),
    // A user name is judged as the path of its namespace.
    ("path", "username"),
    ("name", "name"),
    ("email", "email"),
    ("password", "password"),
    ("confirmation", "confirmation"),
];

/// The forms of a user's page, which are the ids of their sections too.
const FORMS: &[&str] = &["profile", "password", "block", "unblock", "delete"];

/// `GET /admin/users`.
pub(super) async fn list(visit: &Visit<'_>) -> Result<Reply, ServiceError> {
    let listing = Listing::asked(visit);
    let asked = visit.context.query("filter").unwrap_or_default();
    let among = Among::ALL.into_iter().find(|among| among.as_str() == asked).unwrap_or_default();
    let filter = UserFilter {
        search: listing.words(),
        username: None,
        blocked: (among == Among::Blocked).then_some(true),
        admins: among == Among::Administrators,
    };
    let mut users = visit.registry().users(visit.caller(), filter).await?;
    users.sort_by_cached_key(|user| user.username.key());
    let shown = pages::list(
        &visit.viewer(),
        listing.slice(&users),
        listing.pages(users.len()),
        &listing.search,
        among,
    );
    Ok(shown.into())
}

/// `GET /admin/users/new`.
pub(super) fn new_form(visit: &Visit<'_>) -> Reply {
    let values = Values { can_create_group: true, ..Values::default() };
    pages::new(&visit.viewer(), &values, None).into()
}

/// `POST /admin/users`.
pub(super) async fn create(visit: &Visit<'_>, form: &Form) -> Result<Reply, ServiceError> {
    let mut values = Values::default();
    values.take(form);
    let created = match username(&values) {
        Ok(username) => {
            let password = Some(form.secret("password")).filter(|_| !form.text("password").is_empty());
            let new = NewUser {
                username,
                name: values.name.clone(),
                email: values.email.clone(),
                password,
                admin: values.admin,
                can_create_group: values.can_create_group,
            };
            visit.registry().create_user(visit.caller(), new).await
        }
        Err(refused) => Err(refused),
    };
    match created {
        Ok(user) => {
            tracing::info!(user = %user.username, by = visit.caller().label(), "created a user");
            visit.say(Flash::done(format!("The user {} was created.", user.username)));
            Ok(Visit::lead_to(&page_of(user.id)))
        }
        Err(refused) => {
            let refused = complaints::told("new", FIELDS, refused)?;
            let page = pages::new(&visit.viewer(), &values, Some(&refused.complaint));
            Ok(error::page(&refused.error, page))
        }
    }
}

/// `GET /admin/users/:id`.
pub(super) async fn one(visit: &Visit<'_>, id: &str) -> Result<Reply, ServiceError> {
    let user = known(visit, id)?;
    Ok(page(visit, &user, &stored(&user), None).await?.into())
}

/// `POST /admin/users/:id/:form`.
pub(super) async fn change(
    visit: &Visit<'_>,
    id: &str,
    action: &str,
    form: &Form,
) -> Result<Reply, ServiceError> {
    let user = known(visit, id)?;
    let Some(action) = FORMS.iter().copied().find(|known| *known == action) else {
        return Err(nothing_here(visit));
    };
    let refused = match perform(visit, &user, action, form).await {
        Ok((next, said)) => {
            tracing::info!(user = %user.username, action, by = visit.caller().label(), "changed a user");
            visit.say(Flash::done(said));
            return Ok(Visit::lead_to(&next));
        }
        Err(refused) => complaints::told(action, FIELDS, refused)?,
    };
    let mut values = stored(&user);
    match action {
        "profile" => values.take(form),
        "delete" => form.text("confirmation").clone_into(&mut values.confirmation),
        _ => {}
    }
    let page = page(visit, &user, &values, Some(&refused.complaint)).await?;
    Ok(error::page(&refused.error, page))
}

/// Does it. Returns where to go then, and what to say there.
async fn perform(
    visit: &Visit<'_>,
    user: &User,
    action: &str,
    form: &Form,
) -> Result<(String, String), ServiceError> {
    let (registry, caller, id) = (visit.registry(), visit.caller(), user.id.to_string());
    let said = match action {
        "profile" => {
            let mut values = Values::default();
            values.take(form);
            let wanted = UserChange {
                username: Some(username(&values)?),
                name: Some(values.name),
                email: Some(values.email),
                password: None,
                admin: Some(values.admin),
                can_create_group: Some(values.can_create_group),
            };
            registry.update_user(caller, &id, wanted).await?;
            "The user was saved.".to_owned()
        }
        "password" => {
            let wanted = UserChange { password: Some(form.secret("password")), ..UserChange::default() };
            registry.update_user(caller, &id, wanted).await?;
            format!("The password of {} was set.", user.username)
        }
        "block" | "unblock" => {
            registry.set_blocked(caller, &id, action == "block").await?;
            format!("{} was {action}ed.", user.username)
        }
        _ => {
            confirmed(form, user.username.as_str())?;
            registry.delete_user(caller, &id).await?;
            return Ok((USERS.to_owned(), format!("The user {} was deleted.", user.username)));
        }
    };
    Ok((page_of(user.id), said))
}

fn page_of(id: UserId) -> String {
    format!("{USERS}/{id}")
}

/// The user of a number. Names are not looked at: pages of users keep their URL when these change.
fn known(visit: &Visit<'_>, id: &str) -> Result<User, ServiceError> {
    let id: u64 = id.parse().map_err(|_not_a_number| nothing_here(visit))?;
    visit.registry().user(visit.caller(), &id.to_string())
}

async fn page(
    visit: &Visit<'_>,
    user: &User,
    values: &Values,
    complaint: Option<&Complaint>,
) -> Result<Page, ServiceError> {
    let holdings = visit.registry().holdings_of_user(visit.caller(), &user.id.to_string()).await?;
    let is_self = visit.caller().user().is_some_and(|own| own.id == user.id);
    Ok(OneUser { user, is_self, values, holdings, complaint }.page(&visit.viewer()))
}

fn stored(user: &User) -> Values {
    Values {
        username: user.username.to_string(),
        name: user.name.clone(),
        email: user.email.clone(),
        admin: user.admin,
        can_create_group: user.can_create_group,
        confirmation: String::new(),
    }
}

fn username(values: &Values) -> Result<RootPath, ServiceError> {
    Ok(values.username.parse::<RootPath>()?)
}

impl Values {
    /// Takes what was typed.
    fn take(&mut self, form: &Form) {
        let text = |name| form.text(name).trim().to_owned();
        (self.username, self.name, self.email) = (text("username"), text("name"), text("email"));
        (self.admin, self.can_create_group) = (ticked(form, "admin"), ticked(form, "can_create_group"));
    }
}
