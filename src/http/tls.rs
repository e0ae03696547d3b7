//! TLS for the listeners: rustls with ring, TLS 1.2 and 1.3, HTTP/1.1, and a certificate that can be replaced live.

mod names;
mod self_signed;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig};
use tokio_rustls::TlsAcceptor;

use crate::config::watch::read_bounded;

pub use names::server_names;
pub use self_signed::{Renewal, SelfSigned, ensure_self_signed};

/// Certificates in a chain at most: public chains have three or four.
const MAX_CHAIN: usize = 16;

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}; check that it exists and that this user may read it", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {source}; check the rights and the free space of that directory", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is damaged PEM.
    #[error("{} is not valid PEM: {source}; copy it again", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: pem::Error,
    },
    /// The file is something else.
    #[error("{} holds no {missing}; it must hold {expected}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        missing: &'static str,
        /// What it must look like.
        expected: &'static str,
    },
    /// The chain is too long to be one.
    #[error("{} holds more than {MAX_CHAIN} certificates; it must hold the server's certificate and its intermediates only", path.display())]
    LongChain {
        /// The file.
        path: PathBuf,
    },
    /// The two files do not belong together.
    #[error("the key in {} does not belong to the first certificate in {}; put the server's certificate first, and use the key it was requested with", key.display(), cert.display())]
    Mismatch {
        /// The certificate chain.
        cert: PathBuf,
        /// The private key.
        key: PathBuf,
    },
    /// Certificate or key are of a kind that TLS cannot use.
    #[error("the certificate in {} and the key in {} cannot be used: {source}; RSA (2048 bits or more), P-256, P-384 and Ed25519 keys work", cert.display(), key.display())]
    Unusable {
        /// The certificate chain.
        cert: PathBuf,
        /// The private key.
        key: PathBuf,
        /// Why not.
        source: rustls::Error,
    },
    /// The own authority is damaged.
    #[error("the authority's file {} cannot be used: {reason}; restore it, or delete ca.pem beside it to make a new authority, which clients must then be given", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The own authority could not make a certificate.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// TLS could not be set up at all.
    #[error("cannot set up TLS: {0}")]
    Setup(#[from] rustls::Error),
}

/// Where the certificate chain and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain in PEM, the server's own certificate first.
    pub cert: PathBuf,
    /// The private key in PEM.
    pub key: PathBuf,
}

impl TlsFiles {
    /// Reads the pair and checks that it is one.
    fn read(&self) -> Result<CertifiedKey, TlsError> {
        let (chain, key) = (read_chain(&self.cert)?, read_key(&self.key)?);
        CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|error| {
            let (cert, key) = (self.cert.clone(), self.key.clone());
            if error == rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) {
                TlsError::Mismatch { cert, key }
            } else {
                TlsError::Unusable { cert, key, source: error }
            }
        })
    }
}

/// The certificate in use, and the acceptor that presents it.
pub struct TlsStore {
    files: TlsFiles,
    current: Arc<Current>,
    acceptor: TlsAcceptor,
}

impl std::fmt::Debug for TlsStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsStore").field("files", &self.files).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    /// One certificate for every name: a client that connects by address sends none.
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl TlsStore {
    /// Reads the certificate and prepares the acceptor.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let current = Arc::new(Current(ArcSwap::from_pointee(files.read()?)));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Current>::clone(&current));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { files, current, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }

    /// Reads the files again. New connections get the new certificate; when it cannot be used, the old one stays.
    /// Says whether the certificate is another one than before.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let fresh = self.files.read()?;
        let old = self.current.0.swap(Arc::new(fresh));
        Ok(old.cert != self.current.0.load().cert)
    }

    /// Does the handshake of a connection. Cheap to clone; follows every reload.
    pub fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    /// The files it reads, to watch them.
    pub fn files(&self) -> &TlsFiles {
        &self.files
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(path)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .take(MAX_CHAIN + 1)
        .collect::<Result<_, _>>()
        .map_err(|source| TlsError::Pem { path: path.to_owned(), source })?;
    match chain.len() {
        0 => Err(TlsError::Missing {
            path: path.to_owned(),
            missing: "certificate",
            expected: "a block that begins with -----BEGIN CERTIFICATE-----",
        }),
        1..=MAX_CHAIN => Ok(chain),
        _ => Err(TlsError::LongChain { path: path.to_owned() }),
    }
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|error| {
        let path = path.to_owned();
        if !matches!(error, pem::Error::NoItemsFound) {
            return TlsError::Pem { path, source: error };
        }
        let expected =
            "a block that begins with -----BEGIN PRIVATE KEY-----, not encrypted with a passphrase";
        TlsError::Missing { path, missing: "private key", expected }
    })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    read_bounded(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests;
