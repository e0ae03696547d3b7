//! Long work of one kind: places for it, shared fairly, and threads of its own, no more of them than there are places.

use super::ServiceError;
use super::lines::{Bounds, Label, Lines, Place, Who};
use crate::store::Workers;

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Workshop {
    lines: Lines,
    workers: Workers,
}

impl Workshop {
    /// Free places, and no threads yet.
    pub(super) fn new(label: Label, bounds: Bounds) -> Self {
        Self { workers: Workers::new(label.name, bounds.places), lines: Lines::new(label, bounds) }
    }

    /// The places, and the lines before them.
    pub(super) const fn lines(&self) -> &Lines {
        &self.lines
    }

    /// Works when it is this caller's turn. Whoever goes away while it waits has nothing done.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        who: Who,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServiceError> {
        self.run_in_place(who, |_place| work()).await
    }

    /// The same for work that gives its place back itself.
    pub(super) async fn run_in_place<T: Send + 'static>(
        &self,
        who: Who,
        work: impl FnOnce(Place) -> T + Send + 'static,
    ) -> Result<T, ServiceError> {
        let place = self.lines.take(who).await?;
        // It goes along: a caller that hangs up must not make room before its work is done.
        Ok(self.workers.run(move || work(place)).await?)
    }
}

#[cfg(test)]
mod tests;
