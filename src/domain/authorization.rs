//! What `terraform login` asks for: an OAuth 2 authorization request with PKCE (RFC 6749, 4.1.1; RFC 7636; RFC 8252),
//! parsed before anything is done with it.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;

use super::Sha256;

/// The one client. It is public: a program on a person's machine can keep no secret.
pub const CLIENT: &str = "terraform-cli";
/// Ports on which the client may wait for its code: the first, and the one after the last. Terraform never takes the
/// second number, and finds no port at all when both are the same.
pub const CLIENT_PORTS: [u16; 2] = [10_000, 10_010];

/// Bytes of a `state` at most. Terraform sends 36.
const MAX_STATE_LENGTH: usize = 512;
/// Bytes of a `redirect_uri` at most.
const MAX_REDIRECT_LENGTH: usize = 512;
/// Hosts that are always the person's own machine (RFC 8252, 7.3 and 8.3).
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Why an authorization request is refused. Nothing of what was sent is repeated: it is shown on a page of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAuthorization {
    /// Another client.
    #[error("client_id is not a client of this server: it must be {CLIENT}")]
    Client,
    /// Another kind of answer.
    #[error("response_type must be code")]
    ResponseType,
    /// A challenge that is not hashed, or none.
    #[error("code_challenge_method must be S256")]
    Method,
    /// Not a SHA-256.
    #[error("code_challenge must be 43 characters: a SHA-256 in base64url without padding")]
    Challenge,
    /// Not an address of the person's own machine.
    #[error(
        "redirect_uri must be http://localhost, http://127.0.0.1 or http://[::1] with a port and a plain path"
    )]
    Redirect,
    /// Empty, endless or not text.
    #[error("state must be 1 to {MAX_STATE_LENGTH} printable ASCII characters")]
    State,
    /// Not what a challenge can have been made of.
    #[error("code_verifier must be 43 to 128 letters, digits, hyphens, dots, underscores or tildes")]
    Verifier,
}

/// The parameters as they arrived.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Which client.
    pub client_id: &'a str,
    /// What it wants.
    pub response_type: &'a str,
    /// Where the browser is to be sent.
    pub redirect_uri: &'a str,
    /// What the client will prove to know the origin of.
    pub code_challenge: &'a str,
    /// How that was made.
    pub code_challenge_method: &'a str,
    /// By which the client recognises its own request.
    pub state: &'a str,
}

impl fmt::Debug for Asked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked(..)")
    }
}

/// A request that may be granted.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorization {
    redirect: Redirect,
    challenge: Challenge,
    state: String,
}

impl fmt::Debug for Authorization {
    /// Without the state, which is the client's secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization").field("redirect", &self.redirect).finish_non_exhaustive()
    }
}

impl Authorization {
    /// Judges every parameter.
    pub fn parse(asked: Asked<'_>) -> Result<Self, InvalidAuthorization> {
        if asked.client_id != CLIENT {
            return Err(InvalidAuthorization::Client);
        }
        let redirect = asked.redirect_uri.parse()?;
        if asked.response_type != "code" {
            return Err(InvalidAuthorization::ResponseType);
        }
        if asked.code_challenge_method != "S256" {
            return Err(InvalidAuthorization::Method);
        }
        let challenge = asked.code_challenge.parse()?;
        // RFC 6749, appendix A.5.
        let printable = asked.state.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if !printable || !(1..=MAX_STATE_LENGTH).contains(&asked.state.len()) {
            return Err(InvalidAuthorization::State);
        }
        Ok(Self { redirect, challenge, state: asked.state.to_owned() })
    }

    /// The parameters that say the same again, by name.
    pub fn parameters(&self) -> [(&'static str, String); 6] {
        [
            ("client_id", CLIENT.to_owned()),
            ("response_type", "code".to_owned()),
            ("redirect_uri", self.redirect.to_string()),
            ("code_challenge", self.challenge.to_string()),
            ("code_challenge_method", "S256".to_owned()),
            ("state", self.state.clone()),
        ]
    }

    /// Where the browser is sent.
    pub const fn redirect(&self) -> &Redirect {
        &self.redirect
    }

    /// What the client must prove.
    pub const fn challenge(&self) -> Challenge {
        self.challenge
    }

    /// By which the client recognises its own request.
    pub fn state(&self) -> &str {
        &self.state
    }
}

/// An address on the person's own machine. Its grammar is narrower than a URL's, so that no two programs can read it
/// differently: a name of this machine in lower case, a port, a path, and no user, query or fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    text: String,
    /// Bytes of `text` up to the path.
    origin: usize,
}

impl Redirect {
    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        self.text.get(..self.origin).unwrap_or_default()
    }
}

impl fmt::Display for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Redirect {
    type Err = InvalidAuthorization;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = text.strip_prefix("http://").filter(|_| text.len() <= MAX_REDIRECT_LENGTH);
        let parse = |rest: &str| {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let port = LOOPBACK.iter().find_map(|host| authority.strip_prefix(host)?.strip_prefix(':'))?;
            let is_port = port.bytes().all(|byte| byte.is_ascii_digit())
                && !port.starts_with('0')
                && port.parse::<u16>().is_ok();
            (is_port && path.bytes().all(is_path)).then_some(text.len() - path.len())
        };
        let origin = rest.and_then(parse).ok_or(InvalidAuthorization::Redirect)?;
        Ok(Self { text: text.to_owned(), origin })
    }
}

/// Bytes of a path (RFC 3986, `pchar` and the slash).
const fn is_path(byte: u8) -> bool {
    is_unreserved(byte) || matches!(byte, b'/' | b'%' | b':' | b'@' | b'!' | b'$' | b'&'..=b',' | b';' | b'=')
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The SHA-256 of a text that only the client knows until it comes for its token (RFC 7636, `S256`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge([u8; 32]);

impl Challenge {
    /// Whether it was made of the verifier that has this digest.
    pub fn is_met_by(self, digest: &Sha256) -> bool {
        // No early end: how long it takes tells nothing about where the two differ.
        let differing = self.0.iter().zip(digest.as_bytes()).fold(0, |bits, (a, b)| bits | (a ^ b));
        differing == 0
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl FromStr for Challenge {
    type Err = InvalidAuthorization;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let decoded = BASE64URL_NOPAD.decode(text.as_bytes()).ok();
        decoded.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(InvalidAuthorization::Challenge)
    }
}

/// Whether a text can be a code verifier (RFC 7636, 4.1).
pub fn check_verifier(text: &str) -> Result<(), InvalidAuthorization> {
    let fits = (43..=128).contains(&text.len()) && text.bytes().all(is_unreserved);
    if fits { Ok(()) } else { Err(InvalidAuthorization::Verifier) }
}

const _: () = {
    let [first, end] = CLIENT_PORTS;
    assert!(first < end, "Terraform takes a port below the second number");
    assert!(first >= 1024, "Terraform refuses ports that need privileges");
};

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    const GOOD: Asked<'_> = Asked {
        client_id: CLIENT,
        response_type: "code",
        redirect_uri: "http://localhost:10009/login",
        code_challenge: CHALLENGE,
        code_challenge_method: "S256",
        state: "7e1c0c5a-2b6e-4f58-9f6f-3a54a4b2b9a1",
    };

    #[test]
    fn a_request_that_may_be_granted_says_the_same_again() {
        let parsed = Authorization::parse(GOOD).unwrap();
        let again = parsed.parameters();
        let value = |name: &str| again.iter().find(|(known, _)| *known == name).unwrap().1.as_str();
        let asked = Asked {
            client_id: value("client_id"),
            response_type: value("response_type"),
            redirect_uri: value("redirect_uri"),
            code_challenge: value("code_challenge"),
            code_challenge_method: value("code_challenge_method"),
            state: value("state"),
        };
        assert_eq!(Authorization::parse(asked), Ok(parsed.clone()));
        assert_eq!((value("redirect_uri"), value("code_challenge")), (GOOD.redirect_uri, CHALLENGE));
        assert!(!format!("{parsed:?} {asked:?}").contains(GOOD.state), "the state is not for logs");
    }

    #[test]
    fn every_parameter_is_judged() {
        let long = "s".repeat(MAX_STATE_LENGTH + 1);
        let bits = format!("{}N", &CHALLENGE[..42]);
        for (asked, refused) in [
            (Asked { client_id: "", ..GOOD }, InvalidAuthorization::Client),
            (Asked { client_id: "Terraform-CLI", ..GOOD }, InvalidAuthorization::Client),
            (Asked { response_type: "token", ..GOOD }, InvalidAuthorization::ResponseType),
            (Asked { response_type: "code token", ..GOOD }, InvalidAuthorization::ResponseType),
            (Asked { code_challenge_method: "plain", ..GOOD }, InvalidAuthorization::Method),
            (Asked { code_challenge_method: "", ..GOOD }, InvalidAuthorization::Method),
            (Asked { code_challenge: "", ..GOOD }, InvalidAuthorization::Challenge),
            (Asked { code_challenge: &CHALLENGE[..42], ..GOOD }, InvalidAuthorization::Challenge),
            (Asked { code_challenge: &format!("{CHALLENGE}="), ..GOOD }, InvalidAuthorization::Challenge),
            (Asked { code_challenge: &format!("{CHALLENGE}A"), ..GOOD }, InvalidAuthorization::Challenge),
            (Asked { code_challenge: &CHALLENGE.replace('-', "+"), ..GOOD }, InvalidAuthorization::Challenge),
            (Asked { code_challenge: &bits, ..GOOD }, InvalidAuthorization::Challenge),
            (Asked { state: "", ..GOOD }, InvalidAuthorization::State),
            (Asked { state: &long, ..GOOD }, InvalidAuthorization::State),
            (Asked { state: "a\r\nb", ..GOOD }, InvalidAuthorization::State),
            (Asked { state: "\u{e9}", ..GOOD }, InvalidAuthorization::State),
            (Asked { redirect_uri: "", ..GOOD }, InvalidAuthorization::Redirect),
        ] {
            assert_eq!(Authorization::parse(asked), Err(refused));
        }
        assert!(Authorization::parse(Asked { state: &long[1..], ..GOOD }).is_ok());
    }

    #[test]
    fn a_browser_is_sent_to_its_own_machine_and_nowhere_else() {
        for (good, origin) in [
            ("http://localhost:10000/login", "http://localhost:10000"),
            ("http://127.0.0.1:1/", "http://127.0.0.1:1"),
            ("http://[::1]:65535/a/b;c=d/%20~", "http://[::1]:65535"),
            ("http://localhost:10000", "http://localhost:10000"),
            ("http://localhost:10000//evil.example/@x:1", "http://localhost:10000"),
        ] {
            let parsed: Redirect = good.parse().unwrap();
            assert_eq!((parsed.origin(), parsed.to_string().as_str()), (origin, good));
        }
        for bad in [
            "https://localhost:10000/login",
            "HTTP://localhost:10000/login",
            "http:localhost:10000/login",
            "//localhost:10000/login",
            "http://localhost/login",
            "http://localhost:/login",
            "http://localhost:0/login",
            "http://localhost:010000/login",
            "http://localhost:65536/login",
            "http://localhost:+80/login",
            "http://localhost:80@evil.example/login",
            "http://localhost:80:80/login",
            "http://user@localhost:80/login",
            "http://user:x@localhost:80/login",
            "http://localhost.evil.example:80/login",
            "http://evil.example:80/login",
            "http://evil.example/localhost:80/",
            "http://LOCALHOST:80/login",
            "http://127.0.0.2:80/login",
            "http://127.1:80/login",
            "http://2130706433:80/login",
            "http://0.0.0.0:80/login",
            "http://::1:80/login",
            "http://[::1%25lo]:80/login",
            "http://[::ffff:127.0.0.1]:80/login",
            "http://localhost:80?code=x",
            "http://localhost:80/login?code=x",
            "http://localhost:80/login#x",
            "http://localhost:80\\@evil.example/",
            "http://localhost:80/a b",
            "http://localhost:80/\u{e9}",
            "http://localhost:80/\r\nSet-Cookie:x",
            " http://localhost:80/",
            "javascript://localhost:80/%0aalert(1)",
        ] {
            assert_eq!(bad.parse::<Redirect>(), Err(InvalidAuthorization::Redirect), "{bad}");
        }
        let endless = format!("http://localhost:80/{}", "a".repeat(MAX_REDIRECT_LENGTH));
        assert_eq!(endless.parse::<Redirect>(), Err(InvalidAuthorization::Redirect));
    }

    #[test]
    fn a_verifier_is_43_to_128_unreserved_characters() {
        let uuid = "0f8fad5b-d9cb-469f-a165-70867728950e.123456789";
        for good in [uuid, &"~".repeat(43), &"a".repeat(128)] {
            assert_eq!(check_verifier(good), Ok(()), "{good}");
        }
        for bad in
            ["", &"a".repeat(42), &"a".repeat(129), &"+".repeat(43), &" ".repeat(43), &"\u{e9}".repeat(30)]
        {
            assert_eq!(check_verifier(bad), Err(InvalidAuthorization::Verifier), "{bad}");
        }
    }

    #[test]
    fn a_challenge_is_met_by_its_digest_alone() {
        let challenge: Challenge = CHALLENGE.parse().unwrap();
        let digest = Sha256::new(challenge.0);
        assert!(challenge.is_met_by(&digest));
        for position in 0..32 {
            let mut bytes = challenge.0;
            bytes[position] ^= 1;
            assert!(!challenge.is_met_by(&Sha256::new(bytes)), "byte {position}");
        }
    }
}
