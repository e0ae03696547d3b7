//! Archives for tests: a friendly builder for modules, and a raw one that can write anything.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};

/// A well-formed module: names and contents in, gzip tar out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Module {
    tar: Tar,
}

impl Module {
    /// A module without files.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    #[must_use]
    pub(crate) fn file(self, path: &str, contents: impl AsRef<[u8]>) -> Self {
        Self { tar: self.tar.file(path, contents.as_ref()) }
    }

    /// Adds a directory.
    #[must_use]
    pub(crate) fn directory(self, path: &str) -> Self {
        Self { tar: self.tar.directory(path) }
    }

    /// Adds a symbolic link.
    #[must_use]
    pub(crate) fn symlink(self, path: &str, target: &str) -> Self {
        Self { tar: self.tar.symlink(path, target) }
    }

    /// The archive.
    pub(crate) fn build(self) -> Vec<u8> {
        self.tar.end().gzip()
    }
}

impl From<Module> for Vec<u8> {
    fn from(module: Module) -> Self {
        module.build()
    }
}

/// A tar stream, block by block. Nothing is checked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tar(pub(crate) Vec<u8>);

impl Tar {
    /// An empty stream.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A stream that begins like a module.
    pub(crate) fn module() -> Self {
        Self::new().file("main.tf", b"")
    }

    /// A regular file.
    #[must_use]
    pub(crate) fn file(self, name: impl AsRef<[u8]>, contents: &[u8]) -> Self {
        self.entry(&Head::new(name, b'0').size(contents.len()), contents)
    }

    /// A directory.
    #[must_use]
    pub(crate) fn directory(self, name: impl AsRef<[u8]>) -> Self {
        self.entry(&Head::new(name, b'5'), b"")
    }

    /// A symbolic link.
    #[must_use]
    pub(crate) fn symlink(self, name: impl AsRef<[u8]>, target: &str) -> Self {
        self.entry(&Head::new(name, b'2').link(target), b"")
    }

    /// A hard link.
    #[must_use]
    pub(crate) fn hard_link(self, name: &str, target: &str) -> Self {
        self.entry(&Head::new(name, b'1').link(target), b"")
    }

    /// A PAX header with these records for the next entry.
    #[must_use]
    pub(crate) fn pax(self, records: &[(&str, &str)]) -> Self {
        self.raw_pax(b'x', &pax_body(records))
    }

    /// An extension header of any kind with any body.
    #[must_use]
    pub(crate) fn raw_pax(self, flag: u8, body: &[u8]) -> Self {
        self.entry(&Head::new("PaxHeader", flag).size(body.len()), body)
    }

    /// A GNU long name (`L`) or long link (`K`), with its NUL.
    #[must_use]
    pub(crate) fn long(self, flag: u8, text: &str) -> Self {
        let body = [text.as_bytes(), b"\0"].concat();
        self.entry(&Head::gnu("././@LongLink", flag).size(body.len()), &body)
    }

    /// A header and contents with padding.
    #[must_use]
    pub(crate) fn entry(self, head: &Head, contents: &[u8]) -> Self {
        let padding = vec![0; contents.len().next_multiple_of(512) - contents.len()];
        self.raw(&head.finish()).raw(contents).raw(&padding)
    }

    /// Bytes as they are.
    #[must_use]
    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// The end marker.
    #[must_use]
    pub(crate) fn end(self) -> Self {
        self.raw(&[0; 1024])
    }

    /// The stream in a gzip member.
    pub(crate) fn gzip(&self) -> Vec<u8> {
        gzip(&self.0)
    }
}

/// A tar header under construction.
#[derive(Debug, Clone)]
pub(crate) struct Head(pub(crate) [u8; 512]);

impl Head {
    /// A ustar header.
    pub(crate) fn new(name: impl AsRef<[u8]>, flag: u8) -> Self {
        Self([0; 512])
            .set(0, name.as_ref())
            .set(100, b"0000644\0")
            .set(108, b"0000000\0")
            .set(116, b"0000000\0")
            .set(136, b"00000000000\0")
            .set(156, &[flag])
            .set(257, b"ustar\x0000")
            .set(329, b"0000000\0")
            .set(337, b"0000000\0")
            .size(0)
    }

    /// A GNU header.
    pub(crate) fn gnu(name: impl AsRef<[u8]>, flag: u8) -> Self {
        Self::new(name, flag).set(257, b"ustar  \0")
    }

    /// A header of the old format.
    pub(crate) fn old(name: impl AsRef<[u8]>, flag: u8) -> Self {
        Self::new(name, flag).set(257, &[0; 255])
    }

    /// Writes bytes at an offset.
    #[must_use]
    pub(crate) fn set(mut self, offset: usize, bytes: &[u8]) -> Self {
        self.0[offset..offset + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// The size field.
    #[must_use]
    pub(crate) fn size(self, size: usize) -> Self {
        self.set(124, format!("{size:011o}\0").as_bytes())
    }

    /// The link target.
    #[must_use]
    pub(crate) fn link(self, target: &str) -> Self {
        self.set(157, target.as_bytes())
    }

    /// The block, with its checksum.
    pub(crate) fn finish(&self) -> [u8; 512] {
        let block = self.clone().set(148, b"        ").0;
        let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
        Self(block).set(148, format!("{sum:06o}\0 ").as_bytes()).0
    }
}

/// PAX records with correct lengths.
pub(crate) fn pax_body(records: &[(&str, &str)]) -> Vec<u8> {
    records.iter().flat_map(|(key, value)| pax_record(key, value.as_bytes())).collect()
}

/// One PAX record with its correct length.
pub(crate) fn pax_record(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    [format!("{length} {key}=").as_bytes(), value, b"\n"].concat()
}

/// One gzip member.
pub(crate) fn gzip(contents: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(contents).unwrap();
    encoder.finish().unwrap()
}

/// A gzip member with a header of one's own, and a trailer that can lie.
pub(crate) fn gzip_with(header: &[u8], contents: &[u8], lie: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
    deflate.write_all(contents).unwrap();
    let mut crc = flate2::Crc::new();
    crc.update(contents);
    let mut trailer =
        [crc.sum().to_le_bytes(), u32::try_from(contents.len()).unwrap().to_le_bytes()].concat();
    lie(&mut trailer);
    [header, &deflate.finish().unwrap(), &trailer].concat()
}

/// A gzip file made of pieces while it is read, so that a bomb needs no memory of its own.
#[derive(Debug)]
pub(crate) struct Generated<I> {
    pieces: I,
    encoder: Option<GzEncoder<Vec<u8>>>,
    ready: std::io::Cursor<Vec<u8>>,
    /// Compressed bytes that were taken.
    pub(crate) taken: u64,
}

impl<I: Iterator<Item = Vec<u8>>> Generated<I> {
    /// A file of these pieces.
    pub(crate) fn new(pieces: I) -> Self {
        let encoder = Some(GzEncoder::new(Vec::new(), Compression::default()));
        Self { pieces, encoder, ready: std::io::Cursor::default(), taken: 0 }
    }
}

impl<I: Iterator<Item = Vec<u8>>> Read for Generated<I> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let count = self.ready.read(buffer)?;
            if count > 0 {
                self.taken += count as u64;
                return Ok(count);
            }
            let Some(encoder) = &mut self.encoder else { return Ok(0) };
            if let Some(piece) = self.pieces.next() {
                encoder.write_all(&piece)?;
                self.ready = std::io::Cursor::new(std::mem::take(encoder.get_mut()));
            } else if let Some(encoder) = self.encoder.take() {
                self.ready = std::io::Cursor::new(encoder.finish()?);
            }
        }
    }
}
