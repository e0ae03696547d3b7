//! Names to addresses without the C library: a static binary must not load the host's name service modules.
//!
//! `localhost` is answered here, then the hosts file, then the name servers of `/etc/resolv.conf`. Without that file
//! the first two still work. IP literals never come here: the connector takes them as they are.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::ResolverConfig;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use super::Guard;

/// The resolver of the connector. With a guard it gives only addresses that requests may go to: the connector connects to
/// what it is given here, and asks nobody again.
#[derive(Clone)]
pub(super) struct Resolver {
    names: Arc<TokioResolver>,
    guard: Option<Guard>,
}

impl Resolver {
    /// Reads the system's configuration.
    pub(super) fn from_system(guard: Option<Guard>) -> io::Result<Self> {
        let builder = TokioResolver::builder_tokio().unwrap_or_else(|error| {
            tracing::debug!(%error, "no name servers: only localhost and the hosts file are resolved");
            nowhere()
        });
        let names = Arc::new(builder.build().map_err(io::Error::other)?);
        Ok(Self { names, guard })
    }

    /// As on a machine without `/etc/resolv.conf`.
    #[cfg(test)]
    fn without_name_servers() -> Self {
        Self { names: Arc::new(nowhere().build().unwrap()), guard: None }
    }

    async fn lookup(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        let found = self.lookup_any(name).await?;
        let Some(guard) = &self.guard else { return Ok(found) };
        let mut refused = None;
        let mut allowed = Vec::new();
        for address in found {
            match guard.check(address.ip()) {
                Ok(()) => allowed.push(address),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        match refused {
            Some(refused) if allowed.is_empty() => Err(io::Error::other(refused)),
            _ => Ok(allowed),
        }
    }

    async fn lookup_any(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        if is_localhost(name) {
            return Ok(vec![(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()]);
        }
        let found = self.names.lookup_ip(name).await.map_err(|error| {
            io::Error::other(format!(
                "cannot resolve {name}: {error}; check the name, /etc/hosts and /etc/resolv.conf"
            ))
        })?;
        Ok(found.iter().map(|address| (address, 0).into()).collect())
    }
}

fn nowhere() -> hickory_resolver::ResolverBuilder<TokioRuntimeProvider> {
    let config = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
}

/// RFC 6761: `localhost` and every name below it is this machine, whatever a name server says.
fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolver = self.clone();
        Box::pin(async move { resolver.lookup(name.as_str()).await.map(Vec::into_iter) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn localhost_needs_no_name_server_and_other_names_fail_with_advice() {
        let resolver = Resolver::without_name_servers();
        for name in ["localhost", "LOCALHOST.", "registry.localhost"] {
            let found = resolver.lookup(name).await.unwrap();
            assert!(found.iter().all(|address| address.ip().is_loopback()), "{name}: {found:?}");
        }
        let error = resolver.lookup("registry.invalid").await.unwrap_err().to_string();
        assert!(error.contains("cannot resolve registry.invalid") && error.contains("/etc/hosts"), "{error}");
        let guarded = Resolver { guard: Some(Guard::default()), ..resolver };
        let error = guarded.lookup("localhost").await.unwrap_err().to_string();
        assert!(error.contains("127.0.0.1 is loopback"), "{error}");
        assert!(!is_localhost("notlocalhost") && !is_localhost("localhost.example"));
    }
}
