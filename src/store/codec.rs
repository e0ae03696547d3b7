//! How records become bytes: a version byte, then bincode. The only file that names bincode.
//!
//! bincode 2.0.1 is the last working release and unmaintained, so it is contained here: a test shows that a
//! maintained crate writes and reads the same bytes, which makes leaving it a change of this file alone.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::limits::MAX_RECORD_BYTES;

const CONFIG: bincode::config::Configuration<
    bincode::config::LittleEndian,
    bincode::config::Varint,
    bincode::config::Limit<MAX_RECORD_BYTES>,
> = bincode::config::standard().with_limit::<MAX_RECORD_BYTES>();

/// A stored value.
pub trait Record: Serialize + DeserializeOwned {
    /// The version this program writes. Raised whenever the shape changes, with an arm in [`upgrade`](Self::upgrade).
    const VERSION: u8 = 1;

    /// Reads the payload of an older version. The default knows none.
    fn upgrade(version: u8, payload: &[u8]) -> Result<Self, CodecError> {
        let _ = payload;
        Err(CodecError::UnknownVersion { found: version, newest: Self::VERSION })
    }
}

/// A record that can be read in place, with texts borrowed from its bytes: for who reads very many of them.
pub trait View: Record {
    /// The record with borrowed texts.
    type Of<'b>: serde::Deserialize<'b>;
}

/// Why stored bytes could not be read, or a value not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// No bytes at all.
    #[error("the record is empty")]
    Empty,
    /// Written by a program newer than this one, or damaged.
    #[error("the record has version {found}, this program knows up to {newest}: start the newer program")]
    UnknownVersion {
        /// The version byte found.
        found: u8,
        /// The newest version this program reads.
        newest: u8,
    },
    /// The payload does not have the shape of its version.
    #[error("the record does not decode: {0}")]
    Malformed(String),
    /// Bytes left over after the value.
    #[error("the record has {0} bytes too many")]
    Trailing(usize),
    /// The value is larger than a record may be.
    #[error("the value is too large to store ({0} bytes; at most {MAX_RECORD_BYTES})")]
    TooLarge(usize),
}

/// The bytes of a record.
pub fn encode<R: Record>(record: &R) -> Result<Vec<u8>, CodecError> {
    let mut bytes = vec![R::VERSION];
    bincode::serde::encode_into_std_write(record, &mut bytes, CONFIG)
        .map_err(|error| CodecError::Malformed(error.to_string()))?;
    if bytes.len() > MAX_RECORD_BYTES { Err(CodecError::TooLarge(bytes.len())) } else { Ok(bytes) }
}

/// A record as bytes, encoded before the change that writes it has its turn on the writer thread.
pub struct Encoded<R> {
    bytes: Vec<u8>,
    record: PhantomData<fn() -> R>,
}

impl<R: Record> Encoded<R> {
    /// Encodes a record.
    pub fn of(record: &R) -> Result<Self, CodecError> {
        Ok(Self { bytes: encode(record)?, record: PhantomData })
    }

    /// What is written.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same, to keep.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl<R> std::fmt::Debug for Encoded<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Encoded({} bytes)", self.bytes.len())
    }
}

/// The record in some bytes, upgraded when an older program wrote it.
pub fn decode<R: Record>(bytes: &[u8]) -> Result<R, CodecError> {
    let (&version, payload) = bytes.split_first().ok_or(CodecError::Empty)?;
    if version == R::VERSION { decode_payload(payload) } else { R::upgrade(version, payload) }
}

/// The record in some bytes, read in place. Only of the version that this program writes.
pub fn view<R: View>(bytes: &[u8]) -> Result<R::Of<'_>, CodecError> {
    let (&found, payload) = bytes.split_first().ok_or(CodecError::Empty)?;
    if found != R::VERSION {
        return Err(CodecError::UnknownVersion { found, newest: R::VERSION });
    }
    exactly(payload.len(), bincode::serde::borrow_decode_from_slice(payload, CONFIG))
}

/// Decodes a payload without its version byte: for [`Record::upgrade`].
pub fn decode_payload<T: DeserializeOwned>(payload: &[u8]) -> Result<T, CodecError> {
    exactly(payload.len(), bincode::serde::decode_from_slice(payload, CONFIG))
}

/// What was decoded, when nothing is left over of so many bytes.
fn exactly<T>(
    length: usize,
    decoded: Result<(T, usize), bincode::error::DecodeError>,
) -> Result<T, CodecError> {
    let (value, used) = decoded.map_err(|error| CodecError::Malformed(error.to_string()))?;
    match length - used {
        0 => Ok(value),
        extra => Err(CodecError::Trailing(extra)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(
        Debug, PartialEq, serde::Serialize, serde::Deserialize, wincode::SchemaWrite, wincode::SchemaRead,
    )]
    struct Sample {
        number: u64,
        text: String,
        list: Vec<u32>,
        option: Option<i64>,
        flag: bool,
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct SampleView<'b> {
        number: u64,
        text: &'b str,
        list: Vec<u32>,
        option: Option<i64>,
        flag: bool,
    }

    impl View for Sample {
        type Of<'b> = SampleView<'b>;
    }

    impl Record for Sample {
        const VERSION: u8 = 3;
        fn upgrade(version: u8, payload: &[u8]) -> Result<Self, CodecError> {
            match version {
                2 => {
                    let (number, text): (u64, String) = decode_payload(payload)?;
                    Ok(Self { number, text, list: vec![], option: None, flag: false })
                }
                found => Err(CodecError::UnknownVersion { found, newest: Self::VERSION }),
            }
        }
    }

    fn sample() -> Sample {
        Sample { number: 300, text: "vpc".to_owned(), list: vec![1, 70_000], option: Some(-2), flag: true }
    }

    /// Kept bytes: if this fails, stored databases no longer read.
    const GOLDEN: &[u8] = &[3, 251, 44, 1, 3, b'v', b'p', b'c', 2, 1, 252, 112, 17, 1, 0, 1, 3, 1];

    #[test]
    fn bytes_stay_what_they_were() {
        assert_eq!(encode(&sample()).unwrap(), GOLDEN);
        assert_eq!(decode::<Sample>(GOLDEN).unwrap(), sample());
    }

    #[test]
    fn a_maintained_crate_writes_and_reads_the_same_bytes() {
        let config = wincode::config::Configuration::default().with_varint_encoding();
        let theirs = wincode::config::serialize(&sample(), config).unwrap();
        assert_eq!(theirs, GOLDEN[1..]);
        let back: Sample = wincode::config::deserialize(&GOLDEN[1..], config).unwrap();
        assert_eq!(back, sample());
    }

    #[test]
    fn a_record_read_in_place_is_the_one_that_is_decoded() {
        let seen = view::<Sample>(GOLDEN).unwrap();
        let Sample { number, text, list, option, flag } = sample();
        assert_eq!(seen, SampleView { number, text: &text, list, option, flag });
        assert_eq!(view::<Sample>(&[]), Err(CodecError::Empty));
        assert_eq!(view::<Sample>(&[2, 7]), Err(CodecError::UnknownVersion { found: 2, newest: 3 }));
        assert_eq!(view::<Sample>(&[GOLDEN, &[0]].concat()), Err(CodecError::Trailing(1)));
    }

    #[test]
    fn older_records_upgrade_and_damaged_ones_are_refused() {
        let mut old = vec![2];
        bincode::serde::encode_into_std_write((7u64, "old"), &mut old, CONFIG).unwrap();
        assert_eq!(decode::<Sample>(&old).unwrap().text, "old");
        assert_eq!(decode::<Sample>(&[]), Err(CodecError::Empty));
        assert_eq!(decode::<Sample>(&[9, 1]), Err(CodecError::UnknownVersion { found: 9, newest: 3 }));
        assert_eq!(decode::<Sample>(&[GOLDEN, &[0]].concat()), Err(CodecError::Trailing(1)));
        for cut in 1..GOLDEN.len() {
            assert!(
                matches!(decode::<Sample>(&GOLDEN[..cut]), Err(CodecError::Malformed(_))),
                "cut at {cut}"
            );
        }
        let huge_length = [3, 0, 253, 255, 255, 255, 255, 255, 255, 255, 255];
        assert!(matches!(decode::<Sample>(&huge_length), Err(CodecError::Malformed(_))));
    }
}
