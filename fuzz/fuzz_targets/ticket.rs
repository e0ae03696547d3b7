//! Tickets: nobody but us makes one, whatever is changed about a real one.

#![no_main]

use cairn::domain::{FileId, JobId, PublisherId, TokenId};
use cairn::service::tickets::{Bearer, Ticket, Tickets};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (u64, u64, i32, &str)| {
    let (file, number, second, text) = data;
    let now = Timestamp::from_second(i64::from(second).abs()).expect("a time in range");
    let tickets = Tickets::new(&[7; 32]);
    let ticket = Ticket { file: FileId(file), bearer: bearer(number) };
    let issued = tickets.issue(ticket, now);
    let issued = issued.as_str();
    assert_eq!(tickets.check(issued, now), Some(ticket));
    assert_eq!(Tickets::new(&[8; 32]).check(issued, now), None);
    // The text alone, and spliced into a real one at any place.
    for forged in [text.to_owned(), splice(issued, text, usize::try_from(file % 128).unwrap_or(0))] {
        if forged != issued {
            assert_eq!(tickets.check(&forged, now), None);
        }
    }
});

/// One of every kind.
fn bearer(number: u64) -> Bearer {
    match number % 4 {
        0 => Bearer::Operator,
        1 => Bearer::Token(TokenId(number)),
        2 => Bearer::Job(JobId(number)),
        _ => Bearer::Trusted(PublisherId(number)),
    }
}

fn splice(issued: &str, text: &str, at: usize) -> String {
    let at = at.min(issued.len());
    let rest = issued.get(at + text.len()..).unwrap_or_default();
    format!("{}{text}{rest}", &issued[..at])
}
