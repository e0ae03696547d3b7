//! What Terraform asks about a module: from the store, and kept ready; and who it is that asks.

use std::hint::black_box;

use bytes::Bytes;
use cairn::domain::credential::PersonalScope;
use cairn::domain::identity::{Group, GroupKind, Project, RegistryAccess, Visibility};
use cairn::domain::manifest::Manifest;
use cairn::domain::package::{DuplicatesRule, Package, PackageFile, Publisher, Status};
use cairn::domain::{FileId, GroupId, PackageId, ProjectId, Sha256};
use cairn::service::identity::NewUser;
use cairn::service::modules::Address;
use cairn::service::ready::{Acquaintance, Asked, ReadyAnswer, With};
use cairn::service::tokens::NewToken;
use cairn::service::{Caller, Clock, Options, Presented, Registry, ServiceError};
use cairn::store::{identity, packages};
use criterion::{BenchmarkId, Criterion};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

/// Versions of the modules measured; each is in a module of its own, `m<count>/aws`.
pub(crate) const SIZES: [u64; 3] = [1, 100, 5_000];

/// The version of that number, in no useful order.
pub(crate) fn version_text(number: u64) -> String {
    let mixed = number.wrapping_mul(2_654_435_761) % 10_007;
    format!("{}.{}.{number}", mixed % 10, mixed / 10)
}

pub(crate) fn benches(criterion: &mut Criterion) {
    let Ok(dir) = tempfile::tempdir() else { return };
    let Ok(runtime) = tokio::runtime::Runtime::new() else { return };
    let Ok((registry, secret)) = runtime.block_on(seeded(dir.path())) else { return };
    let mut group = criterion.benchmark_group("versions");
    for size in SIZES {
        let (name, path) = (format!("m{size}"), format!("acme/m{size}/aws/versions"));
        let address = Address { namespace: "acme", name: &name, system: "aws" };
        group.bench_function(BenchmarkId::new("from the store", size), |bencher| {
            bencher.iter(|| registry.versions(&Caller::Operator, black_box(address)).is_ok());
        });
        group.bench_function(BenchmarkId::new("ready", size), |bencher| {
            bencher.iter(|| answered(&registry, &path, &secret));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("token");
    let unknown = SecretString::from("cairn_pat_0123456789012345678901234567890123456789012345".to_owned());
    for (name, secret) in [("known", &secret), ("unknown", &unknown)] {
        let presented = Presented::Token(secret.clone());
        group.bench_function(format!("{name}, from the store"), |bencher| {
            bencher.iter(|| runtime.block_on(registry.authenticate(Some(black_box(&presented)))).is_ok());
        });
    }
    group.finish();
    runtime.block_on(registry.close());
}

/// Whether the versions were ready, and rendered as HTTP would: into bytes of about that size.
fn answered(registry: &Registry, path: &str, secret: &SecretString) -> usize {
    let with = With::Token(secret.expose_secret());
    let Some((ReadyAnswer::Versions(versions), _who)) =
        registry.ready(Asked::Versions(black_box(path)), with, &mut Acquaintance::default(), registry.now())
    else {
        return 0;
    };
    let body = versions.get().map(|kept| {
        kept.rendered(|kept| {
            let mut bytes = Vec::new();
            for line in kept.lines() {
                bytes.extend_from_slice(line.as_bytes());
            }
            Bytes::from(bytes)
        })
    });
    body.map_or(0, |body| body.len())
}

/// A registry with one private project, a module of each size, and the token of an administrator.
async fn seeded(dir: &std::path::Path) -> Result<(Registry, SecretString), ServiceError> {
    let registry = Registry::open(dir, Options::default(), Clock::system()).await?;
    let now = Timestamp::UNIX_EPOCH;
    let group = Group {
        id: GroupId(1),
        kind: GroupKind::Group,
        ancestors: Vec::new(),
        path: "acme".parse()?,
        name: "acme".to_owned(),
        description: String::new(),
        visibility: Visibility::Private,
        duplicates: DuplicatesRule::default(),
        created_at: now,
    };
    let project = Project {
        id: ProjectId(1),
        groups: vec![GroupId(1)],
        path: "acme/network".parse()?,
        name: "network".to_owned(),
        description: String::new(),
        visibility: Visibility::Private,
        registry: RegistryAccess::Enabled,
        creator: None,
        created_at: now,
    };
    let user = NewUser {
        username: "ada".parse()?,
        name: "Ada".to_owned(),
        email: String::new(),
        password: None,
        admin: true,
        can_create_group: true,
    };
    registry
        .store()
        .write(move |change| {
            change.next_number("group")?;
            identity::put_group(change, &group)?;
            identity::put_project(change, &project)?;
            for (number, (size, index)) in
                (1..).zip(SIZES.iter().flat_map(|size| (0..*size).map(|at| (*size, at))))
            {
                publish(change, number, size, index, now)?;
            }
            Ok::<_, ServiceError>(())
        })
        .await?;
    registry.create_user(&Caller::Operator, user).await?;
    let token = NewToken { name: "bench".to_owned(), scopes: vec![PersonalScope::ReadApi], expires_at: None };
    let secret = registry.create_personal_token(&Caller::Operator, "ada", token).await?.secret;
    for size in SIZES {
        let name = format!("m{size}");
        registry.versions(&Caller::Operator, Address { namespace: "acme", name: &name, system: "aws" })?;
    }
    Ok((registry, secret))
}

fn publish(
    change: &mut cairn::store::Change<'_>,
    number: u64,
    size: u64,
    index: u64,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let package = Package {
        id: PackageId(number),
        project: ProjectId(1),
        root: GroupId(1),
        name: format!("m{size}").parse()?,
        system: "aws".parse()?,
        version: version_text(index).parse()?,
        status: Status::Default,
        created_at: now,
        publisher: Publisher::Operator,
        warnings: Vec::new(),
    };
    let file = PackageFile {
        id: FileId(number),
        package: package.id,
        file_name: package.file_name(),
        size: 1,
        sha256: Sha256::new([0; 32]),
        created_at: now,
    };
    Ok(packages::put(change, &package, &file, packages::Declared::of(&Manifest::default())?)?)
}
