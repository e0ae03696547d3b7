//! A bounded queue between requests and the log: a slow disk or terminal costs log lines, never answers.
//!
//! Lines are written many at a time. The writing thread is woken by a line that finds it idle, writes what there is, and
//! then looks away for a moment: of a busy log it takes the lines of that moment at once, and a quiet one shows each line
//! as soon as it is there.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use tracing_subscriber::fmt::MakeWriter;

/// Bytes of lines that may wait, with those being written: at a few hundred a line, more than ten thousand lines.
const WAITING_BYTES: usize = 4 * 1024 * 1024;
/// For how long the writing thread looks away after it wrote.
const PAUSE: Duration = Duration::from_millis(2);
/// Memory that is kept for lines to come.
const KEPT_BYTES: usize = 64 * 1024;

/// The way in: cheap to clone, never waits for the output.
#[derive(Debug, Clone)]
pub struct LogQueue(Arc<Shared>);

/// Owns the writing thread. Dropping it writes what is queued and ends the thread.
#[derive(Debug)]
pub struct LogDrain {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Told when there is something to write and the thread is idle, and at the end.
    work: Condvar,
    /// Bytes that may wait.
    most: usize,
    lost: Counter,
}

#[derive(Debug, Default)]
struct State {
    /// Whole lines.
    waiting: Vec<u8>,
    /// Bytes that are being written.
    in_hand: usize,
    /// The thread waits to be told.
    idle: bool,
    finish: bool,
}

/// Starts a thread that writes to `output`.
pub(super) fn start(output: impl Write + Send + 'static) -> io::Result<(LogQueue, LogDrain)> {
    start_with(output, WAITING_BYTES)
}

fn start_with(output: impl Write + Send + 'static, most: usize) -> io::Result<(LogQueue, LogDrain)> {
    let (state, work, lost) = (Mutex::default(), Condvar::new(), Counter::default());
    let shared = Arc::new(Shared { state, work, most, lost });
    let theirs = Arc::clone(&shared);
    let thread = std::thread::Builder::new().name("log".to_owned()).spawn(move || run(&theirs, output))?;
    Ok((LogQueue(Arc::clone(&shared)), LogDrain { shared, thread: Some(thread) }))
}

fn run(shared: &Shared, mut output: impl Write) {
    let (mut lines, mut reported) = (Vec::new(), 0);
    while shared.take(&mut lines) {
        // A log that cannot be written has nowhere to say so.
        let _ = output.write_all(&lines);
        lines.clear();
        lines.shrink_to(KEPT_BYTES);
        shared.lock().in_hand = 0;
        let now = shared.lost.get();
        if now != reported {
            // Into our own queue, so that it looks like every other line. It never waits; lost again, it is counted.
            tracing::warn!(lines = now - reported, "log lines were lost: the log is written too slowly");
            reported = now;
        }
        shared.pause();
    }
    let _ = output.flush();
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a line if there is room. After the end nobody would write it.
    fn push(&self, line: &[u8]) {
        let mut state = self.lock();
        if state.finish {
            return;
        }
        if state.waiting.len() + state.in_hand + line.len() > self.most {
            drop(state);
            self.lost.inc();
            return;
        }
        state.waiting.extend_from_slice(line);
        let was_idle = std::mem::take(&mut state.idle);
        drop(state);
        if was_idle {
            self.work.notify_one();
        }
    }

    /// Waits for lines and takes all of them, into the memory of the last ones. False when there will be no more.
    fn take(&self, lines: &mut Vec<u8>) -> bool {
        let mut state = self.lock();
        while state.waiting.is_empty() && !state.finish {
            state.idle = true;
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.idle = false;
        std::mem::swap(&mut state.waiting, lines);
        state.in_hand = lines.len();
        !lines.is_empty()
    }

    /// Lets lines come together, unless it is the end.
    fn pause(&self) {
        let _ = self.work.wait_timeout_while(self.lock(), PAUSE, |state| !state.finish);
    }

    fn finish(&self) {
        self.lock().finish = true;
        self.work.notify_one();
    }
}

impl LogDrain {
    /// Lines that found the queue full, since the start.
    pub fn lost_lines(&self) -> &Counter {
        &self.shared.lost
    }
}

impl Drop for LogDrain {
    fn drop(&mut self) {
        // At the end of the process the last lines matter more than the time.
        self.shared.finish();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Write for &LogQueue {
    /// Takes whole lines.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogQueue {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver};

    use super::*;

    const LINE: &[u8] = b"line\n";

    /// An output that says what it was given, and waits until it is let go before it takes it.
    struct Slow {
        began: mpsc::Sender<()>,
        go: Receiver<()>,
        kept: Arc<Mutex<String>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.began.send(());
            // Once the other end is gone, nothing waits any more.
            let _ = self.go.recv();
            self.kept.lock().unwrap().push_str(std::str::from_utf8(bytes).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The output, what says that a write began, what lets it go on, and what was written.
    fn slow() -> (Slow, Receiver<()>, mpsc::Sender<()>, Arc<Mutex<String>>) {
        let ((began, begins), (let_go, go)) = (mpsc::channel(), mpsc::channel());
        let kept = Arc::new(Mutex::new(String::new()));
        (Slow { began, go, kept: Arc::clone(&kept) }, begins, let_go, kept)
    }

    #[test]
    fn a_log_that_stands_still_loses_lines_counts_them_and_keeps_the_others() {
        let (output, _begins, let_go, kept) = slow();
        let (queue, drain) = start_with(output, 3 * LINE.len()).unwrap();
        for _ in 0..10 {
            (&queue).write_all(LINE).unwrap();
        }
        assert_eq!(drain.lost_lines().get(), 7, "those being written count as well");
        drop(let_go);
        drop(drain);
        assert_eq!(kept.lock().unwrap().matches("line\n").count(), 3);
    }

    #[test]
    fn dropping_the_drain_writes_what_is_queued() {
        let (output, _begins, let_go, kept) = slow();
        drop(let_go);
        let (queue, drain) = start(output).unwrap();
        for _ in 0..100 {
            (&queue).write_all(LINE).unwrap();
        }
        drop(drain);
        assert_eq!(kept.lock().unwrap().matches("line\n").count(), 100);
    }

    #[test]
    fn a_line_is_written_without_another_or_the_end_behind_it() {
        let (output, begins, let_go, _kept) = slow();
        drop(let_go);
        let (queue, _drain) = start(output).unwrap();
        for _ in 0..3 {
            (&queue).write_all(LINE).unwrap();
            begins.recv().unwrap();
        }
    }

    #[test]
    fn lines_that_come_while_others_are_written_are_written_together() {
        let (output, begins, let_go, kept) = slow();
        let (queue, drain) = start(output).unwrap();
        (&queue).write_all(LINE).unwrap();
        begins.recv().unwrap();
        for _ in 0..100 {
            (&queue).write_all(LINE).unwrap();
        }
        drop(let_go);
        drop(drain);
        assert_eq!(begins.iter().count(), 1, "of all hundred at once");
        assert_eq!(kept.lock().unwrap().matches("line\n").count(), 101);
    }
}
