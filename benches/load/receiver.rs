//! The least that a registry does to publish: bare hyper takes archives, hashes, unpacks and syncs them, and notes each in
//! redb if it is asked to.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;

use anyhow::{Context, Result};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, StatusCode, body::Incoming};
use redb::{Database, TableDefinition};
use tokio::sync::oneshot;

use crate::control::serve;
use crate::publisher::{keep, make_folders};

const ROWS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("rows");
/// Bytes of a row: about what is known of a small module.
const ROW: [u8; 1024] = [7; 1024];
/// Rows that share a commit at most.
const GROUP: usize = 256;

/// Who waits for a row.
type Noted = oneshot::Sender<()>;

/// Serves until it is killed.
pub(crate) fn run(listen: SocketAddr, dir: &Path, rows: bool) -> Result<()> {
    make_folders(dir)?;
    let notes = rows.then(|| begin_notes(dir)).transpose()?;
    let (dir, next) = (Arc::<Path>::from(dir), Arc::new(AtomicU32::new(0)));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(listen, move |request| {
        let (dir, notes) = (Arc::clone(&dir), notes.clone());
        let number = next.fetch_add(1, Ordering::Relaxed);
        async move {
            let outcome = receive(request, dir, number, notes).await;
            let mut response = Response::new(Full::default());
            *response.status_mut() =
                outcome.map_or(StatusCode::INTERNAL_SERVER_ERROR, |()| StatusCode::CREATED);
            response
        }
    }))
}

async fn receive(
    request: Request<Incoming>,
    dir: Arc<Path>,
    number: u32,
    notes: Option<mpsc::Sender<Noted>>,
) -> Result<()> {
    let archive = request.into_body().collect().await?.to_bytes();
    tokio::task::spawn_blocking(move || keep(&dir, &archive, number)).await??;
    if let Some(notes) = notes {
        let (noted, done) = oneshot::channel();
        notes.send(noted).context("no notes are taken any more")?;
        done.await?;
    }
    Ok(())
}

/// One thread that commits rows, as many at a time as have come.
fn begin_notes(dir: &Path) -> Result<mpsc::Sender<Noted>> {
    let database = Database::create(dir.join("rows.redb"))?;
    let (notes, incoming) = mpsc::channel::<Noted>();
    std::thread::spawn(move || {
        let mut last = 0;
        while let Ok(first) = incoming.recv() {
            let mut group = vec![first];
            group.extend(incoming.try_iter().take(GROUP - 1));
            match commit(&database, last, group.len() as u64) {
                Ok(next) => last = next,
                // Whoever waits for a row hears that there is none.
                Err(_failed) => return,
            }
            for noted in group {
                // A client may have left.
                let _ = noted.send(());
            }
        }
    });
    Ok(notes)
}

/// Durable when it returns, as quickly usable after a crash as the registry's own file. Returns the last row's number.
fn commit(database: &Database, last: u64, count: u64) -> Result<u64> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    {
        let mut rows = transaction.open_table(ROWS)?;
        for number in last + 1..=last + count {
            rows.insert(number, ROW.as_slice())?;
        }
    }
    transaction.commit()?;
    Ok(last + count)
}
