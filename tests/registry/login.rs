//! `terraform login` as a browser and the program see it: the page, its form, the code and the token.

use cairn::domain::Role;
use data_encoding::BASE64URL_NOPAD;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::support::client::Response;
use crate::support::server::Server;
use crate::support::world::World;

const AUTHORIZE: &str = "/oauth/authorize";
const PASSWORD: &str = "correct horse <\"&'> battery";
const VERIFIER: &str = "0f8fad5b-d9cb-469f-a165-70867728950e.123456789";
const REDIRECT: &str = "http://localhost:10003/login";
const STATE: &str = "a state & more=\"of\" <it>";

type Pairs = Vec<(&'static str, String)>;

/// A server and a user `ada` with a password.
fn world() -> World {
    let world = World::start();
    let ada = json!({ "username": "ada", "name": "Ada", "password": PASSWORD });
    world.root().post("/api/v4/users", &ada).must(201);
    world
}

/// What the program asks for.
fn asked() -> Pairs {
    let challenge = BASE64URL_NOPAD.encode(digest(&SHA256, VERIFIER.as_bytes()).as_ref());
    vec![
        ("client_id", "terraform-cli".to_owned()),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256".to_owned()),
        ("redirect_uri", REDIRECT.to_owned()),
        ("response_type", "code".to_owned()),
        ("state", STATE.to_owned()),
    ]
}

/// The form, filled in.
fn filled(username: &str, password: &str) -> Pairs {
    let mut pairs = asked();
    pairs.extend([("username", username), ("password", password), ("decision", "allow")].map(owned));
    pairs
}

fn owned((name, value): (&'static str, &str)) -> (&'static str, String) {
    (name, value.to_owned())
}

fn with(mut pairs: Pairs, name: &str, value: &str) -> Pairs {
    pairs.iter_mut().filter(|(known, _)| *known == name).for_each(|(_, old)| value.clone_into(old));
    pairs
}

fn encoded(pairs: &Pairs) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn ask(world: &World, pairs: &Pairs) -> Response {
    world.anonymous().get(&format!("{AUTHORIZE}?{}", encoded(pairs)))
}

fn send(world: &World, target: &str, pairs: &Pairs) -> Response {
    let client = world.anonymous().with("Content-Type", "application/x-www-form-urlencoded");
    client.request("POST", target, Some(encoded(pairs).as_bytes()))
}

/// The code that an allowed form leads to.
fn code(world: &World) -> String {
    let sent = send(world, AUTHORIZE, &filled("ada", PASSWORD)).must(303);
    let target = Url::parse(sent.header("location").unwrap()).unwrap();
    target.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
}

fn exchange(code: &str) -> Pairs {
    [
        ("client_id", "terraform-cli"),
        ("code", code),
        ("code_verifier", VERIFIER),
        ("grant_type", "authorization_code"),
        ("redirect_uri", REDIRECT),
    ]
    .map(owned)
    .to_vec()
}

/// Fails the test unless it is a page that keeps the browser where it is.
#[track_caller]
fn must_be_a_page(answer: &Response) {
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("location"), None);
    assert_eq!(answer.header("www-authenticate"), None, "a browser would open its own dialog");
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
}

#[test]
fn discovery_announces_the_login() {
    let world = World::start();
    let document = world.anonymous().get("/.well-known/terraform.json").must(200).json();
    let login = &document["login.v1"];
    assert_eq!(login["client"], "terraform-cli");
    assert_eq!(login["grant_types"], json!(["authz_code"]));
    assert_eq!((&login["authz"], &login["token"]), (&json!(AUTHORIZE), &json!("/oauth/token")));
    let [first, end] = [0, 1].map(|index| login["ports"][index].as_u64().unwrap());
    assert!(
        (1024..end).contains(&first) && end <= 65_535,
        "Terraform takes a port below the second: {login}"
    );
}

#[test]
fn the_page_asks_for_a_password_and_says_what_it_grants() {
    let world = world();
    let page = ask(&world, &asked()).must(200);
    must_be_a_page(&page);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' http://localhost:10003;"), "{policy}");
    let text = page.text();
    for part in [
        "autocomplete=\"username\"",
        "autocomplete=\"current-password\"",
        "for=\"username\"",
        "for=\"password\"",
        "terraform login",
        "full access to the API",
        "value=\"allow\"",
        "value=\"deny\" formnovalidate",
        "value=\"a state &amp; more=&quot;of&quot; &lt;it&gt;\"",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("<script") && !text.contains("role=\"alert\""), "{text}");
    assert_eq!(world.anonymous().head(&format!("{AUTHORIZE}?{}", encoded(&asked()))).must(200).body, b"");
}

#[test]
fn credentials_and_the_switch_of_the_registry_make_no_difference_to_the_page() {
    let world = world();
    world.settings(&json!({ "packages_enabled": false }));
    let target = format!("{AUTHORIZE}?{}", encoded(&asked()));
    world.anonymous().token("bad").get(&target).must(200);
    world.root().with("Authorization", "Basic bm9ib2R5Om5vdGhpbmc=").get(&target).must(200);
    assert!(!code(&world).is_empty());
}

#[test]
fn a_wrong_request_is_explained_and_never_redirected() {
    let world = world();
    let changes: [(&str, &str); 12] = [
        ("client_id", "another"),
        ("response_type", "token"),
        ("code_challenge_method", "plain"),
        ("code_challenge", "short"),
        ("state", ""),
        ("redirect_uri", "https://evil.example/login"),
        ("redirect_uri", "http://evil.example:10003/login"),
        ("redirect_uri", "http://localhost:10003@evil.example/login"),
        ("redirect_uri", "http://localhost/login"),
        ("redirect_uri", "http://localhost:10003/login#there"),
        ("redirect_uri", "javascript:alert(1)"),
        ("redirect_uri", "//evil.example"),
    ];
    for (name, value) in changes {
        let form = with(filled("ada", PASSWORD), name, value);
        for answer in [ask(&world, &with(asked(), name, value)), send(&world, AUTHORIZE, &form)] {
            let answer = answer.must(400);
            must_be_a_page(&answer);
            let text = answer.text();
            assert!(text.contains(name), "{name} is not named: {text}");
            assert!(!text.contains("evil") && !text.contains("<form"), "{text}");
        }
    }
    for (absent, _) in asked() {
        let rest: Pairs = asked().into_iter().filter(|(name, _)| *name != absent).collect();
        assert!(ask(&world, &rest).must(400).text().contains(&format!("{absent} is missing")));
        let twice: Pairs =
            asked().into_iter().chain(asked().into_iter().filter(|(name, _)| *name == absent)).collect();
        assert!(ask(&world, &twice).must(400).text().contains(&format!("{absent} is given twice")));
    }
    must_be_a_page(&ask(&world, &Pairs::new()).must(400));
}

#[test]
fn a_form_is_a_form_with_everything_in_its_body() {
    let world = world();
    let form = filled("ada", PASSWORD);
    send(&world, &format!("{AUTHORIZE}?{}", encoded(&form)), &Pairs::new()).must(400);
    let body: Value = form.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    must_be_a_page(&world.anonymous().post(AUTHORIZE, &body).must(400));
    let endless = with(form.clone(), "username", &"x".repeat(300 * 1024));
    must_be_a_page(&send(&world, AUTHORIZE, &endless).must(400));
    for decision in ["", "ALLOW", "deny,allow"] {
        must_be_a_page(&send(&world, AUTHORIZE, &with(form.clone(), "decision", decision)).must(400));
    }
    world.anonymous().request("PUT", AUTHORIZE, Some(b"")).must(405);
}

#[test]
fn a_wrong_password_brings_the_page_again_and_says_no_more_for_a_user_who_exists() {
    let world = world();
    let mut pages = Vec::new();
    for username in ["ada", "bob"] {
        let page = send(&world, AUTHORIZE, &filled(username, "wrong \"horse\"")).must(422);
        must_be_a_page(&page);
        let text = page.text();
        assert!(text.contains("role=\"alert\"") && text.contains("User name or password is wrong"), "{text}");
        assert!(text.contains(&format!("value=\"{username}\"")), "the name is kept: {text}");
        assert!(!text.contains("horse"), "the password is not: {text}");
        assert!(text.contains("&lt;it&gt;") && text.contains(REDIRECT), "what was asked is kept: {text}");
        pages.push(text.replace(username, "?"));
    }
    assert_eq!(pages[0], pages[1]);
    let hostile = send(&world, AUTHORIZE, &filled("\"><script>alert(1)</script>", "x")).must(422).text();
    assert!(!hostile.contains("<script"), "{hostile}");
}

#[test]
fn guesses_on_the_page_and_at_the_token_endpoint_are_counted_together() {
    let world = world();
    for guess in 0..10 {
        if guess % 2 == 0 {
            send(&world, AUTHORIZE, &filled("ada", "wrong")).must(422);
        } else {
            let body = json!({ "grant_type": "password", "username": "ada", "password": "wrong" });
            world.anonymous().post("/oauth/token", &body).must(400);
        }
    }
    let page = send(&world, AUTHORIZE, &filled("ada", PASSWORD)).must(429);
    must_be_a_page(&page);
    assert!(page.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    assert!(page.text().contains("too many failed sign-ins"), "{}", page.text());
}

#[test]
fn a_no_is_a_page_and_needs_no_password() {
    let world = world();
    let denied = send(&world, AUTHORIZE, &with(filled("", ""), "decision", "deny")).must(200);
    must_be_a_page(&denied);
    assert!(denied.text().contains("<kbd>Ctrl</kbd>"), "{}", denied.text());
}

#[test]
fn a_yes_leads_to_the_program_and_the_code_to_one_token() {
    let world = world();
    world.group("acme").project("acme/network").member("ada", Role::Guest, "acme/network");
    let sent = send(&world, AUTHORIZE, &filled(" Ada ", PASSWORD)).must(303);
    assert_eq!((sent.header("cache-control"), sent.body.len()), (Some("no-store"), 0));
    let target = Url::parse(sent.header("location").unwrap()).unwrap();
    assert_eq!(target.as_str().split('?').next(), Some(REDIRECT));
    let answer: Vec<(String, String)> = target.query_pairs().into_owned().collect();
    assert_eq!((answer.len(), answer[1].clone()), (2, ("state".to_owned(), STATE.to_owned())));
    let code = &answer[0].1;
    let given = send(&world, "/oauth/token", &exchange(code)).must(200);
    assert_eq!(given.header("cache-control"), Some("no-store"));
    let given = given.json();
    assert_eq!((&given["token_type"], &given["scope"]), (&json!("Bearer"), &json!("api")));
    assert_eq!(given["expires_in"], 365 * 24 * 60 * 60);
    let token = given["access_token"].as_str().unwrap();
    assert!(token.starts_with("cairn_pat_"), "{token}");
    let ada = world.anonymous().with("Authorization", &format!("Bearer {token}"));
    ada.get("/api/v4/projects/acme%2Fnetwork").must(200);
    let own = ada.get("/api/v4/personal_access_tokens/self").must(200).json();
    assert_eq!((&own["name"], &own["scopes"]), (&json!("terraform login"), &json!(["api"])));
    let again = send(&world, "/oauth/token", &exchange(code)).must(400).json();
    assert_eq!(again["error"], "invalid_grant");
    ada.delete("/api/v4/personal_access_tokens/self").must(204);
    ada.get("/api/v4/user").must(401);
}

#[test]
fn the_token_endpoint_refuses_as_oauth_clients_expect() {
    let world = world();
    for (name, value, error) in [
        ("client_id", "another", "invalid_client"),
        ("client_id", "", "invalid_request"),
        ("code", "guessed", "invalid_grant"),
        ("code_verifier", "too-short", "invalid_request"),
        ("code_verifier", &VERIFIER.to_uppercase(), "invalid_grant"),
        ("redirect_uri", "http://localhost:10004/login", "invalid_grant"),
        ("grant_type", "client_credentials", "unsupported_grant_type"),
        ("grant_type", "", "invalid_request"),
    ] {
        let refused = send(&world, "/oauth/token", &with(exchange(&code(&world)), name, value)).must(400);
        let refused = refused.json();
        assert_eq!(refused["error"], error, "{name}: {refused}");
        assert!(refused["error_description"].as_str().is_some_and(|text| !text.is_empty()), "{refused}");
    }
}

#[test]
fn nothing_of_a_login_is_logged() {
    let mut world = World::on(Server::builder().flag("--log-level=debug"));
    let ada = json!({ "username": "ada", "name": "Ada", "password": PASSWORD });
    world.root().post("/api/v4/users", &ada).must(201);
    ask(&world, &asked()).must(200);
    send(&world, AUTHORIZE, &filled("ada", "battery staple")).must(422);
    ask(&world, &with(asked(), "redirect_uri", "http://evil.example/")).must(400);
    let code = code(&world);
    send(&world, "/oauth/token", &with(exchange(&code), "client_id", "terraform-cli")).must(200);
    let log = world.server.stop();
    assert!(log.contains(AUTHORIZE), "requests are logged: {log}");
    for secret in [&code, "staple", "correct horse", "more=", "state", VERIFIER, "evil.example", "10003"] {
        assert!(!log.contains(secret), "the log has {secret}: {log}");
    }
}
