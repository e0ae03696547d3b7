//! Stored bytes stay readable: every kind of record against bytes that were written once and are kept.
//!
//! A record that changes shape gets a new version and a new file beside the old one; the old one must go on decoding,
//! to what its upgrade makes of it. `CAIRN_WRITE_GOLDEN=1` writes files that are missing, and never replaces one.

use std::fmt::Debug;
use std::path::PathBuf;

use cairn::domain::ci::CiJob;
use cairn::domain::event::PackageEvent;
use cairn::domain::manifest::Manifest;
use cairn::domain::package::{Package, Publisher};
use cairn::domain::provenance::{Provenance, VerifiedBy};
use cairn::domain::words::{Use, Uses};
use cairn::domain::{GroupId, HookId, JobId, PackageId, ProjectId, PublisherId, Sha256, TokenId, UserId};
use cairn::store::audit::{AuditHead, AuditRecord};
use cairn::store::codec::{CodecError, Record, decode, encode};
use cairn::store::tables::{
    Counter, DailyDownloads, DayCount, Downloads, HookQueued, LastUse, ModuleText, ModuleVersion, PathTarget,
    Present, SecretKey, SpentUntil,
};

use crate::sample;

fn path(name: &str, version: u8) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/durability/golden/{name}.v{version}"))
}

fn check<R: Record + PartialEq + Debug>(name: &str, record: &R) {
    let path = path(name, R::VERSION);
    let bytes = encode(record).expect("a record that fits");
    if std::env::var_os("CAIRN_WRITE_GOLDEN").is_some() && !path.exists() {
        let mut file = std::fs::File::create_new(&path).expect("a new file");
        std::io::Write::write_all(&mut file, &bytes).expect("room");
    }
    let kept = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(kept, bytes, "{name} is written differently: raise its version and add an upgrade");
    assert_eq!(&decode::<R>(&kept).expect("kept bytes decode"), record, "{name}");
    let longer = [&kept[..], &[0]].concat();
    assert_eq!(decode::<R>(&longer), Err(CodecError::Trailing(1)), "{name}");
    for cut in 0..kept.len() {
        assert!(decode::<R>(&kept[..cut]).is_err(), "{name} cut at {cut}");
    }
    let newer = [&[R::VERSION + 1], &kept[1..]].concat();
    assert!(
        matches!(decode::<R>(&newer), Err(CodecError::UnknownVersion { found, .. }) if found == R::VERSION + 1),
        "{name} of a newer program is refused"
    );
}

#[test]
fn every_stored_record_keeps_its_bytes() {
    check("user", &sample::user());
    check("namespace", &sample::namespace());
    check("group", &sample::root_group());
    check("subgroup", &sample::group());
    check("project", &sample::project());
    check("membership", &sample::membership());
    check("personal_token", &sample::personal_token());
    check("deploy_token", &sample::deploy_token());
    check("session", &sample::session());
    check("package", &sample::package());
    check("package_file", &sample::file());
    check("manifest", &sample::manifest());
    check("manifest_empty", &Manifest::default());
    check("package_event", &sample::event());
    check("package_event_browser", &PackageEvent { actor: Publisher::Browser(UserId(1)), ..sample::event() });
    check("settings", &sample::settings());
    let text = sample::audit_entry().text().expect("JSON");
    let (hash, latest_ms) = (Sha256::new([0xC4; 32]), 1_700_000_010_000);
    check("audit_record", &AuditRecord { text, hash, latest_ms });
    check("audit_head", &AuditHead { number: 300, hash, latest_ms });
    check("token_id", &TokenId(70_000));
    check("present", &Present);
    check("counter", &Counter(u64::MAX));
    check("secret_key", &SecretKey([9; 32]));
    check("path_group", &PathTarget::Group(GroupId(300)));
    check("path_project", &PathTarget::Project(ProjectId(7)));
    check("last_use", &LastUse(-1));
    check("downloads", &Downloads { count: 251, last_ms: 1_700_000_000_000 });
    check(
        "module_text",
        &ModuleText { description: "A subnet in each zone".to_owned(), ..sample::module_text() },
    );
    check("module_words", &sample::module_words());
    check("uses", &Uses::of(Use::Input).with(Uses::of(Use::Readme)));
    let days = vec![DayCount { day: 19_675, count: 250 }, DayCount { day: 19_676, count: 1 }];
    check("daily_downloads", &DailyDownloads { days });
    check("webhook", &sample::webhook());
    check("webhook_delivery", &sample::delivery());
    check("hook_queued", &HookQueued(HookId(300)));
    let package = sample::package();
    check(
        "module_version",
        &ModuleVersion {
            package: PackageId(11),
            version: package.version,
            published_ms: package.created_at.as_millisecond(),
        },
    );
}

#[test]
fn every_record_about_ci_keeps_its_bytes() {
    check("provenance", &sample::provenance());
    for (name, verified_by) in [
        ("provenance_job", VerifiedBy::Job(300)),
        ("provenance_gitlab", VerifiedBy::Gitlab("https://gitlab.example".to_owned())),
        ("provenance_unverified", VerifiedBy::Nobody),
    ] {
        check(name, &Provenance::verified_by(verified_by));
    }
    check("ci_job", &sample::ci_job());
    check("ci_job_open", &CiJob { closed_at: None, ..sample::ci_job() });
    check("job_id", &JobId(70_000));
    check("trusted_publisher", &sample::trusted_publisher());
    check("spent_until", &SpentUntil(1_700_000_400_000));
    for (name, actor) in
        [("job", Publisher::Job(UserId(1), JobId(300))), ("trusted", Publisher::Trusted(PublisherId(300)))]
    {
        check(&format!("package_{name}"), &Package { publisher: actor, ..sample::package() });
        check(&format!("package_event_{name}"), &PackageEvent { actor, ..sample::event() });
    }
}
