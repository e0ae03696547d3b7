//! Key sets: which keys are taken, which are passed over, and what is no key set.

use super::*;

/// A set of one key, or why there is none.
fn one(key: &Value) -> Result<KeySet, InvalidKeySet> {
    KeySet::parse(json!({"keys": [key]}).to_string().as_bytes())
}

fn number(bytes: &[u8]) -> String {
    data_encoding::BASE64URL_NOPAD.encode(bytes)
}

#[test]
fn only_keys_for_signatures_that_are_strong_enough_are_taken() {
    let (rsa, ec, ed) = (SigningKey::rsa("r").jwk(), SigningKey::ec("e").jwk(), SigningKey::ed("d").jwk());
    let good = [
        ("RSA", rsa.clone()),
        ("P-256", ec.clone()),
        ("Ed25519", ed.clone()),
        ("nothing said about its use", with(rsa.clone(), &json!({"use": null, "alg": null, "kid": null}))),
        ("for verifying", with(rsa.clone(), &json!({"use": null, "key_ops": ["verify"]}))),
        ("a certificate beside it", with(rsa.clone(), &json!({"x5c": ["…"], "x5t": "…"}))),
    ];
    for (situation, key) in good {
        assert_eq!(one(&key).map(|keys| keys.count()), Ok(1), "{situation}");
    }
    let (weak, modulus) = (number(&[0xff; 128]), number(&[&[0x7f][..], &[0xff; 255]].concat()));
    let bad = [
        ("a secret", json!({"kty": "oct", "k": "AAAA", "alg": "HS256"})),
        ("an unknown kind", json!({"kty": "AKP", "alg": "ML-DSA-44"})),
        ("no kind", json!({"n": "AAAA"})),
        ("no object", json!("key")),
        ("RSA of 1024 bits", with(rsa.clone(), &json!({"n": weak}))),
        ("RSA of 2047 bits", with(rsa.clone(), &json!({"n": modulus}))),
        (
            "RSA of 1024 bits behind zeros",
            with(rsa.clone(), &json!({"n": number(&[&[0; 200][..], &[0xff; 128]].concat())})),
        ),
        ("RSA of 16384 bits", with(rsa.clone(), &json!({"n": number(&[0xff; 2048])}))),
        ("the exponent 1", with(rsa.clone(), &json!({"e": "AQ"}))),
        ("an even exponent", with(rsa.clone(), &json!({"e": "Ag"}))),
        ("a huge exponent", with(rsa.clone(), &json!({"e": number(&[0xff; 6])}))),
        ("no exponent", with(rsa.clone(), &json!({"e": null}))),
        ("RSA for another algorithm", with(rsa.clone(), &json!({"alg": "RS512"}))),
        ("RSA that says it is a secret", with(rsa.clone(), &json!({"alg": "HS256"}))),
        ("RSA for encryption", with(rsa.clone(), &json!({"use": "enc"}))),
        ("RSA for wrapping", with(rsa.clone(), &json!({"key_ops": ["wrapKey"]}))),
        ("a name that is no text", with(rsa, &json!({"kid": 7}))),
        ("another curve", with(ec.clone(), &json!({"crv": "P-384"}))),
        ("half a point", with(ec.clone(), &json!({"y": null}))),
        ("a short coordinate", with(ec.clone(), &json!({"x": "AAAA"}))),
        ("P-256 for another algorithm", with(ec, &json!({"alg": "RS256"}))),
        ("the other curve of Edwards", with(ed.clone(), &json!({"crv": "Ed448"}))),
        ("a key for agreement", with(ed.clone(), &json!({"crv": "X25519"}))),
        ("a short key", with(ed, &json!({"x": "AAAA"}))),
    ];
    for (situation, key) in bad {
        assert_eq!(one(&key), Err(InvalidKeySet::Empty), "{situation}");
    }
}

#[test]
fn keys_that_are_not_for_us_do_not_hide_the_others() {
    let ed = SigningKey::ed("d");
    let set = json!({"keys": [{"kty": "oct", "k": "AA"}, 5, ed.jwk(), {"kty": "EC", "crv": "P-521"}], "more": true});
    assert_eq!(KeySet::parse(set.to_string().as_bytes()), Ok(key_set(&[&ed])));
}

#[test]
fn a_point_that_is_not_on_the_curve_verifies_nothing() {
    let key = SigningKey::ec("e");
    let bent = one(&with(key.jwk(), &json!({"x": number(&[1; 32])}))).unwrap();
    let verdict = bent.verify(Algorithm::Es256, Some("e"), b"text", &[0; 64]);
    assert_eq!(verdict, Err(BadSignature::Forged));
}

#[test]
fn what_is_no_key_set_says_so() {
    let many = |count: usize| {
        let keys: Vec<Value> =
            (0..count).map(|_| json!({"kty": "oct"})).chain([SigningKey::ed("d").jwk()]).collect();
        json!({"keys": keys}).to_string()
    };
    let long = |length: usize| format!("{}{}", many(0), " ".repeat(length - many(0).len()));
    KeySet::parse(long(MAX_JWKS_BYTES).as_bytes()).expect("exactly as long as allowed");
    KeySet::parse(many(99).as_bytes()).expect("exactly as many as allowed");
    let cases = [
        ("nothing", String::new(), InvalidKeySet::NotASet),
        ("a page", "<html>".to_owned(), InvalidKeySet::NotASet),
        ("a list", "[]".to_owned(), InvalidKeySet::NotASet),
        ("one key", SigningKey::ed("d").jwk().to_string(), InvalidKeySet::NotASet),
        ("keys by name", "{\"keys\":{}}".to_owned(), InvalidKeySet::NotASet),
        ("nested too deeply", format!("{{\"keys\":{}", "[".repeat(100_000)), InvalidKeySet::NotASet),
        ("no keys", "{\"keys\":[]}".to_owned(), InvalidKeySet::Empty),
        ("too many", many(100), InvalidKeySet::TooMany),
        ("too long", long(MAX_JWKS_BYTES + 1), InvalidKeySet::TooLong),
    ];
    for (situation, text, expected) in cases {
        assert_eq!(KeySet::parse(text.as_bytes()), Err(expected), "{situation}");
    }
}

#[test]
fn several_keys_may_share_a_name_or_have_none() {
    let (old, new) = (SigningKey::ec("key"), SigningKey::ec("key"));
    let keys = key_set(&[&old, &new, &SigningKey::ed("key")]);
    let issuer = trusted("https://ci.example", KeyLocation::File("unused".into()));
    for key in [&old, &new] {
        let claims = claims_of("https://ci.example");
        verify_with(&keys, &issuer, &key.token(&claims), now()).unwrap();
        verify_with(&keys, &issuer, &key.sign(&json!({"alg": "ES256"}), &claims), now()).unwrap();
    }
}
