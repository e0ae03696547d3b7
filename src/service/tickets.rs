//! Download tickets: what stands in for a credential on the archive URL, where Terraform sends none.
//!
//! A ticket names one file, whom it was given to and when it ends, signed with a key that never leaves the
//! database. It holds no secret of the caller, and everything is checked again when it is used.

use std::sync::{Mutex, MutexGuard, PoisonError};

use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use ring::hmac;

use crate::domain::{FileId, JobId, PublisherId, TokenId};

/// A ticket lives at least this long. Its end is rounded up to a multiple, so that for as long the same caller gets
/// the same URL, and a client that keys its cache by URL finds it.
const WINDOW_SECONDS: i64 = 300;
const PAYLOAD_BYTES: usize = 2 + 3 * 8;
const SIGNATURE_BYTES: usize = 32;
/// Letters of a ticket: six bits each.
const TEXT_BYTES: usize = ((PAYLOAD_BYTES + SIGNATURE_BYTES) * 8).div_ceil(6);
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

/// A ticket as it stands in a URL. Nothing in it needs escaping there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TicketText([u8; TEXT_BYTES]);

impl std::fmt::Debug for TicketText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TicketText(..)")
    }
}

impl TicketText {
    /// As text.
    pub fn as_str(&self) -> &str {
        // Letters, digits, `-` and `_`.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// When a ticket ends that is given out now, in seconds since 1970.
fn end_of(now: Timestamp) -> i64 {
    now.as_second().div_euclid(WINDOW_SECONDS).saturating_add(2).saturating_mul(WINDOW_SECONDS)
}

/// The ticket for a file that was given out last: whoever asks again within its time gets the same.
#[derive(Debug, Default)]
pub struct LastTicket(Mutex<Option<(Ticket, i64, TicketText)>>);

impl LastTicket {
    /// The ticket, signed only if the last one was another.
    pub fn get_or_issue(&self, tickets: &Tickets, ticket: Ticket, now: Timestamp) -> TicketText {
        let ends = end_of(now);
        if let Some((last, its_end, text)) = &*self.lock()
            && *last == ticket
            && *its_end == ends
        {
            return *text;
        }
        let text = tickets.issue(ticket, now);
        *self.lock() = Some((ticket, ends, text));
        text
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Ticket, i64, TicketText)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
    pub fn issue(&self, ticket: Ticket, now: Timestamp) -> TicketText {
        let (kind, bearer) = ticket.bearer.parts();
        let mut bytes = [0; PAYLOAD_BYTES + SIGNATURE_BYTES];
        let (payload, signature) = bytes.split_at_mut(PAYLOAD_BYTES);
        let numbers = [ticket.file.0.to_be_bytes(), bearer.to_be_bytes(), end_of(now).to_be_bytes()];
        let parts = [FORMAT, kind].into_iter().chain(numbers.into_iter().flatten());
        payload.iter_mut().zip(parts).for_each(|(place, byte)| *place = byte);
        signature.copy_from_slice(hmac::sign(&self.0, payload).as_ref());
        let mut text = [0; TEXT_BYTES];
        BASE64URL_NOPAD.encode_mut(&bytes, &mut text);
        TicketText(text)
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
            assert_eq!(tickets.check(text.as_str(), at(start + 300)), Some(ticket), "{start}");
            assert_eq!(tickets.check(text.as_str(), at(start + 601)), None, "{start}");
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
            assert_eq!(tickets.check(text.as_str(), at(0)).map(|ticket| ticket.bearer), Some(bearer));
            assert!(seen.insert(text.as_str().to_owned()), "{bearer:?} has a ticket of its own");
        }
    }

    #[test]
    fn the_last_ticket_is_given_again_to_nobody_else_and_not_after_its_time() {
        let (tickets, last) = (Tickets::new(&[1; 32]), LastTicket::default());
        let ticket = |token| Ticket { file: FileId(7), bearer: Bearer::Token(TokenId(token)) };
        for (token, second) in [(1, 0), (1, 0), (2, 0), (2, 299), (1, 299), (1, 300), (1, 300), (1, 9_000)] {
            let text = last.get_or_issue(&tickets, ticket(token), at(second));
            assert_eq!(text, tickets.issue(ticket(token), at(second)), "token {token} at {second}");
        }
    }

    #[test]
    fn nothing_but_our_own_ticket_is_accepted() {
        let tickets = Tickets::new(&[1; 32]);
        let text = tickets.issue(Ticket { file: FileId(7), bearer: Bearer::Operator }, at(0));
        let text = text.as_str();
        assert_eq!(Tickets::new(&[2; 32]).check(text, at(0)), None, "another key");
        for position in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(tickets.check(&changed, at(0)), None, "changed at {position}");
        }
        for bad in ["", "A", "AQ", &text[..text.len() - 4], &format!("{text}AAAA"), "\u{e9}"] {
            assert_eq!(tickets.check(bad, at(0)), None, "{bad}");
        }
    }
}
