//! What a request is called in its answer, in the log and in the audit log.

use std::fmt;

use hyper::header::HeaderValue;

/// `5f0c12ab-0000002a`: eight digits that differ between starts of the server, and the number of the request in at least
/// eight.
#[derive(Clone, Copy)]
pub(super) struct RequestId {
    text: [u8; Self::MAX_BYTES],
    length: usize,
}

impl RequestId {
    const MAX_BYTES: usize = 8 + 1 + 16;

    /// Of the request of that number since the start.
    pub(super) fn new(instance: u32, number: u64) -> Self {
        let mut id = Self { text: [b'0'; Self::MAX_BYTES], length: 0 };
        id.push_hex(u64::from(instance), 8);
        id.push(b'-');
        id.push_hex(number, 8.max(16 - number.leading_zeros() / 4));
        id
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.text.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    fn push_hex(&mut self, number: u64, digits: u32) {
        for digit in (0..digits).rev() {
            let nibble = usize::try_from((number >> (digit * 4)) & 15).unwrap_or_default();
            self.push(b"0123456789abcdef".get(nibble).copied().unwrap_or(b'0'));
        }
    }

    /// As text.
    pub(super) fn as_str(&self) -> &str {
        let text = self.text.get(..self.length).unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    }

    /// As the value of a header.
    pub(super) fn header(&self) -> HeaderValue {
        HeaderValue::from_str(self.as_str()).unwrap_or(HeaderValue::from_static("-"))
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_takes_the_digits_it_needs_and_never_fewer_than_eight() {
        for (instance, number, expected) in [
            (0, 0, "00000000-00000000"),
            (0xabcd, 42, "0000abcd-0000002a"),
            (u32::MAX, u64::from(u32::MAX), "ffffffff-ffffffff"),
            (1, 0x1_0000_0000, "00000001-100000000"),
            (1, u64::MAX, "00000001-ffffffffffffffff"),
        ] {
            assert_eq!(RequestId::new(instance, number).as_str(), expected);
        }
    }
}
