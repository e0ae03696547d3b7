//! Download tickets: what stands in for a credential on the archive URL, where Terraform sends none.
//!
//! A ticket names one file, the token it was given to and when it ends, signed with a key that never leaves the
//! database. It holds no secret of the caller, and everything is checked again when it is used.

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use ring::hmac;

use crate::domain::{FileId, TokenId};

/// A ticket lives at least this long. Its end is rounded up to a multiple, so that for as long the same caller gets
/// the same URL, and a client that keys its cache by URL finds it.
const WINDOW_SECONDS: i64 = 300;
const PAYLOAD_BYTES: usize = 1 + 3 * 8;
/// First byte of the payload: the format.
const FORMAT: u8 = 1;

/// What a valid ticket says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// The one file it opens.
    pub file: FileId,
    /// The token it was given to; nothing when it was given to the operator.
    pub token: Option<TokenId>,
}

/// Signs and checks tickets.
#[derive(Debug)]
pub struct Tickets(hmac::Key);

impl Tickets {
    /// With the instance's key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// A ticket that lives 5 to 10 minutes.
    pub fn issue(&self, ticket: Ticket, now: Timestamp) -> String {
        let window = now.as_second().div_euclid(WINDOW_SECONDS);
        let expires = window.saturating_add(2).saturating_mul(WINDOW_SECONDS);
        let mut bytes = Vec::with_capacity(PAYLOAD_BYTES + 32);
        bytes.push(FORMAT);
        bytes.extend(ticket.file.0.to_be_bytes());
        bytes.extend(ticket.token.map_or(0, |token| token.0).to_be_bytes());
        bytes.extend(expires.to_be_bytes());
        let signature = hmac::sign(&self.0, &bytes);
        bytes.extend(signature.as_ref());
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// What a ticket says, if we signed it and it has not ended.
    pub fn check(&self, text: &str, now: Timestamp) -> Option<Ticket> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (payload, signature) = bytes.split_at_checked(PAYLOAD_BYTES)?;
        hmac::verify(&self.0, payload, signature).ok()?;
        let (format, numbers) = payload.split_first()?;
        let mut numbers =
            numbers.chunks_exact(8).filter_map(|chunk| chunk.try_into().ok()).map(u64::from_be_bytes);
        let (file, token, expires) = (numbers.next()?, numbers.next()?, numbers.next()?);
        let live = *format == FORMAT && now.as_second() < i64::try_from(expires).ok()?;
        live.then(|| Ticket { file: FileId(file), token: (token != 0).then_some(TokenId(token)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_ticket_lives_five_to_ten_minutes_and_stays_the_same_for_five() {
        let tickets = Tickets::new(&[1; 32]);
        let ticket = Ticket { file: FileId(7), token: Some(TokenId(9)) };
        for start in [0, 1, 299, 300, 1_700_000_123] {
            let text = tickets.issue(ticket, at(start));
            assert_eq!(tickets.check(&text, at(start + 300)), Some(ticket), "{start}");
            assert_eq!(tickets.check(&text, at(start + 601)), None, "{start}");
        }
        assert_eq!(tickets.issue(ticket, at(300)), tickets.issue(ticket, at(599)));
        assert_ne!(tickets.issue(ticket, at(599)), tickets.issue(ticket, at(600)));
    }

    #[test]
    fn nothing_but_our_own_ticket_is_accepted() {
        let tickets = Tickets::new(&[1; 32]);
        let text = tickets.issue(Ticket { file: FileId(7), token: None }, at(0));
        assert_eq!(Tickets::new(&[2; 32]).check(&text, at(0)), None, "another key");
        for position in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(tickets.check(&changed, at(0)), None, "changed at {position}");
        }
        for bad in ["", "A", "AQ", &text[..text.len() - 4], &format!("{text}AAAA"), "\u{e9}"] {
            assert_eq!(tickets.check(bad, at(0)), None, "{bad}");
        }
    }
}
