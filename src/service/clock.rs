//! The one place that reads the clock and the random source.

use std::sync::Arc;

use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};

use super::error::{InternalError, ServiceError};

/// Tells the time. Tests hold it still.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock(..)")
    }
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
        Self(Arc::new(Timestamp::now))
    }

    /// A clock that a function tells.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

/// 256 bits from the system's random source.
pub fn random_bits() -> Result<[u8; 32], ServiceError> {
    let mut bits = [0; 32];
    SystemRandom::new().fill(&mut bits).map_err(|_unspecified| {
        ServiceError::Internal(InternalError::Other("the system gives no random bits"))
    })?;
    Ok(bits)
}
