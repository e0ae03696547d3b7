//! An authority of our own and a certificate from it, for `--tls-self-signed`.
//!
//! In `<data-dir>/tls/`: `ca.pem` (to give to clients), `ca-key.pem`, `cert.pem`, `key.pem`. In front of the PEM block
//! of a certificate stand lines for people, `Names:` and `Valid until:`; every PEM reader skips them, and they tell us
//! when to renew without an X.509 parser. That the certificate really is what they say is checked the way a client
//! would: chain, name and time.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData as _, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::{TlsError, TlsFiles, provider, read};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Ten years: the authority is given to clients by hand.
const AUTHORITY_DAYS: i32 = 3650;
/// Clients of some platforms refuse more than 398 days.
const LEAF_DAYS: i32 = 397;
/// A client's clock may be behind ours.
const BACKDATED: SignedDuration = SignedDuration::from_hours(1);

/// What had to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// Nothing: what is there is good.
    None,
    /// The certificate. Clients that trust the authority notice nothing.
    Leaf,
    /// The authority too. Clients must be given the new `ca.pem`.
    Authority,
}

/// A certificate of our own, ready to be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfSigned {
    /// The certificate and its key.
    pub files: TlsFiles,
    /// The authority's certificate: what clients must trust.
    pub authority: PathBuf,
    /// What had to be made.
    pub renewal: Renewal,
    /// When to call again at the latest: a third of the certificate's life before its end.
    pub renew_at: Timestamp,
}

/// Makes sure that `dir` holds an authority and a certificate for `names` that is good for another third of its life.
///
/// Call it at the start and from time to time, and after [`Renewal::Leaf`] reload the certificate. The authority is
/// kept as long as it outlives the certificates it signs. A file that is damaged is an error for the authority, whose
/// loss every client would notice, and a reason to renew for the certificate.
pub fn ensure_self_signed(dir: &Path, names: &[String], now: Timestamp) -> Result<SelfSigned, TlsError> {
    create_directory(dir)?;
    let paths = Paths::new(dir);
    let (authority, new_authority) = match Authority::load(&paths, now)? {
        Some(authority) => (authority, false),
        None => (Authority::create(&paths, now)?, true),
    };
    let kept = if new_authority { None } else { usable_leaf(&paths, &authority, names, now) };
    let renewal = match (kept, new_authority) {
        (Some(_), _) => Renewal::None,
        (None, false) => Renewal::Leaf,
        (None, true) => Renewal::Authority,
    };
    let renew_at = match kept {
        Some(end) => end,
        None => create_leaf(&paths, &authority, names, now)?,
    } - third_of_life();
    let files = TlsFiles { cert: paths.cert, key: paths.key };
    Ok(SelfSigned { files, authority: paths.authority, renewal, renew_at })
}

struct Paths {
    authority: PathBuf,
    authority_key: PathBuf,
    cert: PathBuf,
    key: PathBuf,
}

impl Paths {
    fn new(dir: &Path) -> Self {
        Self {
            authority: dir.join("ca.pem"),
            authority_key: dir.join("ca-key.pem"),
            cert: dir.join("cert.pem"),
            key: dir.join("key.pem"),
        }
    }
}

struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// What is stored, unless there is none yet or it ends before a certificate signed now would.
    fn load(paths: &Paths, now: Timestamp) -> Result<Option<Self>, TlsError> {
        // The certificate is written last: without it there is nothing that a client could trust already.
        if !paths.authority.try_exists().map_err(|source| write_error(&paths.authority, source))? {
            return Ok(None);
        }
        let text = read(&paths.authority)?;
        let certificate = CertificateDer::from_pem_slice(&text).map_err(damaged(&paths.authority))?;
        let end = header(&text, VALID_UNTIL).ok_or("the line with its end is missing");
        let end: Timestamp =
            end.map_err(damaged(&paths.authority))?.parse().map_err(damaged(&paths.authority))?;
        let key = read(&paths.authority_key)?;
        let key = KeyPair::from_pem(&String::from_utf8_lossy(&key)).map_err(damaged(&paths.authority_key))?;
        if !contains(&certificate, key.subject_public_key_info().as_slice()) {
            return Err(damaged(&paths.authority_key)("it is not the key of ca.pem"));
        }
        if end < now + days(LEAF_DAYS) {
            return Ok(None);
        }
        let issuer = Issuer::new(authority_params(&key), key);
        Ok(Some(Self { certificate, issuer }))
    }

    fn create(paths: &Paths, now: Timestamp) -> Result<Self, TlsError> {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
        let mut params = authority_params(&key);
        let end = set_validity(&mut params, now, AUTHORITY_DAYS);
        let certificate = params.self_signed(&key)?;
        write_file(&paths.authority_key, &key.serialize_pem(), 0o600)?;
        write_file(&paths.authority, &with_headers(&[], end, &certificate.pem()), 0o644)?;
        Ok(Self { certificate: certificate.der().clone(), issuer: Issuer::new(params, key) })
    }
}

/// Everything about the authority but its dates follows from its key, so that it can sign again without its
/// certificate being parsed. The name is unique: two authorities in one trust store must not be mistaken for another.
fn authority_params(key: &KeyPair) -> CertificateParams {
    let mut params = CertificateParams::default();
    let id: Vec<u8> = params.key_identifier(key).into_iter().take(4).collect();
    let name = format!("cairn authority {}", data_encoding::HEXLOWER.encode(&id));
    params.distinguished_name = common_name(&name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// When the stored certificate ends, if it is for exactly these names and good for another third of its life.
fn usable_leaf(paths: &Paths, authority: &Authority, names: &[String], now: Timestamp) -> Option<Timestamp> {
    let files = TlsFiles { cert: paths.cert.clone(), key: paths.key.clone() };
    let pair = files.read().ok()?;
    let text = read(&paths.cert).ok()?;
    let end: Timestamp = header(&text, VALID_UNTIL)?.parse().ok()?;
    let good = header(&text, NAMES)? == names.join(", ")
        && now + third_of_life() <= end
        && client_accepts(authority, pair.cert.first()?, names, now)
        && client_accepts(authority, pair.cert.first()?, names, now + third_of_life());
    good.then_some(end)
}

/// Whether a client that trusts the authority would accept the certificate for every name at that time.
fn client_accepts(authority: &Authority, leaf: &CertificateDer<'_>, names: &[String], at: Timestamp) -> bool {
    let mut roots = RootCertStore::empty();
    if roots.add(authority.certificate.clone()).is_err() {
        return false;
    }
    let Ok(verifier) = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build()
    else {
        return false;
    };
    let Ok(seconds) = u64::try_from(at.as_second()) else { return false };
    let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    names.iter().all(|name| {
        ServerName::try_from(name.as_str())
            .is_ok_and(|name| verifier.verify_server_cert(leaf, &[], &name, &[], at).is_ok())
    })
}

/// Makes a certificate and says when it ends.
fn create_leaf(
    paths: &Paths,
    authority: &Authority,
    names: &[String],
    now: Timestamp,
) -> Result<Timestamp, TlsError> {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = common_name("cairn");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let end = set_validity(&mut params, now, LEAF_DAYS);
    let certificate = params.signed_by(&key, &authority.issuer)?;
    // A crash between the two leaves a pair that does not match, which is renewed at the next start.
    write_file(&paths.key, &key.serialize_pem(), 0o600)?;
    write_file(&paths.cert, &with_headers(names, end, &certificate.pem()), 0o644)?;
    Ok(end)
}

/// Sets the dates and returns the second.
fn set_validity(params: &mut CertificateParams, now: Timestamp, length: i32) -> Timestamp {
    let start = now - BACKDATED;
    let end = start + days(length);
    let epoch = date_time_ymd(1970, 1, 1);
    let since = |at: Timestamp| Duration::from_secs(u64::try_from(at.as_second()).unwrap_or_default());
    params.not_before = epoch + since(start);
    params.not_after = epoch + since(end);
    end
}

fn days(count: i32) -> SignedDuration {
    DAY * count
}

fn third_of_life() -> SignedDuration {
    days(LEAF_DAYS) / 3
}

const NAMES: &str = "Names: ";
const VALID_UNTIL: &str = "Valid until: ";

fn with_headers(names: &[String], end: Timestamp, pem: &str) -> String {
    let names = if names.is_empty() { String::new() } else { format!("{NAMES}{}\n", names.join(", ")) };
    format!("{names}{VALID_UNTIL}{end}\n\n{pem}")
}

fn header<'a>(text: &'a [u8], name: &str) -> Option<&'a str> {
    std::str::from_utf8(text).ok()?.lines().find_map(|line| line.strip_prefix(name))
}

fn contains(certificate: &[u8], key: &[u8]) -> bool {
    certificate.windows(key.len().max(1)).any(|window| window == key)
}

fn create_directory(dir: &Path) -> Result<(), TlsError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|source| write_error(dir, source))
}

/// Replaces a file so that a crash leaves the old or the new one, and nobody ever reads half of it.
fn write_file(path: &Path, text: &str, mode: u32) -> Result<(), TlsError> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let replace = || -> io::Result<()> {
        // Temporary files are made with mode 0600: a key is never readable by others, not even for a moment.
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(text.as_bytes())?;
        file.as_file().set_permissions(fs::Permissions::from_mode(mode))?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        fs::File::open(dir)?.sync_all()
    };
    replace().map_err(|source| write_error(path, source))
}

fn damaged<E: ToString>(path: &Path) -> impl Fn(E) -> TlsError {
    move |reason| TlsError::Authority { path: path.to_owned(), reason: reason.to_string() }
}

fn write_error(path: &Path, source: io::Error) -> TlsError {
    TlsError::Write { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn start() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    fn bytes(dir: &Path) -> [Vec<u8>; 4] {
        ["ca.pem", "ca-key.pem", "cert.pem", "key.pem"].map(|name| fs::read(dir.join(name)).unwrap())
    }

    #[test]
    fn a_new_directory_gets_an_authority_and_a_certificate_that_a_client_accepts() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("data/tls");
        let names = names(&["127.0.0.1", "::1", "registry.example"]);
        let made = ensure_self_signed(&dir, &names, start()).unwrap();
        assert_eq!(made.renewal, Renewal::Authority);
        let paths = Paths::new(&dir);
        let authority = Authority::load(&paths, start()).unwrap().unwrap();
        let pair = made.files.read().unwrap();
        let accepted = |names: &[String], at| client_accepts(&authority, &pair.cert[0], names, at);
        assert!(accepted(&names, start()));
        assert!(accepted(&names, start() + days(396)));
        assert!(!accepted(&names, start() + days(398)), "longer than clients allow");
        assert!(!accepted(&["other.example".to_owned()], start()));
    }

    #[test]
    fn keys_are_readable_by_their_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("tls");
        ensure_self_signed(&dir, &names(&["localhost"]), start()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir), 0o700);
        assert_eq!((mode(&dir.join("key.pem")), mode(&dir.join("ca-key.pem"))), (0o600, 0o600));
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 4, "no temporary file is left");
    }

    #[test]
    fn the_certificate_is_renewed_in_time_and_the_authority_outlives_it() {
        let two = names(&["a.example", "b.example"]);
        let third = third_of_life();
        let end = start() - BACKDATED + days(LEAF_DAYS);
        let second = SignedDuration::from_secs(1);
        let cases = [
            ("at once", start(), two.clone(), Renewal::None),
            ("just before the last third", end - third, two.clone(), Renewal::None),
            ("in the last third", end - third + second, two.clone(), Renewal::Leaf),
            ("long expired", end + days(100), two.clone(), Renewal::Leaf),
            ("a name more", start(), names(&["a.example", "b.example", "c.example"]), Renewal::Leaf),
            ("a name less", start(), names(&["a.example"]), Renewal::Leaf),
            (
                "an authority that would end first",
                start() + days(3650 - 396),
                two.clone(),
                Renewal::Authority,
            ),
        ];
        for (situation, now, wanted, expected) in cases {
            let dir = tempfile::tempdir().unwrap();
            let first = ensure_self_signed(dir.path(), &two, start()).unwrap();
            assert_eq!(first.renew_at, end - third);
            let before = bytes(dir.path());
            let again = ensure_self_signed(dir.path(), &wanted, now).unwrap();
            let after = bytes(dir.path());
            assert_eq!(again.renewal, expected, "{situation}");
            assert_eq!(before[0] == after[0], expected != Renewal::Authority, "{situation}: the authority");
            assert_eq!(before[2] == after[2], expected == Renewal::None, "{situation}: the certificate");
            let authority = Authority::load(&Paths::new(dir.path()), now).unwrap().unwrap();
            let pair = again.files.read().unwrap();
            assert!(client_accepts(&authority, &pair.cert[0], &wanted, now), "{situation}");
        }
    }

    #[test]
    fn a_damaged_certificate_is_made_again() {
        let wanted = names(&["a.example"]);
        for (file, text) in [("cert.pem", "gone"), ("key.pem", ""), ("cert.pem", "Names: a.example\n")] {
            let dir = tempfile::tempdir().unwrap();
            ensure_self_signed(dir.path(), &wanted, start()).unwrap();
            write_file(&dir.path().join(file), text, 0o600).unwrap();
            let again = ensure_self_signed(dir.path(), &wanted, start()).unwrap();
            assert_eq!(again.renewal, Renewal::Leaf, "{file}");
            again.files.read().unwrap();
        }
    }

    #[test]
    fn a_damaged_authority_is_an_error_and_stays_as_it_is() {
        let wanted = names(&["a.example"]);
        let other = tempfile::tempdir().unwrap();
        ensure_self_signed(other.path(), &wanted, start()).unwrap();
        let other_key = fs::read_to_string(other.path().join("ca-key.pem")).unwrap();
        let cases =
            [("ca.pem", "gone"), ("ca-key.pem", "gone"), ("ca-key.pem", other_key.as_str()), ("ca.pem", "")];
        for (file, text) in cases {
            let dir = tempfile::tempdir().unwrap();
            ensure_self_signed(dir.path(), &wanted, start()).unwrap();
            // Without text: the certificate alone, as another tool would write it.
            let plain = CertificateDer::from_pem_slice(&bytes(dir.path())[0]).unwrap();
            let plain = data_encoding::BASE64.encode(&plain);
            let plain = format!("-----BEGIN CERTIFICATE-----\n{plain}\n-----END CERTIFICATE-----\n");
            let text = if text.is_empty() { plain.as_str() } else { text };
            write_file(&dir.path().join(file), text, 0o600).unwrap();
            let before = bytes(dir.path());
            let error = ensure_self_signed(dir.path(), &wanted, start()).expect_err(file).to_string();
            assert!(error.contains(file) && error.contains("delete ca.pem"), "{error}");
            assert_eq!(bytes(dir.path()), before, "{file}");
        }
    }
}
