//! Handshakes with a certificate that is replaced while the server runs.

use std::fs;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::*;

/// A directory with an authority and a certificate for `localhost`.
fn made() -> (tempfile::TempDir, SelfSigned) {
    let dir = tempfile::tempdir().unwrap();
    let made =
        ensure_self_signed(dir.path(), &["localhost".to_owned()], jiff::Timestamp::UNIX_EPOCH).unwrap();
    (dir, made)
}

fn write(path: &Path, text: &[u8]) {
    use std::io::Write as _;
    let mut file = fs::OpenOptions::new().write(true).truncate(true).create(true).open(path).unwrap();
    file.write_all(text).unwrap();
}

/// Accepts whatever is presented: these tests look at which certificate that is.
#[derive(Debug)]
struct AnyCertificate;

impl rustls::client::danger::ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        let algorithms = &ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        let algorithms = &ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// What a client saw.
#[derive(Debug)]
struct Seen {
    certificate: CertificateDer<'static>,
    version: rustls::ProtocolVersion,
    alpn: Option<Vec<u8>>,
}

async fn connect(
    store: &TlsStore,
    versions: &[&'static rustls::SupportedProtocolVersion],
    alpn: &[&str],
) -> io::Result<Seen> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    config.dangerous().set_certificate_verifier(Arc::new(AnyCertificate));
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let (near, far) = tokio::io::duplex(64 * 1024);
    let connector = TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from("localhost").unwrap();
    let (client, server) = tokio::join!(connector.connect(name, near), store.acceptor().accept(far));
    let (client, _server) = (client?, server?);
    let session = client.get_ref().1;
    Ok(Seen {
        certificate: session.peer_certificates().unwrap()[0].clone(),
        version: session.protocol_version().unwrap(),
        alpn: session.alpn_protocol().map(<[u8]>::to_vec),
    })
}

const BOTH: [&rustls::SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];

#[tokio::test]
async fn both_versions_of_tls_work_and_only_http_1_1_is_spoken() {
    let (_dir, made) = made();
    let store = TlsStore::load(made.files).unwrap();
    let new = connect(&store, &[&rustls::version::TLS13], &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(new.version, rustls::ProtocolVersion::TLSv1_3);
    assert_eq!(new.alpn.as_deref(), Some(&b"http/1.1"[..]));
    let old = connect(&store, &[&rustls::version::TLS12], &[]).await.unwrap();
    assert_eq!((old.version, old.alpn), (rustls::ProtocolVersion::TLSv1_2, None));
    connect(&store, &BOTH, &["h2"]).await.unwrap_err();
}

#[tokio::test]
async fn a_new_pair_is_presented_after_a_reload_and_a_bad_one_keeps_the_old() {
    let (_dir, first) = made();
    let (_other_dir, second) = made();
    let store = TlsStore::load(first.files.clone()).unwrap();
    let seen = connect(&store, &BOTH, &[]).await.unwrap().certificate;
    assert!(!store.reload().unwrap(), "nothing changed");

    write(&first.files.cert, &fs::read(&second.files.cert).unwrap());
    let error = store.reload().unwrap_err();
    assert!(matches!(error, TlsError::Mismatch { .. }), "{error}");
    assert_eq!(connect(&store, &BOTH, &[]).await.unwrap().certificate, seen, "the old pair stays");

    write(&first.files.key, &fs::read(&second.files.key).unwrap());
    assert!(store.reload().unwrap());
    let fresh = connect(&store, &BOTH, &[]).await.unwrap().certificate;
    assert_ne!(fresh, seen);
    assert_eq!(fresh, second.files.read().unwrap().cert[0]);
}

#[test]
fn files_that_cannot_be_used_are_refused_with_words_to_act_on() {
    let (_dir, good) = made();
    let cert = fs::read(&good.files.cert).unwrap();
    let key = fs::read(&good.files.key).unwrap();
    let garbage = b"-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n".to_vec();
    let many: Vec<u8> = cert.repeat(17);
    let cut = cert.get(..cert.len() / 2).unwrap().to_vec();
    let cases: [(&str, &[u8], &[u8], &str); 8] = [
        ("an empty certificate file", b"", &key, "holds no certificate"),
        ("a key where the certificate belongs", &key, &key, "holds no certificate"),
        ("a certificate where the key belongs", &cert, &cert, "holds no private key"),
        ("a certificate cut off in the middle", &cut, &key, "is not valid PEM"),
        ("a certificate that is none", &garbage, &key, "cannot be used"),
        ("a whole trust store", &many, &key, "more than 16"),
        (
            "an encrypted key",
            &cert,
            b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMA==\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "passphrase",
        ),
        (
            "a key that is none",
            &cert,
            b"-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n",
            "cannot be used",
        ),
    ];
    for (situation, cert, key, words) in cases {
        write(&good.files.cert, cert);
        write(&good.files.key, key);
        let error = TlsStore::load(good.files.clone()).expect_err(situation).to_string();
        assert!(error.contains(words), "{situation}: {error}");
    }
    let missing = TlsFiles { cert: "/no/such/cert.pem".into(), key: good.files.key };
    let error = TlsStore::load(missing).unwrap_err().to_string();
    assert!(error.contains("cannot read /no/such/cert.pem"), "{error}");
}
