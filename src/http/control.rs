//! The control socket: how the command line reaches a running server, with an administrator's rights.
//!
//! It speaks the same HTTP as the network side and answers a few requests more. Only who may open the socket file, in
//! a directory of mode 0700, gets this far.

use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tokio::net::{UnixListener, UnixStream};

use super::endpoint::Control;
use super::request::{Context, RequestBody, small_body};
use super::response::{Reply, json};
use crate::service::ServiceError;
use crate::service::upkeep::DEFAULT_GRACE;

/// File of the socket inside the data directory.
pub const SOCKET_FILE: &str = "control.sock";

/// A path to the socket that is short however long the data directory's is: the system allows about 100 bytes.
///
/// It goes through an open descriptor of the directory, which must be kept for as long as the path is used.
struct ShortPath {
    _directory: fs::File,
    path: PathBuf,
}

impl ShortPath {
    fn new(data_dir: &Path) -> io::Result<Self> {
        let directory = fs::File::open(data_dir)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}/{SOCKET_FILE}", directory.as_raw_fd()));
        Ok(Self { _directory: directory, path })
    }
}

/// Opens the socket of a data directory that this process holds.
pub fn listen(data_dir: &Path) -> io::Result<UnixListener> {
    let short = ShortPath::new(data_dir)?;
    match fs::remove_file(&short.path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&short.path)?;
    fs::set_permissions(&short.path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Connects to the server that holds a data directory, if one runs.
pub async fn connect(data_dir: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(&ShortPath::new(data_dir)?.path).await
}

/// What `gc` is asked to do.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CollectRequest {
    grace_seconds: Option<u64>,
    dry_run: bool,
}

/// Answers a request that only the control socket carries.
pub(super) async fn handle(
    context: &Context<'_>,
    control: Control,
    body: &mut RequestBody,
) -> Result<Reply, ServiceError> {
    let registry = context.registry();
    match control {
        Control::Status => {
            let settings = registry.settings()?;
            Ok(json(
                StatusCode::OK,
                &json!({
                    "version": env!("CARGO_PKG_VERSION"),
                    "pid": std::process::id(),
                    "url": context.app.public_url(),
                    "registry_enabled": settings.registry_enabled,
                    "registry_disabled_by_flag": registry.options().disable_registry,
                }),
            ))
        }
        Control::Collect => {
            let limits = &context.app.limits;
            let bytes = small_body(body, limits.body_bytes, limits.body_chunk).await?;
            let request: CollectRequest = if bytes.is_empty() {
                CollectRequest::default()
            } else {
                serde_json::from_slice(&bytes).map_err(|error| ServiceError::Invalid(error.to_string()))?
            };
            let grace = request.grace_seconds.map_or(DEFAULT_GRACE, Duration::from_secs);
            Ok(json(StatusCode::OK, &registry.collect_garbage(grace, request.dry_run).await?))
        }
        Control::Verify => Ok(json(StatusCode::OK, &registry.verify().await?)),
        Control::Backup => Ok(json(StatusCode::OK, &registry.copy_metadata().await?)),
    }
}
