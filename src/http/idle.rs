//! How long a connection may say nothing, counted from its last answer.
//!
//! hyper counts from the last answer it knows of; those that went past it put its deadline off.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use pin_project_lite::pin_project;

use super::connection::Connection;

/// Gives hyper its deadlines.
pub(super) struct IdleTimer(pub(super) Arc<Connection>);

impl Timer for IdleTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let sleep = tokio::time::sleep_until(deadline.into());
        Box::pin(Silence { sleep, connection: Arc::clone(&self.0) })
    }
}

pin_project! {
    /// Ends when nothing was said for too long.
    struct Silence {
        #[pin]
        sleep: tokio::time::Sleep,
        connection: Arc<Connection>,
    }
}

impl Future for Silence {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        loop {
            ready!(this.sleep.as_mut().poll(cx));
            let deadline = this.connection.silent_until();
            let Some(deadline) = deadline.filter(|deadline| *deadline > this.sleep.deadline().into_std())
            else {
                return Poll::Ready(());
            };
            this.sleep.as_mut().reset(deadline.into());
        }
    }
}

impl Sleep for Silence {}
