//! A browser as far as the pages need one: it keeps cookies, sends forms with the token of their page, follows redirects,
//! and fails the test when a page is not well-formed.

use std::cell::RefCell;
use std::collections::BTreeMap;

use url::form_urlencoded;

use super::client::{Client, Response};

/// A browser with cookies of its own.
#[derive(Debug)]
pub(crate) struct Browser {
    client: Client,
    cookies: RefCell<BTreeMap<String, String>>,
}

impl Browser {
    /// A browser that knows nothing yet.
    pub(crate) fn new(client: Client) -> Self {
        Self { client, cookies: RefCell::default() }
    }

    /// A browser of somebody who has signed in.
    pub(crate) fn of(client: Client, username: &str, password: &str) -> Self {
        let browser = Self::new(client);
        browser.sign_in(username, password).must(303);
        browser
    }

    /// The value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    /// Sets a cookie, as somebody else might.
    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
    }

    /// `GET`, without following redirects.
    pub(crate) fn get(&self, target: &str) -> Response {
        self.request(&self.client, "GET", target, None)
    }

    /// A page: `GET`, redirects followed.
    #[track_caller]
    pub(crate) fn page(&self, target: &str) -> Response {
        let mut answer = self.get(target);
        for _ in 0..5 {
            let Some(next) = answer.header("location").map(str::to_owned) else { break };
            answer = self.get(&next);
        }
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{answer:?}");
        must_be_well_formed(&answer.text());
        answer
    }

    /// Sends a form as the page at `from` holds it: with its token and these fields.
    pub(crate) fn submit(&self, from: &str, action: &str, fields: &[(&str, &str)]) -> Response {
        let token = token_in(&self.page(from).text());
        self.post(action, &token, fields)
    }

    /// Sends a form with some token.
    pub(crate) fn post(&self, action: &str, token: &str, fields: &[(&str, &str)]) -> Response {
        self.post_with(&[], action, token, fields)
    }

    /// The same with more headers.
    pub(crate) fn post_with(
        &self,
        headers: &[(&str, &str)],
        action: &str,
        token: &str,
        fields: &[(&str, &str)],
    ) -> Response {
        let mut form = form_urlencoded::Serializer::new(String::new());
        let form = form.append_pair("authenticity_token", token).extend_pairs(fields).finish();
        let client = self.client.with("Content-Type", "application/x-www-form-urlencoded");
        let client = headers.iter().fold(client, |client, (name, value)| client.with(name, value));
        self.request(&client, "POST", action, Some(form.as_bytes()))
    }

    /// Signs in through the form.
    pub(crate) fn sign_in(&self, username: &str, password: &str) -> Response {
        self.submit("/users/sign_in", "/users/sign_in", &[("username", username), ("password", password)])
    }

    fn request(&self, client: &Client, method: &str, target: &str, body: Option<&[u8]>) -> Response {
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let client =
            if cookies.is_empty() { client.clone() } else { client.with("Cookie", &cookies.join("; ")) };
        let answer = client.request(method, target, body);
        for line in set_cookies(&answer) {
            let (pair, attributes) = line.split_once(';').unwrap_or((&line, ""));
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.borrow_mut().remove(name);
            } else {
                self.set_cookie(name, value);
            }
        }
        answer
    }
}

/// The `Set-Cookie` headers of an answer.
pub(crate) fn set_cookies(answer: &Response) -> Vec<String> {
    let found = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    found.map(|(_, value)| value.clone()).collect()
}

/// The token of the forms of a page.
#[track_caller]
pub(crate) fn token_in(html: &str) -> String {
    let (_, rest) = html.split_once("name=\"authenticity_token\" value=\"").expect("a form with a token");
    rest.split('"').next().unwrap().to_owned()
}

/// Fails the test unless every element is closed by its own end tag, in order.
#[track_caller]
pub(crate) fn must_be_well_formed(html: &str) {
    const VOID: &[&str] = &["meta", "link", "input", "img", "br", "hr", "path"];
    let mut open: Vec<&str> = Vec::new();
    let rest = html.strip_prefix("<!DOCTYPE html>").expect("a doctype");
    for piece in rest.split('<').skip(1) {
        let (tag, text) =
            piece.split_once('>').unwrap_or_else(|| panic!("a tag that is not closed: {piece}"));
        assert!(!text.contains('>'), "a > that is not escaped: {text}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closed in another order, before: {text}");
        } else {
            let name = tag.split([' ', '/']).next().unwrap();
            assert_eq!(tag.matches('"').count() % 2, 0, "quotes in {tag}");
            if !VOID.contains(&name) {
                open.push(name);
            }
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
}
