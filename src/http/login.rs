//! The authorization endpoint of `terraform login`: a question on a page, its answer from a form, a code to a program
//! on the same machine (RFC 6749, section 4.1; RFC 8252).
//!
//! There is no session and no cookie. The form carries the password, so a request that another site makes has no
//! authority of the person who is made to send it; and nothing is sent to an address that was not checked.

use std::net::{IpAddr, Ipv4Addr};

use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, LOCATION};
use hyper::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded;

use super::error;
use super::request::{Context, RequestBody, small_body};
use super::response::{Reply, empty};
use crate::domain::authorization::{Asked, Authorization, Redirect};
use crate::service::ServiceError;
use crate::service::error::{BadCredential, InternalError};
use crate::web::Page;
use crate::web::login::{Question, denied, question};

/// `GET` and `POST /oauth/authorize`.
pub(super) async fn authorize(context: &Context<'_>, body: &mut RequestBody) -> Result<Reply, ServiceError> {
    if context.head.method == Method::POST {
        return decide(context, body).await;
    }
    let query = context.head.uri.query().unwrap_or_default();
    let request = Parameters::parse(query.as_bytes()).authorization()?;
    Ok(ask(context, &request, "", None))
}

/// The answer of a person. Only the body counts: what stands in a URL is kept by browsers and proxies.
async fn decide(context: &Context<'_>, body: &mut RequestBody) -> Result<Reply, ServiceError> {
    let limits = &context.app.limits;
    let bytes = small_body(body, limits.body_bytes, limits.body_chunk).await?;
    let declared = context.head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = declared.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(invalid("the content type must be application/x-www-form-urlencoded".to_owned()));
    }
    let given = Parameters::parse(&bytes);
    let request = given.authorization()?;
    match given.one("decision")? {
        "allow" => allow(context, &given, &request).await,
        "deny" => Ok(unkept(denied().into())),
        _ => Err(invalid("decision must be allow or deny".to_owned())),
    }
}

async fn allow(
    context: &Context<'_>,
    given: &Parameters,
    request: &Authorization,
) -> Result<Reply, ServiceError> {
    // Phones end a word that they complete with a blank.
    let username = given.one("username")?.trim();
    let password = SecretString::from(given.one("password")?);
    let address = context.client.address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let refused = match context.registry().allow_login(address, username, password, request).await {
        Ok(code) => return answer(request, &code),
        Err(refused) => refused,
    };
    let problem = match &refused {
        ServiceError::Unauthenticated(BadCredential::Blocked) => {
            "This user is blocked: ask an administrator".to_owned()
        }
        ServiceError::Unauthenticated(_) => "User name or password is wrong".to_owned(),
        ServiceError::Throttled(_) => {
            context.app.metrics.sign_in_throttled();
            format!("Not checked: {refused}")
        }
        ServiceError::Unavailable(_) | ServiceError::Crowded(_) => format!("Not checked: {refused}"),
        _ => return Err(refused),
    };
    let asked = ask(context, request, username, Some((&refused, &problem)));
    Ok(asked)
}

/// The page with the question; again, when there was something wrong with its answer.
fn ask(
    context: &Context<'_>,
    request: &Authorization,
    username: &str,
    problem: Option<(&ServiceError, &str)>,
) -> Reply {
    let page: Page = question(&Question {
        request,
        until: context.registry().login_token_end(),
        username,
        problem: problem.map(|(_, text)| text),
    });
    let mut reply = match problem {
        None => page.into(),
        Some((error, _)) => error::page(error, page),
    };
    if let Ok(policy) = HeaderValue::from_str(&policy(request.redirect())) {
        reply.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    unkept(reply)
}

/// As for every page, and the form may lead to the checked address: browsers apply `form-action` to the redirect that
/// answers a form, too. It cannot name an IPv6 address (CSP 3, `host-source`), so for that one the scheme must do.
fn policy(redirect: &Redirect) -> String {
    let origin = redirect.origin();
    let target = if origin.contains('[') { "http:" } else { origin };
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' {target}; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Sends the browser to the program with the code. 303, so that no browser sends the form there (RFC 9700, 4.12).
fn answer(request: &Authorization, code: &SecretString) -> Result<Reply, ServiceError> {
    let answer = form_urlencoded::Serializer::new(String::new())
        .append_pair("code", code.expose_secret())
        .append_pair("state", request.state())
        .finish();
    let target = HeaderValue::from_str(&format!("{}?{answer}", request.redirect()));
    let mut target = target.map_err(|_never| {
        ServiceError::Internal(InternalError::Other("a checked redirect does not fit into a header"))
    })?;
    target.set_sensitive(true);
    let mut reply = empty(StatusCode::SEE_OTHER);
    reply.headers_mut().insert(LOCATION, target);
    Ok(unkept(reply))
}

/// For no cache, not even the browser's own.
fn unkept(mut reply: Reply) -> Reply {
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

fn invalid(problem: String) -> ServiceError {
    ServiceError::Invalid(problem)
}

/// Named values of a query or a form. A password may be among them, so it has no `Debug`.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn parse(bytes: &[u8]) -> Self {
        let owned =
            form_urlencoded::parse(bytes).map(|(name, value)| (name.into_owned(), value.into_owned()));
        Self(owned.collect())
    }

    /// The value of a parameter. None may come twice (RFC 6749, 3.1): two readers could take different ones.
    fn one(&self, name: &'static str) -> Result<&str, ServiceError> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let value = values.next().ok_or_else(|| invalid(format!("{name} is missing")))?;
        match values.next() {
            None => Ok(value),
            Some(_) => Err(invalid(format!("{name} is given twice"))),
        }
    }

    fn authorization(&self) -> Result<Authorization, ServiceError> {
        let asked = Asked {
            client_id: self.one("client_id")?,
            response_type: self.one("response_type")?,
            redirect_uri: self.one("redirect_uri")?,
            code_challenge: self.one("code_challenge")?,
            code_challenge_method: self.one("code_challenge_method")?,
            state: self.one("state")?,
        };
        Authorization::parse(asked).map_err(|problem| invalid(problem.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_given_once() {
        let given = Parameters::parse(b"a=1&b=x%20y+z&c=&a=2");
        assert_eq!(given.one("b").unwrap(), "x y z");
        assert_eq!(given.one("c").unwrap(), "");
        assert_eq!(given.one("a").unwrap_err().to_string(), "a is given twice");
        assert_eq!(given.one("d").unwrap_err().to_string(), "d is missing");
    }

    #[test]
    fn the_form_may_lead_to_the_checked_address_and_nowhere_else() {
        for (redirect, expected) in [
            ("http://localhost:10003/login", "form-action 'self' http://localhost:10003;"),
            ("http://127.0.0.1:10003/a;b", "form-action 'self' http://127.0.0.1:10003;"),
            ("http://[::1]:10003/login", "form-action 'self' http:;"),
        ] {
            let policy = policy(&redirect.parse().unwrap());
            assert!(policy.contains(expected), "{policy}");
        }
    }
}
