//! Every table of the database: its name, its key and its record.
//!
//! Names carry a format suffix: a table whose key changes gets a new name, so that a program never misreads one.
//! Keys of names and paths are in lower case. Numbers in composite keys sort numerically. Each says what a change of it
//! can alter for somebody who asks for a module; one that says nothing can alter everything.

use std::marker::PhantomData;

use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::audit::{AuditHead, AuditRecord};
use super::codec::{Encoded, Record, View};
use super::stamps::Affects;
use crate::domain::ci::CiJob;
use crate::domain::credential::Token;
use crate::domain::event::PackageEvent;
use crate::domain::identity::{Group, Holder, InstanceSettings, Membership, Project, User};
use crate::domain::manifest::Manifest;
use crate::domain::package::{Package, PackageFile, Publisher};
use crate::domain::provenance::Provenance;
use crate::domain::session::Session;
use crate::domain::trusted_publisher::TrustedPublisher;
use crate::domain::webhook::{Delivery, Webhook};
use crate::domain::words::{Uses, Word};
use crate::domain::{GroupId, HookId, JobId, PackageId, ProjectId, PublisherId, TokenId, UserId, Version};

/// What redb knows of a table: its name and its key. Records are bytes to it.
pub(super) type Definition<K> = TableDefinition<'static, K, &'static [u8]>;

/// A table whose values are records of one kind.
pub struct Table<K: redb::Key + 'static, R: Record> {
    name: &'static str,
    pub(super) definition: Definition<K>,
    /// What a change of it can alter for who asks for modules.
    pub(super) affects: Affects,
    record: PhantomData<fn() -> R>,
}

impl<K: redb::Key + 'static, R: Record> Table<K, R> {
    const fn new(name: &'static str) -> Self {
        let definition = TableDefinition::new(name);
        Self { name, definition, affects: Affects::Everything, record: PhantomData }
    }

    const fn affecting(self, affects: Affects) -> Self {
        Self { affects, ..self }
    }

    /// Its name in the database file, for messages.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The bytes of a record of it.
    pub(super) fn encode(&self, record: &R) -> Result<Encoded<R>, StoreError> {
        Encoded::of(record).map_err(|error| StoreError::Record { table: self.name.to_owned(), error })
    }
}

impl<K: redb::Key + 'static, R: Record> std::fmt::Debug for Table<K, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Table({})", self.name())
    }
}

/// Key of a module's versions: root group, module name in lower case, system, project, version without build metadata.
pub type ModuleVersionKey = (u64, &'static str, &'static str, u64, &'static str);
/// Key of a module's text: project, module name in lower case, system.
pub type ModuleTextKey = (u64, &'static str, &'static str);
/// Key of a word: the word in lower case, and the module that has it, as in [`ModuleTextKey`].
pub type WordKey = (&'static str, u64, &'static str, &'static str);
/// Key of a package's history: project, module name in lower case, system, version without build metadata, event.
pub type PackageEventKey = (u64, &'static str, &'static str, &'static str, u64);

/// Instance settings, under the key `instance`.
pub const SETTINGS: Table<&str, InstanceSettings> = Table::new("settings.v1");
/// Random keys of the instance, by purpose.
pub const KEYS: Table<&str, SecretKey> = Table::new("keys.v1").affecting(Affects::Nothing);
/// The last number given out, by kind.
pub const COUNTERS: Table<&str, Counter> = Table::new("counters.v1").affecting(Affects::Nothing);
/// Users by number.
pub const USERS: Table<u64, User> = Table::new("users.v1").affecting(Affects::People);
/// Groups and personal namespaces by number.
pub const GROUPS: Table<u64, Group> = Table::new("groups.v1").affecting(Affects::Places);
/// Projects by number.
pub const PROJECTS: Table<u64, Project> = Table::new("projects.v1").affecting(Affects::Places);
/// What a full path in lower case names.
pub const PATHS: Table<&str, PathTarget> = Table::new("paths.v1").affecting(Affects::Places);
/// What had a name before it was renamed: the group above it (0 above roots), the name in lower case. Nobody has such a
/// name: whoever takes one ends it.
pub const FORMER_NAMES: Table<(u64, &str), PathTarget> =
    Table::new("former_names.v1").affecting(Affects::Places);
/// The same by what had it: kind and number ([`kind_of`]), the group above it, the name.
pub const FORMER_NAMES_OF: Table<(u8, u64, u64, &str), Present> =
    Table::new("former_names_of.v1").affecting(Affects::Places);
/// What lies directly in a group: group, kind ([`kind_of`]), number.
pub const CHILDREN: Table<(u64, u8, u64), Present> = Table::new("children.v1").affecting(Affects::Places);
/// Members: kind and number of the group or project, user.
pub const MEMBERS: Table<(u8, u64, u64), Membership> = Table::new("members.v1").affecting(Affects::People);
/// The same, by user first.
pub const USER_MEMBERSHIPS: Table<(u64, u8, u64), Present> =
    Table::new("user_memberships.v1").affecting(Affects::People);
/// Tokens by number.
pub const TOKENS: Table<u64, Token> = Table::new("tokens.v1").affecting(Affects::People);
/// Which token a hash belongs to.
pub const TOKEN_HASHES: Table<[u8; 32], TokenId> = Table::new("token_hashes.v1").affecting(Affects::People);
/// Tokens of an owner: kind ([`OWNER_USER`] or [`kind_of`]), number, token.
pub const OWNER_TOKENS: Table<(u8, u64, u64), Present> =
    Table::new("owner_tokens.v1").affecting(Affects::Nothing);
/// When a token was last used.
pub const TOKEN_USES: Table<u64, LastUse> = Table::new("token_uses.v1").affecting(Affects::Nothing);
/// Sessions of browsers by the SHA-256 of their secret.
pub const SESSIONS: Table<[u8; 32], Session> = Table::new("sessions.v1").affecting(Affects::Nothing);
/// Sessions of a user: user, SHA-256 of the secret.
pub const USER_SESSIONS: Table<(u64, [u8; 32]), Present> =
    Table::new("user_sessions.v1").affecting(Affects::Nothing);
/// Packages by number.
pub const PACKAGES: Table<u64, Package> = Table::new("packages.v1").affecting(Affects::Packages);
/// Packages of a project.
pub const PROJECT_PACKAGES: Table<(u64, u64), Present> =
    Table::new("project_packages.v1").affecting(Affects::Nothing);
/// The versions of each module of a namespace.
pub const MODULE_VERSIONS: Table<ModuleVersionKey, ModuleVersion> =
    Table::new("module_versions.v1").affecting(Affects::Packages);
/// What describes each module of a project: project, module name in lower case, system.
pub const MODULE_TEXTS: Table<ModuleTextKey, ModuleText> =
    Table::new("module_texts.v1").affecting(Affects::Nothing);
/// The words of each module, keyed as its text.
pub const MODULE_WORDS: Table<ModuleTextKey, ModuleWords> =
    Table::new("module_words.v1").affecting(Affects::Nothing);
/// What a word is in each module that has it.
pub const WORDS: Table<WordKey, Uses> = Table::new("words.v1").affecting(Affects::Nothing);
/// Packages by who published them: kind and number ([`publisher_key`]), package.
pub const PUBLICATIONS: Table<(u8, u64, u64), Present> =
    Table::new("publications.v1").affecting(Affects::Nothing);
/// Files by number.
pub const FILES: Table<u64, PackageFile> = Table::new("files.v1").affecting(Affects::Packages);
/// Files of a package.
pub const PACKAGE_FILES: Table<(u64, u64), Present> =
    Table::new("package_files.v1").affecting(Affects::Packages);
/// Files that hold a blob: its SHA-256, file.
pub const BLOB_FILES: Table<([u8; 32], u64), Present> =
    Table::new("blob_files.v1").affecting(Affects::Nothing);
/// Manifests by package.
pub const MANIFESTS: Table<u64, Manifest> = Table::new("manifests.v1").affecting(Affects::Nothing);
/// Downloads by package.
pub const DOWNLOADS: Table<u64, Downloads> = Table::new("downloads.v1").affecting(Affects::Lists);
/// Downloads by package and day.
pub const DAILY_DOWNLOADS: Table<u64, DailyDownloads> =
    Table::new("daily_downloads.v1").affecting(Affects::Nothing);
/// Events by number.
pub const EVENTS: Table<u64, PackageEvent> = Table::new("events.v1").affecting(Affects::Nothing);
/// Events of one package.
pub const PACKAGE_EVENTS: Table<PackageEventKey, Present> =
    Table::new("package_events.v1").affecting(Affects::Nothing);

/// Where a package was published from.
pub const PROVENANCES: Table<u64, Provenance> = Table::new("provenances.v1").affecting(Affects::Nothing);
/// Where the change came from that an event tells of, by event.
pub const EVENT_PROVENANCES: Table<u64, Provenance> =
    Table::new("event_provenances.v1").affecting(Affects::Nothing);
/// CI jobs by number.
pub const CI_JOBS: Table<u64, CiJob> = Table::new("ci_jobs.v1").affecting(Affects::People);
/// Which job the hash of a token belongs to.
pub const CI_JOB_HASHES: Table<[u8; 32], JobId> = Table::new("ci_job_hashes.v1").affecting(Affects::People);
/// Jobs of a project.
pub const PROJECT_CI_JOBS: Table<(u64, u64), Present> =
    Table::new("project_ci_jobs.v1").affecting(Affects::Nothing);
/// Projects whose jobs may use a private project: that project, theirs.
pub const JOB_ALLOWLIST: Table<(u64, u64), Present> =
    Table::new("job_allowlist.v1").affecting(Affects::People);
/// The same by the other end: the project of the jobs, the private project.
pub const JOB_ALLOWED_IN: Table<(u64, u64), Present> =
    Table::new("job_allowed_in.v1").affecting(Affects::People);

/// Trusted publishers by number.
pub const TRUSTED_PUBLISHERS: Table<u64, TrustedPublisher> =
    Table::new("trusted_publishers.v1").affecting(Affects::People);
/// Trusted publishers of a project.
pub const PROJECT_TRUSTED_PUBLISHERS: Table<(u64, u64), Present> =
    Table::new("project_trusted_publishers.v1").affecting(Affects::Nothing);
/// ID tokens that published and must not again, by the SHA-256 of issuer and `jti`.
pub const SPENT_ID_TOKENS: Table<[u8; 32], SpentUntil> =
    Table::new("spent_id_tokens.v1").affecting(Affects::Nothing);
/// The same by when nobody would accept them anyway, in milliseconds since 1970.
pub const SPENT_BY_END: Table<(i64, [u8; 32]), Present> =
    Table::new("spent_by_end.v1").affecting(Affects::Nothing);
/// Entries of the audit log by number, from 1 without a gap.
pub const AUDIT: Table<u64, AuditRecord> = Table::new("audit.v1").affecting(Affects::Nothing);
/// The last of them, under the key `head`: so that it is noticed when entries at the end are missing.
pub const AUDIT_HEAD: Table<&str, AuditHead> = Table::new("audit_head.v1").affecting(Affects::Nothing);

/// Webhooks by number.
pub const WEBHOOKS: Table<u64, Webhook> = Table::new("webhooks.v1").affecting(Affects::Nothing);
/// Webhooks of a project.
pub const PROJECT_WEBHOOKS: Table<(u64, u64), Present> =
    Table::new("project_webhooks.v1").affecting(Affects::Nothing);
/// What webhooks told and have to tell, by number.
pub const WEBHOOK_DELIVERIES: Table<u64, Delivery> =
    Table::new("webhook_deliveries.v1").affecting(Affects::Nothing);
/// What has to be told, by when it is due, in milliseconds since 1970; delivery.
pub const HOOK_QUEUE: Table<(i64, u64), HookQueued> = Table::new("hook_queue.v1").affecting(Affects::Nothing);
/// The same by webhook.
pub const HOOK_WAITING: Table<(u64, u64), Present> =
    Table::new("hook_waiting.v1").affecting(Affects::Nothing);
/// What was told or given up: webhook, when that was, delivery.
pub const HOOK_FINISHED: Table<(u64, i64, u64), Present> =
    Table::new("hook_finished.v1").affecting(Affects::Nothing);

/// Calls a macro with every table, so that a new one cannot be forgotten where all are needed.
macro_rules! every_table {
    ($apply:ident) => {
        $apply!(
            SETTINGS,
            KEYS,
            COUNTERS,
            USERS,
            GROUPS,
            PROJECTS,
            PATHS,
            FORMER_NAMES,
            FORMER_NAMES_OF,
            CHILDREN,
            MEMBERS,
            USER_MEMBERSHIPS,
            TOKENS,
            TOKEN_HASHES,
            OWNER_TOKENS,
            TOKEN_USES,
            SESSIONS,
            USER_SESSIONS,
            PACKAGES,
            PROJECT_PACKAGES,
            MODULE_VERSIONS,
            MODULE_TEXTS,
            MODULE_WORDS,
            WORDS,
            PUBLICATIONS,
            FILES,
            PACKAGE_FILES,
            BLOB_FILES,
            MANIFESTS,
            DOWNLOADS,
            DAILY_DOWNLOADS,
            EVENTS,
            PACKAGE_EVENTS,
            PROVENANCES,
            EVENT_PROVENANCES,
            CI_JOBS,
            CI_JOB_HASHES,
            PROJECT_CI_JOBS,
            JOB_ALLOWLIST,
            JOB_ALLOWED_IN,
            TRUSTED_PUBLISHERS,
            PROJECT_TRUSTED_PUBLISHERS,
            SPENT_ID_TOKENS,
            SPENT_BY_END,
            AUDIT,
            AUDIT_HEAD,
            WEBHOOKS,
            PROJECT_WEBHOOKS,
            WEBHOOK_DELIVERIES,
            HOOK_QUEUE,
            HOOK_WAITING,
            HOOK_FINISHED
        )
    };
}
pub(super) use every_table;

/// [`OWNER_TOKENS`]: the owner is a user.
pub const OWNER_USER: u8 = 0;
/// Composite keys: a group.
pub const KIND_GROUP: u8 = 1;
/// Composite keys: a project.
pub const KIND_PROJECT: u8 = 2;

/// How a group or project appears in composite keys.
pub const fn kind_of(holder: Holder) -> (u8, u64) {
    match holder {
        Holder::Group(GroupId(id)) => (KIND_GROUP, id),
        Holder::Project(ProjectId(id)) => (KIND_PROJECT, id),
    }
}

/// How a publisher appears in [`PUBLICATIONS`]: a user whichever token it used, a deploy token, whoever has the machine,
/// a user's CI jobs, a trusted publisher.
pub const fn publisher_key(publisher: Publisher) -> (u8, u64) {
    match publisher {
        Publisher::User(UserId(user), _) | Publisher::Browser(UserId(user)) => (0, user),
        Publisher::DeployToken(TokenId(token)) => (1, token),
        Publisher::Operator => (2, 0),
        Publisher::Job(UserId(user), _) => (3, user),
        Publisher::Trusted(PublisherId(publisher)) => (4, publisher),
    }
}

/// Value of a table that only says that a key is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Present;

/// The last number given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter(pub u64);

/// 256 random bits.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretKey(pub [u8; 32]);

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// What a full path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PathTarget {
    /// A group or personal namespace.
    Group(GroupId),
    /// A project.
    Project(ProjectId),
}

/// What listing a module's versions needs, without reading its packages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModuleVersion {
    /// The package.
    pub package: PackageId,
    /// The version as published.
    pub version: Version,
    /// When, in milliseconds since 1970.
    pub published_ms: i64,
}

/// A [`ModuleVersion`] read in place.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct ModuleVersionView<'b> {
    /// The package.
    pub package: PackageId,
    /// The version as published.
    pub version: &'b str,
    /// When, in milliseconds since 1970.
    pub published_ms: i64,
}

/// What describes a module in lists and searches: taken from its latest version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModuleText {
    /// The package it is taken from.
    pub package: PackageId,
    /// The version of that package.
    pub version: Version,
    /// A line or two about the module; empty when its README has none.
    pub description: String,
}

/// A [`ModuleText`] read in place.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct ModuleTextView<'b> {
    /// The package it is taken from.
    pub package: PackageId,
    /// The version of that package.
    pub version: &'b str,
    /// A line or two about the module; empty when its README has none.
    pub description: &'b str,
}

/// The words a module is found by: those of its latest version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleWords {
    /// In order, each once.
    pub words: Vec<Word>,
}

/// When a token was last used, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastUse(pub i64);

/// Until when an ID token is remembered, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpentUntil(pub i64);

/// Whose a delivery in the queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookQueued(pub HookId);

/// How often and when last a package was downloaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Downloads {
    /// How often.
    pub count: u64,
    /// When last, in milliseconds since 1970.
    pub last_ms: i64,
}

/// How often a package was downloaded on each of the last days.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyDownloads {
    /// Days with downloads, oldest first, each once.
    pub days: Vec<DayCount>,
}

/// The downloads of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCount {
    /// The day in UTC, in days since 1970.
    pub day: i64,
    /// How often.
    pub count: u64,
}

impl View for ModuleVersion {
    type Of<'b> = ModuleVersionView<'b>;
}

impl View for ModuleText {
    type Of<'b> = ModuleTextView<'b>;
}

impl Record for Present {}
impl Record for Counter {}
impl Record for SecretKey {}
impl Record for PathTarget {}
impl Record for ModuleVersion {}
impl Record for ModuleText {}
impl Record for ModuleWords {}
impl Record for Uses {}
impl Record for LastUse {}
impl Record for Downloads {}
impl Record for DailyDownloads {}
impl Record for TokenId {}
impl Record for User {}
impl Record for Group {}
impl Record for Project {}
impl Record for Membership {}
impl Record for Token {}
impl Record for Session {}
impl Record for Package {}
impl Record for PackageFile {}
impl Record for Manifest {}
impl Record for PackageEvent {}
impl Record for InstanceSettings {}
impl Record for Provenance {}
impl Record for CiJob {}
impl Record for JobId {}
impl Record for TrustedPublisher {}
impl Record for SpentUntil {}
impl Record for AuditRecord {}
impl Record for AuditHead {}
impl Record for Webhook {}
impl Record for Delivery {}
impl Record for HookQueued {}
