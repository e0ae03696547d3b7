//! Exactly one gzip member (RFC 1952), read strictly: header, checksum, length, and nothing behind it.

use std::io::{self, BufRead, BufReader, Read};

use crc32fast::Hasher as Crc;
use flate2::bufread::DeflateDecoder;

use super::error::{ArchiveError, GzipProblem};
use super::kind::{SNIFF_BYTES, expect_gzip};

/// Bytes of the whole header. `gzip` writes a file name into it, nothing writes more.
const MAX_HEADER_BYTES: u64 = 8 * 1024;
const BUFFER_BYTES: usize = 64 * 1024;

const FLAG_HEADER_CRC: u8 = 2;
const FLAG_EXTRA: u8 = 4;
const FLAG_NAME: u8 = 8;
const FLAG_COMMENT: u8 = 16;
const FLAGS_RESERVED: u8 = 0xe0;

/// The caller's reader. Its own errors are set aside, so that they come out untouched and are never mistaken for a
/// corrupt archive.
struct Source<R> {
    /// The bytes that were looked at to tell what the upload is; read again before the rest.
    head: io::Cursor<Vec<u8>>,
    inner: R,
    failure: Option<io::Error>,
}

impl<R: Read> Source<R> {
    fn new(mut inner: R) -> Result<Self, ArchiveError> {
        let mut head = Vec::with_capacity(SNIFF_BYTES);
        inner.by_ref().take(SNIFF_BYTES as u64).read_to_end(&mut head).map_err(ArchiveError::Read)?;
        Ok(Self { head: io::Cursor::new(head), inner, failure: None })
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let replayed = self.head.read(buffer)?;
        if replayed > 0 {
            return Ok(replayed);
        }
        loop {
            match self.inner.read(buffer) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failure = Some(error);
                    return Err(io::Error::other("the reader failed"));
                }
            }
        }
    }
}

/// The contents of the one member of a gzip file.
pub(crate) struct Member<R: Read> {
    decoder: DeflateDecoder<BufReader<Source<R>>>,
    crc: Crc,
}

impl<R: Read> Member<R> {
    /// Tells what the upload is, and reads the member's header.
    pub(crate) fn open(reader: R) -> Result<Self, ArchiveError> {
        let source = Source::new(reader)?;
        expect_gzip(source.head.get_ref())?;
        let mut source = BufReader::with_capacity(BUFFER_BYTES, source);
        let parsed = Header { bytes: 0, crc: Crc::new(), source: &mut source }.parse();
        parsed.map_err(|error| verdict(error, source.get_mut()))?;
        Ok(Self { decoder: DeflateDecoder::new(source), crc: Crc::new() })
    }

    /// Unpacks the next bytes into `buffer`; 0 at the end of the contents.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ArchiveError> {
        loop {
            match self.decoder.read(buffer) {
                Ok(count) => {
                    self.crc.update(buffer.get(..count).unwrap_or_default());
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(verdict(error.into(), self.decoder.get_mut().get_mut())),
            }
        }
    }

    /// Compressed bytes used so far, without the header.
    pub(crate) fn compressed_bytes(&self) -> u64 {
        self.decoder.total_in()
    }

    /// Checks what follows the contents, after [`Member::read`] said 0: checksum, length, and the end of the upload.
    pub(crate) fn finish(self) -> Result<(), ArchiveError> {
        let unpacked = self.decoder.total_out();
        let mut source = self.decoder.into_inner();
        let checked = trailer(&mut source, &self.crc, unpacked);
        checked.map_err(|error| verdict(error, source.get_mut()))
    }
}

fn trailer(source: &mut impl BufRead, crc: &Crc, unpacked: u64) -> Result<(), Problem> {
    let mut trailer = [0; 8];
    source.read_exact(&mut trailer)?;
    let [c0, c1, c2, c3, l0, l1, l2, l3] = trailer;
    if u32::from_le_bytes([c0, c1, c2, c3]) != crc.clone().finalize() {
        return Err(GzipProblem::Checksum.into());
    }
    // ISIZE is the length modulo 2^32.
    if u64::from(u32::from_le_bytes([l0, l1, l2, l3])) != unpacked & u64::from(u32::MAX) {
        return Err(GzipProblem::Length.into());
    }
    match source.fill_buf()? {
        [] => Ok(()),
        [0x1f, ..] => Err(GzipProblem::SecondMember.into()),
        _ => Err(GzipProblem::TrailingBytes.into()),
    }
}

/// A refusal, or an error that came up through the reader.
enum Problem {
    Refused(GzipProblem),
    Io(io::Error),
}

impl From<GzipProblem> for Problem {
    fn from(problem: GzipProblem) -> Self {
        Self::Refused(problem)
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The reader's own failure if there is one, else what the bytes themselves did wrong.
fn verdict<R>(problem: Problem, source: &mut Source<R>) -> ArchiveError {
    match (source.failure.take(), problem) {
        (Some(failure), _) => ArchiveError::Read(failure),
        (None, Problem::Refused(problem)) => ArchiveError::Gzip(problem),
        (None, Problem::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            ArchiveError::Gzip(GzipProblem::Truncated)
        }
        (None, Problem::Io(_)) => ArchiveError::Gzip(GzipProblem::Corrupt),
    }
}

/// The header while it is read: every byte is counted, and hashed for the header's own checksum.
struct Header<'a, S> {
    bytes: u64,
    crc: Crc,
    source: &'a mut S,
}

impl<S: BufRead> Header<'_, S> {
    fn parse(&mut self) -> Result<(), Problem> {
        let [_, _, method, flags, _mtime @ .., _extra_flags, _system] = self.array::<10>()?;
        if method != 8 {
            return Err(GzipProblem::Method.into());
        }
        if flags & FLAGS_RESERVED != 0 {
            return Err(GzipProblem::ReservedFlags.into());
        }
        if flags & FLAG_EXTRA != 0 {
            let length = u16::from_le_bytes(self.array::<2>()?);
            for _ in 0..length {
                self.array::<1>()?;
            }
        }
        for flag in [FLAG_NAME, FLAG_COMMENT] {
            while flags & flag != 0 && self.array::<1>()? != [0] {}
        }
        if flags & FLAG_HEADER_CRC != 0 {
            let expected = self.crc.clone().finalize().to_le_bytes();
            if !expected.starts_with(&self.array::<2>()?) {
                return Err(GzipProblem::HeaderChecksum.into());
            }
        }
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes)?;
        self.bytes += N as u64;
        if self.bytes > MAX_HEADER_BYTES {
            return Err(GzipProblem::LongHeader.into());
        }
        self.crc.update(&bytes);
        Ok(bytes)
    }
}
