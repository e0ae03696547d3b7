//! Download tickets: what stands in for a credential on the archive URL, where Terraform sends none.
//!
//! A ticket names one file, whom it was given to and when it ends, signed with a key that never leaves the
//! database. It holds no secret of the caller, and everything is checked again when it is used.

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use ring::hmac;

use crate::domain::{FileId, JobId, PublisherId, TokenId};

/// A ticket lives at least this long. Its end is rounded up to a multiple, so that for as long the same caller gets
/// the same URL, and a client that keys its cache by URL finds it.
const WINDOW_SECONDS: i64 = 300;
const PAYLOAD_BYTES: usize = 2 + 3 * 8;
/// First byte of the payload: the format.
const FORMAT: u8 = 2;

/// Whom a ticket was given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bearer {
    /// The operator.
    Operator,
    /// A personal or deploy token.
    Token(TokenId),
    /// A CI job.
    Job(JobId),
    /// A CI system elsewhere, by the trusted publisher that it matched.
    Trusted(PublisherId),
}

impl Bearer {
    /// As a ticket says it: a kind and a number.
    const fn parts(self) -> (u8, u64) {
        match self {
            Self::Operator => (0, 0),
            Self::Token(TokenId(id)) => (1, id),
            Self::Job(JobId(id)) => (2, id),
            Self::Trusted(PublisherId(id)) => (3, id),
        }
    }

    const fn from_parts(kind: u8, id: u64) -> Option<Self> {
        Some(match kind {
            0 => Self::Operator,
            1 => Self::Token(TokenId(id)),
            2 => Self::Job(JobId(id)),
            3 => Self::Trusted(PublisherId(id)),
            _ => return None,
        })
    }
}

/// What a valid ticket says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// The one file it opens.
    pub file: FileId,
    /// Whom it was given to.
    pub bearer: Bearer,
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
        let (kind, bearer) = ticket.bearer.parts();
        bytes.extend([FORMAT, kind]);
        bytes.extend(ticket.file.0.to_be_bytes());
        bytes.extend(bearer.to_be_bytes());
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
        let ([format, kind], numbers) = payload.split_first_chunk()?;
        let mut numbers =
            numbers.chunks_exact(8).filter_map(|chunk| chunk.try_into().ok()).map(u64::from_be_bytes);
        let (file, bearer, expires) = (numbers.next()?, numbers.next()?, numbers.next()?);
        let live = *format == FORMAT && now.as_second() < i64::try_from(expires).ok()?;
        let bearer = Bearer::from_parts(*kind, bearer)?;
        live.then_some(Ticket { file: FileId(file), bearer })
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
        let ticket = Ticket { file: FileId(7), bearer: Bearer::Job(JobId(9)) };
        for start in [0, 1, 299, 300, 1_700_000_123] {
            let text = tickets.issue(ticket, at(start));
            assert_eq!(tickets.check(&text, at(start + 300)), Some(ticket), "{start}");
            assert_eq!(tickets.check(&text, at(start + 601)), None, "{start}");
        }
        assert_eq!(tickets.issue(ticket, at(300)), tickets.issue(ticket, at(599)));
        assert_ne!(tickets.issue(ticket, at(599)), tickets.issue(ticket, at(600)));
    }

    #[test]
    fn a_ticket_says_whom_it_was_given_to() {
        let tickets = Tickets::new(&[1; 32]);
        let mut seen = std::collections::HashSet::new();
        let all = [
            Bearer::Operator,
            Bearer::Token(TokenId(9)),
            Bearer::Job(JobId(9)),
            Bearer::Trusted(PublisherId(9)),
        ];
        for bearer in all {
            let text = tickets.issue(Ticket { file: FileId(7), bearer }, at(0));
            assert_eq!(tickets.check(&text, at(0)).map(|ticket| ticket.bearer), Some(bearer));
            assert!(seen.insert(text), "{bearer:?} has a ticket of its own");
        }
    }

    #[test]
    fn nothing_but_our_own_ticket_is_accepted() {
        let tickets = Tickets::new(&[1; 32]);
        let text = tickets.issue(Ticket { file: FileId(7), bearer: Bearer::Operator }, at(0));
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
