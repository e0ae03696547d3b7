//! Every bound on input from outside, in one place.

use std::time::Duration;

use jiff::SignedDuration;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

/// What an uploaded archive may be. A limit is inclusive: exactly the limit is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Bytes of the upload itself (GitLab: `terraform_module_max_file_size`).
    pub compressed_bytes: u64,
    /// Bytes of the tar inside the gzip member, headers and padding included.
    pub unpacked_bytes: u64,
    /// Bytes of one entry.
    pub entry_bytes: u64,
    /// Entries of any kind.
    pub entries: u64,
    /// How many times its compressed size an archive may unpack to ...
    pub ratio: u64,
    /// ... once it has unpacked to more than this many bytes.
    pub ratio_free_bytes: u64,
    /// Bytes of one entry's path, after PAX and GNU long names.
    pub path_bytes: usize,
    /// Bytes of all extension headers (PAX, GNU long name) in front of one entry.
    pub extension_bytes: u64,
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        Self {
            compressed_bytes: GIB,
            unpacked_bytes: GIB,
            entry_bytes: 256 * MIB,
            entries: 50_000,
            ratio: 200,
            ratio_free_bytes: 64 * MIB,
            path_bytes: 1024,
            extension_bytes: 64 * KIB,
        }
    }
}

/// What is read out of an archive's text files. What lies beyond is left out with a warning, never refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManifestLimits {
    /// Bytes of one configuration file that is parsed.
    pub file_bytes: u64,
    /// Bytes of all configuration files that are parsed.
    pub total_bytes: u64,
    /// Configuration files that are parsed.
    pub files: usize,
    /// Bytes of a README that are kept.
    pub readme_bytes: u64,
    /// Nesting of brackets, templates and blocks in a configuration file.
    pub depth: usize,
    /// Bytes of the finished manifest, as JSON.
    pub manifest_bytes: usize,
    /// Warnings kept on one package.
    pub warnings: usize,
}

impl Default for ManifestLimits {
    fn default() -> Self {
        Self {
            file_bytes: MIB,
            total_bytes: 16 * MIB,
            files: 2_000,
            readme_bytes: 512 * KIB,
            depth: 48,
            manifest_bytes: 3 * 1024 * 1024,
            warnings: 100,
        }
    }
}

/// What making HTML of a README may cost. A README beyond it is shown as plain text, cut at `bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadmeLimits {
    /// Bytes of Markdown.
    pub bytes: usize,
    /// Steps of the Markdown parser: lines, inlines and nodes.
    pub steps: usize,
    /// Nodes of the parsed document.
    pub nodes: usize,
    /// Elements inside one another, in Markdown and in the HTML within. The sanitiser is quadratic in it.
    pub depth: usize,
    /// Bytes of HTML.
    pub html_bytes: usize,
}

impl Default for ReadmeLimits {
    fn default() -> Self {
        Self { bytes: 512 * 1024, steps: 4_000_000, nodes: 100_000, depth: 64, html_bytes: 2 * 1024 * 1024 }
    }
}

/// What looking into a stored archive may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrowseLimits {
    /// Bytes that are unpacked to find something: a file behind them cannot be shown.
    pub unpacked_bytes: u64,
    /// Bytes of a text that is shown.
    pub text_bytes: u64,
    /// Bytes of a picture that is shown.
    pub image_bytes: u64,
    /// Bytes of all the names in one list of entries.
    pub names_bytes: usize,
}

impl Default for BrowseLimits {
    fn default() -> Self {
        Self {
            unpacked_bytes: 256 * MIB,
            text_bytes: 512 * KIB,
            image_bytes: 4 * MIB,
            names_bytes: 2 * 1024 * 1024,
        }
    }
}

/// What one connection and one request may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpLimits {
    /// Connections open at once.
    pub connections: usize,
    /// Connections of one address, of these.
    pub connections_per_address: usize,
    /// From the first byte awaited to the end of the request head; also how long an idle connection is kept.
    pub head: Duration,
    /// The TLS handshake.
    pub handshake: Duration,
    /// The wait for the next piece of a request body.
    pub body_chunk: Duration,
    /// The wait for a client to take the next piece of an answer.
    pub write: Duration,
    /// Bytes of a request head.
    pub head_bytes: usize,
    /// Header fields of a request: fewer than the hundred beyond which hyper refuses by itself, without a request id.
    pub headers: usize,
    /// Bytes of the request target.
    pub target_bytes: usize,
    /// Bytes of a JSON or form body.
    pub body_bytes: usize,
    /// Uploads being received at once.
    pub uploads: usize,
    /// Bytes of a refused upload that are still read, so that the client can read the answer.
    pub drain_bytes: u64,
    /// How long such a refused upload is read.
    pub drain: Duration,
    /// How long running requests may go on after the order to stop.
    pub shutdown: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_address: 5_000,
            head: Duration::from_secs(30),
            handshake: Duration::from_secs(10),
            body_chunk: Duration::from_secs(30),
            write: Duration::from_mins(1),
            head_bytes: 32 * 1024,
            headers: 96,
            target_bytes: 8 * 1024,
            body_bytes: 256 * 1024,
            uploads: 32,
            drain_bytes: 64 * MIB,
            drain: Duration::from_secs(10),
            shutdown: Duration::from_secs(10),
        }
    }
}

/// Bytes one stored record may decode to.
pub const MAX_RECORD_BYTES: usize = 4 * 1024 * 1024;
/// Bytes read from an archive file at a time when it is sent over TLS: what rustls keeps encrypted, and so what a slow
/// reader costs twice. Larger pieces measure 2 % faster.
pub const FILE_CHUNK_BYTES: usize = 64 * 1024;
/// Rows of a list when the caller does not say (GitLab).
pub const DEFAULT_PER_PAGE: usize = 20;
/// Rows of a list at most (GitLab).
pub const MAX_PER_PAGE: usize = 100;
/// Characters of a description or a display name.
pub const MAX_TEXT_LENGTH: usize = 2_000;
/// Characters of a token's name.
pub const MAX_TOKEN_NAME_LENGTH: usize = 255;
/// A browser's session ends when it was not used for this long, as in GitLab ...
pub const SESSION_IDLE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// ... and this long after the sign-in in any case.
pub const SESSION_LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Sessions of one user at most; with one more the least recently used is ended.
pub const SESSIONS_OF_A_USER: usize = 50;

const _: () = {
    let manifest = 3 * 1024 * 1024;
    assert!(manifest < MAX_RECORD_BYTES, "a manifest must fit in a record");
    assert!(DEFAULT_PER_PAGE <= MAX_PER_PAGE);
};
