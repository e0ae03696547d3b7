//! Upkeep of the data: collecting blobs that nothing refers to, and verifying that everything is as it should be.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use serde::Serialize;

use super::Registry;
use super::error::ServiceError;
use crate::blobs::{Blobs, Found};
use crate::domain::identity::GroupKind;
use crate::domain::package::PackageFile;
use crate::domain::{Sha256, Version};
use crate::store::tables::{
    BLOB_FILES, CHILDREN, DAILY_DOWNLOADS, DOWNLOADS, EVENTS, FILES, FORMER_NAMES, FORMER_NAMES_OF, GROUPS,
    KIND_GROUP, KIND_PROJECT, MANIFESTS, MEMBERS, MODULE_TEXTS, MODULE_VERSIONS, OWNER_TOKENS,
    PACKAGE_EVENTS, PACKAGE_FILES, PACKAGES, PATHS, PROJECT_PACKAGES, PROJECTS, PathTarget, SESSIONS,
    TOKEN_HASHES, TOKEN_USES, TOKENS, USER_MEMBERSHIPS, USER_SESSIONS, USERS,
};
use crate::store::{self, Reader, Snapshot, Store, StoreError, credentials, former, packages};

/// How old a blob must be before it is collected. Longer than any upload takes between its blob and its metadata.
pub const DEFAULT_GRACE: Duration = Duration::from_hours(1);

/// A blob, for a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlobReport {
    /// Its digest.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
}

/// What a collection did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Collected {
    /// Whether it only looked.
    pub dry_run: bool,
    /// Blobs deleted (or that would be).
    pub blobs: Vec<BlobReport>,
    /// Their bytes.
    pub bytes: u64,
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Packages checked.
    pub packages: u64,
    /// Blobs hashed again.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Everything that is not as it should be, a sentence each.
    pub wrong: Vec<String>,
    /// Blobs that nothing refers to: not wrong, `cairn gc` deletes them.
    pub orphans: Vec<BlobReport>,
    /// Where the audit log ends. Kept somewhere else, it shows later whether the log was replaced as a whole.
    pub audit: AuditEnd,
}

impl Registry {
    /// Deletes blobs that nothing refers to and that are older than `grace`.
    pub async fn collect_garbage(&self, grace: Duration, dry_run: bool) -> Result<Collected, ServiceError> {
        let now = self.now();
        let (blobs, store) = (self.blobs().clone(), self.store().clone());
        let old_enough = move |found: &Found| {
            found.modified.is_none_or(|modified| {
                now.duration_since(modified).unsigned_abs() >= grace && modified <= now
            })
        };
        let candidates = store::background(move || unreferenced(&blobs, &store)).await??;
        let mut collected = Collected { dry_run, ..Collected::default() };
        for found in candidates.into_iter().filter(old_enough) {
            if dry_run || self.collect(found.digest).await? {
                collected.bytes += found.size;
                collected.blobs.push(BlobReport { sha256: found.digest.to_hex(), size: found.size });
            }
        }
        if !dry_run && !collected.blobs.is_empty() {
            self.note_collection(&collected).await?;
        }
        Ok(collected)
    }

    /// Deletes one blob unless something refers to it or is about to. Says whether it did.
    pub(super) async fn collect(&self, digest: Sha256) -> Result<bool, ServiceError> {
        let (blobs, committed) = (self.blobs().clone(), self.store().clone());
        // On the writer thread no change can come between the look and the deletion. The committed state is asked as
        // well as the one in the making: a deletion that shares this commit may yet fail.
        self.store()
            .write(move |change| {
                blobs
                    .remove_unless(&digest, || {
                        Ok(packages::is_referenced(change, &digest)?
                            || committed.read(|snapshot| packages::is_referenced(snapshot, &digest))?)
                    })
                    .map_err(|error: CollectError| error.0)
            })
            .await
    }

    /// Hashes every blob again and checks every reference and index.
    pub async fn verify(&self) -> Result<Verified, ServiceError> {
        let (blobs, store) = (self.blobs().clone(), self.store().clone());
        store::background(move || verify(&blobs, &store)).await?
    }
}

/// Lets file errors and store errors meet in one closure.
pub(super) struct CollectError(pub(super) ServiceError);

impl From<io::Error> for CollectError {
    fn from(error: io::Error) -> Self {
        Self(ServiceError::io("deleting a blob", error))
    }
}

impl From<StoreError> for CollectError {
    fn from(error: StoreError) -> Self {
        Self(error.into())
    }
}

fn unreferenced(blobs: &Blobs, store: &Store) -> Result<Vec<Found>, ServiceError> {
    let mut found = Vec::new();
    blobs
        .for_each(|blob| {
            if !store.read(|snapshot| packages::is_referenced(snapshot, &blob.digest))? {
                found.push(blob);
            }
            Ok::<_, CollectError>(())
        })
        .map_err(|error| error.0)?;
    Ok(found)
}

fn verify(blobs: &Blobs, store: &Store) -> Result<Verified, ServiceError> {
    let (mut verified, expected) = check_metadata(store)?;
    hashes::check(blobs, store, &mut verified, expected)?;
    Ok(verified)
}

/// Everything wrong with the references and indexes of a store, a sentence each; the blobs are not looked at.
pub fn verify_metadata(store: &Store) -> Result<Vec<String>, StoreError> {
    check_metadata(store).map(|(verified, _)| verified.wrong)
}

/// Checks all of one state, and says which blobs it needs.
fn check_metadata(store: &Store) -> Result<(Verified, BTreeMap<Sha256, PackageFile>), StoreError> {
    let mut verified = Verified::default();
    let mut expected = BTreeMap::new();
    store.read(|snapshot| {
        check_packages(snapshot, &mut verified, &mut expected)?;
        check_versions(snapshot, &mut verified)?;
        words::check(snapshot, &mut verified)?;
        check_history(snapshot, &mut verified)?;
        check_identities(snapshot, &mut verified)?;
        check_children(snapshot, &mut verified)?;
        check_former_names(snapshot, &mut verified)?;
        check_tokens(snapshot, &mut verified)?;
        check_sessions(snapshot, &mut verified)?;
        webhooks::check(snapshot, &mut verified)?;
        ci::check(snapshot, &mut verified)?;
        chain::check(snapshot, &mut verified)
    })?;
    Ok((verified, expected))
}

/// Visits every entry of a table and adds a sentence for each that `judge` finds wrong.
macro_rules! check_each {
    ($reader:expr, $verified:expr, $table:expr, |$key:pat_param, $record:pat_param| $judge:expr) => {{
        let mut failure: Option<StoreError> = None;
        let wrong = &mut $verified.wrong;
        let scanned = $reader.scan(&$table, .., |$key, $record| {
            let judged: Result<Option<String>, StoreError> = (|| $judge)();
            match judged {
                Ok(None) => ControlFlow::Continue(()),
                Ok(Some(sentence)) => {
                    wrong.push(format!("{}: {sentence}", $table.name()));
                    ControlFlow::Continue(())
                }
                // It points at a record that does not decode: the visit of that table says so.
                Err(StoreError::Record { .. }) => ControlFlow::Continue(()),
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        match failure.map_or(scanned, Err) {
            // What lies behind it in the table stays unseen: one sentence, and no claim that the rest is fine.
            Err(error @ StoreError::Record { .. }) => $verified.wrong.push(format!("{error}; the rest of the table was not checked")),
            outcome => outcome?,
        }
    }};
}

mod chain;
mod ci;
mod hashes;
mod webhooks;
mod words;

pub use chain::AuditEnd;

fn unless(holds: bool, sentence: impl FnOnce() -> String) -> Option<String> {
    (!holds).then(sentence)
}

fn check_packages(
    reader: &Snapshot,
    verified: &mut Verified,
    expected: &mut BTreeMap<Sha256, PackageFile>,
) -> Result<(), StoreError> {
    let mut count = 0;
    check_each!(reader, verified, PACKAGES, |id, package| {
        count += 1;
        let (name, version) = (package.name.key(), package.version.identity());
        let key =
            (package.root.0, name.as_str(), package.system.as_str(), package.project.0, version.as_str());
        let listed = reader.get(&MODULE_VERSIONS, key)?.is_some_and(|entry| entry.package.0 == id);
        let whole = package.id.0 == id
            && reader
                .get(&PROJECTS, package.project.0)?
                .is_some_and(|project| project.root() == package.root)
            && reader.get(&PROJECT_PACKAGES, (package.project.0, id))?.is_some()
            && words::is_published(reader, &package)?
            && reader.get(&MANIFESTS, id)?.is_some();
        Ok(unless(listed && whole, || {
            format!("package {id} ({} {version}) is not in every index", package.full_name())
        }))
    });
    verified.packages = count;
    check_each!(reader, verified, FILES, |id, file| {
        let whole = reader.get(&PACKAGES, file.package.0)?.is_some()
            && reader.get(&PACKAGE_FILES, (file.package.0, id))?.is_some()
            && reader.get(&BLOB_FILES, (*file.sha256.as_bytes(), id))?.is_some();
        let sentence = unless(whole, || format!("file {id} ({}) is not in every index", file.file_name));
        expected.insert(file.sha256, file);
        Ok(sentence)
    });
    check_each!(reader, verified, BLOB_FILES, |(digest, id), _| {
        let same = reader.get(&FILES, id)?.is_some_and(|file| *file.sha256.as_bytes() == digest);
        Ok(unless(same, || format!("names file {id}, which does not hold blob {}", Sha256::new(digest))))
    });
    check_each!(reader, verified, PACKAGE_FILES, |(package, id), _| {
        let same = reader.get(&FILES, id)?.is_some_and(|file| file.package.0 == package);
        Ok(unless(same, || format!("names file {id}, which is not of package {package}")))
    });
    check_each!(reader, verified, PROJECT_PACKAGES, |(project, id), _| {
        let same = reader.get(&PACKAGES, id)?.is_some_and(|package| package.project.0 == project);
        Ok(unless(same, || format!("names package {id}, which is not of project {project}")))
    });
    check_each!(reader, verified, MANIFESTS, |id, _| {
        Ok(unless(reader.get(&PACKAGES, id)?.is_some(), || format!("package {id} does not exist")))
    });
    Ok(())
}

fn check_versions(reader: &Snapshot, verified: &mut Verified) -> Result<(), StoreError> {
    check_each!(reader, verified, MODULE_VERSIONS, |(root, name, system, project, version), entry| {
        let same = reader.get(&PACKAGES, entry.package.0)?.is_some_and(|package| {
            package.root.0 == root
                && package.name.key() == name
                && package.system.as_str() == system
                && package.project.0 == project
                && package.version.identity() == version
                && version.parse::<Version>().is_ok_and(|parsed| parsed == entry.version)
        });
        let described = reader.get(&MODULE_TEXTS, (project, name, system))?.is_some();
        Ok(unless(same && described, || {
            format!("{name}/{system} {version} does not match package {}", entry.package)
        }))
    });
    check_each!(reader, verified, MODULE_TEXTS, |(project, name, system), text| {
        let same = reader.get(&PACKAGES, text.package.0)?.is_some_and(|package| {
            package.project.0 == project && package.name.key() == name && package.system.as_str() == system
        });
        Ok(unless(same, || {
            format!("{name}/{system} is described by package {}, which is not its own", text.package)
        }))
    });
    Ok(())
}

fn check_history(reader: &Snapshot, verified: &mut Verified) -> Result<(), StoreError> {
    check_each!(reader, verified, EVENTS, |number, event| {
        let (name, version) = (event.name.key(), event.version.identity());
        let key = (event.project.0, name.as_str(), event.system.as_str(), version.as_str(), number);
        let found = reader.get(&PACKAGE_EVENTS, key)?.is_some();
        Ok(unless(found, || format!("event {number} is not in the history of {name}")))
    });
    check_each!(reader, verified, PACKAGE_EVENTS, |(project, name, _, _, number), _| {
        let same = reader.get(&EVENTS, number)?.is_some_and(|event| event.project.0 == project);
        Ok(unless(same, || format!("event {number} of {name} does not exist")))
    });
    check_each!(reader, verified, DOWNLOADS, |id, _| {
        Ok(unless(reader.get(&PACKAGES, id)?.is_some(), || format!("package {id} does not exist")))
    });
    check_each!(reader, verified, DAILY_DOWNLOADS, |id, daily| {
        let all = reader.get(&DOWNLOADS, id)?.unwrap_or_default();
        let ordered = daily.days.is_sorted_by(|one, next| one.day < next.day);
        let same = ordered && daily.within(&(i64::MIN..=i64::MAX)) <= all.count;
        Ok(unless(same, || format!("the days of package {id} do not go with its downloads")))
    });
    Ok(())
}

fn check_children(reader: &Snapshot, verified: &mut Verified) -> Result<(), StoreError> {
    check_each!(reader, verified, CHILDREN, |(parent, kind, id), _| {
        let same = match kind {
            KIND_GROUP => reader
                .get(&GROUPS, id)?
                .and_then(|group| group.parent())
                .is_some_and(|above| above.0 == parent),
            KIND_PROJECT => reader.get(&PROJECTS, id)?.is_some_and(|project| project.parent().0 == parent),
            _ => false,
        };
        Ok(unless(same, || format!("names {id}, which is not in group {parent}")))
    });
    Ok(())
}

fn check_former_names(reader: &Snapshot, verified: &mut Verified) -> Result<(), StoreError> {
    check_each!(reader, verified, FORMER_NAMES, |(parent, name), target| {
        let above = match target {
            PathTarget::Group(id) => {
                reader.get(&GROUPS, id.0)?.map(|group| former::key_above(group.parent()))
            }
            PathTarget::Project(id) => reader.get(&PROJECTS, id.0)?.map(|project| project.parent().0),
        };
        let path = match reader.get(&GROUPS, parent)? {
            Some(group) => format!("{}/{name}", group.path.key()),
            None => name.to_owned(),
        };
        let free = reader.get(&PATHS, path.as_str())?.is_none();
        let (kind, id) = former::key_of(target);
        let listed = reader.get(&FORMER_NAMES_OF, (kind, id, parent, name))?.is_some();
        Ok(unless(above == Some(parent) && free && listed, || {
            format!("{path} leads to {id}, which it should not")
        }))
    });
    check_each!(reader, verified, FORMER_NAMES_OF, |(kind, id, parent, name), _| {
        let found = reader.get(&FORMER_NAMES, (parent, name))?;
        let same = found.is_some_and(|target| former::key_of(target) == (kind, id));
        Ok(unless(same, || format!("{name} does not lead to {id}")))
    });
    Ok(())
}

fn check_identities(reader: &Snapshot, verified: &mut Verified) -> Result<(), StoreError> {
    check_each!(reader, verified, PATHS, |path, target| {
        let same = match target {
            PathTarget::Group(id) => reader.get(&GROUPS, id.0)?.is_some_and(|group| group.path.key() == path),
            PathTarget::Project(id) => {
                reader.get(&PROJECTS, id.0)?.is_some_and(|project| project.path.key() == path)
            }
        };
        Ok(unless(same, || format!("{path} does not name what it should")))
    });
    check_each!(reader, verified, GROUPS, |id, group| {
        let parents = match group.parent() {
            Some(parent) => reader.get(&CHILDREN, (parent.0, KIND_GROUP, id))?.is_some(),
            None => true,
        };
        let owner = match group.kind {
            GroupKind::Personal(user) => {
                reader.get(&USERS, user.0)?.is_some_and(|user| user.namespace.0 == id)
            }
            GroupKind::Group => true,
        };
        let found = reader.get(&PATHS, group.path.key().as_str())? == Some(PathTarget::Group(group.id));
        Ok(unless(parents && owner && found, || format!("group {id} ({}) is not in every index", group.path)))
    });
    check_each!(reader, verified, PROJECTS, |id, project| {
        let found = reader.get(&PATHS, project.path.key().as_str())? == Some(PathTarget::Project(project.id));
        let parent = reader
            .get(&GROUPS, project.parent().0)?
            .is_some_and(|group| group.lineage().eq(project.groups.iter().copied()));
        let listed = reader.get(&CHILDREN, (project.parent().0, KIND_PROJECT, id))?.is_some();
        Ok(unless(found && parent && listed, || {
            format!("project {id} ({}) is not in every index", project.path)
        }))
    });
    check_each!(reader, verified, USER_MEMBERSHIPS, |(user, kind, id), _| {
        Ok(unless(reader.get(&MEMBERS, (kind, id, user))?.is_some(), || {
            format!("user {user} is not a member of {id}")
        }))
    });
    check_each!(reader, verified, MEMBERS, |(kind, id, user), _| {
        let both =
            reader.get(&USERS, user)?.is_some() && reader.get(&USER_MEMBERSHIPS, (user, kind, id))?.is_some();
        Ok(unless(both, || format!("member {user} of {id} is not in every index")))
    });
    Ok(())
}

fn check_tokens(reader: &Snapshot, verified: &mut Verified) -> Result<(), StoreError> {
    check_each!(reader, verified, TOKENS, |id, token| {
        let found = reader.get(&TOKEN_HASHES, *token.hash.as_bytes())? == Some(token.id);
        let (kind, owner) = credentials::owner_key(&token.owner);
        let owned = reader.get(&OWNER_TOKENS, (kind, owner, id))?.is_some();
        Ok(unless(found && owned, || format!("token {id} is not in every index")))
    });
    check_each!(reader, verified, TOKEN_HASHES, |hash, id| {
        let same = reader.get(&TOKENS, id.0)?.is_some_and(|token| *token.hash.as_bytes() == hash);
        Ok(unless(same, || format!("names token {id}, which has another hash or does not exist")))
    });
    check_each!(reader, verified, OWNER_TOKENS, |(kind, owner, id), _| {
        let same = reader
            .get(&TOKENS, id)?
            .is_some_and(|token| credentials::owner_key(&token.owner) == (kind, owner));
        Ok(unless(same, || format!("token {id} of {owner} does not exist")))
    });
    check_each!(reader, verified, TOKEN_USES, |id, _| {
        Ok(unless(reader.get(&TOKENS, id)?.is_some(), || format!("token {id} does not exist")))
    });
    Ok(())
}

fn check_sessions(reader: &Snapshot, verified: &mut Verified) -> Result<(), StoreError> {
    check_each!(reader, verified, SESSIONS, |hash, session| {
        let listed = reader.get(&USER_SESSIONS, (session.user.0, hash))?.is_some();
        let both = listed && reader.get(&USERS, session.user.0)?.is_some();
        Ok(unless(both, || format!("a session of user {} is not in every index", session.user)))
    });
    check_each!(reader, verified, USER_SESSIONS, |(user, hash), _| {
        let same = reader.get(&SESSIONS, hash)?.is_some_and(|session| session.user.0 == user);
        Ok(unless(same, || format!("a session of user {user} does not exist")))
    });
    Ok(())
}
