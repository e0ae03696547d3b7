//! Errors as pages: their status, what they say and what they keep to themselves, and the headers of every page.

use cairn::domain::Visibility;
use serde_json::json;

use crate::ada;
use crate::support::browser::{Browser, must_be_well_formed};
use crate::support::client::Response;
use crate::support::world::World;

/// Fails the test unless it is a page with everything that protects it.
#[track_caller]
fn must_be_a_page(answer: &Response) {
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{answer:?}");
    must_be_well_formed(&answer.text());
    let policy = answer.header("content-security-policy").unwrap();
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
    assert!(answer.header("cache-control").unwrap().contains("no-"), "{answer:?}");
    let text = answer.text();
    assert!(!text.contains("<style") && !text.contains(" style=") && !text.contains("onclick"), "{text}");
    assert!(!text.contains("<script>"), "no inline script");
}

#[test]
fn every_page_is_protected() {
    let (world, browser) = ada();
    let visitor = Browser::new(world.anonymous());
    for page in ["/", "/users/sign_in"] {
        must_be_a_page(&visitor.get(page).must(200));
    }
    for page in ["/", "/-/user_settings/password", "/-/user_settings/personal_access_tokens"] {
        must_be_a_page(&browser.get(page).must(200));
    }
}

#[test]
fn what_is_not_there_and_what_may_not_be_seen_are_the_same_page() {
    let (world, browser) = ada();
    world.group_with("secret", Visibility::Private, &json!({}));
    world.project("secret/plans");
    let text = |browser: &Browser, path: &str| {
        let answer = browser.get(path).must(404);
        must_be_a_page(&answer);
        let name = path.split('/').next_back().unwrap();
        answer.text().replace(&path.replace('/', "%2F"), "PATH").replace(name, "NAME")
    };
    for browser in [&browser, &Browser::new(world.anonymous())] {
        for (there, nowhere) in [("/secret", "/nobody"), ("/secret/plans", "/secret/ideas")] {
            assert_eq!(text(browser, there), text(browser, nowhere), "{there}");
        }
    }
    let page = Browser::new(world.anonymous()).get("/secret/plans").text();
    assert!(page.contains("/users/sign_in?redirect_to=%2Fsecret%2Fplans"), "{page}");
}

#[test]
fn hostile_paths_are_not_repeated() {
    let world = World::start();
    for path in [
        "/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/a/%22%3E%3Cimg%20src=x%3E",
        "/acme/%00",
        "/acme/..%2F..",
        "/a%2Fb",
    ] {
        let answer = world.anonymous().get(path).must(404);
        must_be_a_page(&answer);
        assert!(!answer.text().contains("<img src=x") && !answer.text().contains("<script>alert"), "{path}");
    }
}

#[test]
fn the_api_answers_in_json_as_ever() {
    let world = World::start();
    for path in [
        "/api/v4/nothing",
        "/api",
        "/v1/nothing",
        "/v2/x",
        "/-/nothing",
        "/oauth/x",
        "/.well-known/x",
        "/assets/x",
        "//x",
    ] {
        let answer = world.anonymous().get(path).must(404);
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
        assert_eq!(answer.json(), json!({ "error": "404 Not Found" }), "{path}");
    }
}

#[test]
fn a_method_that_a_page_does_not_take_is_a_page_too() {
    let world = World::start();
    for (method, path, allow) in [
        ("PUT", "/", "GET, HEAD"),
        ("GET", "/users/sign_out", "POST"),
        ("DELETE", "/acme/network", "GET, HEAD"),
    ] {
        let answer = world.anonymous().request(method, path, None).must(405);
        must_be_a_page(&answer);
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
}

#[test]
fn a_form_whose_session_is_over_is_told_to_sign_in() {
    let (world, browser) = ada();
    let token = crate::support::browser::token_in(&browser.page("/").text());
    browser.post("/users/sign_out", &token, &[]).must(303);
    let refused = browser.post("/-/user_settings/personal_access_tokens", &token, &[("name", "x")]);
    must_be_a_page(&refused.clone().must(403));
    assert!(refused.text().contains(">Sign in<"));
    let visitor = Browser::new(world.anonymous());
    let visitors = crate::support::browser::token_in(&visitor.page("/users/sign_in").text());
    let refused =
        visitor.post("/-/user_settings/personal_access_tokens", &visitors, &[("name", "x")]).must(401);
    must_be_a_page(&refused);
    let scheme = refused.header("www-authenticate").unwrap();
    assert!(!scheme.contains("Basic"), "a browser would open its own dialog");
}

#[test]
fn with_the_registry_off_the_pages_say_so() {
    let (world, browser) = ada();
    world.settings(&json!({ "packages_enabled": false }));
    for browser in [&browser, &Browser::new(world.anonymous())] {
        let page = browser.page("/").must(200).text();
        assert!(page.contains("switched off on this server"), "{page}");
        assert!(!page.contains("role=\"search\""), "its search is gone");
    }
    must_be_a_page(&browser.get("/acme/network/-/package_files/1/download").must(404));
}
