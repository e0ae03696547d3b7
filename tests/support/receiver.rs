//! A receiver of webhooks for tests: keeps every request, and answers as it is told.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use serde_json::Value;

use super::PATIENCE;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// Method and path.
    pub(crate) line: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    /// The bytes, which are text.
    pub(crate) body: String,
}

impl Received {
    /// The value of a header that must be there.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or_else(|| panic!("no {name} in {self:?}"), |(_, value)| value.as_str())
    }

    /// The body.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// How a receiver answers.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// With this status and header lines: `204 No Content`.
    Status(String),
    /// By closing the connection.
    Down,
    /// Not before the answer is changed.
    Slow,
}

/// The receiver. Runs until the test ends.
#[derive(Debug)]
pub(crate) struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<(Answer, Vec<Received>)>,
    moved: Condvar,
}

impl Receiver {
    /// Starts one that takes everything.
    pub(crate) fn start() -> Self {
        Self::answering("204 No Content")
    }

    /// Starts one that answers with this status.
    pub(crate) fn answering(status: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Mutex::new((Answer::Status(status.to_owned()), Vec::new()));
        let shared = Arc::new(Shared { state, moved: Condvar::new() });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let serving = Arc::clone(&serving);
                std::thread::spawn(move || serving.answer(&stream.unwrap()));
            }
        });
        Self { address, shared }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// The port.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Answers differently from now on, also to those who wait.
    pub(crate) fn set(&self, answer: Answer) {
        self.state().0 = answer;
        self.shared.moved.notify_all();
    }

    /// What arrived so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.state().1.clone()
    }

    /// Waits until that much has arrived, and returns it.
    #[track_caller]
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Received> {
        let few = |state: &mut (Answer, Vec<Received>)| state.1.len() < count;
        let (state, waited) = self.shared.moved.wait_timeout_while(self.state(), PATIENCE, few).unwrap();
        assert!(!waited.timed_out(), "{} requests and not {count}: {:?}", state.1.len(), state.1);
        state.1.clone()
    }

    fn state(&self) -> MutexGuard<'_, (Answer, Vec<Received>)> {
        self.shared.state.lock().unwrap()
    }
}

impl Shared {
    fn answer(&self, mut stream: &TcpStream) {
        let Some(received) = read(stream) else { return };
        let answer = {
            let mut state = self.state.lock().unwrap();
            state.1.push(received);
            self.moved.notify_all();
            self.moved.wait_while(state, |state| matches!(state.0, Answer::Slow)).unwrap().0.clone()
        };
        if let Answer::Status(status) = answer {
            let text = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            let _gone = stream.write_all(text.as_bytes());
        }
    }
}

/// Nothing of a connection that was closed before a request.
fn read(stream: &TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let headers: Vec<(String, String)> = lines
        .iter()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received { line: lines.first()?.clone(), headers, body: String::from_utf8(body).ok()? })
}
