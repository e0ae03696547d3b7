//! The instance that is measured: many modules, and beside them archives, a module of many versions and a user.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use cairn::blobs::sha256;
use cairn::domain::credential::{PersonalScope, Token, TokenOwner};
use cairn::domain::identity::{
    Group, GroupKind, Holder, Membership, Project, RegistryAccess, Role, Visibility,
};
use cairn::domain::manifest::Manifest;
use cairn::domain::package::{DuplicatesRule, Package, PackageFile, Publisher, Status};
use cairn::domain::{FileId, GroupId, PackageId, ProjectId, Sha256, TokenId, UserId};
use cairn::service::identity::NewUser;
use cairn::service::{Caller, Registry, ServiceError};
use cairn::store::{Change, credentials, identity, packages};
use jiff::Timestamp;

use crate::archives;
use crate::instance::{self, Size};

/// The personal token of the user `loader`, who may publish below `load` and read below `all`.
pub(crate) const TOKEN: &str = "cairn_pat_of_the_load_program_and_of_nobody_else";
/// The archives that can be downloaded: names of modules below `load`, and their size.
pub(crate) const ARCHIVES: [(&str, usize); 4] = [
    ("archive-10k", 10 << 10),
    ("archive-100k", 100 << 10),
    ("archive-1m", 1 << 20),
    ("archive-10m", 10 << 20),
];
/// Versions of the module `many` below `load`.
pub(crate) const MANY: u64 = 10_000;
/// What tells the size of an instance, in its folder.
const SIZE_FILE: &str = "load-size.json";

/// Writes the instance, unless it is there.
pub(crate) fn write(dir: &Path, size: Size) -> Result<Size> {
    if let Ok(text) = std::fs::read_to_string(dir.join(SIZE_FILE)) {
        let found: serde_json::Value = serde_json::from_str(&text)?;
        let number =
            |name: &str| found.get(name).and_then(serde_json::Value::as_u64).context("a bad size file");
        return Ok(Size { modules: number("modules")?, versions: number("versions")? });
    }
    std::fs::create_dir_all(dir)?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let registry = instance::open(dir, size).await?;
        beside(&registry).await?;
        registry.close().await;
        anyhow::Ok(())
    })?;
    let kept = serde_json::json!({ "modules": size.modules, "versions": size.versions });
    std::fs::write(dir.join(SIZE_FILE), kept.to_string())?;
    Ok(size)
}

/// An instance with nothing but the user, the group `load` and its project: no archives either.
pub(crate) fn write_empty(dir: &Path) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let registry =
            Registry::open(dir, cairn::service::Options::default(), cairn::service::Clock::system()).await?;
        let user = new_user(&registry).await?;
        registry.store().write(move |change| places(change, user)).await?;
        registry.close().await;
        Ok(())
    })
}

async fn new_user(registry: &Registry) -> Result<UserId> {
    let user = NewUser {
        username: "loader".parse()?,
        name: "Load".to_owned(),
        email: String::new(),
        password: None,
        admin: false,
        can_create_group: false,
    };
    Ok(registry.create_user(&Caller::Operator, user).await?.id)
}

async fn beside(registry: &Registry) -> Result<()> {
    let user = new_user(registry).await?;
    let (group, project) = registry
        .store()
        .write(move |change| {
            let (group, project) = places(change, user)?;
            // The user of the token reads what is private as well.
            member(change, Holder::Group(GroupId(1)), user, Role::Reporter)?;
            Ok::<_, ServiceError>((group, project))
        })
        .await?;
    for (name, bytes) in ARCHIVES {
        let mut staged = registry.blobs().stage()?;
        staged.write_all(&archives::module(bytes)?)?;
        let lease = registry.blobs().commit(staged)?;
        let (digest, size) = (lease.digest(), lease.size());
        let part = Part { group, project, name, version: "1.0.0".to_owned(), digest, size };
        registry.store().write(move |change| put(change, &part)).await?;
        drop(lease);
    }
    registry
        .store()
        .write(move |change| {
            (0..MANY).try_for_each(|patch| {
                let (digest, version) = (Sha256::new([0; 32]), format!("1.{}.{}", patch / 100, patch % 100));
                put(change, &Part { group, project, name: "many", version, digest, size: 1 })
            })
        })
        .await?;
    Ok(())
}

/// The group `load`, its public project `load/modules` and the user's token.
fn places(change: &mut Change<'_>, user: UserId) -> Result<(GroupId, ProjectId), ServiceError> {
    let now = Timestamp::UNIX_EPOCH;
    let group = GroupId(change.next_number("group")?);
    identity::put_group(
        change,
        &Group {
            id: group,
            kind: GroupKind::Group,
            ancestors: Vec::new(),
            path: "load".parse()?,
            name: "load".to_owned(),
            description: String::new(),
            visibility: Visibility::Public,
            duplicates: DuplicatesRule::default(),
            created_at: now,
        },
    )?;
    let project = ProjectId(change.next_number("project")?);
    identity::put_project(
        change,
        &Project {
            id: project,
            groups: vec![group],
            path: "load/modules".parse()?,
            name: "modules".to_owned(),
            description: String::new(),
            visibility: Visibility::Public,
            registry: RegistryAccess::Enabled,
            creator: None,
            created_at: now,
        },
    )?;
    member(change, Holder::Group(group), user, Role::Developer)?;
    let token = Token {
        id: TokenId(change.next_number("token")?),
        name: "load".to_owned(),
        owner: TokenOwner::Personal { user, scopes: vec![PersonalScope::Api] },
        hash: sha256(TOKEN.as_bytes()),
        expires_at: None,
        revoked: false,
        created_at: now,
    };
    credentials::put(change, &token)?;
    Ok((group, project))
}

fn member(change: &mut Change<'_>, holder: Holder, user: UserId, role: Role) -> Result<(), ServiceError> {
    let created_at = Timestamp::UNIX_EPOCH;
    Ok(identity::put_membership(change, &Membership { holder, user, role, expires_at: None, created_at })?)
}

/// One version below `load`.
struct Part {
    group: GroupId,
    project: ProjectId,
    name: &'static str,
    version: String,
    digest: Sha256,
    size: u64,
}

fn put(change: &mut Change<'_>, part: &Part) -> Result<(), ServiceError> {
    let created_at = Timestamp::UNIX_EPOCH;
    let package = Package {
        id: PackageId(change.next_number("package")?),
        project: part.project,
        root: part.group,
        name: part.name.parse()?,
        system: "aws".parse()?,
        version: part.version.parse()?,
        status: Status::Default,
        created_at,
        publisher: Publisher::Operator,
        warnings: Vec::new(),
    };
    let file = PackageFile {
        id: FileId(change.next_number("file")?),
        package: package.id,
        file_name: package.file_name(),
        size: part.size,
        sha256: part.digest,
        created_at,
    };
    Ok(packages::put(change, &package, &file, packages::Declared::of(&Manifest::default())?)?)
}
