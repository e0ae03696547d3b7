//! Forms: nobody else can have a browser send one, and nothing leads a browser away.

use serde_json::json;

use crate::support::browser::{Browser, token_in};
use crate::support::server::Server;
use crate::support::world::World;
use crate::{PASSWORD, ada, is_signed_in, with_ada};

const TOKENS: &str = "/-/user_settings/personal_access_tokens";

#[test]
fn a_form_without_the_token_of_this_browser_is_refused() {
    let (world, browser) = ada();
    let own = token_in(&browser.page(TOKENS).text());
    let foreign = token_in(&Browser::of(world.anonymous(), "ada", PASSWORD).page(TOKENS).text());
    let visitors = token_in(&Browser::new(world.anonymous()).page("/users/sign_in").text());
    let fields = [("name", "laptop"), ("scopes", "api")];
    for (situation, token) in [
        ("none", ""),
        ("of another session of the same user", foreign.as_str()),
        ("of a visitor", visitors.as_str()),
        ("cut", &own[..own.len() - 1]),
        ("not base64", "%%%"),
        ("the session's own secret", &browser.cookie("cairn-session").unwrap()),
    ] {
        for (action, fields) in [(TOKENS, &fields[..]), ("/users/sign_out", &[])] {
            let refused = browser.post(action, token, fields);
            assert_eq!(refused.status, 403, "{situation}: {action}");
            assert!(refused.text().contains("Not allowed"), "{situation}");
        }
    }
    assert!(is_signed_in(&browser));
    let made = || world.root().get("/api/v4/personal_access_tokens?search=laptop").must(200).json();
    assert_eq!(made(), json!([]));
    browser.post(TOKENS, &own, &fields).must(303);
    assert_eq!(made()[0]["name"], "laptop");
}

#[test]
fn a_form_from_another_site_is_refused_even_with_the_token() {
    let (_world, browser) = ada();
    let token = token_in(&browser.page(TOKENS).text());
    for (header, value) in [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", "none"),
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
    ] {
        let refused = browser.post_with(&[(header, value)], "/users/sign_out", &token, &[]);
        assert_eq!(refused.status, 403, "{header}: {value}");
    }
    assert!(is_signed_in(&browser));
    browser.post_with(&[("Sec-Fetch-Site", "same-origin")], "/users/sign_out", &token, &[]).must(303);
}

#[test]
fn nobody_can_be_signed_in_as_somebody_else_by_another_site() {
    let world = with_ada(World::start());
    let fields = [("username", "ada"), ("password", PASSWORD)];
    let attackers = token_in(&Browser::new(world.anonymous()).page("/users/sign_in").text());
    let victim = Browser::new(world.anonymous());
    victim.post("/users/sign_in", &attackers, &fields).must(403);
    victim.page("/users/sign_in");
    victim.post("/users/sign_in", &attackers, &fields).must(403);
    assert!(!is_signed_in(&victim));
}

#[test]
fn forms_are_small_and_of_one_kind() {
    let (world, browser) = ada();
    let token = token_in(&browser.page(TOKENS).text());
    let long = "x".repeat(300_000);
    browser.post(TOKENS, &token, &[("name", &long)]).must(400);
    let cookie = format!("cairn-session={}", browser.cookie("cairn-session").unwrap());
    let client = world.anonymous().with("Cookie", &cookie).with("Content-Type", "text/plain");
    client.request("POST", TOKENS, Some(format!("authenticity_token={token}&name=x").as_bytes())).must(400);
}

#[test]
fn after_a_sign_in_one_goes_on_within_this_site_only() {
    let world = with_ada(World::start());
    for (asked, expected) in [
        ("/acme/network", "/acme/network"),
        ("/acme?x=1&y=a%2Fb", "/acme?x=1&y=a%2Fb"),
        ("", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\/evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\t/evil.example", "/"),
        ("/\r\nSet-Cookie: a=b", "/"),
        (" /acme", "/"),
        ("evil", "/"),
    ] {
        let browser = Browser::new(world.anonymous());
        let fields = [("username", "ada"), ("password", PASSWORD), ("redirect_to", asked)];
        let answer = browser.submit("/users/sign_in", "/users/sign_in", &fields).must(303);
        assert_eq!(answer.header("location"), Some(expected), "{asked:?}");
        assert_eq!(answer.headers.iter().filter(|(name, _)| name == "set-cookie").count(), 2, "{asked:?}");
    }
    let browser = Browser::new(world.anonymous());
    let evil = browser.page("/users/sign_in?redirect_to=%2F%2Fevil.example").text();
    assert!(!evil.contains("evil.example"), "{evil}");
    let good = browser.page("/users/sign_in?redirect_to=%2Facme%22%3E").text();
    assert!(good.contains("name=\"redirect_to\" value=\"/acme&quot;&gt;\""), "{good}");
}

#[test]
fn a_page_for_users_leads_to_the_sign_in_form_and_back() {
    let world = with_ada(World::start());
    let browser = Browser::new(world.anonymous());
    let asked = browser.get(TOKENS).must(303);
    let form = asked.header("location").unwrap().to_owned();
    assert_eq!(form, "/users/sign_in?redirect_to=%2F-%2Fuser_settings%2Fpersonal_access_tokens");
    let fields = [("username", "ada"), ("password", PASSWORD), ("redirect_to", TOKENS)];
    let answer = browser.submit(&form, "/users/sign_in", &fields).must(303);
    assert_eq!(answer.header("location"), Some(TOKENS));
    let again = browser.get("/users/sign_in?redirect_to=/acme").must(303);
    assert_eq!(again.header("location"), Some("/acme"), "who has signed in need not do it again");
}

#[test]
fn guessing_passwords_is_throttled_with_a_page_that_says_how_long() {
    let world = with_ada(World::on(Server::builder()));
    let browser = Browser::new(world.anonymous());
    for _ in 0..10 {
        let refused = browser.sign_in("ada", "wrong password").must(422);
        assert!(refused.text().contains("User name or password is wrong"));
        assert!(refused.text().contains("value=\"ada\""), "what was typed is still there");
        assert!(!refused.text().contains("wrong password\""), "the password is not");
    }
    let throttled = browser.sign_in("ada", PASSWORD).must(429);
    assert!(throttled.header("retry-after").unwrap().parse::<u64>().unwrap() > 500);
    assert!(throttled.text().contains("try again in"), "{}", throttled.text());
}
