//! Signing in and out, the password, personal tokens.

use jiff::civil::Date;

use super::cookie::{self, Cookie};
use super::forms::{self, Form};
use super::{Visit, redirect};
use crate::domain::TokenId;
use crate::domain::credential::PersonalScope;
use crate::http::error;
use crate::http::response::Reply;
use crate::service::ServiceError;
use crate::service::error::BadCredential;
use crate::service::tokens::{NewToken, TokenFilter};
use crate::web;
use crate::web::account::{PASSWORD, SignIn, TOKENS, TokenForm, Wrong};
use crate::web::frame::{Csrf, Flash, Viewer};

/// `GET /users/sign_in`. Gives the browser the cookie that its form is tied to.
pub(super) fn sign_in_form(visit: &Visit<'_>) -> Result<Reply, ServiceError> {
    let asked = visit.context.query("redirect_to").unwrap_or_default();
    let redirect_to = redirect::local(&asked).unwrap_or_default();
    if visit.caller().user().is_some() {
        return Ok(Visit::lead_to(redirect_to));
    }
    let form = SignIn { redirect_to, ..SignIn::default() };
    if visit.secret.is_some() {
        return Ok(web::account::sign_in(&visit.viewer(), form).into());
    }
    let secret = cookie::draw()?;
    let viewer = Viewer { csrf: Csrf(forms::token(&secret)), ..visit.viewer() };
    let mut reply = web::account::sign_in(&viewer, form).into();
    Cookie::Visitor.set(&mut reply, &secret, visit.secure);
    Ok(reply)
}

/// `POST /users/sign_in`.
pub(super) async fn sign_in(visit: &Visit<'_>, form: &Form) -> Result<Reply, ServiceError> {
    // Phones end a word that they complete with a blank.
    let username = form.text("username").trim();
    let redirect_to = redirect::local(form.text("redirect_to")).unwrap_or_default();
    let former = visit.caller().session().copied();
    let begun =
        visit.registry().begin_session(visit.address(), username, form.secret("password"), former).await;
    let refused = match begun {
        Ok(secret) => {
            let mut reply = Visit::lead_to(redirect_to);
            Cookie::Session.set(&mut reply, &secret, visit.secure);
            Cookie::Visitor.clear(&mut reply, visit.secure);
            return Ok(reply);
        }
        Err(refused) => refused,
    };
    let problem = match &refused {
        ServiceError::Unauthenticated(BadCredential::Blocked) => {
            "This user is blocked: ask an administrator".to_owned()
        }
        ServiceError::Unauthenticated(_) => "User name or password is wrong".to_owned(),
        ServiceError::Throttled(_) => {
            visit.context.app.metrics.sign_in_throttled();
            format!("Not checked: {refused}")
        }
        ServiceError::Unavailable(_) | ServiceError::Crowded(_) => format!("Not checked: {refused}"),
        _ => return Err(refused),
    };
    let again = SignIn { redirect_to, username, problem: Some(&problem) };
    Ok(error::page(&refused, web::account::sign_in(&visit.viewer(), again)))
}

/// `POST /users/sign_out`.
pub(super) async fn sign_out(visit: &Visit<'_>) -> Result<Reply, ServiceError> {
    visit.registry().end_session(visit.caller()).await?;
    let mut reply = Visit::lead_to("/");
    Cookie::Session.clear(&mut reply, visit.secure);
    Ok(reply)
}

/// `GET /-/user_settings/password`.
pub(super) fn password_form(visit: &Visit<'_>) -> Result<Reply, ServiceError> {
    visit.require_user()?;
    Ok(web::account::password(&visit.viewer(), None).into())
}

/// `POST /-/user_settings/password`.
pub(super) async fn change_password(visit: &Visit<'_>, form: &Form) -> Result<Reply, ServiceError> {
    visit.require_user()?;
    let again = |refused: &ServiceError, wrong: Wrong<'_>| {
        error::page(refused, web::account::password(&visit.viewer(), wrong))
    };
    if form.text("new_password") != form.text("password_confirmation") {
        let problem = "The two passwords differ.";
        let differ = ServiceError::Unprocessable(problem.to_owned());
        return Ok(again(&differ, Some(("password_confirmation", problem))));
    }
    let (present, new) = (form.secret("current_password"), form.secret("new_password"));
    match visit.registry().change_own_password(visit.caller(), visit.address(), present, new).await {
        Ok(secret) => {
            visit.context.app.flashes.put(
                &secret,
                Flash::done("Your password was changed. You were signed out everywhere else."),
                visit.registry().now(),
            );
            let mut reply = Visit::lead_to(PASSWORD);
            Cookie::Session.set(&mut reply, &secret, visit.secure);
            Ok(reply)
        }
        Err(refused @ ServiceError::Unauthenticated(BadCredential::Password)) => {
            Ok(again(&refused, Some(("current_password", "This is not your present password."))))
        }
        Err(ServiceError::Invalid(problem)) => {
            let refused = ServiceError::Unprocessable(problem.clone());
            Ok(again(&refused, Some(("new_password", &problem))))
        }
        Err(refused) => Err(refused),
    }
}

/// `GET /-/user_settings/personal_access_tokens`.
pub(super) async fn tokens(visit: &Visit<'_>) -> Result<Reply, ServiceError> {
    visit.require_user()?;
    let form = TokenForm { scopes: vec![PersonalScope::ReadApi], ..TokenForm::default() };
    list(visit, &form).await
}

async fn list(visit: &Visit<'_>, form: &TokenForm<'_>) -> Result<Reply, ServiceError> {
    let user = visit.caller().user().map(|user| user.id);
    let filter = TokenFilter { user, ..TokenFilter::default() };
    let mut tokens = visit.registry().personal_tokens(visit.caller(), filter).await?;
    tokens.reverse();
    let mut reply = Reply::from(web::account::tokens(&visit.viewer(), &tokens, form));
    // It may show a secret: not even the browser's own cache keeps it.
    reply.headers_mut().remove(hyper::header::CACHE_CONTROL);
    Ok(reply)
}

/// `POST /-/user_settings/personal_access_tokens`.
pub(super) async fn create_token(visit: &Visit<'_>, form: &Form) -> Result<Reply, ServiceError> {
    visit.require_user()?;
    let username = visit.caller().user().map(|user| user.username.to_string()).unwrap_or_default();
    let (name, day) = (form.text("name"), form.text("expires_at"));
    let scopes: Vec<PersonalScope> = form.all("scopes").filter_map(PersonalScope::from_name).collect();
    let field = |problem: &str| match problem {
        _ if problem.starts_with("expires_at") => "expires_at",
        _ if problem.starts_with("scopes") => "scopes",
        _ => "name",
    };
    let expires_at = match day {
        "" => Ok(None),
        day => day.parse::<Date>().map(Some),
    };
    let created = match expires_at {
        Ok(expires_at) => {
            let new = NewToken { name: name.to_owned(), scopes: scopes.clone(), expires_at };
            visit.registry().create_personal_token(visit.caller(), &username, new).await
        }
        Err(_not_a_day) => Err(ServiceError::Invalid("expires_at is not a day (2026-12-31)".to_owned())),
    };
    match created {
        Ok(issued) => {
            tracing::info!(
                token = issued.token.id.0,
                by = visit.caller().label(),
                "created a personal token"
            );
            let text =
                format!("The token “{}” was created. Copy it now: it is not shown again.", issued.token.name);
            visit.say(Flash::done(text).with_secret("Your new token", issued.secret));
            Ok(Visit::lead_to(TOKENS))
        }
        Err(ServiceError::Invalid(problem)) => {
            let wrong = Some((field(&problem), problem.as_str()));
            let again = TokenForm { name, expires_at: day, scopes, wrong };
            let refused = ServiceError::Unprocessable(problem.clone());
            Ok(error::restated(&refused, list(visit, &again).await?))
        }
        Err(refused) => Err(refused),
    }
}

/// `POST /-/user_settings/personal_access_tokens/:id/revoke`.
pub(super) async fn revoke_token(visit: &Visit<'_>, id: &str) -> Result<Reply, ServiceError> {
    visit.require_user()?;
    let id = id.parse().map(TokenId).map_err(|_not_a_number| super::nothing_here(visit))?;
    visit.registry().revoke_personal_token(visit.caller(), id).await?;
    tracing::info!(token = id.0, by = visit.caller().label(), "revoked a personal token");
    visit.say(Flash::done("The token was revoked."));
    Ok(Visit::lead_to(TOKENS))
}
