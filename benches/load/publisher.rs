//! Clients that publish as fast as they can, and the same clients without a registry between them and the disk.

use std::fs::File;
use std::io::{BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use cairn::blobs::Hasher;

use crate::archives::restamp;
use crate::rounds::{Work, percentile};
use crate::wire::Connection;
use crate::world::token;

/// Bytes hashed and written at a time.
const PIECE: usize = 64 * 1024;
/// Versions of each module that is published.
const VERSIONS: u32 = 50;

/// Counts what was published, so that no version and no archive comes twice.
static NEXT: AtomicU32 = AtomicU32::new(1);

/// When clients stop.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// After that time.
    Passed(Duration),
    /// After so many each.
    Count(usize),
}

/// Publishes to a server with so many clients at once. A unit is a package.
pub(crate) fn publish(server: SocketAddr, archive: &[u8], clients: usize, until: Until) -> Result<Work> {
    at_once(clients, until, archive, || {
        let mut connection = Connection::open(server)?;
        Ok(move |archive: &[u8], number: u32| {
            let (module, version) = (number / VERSIONS, number % VERSIONS);
            let path = format!(
                "/api/v4/projects/load%2Fmodules/packages/terraform/modules/published-{module}/local/1.0.{version}/file"
            );
            connection.put(&path, &token(), archive)?.expect(201)?;
            Ok(())
        })
    })
}

/// What no registry can do without: hashes, unpacks, writes and makes durable.
pub(crate) fn publish_plainly(dir: &Path, archive: &[u8], clients: usize, until: Until) -> Result<Work> {
    make_folders(dir)?;
    at_once(clients, until, archive, || Ok(|archive: &[u8], number: u32| keep(dir, archive, number)))
}

/// The folders that [`keep`] sorts archives into.
pub(crate) fn make_folders(dir: &Path) -> Result<()> {
    for first in 0..=u8::MAX {
        std::fs::create_dir_all(dir.join(format!("{first:02x}")))?;
    }
    Ok(())
}

/// Hashes, unpacks and writes an archive; durable when it returns.
pub(crate) fn keep(dir: &Path, archive: &[u8], number: u32) -> Result<()> {
    let staged = dir.join(format!("upload-{number}"));
    let mut file = File::options().create_new(true).write(true).open(&staged)?;
    let mut hash = Hasher::default();
    for piece in archive.chunks(PIECE) {
        hash.update(piece);
        file.write_all(piece)?;
    }
    let mut unpacked =
        tar::Archive::new(BufReader::with_capacity(PIECE, flate2::read::GzDecoder::new(archive)));
    for entry in unpacked.entries()? {
        std::io::copy(&mut entry?, &mut std::io::sink())?;
    }
    // The checksum of gzip stands behind the last entry.
    std::io::copy(&mut unpacked.into_inner(), &mut std::io::sink())?;
    file.sync_data()?;
    let name = hash.finish().to_hex();
    let (folder, rest) = name.split_at(2);
    std::fs::rename(staged, dir.join(folder).join(rest))?;
    Ok(File::open(dir.join(folder))?.sync_all()?)
}

/// Runs clients at once, each with an archive of its own. `client` makes one on its thread.
fn at_once<C>(
    clients: usize,
    until: Until,
    archive: &[u8],
    client: impl Fn() -> Result<C> + Sync,
) -> Result<Work>
where
    C: FnMut(&[u8], u32) -> Result<()>,
{
    let start = Instant::now();
    let one = || -> Result<Vec<f64>> {
        let (mut archive, mut publish) = (archive.to_vec(), client()?);
        let mut millis = Vec::new();
        while match until {
            Until::Passed(time) => start.elapsed() < time,
            Until::Count(count) => millis.len() < count,
        } {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            restamp(&mut archive, number);
            let began = Instant::now();
            publish(&archive, number)?;
            millis.push(began.elapsed().as_secs_f64() * 1e3);
        }
        Ok(millis)
    };
    let millis = std::thread::scope(|scope| {
        let running: Vec<_> = (0..clients).map(|_| scope.spawn(one)).collect();
        let mut all = Vec::new();
        for client in running {
            all.extend(client.join().map_err(|_panic| anyhow::anyhow!("a client panicked"))??);
        }
        anyhow::Ok(all)
    })?;
    Ok(Work {
        units: millis.len() as f64,
        seconds: start.elapsed().as_secs_f64(),
        p50: percentile(&millis, 0.50),
        p99: percentile(&millis, 0.99),
    })
}
