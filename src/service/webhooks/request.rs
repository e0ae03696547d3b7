//! The request that tells an event: signed as in Standard Webhooks (standardwebhooks.com, version 1).

use data_encoding::BASE64;
use jiff::Timestamp;
use ring::hmac;
use serde_json::Value;

use crate::domain::webhook::{Delivery, HookSecret, HookUrl, Webhook};

/// What is sent: a `POST`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookRequest {
    /// Where to.
    pub url: HookUrl,
    /// Header lines.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: String,
}

/// The request of a delivery, as it is sent at that time by a server with that URL.
pub(super) fn request(
    hook: &Webhook,
    delivery: &Delivery,
    base: Option<&str>,
    now: Timestamp,
) -> HookRequest {
    let body = absolute(&delivery.body, base);
    let at = now.as_second();
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("user-agent", concat!("cairn/", env!("CARGO_PKG_VERSION")).to_owned()),
        ("webhook-id", delivery.message.clone()),
        ("webhook-timestamp", at.to_string()),
        ("webhook-signature", signature(&hook.secret, &delivery.message, at, &body)),
        ("idempotency-key", delivery.message.clone()),
        ("x-cairn-delivery", delivery.message.clone()),
        ("x-cairn-event", delivery.kind.as_str().to_owned()),
    ];
    HookRequest { url: hook.url.clone(), headers, body }
}

/// `v1,` and the HMAC-SHA-256 of id, time and body in base64.
fn signature(secret: &HookSecret, message: &str, at: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret.key());
    let tag = hmac::sign(&key, format!("{message}.{at}.{body}").as_bytes());
    format!("v1,{}", BASE64.encode(tag.as_ref()))
}

/// The body with the server's URL before the paths in it; without one they are left out.
fn absolute(body: &str, base: Option<&str>) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(body) else { return body.to_owned() };
    for place in ["/project/web_url", "/package/web_url"] {
        if let Some(url) = value.pointer_mut(place) {
            let path = url.as_str().map(str::to_owned);
            *url = path.zip(base).map_or(Value::Null, |(path, base)| format!("{base}{path}").into());
        }
    }
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_standard() {
        // The example of the specification's libraries.
        let secret: HookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
        let signed =
            signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn paths_become_urls_of_the_server_or_nothing() {
        let body = r#"{"project":{"web_url":"/acme/network"},"package":{"web_url":null}}"#;
        assert_eq!(
            absolute(body, Some("https://registry.example")),
            r#"{"package":{"web_url":null},"project":{"web_url":"https://registry.example/acme/network"}}"#
        );
        assert_eq!(absolute(body, None), r#"{"package":{"web_url":null},"project":{"web_url":null}}"#);
    }
}
