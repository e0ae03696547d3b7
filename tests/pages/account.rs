//! One's own pages: tokens and the password.

use crate::support::browser::Browser;
use crate::{PASSWORD, ada};

const TOKENS: &str = "/-/user_settings/personal_access_tokens";
const PASSWORD_PAGE: &str = "/-/user_settings/password";

/// The secret that a page shows.
fn shown_secret(page: &str) -> Option<String> {
    let (_, rest) = page.split_once("<code>cairn_pat_")?;
    Some(format!("cairn_pat_{}", rest.split('<').next().unwrap()))
}

#[test]
fn a_token_is_made_shown_once_used_and_revoked() {
    let (world, browser) = ada();
    let fields = [("name", "<b>laptop</b>"), ("scopes", "api"), ("expires_at", "2999-12-31")];
    let made = browser.submit(TOKENS, TOKENS, &fields).must(303);
    assert_eq!(made.header("location"), Some(TOKENS));
    let page = browser.page(TOKENS).must(200);
    assert_eq!(page.header("cache-control"), Some("private, no-store"));
    let secret = shown_secret(&page.text()).expect("it is shown");
    assert!(page.text().contains("&lt;b&gt;laptop&lt;/b&gt;") && !page.text().contains("<b>laptop"));
    assert!(page.text().contains("2999-12-31"));
    assert_eq!(shown_secret(&browser.page(TOKENS).text()), None, "once");
    let client = world.anonymous().token(&secret);
    let id = client.get("/api/v4/personal_access_tokens/self").must(200).json()["id"].clone();
    browser.submit(TOKENS, &format!("{TOKENS}/{id}/revoke"), &[]).must(303);
    assert!(browser.page(TOKENS).text().contains("The token was revoked"));
    client.get("/api/v4/user").must(401);
}

#[test]
fn a_token_that_cannot_be_made_is_explained_beside_its_field() {
    let (_world, browser) = ada();
    for (fields, field, words) in [
        (vec![("name", ""), ("scopes", "api")], "name-problem", "empty"),
        (vec![("name", "password sign-in"), ("scopes", "api")], "name-problem", "kept for sign-ins"),
        (vec![("name", "laptop")], "Scopes", "scopes are missing"),
        (vec![("name", "laptop"), ("scopes", "sudo")], "Scopes", "scopes are missing"),
        (
            vec![("name", "laptop"), ("scopes", "api"), ("expires_at", "2001-01-01")],
            "expires_at-problem",
            "past",
        ),
        (
            vec![("name", "laptop"), ("scopes", "api"), ("expires_at", "soon")],
            "expires_at-problem",
            "not a day",
        ),
    ] {
        let refused = browser.submit(TOKENS, TOKENS, &fields).must(422).text();
        assert!(refused.contains(field) && refused.contains(words), "{fields:?}: {refused}");
    }
    let kept = [("name", "my laptop"), ("scopes", "read_api"), ("expires_at", "soon")];
    let refused = browser.submit(TOKENS, TOKENS, &kept).must(422).text();
    assert!(
        refused.contains("value=\"my laptop\"") && refused.contains("value=\"read_api\" checked"),
        "{refused}"
    );
}

#[test]
fn nobody_revokes_the_tokens_of_others() {
    let (world, browser) = ada();
    world.stranger("bob");
    let bob = world.client("bob").get("/api/v4/personal_access_tokens/self").must(200).json()["id"].clone();
    browser.submit(TOKENS, &format!("{TOKENS}/{bob}/revoke"), &[]).must(404);
    browser.submit(TOKENS, &format!("{TOKENS}/999999/revoke"), &[]).must(404);
    browser.submit(TOKENS, &format!("{TOKENS}/x/revoke"), &[]).must(404);
    world.client("bob").get("/api/v4/user").must(200);
    assert!(!browser.page(TOKENS).text().contains("bob"));
}

#[test]
fn a_password_that_cannot_be_changed_is_explained_beside_its_field() {
    let (world, browser) = ada();
    for (present, new, again, field) in [
        ("wrong password", "another one", "another one", "current_password-problem"),
        (PASSWORD, "another one", "another two", "password_confirmation-problem"),
        (PASSWORD, "seven77", "seven77", "new_password-problem"),
    ] {
        let fields = [("current_password", present), ("new_password", new), ("password_confirmation", again)];
        let refused = browser.submit(PASSWORD_PAGE, PASSWORD_PAGE, &fields).must(422).text();
        assert!(refused.contains(&format!("id=\"{field}\"")), "{field}: {refused}");
        assert!(!refused.contains(new), "passwords are not sent back");
    }
    Browser::of(world.anonymous(), "ada", PASSWORD);
}
