//! `Authorization` headers: read or refused, and what is read is what was sent.

#![no_main]

use cairn::service::Presented;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(Some(presented)) = Presented::from_authorization(text) else { return };
    assert!(presented.same_secret(&presented));
    assert!(!format!("{presented:?}").contains("secret: \""), "a secret is never printed");
    match presented {
        Presented::Token(_) => assert!(text[..6].eq_ignore_ascii_case("bearer")),
        Presented::Basic { username, .. } => {
            assert!(text[..5].eq_ignore_ascii_case("basic"));
            assert!(!username.contains(':'));
        }
        Presented::GitlabJob { .. } => panic!("whose token it is, is judged after the headers are read"),
    }
});
