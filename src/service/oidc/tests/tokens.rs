//! One token, with the keys at hand: what is taken and what is refused.

use std::path::PathBuf;

use super::issuer::{hs256, unsigned};
use super::*;

const ISSUER: &str = "https://ci.example";

struct Bench {
    rsa: SigningKey,
    ec: SigningKey,
    ed: SigningKey,
    keys: KeySet,
    trusted: TrustedIssuer,
}

impl Bench {
    fn new() -> Self {
        let (rsa, ec, ed) = (SigningKey::rsa("rsa"), SigningKey::ec("ec"), SigningKey::ed("ed"));
        let keys = key_set(&[&rsa, &ec, &ed]);
        let trusted = trusted(ISSUER, KeyLocation::File(PathBuf::from("unused")));
        Self { rsa, ec, ed, keys, trusted }
    }

    fn verify(&self, token: &str) -> Result<Claims, IdTokenError> {
        verify_with(&self.keys, &self.trusted, token, now())
    }

    /// Asserts that a token is refused with these words, and not repeated.
    fn refuses(&self, situation: &str, token: &str, words: &str) {
        let error = self.verify(token).expect_err(situation).to_string();
        assert!(error.contains(words), "{situation}: {error}");
        let longest = token.split('.').max_by_key(|part| part.len()).unwrap();
        assert!(longest.len() < 20 || !error.contains(longest), "{situation} repeats the token: {error}");
    }
}

#[test]
fn a_good_token_of_each_algorithm_is_believed() {
    let bench = Bench::new();
    for key in [&bench.rsa, &bench.ec, &bench.ed] {
        let claims = bench.verify(&key.token(&claims_of(ISSUER))).unwrap();
        assert_eq!((claims.issuer().as_str(), claims.id()), (ISSUER, Some("job-1")));
        assert_eq!(claims.string("project_path"), Some("acme/vpc"));
        assert_eq!(claims.expires_at(), later(300));
        let unnamed = key.sign(&json!({"alg": key.algorithm()}), &claims_of(ISSUER));
        bench.verify(&unnamed).expect("without kid and typ");
    }
}

#[test]
fn issuer_audience_and_times_are_checked() {
    let bench = Bench::new();
    let seconds = |offset: i64| now().as_second() + offset;
    let good = [
        ("one of several audiences", json!({"aud": ["other", AUDIENCE]})),
        ("expired within the leeway", json!({"exp": seconds(-29)})),
        ("not valid yet, within the leeway", json!({"nbf": seconds(30), "iat": seconds(30)})),
        ("no nbf and no iat", json!({"nbf": null, "iat": null})),
        ("no jti", json!({"jti": null})),
        ("fractions of a second", json!({"exp": 1_800_000_300.9, "iat": 1_799_999_999.5})),
    ];
    for (situation, change) in good {
        bench.verify(&bench.ed.token(&with(claims_of(ISSUER), &change))).expect(situation);
    }
    let bad = [
        ("another issuer", json!({"iss": "https://ci.example.evil"}), "\"https://ci.example.evil\""),
        ("an issuer with a slash more", json!({"iss": "https://ci.example/"}), "does not trust"),
        ("an issuer in a list", json!({"iss": [ISSUER]}), "does not trust"),
        (
            "another audience",
            json!({"aud": "https://other.example"}),
            "is \"https://other.example\"; this server expects https://cairn.example",
        ),
        ("a list without our audience", json!({"aud": ["a", "b"]}), "[\"a\",\"b\"]"),
        ("a part of our audience", json!({"aud": "https://cairn.exampl"}), "this server expects"),
        ("our audience in a list in a list", json!({"aud": [[AUDIENCE]]}), "this server expects"),
        ("our audience as a key", json!({"aud": {AUDIENCE: AUDIENCE}}), "this server expects"),
        ("no audience", json!({"aud": null}), "is missing"),
        ("no expiry", json!({"exp": null}), "no exp"),
        ("an expiry in words", json!({"exp": "tomorrow"}), "no exp"),
        ("an expiry beyond time", json!({"exp": 1e300}), "no exp"),
        ("an expiry beyond the calendar", json!({"exp": i64::MAX}), "no exp"),
        ("expired", json!({"exp": seconds(-30)}), "expired at"),
        ("expired long ago", json!({"exp": -1}), "expired at 1969"),
        ("not valid yet", json!({"nbf": seconds(31)}), "not valid before"),
        ("from the future", json!({"iat": seconds(31)}), "not valid before"),
        ("a start that is no time", json!({"nbf": true}), "no nbf"),
    ];
    for (situation, change, words) in bad {
        bench.refuses(situation, &bench.ed.token(&with(claims_of(ISSUER), &change)), words);
    }
    bench.refuses(
        "no issuer",
        &bench.ed.token(&with(claims_of(ISSUER), &json!({"iss": null}))),
        "it has no iss",
    );
}

#[test]
fn an_algorithm_is_bound_to_its_key() {
    let bench = Bench::new();
    let claims = claims_of(ISSUER);
    let head = |alg: &str, kid: &str| json!({"alg": alg, "kid": kid, "typ": "JWT"});
    let takes_other = "is for ";
    bench.refuses("none", &format!("{}.", unsigned(&head("none", "rsa"), &claims)), "signed with \"none\"");
    bench.refuses("None", &format!("{}.AA", unsigned(&head("NONE", "rsa"), &claims)), "\"NONE\"");
    let public = bench.rsa.jwk();
    let modulus = public["n"].as_str().unwrap();
    let decoded = data_encoding::BASE64URL_NOPAD.decode(modulus.as_bytes()).unwrap();
    for secret in [public.to_string().into_bytes(), modulus.as_bytes().to_vec(), decoded, Vec::new()] {
        bench.refuses(
            "a secret that is public",
            &hs256(&head("HS256", "rsa"), &claims, &secret),
            "\"HS256\"",
        );
        let renamed = hs256(&head("RS256", "rsa"), &claims, &secret);
        bench.refuses("the same under another name", &renamed, "signature of the ID token is not that");
    }
    for (signer, alg, kid) in
        [(&bench.ec, "ES256", "rsa"), (&bench.ed, "EdDSA", "ec"), (&bench.rsa, "RS256", "ed")]
    {
        bench.refuses(
            "the name of a key for something else",
            &signer.sign(&head(alg, kid), &claims),
            takes_other,
        );
    }
    bench.refuses(
        "an algorithm we do not take",
        &bench.rsa.sign(&head("RS512", "rsa"), &claims),
        "\"RS512\"",
    );
    bench.refuses("PSS", &bench.rsa.sign(&head("PS256", "rsa"), &claims), "\"PS256\"");
    bench.refuses("lower case", &bench.rsa.sign(&head("rs256", "rsa"), &claims), "\"rs256\"");
}

#[test]
fn only_the_issuers_own_keys_count() {
    let bench = Bench::new();
    let claims = claims_of(ISSUER);
    let stranger = SigningKey::ec("ec");
    bench.refuses("a stranger who uses a known name", &stranger.token(&claims), "signature");
    bench.refuses(
        "a stranger without a name",
        &stranger.sign(&json!({"alg": "ES256"}), &claims),
        "does not publish",
    );
    bench.refuses("an unknown name", &SigningKey::ec("new").token(&claims), "(kid \"new\")");
    let own = json!({"alg": "ES256", "jwk": stranger.jwk(), "jku": "https://evil.example/keys"});
    bench.refuses("a token that brings its key", &stranger.sign(&own, &claims), "does not publish");

    let token = bench.ed.token(&claims);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (head, _) = signed.split_once('.').unwrap();
    let other = bench.ed.token(&with(claims, &json!({"project_path": "acme/other"})));
    let payload = other.split('.').nth(1).unwrap();
    bench.refuses("other claims under the signature", &format!("{head}.{payload}.{signature}"), "signature");
    bench.refuses("no signature", &format!("{signed}."), "signature");
    let zeros = "A".repeat(86);
    bench.refuses("a signature of zeros", &format!("{signed}.{zeros}"), "signature");
    let es = bench.ec.token(&claims_of(ISSUER));
    let (signed, _) = es.rsplit_once('.').unwrap();
    bench.refuses("an ECDSA signature of zeros", &format!("{signed}.{zeros}"), "signature");
}

#[test]
fn what_is_no_token_is_refused_whatever_it_is() {
    let bench = Bench::new();
    let claims = claims_of(ISSUER);
    let good = bench.ed.token(&claims);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (head, payload) = signed.split_once('.').unwrap();
    let encode = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
    let deep = encode(&format!("{{\"iss\":{}1{}}}", "[".repeat(5000), "]".repeat(5000)));
    let cases = [
        ("nothing", String::new(), "three parts"),
        ("no dots", "garbage".to_owned(), "three parts"),
        ("one dot", signed.to_owned(), "three parts"),
        ("three dots", format!("{good}.AA"), "three parts"),
        ("dots alone", "..".to_owned(), "its head"),
        ("blanks around it", format!(" {good}"), "its head"),
        ("padding", format!("{head}==.{payload}.{signature}"), "its head"),
        ("plain base64", format!("{head}.{payload}.+/+/"), "its signature"),
        ("spare bits", format!("{head}.{payload}.AB"), "its signature"),
        ("not ASCII", format!("{head}.{payload}.é"), "its signature"),
        ("a head that is a list", format!("{}.{payload}.{signature}", encode("[]")), "its head"),
        ("a head without alg", format!("{}.{payload}.{signature}", encode("{}")), "no alg"),
        ("claims that are no JSON", format!("{head}.{}.{signature}", encode("{")), "its claims"),
        ("claims that go on", format!("{head}.{}.{signature}", encode("{}{}")), "its claims"),
        ("claims nested too deeply", format!("{head}.{deep}.{signature}"), "its claims"),
        ("too long", format!("{good}{}", "A".repeat(MAX_TOKEN_BYTES + 1 - good.len())), "longer than 16384"),
    ];
    for (situation, token, words) in cases {
        bench.refuses(situation, &token, words);
    }
    let heads = [
        (
            "a critical extension",
            json!({"alg": "EdDSA", "kid": "ed", "crit": ["b64"], "b64": false}),
            "critical",
        ),
        ("a critical nothing", json!({"alg": "EdDSA", "kid": "ed", "crit": null}), "critical"),
        ("an access token", json!({"alg": "EdDSA", "kid": "ed", "typ": "at+jwt"}), "another kind"),
        ("a name that is no text", json!({"alg": "EdDSA", "kid": 5}), "kid"),
        ("an algorithm that is no text", json!({"alg": 5, "kid": "ed"}), "no alg"),
    ];
    for (situation, head, words) in heads {
        bench.refuses(situation, &bench.ed.sign(&head, &claims), words);
    }
}

#[test]
fn a_token_may_be_exactly_as_long_as_allowed() {
    let bench = Bench::new();
    let sized = |padding: usize| bench.ed.token(&with(claims_of(ISSUER), &json!({"x": "y".repeat(padding)})));
    let paddings: Vec<usize> = (11_000..13_000).collect();
    let fitting = paddings.partition_point(|padding| sized(*padding).len() <= MAX_TOKEN_BYTES);
    let longest = sized(paddings[fitting - 1]);
    assert!(longest.len() > MAX_TOKEN_BYTES - 4, "{}", longest.len());
    bench.verify(&longest).unwrap();
}

#[test]
fn foreign_text_in_a_message_is_bounded_and_on_one_line() {
    let bench = Bench::new();
    let iss = format!("https://a\r\nset-cookie: x{}", "y".repeat(5000));
    let error = bench.verify(&bench.ed.token(&with(claims_of(ISSUER), &json!({"iss": iss})))).unwrap_err();
    let text = error.to_string();
    assert!(text.len() < 600 && !text.contains(['\r', '\n']), "{text}");
}

#[test]
fn id_tokens_are_told_from_other_credentials_at_a_glance() {
    let token = SigningKey::ed("ed").token(&claims_of(ISSUER));
    assert!(looks_like_id_token(&token));
    let others = [
        "",
        "eyJ",
        "eyJ.a",
        "eyJ.a.b.c",
        "eyJ..c",
        "eyJ.a.",
        "a.b.c",
        "cairn_pat_abc",
        "eyJ.a.b c",
        "eyJ.a=.b",
        "eyJ.a.é",
        "glcbt-64_abc",
    ];
    for other in others {
        assert!(!looks_like_id_token(other), "{other}");
    }
}
