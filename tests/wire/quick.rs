//! A server in this process, whose limits a test sets.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use cairn::domain::limits::HttpLimits;
use cairn::http::{App, Edge, Listener, Start, serve};
use cairn::service::{Clock, Options, Registry};
use cairn::telemetry::Metrics;
use prometheus_client::metrics::counter::Counter;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::client::Client;
use crate::support::server::ROOT_TOKEN;
use crate::support::wire::Wire;

/// A server in this process.
pub(crate) struct Quick {
    pub(crate) address: SocketAddr,
    app: Arc<App>,
    folder: TempDir,
    runtime: Option<Runtime>,
}

impl Quick {
    pub(crate) fn start(limits: HttpLimits) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_stack_size(8 * 1024 * 1024)
            .enable_all()
            .build()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (address, app) = runtime.block_on(run(folder.path(), limits));
        Self { address, app, folder, runtime: Some(runtime) }
    }

    pub(crate) fn root(&self) -> Client {
        Client::new(self.address).token(ROOT_TOKEN)
    }

    /// Makes the project `acme/network`.
    pub(crate) fn acme(self) -> Self {
        let group = serde_json::json!({ "name": "acme", "path": "acme" });
        let group = self.root().post("/api/v4/groups", &group).must(201).json();
        let project = serde_json::json!({ "name": "network", "namespace_id": group["id"] });
        self.root().post("/api/v4/projects", &project).must(201);
        self
    }

    /// Connections open now.
    pub(crate) fn connections(&self) -> u64 {
        let metrics = self.app.metrics.encode();
        let line = metrics.lines().find_map(|line| line.strip_prefix("cairn_http_connections "));
        line.unwrap().parse().unwrap()
    }

    /// What `/-/metrics` says of something.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let metrics = self.root().get("/-/metrics").must(200);
        let text = metrics.text();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("{name} is not in\n{text}")).parse().unwrap()
    }

    /// A connection from another address of this machine.
    pub(crate) fn open_from(&self, source: impl Into<IpAddr>) -> Wire {
        let source = SocketAddr::new(source.into(), 0);
        let connected = self.runtime.as_ref().unwrap().block_on(async {
            let socket = tokio::net::TcpSocket::new_v4()?;
            socket.bind(source)?;
            socket.connect(self.address).await?.into_std()
        });
        let stream = connected.unwrap();
        stream.set_nonblocking(false).unwrap();
        Wire::on(stream)
    }

    pub(crate) fn staged(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("tmp")).unwrap().count()
    }
}

impl Drop for Quick {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn run(data: &Path, limits: HttpLimits) -> (SocketAddr, Arc<App>) {
    let options = Options { uploads: limits.uploads, ..Options::default() };
    let registry = Registry::open(data, options, Clock::system()).await.unwrap();
    registry.bootstrap_root(None, Some(ROOT_TOKEN.to_owned().into()), |_| Ok(())).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let metrics = Arc::new(Metrics::new(&Counter::default()));
    let app = Arc::new(App::new(registry, metrics, limits, Edge::default(), Start::default()));
    tokio::spawn(serve(Arc::clone(&app), vec![Listener::Tcp(listener, None)], std::future::pending()));
    (address, app)
}
