//! An issuer of ID tokens for tests: signs whatever it is told to, and serves its public keys over plain HTTP. Keys are made
//! at run time, except the one for RSA.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair as RsaKeyPair, PublicKeyComponents};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use serde_json::{Value, json};

const RSA_PEM: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/issuer/rsa-for-tests-only.pem"));

/// A private key, with the name it has in the key set.
#[derive(Debug)]
pub(crate) struct SigningKey {
    pub(crate) id: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl SigningKey {
    /// The RSA key, of which there is one.
    pub(crate) fn rsa(id: &str) -> Self {
        let base64: String = RSA_PEM.lines().filter(|line| !line.starts_with("--")).collect();
        let der = BASE64.decode(base64.as_bytes()).unwrap();
        Self { id: id.to_owned(), kind: Kind::Rsa(RsaKeyPair::from_pkcs8(&der).unwrap()) }
    }

    /// A new key of P-256.
    pub(crate) fn ec(id: &str) -> Self {
        let random = SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref(), &random).unwrap();
        Self { id: id.to_owned(), kind: Kind::Ec(pair) }
    }

    /// A new key of Ed25519.
    pub(crate) fn ed(id: &str) -> Self {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self { id: id.to_owned(), kind: Kind::Ed(Ed25519KeyPair::from_pkcs8(der.as_ref()).unwrap()) }
    }

    /// The algorithm the key is for.
    pub(crate) fn algorithm(&self) -> &'static str {
        match self.kind {
            Kind::Rsa(_) => "RS256",
            Kind::Ec(_) => "ES256",
            Kind::Ed(_) => "EdDSA",
        }
    }

    /// The public half, as in a key set.
    pub(crate) fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let mut jwk = match &self.kind {
            Kind::Rsa(pair) => {
                let parts = PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({"kty": "RSA", "n": text(&parts.n), "e": text(&parts.e)})
            }
            Kind::Ec(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..])})
            }
            Kind::Ed(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref())}),
        };
        jwk["kid"] = json!(self.id);
        jwk["use"] = json!("sig");
        jwk["alg"] = json!(self.algorithm());
        jwk
    }

    /// Signs any head and any claims.
    pub(crate) fn sign(&self, head: &Value, claims: &Value) -> String {
        let signed = unsigned(head, claims);
        let signature = match &self.kind {
            Kind::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
                    .unwrap();
                signature
            }
            Kind::Ec(pair) => pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref().to_vec(),
            Kind::Ed(pair) => pair.sign(signed.as_bytes()).as_ref().to_vec(),
        };
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
    }

    /// A token as a CI system makes it: the usual head, these claims.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.sign(&json!({"alg": self.algorithm(), "kid": self.id, "typ": "JWT"}), claims)
    }
}

/// Head and claims of a token, without a signature.
pub(crate) fn unsigned(head: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    format!("{}.{}", part(head), part(claims))
}

/// A token signed with HS256, whose secret is whatever an attacker knows.
pub(crate) fn hs256(head: &Value, claims: &Value, secret: &[u8]) -> String {
    let signed = unsigned(head, claims);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
    format!("{signed}.{}", BASE64URL_NOPAD.encode(tag.as_ref()))
}

/// A key set of these keys.
pub(crate) fn jwks<'a>(keys: impl IntoIterator<Item = &'a SigningKey>) -> String {
    json!({"keys": keys.into_iter().map(SigningKey::jwk).collect::<Vec<_>>()}).to_string()
}

/// The server of an issuer's keys. Runs until the test ends.
#[derive(Debug)]
pub(crate) struct Issuer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Debug)]
struct State {
    answer: Answer,
    requests: usize,
}

/// How the server answers.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// With this body.
    Body(String),
    /// With this status and header lines, without a body.
    Refusal(&'static str),
    /// By closing the connection.
    Down,
    /// Not before the answer is changed.
    Slow,
}

impl Issuer {
    /// Starts a server that answers in this way.
    pub(crate) fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Mutex::new(State { answer, requests: 0 });
        let shared = Arc::new(Shared { state, moved: Condvar::new() });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let serving = Arc::clone(&serving);
                std::thread::spawn(move || serving.answer(&stream.unwrap()));
            }
        });
        Self { address, shared }
    }

    /// Starts a server of these keys.
    pub(crate) fn with_keys(keys: &[&SigningKey]) -> Self {
        Self::start(Answer::Body(jwks(keys.iter().copied())))
    }

    /// Its `iss`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where its keys are.
    pub(crate) fn jwks_uri(&self) -> String {
        format!("http://{}/jwks", self.address)
    }

    /// Answers differently from now on, also to those who wait.
    pub(crate) fn set(&self, answer: Answer) {
        self.state().answer = answer;
        self.shared.moved.notify_all();
    }

    /// Publishes these keys instead of the ones before.
    pub(crate) fn rotate(&self, keys: &[&SigningKey]) {
        self.set(Answer::Body(jwks(keys.iter().copied())));
    }

    /// How often it was asked.
    pub(crate) fn requests(&self) -> usize {
        self.state().requests
    }

    /// Waits until it was asked that often.
    pub(crate) fn wait_for_requests(&self, count: usize) {
        let (state, waited) = self
            .shared
            .moved
            .wait_timeout_while(self.state(), std::time::Duration::from_mins(1), |state| {
                state.requests < count
            })
            .unwrap();
        assert!(!waited.timed_out(), "asked {} times and not {count}", state.requests);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }
}

impl Shared {
    fn answer(&self, mut stream: &TcpStream) {
        // A client may close a connection it does not need, at any time.
        let head = BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
        if head.count() == 0 {
            return;
        }
        let answer = {
            let mut state = self.state.lock().unwrap();
            state.requests += 1;
            self.moved.notify_all();
            let answered =
                self.moved.wait_while(state, |state| matches!(state.answer, Answer::Slow)).unwrap();
            answered.answer.clone()
        };
        let text = match answer {
            Answer::Body(body) => format!("200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()),
            Answer::Refusal(status) => format!("{status}\r\ncontent-length: 0\r\n\r\n"),
            Answer::Down | Answer::Slow => return,
        };
        let _gone = stream.write_all(
            format!("HTTP/1.1 {}", text.replacen("\r\n", "\r\nconnection: close\r\n", 1)).as_bytes(),
        );
    }
}
