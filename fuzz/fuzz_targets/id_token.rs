//! ID tokens and key sets from outside: read or refused, and nobody but the holder of the key makes a good one.

#![no_main]

use std::sync::LazyLock;

use cairn::domain::issuer::{KeyLocation, TrustedIssuer};
use cairn::service::oidc::{KeySet, looks_like_id_token, verify_with};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

/// The keys of RFC 8037, A.2 and of RFC 7515, A.3, whose private halves the fuzzer would have to guess.
static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let set = br#"{"keys": [
        {"kid": "a", "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
         "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
    ]}"#;
    KeySet::parse(set).expect("a good key set")
});

/// With an issuer and an audience the fuzzer finds soon, so that it comes as far as the signature.
static TRUSTED: LazyLock<TrustedIssuer> = LazyLock::new(|| TrustedIssuer {
    issuer: "http://i".parse().expect("an issuer"),
    audience: "a".parse().expect("an audience"),
    keys: KeyLocation::File("unused".into()),
});

fuzz_target!(|data: (&str, &str, &[u8])| {
    let (head, claims, rest) = data;
    let now = Timestamp::from_second(1_800_000_000).expect("a time in range");
    let looks = looks_like_id_token(claims);
    assert!(!looks || (claims.starts_with("eyJ") && claims.split('.').count() == 3), "{claims}");
    // As text, and as the parts of a token, which random text hardly ever is.
    let signature = encode(rest);
    let made = format!("{}.{}.{signature}", encode(head.as_bytes()), encode(claims.as_bytes()));
    for token in [claims, &made] {
        let error = verify_with(&KEYS, &TRUSTED, token, now).expect_err("nobody has the private key");
        let text = error.to_string();
        assert!(text.len() < 2048 && !text.contains('\n'), "{text}");
    }
    if let Ok(keys) = KeySet::parse(rest) {
        assert!(keys.count() > 0);
        // Whatever the keys are, the token is judged and not more.
        let _ = verify_with(&keys, &TRUSTED, &made, now);
    }
});

/// base64url without padding.
fn encode(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(char::from(LETTERS[(bits >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}
