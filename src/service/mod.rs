//! The use cases: who may do what to which packages, and how it is done. No HTTP, no HTML.
//!
//! A [`Registry`] holds the store, the blobs, the clock and the settings. Reading methods are short and synchronous;
//! changing ones are `async` and return once the change is durable.

pub mod access;
pub mod actors;
pub mod audit;
pub mod backup;
pub mod browsing;
pub mod ci_jobs;
pub mod clock;
pub mod compare;
pub mod contents;
pub mod deploy_tokens;
pub mod error;
pub mod gitlab_jobs;
pub mod groups;
pub mod holdings;
pub mod identity;
pub mod lines;
pub mod login;
pub mod members;
pub mod module_details;
pub mod module_list;
pub mod module_rows;
pub mod module_search;
pub mod modules;
pub mod namespaces;
pub mod oidc;
pub mod overview;
pub mod package_page;
pub mod packages;
pub mod pipelines;
pub mod places;
pub mod projects;
pub mod provenance_json;
pub mod publish;
pub mod ready;
pub mod sessions;
pub mod settings;
pub mod sign_in;
pub mod tickets;
pub mod tokens;
pub mod trusted_publishers;
pub mod upkeep;
pub mod webhooks;

mod activity;
mod cache;
mod catalog;
mod facts;
#[cfg(test)]
pub(crate) mod fixture;
mod history;
mod input;
mod kept_lists;
mod listeners;
mod lookup;
mod passwords;
mod removal;
mod sights;
mod standing;
mod workshop;

use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Notify;

use crate::blobs::Blobs;
use crate::domain::identity::InstanceSettings;
use crate::domain::issuer::TrustedIssuer;
use crate::domain::limits::{ArchiveLimits, HttpLimits, ManifestLimits};
use crate::domain::trusted_publisher::{Proof, Workload};
use crate::store::{Change, Snapshot, Store, StoreError, credentials, identity as records};

pub use access::{Caller, Presented};
pub use clock::Clock;
pub use error::ServiceError;

pub use crate::store::{DATABASE_FILE, blocking};

pub use catalog::{Extent, Manner, PackageOrder, Window};

use activity::{Activity, Used};
use audit::{Origin, Refusals};
use catalog::Catalog;
use contents::Contents;
use error::BadCredential;
use gitlab_jobs::{GitlabJobError, GitlabJobs};
use kept_lists::KeptLists;
use lines::{Bounds, Label, Lines};
use listeners::Listeners;
use login::Codes;
use oidc::{IdTokenError, IdTokens};
use overview::Storage;
use passwords::Passwords;
use ready::Ready;
use sights::Sights;
use sign_in::Attempts;
use tickets::Tickets;
use workshop::Workshop;

/// What a job is told whose token cannot be checked. Why not is for the log: nobody has shown yet who asks.
const NOBODY_TO_ASK: &str =
    "the CI system that vouches for this token cannot be asked now: try again in a moment";
/// Purpose of the key that signs tickets.
const TICKET_KEY: &str = "ticket";

/// The places of [`Registry::begin_upload`].
const UPLOADS: Label =
    Label { name: "uploads", what: "uploads", busy: "too many uploads at once: try again in a moment" };
/// The places of [`Registry::read_long`].
const LONG_READS: Label = Label {
    name: "long_reads",
    what: "lists and searches",
    busy: "too many lists and searches at once: try again in a moment",
};

/// A caller has one place for each core: with more, its reads would only take each other's time. As many again are for others.
fn long_read_bounds() -> Bounds {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    Bounds::halved(cores * 2)
}

/// What the configuration says about the use cases.
#[derive(Debug, Clone)]
pub struct Options {
    /// The URL clients reach the server by, without a slash at its end; nothing when it was not configured.
    pub external_url: Option<String>,
    /// `--disable-registry`: off, whatever the stored switch says.
    pub disable_registry: bool,
    /// Bounds of uploaded archives.
    pub archive: ArchiveLimits,
    /// Bounds of what is read from them.
    pub manifest: ManifestLimits,
    /// Uploads being received at once.
    pub uploads: usize,
    /// How long a webhook waits before it is sent again for the first time.
    pub webhook_retry: SignedDuration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            external_url: None,
            disable_registry: false,
            archive: ArchiveLimits::default(),
            manifest: ManifestLimits::default(),
            uploads: HttpLimits::default().uploads,
            webhook_retry: webhooks::FIRST_PAUSE,
        }
    }
}

/// Everything the use cases need. Cheap to clone.
#[derive(Clone)]
pub struct Registry {
    shared: Arc<Shared>,
    /// Which request it is used for: noted with what is changed.
    origin: Arc<Origin>,
}

struct Shared {
    store: Store,
    blobs: Blobs,
    clock: Clock,
    options: ArcSwap<Options>,
    tickets: Tickets,
    activity: Activity,
    refusals: Refusals,
    uploads: Lines,
    long_reads: Workshop,
    passwords: Passwords,
    attempts: Attempts,
    catalog: Arc<Catalog>,
    codes: Codes,
    contents: Contents,
    ready: Ready,
    sights: Sights,
    kept_lists: KeptLists,
    /// Who vouches for CI jobs elsewhere; nobody unless the configuration says so.
    id_tokens: OnceLock<IdTokens>,
    /// The same for the job tokens of GitLab servers.
    gitlab_jobs: OnceLock<GitlabJobs>,
    /// Told when a webhook has something to tell.
    hook_queued: Arc<Notify>,
    /// What the disk held when that was last measured.
    storage: Mutex<Option<Storage>>,
    /// Held by whoever measures it.
    measuring: tokio::sync::Mutex<()>,
    /// Held by whoever waits for the catalog.
    warming: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registry(..)")
    }
}

impl Registry {
    /// Opens a data directory. It must be held exclusively; `cli` sees to that.
    pub async fn open(data_dir: &Path, options: Options, clock: Clock) -> Result<Self, ServiceError> {
        // Both wait for the disk.
        let (blobs, store) = tokio::join!(
            blocking({
                let directory = data_dir.to_owned();
                move || Blobs::open(&directory)
            }),
            blocking({
                let directory = data_dir.to_owned();
                move || Store::open(&directory)
            }),
        );
        let blobs = blobs?.map_err(|error| ServiceError::io("opening the blob folder", error))?;
        let store = store??;
        Self::assemble(store, blobs, options, clock).await
    }

    /// Puts a registry together from its parts: for tests with a simulated disk.
    pub async fn assemble(
        store: Store,
        blobs: Blobs,
        options: Options,
        clock: Clock,
    ) -> Result<Self, ServiceError> {
        let key = match store.read(|snapshot| credentials::secret_key(snapshot, TICKET_KEY))? {
            Some(key) => key,
            None => store.write(make_ticket_key).await?,
        };
        let uploads = Lines::new(UPLOADS, Bounds::halved(options.uploads));
        let catalog = Arc::new(Catalog::default());
        let hook_queued = Arc::new(Notify::new());
        store.observe(Arc::new(Listeners {
            catalog: Arc::clone(&catalog),
            hook_queued: Arc::clone(&hook_queued),
        }));
        let shared = Shared {
            store,
            blobs,
            clock,
            options: ArcSwap::from_pointee(options),
            tickets: Tickets::new(&key),
            activity: Activity::default(),
            refusals: Refusals::default(),
            uploads,
            long_reads: Workshop::new(LONG_READS, long_read_bounds()),
            passwords: Passwords::default(),
            attempts: Attempts::default(),
            catalog,
            codes: Codes::default(),
            contents: Contents::default(),
            ready: Ready::default(),
            sights: Sights::default(),
            kept_lists: KeptLists::default(),
            id_tokens: OnceLock::new(),
            gitlab_jobs: OnceLock::new(),
            hook_queued,
            storage: Mutex::default(),
            measuring: tokio::sync::Mutex::default(),
            warming: tokio::sync::Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared), origin: Arc::default() })
    }

    /// The metadata store.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// Reads much, away from the threads that serve requests.
    async fn read_long<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Snapshot) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let store = self.shared.store.clone();
        self.shared.long_reads.run(self.who(), move || store.read(work)).await?
    }

    /// As [`read_long`](Self::read_long), for what needs the versions of all modules. As long as those are being read such
    /// requests wait without taking the places of others.
    async fn read_lists<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Snapshot) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        if !self.shared.catalog.is_complete() {
            let _one = self.shared.warming.lock().await;
            self.warm_up().await?;
        }
        self.read_long(work).await
    }

    /// The archives.
    pub fn blobs(&self) -> &Blobs {
        &self.shared.blobs
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// The configuration in force.
    pub fn options(&self) -> Arc<Options> {
        self.shared.options.load_full()
    }

    /// Replaces the configuration in force. The number of uploads at once stays as it was at the start.
    pub fn set_options(&self, options: Options) {
        self.shared.options.store(Arc::new(options));
        // Answers hold the external URL, and there are none while the registry is switched off.
        self.store().stamps().count_everything();
    }

    /// Whether requests can be served.
    pub fn is_ready(&self) -> bool {
        self.shared.store.is_ready()
    }

    /// Takes ID tokens as credentials from now on. Once is enough: later calls change nothing.
    pub fn accept_id_tokens(&self, id_tokens: IdTokens) {
        let _kept = self.shared.id_tokens.set(id_tokens);
    }

    /// Whether ID tokens are taken as credentials.
    pub fn knows_issuers(&self) -> bool {
        self.shared.id_tokens.get().is_some()
    }

    /// Replaces the issuers whose ID tokens are taken, where any are.
    pub fn set_issuers(&self, issuers: &[TrustedIssuer]) {
        if let Some(id_tokens) = self.shared.id_tokens.get() {
            id_tokens.set_issuers(issuers);
        }
    }

    /// Who a credential stands for. Notes that the token was used.
    ///
    /// Waits only for the keys of an issuer, and only for tokens of that issuer.
    pub async fn authenticate(&self, presented: Option<&Presented>) -> Result<Caller, ServiceError> {
        if let Some(token) = presented.and_then(Presented::id_token) {
            return self.authenticate_workload(token.expose_secret(), self.now()).await;
        }
        match presented {
            Some(Presented::GitlabJob { token, server }) => {
                self.authenticate_gitlab_job(token, server.as_deref()).await
            }
            _ => self.authenticate_stored(presented),
        }
    }

    /// Takes job tokens of GitLab servers as credentials from now on. Once is enough: later calls change nothing.
    pub fn accept_gitlab_jobs(&self, jobs: GitlabJobs) {
        let _kept = self.shared.gitlab_jobs.set(jobs);
    }

    /// What checks the job tokens of GitLab servers, where any are taken.
    pub fn gitlab_jobs(&self) -> Option<&GitlabJobs> {
        self.shared.gitlab_jobs.get()
    }

    async fn authenticate_gitlab_job(
        &self,
        token: &SecretString,
        server: Option<&str>,
    ) -> Result<Caller, ServiceError> {
        let checked = match self.shared.gitlab_jobs.get() {
            Some(jobs) => jobs.check(token, server, self.now()).await,
            None => Err(GitlabJobError::NoServer),
        };
        match checked {
            Ok(workload) => Ok(Caller::Workload(Box::new(workload))),
            Err(unknown @ GitlabJobError::Unreachable { .. }) => {
                tracing::warn!(%unknown, "a job token could not be checked");
                Err(ServiceError::Unavailable(NOBODY_TO_ASK))
            }
            Err(refused) => Err(ServiceError::Unauthenticated(BadCredential::GitlabJob(Box::new(refused)))),
        }
    }

    /// Who a credential stands for that this server gave out.
    fn authenticate_stored(&self, presented: Option<&Presented>) -> Result<Caller, ServiceError> {
        let now = self.now();
        let caller = self.shared.store.read(|snapshot| access::authenticate(snapshot, presented, now))?;
        if let Some(token) = caller.token() {
            self.shared.activity.used(Used::Token(token.id), now);
        }
        Ok(caller)
    }

    async fn authenticate_workload(&self, token: &str, now: Timestamp) -> Result<Caller, ServiceError> {
        let Some(id_tokens) = self.shared.id_tokens.get() else {
            return Err(ServiceError::Unauthenticated(BadCredential::Unknown));
        };
        match id_tokens.verify(token, now).await {
            Ok(claims) => Ok(Caller::Workload(Box::new(Workload::new(Proof::IdToken, claims)))),
            Err(unknown @ IdTokenError::KeysUnavailable { .. }) => {
                tracing::warn!(%unknown, "an ID token could not be checked");
                Err(ServiceError::Unavailable(NOBODY_TO_ASK))
            }
            Err(refused) => Err(ServiceError::Unauthenticated(BadCredential::IdToken(Box::new(refused)))),
        }
    }

    /// The instance's settings.
    pub fn settings(&self) -> Result<InstanceSettings, StoreError> {
        self.shared.store.read(records::settings)
    }

    /// Refuses when the registry is switched off for the instance.
    pub fn check_switch(&self) -> Result<(), ServiceError> {
        if self.is_switched_on()? { Ok(()) } else { Err(ServiceError::RegistryDisabled) }
    }

    /// Whether the registry is switched on for the instance, by the stored switch and by the command line.
    pub fn is_switched_on(&self) -> Result<bool, ServiceError> {
        Ok(!self.shared.options.load().disable_registry && self.settings()?.registry_enabled)
    }

    /// Reads what lists are answered from, so that the first list need not wait for it.
    pub async fn warm_up(&self) -> Result<(), ServiceError> {
        let (catalog, store) = (Arc::clone(&self.shared.catalog), self.shared.store.clone());
        Ok(blocking(move || catalog.read(&store, |_ready| ())).await??)
    }

    /// Writes what was gathered in memory: when tokens were last used, what was downloaded, what was refused.
    pub async fn flush_activity(&self) -> Result<(), ServiceError> {
        self.flush_refusals(false).await?;
        self.shared.activity.flush(&self.shared.store, self.now()).await
    }

    /// Writes what is still in memory and closes the database.
    pub async fn close(&self) {
        if let Err(error) = self.flush_refusals(true).await {
            tracing::warn!(%error, "refused requests of the last seconds could not be written to the audit log");
        }
        if let Err(error) = self.flush_activity().await {
            tracing::warn!(%error, "download counts of the last seconds could not be written");
        }
        let store = self.shared.store.clone();
        if blocking(move || store.close()).await.is_err() {
            tracing::error!("the database could not be closed in order");
        }
    }
}

/// The key that signs download tickets, which is made once.
fn make_ticket_key(change: &mut Change<'_>) -> Result<[u8; 32], ServiceError> {
    if let Some(key) = credentials::secret_key(change, TICKET_KEY)? {
        return Ok(key);
    }
    let key = clock::random_bits()?;
    credentials::put_secret_key(change, TICKET_KEY, key)?;
    Ok(key)
}
