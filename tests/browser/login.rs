//! The pages of `terraform login`: the question, the wrong password, the no and the yes.

use data_encoding::BASE64URL_NOPAD;
use ring::digest::{SHA256, digest};
use serde_json::json;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::browser::Browser;
use crate::site::Site;
use crate::support::world::World;

const PASSWORD: &str = "correct horse <\"&'> battery";
const STATE: &str = "a state & more=\"of\" <it>";
const BACK: &str = "<!doctype html><title>Terraform has its code</title>";

/// A server with a user `ada`, and the program on the person's machine that waits for a code.
fn world() -> (World, Site) {
    let world = World::start();
    let ada = json!({ "username": "ada", "name": "Ada", "password": PASSWORD });
    world.root().post("/api/v4/users", &ada).must(201);
    (world, Site::showing(BACK))
}

/// The page that the program opens.
fn question(program: &Site) -> String {
    let challenge = BASE64URL_NOPAD.encode(digest(&SHA256, b"what only the program knows").as_ref());
    let query = Serializer::new(String::new())
        .append_pair("client_id", "terraform-cli")
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256")
        .append_pair("redirect_uri", &format!("{}/login", program.url()))
        .append_pair("response_type", "code")
        .append_pair("state", STATE)
        .finish();
    format!("/oauth/authorize?{query}")
}

/// Answers wrong, then right, and looks at every page on the way.
fn allows(browser: &Browser, program: &Site) {
    browser.open(&question(program)).focuses("textbox User name").audit().screenshot("login");
    browser.fill("User name", "ada").fill("Password", "wrong horse battery").click_text("Allow");
    browser.shows("User name or password is wrong").audit().screenshot("login-wrong");
    assert_eq!((browser.value("User name"), browser.value("Password")), ("ada".to_owned(), String::new()));
    assert_eq!(program.asked(), [""; 0]);
    browser.fill("Password", PASSWORD).click_text("Allow").is_at("/login");
    assert_eq!(browser.title(), "Terraform has its code");
    let asked = program.asked();
    let target = Url::parse(&program.url()).unwrap().join(&asked[0]).unwrap();
    let answer: Vec<(String, String)> = target.query_pairs().into_owned().collect();
    assert_eq!((asked.len(), answer[0].0.as_str()), (1, "code"));
    assert_eq!(answer[1], ("state".to_owned(), STATE.to_owned()));
}

#[test]
fn a_person_allows_terraform_after_a_wrong_password() {
    let (world, program) = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    allows(&browser, &program);
}

#[test]
fn a_person_without_scripts_allows_terraform_on_a_dark_phone() {
    let (world, program) = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    allows(browser.without_scripts().dark().width(375), &program);
}

#[test]
fn a_person_denies_with_the_keyboard_and_nothing_is_sent() {
    let (world, program) = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.open(&question(&program)).focuses("textbox User name");
    browser.press("Tab").press("Tab").focuses("button Allow").press("Tab").focuses("button Deny");
    browser.press("Enter").shows("Nothing was granted").audit().screenshot("login-denied");
    assert_eq!(program.asked(), [""; 0]);
}

#[test]
fn a_request_that_cannot_be_granted_is_explained() {
    let (world, program) = world();
    let Some(browser) = Browser::start(&world.server) else { return };
    browser.open(&question(&program).replace("S256", "plain")).shows("This sign-in does not work").audit();
}
