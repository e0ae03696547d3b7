//! `cairn serve`: builds the parts in order, runs until told to stop, and takes them down in the reverse order.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;

use super::data_dir::DataDir;
use super::output::{line, note};
use crate::config::watch::{FileWatch, ReloadTrigger, Subject};
use crate::config::{Config, LiveConfig, ServeArgs, TlsSource, process_environment};
use crate::http::tls::{SelfSigned, TlsFiles, TlsStore, ensure_self_signed, server_names};
use crate::http::{App, Edge, Listener, Start, Tls, control, serve};
use crate::outbound::{GitlabClient, Guard, HookSender, KeyFetcher};
use crate::service::gitlab_jobs::GitlabJobs;
use crate::service::oidc::IdTokens;
use crate::service::{Clock, Options, Registry, blocking, clock};
use crate::telemetry::{self, LogControl, LogDrain, Metrics};

/// How often counters gathered in memory are written.
const FLUSH_EVERY: Duration = Duration::from_secs(5);
/// How often a certificate of our own is looked at, at most.
const RENEWAL_CHECK: Duration = Duration::from_hours(12);
/// File that keeps the first administrator's made-up password.
const PASSWORD_FILE: &str = "initial-root-password";

/// Runs the server until SIGTERM or SIGINT.
pub(super) async fn run(args: ServeArgs) -> Result<()> {
    let config = Config::load(&args, &process_environment)?;
    let no_color = process_environment("NO_COLOR").is_some_and(|value| !value.is_empty());
    let clock = Clock::system();
    let (log, drain) = telemetry::init(*config.log_format, &config.log_level, no_color, move || clock.now())?;
    raise_file_limit();
    let data = DataDir::create(&config.data_dir)?;
    let outcome = run_in(&data, args, config, log, &drain).await;
    drop(drain);
    outcome
}

async fn run_in(
    data: &DataDir,
    args: ServeArgs,
    config: Config,
    log: LogControl,
    drain: &LogDrain,
) -> Result<()> {
    // Before anyone is told that the server runs: from then on signals may come, which would end it on the spot.
    let (stop, hang_ups) = (stop_signal()?, signal(SignalKind::hangup())?);
    let mut watch = FileWatch::start(watched(&config));
    let clock = Clock::system();
    let registry = Registry::open(data.path(), options(&config), clock.clone()).await?;
    warm_up(registry.clone());
    bootstrap(&registry, data, &config).await?;
    trust_ci(&registry, &config);
    let (tls, own) = tls(data.path(), &config, clock.now())?;
    let metrics = Arc::new(Metrics::new(drain.lost_lines()));
    let instance = clock::random_bits()?.first_chunk::<4>().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    let (listeners, urls) = listeners(&config, tls.as_ref()).await?;
    let start = Start { instance, urls: urls.clone() };
    let app = Arc::new(App::new(registry.clone(), metrics, config.http_limits(), edge(&config), start));
    let mut all = vec![Listener::Control(
        control::listen(data.path()).context("cannot open the control socket in the data directory")?,
    )];
    all.extend(listeners);
    if let Some(own) = &own {
        note(&format!("clients must trust the certificate authority in {}", own.authority.display()));
    }
    for url in &urls {
        line(&format!("listening on {url}"))?;
    }
    tracing::info!(addresses = urls.join(" "), data_dir = %data.path().display(), "ready");
    notify_ready();

    let mut background = JoinSet::new();
    let guard = Guard::default();
    guard.allow(config.webhook_allow.value.clone());
    background.spawn(send_webhooks(registry.clone(), guard.clone()));
    let live = Arc::new(LiveConfig::new(config));
    background.spawn(flush(registry.clone()));
    background.spawn(hang_up(hang_ups, watch.trigger()));
    let reloading = Reloading {
        args,
        live,
        app: Arc::clone(&app),
        guard,
        tls,
        log,
        data_dir: data.path().to_owned(),
        clock,
    };
    background.spawn(async move {
        loop {
            // Certificates of our own are looked at now and then, others when their files change.
            let reload = tokio::time::timeout(RENEWAL_CHECK, watch.next()).await;
            match reload {
                Ok(reload) => reloading.reload(reload.config, reload.certificate),
                Err(_nothing_changed) => reloading.renew_own(),
            }
        }
    });

    serve(app, all, stop).await;
    tracing::info!("stopping");
    background.shutdown().await;
    registry.close().await;
    Ok(())
}

/// What the use cases take from the configuration.
fn options(config: &Config) -> Options {
    Options {
        external_url: config.external_url.as_ref().map(|url| url.origin().to_owned()),
        disable_registry: *config.disable_registry,
        archive: config.archive_limits(),
        uploads: config.http_limits().uploads,
        webhook_retry: SignedDuration::from_secs(config.limits.webhook_retry_seconds.0.into()),
        ..Options::default()
    }
}

/// Takes ID tokens of the configured issuers and job tokens of the configured GitLab servers. What asks them is set up only
/// when there are some.
fn trust_ci(registry: &Registry, config: &Config) {
    if !config.ci.issuers.is_empty() && !registry.knows_issuers() {
        match KeyFetcher::new() {
            Ok(fetcher) => registry.accept_id_tokens(IdTokens::new(Arc::new(fetcher))),
            Err(error) => tracing::error!(%error, "ID tokens of CI jobs cannot be checked"),
        }
    }
    registry.set_issuers(&config.ci.issuers);
    if !config.ci.gitlabs.is_empty() && registry.gitlab_jobs().is_none() {
        match GitlabClient::new() {
            Ok(client) => registry.accept_gitlab_jobs(GitlabJobs::new(Arc::new(client))),
            Err(error) => tracing::error!(%error, "job tokens of GitLab cannot be checked"),
        }
    }
    if let Some(jobs) = registry.gitlab_jobs() {
        jobs.set_servers(&config.ci.gitlabs);
    }
}

/// Reads what lists are answered from while the rest is made ready and the first requests are served.
fn warm_up(registry: Registry) {
    tokio::spawn(async move {
        if let Err(error) = registry.warm_up().await {
            tracing::warn!(%error, "lists could not be prepared: the first one tries again");
        }
    });
}

fn edge(config: &Config) -> Edge {
    Edge {
        trusted_proxies: config.trusted_proxy.value.clone(),
        metrics_allow: config.metrics_allow.value.clone(),
    }
}

fn watched(config: &Config) -> Vec<(std::path::PathBuf, Subject)> {
    let mut files: Vec<_> = config.file.value.iter().map(|path| (path.clone(), Subject::Config)).collect();
    if let TlsSource::Files { cert, key } = config.tls() {
        files.push((cert, Subject::Certificate));
        files.push((key, Subject::Certificate));
    }
    files
}

/// Makes the administrator at the first start, and says its password once.
async fn bootstrap(registry: &Registry, data: &DataDir, config: &Config) -> Result<()> {
    let keep = |password: &SecretString| {
        data.write_secret(PASSWORD_FILE, &format!("{}\n", password.expose_secret()))
            .map(drop)
            .map_err(std::io::Error::other)
    };
    let made_up =
        registry.bootstrap_root(config.root_password.clone(), config.root_token.clone(), keep).await?;
    if let Some(password) = made_up {
        note(&format!(
            "created the administrator `root` with password {} (kept in {}; delete that file once you know it)",
            password.expose_secret(),
            data.path().join(PASSWORD_FILE).display()
        ));
    }
    Ok(())
}

fn tls(
    data_dir: &Path,
    config: &Config,
    now: Timestamp,
) -> Result<(Option<Arc<TlsStore>>, Option<SelfSigned>)> {
    match config.tls() {
        TlsSource::None => Ok((None, None)),
        TlsSource::Files { cert, key } => Ok((Some(Arc::new(TlsStore::load(TlsFiles { cert, key })?)), None)),
        TlsSource::SelfSigned => {
            let own = own_certificate(data_dir, config, now)?;
            Ok((Some(Arc::new(TlsStore::load(own.files.clone())?)), Some(own)))
        }
    }
}

fn own_certificate(data_dir: &Path, config: &Config, now: Timestamp) -> Result<SelfSigned> {
    let names = server_names(&config.listen, config.external_url.as_ref());
    Ok(ensure_self_signed(&data_dir.join("tls"), &names, now)?)
}

async fn listeners(config: &Config, tls: Option<&Arc<TlsStore>>) -> Result<(Vec<Listener>, Vec<String>)> {
    let (mut listeners, mut urls) = (Vec::new(), Vec::new());
    let secure = config.listen.iter().map(|address| (*address, tls));
    let plain = config.listen_http.iter().map(|address| (*address, None));
    for (address, tls) in secure.chain(plain) {
        let (listener, bound) = bind(address).await?;
        urls.push(format!("{}://{bound}", if tls.is_some() { "https" } else { "http" }));
        listeners.push(Listener::Tcp(listener, tls.map(|store| Tls(store.acceptor()))));
    }
    Ok((listeners, urls))
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}: choose another address with --listen"))?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

/// Takes over what changed in the configuration file and the certificates.
struct Reloading {
    args: ServeArgs,
    live: Arc<LiveConfig>,
    app: Arc<App>,
    guard: Guard,
    tls: Option<Arc<TlsStore>>,
    log: LogControl,
    data_dir: std::path::PathBuf,
    clock: Clock,
}

impl Reloading {
    fn reload(&self, config: bool, certificate: bool) {
        if config {
            match self.live.reload(&self.args, &process_environment) {
                Ok(adoption) => {
                    self.app.registry.set_options(options(&adoption.config));
                    trust_ci(&self.app.registry, &adoption.config);
                    self.app.edge.store(Arc::new(edge(&adoption.config)));
                    self.guard.allow(adoption.config.webhook_allow.value.clone());
                    self.log.set_level(&adoption.config.log_level);
                    self.renew_own();
                }
                Err(error) => {
                    tracing::warn!(%error, "the configuration is not usable; the old one stays in force");
                }
            }
        }
        if certificate {
            self.reload_certificate();
        }
    }

    fn renew_own(&self) {
        let config = self.live.current();
        if config.tls() != TlsSource::SelfSigned {
            return;
        }
        match own_certificate(&self.data_dir, &config, self.clock.now()) {
            Ok(_) => self.reload_certificate(),
            Err(error) => tracing::error!(%error, "the own certificate could not be renewed"),
        }
    }

    fn reload_certificate(&self) {
        let Some(tls) = &self.tls else { return };
        match tls.reload() {
            Ok(true) => tracing::info!("a new certificate is in use"),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, "the new certificate is not usable; the old one stays in use");
            }
        }
    }
}

/// SIGHUP reads configuration and certificates again, for file systems that do not tell of changes.
async fn hang_up(mut hang_ups: Signal, trigger: ReloadTrigger) {
    while hang_ups.recv().await.is_some() {
        trigger.reload_all();
    }
}

/// Reads the certificates that the machine trusts, which takes longer than the first requests may wait, and sends
/// webhooks from then on.
async fn send_webhooks(registry: Registry, guard: Guard) {
    match blocking(move || HookSender::new(guard)).await {
        Ok(Ok(sender)) => registry.send_webhooks(Arc::new(sender)).await,
        Ok(Err(error)) => tracing::error!(%error, "webhooks cannot be sent"),
        Err(error) => tracing::error!(%error, "webhooks cannot be sent"),
    }
}

async fn flush(registry: Registry) {
    loop {
        tokio::time::sleep(FLUSH_EVERY).await;
        if let Err(error) = registry.flush_activity().await {
            tracing::warn!(%error, "download counts could not be written");
        }
    }
}

fn stop_signal() -> Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Stopping]) {
            tracing::debug!(%error, "the service manager could not be told");
        }
    })
}

fn notify_ready() {
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
        tracing::debug!(%error, "the service manager could not be told");
    }
}

/// A connection is an open file: the soft limit of 1,024 that most systems start with is too few of them.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}
