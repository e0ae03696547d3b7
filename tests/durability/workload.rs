//! Clients that change the store at the same time, each in a group of its own, with a model of what each was promised.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::Poll;

use cairn::domain::credential::{PersonalScope, Token, TokenOwner};
use cairn::domain::event::{PackageAction, PackageEvent};
use cairn::domain::identity::{
    Group, GroupKind, Holder, Membership, Project, RegistryAccess, Role, User, Visibility,
};
use cairn::domain::manifest::Manifest;
use cairn::domain::package::{DuplicatesRule, Package, PackageFile, Publisher, Status};
use cairn::domain::{FileId, GroupId, PackageId, ProjectId, Sha256, TokenId, UserId};
use cairn::service::upkeep::verify_metadata;
use cairn::store::{Change, Reader, Snapshot, Store, StoreError, credentials, identity, packages, tables};

use crate::disk::{Dice, Disk};
use crate::sample::at;

/// Clients at once.
pub(crate) const CLIENTS: u64 = 5;
/// Projects a client has at most, and versions a project.
const FEW: u64 = 4;

/// What one client was promised.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct World {
    projects: BTreeMap<u64, Held>,
    tokens: BTreeSet<u64>,
    /// Publications and deletions so far.
    events: BTreeMap<u64, usize>,
}

/// What one project holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Held {
    /// Digest by version.
    versions: BTreeMap<u64, [u8; 32]>,
    member: bool,
}

/// One change.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    NewProject(u64),
    DropProject(u64),
    Publish(u64, u64, [u8; 32]),
    Delete(u64, u64),
    Member(u64, bool),
    Token(u64, bool),
    /// Takes numbers, queues writes, and is refused after all.
    Refused(u64),
}

impl World {
    /// Something this client may do next.
    pub(crate) fn next_step(&self, dice: &mut Dice) -> Step {
        let project = dice.below(FEW);
        let version = dice.below(FEW);
        let Some(held) = self.projects.get(&project) else { return Step::NewProject(project) };
        match dice.below(12) {
            0 => Step::DropProject(project),
            1 => Step::Member(project, !held.member),
            2 => Step::Token(version, !self.tokens.contains(&version)),
            3 => Step::Refused(project),
            _ if held.versions.contains_key(&version) => Step::Delete(project, version),
            _ => {
                let mut digest = [0; 32];
                digest[..8].copy_from_slice(&dice.roll().to_le_bytes());
                Step::Publish(project, version, digest)
            }
        }
    }

    /// What it is promised once the step is acknowledged.
    pub(crate) fn after(&self, step: &Step) -> Self {
        let mut next = self.clone();
        match *step {
            Step::NewProject(project) => {
                next.projects.insert(project, Held::default());
            }
            Step::DropProject(project) => {
                next.projects.remove(&project);
            }
            Step::Publish(project, version, digest) => {
                next.projects.entry(project).or_default().versions.insert(version, digest);
                *next.events.entry(project).or_default() += 1;
            }
            Step::Delete(project, version) => {
                next.projects.entry(project).or_default().versions.remove(&version);
                *next.events.entry(project).or_default() += 1;
            }
            Step::Member(project, there) => next.projects.entry(project).or_default().member = there,
            Step::Token(token, true) => {
                next.tokens.insert(token);
            }
            Step::Token(token, false) => {
                next.tokens.remove(&token);
            }
            Step::Refused(_) => {}
        }
        next
    }
}

fn project_id(client: u64, project: u64) -> ProjectId {
    ProjectId(client * 1000 + project + 1)
}

fn token_id(client: u64, token: u64) -> TokenId {
    TokenId(client * 1000 + token + 1)
}

fn group_id(client: u64) -> GroupId {
    GroupId(client * 2 + 2)
}

fn user_id(client: u64) -> UserId {
    UserId(client + 1)
}

fn project(client: u64, project: u64) -> Project {
    Project {
        id: project_id(client, project),
        groups: vec![group_id(client)],
        path: format!("team{client}/p{project}").parse().expect("a path"),
        name: format!("p{project}"),
        description: "d".repeat(usize::try_from(project * 300).expect("small")),
        visibility: Visibility::Private,
        registry: RegistryAccess::Enabled,
        creator: Some(user_id(client)),
        created_at: at(0),
    }
}

fn token(client: u64, token: u64) -> Token {
    let mut hash = [0xEE; 32];
    hash[..8].copy_from_slice(&token_id(client, token).0.to_le_bytes());
    Token {
        id: token_id(client, token),
        name: "t".to_owned(),
        owner: TokenOwner::Personal { user: user_id(client), scopes: vec![PersonalScope::Api] },
        hash: Sha256::new(hash),
        expires_at: None,
        revoked: false,
        created_at: at(0),
    }
}

fn event(client: u64, in_project: u64, version: u64, action: PackageAction) -> PackageEvent {
    PackageEvent {
        at: at(0),
        action,
        actor: Publisher::Operator,
        project: project_id(client, in_project),
        name: "vpc".parse().expect("a name"),
        system: "aws".parse().expect("a system"),
        version: format!("1.{version}.0").parse().expect("a version"),
        sha256: Sha256::new([0; 32]),
    }
}

/// Carries a step out, the way the use cases do.
pub(crate) fn carry_out(change: &mut Change<'_>, client: u64, step: &Step) -> Result<(), StoreError> {
    let here = |number| (group_id(client), project_id(client, number));
    match *step {
        Step::NewProject(number) => identity::put_project(change, &project(client, number)),
        Step::DropProject(number) => identity::remove_project(change, &project(client, number)),
        Step::Publish(number, version, digest) => publish(change, client, number, version, digest),
        Step::Delete(number, version) => {
            let told = event(client, number, version, PackageAction::Deleted);
            let found = packages::version(change, here(number), &told.name, &told.system, &told.version)?;
            let entry = found.expect("the model says it is there");
            let package = packages::package(change, entry.package)?.expect("the index says it is there");
            packages::remove(change, &package)?;
            packages::put_event(change, &told, None)
        }
        Step::Member(number, true) => {
            let membership = Membership {
                holder: Holder::Project(project_id(client, number)),
                user: user_id(client),
                role: Role::Developer,
                expires_at: None,
                created_at: at(0),
            };
            identity::put_membership(change, &membership)
        }
        Step::Member(number, false) => {
            identity::remove_membership(change, Holder::Project(project_id(client, number)), user_id(client));
            Ok(())
        }
        Step::Token(number, true) => credentials::put(change, &token(client, number)),
        Step::Token(number, false) => {
            credentials::remove(change, &token(client, number));
            Ok(())
        }
        Step::Refused(number) => {
            publish(change, client, number, FEW + 1, [0xFF; 32])?;
            Err(StoreError::Closed)
        }
    }
}

fn publish(
    change: &mut Change<'_>,
    client: u64,
    number: u64,
    version: u64,
    digest: [u8; 32],
) -> Result<(), StoreError> {
    let told = event(client, number, version, PackageAction::Published);
    let package = Package {
        id: PackageId(change.next_number("package")?),
        project: told.project,
        root: group_id(client),
        name: told.name.clone(),
        system: told.system.clone(),
        version: told.version.clone(),
        status: Status::Default,
        created_at: at(0),
        publisher: told.actor,
        warnings: vec![],
    };
    let file = PackageFile {
        id: FileId(change.next_number("file")?),
        package: package.id,
        file_name: package.file_name(),
        size: 1,
        sha256: Sha256::new(digest),
        created_at: at(0),
    };
    assert_eq!(packages::package(change, package.id)?, None, "number {} was given out twice", package.id);
    let mut manifest = Manifest::default();
    // Some records fill several pages.
    manifest.root.readme = Some("r".repeat(usize::from(digest[0]) * 40));
    packages::put(change, &package, &file, packages::Declared::of(&manifest)?)?;
    packages::put_event(change, &told, None)
}

/// The users and groups that every run starts with, on a platter.
static BASE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let disk = Disk::with(Vec::new());
    let store = Store::open_with(disk.opener()).expect("a new database");
    runtime().block_on(store.write(set_up)).expect("the first change");
    store.close();
    disk.platter()
});

fn set_up(change: &mut Change<'_>) -> Result<(), StoreError> {
    for client in 0..CLIENTS {
        let (user, own) = (user_id(client), GroupId(client * 2 + 1));
        identity::put_user(
            change,
            &User {
                id: user,
                username: format!("user{client}").parse().expect("a name"),
                name: String::new(),
                email: String::new(),
                namespace: own,
                admin: false,
                can_create_group: true,
                blocked: false,
                password_hash: None,
                created_at: at(0),
            },
        )?;
        for (id, kind, path) in [
            (own, GroupKind::Personal(user), format!("user{client}")),
            (group_id(client), GroupKind::Group, format!("team{client}")),
        ] {
            let path = path.parse().expect("a path");
            identity::put_group(
                change,
                &Group {
                    id,
                    kind,
                    ancestors: vec![],
                    path,
                    name: String::new(),
                    description: String::new(),
                    visibility: Visibility::Private,
                    duplicates: DuplicatesRule::default(),
                    created_at: at(0),
                },
            )?;
        }
    }
    Ok(())
}

/// A disk with the users and groups.
pub(crate) fn base_disk() -> Disk {
    Disk::with(BASE.clone())
}

/// A runtime on this thread alone.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
}

/// What one client sees.
pub(crate) fn observe(store: &Store, client: u64) -> Result<World, StoreError> {
    store.read(|snapshot| observe_in(snapshot, client))
}

fn observe_in(snapshot: &Snapshot, client: u64) -> Result<World, StoreError> {
    let mut world = World::default();
    for found in identity::projects_in(snapshot, group_id(client))? {
        let number = found.id.0 - client * 1000 - 1;
        assert_eq!(found, project(client, number), "a project changed");
        let mut held = Held::default();
        for package in packages::in_project(snapshot, found.id)? {
            let [file] = &packages::files(snapshot, package.id)?[..] else {
                panic!("{package:?} has no file")
            };
            let manifest = packages::manifest(snapshot, package.id)?.expect("every package has a manifest");
            let digest = *file.sha256.as_bytes();
            let readme = manifest.root.readme.unwrap_or_default();
            assert_eq!(readme.len(), usize::from(digest[0]) * 40, "a manifest changed");
            let text = package.version.to_string();
            let version = text.split('.').nth(1).and_then(|minor| minor.parse().ok()).expect("ours");
            held.versions.insert(version, digest);
        }
        held.member = identity::membership(snapshot, Holder::Project(found.id), user_id(client))?.is_some();
        world.projects.insert(number, held);
    }
    for found in credentials::personal_tokens(snapshot, user_id(client))? {
        assert_eq!(credentials::by_hash(snapshot, &found.hash)?, Some(found.clone()), "found by its hash");
        world.tokens.insert(found.id.0 - client * 1000 - 1);
    }
    snapshot.scan(&tables::EVENTS, .., |_, event| {
        if let Some(number) = (0..FEW).find(|number| event.project == project_id(client, *number)) {
            *world.events.entry(number).or_default() += 1;
        }
        ControlFlow::Continue(())
    })?;
    Ok(world)
}

/// The clients of a run.
#[derive(Debug, Clone)]
pub(crate) struct Clients {
    /// What each was promised.
    pub(crate) promised: Vec<World>,
    /// What each would be promised by the step whose outcome it was not told.
    open: Vec<Option<World>>,
}

impl Default for Clients {
    fn default() -> Self {
        let all = usize::try_from(CLIENTS).expect("few");
        Self { promised: vec![World::default(); all], open: vec![None; all] }
    }
}

type Running = Pin<Box<dyn Future<Output = Result<(), StoreError>>>>;

impl Clients {
    /// One step of every client, all in one commit: they are queued while the writer is held back. Errors come back.
    pub(crate) async fn round(&mut self, store: &Store, dice: &mut Dice) -> Vec<StoreError> {
        let steps: Vec<Step> = self.promised.iter().map(|world| world.next_step(dice)).collect();
        let (entered, inside) = tokio::sync::oneshot::channel();
        let (open, opened) = std::sync::mpsc::channel::<()>();
        let mut gate: Running = Box::pin({
            let store = store.clone();
            async move {
                store
                    .write(move |_| {
                        let _ = entered.send(());
                        let _ = opened.recv();
                        Ok::<_, StoreError>(())
                    })
                    .await
            }
        });
        tokio::select! {
            biased;
            Ok(()) = inside => {}
            outcome = &mut gate => return vec![outcome.expect_err("the gate is closed")],
        }
        let mut running: Vec<Running> = (0..)
            .zip(&steps)
            .map(|(client, step)| {
                let (store, step) = (store.clone(), step.clone());
                let work = move |change: &mut Change<'_>| carry_out(change, client, &step);
                Box::pin(async move { store.write(work).await }) as Running
            })
            .collect();
        std::future::poll_fn(|context| {
            for one in &mut running {
                assert!(one.as_mut().poll(context).is_pending(), "the writer is held back");
            }
            Poll::Ready(())
        })
        .await;
        drop(open);
        let mut errors = Vec::new();
        errors.extend(gate.await.err());
        for (client, (one, step)) in running.into_iter().zip(&steps).enumerate() {
            let next = self.promised[client].after(step);
            match (one.await, step) {
                (Ok(()), _) => self.promised[client] = next,
                (Err(StoreError::Closed), Step::Refused(_)) => {}
                (Err(error), _) => {
                    self.open[client] = Some(next);
                    errors.push(error);
                }
            }
        }
        errors
    }

    /// Compares what is there with what was promised, and takes over what is there. Says what is wrong.
    pub(crate) fn check(&mut self, store: &Store) -> Result<(), String> {
        let wrong = verify_metadata(store).map_err(|error| format!("verify: {error}"))?;
        if !wrong.is_empty() {
            return Err(wrong.join("\n"));
        }
        for (number, promised) in self.promised.iter_mut().enumerate() {
            let seen = observe(store, number as u64).map_err(|error| format!("client {number}: {error}"))?;
            let open = self.open[number].take();
            if seen != *promised && Some(&seen) != open.as_ref() {
                return Err(format!("client {number} sees {seen:?}\nwas promised {promised:?}\nor {open:?}"));
            }
            *promised = seen;
        }
        Ok(())
    }
}

/// Reads one record, for tests that only ask whether reading works.
pub(crate) fn reads(store: &Store) -> Result<(), StoreError> {
    store.read(|snapshot| snapshot.require(&tables::USERS, 1).map(|_| ()))
}
