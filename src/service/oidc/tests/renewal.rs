//! How keys come and go: files that are replaced, issuers that rotate, are slow or down.

use std::collections::VecDeque;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;

use super::issuer::{Answer, Issuer, jwks};
use super::*;
use crate::outbound::KeyFetcher;

const NAME: &str = "https://ci.example";

fn id_tokens(issuers: &[TrustedIssuer]) -> IdTokens {
    let tokens = IdTokens::new(Arc::new(KeyFetcher::new().unwrap()));
    tokens.set_issuers(issuers);
    tokens
}

fn from_uri(issuer: &Issuer) -> TrustedIssuer {
    trusted(&issuer.url(), KeyLocation::Uri(issuer.jwks_uri().parse().unwrap()))
}

fn replace(path: &Path, text: &str) {
    let mut next = tempfile::NamedTempFile::new_in(path.parent().unwrap()).unwrap();
    next.write_all(text.as_bytes()).unwrap();
    next.persist(path).unwrap();
}

#[track_caller]
fn assert_words(result: Result<Claims, IdTokenError>, words: &str) {
    let error = result.unwrap_err().to_string();
    assert!(error.contains(words), "{error}");
}

#[tokio::test]
async fn a_file_of_keys_is_picked_up_replaced_and_survives_mistakes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ci.jwks");
    let (old, new) = (SigningKey::ec("old"), SigningKey::ed("new"));
    let [by_old, by_new] = [&old, &new].map(|key| key.token(&claims_of(NAME)));
    let tokens = id_tokens(&[trusted(NAME, KeyLocation::File(path.clone()))]);

    let missing = tokens.verify(&by_old, now()).await;
    assert_words(missing, &format!("the keys of issuer {NAME} cannot be read: {}", path.display()));
    replace(&path, &jwks([&old]));
    tokens.verify(&by_old, later(1)).await.expect("the file has appeared");

    replace(&path, &jwks([&new]));
    assert_words(tokens.verify(&by_new, later(1)).await, "does not publish");
    tokens.verify(&by_new, later(2)).await.expect("the file was replaced");
    assert_words(tokens.verify(&by_old, later(2)).await, "does not publish");

    replace(&path, "not a key set");
    tokens.verify(&by_new, later(3)).await.expect("a bad file keeps the old keys");
    std::fs::remove_file(&path).unwrap();
    tokens.verify(&by_new, later(4)).await.expect("a missing file keeps the old keys");
    replace(&path, &jwks([&old, &new]));
    tokens.verify(&by_old, later(5)).await.expect("the file was repaired");
    tokens.verify(&by_old, later(-100)).await.expect_err("before it was issued");
    replace(&path, &jwks([&new]));
    assert_words(tokens.verify(&by_old, later(-20)).await, "does not publish");
}

#[tokio::test]
async fn a_file_that_is_none_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let tokens = id_tokens(&[trusted(NAME, KeyLocation::File(dir.path().to_owned()))]);
    let token = SigningKey::ed("a").token(&claims_of(NAME));
    assert_words(tokens.verify(&token, now()).await, "not a plain file");
    let long = dir.path().join("long");
    replace(&long, &" ".repeat(MAX_JWKS_BYTES + 1));
    tokens.set_issuers(&[trusted(NAME, KeyLocation::File(long))]);
    assert_words(tokens.verify(&token, now()).await, "longer than 262144 bytes");
}

#[tokio::test]
async fn keys_are_fetched_at_the_start_and_when_a_new_one_is_used() {
    let (old, new, odd) = (SigningKey::rsa("old"), SigningKey::ec("new"), SigningKey::ec("odd"));
    let issuer = Issuer::with_keys(&[&old]);
    let tokens = id_tokens(&[from_uri(&issuer)]);
    let claims = claims_of(&issuer.url());
    tokens.verify(&old.token(&claims), now()).await.expect("the first token waits for the first keys");
    assert_eq!(issuer.requests(), 1);

    issuer.rotate(&[&old, &new]);
    tokens.verify(&new.token(&claims), now()).await.expect("a new key is fetched");
    tokens.verify(&old.token(&claims), now()).await.expect("the old one is still published");
    assert_eq!(issuer.requests(), 2);

    issuer.rotate(&[&new, &odd]);
    assert_words(tokens.verify(&odd.token(&claims), later(59)).await, "does not publish (kid \"odd\")");
    assert_eq!(issuer.requests(), 2, "unknown keys cause one fetch a minute");
    tokens.verify(&odd.token(&claims), later(60)).await.expect("a minute later");
    assert_words(tokens.verify(&old.token(&claims), later(60)).await, "does not publish (kid \"old\")");
    assert_eq!(issuer.requests(), 3);
    let unnamed = SigningKey::ec("x").sign(&json!({"alg": "ES256"}), &claims);
    assert_words(tokens.verify(&unnamed, later(120)).await, "does not publish");
    assert_eq!(issuer.requests(), 4, "a token that names no key may be of a new one");
}

#[tokio::test]
async fn a_forged_signature_causes_no_fetch() {
    let key = SigningKey::ed("key");
    let issuer = Issuer::with_keys(&[&key]);
    let tokens = id_tokens(&[from_uri(&issuer)]);
    let claims = claims_of(&issuer.url());
    tokens.verify(&key.token(&claims), now()).await.unwrap();
    assert_words(tokens.verify(&SigningKey::ed("key").token(&claims), now()).await, "signature");
    let other = SigningKey::ed("other").token(&claims_of("https://unknown.example"));
    assert_words(tokens.verify(&other, now()).await, "does not trust");
    assert_eq!(issuer.requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_who_wait_share_one_fetch_and_nobody_else_waits() {
    let (old, new) = (SigningKey::ed("old"), SigningKey::ed("new"));
    let issuer = Issuer::with_keys(&[&old]);
    let other_key = SigningKey::ed("key");
    let other = Issuer::with_keys(&[&other_key]);
    let tokens = id_tokens(&[from_uri(&issuer), from_uri(&other)]);
    let claims = claims_of(&issuer.url());
    tokens.verify(&old.token(&claims), now()).await.unwrap();

    issuer.set(Answer::Slow);
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let (tokens, token) = (tokens.clone(), new.token(&claims));
            tokio::spawn(async move { tokens.verify(&token, now()).await })
        })
        .collect();
    issuer.wait_for_requests(2);
    tokens.verify(&old.token(&claims), now()).await.expect("a known key needs no fetch");
    tokens.verify(&other_key.token(&claims_of(&other.url())), now()).await.expect("another issuer");
    issuer.rotate(&[&old, &new]);
    for waiter in waiting {
        waiter.await.unwrap().expect("those who waited got the new key");
    }
    assert_eq!(issuer.requests(), 2);
}

#[tokio::test]
async fn an_issuer_that_is_down_refuses_its_tokens_until_it_is_up() {
    let key = SigningKey::ed("key");
    let issuer = Issuer::start(Answer::Down);
    let tokens = id_tokens(&[from_uri(&issuer)]);
    let token = key.token(&claims_of(&issuer.url()));
    let unavailable = format!("the keys of issuer {} cannot be fetched", issuer.url());
    assert_words(tokens.verify(&token, now()).await, &unavailable);
    issuer.rotate(&[&key]);
    tokens.verify(&token, later(60)).await.expect("it is up again");
}

#[tokio::test]
async fn the_keys_of_an_issuer_that_goes_down_stay_valid() {
    let (key, new) = (SigningKey::ed("key"), SigningKey::ed("new"));
    let issuer = Issuer::with_keys(&[&key]);
    let tokens = id_tokens(&[from_uri(&issuer)]);
    let claims = claims_of(&issuer.url());
    tokens.verify(&key.token(&claims), now()).await.unwrap();
    issuer.set(Answer::Down);
    assert_words(tokens.verify(&new.token(&claims), now()).await, "newer keys cannot be fetched");
    tokens.verify(&key.token(&claims), now()).await.expect("the old keys stay valid");
}

#[tokio::test]
async fn answers_that_are_no_keys_are_named() {
    let key = SigningKey::ed("key");
    let cases = [
        ("an error", Answer::Refusal("503 Service Unavailable"), "answered 503"),
        ("a redirect", Answer::Refusal("302 Found\r\nlocation: http://127.0.0.1:1/"), "redirects (302"),
        ("a page", Answer::Body("<html>".to_owned()), "not a JSON Web Key Set"),
        ("too much", Answer::Body(" ".repeat(MAX_JWKS_BYTES + 1)), "longer than 262144 bytes"),
    ];
    for (situation, answer, words) in cases {
        let issuer = Issuer::start(answer);
        let tokens = id_tokens(&[from_uri(&issuer)]);
        let error = tokens.verify(&key.token(&claims_of(&issuer.url())), now()).await.expect_err(situation);
        assert!(error.to_string().contains(words), "{situation}: {error}");
    }
}

#[tokio::test]
async fn a_reload_keeps_the_keys_of_issuers_that_stay() {
    let key = SigningKey::ed("key");
    let issuer = Issuer::with_keys(&[&key]);
    let tokens = id_tokens(&[from_uri(&issuer)]);
    let token = key.token(&claims_of(&issuer.url()));
    tokens.verify(&token, now()).await.unwrap();

    issuer.set(Answer::Down);
    let moved = TrustedIssuer { audience: "elsewhere".parse().unwrap(), ..from_uri(&issuer) };
    tokens.set_issuers(std::slice::from_ref(&moved));
    assert_words(tokens.verify(&token, now()).await, "expects elsewhere");
    tokens.set_issuers(&[from_uri(&issuer)]);
    tokens.verify(&token, now()).await.expect("the keys were kept");
    assert_eq!(issuer.requests(), 1);
    assert!(tokens.trusts(&moved.issuer));

    tokens.set_issuers(&[]);
    assert_words(tokens.verify(&token, now()).await, "does not trust");
    assert!(!tokens.trusts(&moved.issuer));
}

/// Gives one answer after the other, and then none, ever.
#[derive(Debug, Default)]
struct Script {
    answers: Mutex<VecDeque<String>>,
}

impl Script {
    fn of(answers: &[String]) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.iter().cloned().collect()) })
    }
}

impl FetchKeys for Script {
    fn fetch<'a>(&'a self, _url: &'a Url) -> Fetching<'a> {
        let next = self.answers.lock().unwrap().pop_front();
        Box::pin(async move {
            match next {
                Some(text) => Ok(Bytes::from(text)),
                None => std::future::pending().await,
            }
        })
    }
}

fn scripted(answers: &[String]) -> IdTokens {
    let tokens = IdTokens::new(Script::of(answers));
    tokens.set_issuers(&[trusted(NAME, KeyLocation::Uri("https://ci.example/jwks".parse().unwrap()))]);
    tokens
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_again_every_hour_and_withdrawn_ones_are_refused() {
    let (old, new) = (SigningKey::ed("old"), SigningKey::ed("new"));
    let tokens = scripted(&[jwks([&old]), jwks([&new])]);
    let token = old.token(&claims_of(NAME));
    tokens.verify(&token, now()).await.unwrap();
    tokio::time::sleep(Duration::from_mins(59)).await;
    tokens.verify(&token, now()).await.expect("within the hour");
    tokio::time::sleep(Duration::from_mins(2)).await;
    tokens.verify(&new.token(&claims_of(NAME)), now()).await.expect("fetched without being asked");
    assert_words(tokens.verify(&token, now()).await, "does not publish");
}

#[tokio::test(start_paused = true)]
async fn a_failed_fetch_is_tried_again_soon_without_being_asked() {
    let key = SigningKey::ed("key");
    let tokens = scripted(&["<html>".to_owned(), jwks([&key])]);
    tokio::time::sleep(Duration::from_mins(2)).await;
    tokens.verify(&key.token(&claims_of(NAME)), now()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_gives_up_on_an_issuer_that_never_answers_and_the_fetch_does_too() {
    let key = SigningKey::ed("key");
    let tokens = scripted(&[]);
    let begun = tokio::time::Instant::now();
    assert_words(tokens.verify(&key.token(&claims_of(NAME)), now()).await, "no answer within 5 s");
    assert_eq!(begun.elapsed().as_secs(), 5);
    tokio::time::sleep(Duration::from_secs(6)).await;
    let begun = tokio::time::Instant::now();
    assert_words(tokens.verify(&key.token(&claims_of(NAME)), now()).await, "no answer within 5 s");
    assert_words(tokens.verify(&key.token(&claims_of(NAME)), now()).await, "no answer");
    assert!(begun.elapsed().as_secs() <= 10, "{:?}", begun.elapsed());
}
