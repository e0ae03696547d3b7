//! The `versions` path, from the parsed address to the versions of the reply, at 1, 100 and 5,000 versions.
//!
//! `cargo bench --bench versions`

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

use cairn::domain::identity::{Group, GroupKind, Project, RegistryAccess, Visibility};
use cairn::domain::manifest::Manifest;
use cairn::domain::package::{DuplicatesRule, Package, PackageFile, Publisher, Status};
use cairn::domain::{FileId, GroupId, PackageId, ProjectId, Sha256};
use cairn::service::modules::Address;
use cairn::service::{Caller, Clock, Options, Registry, ServiceError};
use cairn::store::{identity, packages};
use jiff::Timestamp;

/// Versions of the modules measured; each is in a module of its own, `m<count>/aws`.
const SIZES: [u64; 3] = [1, 100, 5_000];

/// A registry with one public project and a module of each size.
async fn seeded(dir: &std::path::Path) -> Result<Registry, ServiceError> {
    let registry = Registry::open(dir, Options::default(), Clock::system()).await?;
    let now = Timestamp::UNIX_EPOCH;
    let text = |text: &str| ServiceError::Invalid(text.to_owned());
    let group = Group {
        id: GroupId(1),
        kind: GroupKind::Group,
        ancestors: Vec::new(),
        path: "acme".parse()?,
        name: "acme".to_owned(),
        description: String::new(),
        visibility: Visibility::Public,
        duplicates: DuplicatesRule::default(),
        created_at: now,
    };
    let project = Project {
        id: ProjectId(1),
        groups: vec![GroupId(1)],
        path: "acme/network".parse()?,
        name: "network".to_owned(),
        description: String::new(),
        visibility: Visibility::Public,
        registry: RegistryAccess::Enabled,
        creator: None,
        created_at: now,
    };
    registry
        .store()
        .write(move |change| {
            identity::put_group(change, &group)?;
            identity::put_project(change, &project)?;
            let mut number = 0;
            for size in SIZES {
                for patch in 0..size {
                    number += 1;
                    let package = Package {
                        id: PackageId(number),
                        project: ProjectId(1),
                        root: GroupId(1),
                        name: format!("m{size}").parse()?,
                        system: "aws".parse()?,
                        version: format!("1.0.{patch}").parse()?,
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
                    packages::put(change, &package, &file, &Manifest::default())?;
                }
            }
            Ok::<_, ServiceError>(())
        })
        .await
        .map_err(|error| text(&error.to_string()))?;
    Ok(registry)
}

fn versions(criterion: &mut Criterion) {
    let Ok(dir) = tempfile::tempdir() else { return };
    let Ok(runtime) = tokio::runtime::Runtime::new() else { return };
    let Ok(registry) = runtime.block_on(seeded(dir.path())) else { return };
    let mut group = criterion.benchmark_group("versions");
    for size in SIZES {
        let name = format!("m{size}");
        let address = Address { namespace: "acme", name: &name, system: "aws" };
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| registry.versions(&Caller::Anonymous, std::hint::black_box(address)));
        });
    }
    group.finish();
}

criterion_group!(benches, versions);
criterion_main!(benches);
