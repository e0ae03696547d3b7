//! A code's life: given for a password, used once, by the program that asked.

use super::super::Caller;
use super::super::fixture::{World, word};
use super::super::identity::{NewUser, UserChange};
use super::super::tokens::TokenFilter;
use super::*;
use crate::domain::authorization::Asked;

const VERIFIER: &str = "0f8fad5b-d9cb-469f-a165-70867728950e.123456789";
const REDIRECT: &str = "http://localhost:10003/login";
const PASSWORD: &str = "correct horse";

fn request() -> Authorization {
    let challenge = BASE64URL_NOPAD.encode(sha256(VERIFIER.as_bytes()).as_bytes());
    let asked = Asked {
        client_id: CLIENT,
        response_type: "code",
        redirect_uri: REDIRECT,
        code_challenge: &challenge,
        code_challenge_method: "S256",
        state: "state",
    };
    Authorization::parse(asked).unwrap()
}

fn exchange(code: &SecretString) -> Exchange {
    Exchange {
        code: code.clone(),
        verifier: VERIFIER.into(),
        redirect_uri: REDIRECT.to_owned(),
        client_id: CLIENT.to_owned(),
    }
}

/// A world in which ada has a password.
async fn world() -> World {
    let world = World::empty().await;
    let ada = NewUser {
        username: "ada".parse().unwrap(),
        name: "Ada".to_owned(),
        email: String::new(),
        password: Some(PASSWORD.into()),
        admin: false,
        can_create_group: false,
    };
    world.registry.create_user(&Caller::Operator, ada).await.unwrap();
    world
}

async fn allow(world: &World, username: &str, password: &str) -> Result<SecretString, ServiceError> {
    let address = "192.0.2.1".parse().unwrap();
    world.registry.allow_login(address, username, password.into(), &request()).await
}

#[tokio::test]
async fn a_code_becomes_one_personal_token_that_lives_a_year() {
    let world = world().await;
    let code = allow(&world, "Ada", PASSWORD).await.unwrap();
    assert_eq!(code.expose_secret().len(), 43, "256 bits");
    let issued = world.registry.exchange_code(exchange(&code)).await.unwrap();
    let end = world.registry.now().checked_add(TOKEN_LIFE).unwrap();
    assert_eq!((issued.token.name.as_str(), issued.token.expires_at), (TOKEN_NAME, Some(end)));
    let ada = world.as_caller(&issued.secret).unwrap();
    assert_eq!(ada.user().unwrap().username.as_str(), "ada");
    assert_eq!(word(&world.registry.exchange_code(exchange(&code)).await), "credential", "a second use");
    let listed = world.registry.personal_tokens(&ada, TokenFilter::default()).await.unwrap();
    assert_eq!(listed.len(), 1, "it can be seen");
    world.registry.revoke_personal_token(&ada, issued.token.id).await.unwrap();
    assert_eq!(word(&world.as_caller(&issued.secret)), "credential", "it can be revoked");
}

type Change = fn(&mut Exchange);

#[tokio::test]
async fn a_code_that_is_presented_wrongly_is_used_up() {
    let world = world().await;
    let wrong: [(&str, Change, &str); 6] = [
        ("another verifier", |x| x.verifier = VERIFIER.to_uppercase().into(), "credential"),
        ("no verifier", |x| x.verifier = String::new().into(), "invalid"),
        (
            "the challenge for a verifier",
            |x| x.verifier = request().challenge().to_string().into(),
            "credential",
        ),
        ("another port", |x| x.redirect_uri = "http://localhost:10004/login".to_owned(), "credential"),
        ("another host", |x| x.redirect_uri = "http://127.0.0.1:10003/login".to_owned(), "credential"),
        ("another client", |x| x.client_id = "other".to_owned(), "grant"),
    ];
    for (situation, change, refused) in wrong {
        let code = allow(&world, "ada", PASSWORD).await.unwrap();
        let mut bad = exchange(&code);
        change(&mut bad);
        assert_eq!(word(&world.registry.exchange_code(bad).await), refused, "{situation}");
        let after = world.registry.exchange_code(exchange(&code)).await;
        assert_eq!(word(&after), "credential", "{situation}, then rightly");
    }
    assert_eq!(word(&world.registry.exchange_code(exchange(&"guessed".into())).await), "credential");
}

#[tokio::test]
async fn a_code_ends_after_five_minutes() {
    let world = world().await;
    for (seconds, outcome) in [(299, "done"), (300, "credential"), (86_400, "credential")] {
        let code = allow(&world, "ada", PASSWORD).await.unwrap();
        world.pass(seconds);
        assert_eq!(word(&world.registry.exchange_code(exchange(&code)).await), outcome, "{seconds} s");
    }
}

#[tokio::test]
async fn a_code_dies_with_the_right_of_its_user() {
    let set_password = || UserChange { password: Some("another horse".into()), ..UserChange::default() };
    for situation in ["blocked", "deleted", "new password"] {
        let world = world().await;
        let code = allow(&world, "ada", PASSWORD).await.unwrap();
        let (registry, operator) = (&world.registry, &Caller::Operator);
        match situation {
            "blocked" => registry.set_blocked(operator, "ada", true).await.map(drop).unwrap(),
            "deleted" => registry.delete_user(operator, "ada").await.unwrap(),
            _ => registry.update_user(operator, "ada", set_password()).await.map(drop).unwrap(),
        }
        assert_eq!(word(&registry.exchange_code(exchange(&code)).await), "credential", "{situation}");
    }
}

#[tokio::test]
async fn guesses_are_refused_alike_and_counted_with_those_of_every_other_sign_in() {
    let world = world().await;
    let unknown = allow(&world, "nobody", PASSWORD).await.unwrap_err();
    let wrong = allow(&world, "ada", "battery staple").await.unwrap_err();
    assert_eq!(unknown.to_string(), wrong.to_string());
    let address = "192.0.2.1".parse().unwrap();
    for _ in 0..9 {
        let refused = world.registry.sign_in(address, "ada", "no".into(), PersonalScope::Api).await;
        assert_eq!(word(&refused), "credential");
    }
    assert_eq!(word(&allow(&world, "ada", PASSWORD).await), "throttled");
    world.registry.set_blocked(&Caller::Operator, "ada", true).await.unwrap();
    world.pass(600);
    assert_eq!(word(&allow(&world, "ada", PASSWORD).await), "credential", "blocked");
}

fn grant(user: u64, second: i64) -> Grant {
    Grant {
        user: UserId(user),
        password: sha256(b""),
        redirect: REDIRECT.to_owned(),
        challenge: request().challenge(),
        given_at: Timestamp::from_second(second).unwrap(),
    }
}

fn code(number: u64) -> Sha256 {
    sha256(&number.to_be_bytes())
}

#[test]
fn codes_take_bounded_memory_and_one_user_cannot_push_out_the_others() {
    let codes = Codes::default();
    let now = Timestamp::from_second(200).unwrap();
    codes.put(code(0), grant(0, 0));
    for number in 1..=20 {
        codes.put(code(number), grant(1, i64::try_from(number).unwrap()));
    }
    let kept: Vec<u64> = (0..=20).filter(|number| codes.take(&code(*number), now).is_some()).collect();
    assert_eq!(kept, [0, 16, 17, 18, 19, 20], "one's own oldest go first");
    for number in 0..CODES as u64 + 50 {
        codes.put(code(number), grant(number, 100));
    }
    assert_eq!(codes.0.lock().unwrap().len(), CODES);
    codes.put(code(0), grant(0, 500));
    assert_eq!(codes.0.lock().unwrap().len(), 1, "what has ended is cleared away");
}
