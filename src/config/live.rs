//! Reloading: which settings change while the server runs, and which wait for a restart.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::{Config, ConfigError, Environment, ServeArgs, Setting};

/// The configuration of a running server, replaced as a whole.
///
/// Live: `log-level`, `external-url`, `trusted-proxy`, `metrics-allow`, `webhook-allow`, `disable-registry`, `ci`, the
/// retries of webhooks and the limits of archives and uploads in bytes. All other settings are bound to sockets, files or permits made at the start: a change to them is
/// reported and waits for a restart.
#[derive(Debug)]
pub struct LiveConfig {
    current: ArcSwap<Config>,
}

/// What a reload did.
#[derive(Debug)]
pub struct Adoption {
    /// The configuration from now on.
    pub config: Arc<Config>,
    /// Settings that took effect.
    pub changed: Vec<&'static str>,
    /// Settings that were changed but keep their old value until a restart.
    pub needs_restart: Vec<&'static str>,
}

impl LiveConfig {
    /// Starts with the configuration the server was started with.
    pub fn new(config: Config) -> Self {
        Self { current: ArcSwap::from_pointee(config) }
    }

    /// The configuration now. Take it once for a request, so that the request sees one configuration throughout.
    pub fn current(&self) -> Arc<Config> {
        self.current.load_full()
    }

    /// Resolves everything anew. When the result is not valid the old configuration stays, and the
    /// error, which the caller logs, says why. What took effect and what waits for a restart is logged here.
    pub fn reload(&self, args: &ServeArgs, environment: &Environment) -> Result<Adoption, ConfigError> {
        let old = self.current();
        let mut fresh = Config::load(args, environment)?;
        let needs_restart = keep_fixed(&old, &mut fresh);
        let before = old.rows().into_iter();
        let changed = before
            .zip(fresh.rows())
            .filter(|(before, after)| before.value != after.value)
            .map(|(_, after)| after.name);
        let adoption = Adoption { changed: changed.collect(), needs_restart, config: Arc::new(fresh) };
        self.current.store(Arc::clone(&adoption.config));
        adoption.report();
        Ok(adoption)
    }
}

impl Adoption {
    fn report(&self) {
        tracing::info!(changed = self.changed.join(", "), "the configuration was read again");
        if !self.needs_restart.is_empty() {
            let settings = self.needs_restart.join(", ");
            tracing::warn!(settings, "these settings keep their old values until the server is restarted");
        }
    }
}

/// Puts the old values back where a new one cannot take effect, and names those settings.
fn keep_fixed(old: &Config, fresh: &mut Config) -> Vec<&'static str> {
    let mut kept = Vec::new();
    keep("config", &old.file, &mut fresh.file, &mut kept);
    keep("data-dir", &old.data_dir, &mut fresh.data_dir, &mut kept);
    keep("listen", &old.listen, &mut fresh.listen, &mut kept);
    keep("listen-http", &old.listen_http, &mut fresh.listen_http, &mut kept);
    keep("tls-cert", &old.tls_cert, &mut fresh.tls_cert, &mut kept);
    keep("tls-key", &old.tls_key, &mut fresh.tls_key, &mut kept);
    keep("tls-self-signed", &old.tls_self_signed, &mut fresh.tls_self_signed, &mut kept);
    keep("log-format", &old.log_format, &mut fresh.log_format, &mut kept);
    keep("limits.uploads", &old.limits.uploads, &mut fresh.limits.uploads, &mut kept);
    keep("limits.connections", &old.limits.connections, &mut fresh.limits.connections, &mut kept);
    kept
}

fn keep<T: PartialEq + Clone>(
    name: &'static str,
    old: &Setting<T>,
    fresh: &mut Setting<T>,
    kept: &mut Vec<&'static str>,
) {
    if old.value != fresh.value {
        *fresh = old.clone();
        kept.push(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &std::path::Path, text: &str) {
        use std::io::Write as _;
        let mut file =
            std::fs::OpenOptions::new().create(true).truncate(true).write(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn a_reload_takes_what_can_change_keeps_the_rest_and_survives_a_bad_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cairn.toml");
        write(&path, "log-level = \"info\"\nlisten = \"127.0.0.1:1\"");
        let args = ServeArgs { config: Some(path.display().to_string()), ..ServeArgs::default() };
        let live = LiveConfig::new(Config::load(&args, &|_| None).unwrap());

        write(
            &path,
            "log-level = \"debug\"\nlisten = \"127.0.0.1:2\"\n[limits]\nentries = 9\n[[ci.gitlab]]\nurl = \"https://a\"",
        );
        let adoption = live.reload(&args, &|_| None).unwrap();
        assert_eq!(adoption.changed, ["log-level", "limits.entries", "ci.gitlab"]);
        assert_eq!(adoption.needs_restart, ["listen"]);
        assert_eq!(live.current().listen.value, ["127.0.0.1:1".parse().unwrap()]);
        assert_eq!(live.current().archive_limits().entries, 9);

        write(&path, "log-level = \"loud\"");
        live.reload(&args, &|_| None).unwrap_err();
        assert_eq!(live.current().archive_limits().entries, 9, "a bad file keeps the old configuration");
    }
}
