//! The date as HTTP writes it, put into words once a second.

use std::cell::RefCell;
use std::time::SystemTime;

use jiff::Timestamp;

thread_local! {
    /// The second that was put into words last, and those.
    static LAST: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
}

/// Shows the `Date` of an answer that is made now (RFC 9110, 6.6.1).
pub(super) fn with_date<T>(now: Timestamp, use_it: impl FnOnce(&[u8]) -> T) -> T {
    LAST.with_borrow_mut(|(second, words)| {
        if *second != now.as_second() || words.is_empty() {
            *second = now.as_second();
            *words = httpdate::fmt_http_date(SystemTime::from(now));
        }
        use_it(words.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_that_of_the_second_asked_for() {
        for (time, expected) in [
            ("2024-02-29T23:59:59.999Z", "Thu, 29 Feb 2024 23:59:59 GMT"),
            ("2024-02-29T23:59:59Z", "Thu, 29 Feb 2024 23:59:59 GMT"),
            ("2024-03-01T00:00:00Z", "Fri, 01 Mar 2024 00:00:00 GMT"),
            ("2024-02-29T23:59:59Z", "Thu, 29 Feb 2024 23:59:59 GMT"),
        ] {
            let shown = with_date(time.parse().unwrap(), |date| String::from_utf8(date.to_vec()).unwrap());
            assert_eq!(shown, expected);
        }
    }
}
