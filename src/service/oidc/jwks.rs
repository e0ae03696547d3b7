//! A JSON Web Key Set (RFC 7517): the public keys of an issuer, each bound to the one algorithm it is for.

use data_encoding::BASE64URL_NOPAD;
use ring::rsa::PublicKeyComponents;
use ring::signature::{ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Map, Value};

/// Bytes of a key set at most.
pub const MAX_JWKS_BYTES: usize = 256 * 1024;
/// Keys of a set at most, those that are passed over included.
const MAX_KEYS: usize = 100;
/// Keys tried for a token that does not name its key.
const MAX_TRIES: usize = 8;
/// Bytes of an RSA modulus: 2048 to 8192 bits.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;
/// Bytes of an RSA exponent at most: what ring takes.
const MAX_EXPONENT_BYTES: usize = 5;
/// Bytes of a coordinate of P-256, and of an Ed25519 key.
const POINT_BYTES: usize = 32;

/// How a token may be signed (RFC 7518, 3.1; RFC 8037, 3.1). Nothing else is taken: no `none`, and no algorithm whose key
/// the verifier would have to share with the signer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with PKCS #1 v1.5 and SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// The algorithm of this name, as in `alg`.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Rs256, Self::Es256, Self::EdDsa].into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Its name in `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// Why a text is no usable key set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeySet {
    /// Too many bytes.
    #[error("the key set is longer than {MAX_JWKS_BYTES} bytes")]
    TooLong,
    /// Not the JSON of a key set.
    #[error("it is not a JSON Web Key Set, which looks like {{\"keys\": [{{\"kty\": …}}]}}")]
    NotASet,
    /// Too many keys.
    #[error("the key set holds more than {MAX_KEYS} keys")]
    TooMany,
    /// Nothing to verify with.
    #[error("the key set holds no key for signatures by RS256 (2048 bits or more), ES256 or EdDSA (Ed25519)")]
    Empty,
}

/// Why a signature is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadSignature {
    /// No key of that name, or none that fits the unnamed key.
    UnknownKey,
    /// The key of that name is for another algorithm.
    OtherAlgorithm(Algorithm),
    /// The key did not sign this.
    Forged,
}

/// The keys of an issuer that can verify. At least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet(Vec<Key>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    id: Option<String>,
    material: Material,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// Uncompressed (SEC 1, 2.3.3).
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl KeySet {
    /// Reads a key set. Keys of other kinds, for other uses or too weak are passed over, as RFC 7517, 5 asks.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidKeySet> {
        if bytes.len() > MAX_JWKS_BYTES {
            return Err(InvalidKeySet::TooLong);
        }
        let set: Map<String, Value> =
            serde_json::from_slice(bytes).map_err(|_not_json| InvalidKeySet::NotASet)?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or(InvalidKeySet::NotASet)?;
        if keys.len() > MAX_KEYS {
            return Err(InvalidKeySet::TooMany);
        }
        let keys: Vec<Key> = keys.iter().filter_map(Key::read).collect();
        if keys.is_empty() { Err(InvalidKeySet::Empty) } else { Ok(Self(keys)) }
    }

    /// How many keys there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Checks a signature. A key that the token names must be there and be for that algorithm; without a name the keys of
    /// that algorithm are tried.
    pub fn verify(
        &self,
        algorithm: Algorithm,
        key_id: Option<&str>,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        let named: Vec<&Key> =
            self.0.iter().filter(|key| key_id.is_none_or(|id| key.id.as_deref() == Some(id))).collect();
        let fitting = named.iter().filter(|key| key.material.algorithm() == algorithm).take(MAX_TRIES);
        let mut refusal = match (key_id, named.first()) {
            (Some(_), Some(other)) => BadSignature::OtherAlgorithm(other.material.algorithm()),
            _ => BadSignature::UnknownKey,
        };
        for key in fitting {
            if key.material.verifies(signed, signature) {
                return Ok(());
            }
            // An unnamed key may be one that is not known yet.
            if key_id.is_some() {
                refusal = BadSignature::Forged;
            }
        }
        Err(refusal)
    }
}

impl Key {
    /// Reads one key (RFC 7518, 6; RFC 8037, 2). Nothing if it is not for us.
    fn read(value: &Value) -> Option<Self> {
        let key = value.as_object()?;
        let text = |name: &str| key.get(name).and_then(Value::as_str);
        let bytes = |name: &str| BASE64URL_NOPAD.decode(text(name)?.as_bytes()).ok();
        let point = |name: &str| bytes(name).filter(|bytes| bytes.len() == POINT_BYTES);
        let material = match (text("kty")?, text("crv")) {
            ("RSA", None) => Material::rsa(&bytes("n")?, &bytes("e")?)?,
            ("EC", Some("P-256")) => Material::P256([vec![4], point("x")?, point("y")?].concat()),
            ("OKP", Some("Ed25519")) => Material::Ed25519(point("x")?),
            _ => return None,
        };
        let agrees = |name: &str, expected: &str| key.get(name).is_none_or(|value| value == expected);
        let may_verify = key.get("key_ops").is_none_or(|uses| {
            uses.as_array().is_some_and(|uses| uses.iter().any(|value| value == "verify"))
        });
        if !agrees("alg", material.algorithm().name()) || !agrees("use", "sig") || !may_verify {
            return None;
        }
        let id = match key.get("kid") {
            None => None,
            Some(id) => Some(id.as_str()?.to_owned()),
        };
        Some(Self { id, material })
    }
}

impl Material {
    fn rsa(n: &[u8], e: &[u8]) -> Option<Self> {
        // Some issuers write the zero that keeps a signed number positive.
        let [n, e] = [n, e].map(|number| {
            let zeros = number.iter().take_while(|byte| **byte == 0).count();
            number.get(zeros..).unwrap_or_default().to_vec()
        });
        let is_full = n.first().is_some_and(|byte| *byte >= 0x80) || n.len() > *RSA_BYTES.start();
        let is_exponent =
            (1..=MAX_EXPONENT_BYTES).contains(&e.len()) && e.last().is_some_and(|byte| byte % 2 == 1);
        (RSA_BYTES.contains(&n.len()) && is_full && is_exponent && e != [1]).then_some(Self::Rsa { n, e })
    }

    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa { .. } => Algorithm::Rs256,
            Self::P256(_) => Algorithm::Es256,
            Self::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        let checked = match self {
            Self::Rsa { n, e } => {
                PublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
            }
            Self::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature)
            }
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(signed, signature),
        };
        checked.is_ok()
    }
}
