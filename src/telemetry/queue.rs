//! A bounded queue between requests and the log: a slow disk or terminal costs log lines, never answers.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use prometheus_client::metrics::counter::Counter;
use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait. At a few hundred bytes each, some megabytes.
const WAITING_LINES: usize = 16 * 1024;

enum Order {
    Line(Box<[u8]>),
    Finish,
}

/// The way in: cheap to clone, never waits.
#[derive(Debug, Clone)]
pub struct LogQueue {
    orders: SyncSender<Order>,
    lost: Counter,
}

/// Owns the writing thread. Dropping it writes what is queued and ends the thread.
#[derive(Debug)]
pub struct LogDrain {
    orders: SyncSender<Order>,
    lost: Counter,
    thread: Option<JoinHandle<()>>,
}

/// Starts a thread that writes to `output`.
pub(super) fn start(output: impl Write + Send + 'static) -> io::Result<(LogQueue, LogDrain)> {
    start_with(output, WAITING_LINES)
}

fn start_with(output: impl Write + Send + 'static, lines: usize) -> io::Result<(LogQueue, LogDrain)> {
    let (orders, incoming) = sync_channel(lines);
    let lost = Counter::default();
    let counter = lost.clone();
    let thread =
        std::thread::Builder::new().name("log".to_owned()).spawn(move || run(&incoming, &counter, output))?;
    let drain = LogDrain { orders: orders.clone(), lost: lost.clone(), thread: Some(thread) };
    Ok((LogQueue { orders, lost }, drain))
}

fn run(incoming: &Receiver<Order>, lost: &Counter, mut output: impl Write) {
    let mut reported = 0;
    while let Ok(Order::Line(line)) = incoming.recv() {
        // A log that cannot be written has nowhere to say so.
        let _ = output.write_all(&line);
        let now = lost.get();
        if now != reported {
            // Into our own queue, so that it looks like every other line. It never waits; lost again, it is counted.
            tracing::warn!(lines = now - reported, "log lines were lost: the log is written too slowly");
            reported = now;
        }
    }
    let _ = output.flush();
}

impl LogDrain {
    /// Lines that found the queue full, since the start.
    pub fn lost_lines(&self) -> &Counter {
        &self.lost
    }
}

impl Drop for LogDrain {
    fn drop(&mut self) {
        // Waits for room: at the end of the process the last lines matter more than the time.
        let _ = self.orders.send(Order::Finish);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Write for LogQueue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Err(TrySendError::Full(_)) = self.orders.try_send(Order::Line(line.into())) {
            self.lost.inc();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for LogQueue {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// An output that waits until it is let go, and keeps what it was given.
    struct Slow {
        go: Receiver<()>,
        kept: Arc<Mutex<String>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Once the other end is gone, nothing waits any more.
            let _ = self.go.recv();
            self.kept.lock().unwrap().push_str(std::str::from_utf8(bytes).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_log_that_stands_still_loses_lines_counts_them_and_keeps_the_others() {
        let (let_go, go) = mpsc::channel();
        let kept = Arc::new(Mutex::new(String::new()));
        let (mut queue, drain) = start_with(Slow { go, kept: Arc::clone(&kept) }, 2).unwrap();
        // One line may be in the writer's hands and two in the queue: of ten at least seven are lost.
        for _ in 0..10 {
            queue.write_all(b"line\n").unwrap();
        }
        let lost = drain.lost_lines().get();
        assert!((7..=8).contains(&lost), "{lost}");
        drop(let_go);
        drop(drain);
        assert_eq!(kept.lock().unwrap().matches("line\n").count() as u64, 10 - lost);
    }

    #[test]
    fn dropping_the_drain_writes_what_is_queued() {
        let (let_go, go) = mpsc::channel();
        drop(let_go);
        let kept = Arc::new(Mutex::new(String::new()));
        let (mut queue, drain) = start(Slow { go, kept: Arc::clone(&kept) }).unwrap();
        for _ in 0..100 {
            queue.write_all(b"line\n").unwrap();
        }
        drop(drain);
        assert_eq!(kept.lock().unwrap().matches("line\n").count(), 100);
    }
}
