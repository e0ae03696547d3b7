//! Trying again when a server says that it is busy, as it says when several jobs publish at once.

use std::time::Duration;

use hyper::StatusCode;
use hyper::header::RETRY_AFTER;
use hyper::http::response::Parts;

use super::output::note;

/// How often a request is made again.
const TRIES: u32 = 8;
/// How long a wait may be. Who is told to wait longer is not kept out by other work, and should hear why.
const LONGEST: Duration = Duration::from_mins(1);
/// Waits from which on the person is told.
const TOLD_FROM: Duration = Duration::from_secs(4);

/// How often a request was made again.
#[derive(Debug, Default)]
pub(super) struct Patience {
    tries: u32,
}

impl Patience {
    /// How long to wait before the request is made again: as long as the answer says (RFC 9110, `Retry-After`), twice as
    /// long each time. Nothing when the answer is not that the server is busy, or when that was said often enough.
    pub(super) fn after(&mut self, answer: &Parts) -> Option<Duration> {
        let busy = matches!(answer.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let said = answer.headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
        let said = Duration::from_secs(said);
        if !busy || said > LONGEST || self.tries == TRIES {
            return None;
        }
        let wait = said.saturating_mul(1 << self.tries).min(LONGEST);
        self.tries += 1;
        if wait >= TOLD_FROM {
            note(&format!("the server is busy; trying again in {} seconds", wait.as_secs()));
        }
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use hyper::Response;

    use super::*;

    fn answer(status: u16, retry_after: Option<&str>) -> Parts {
        let mut answer = Response::builder().status(status);
        if let Some(value) = retry_after {
            answer = answer.header(RETRY_AFTER, value);
        }
        answer.body(()).unwrap().into_parts().0
    }

    #[test]
    fn only_a_busy_server_is_asked_again_when_it_says() {
        for (status, retry_after, expected) in [
            (429, Some("1"), Some(1)),
            (503, Some("3"), Some(3)),
            (429, Some("0"), Some(0)),
            (429, Some("60"), Some(60)),
            (429, Some("61"), None),
            (429, Some("tomorrow"), None),
            (429, None, None),
            (503, None, None),
            (409, Some("1"), None),
            (201, Some("1"), None),
        ] {
            let wait = Patience::default().after(&answer(status, retry_after));
            assert_eq!(wait.map(|wait| wait.as_secs()), expected, "{status} {retry_after:?}");
        }
    }

    #[test]
    fn waits_grow_and_end() {
        let (mut patience, busy) = (Patience::default(), answer(429, Some("1")));
        let waits: Vec<u64> = std::iter::from_fn(|| Some(patience.after(&busy)?.as_secs())).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
