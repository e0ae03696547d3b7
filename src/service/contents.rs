//! What is inside a package: its README as HTML, the files of its archive. Made when it is asked for, and kept for a
//! while: none of it ever changes.

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Registry;
use super::access::Caller;
use super::cache::Cache;
use super::error::{InternalError, ServiceError};
use super::lines::{Bounds, Label, Lines};
use super::workshop::Workshop;
use crate::archive::ArchiveError;
use crate::archive::browse;
use crate::archive::readme::{self, Links, Target};
use crate::domain::limits::{BrowseLimits, ReadmeLimits};
use crate::domain::safe_html::SafeHtml;
use crate::domain::{PackageId, Sha256};
use crate::store::packages;

pub use crate::archive::browse::{Content, Entry as ArchiveEntry, EntryKind, FileView, ImageType, Listing};

/// Bytes of READMEs that are kept.
const README_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of lists of entries that are kept.
const LISTING_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of files that are kept.
const FILE_BYTES: usize = 16 * 1024 * 1024;
/// Archives that are being read at once, each of which takes a core: one of a caller.
const READING: usize = 2;
/// Requests of one caller that wait for their turn to read one ...
const WAITING: usize = 15;
/// ... and requests of everybody that wait or read.
const EVERYONE: usize = 64;
/// The places of [`Registry::look_into`].
const LOOKING: Label = Label {
    name: "archive_reads",
    what: "views of files",
    busy: "many archives are being read: try again in a moment",
};

/// What stays as it is in a segment of a path (RFC 3986, `unreserved`).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where the files of one version are shown: paths on this server, without a slash at their ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileUrls {
    /// Of pages: `/acme/network/-/infrastructure_registry/12/files`, to which a file's path is added.
    pub pages: String,
    /// Of the bytes of pictures.
    pub images: String,
}

impl FileUrls {
    /// The URL of a file or directory, by its path in the archive.
    pub fn page(&self, path: &str) -> String {
        under(&self.pages, path)
    }

    /// The URL of a picture, by its path in the archive; nothing for a file that is not shown as one.
    pub fn image(&self, path: &str) -> Option<String> {
        ImageType::of_path(path).map(|_| under(&self.images, path))
    }
}

fn under(base: &str, path: &str) -> String {
    let mut url = base.to_owned();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        url.push('/');
        url.extend(utf8_percent_encode(segment, SEGMENT));
    }
    url
}

/// What was read of archives, and who is reading.
pub(super) struct Contents {
    readmes: Cache<(PackageId, String, FileUrls), Option<SafeHtml>>,
    listings: Cache<Sha256, Listing>,
    files: Cache<(Sha256, String), FileView>,
    reading: Workshop,
}

impl Default for Contents {
    fn default() -> Self {
        Self {
            readmes: Cache::new(README_BYTES),
            listings: Cache::new(LISTING_BYTES),
            files: Cache::new(FILE_BYTES),
            reading: Workshop::new(
                LOOKING,
                Bounds { waiting: WAITING, everyone: EVERYONE, ..Bounds::halved(READING) },
            ),
        }
    }
}

impl Contents {
    pub(super) const fn lines(&self) -> &Lines {
        self.reading.lines()
    }
}

impl Registry {
    /// The README of a module part as HTML: `part` is the part's path, empty for the root module. Nothing when there is
    /// no such part, or it has none. That the caller may see the package has been checked, by getting its number.
    pub async fn readme_html(
        &self,
        package: PackageId,
        part: &str,
        urls: &FileUrls,
    ) -> Result<Option<SafeHtml>, ServiceError> {
        let key = (package, part.to_owned(), urls.clone());
        if let Some(known) = self.shared.contents.readmes.get(&key) {
            return Ok((*known).clone());
        }
        let (part, urls) = (part.to_owned(), urls.clone());
        let html = self
            .read_long(move |snapshot| {
                let manifest = packages::manifest(snapshot, package)?.unwrap_or_default();
                let mut parts =
                    [manifest.root].into_iter().chain(manifest.submodules).chain(manifest.examples);
                let text = parts.find(|found| found.path == part).and_then(|found| found.readme);
                let resolve = |path: &str, target| match target {
                    Target::Page => Some(urls.page(path)),
                    Target::Image => urls.image(path),
                };
                let links = Links { directory: &part, resolve: &resolve };
                Ok(text.map(|text| readme::render(&text, &links, &ReadmeLimits::default())))
            })
            .await?;
        let bytes = html.as_ref().map_or(0, |html| html.as_str().len());
        self.shared.contents.readmes.put(key, Arc::new(html.clone()), bytes);
        Ok(html)
    }

    /// The entries of a package's archive. Not counted as a download.
    pub async fn archive_files(
        &self,
        caller: &Caller,
        project: &str,
        package: u64,
    ) -> Result<Arc<Listing>, ServiceError> {
        let digest = self.archive_of(caller, project, package)?;
        if let Some(known) = self.shared.contents.listings.get(&digest) {
            return Ok(known);
        }
        let limits = self.options().archive;
        let listing =
            self.look_into(digest, move |blob| browse::list(blob, &limits, &BrowseLimits::default())).await?;
        let listing = Arc::new(listing);
        self.shared.contents.listings.put(digest, Arc::clone(&listing), listing.cost());
        Ok(listing)
    }

    /// One file of a package's archive, by its path there. Not counted as a download.
    pub async fn archive_file(
        &self,
        caller: &Caller,
        project: &str,
        package: u64,
        path: &str,
    ) -> Result<Arc<FileView>, ServiceError> {
        let digest = self.archive_of(caller, project, package)?;
        let key = (digest, path.to_owned());
        if let Some(known) = self.shared.contents.files.get(&key) {
            return Ok(known);
        }
        let (limits, path) = (self.options().archive, path.to_owned());
        let found = self
            .look_into(digest, move |blob| browse::read(blob, &path, &limits, &BrowseLimits::default()))
            .await?;
        let file = Arc::new(found.ok_or(ServiceError::NotFound("404 File"))?);
        self.shared.contents.files.put(key, Arc::clone(&file), file.cost());
        Ok(file)
    }

    /// Which archive a package has, for a caller who may download it.
    fn archive_of(&self, caller: &Caller, project: &str, package: u64) -> Result<Sha256, ServiceError> {
        let file = self.package_files(caller, project, package)?.pop();
        Ok(file.ok_or(ServiceError::NotFound("404 Package file"))?.sha256)
    }

    /// Reads an archive, when it is this request's turn.
    async fn look_into<T: Send + 'static>(
        &self,
        digest: Sha256,
        look: impl FnOnce(std::fs::File) -> Result<T, ArchiveError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let blobs = self.blobs().clone();
        let looked = self.shared.contents.reading.run(self.who(), move || {
            let blob = blobs
                .open_blob(&digest)
                .map_err(|error| ServiceError::io("opening an archive to look into it", error))?;
            look(blob).map_err(failure)
        });
        looked.await?
    }
}

fn failure(error: ArchiveError) -> ServiceError {
    match error {
        ArchiveError::Read(error) => ServiceError::io("reading an archive", error),
        // Some of these limits are the operator's, who may have made them tighter since.
        ArchiveError::UnpackedTooLarge { .. }
        | ArchiveError::Ratio { .. }
        | ArchiveError::EntryTooLarge { .. }
        | ArchiveError::TooManyEntries { .. } => ServiceError::Unprocessable(
            "the archive is larger than what is looked into here: download it instead".to_owned(),
        ),
        _ => ServiceError::Internal(InternalError::Other(
            "a stored archive does not read as it did when it was published: run `cairn verify`",
        )),
    }
}

#[cfg(test)]
mod tests;
