//! An address in words, without memory of its own: the log names one for every request.

use std::io::Write as _;
use std::net::IpAddr;

/// The longest: an IPv6 address that ends in an IPv4 one.
const MOST_BYTES: usize = 45;

/// An address in words.
pub(super) struct AddressText {
    text: [u8; MOST_BYTES],
    length: usize,
}

impl AddressText {
    pub(super) fn of(address: IpAddr) -> Self {
        let mut text = Self { text: [0; MOST_BYTES], length: 0 };
        match address {
            IpAddr::V4(address) => {
                for (index, byte) in address.octets().into_iter().enumerate() {
                    text.push(b'.', index > 0);
                    text.push(b'0' + byte / 100, byte >= 100);
                    text.push(b'0' + byte / 10 % 10, byte >= 10);
                    text.push(b'0' + byte % 10, true);
                }
            }
            IpAddr::V6(address) => {
                let mut rest = text.text.as_mut_slice();
                // There is room for every address.
                let _ = write!(rest, "{address}");
                text.length = MOST_BYTES - rest.len();
            }
        }
        text
    }

    fn push(&mut self, byte: u8, wanted: bool) {
        if wanted && let Some(place) = self.text.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(self.text.get(..self.length).unwrap_or_default()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_everywhere() {
        for byte in 0..=u8::MAX {
            let address = IpAddr::from([byte, 0, 255, byte]);
            assert_eq!(AddressText::of(address).as_str(), address.to_string());
        }
        for address in ["::", "::1", "2001:db8::8:800:200c:417a", "::ffff:192.0.2.1"] {
            assert_eq!(AddressText::of(address.parse().unwrap()).as_str(), address);
        }
    }
}
